from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from .card import LIMIT

OPEN_STATES = ("arrived", "in_progress", "onleave")
COMING_STATES = ("proposed", "pending", "booked", "arrived", "checked_in", "waitlist")
ACTIVE_PROBLEM = ("active", "recurrence", "relapse")
PAYERS = (
    "amount_pooled",
    "amount_account",
    "amount_self",
    "amount_commercial",
    "amount_employer",
)


class HcrmCard(models.AbstractModel):
    """Sections of the card that come from facts: health, visits, money."""

    _inherit = "hcrm.card"

    # ------------------------------------------------------------------
    # CLINICAL
    # ------------------------------------------------------------------

    @api.model
    def _section_allergies(self, subject, card):
        allergies = self._fetch(
            "hcrm.allergy",
            [
                ("partner_id", "=", subject.partner.id),
                ("state", "in", ("active", "unknown")),
            ],
            # "high" sorts first: a severe one is never beyond the limit
            order="criticality, id desc",
        )
        if allergies is None:
            return None
        rank = {"high": 0, "unable": 1, False: 2, "low": 3}
        return [
            {
                "id": allergy.id,
                "name": allergy.name,
                "criticality": allergy.criticality or False,
                "criticality_label": self._label(allergy, "criticality"),
                "category_label": self._label(allergy, "category"),
                "reaction": allergy.reaction or False,
            }
            for allergy in allergies.sorted(lambda a: rank[a.criticality])
        ]

    @api.model
    def _section_problems(self, subject, card):
        problems = self._fetch(
            "hcrm.condition",
            [
                ("partner_id", "=", subject.partner.id),
                ("state", "in", ACTIVE_PROBLEM),
            ],
            limit=LIMIT * 5,
        )
        if problems is None:
            return None
        # one line per illness: a chronic one is coded anew at every visit
        latest = {}
        for problem in problems:
            latest.setdefault(problem.code or problem.name, problem)
        return [
            {
                "id": problem.id,
                "name": problem.name,
                "code": problem.code or False,
                "date": self._datetime(problem.date_onset or problem.date_recorded),
                "state_label": self._label(problem, "state"),
                "severity": problem.severity or False,
            }
            for problem in latest.values()
        ]

    # ------------------------------------------------------------------
    # VISITS
    # ------------------------------------------------------------------

    @api.model
    def _section_stay(self, subject, card):
        stay = self._fetch(
            "hcrm.encounter",
            [
                ("partner_id", "=", subject.partner.id),
                ("state", "in", OPEN_STATES),
                ("kind", "in", ("inpatient", "emergency")),
            ],
            limit=1,
        )
        if stay is None:
            return None
        return self._visits(stay)[0] if stay else False

    @api.model
    def _section_next_visits(self, subject, card):
        now = fields.Datetime.now()
        appointments = self._fetch(
            "hcrm.appointment",
            [
                ("partner_id", "=", subject.partner.id),
                ("date_start", ">=", now),
                ("state", "in", COMING_STATES),
            ],
            order="date_start, id",
            limit=5,
        )
        return None if appointments is None else self._visits(appointments)

    @api.model
    def _section_last_visits(self, subject, card):
        encounters = self._fetch(
            "hcrm.encounter",
            [
                ("partner_id", "=", subject.partner.id),
                ("date_start", "<=", fields.Datetime.now()),
                ("state", "!=", "cancelled"),
            ],
            limit=5,
        )
        return None if encounters is None else self._visits(encounters)

    @api.model
    def _visits(self, records):
        """Appointments or encounters, neutral where the department is sensitive."""
        is_encounter = records._name == "hcrm.encounter"
        labels = self._timeline()._department_labels(records.department_id.ids)
        rows = []
        for record in records:
            department, hidden = labels.get(record.department_id.id, (False, False))
            row = {
                "id": record.id,
                "model": records._name,
                "date": self._datetime(record.date_start),
                "date_end": self._datetime(record.date_end),
                "state": record.state,
                "state_label": self._label(record, "state"),
                "department": department,
                "campus": record.campus_id.name or False,
                "practitioner": not hidden and (record.practitioner_id.name or False),
            }
            if is_encounter:
                place = " / ".join(filter(None, (record.ward, record.bed)))
                row["kind"] = record.kind
                row["kind_label"] = self._label(record, "kind")
                row["place"] = not hidden and (place or False)
            rows.append(row)
        return rows

    @api.model
    def _section_stages(self, subject, card):
        """The closed loop (F16) from facts: known, visit, discharge, care after, again.

        One row of dates; an addon that follows people up overrides
        ``_stage_dates`` with what it knows better.
        """
        Encounter = self.env["hcrm.encounter"]
        if not Encounter.has_access("read"):
            return None
        dates = self._stage_dates(subject)
        opened = min(filter(None, subject.files.mapped("opened_at")), default=None)
        # the first load opens files of people who have long been coming
        known = min(filter(None, (opened, dates["visit"])), default=None)
        last = dates["discharge"] or dates["visit"]
        coming = card.get("next_visits") or []
        again = (
            dates["last"] if last and dates["last"] and dates["last"] > last else None
        )
        stages = [
            ("lead", self.env._("Known"), known, True),
            ("visit", self.env._("Visit"), dates["visit"], bool(dates["visit"])),
            (
                "discharge",
                self.env._("Discharge"),
                dates["discharge"],
                bool(dates["discharge"]),
            ),
            (
                "followup",
                self.env._("Follow-up"),
                dates["followup"],
                bool(dates["followup"]),
            ),
            ("revisit", self.env._("Revisit"), again, bool(again)),
        ]
        rows = []
        for code, label, date, is_done in stages:
            state = "done" if is_done else "open"
            if code == "revisit" and not is_done and coming:
                state, date = "planned", coming[0]["date"]
            if code == "discharge" and not is_done and card.get("stay"):
                state = "current"
            date = date if isinstance(date, str) else self._datetime(date)
            rows.append({"code": code, "label": label, "date": date, "state": state})
        return rows

    @api.model
    def _stage_dates(self, subject):
        """First visit, last discharge, last contact after it, last visit."""
        query = self.env["hcrm.encounter"]._search(
            [
                ("partner_id", "=", subject.partner.id),
                ("state", "not in", ("cancelled", "planned")),
                ("date_start", "<=", fields.Datetime.now()),
            ]
        )
        names = ("visit", "discharge", "followup", "last")
        if query.is_empty():
            return dict.fromkeys(names)
        column = {
            name: SQL.identifier(query.table, name)
            for name in ("date_start", "date_end", "kind", "state")
        }
        [row] = self.env.execute_query(
            query.select(
                SQL("MIN(%s)", column["date_start"]),
                SQL(
                    "MAX(%s) FILTER (WHERE %s = 'inpatient' AND %s = 'finished')",
                    column["date_end"],
                    column["kind"],
                    column["state"],
                ),
                SQL(
                    "MAX(%s) FILTER (WHERE %s IN ('home', 'virtual'))",
                    column["date_start"],
                    column["kind"],
                ),
                SQL(
                    "MAX(%s) FILTER (WHERE %s NOT IN ('home', 'virtual'))",
                    column["date_start"],
                    column["kind"],
                ),
            )
        )
        dates = dict(zip(names, row, strict=True))
        anchor = dates["discharge"] or dates["visit"]
        if dates["followup"] and anchor and dates["followup"] < anchor:
            dates["followup"] = None
        return dates

    # ------------------------------------------------------------------
    # MONEY
    # ------------------------------------------------------------------

    @api.model
    def _section_spend(self, subject, card):
        """What was billed, by payer (R17); absent on a carer's card (R19)."""
        Charge = self.env["hcrm.charge"]
        if not self._timeline()._sees_money() or not Charge.has_access("read"):
            return None
        domain = Domain("partner_id", "=", subject.partner.id) & Domain(
            "state", "!=", "aborted"
        )
        services = domain & Domain("kind", "in", ("charge", "refund"))
        year_ago = fields.Datetime.now() - relativedelta(years=1)
        aggregates = ["amount:sum", *(f"{name}:sum" for name in PAYERS)]
        total = Charge._read_group(
            services, ["currency_id"], [*aggregates, "__count", "date:max"]
        )
        year = {
            currency: amounts
            for currency, *amounts in Charge._read_group(
                services & Domain("date", ">=", year_ago), ["currency_id"], aggregates
            )
        }
        moved = Charge._read_group(
            domain & Domain("kind", "in", ("deposit", "settlement")),
            ["currency_id", "kind"],
            ["amount:sum"],
        )
        deposits = {
            currency: amount for currency, kind, amount in moved if kind == "deposit"
        }
        labels = Charge.fields_get(["amount", *PAYERS], ["string"])
        rows = []
        for currency, amount, *rest in total:
            *parts, count, last = rest
            year_parts = year.get(currency, [0.0] * (len(PAYERS) + 1))
            rows.append(
                {
                    "currency_id": currency.id,
                    "total": amount,
                    "total_year": year_parts[0],
                    "count": count,
                    "date_last": self._datetime(last),
                    "deposit": deposits.get(currency, 0.0),
                    "payers": [
                        {
                            "code": name.removeprefix("amount_"),
                            "label": labels[name]["string"],
                            "amount": part,
                            "amount_year": year_part,
                        }
                        for name, part, year_part in zip(
                            PAYERS, parts, year_parts[1:], strict=True
                        )
                    ],
                }
            )
        return rows

    @api.model
    def _section_coverage(self, subject, card):
        coverages = self._fetch(
            "hcrm.coverage", [("partner_id", "=", subject.partner.id)], order="id desc"
        )
        if coverages is None:
            return None
        today = fields.Date.context_today(self)
        rows = [
            {
                "id": coverage.id,
                "payor": coverage.payor,
                "kind_label": self._label(coverage, "kind"),
                "plan": coverage.plan or False,
                "date_end": self._date(coverage.date_end),
                "is_active": coverage.state == "active"
                and not (coverage.date_end and coverage.date_end < today),
                "state_label": self._label(coverage, "state"),
            }
            for coverage in coverages
        ]
        rows.sort(key=lambda row: not row["is_active"])
        return rows
