from dataclasses import dataclass, field

from odoo import models

from ...tools.phones import PhonePlan


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of identity number, as far as writing needs it."""

    id: int
    rank: int
    validator: str
    is_unique: bool
    is_strong: bool
    is_per_company: bool


@dataclass(slots=True)
class Lookups:
    """Small libraries read once per page: types, classes, plans."""

    kinds: dict[str, Kind] = field(default_factory=dict)  # by code
    words: dict[str, str] = field(default_factory=dict)  # of codes about numbers
    class_ids: dict[str, int] = field(default_factory=dict)  # by code
    class_ranks: dict[int, int] = field(default_factory=dict)  # by id
    plans: dict[tuple[int, int], PhonePlan] = field(default_factory=dict)
    junk_people: int = 50

    def plan(self, company_id, campus_id=None):
        """Return how numbers are written at a campus, else at its entity."""
        return (
            self.plans.get((company_id, campus_id or 0))
            or self.plans.get((company_id, 0))
            or PhonePlan()
        )


class HcrmPersonDetails(models.AbstractModel):
    _inherit = "hcrm.person.details"

    def _lookups(self):
        """Read the libraries that details are checked against."""
        env = self.sudo().with_context(active_test=False).env
        types = env["hcrm.identifier.type"].search_fetch(
            [],
            [
                "code",
                "sequence",
                "validator",
                "is_unique",
                "is_strong",
                "is_per_company",
            ],
        )
        classes = env["hcrm.person.class"].search_fetch([], ["code", "rank"])
        junk_people = env["ir.config_parameter"].get_param(
            "hcrm_core.junk_phone_people"
        )
        return Lookups(
            kinds={
                kind.code: Kind(
                    kind.id,
                    kind.sequence,
                    kind.validator,
                    kind.is_unique,
                    kind.is_strong,
                    kind.is_per_company,
                )
                for kind in types
            },
            words=self._identifier_words(),
            class_ids={kind.code: kind.id for kind in classes},
            class_ranks={kind.id: kind.rank for kind in classes},
            plans=self._phone_plans(),
            junk_people=int(junk_people or 50),
        )

    def _phone_plans(self):
        """Return (company id, campus id or 0) -> PhonePlan.

        The hospital's own numbers are those of all campuses of the entity; where
        no campus is told, the first one's area code completes local numbers.
        """
        env = self.sudo().with_context(active_test=False).env
        plans = {}
        for company in env["res.company"].search_fetch([], ["country_id"]):
            campuses = company.hcrm_campus_ids.sorted("sequence")
            own = tuple(
                number.strip()
                for campus in campuses
                for number in (campus.own_numbers or "").split(",")
                if number.strip()
            )
            for campus in campuses:
                country = campus.country_id or company.country_id
                plan = PhonePlan(
                    country=country.code or "CN",
                    area_code=campus.area_code or "",
                    outside_prefix=campus.outside_prefix or "",
                    own_numbers=own,
                )
                plans[company.id, campus.id] = plan
                plans.setdefault((company.id, 0), plan)
            plans.setdefault(
                (company.id, 0), PhonePlan(country=company.country_id.code or "CN")
            )
        return plans
