from datetime import timedelta

from odoo import fields, models
from odoo.fields import Domain

# people named on the screen; the counts are of all
SHOWN = 100
MISSES_SHOWN = 20


class HcrmRuleDryRun(models.TransientModel):
    """Who a rule would act for now, who just misses, and why. Nothing is written.

    People the user may not see are counted and not named; where the condition reads
    what is not open to the user, nobody is named.
    """

    _name = "hcrm.rule.dry.run"
    _description = "Dry Run of a Rule"

    rule_id = fields.Many2one("hcrm.rule", required=True, ondelete="cascade")
    sentence = fields.Char(related="rule_id.sentence")
    trigger = fields.Selection(related="rule_id.trigger")
    days = fields.Integer("Events of the Last Days", default=30)
    action_count = fields.Integer("Actions", readonly=True)
    people_count = fields.Integer("People", readonly=True)
    miss_count = fields.Integer("Just Missed", readonly=True)
    unseen_count = fields.Integer("Not Shown to You", readonly=True)
    is_closed = fields.Boolean(readonly=True)
    is_everybody = fields.Boolean(readonly=True)
    part_ids = fields.One2many("hcrm.rule.dry.run.part", "run_id", readonly=True)
    line_ids = fields.One2many(
        "hcrm.rule.dry.run.line",
        "run_id",
        "Would Act",
        domain=[("is_miss", "=", False)],
        readonly=True,
    )
    miss_ids = fields.One2many(
        "hcrm.rule.dry.run.line",
        "run_id",
        "Just Misses",
        domain=[("is_miss", "=", True)],
        readonly=True,
    )

    def action_run(self):
        self.ensure_one()
        self._fill()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Dry Run"),
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    # ------------------------------------------------------------------
    # counting, then naming
    # ------------------------------------------------------------------

    def _period(self):
        now = fields.Datetime.now()
        if self.rule_id.trigger == "event":
            return now - timedelta(days=max(self.days, 1)), now
        if self.rule_id.trigger == "birthday":
            return now, now + timedelta(days=30)
        return now, now + timedelta(days=self._days_to_next())

    def _days_to_next(self):
        """Days until the next occasion of a schedule, counted from today."""
        today = self.rule_id._local_day(fields.Datetime.now())
        return next(
            n
            for n in range(0, 62)
            if self.rule_id._is_occasion(today + timedelta(days=n)) or n == 61
        )

    def _fill(self):
        rule = self.rule_id
        Why = self.env["hcrm.rule.why"]
        parts = rule._parts(rule._domain())
        closed = Why._is_rule_closed(rule)
        told = Why._coarse if closed else int
        since, now = self._period()
        rows = rule._history(since, now)
        people = self._seen({row[1] for row in rows}, closed)
        misses = self._misses(parts, since, now)
        self.line_ids.unlink()
        self.miss_ids.unlink()
        self.part_ids.unlink()
        lines = self._lines(rows, people, parts)
        missed = self._miss_lines(misses, parts, closed)
        self.write(
            {
                "action_count": told(len(rows)),
                "people_count": told(len({row[1] for row in rows})),
                "miss_count": told(sum(len(found) for found in misses)),
                "unseen_count": told(len({row[1] for row in rows}) - len(people)),
                "is_closed": closed,
                "is_everybody": rule._is_everybody(),
                "part_ids": [
                    (0, 0, {"name": Why._text(part), "missed": told(len(found))})
                    for part, found in zip(parts, misses, strict=True)
                ],
                "line_ids": [(0, 0, line) for line in lines],
                "miss_ids": [(0, 0, {**line, "is_miss": True}) for line in missed],
            }
        )

    def _seen(self, ids, closed) -> set[int]:
        if closed:
            return set()
        return set(self.env["res.partner"].search([("id", "in", list(ids))]).ids)

    def _misses(self, parts, since, now):
        """For each part of the condition, people who meet all others: the rows."""
        found = []
        for part in parts:
            rest = [other for other in parts if other is not part]
            domain = Domain.AND([*rest, ~part])
            rows = self.rule_id._history(since, now, domain)
            found.append({row[1]: row for row in rows})
        return found

    def _lines(self, rows, people, parts):
        shown, persons = [], set()
        for row in rows:
            if row[1] in people and len(persons | {row[1]}) <= SHOWN:
                persons.add(row[1])
                shown.append(row)
        why = self._why(persons, parts)
        what = self.rule_id._say_what()
        events = self._event_texts([row[0] for row in shown if row[0]])
        return [
            {
                "partner_id": row[1],
                "date_anchor": row[3],
                "date_due": row[4],
                "what": what,
                "why": "\n".join(
                    filter(None, [events.get(row[0]), *why.get(row[1], ())])
                ),
            }
            for row in shown
        ]

    def _why(self, ids, parts) -> dict[int, list[str]]:
        """Person -> the fact behind each part of the condition."""
        partners = self.rule_id._people().browse(sorted(ids))
        Why = self.env["hcrm.rule.why"]
        why = {}
        for part in parts if ids else ():
            for person, text in Why._evidence(partners, part).items():
                why.setdefault(person, []).append(text)
        return why

    def _event_texts(self, ids) -> dict[int, str]:
        Why = self.env["hcrm.rule.why"]
        # sudo: who is shown here was chosen by what the user may read
        return {
            event.id: f"{event.kind_id.name}: {Why._plain(event.date_occurred)}"
            for event in self.env["hcrm.event"].sudo().browse(ids)
        }

    def _miss_lines(self, misses, parts, closed):
        Why = self.env["hcrm.rule.why"]
        lines = []
        for part, found in zip(parts, misses, strict=True):
            seen = sorted(self._seen(list(found), closed))[:MISSES_SHOWN]
            partners = self.rule_id._people().browse(seen)
            has = Why._evidence(partners, part) if self._has_value(part) else {}
            for person in seen:
                text = self.env._("It does not hold that %s.", Why._text(part))
                if person in has:
                    text += " " + self.env._("(%s)", has[person])
                lines.append(
                    {
                        "partner_id": person,
                        "date_anchor": found[person][3],
                        "why": text,
                    }
                )
        return lines

    def _has_value(self, part):
        """Whether the part asks a value of the person itself: it can be shown."""
        name = getattr(part, "field_expr", "")
        field = self.env["res.partner"]._fields.get(name)
        return field is not None and field.type not in ("one2many", "many2many")


class HcrmRuleDryRunPart(models.TransientModel):
    """One part of the condition, and how many miss by it alone."""

    _name = "hcrm.rule.dry.run.part"
    _description = "Dry Run: Part of the Condition"

    run_id = fields.Many2one("hcrm.rule.dry.run", required=True, ondelete="cascade")
    name = fields.Char("Condition")
    missed = fields.Integer("Miss by This Alone")


class HcrmRuleDryRunLine(models.TransientModel):
    """One action a rule would plan, or one person who just misses."""

    _name = "hcrm.rule.dry.run.line"
    _description = "Dry Run: Person"
    _order = "date_due, id"

    run_id = fields.Many2one("hcrm.rule.dry.run", required=True, ondelete="cascade")
    is_miss = fields.Boolean()
    partner_id = fields.Many2one("res.partner", "Person", required=True)
    date_anchor = fields.Datetime("Happened")
    date_due = fields.Datetime("When")
    what = fields.Char()
    why = fields.Text()

    def action_open_card(self):
        self.ensure_one()
        return self.partner_id.action_hcrm_open_card()
