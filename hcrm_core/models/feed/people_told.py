import re
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from odoo import models
from odoo.tools import SQL

from ...feed_adapters.canonical import Problem, Row
from ...tools.languages import match_language
from ...tools.names import clean_name
from ...tools.person_parts import ContactPart, IdentifierPart, as_date

# columns that are text as it comes
TEXTS = ("street", "street2", "city", "zip")
# a word of the kind of province that sources write or leave out
_STATE_KIND = re.compile(
    r"(壮族|回族|维吾尔)?自治区$|特别行政区$|[省市]$"
    r"| (province|municipality|sheng|shi)$"
)
# longer values do not fit an index of PostgreSQL and are no names or numbers
MAX_LENGTH = 500


@dataclass(slots=True)
class Told:
    """What one row tells of a person, read and checked.

    :ivar values: columns of the partner; a column that is not told is missing
    """

    row: Row
    values: dict[str, Any] = field(default_factory=dict)
    identifiers: list[IdentifierPart] = field(default_factory=list)
    contacts: list[ContactPart] | None = None
    file: dict[str, Any] = field(default_factory=dict)

    @property
    def age(self) -> tuple[datetime, str]:
        """Older rows first; the external id settles a tie the same way every time."""
        return (self.row.updated_at or datetime.min, self.row.ext_id)

    @property
    def is_tombstone(self) -> bool:
        """The source only says that it no longer has the record."""
        return self.row.data.keys() <= {"status"}

    def strong_keys(self):
        for part in self.identifiers:
            if part.is_strong:
                yield part.key


class HcrmFeedPeopleWriter(models.AbstractModel):
    """Reads canonical person data (see ``feed_adapters/canonical.py``)."""

    _inherit = "hcrm.feed.people.writer"

    def _read_rows(self, rows, lookups):
        """Return what rows tell, oldest first, and what is wrong with the others."""
        Details = self.env["hcrm.person.details"]
        places = self._places(rows)
        languages = [code for code, _name in self.env["res.lang"].get_installed()]
        selections = self._selections()
        told, problems = [], {}
        for row in rows:
            problem = self._find_problem(row, selections)
            if problem:
                problems[row.ext_id] = problem
                continue
            data = row.data
            told.append(
                Told(
                    row=row,
                    values=self._read_values(row, places, languages),
                    identifiers=Details._parse_identifiers(
                        lookups,
                        row.company_id,
                        data.get("identifiers"),
                        birthdate=self._full_birthdate(data),
                    ),
                    contacts=Details._parse_contacts(
                        lookups,
                        row.company_id,
                        data.get("campus_id"),
                        data["contacts"],
                    )
                    if "contacts" in data
                    else None,
                    file=self._read_file(row),
                )
            )
        told.sort(key=lambda t: t.age)
        return told, problems

    def _full_birthdate(self, data):
        """Return the birth date where the day is known."""
        if data.get("birthdate_precision", "day") == "day":
            return data.get("birthdate")
        return None

    def _selections(self):
        """Return canonical key -> values that the field takes."""
        Partner = self.env["res.partner"]
        File = self.env["hcrm.person.company"]
        Profile = self.env["hcrm.person.profile"]
        fields_by_key = {
            "gender": Partner._fields["hcrm_gender"],
            "birthdate_precision": Partner._fields["hcrm_birthdate_precision"],
            "status": Partner._fields["hcrm_status"],
            "confidentiality": File._fields["confidentiality"],
            "disclosure": File._fields["disclosure"],
            **{
                name: Profile._fields[name]
                for name in ("education", "marital_status", "preferred_time")
            },
        }
        return {
            key: frozenset(field.get_values(self.env))
            for key, field in fields_by_key.items()
        }

    def _find_problem(self, row, selections):
        """Return why a row cannot be written, if so."""
        data = row.data
        for key, values in selections.items():
            if data.get(key) and data[key] not in values:
                found = {"field": key, "value": str(data[key])}
                return Problem("unknown_value", found)
        days = [(key, data.get(key)) for key in ("birthdate", "deceased_date")]
        for item in data.get("identifiers") or ():
            days += [
                ("identifiers", item.get("start")),
                ("identifiers", item.get("end")),
            ]
        for key, value in days:
            try:
                as_date(value)
            except (TypeError, ValueError):
                found = {"field": key, "value": str(value)}
                return Problem("impossible_date", found)
        texts = [(key, data.get(key)) for key in ("name", *TEXTS)]
        for key in ("identifiers", "contacts"):
            texts += [(key, item.get("value")) for item in data.get(key) or ()]
        for key, text in texts:
            if len(text or "") > MAX_LENGTH:
                return Problem("too_long", {"field": key, "limit": MAX_LENGTH})
        return None

    def _read_values(self, row, places, languages):
        data = row.data
        values = {}
        if data.get("name"):
            values["name"] = clean_name(data["name"])
        if "aliases" in data:
            names = [clean_name(name) for name in data["aliases"] or () if name]
            values["hcrm_other_names"] = "\n".join(filter(None, names)) or None
        for name in TEXTS:
            if name in data:
                values[name] = self._text(data[name])
        for key, name in (
            ("gender", "hcrm_gender"),
            ("birthdate_precision", "hcrm_birthdate_precision"),
            ("status", "hcrm_status"),
        ):
            if key in data:
                values[name] = data[key] or None
        for key in ("birthdate", "deceased_date"):
            if key in data:
                values[f"hcrm_{key}"] = as_date(data[key])
        # letters go out in an installed language: another one leaves what there is
        if lang := match_language(data.get("lang"), languages):
            values["lang"] = lang
        values.update(self._read_place(row, places))
        return values

    def _text(self, text):
        """Return text as a column takes it; PostgreSQL cannot store a NUL."""
        return (text or "").replace("\x00", "").strip() or None

    def _read_file(self, row):
        data = row.data
        default = "family" if row.type == "RelatedPerson" else "prospect"
        values = {
            "class_code": data.get("class_code") or default,
            "touchpoint": "feed",
            "campus_id": data.get("campus_id"),
        }
        for name in ("confidentiality", "disclosure"):
            if name in data:
                values[name] = data[name]
        for name in ("alias", "alert"):
            if name in data:
                values[name] = self._text(data[name])
        return values

    # ------------------------------------------------------------------
    # PLACES
    # ------------------------------------------------------------------

    def _places(self, rows):
        """Return country code -> id, and (country id, province name) -> id."""
        countries = {
            country.code: country.id
            for country in self.env["res.country"].search_fetch([], ["code"])
        }
        company = {
            company.id: company.country_id.id
            for company in self.env["res.company"].search_fetch([], ["country_id"])
        }
        wanted = {
            countries.get(row.data.get("country_code")) or company.get(row.company_id)
            for row in rows
            if row.data.get("state_name")
        } - {None, False}
        states = {}
        self.env.cr.execute(
            SQL(
                """SELECT id, country_id, code, name FROM res_country_state
                   WHERE country_id = ANY(%s)""",
                list(wanted),
            )
        )
        for state_id, country_id, code, names in self.env.cr.fetchall():
            names = names.values() if isinstance(names, dict) else [names]
            for name in (code, *names):
                states.setdefault((country_id, self._state_key(name)), state_id)
        return countries, company, states

    def _state_key(self, name):
        return _STATE_KIND.sub("", (name or "").strip().lower())

    def _read_place(self, row, places):
        countries, company, states = places
        data = row.data
        values = {}
        if "country_code" in data:
            values["country_id"] = countries.get(data["country_code"])
        if "state_name" in data:
            name = self._text(data["state_name"])
            country_id = values.get("country_id") or company.get(row.company_id)
            values["state_id"] = name and states.get(
                (country_id, self._state_key(name))
            )
            if name and not values["state_id"] and not data.get("city"):
                # a province that Odoo does not list is kept where people read it
                values["city"] = name
        return values
