from datetime import timedelta

from odoo import fields, models
from odoo.tools import SQL

from ..feed.record_events import RULES as FEED_RULES

# an event names the fact it tells of by its key
FACT_OF_KIND = {
    rule.kind: (model, rule) for model, rules in FEED_RULES.items() for rule in rules
}
DEPTH = SQL(
    "COALESCE((SELECT x.depth + 1 FROM hcrm_rule_execution x"
    " WHERE e.res_model = 'hcrm.rule.execution' AND x.id = e.res_id), 0)"
)


class HcrmRule(models.Model):
    """The moment an action is counted from, as the fact behind the event tells it now.

    The event log is never rewritten: a discharge that is corrected, an appointment
    that is moved or a fact that is taken back shows in the fact alone.
    """

    _inherit = "hcrm.rule"

    def _fact(self):
        """(model, state that means the event) of the event kind, or (None, None)."""
        return FACT_OF_KIND.get(self.event_kind_id.code, (None, None))

    def _anchored(self, where: SQL) -> SQL:
        """Events of the rule's kind and hospital with their moment: ``event_id``,
        ``partner_id``, ``company_id``, ``campus_id``, ``department_id``, ``anchor``,
        ``is_void`` (it is no longer so), ``depth``."""
        model, state = self._fact()
        columns = self.env[model]._fields if model else {}
        has_place = "department_id" in columns
        fact, anchor, void = SQL(), SQL("e.date_occurred"), SQL("false")
        if model:
            fact = SQL(
                "LEFT JOIN (SELECT t.*, t.encounter_id IS NOT NULL AS is_part FROM %s t) s"
                " ON e.res_model = %s AND s.id = e.res_id",
                SQL.identifier(self.env[model]._table),
                model,
            )
            anchor = self._moment_sql(state, columns)
            void = SQL(
                "e.res_model = %s AND COALESCE((%s), false) IS NOT TRUE",
                model,
                state.condition,
            )
        return SQL(
            """
            SELECT e.id AS event_id, e.partner_id, e.company_id, %(campus)s AS campus_id,
                   %(department)s AS department_id, %(anchor)s AS anchor,
                   COALESCE(%(void)s, false) AS is_void, %(depth)s AS depth
              FROM hcrm_event e %(fact)s
             WHERE e.kind_id = %(kind)s AND e.company_id = %(company)s AND %(where)s
            """,
            campus=SQL("s.campus_id") if "campus_id" in columns else SQL("NULL::int"),
            department=SQL("s.department_id") if has_place else SQL("NULL::int"),
            anchor=anchor,
            void=void,
            depth=DEPTH,
            fact=fact,
            kind=self.event_kind_id.id,
            company=self.company_id.id,
            where=where,
        )

    def _moment_sql(self, state, columns) -> SQL:
        if self.anchor == "start" and "date_start" in columns:
            return SQL("COALESCE(s.date_start, e.date_occurred)")
        # as the log does it: a moment that has not come yet is not believed
        return SQL(
            "CASE WHEN (%s) <= %s::timestamp THEN %s ELSE e.date_occurred END",
            state.when,
            fields.Datetime.now(),
            state.when,
        )

    # ------------------------------------------------------------------
    # the moment it is due
    # ------------------------------------------------------------------

    def _due_sql(self) -> SQL:
        """The anchor plus the delay, at the hour of the hospital's own day; of ``a``,
        a row of ``_anchored``, and ``co``, its company."""
        local = SQL("(a.anchor AT TIME ZONE 'UTC' AT TIME ZONE co.hcrm_tz)")
        sign = -1 if self.delay_direction == "before" else 1
        if self.delay_unit == "hours":
            due = SQL("%s + %s * interval '1 hour'", local, sign * self.delay)
        elif self.delay_unit == "days":
            due = SQL("%s + %s * interval '1 day'", local, sign * self.delay)
        else:
            due = self._workday_sql(local, sign)
        if self.hour_mode == "fixed":
            due = SQL("date_trunc('day', %s) + %s * interval '1 hour'", due, self.hour)
        return SQL("(%s) AT TIME ZONE co.hcrm_tz AT TIME ZONE 'UTC'", due)

    def _workday_sql(self, local: SQL, sign: int) -> SQL:
        """The ``delay``-th working day after (before) by the day calendar (R10)."""
        return SQL(
            "(SELECT d.day FROM generate_series((%(local)s)::date + %(first)s,"
            " (%(local)s)::date + %(last)s, %(step)s * interval '1 day') d(day)"
            " %(calendar)s"
            " WHERE COALESCE(c.is_work, extract(isodow FROM d.day) < 6)"
            " ORDER BY d.day %(order)s OFFSET %(skip)s LIMIT 1)::timestamp"
            " + ((%(local)s) - date_trunc('day', %(local)s))",
            local=local,
            # 0 working days: the day itself where people work
            first=sign if self.delay else 0,
            last=sign * (self.delay * 3 + 40),
            step=sign,
            calendar=self._calendar_sql(),
            order=SQL("DESC") if sign < 0 else SQL(),
            skip=max(self.delay - 1, 0),
        )

    def _calendar_sql(self) -> SQL:
        """Join of the calendar's row for a day; a department's goes first (R10)."""
        own = self.env["hcrm.day"].sudo()
        if not own.search_count(
            [
                ("company_id", "=", self.company_id.id),
                "|",
                ("campus_id", "!=", False),
                ("department_id", "!=", False),
            ],
            limit=1,
        ):
            return SQL(
                "LEFT JOIN hcrm_day c ON c.company_id = a.company_id AND c.date = d.day"
                " AND c.campus_id IS NULL AND c.department_id IS NULL"
            )
        return SQL(
            "LEFT JOIN LATERAL (SELECT is_work FROM hcrm_day h"
            " WHERE h.company_id = a.company_id AND h.date = d.day"
            " AND (h.campus_id IS NULL OR h.campus_id = a.campus_id)"
            " AND (h.department_id IS NULL OR h.department_id = a.department_id)"
            " ORDER BY h.department_id NULLS LAST, h.campus_id NULLS LAST LIMIT 1)"
            " c ON true"
        )

    def _last_day_sql(self) -> SQL:
        if not self.date_until:
            return SQL("true")
        return SQL(
            "(a.anchor AT TIME ZONE 'UTC' AT TIME ZONE co.hcrm_tz) < %s",
            self.date_until + timedelta(days=1),
        )

    # ------------------------------------------------------------------
    # what is planned follows
    # ------------------------------------------------------------------

    def _follow(self, events: SQL | None = None) -> int:
        """Move what is planned to where its fact stands now, and cancel it where it
        is no longer so; what was cancelled for that reason comes back with its fact.

        :param events: SELECT of the events that may have changed; all by default
        :return: how many actions changed
        """
        self.ensure_one()
        if self.trigger == "birthday":
            return self._follow_birthdays()
        if self.trigger != "event":
            return 0
        where = SQL(
            "e.id IN (SELECT x.event_id FROM hcrm_rule_execution x WHERE x.rule_id = %s"
            " AND (x.state = 'planned' OR x.reason_code = 'void') %s)",
            self.id,
            SQL("AND x.event_id IN (%s)", events) if events else SQL(),
        )
        self.env.cr.execute(
            SQL(
                """
                UPDATE hcrm_rule_execution x
                   SET date_anchor = f.anchor, date_due = f.due,
                       state = CASE WHEN f.is_out THEN 'cancelled' ELSE 'planned' END,
                       reason_code = CASE WHEN f.is_out THEN 'void'
                                          WHEN x.date_due != f.due THEN 'moved'
                                          ELSE x.reason_code END,
                       reason = CASE WHEN f.is_void THEN %(void)s
                                     WHEN f.is_out THEN %(until)s
                                     WHEN x.date_due != f.due THEN %(moved)s
                                     WHEN x.reason_code = 'void' THEN NULL
                                     ELSE x.reason END
                  FROM (SELECT a.event_id, a.anchor, a.is_void, %(due)s AS due,
                               a.is_void OR NOT (%(last_day)s) AS is_out
                          FROM (%(events)s) a
                          JOIN res_company co ON co.id = a.company_id) f
                 WHERE x.rule_id = %(rule)s AND x.event_id = f.event_id
                   AND (x.state = 'planned' OR x.reason_code = 'void')
                   AND (x.date_anchor IS DISTINCT FROM f.anchor
                        OR x.date_due IS DISTINCT FROM f.due
                        OR (x.state = 'cancelled') IS DISTINCT FROM f.is_out)
                """,
                void=self.env._("It is no longer so in the hospital's records."),
                until=self.env._("It happened after the last day of the rule."),
                moved=self.env._("Moved with the date it is counted from."),
                due=self._due_sql(),
                last_day=self._last_day_sql(),
                events=self._anchored(where),
                rule=self.id,
            )
        )
        return self._changed()

    def _follow_birthdays(self) -> int:
        """A corrected date of birth moves the greeting; a planned one is planned anew."""
        self.env.cr.execute(
            SQL(
                """
                DELETE FROM hcrm_rule_execution x USING res_partner p, res_company co
                 WHERE x.rule_id = %(rule)s AND x.state = 'planned'
                   AND p.id = x.partner_id AND co.id = x.company_id
                   AND to_char(x.date_anchor AT TIME ZONE 'UTC' AT TIME ZONE co.hcrm_tz,
                               'MM-DD') IS DISTINCT FROM %(birthday)s
                """,
                rule=self.id,
                birthday=self._birthday_sql(
                    SQL(
                        "extract(year FROM x.date_anchor AT TIME ZONE 'UTC'"
                        " AT TIME ZONE co.hcrm_tz)::int"
                    )
                ),
            )
        )
        return self._changed()

    @staticmethod
    def _birthday_sql(year: SQL) -> SQL:
        """MM-DD of a birthday; who was born on 29 February has it on the 28th."""
        return SQL(
            "CASE WHEN to_char(p.hcrm_birthdate, 'MM-DD') = '02-29'"
            " AND extract(day FROM make_date(%(year)s, 3, 1) - 1) < 29"
            " THEN '02-28' ELSE to_char(p.hcrm_birthdate, 'MM-DD') END",
            year=year,
        )

    def _changed(self) -> int:
        count = self.env.cr.rowcount
        if count:
            self.env["hcrm.rule.execution"].invalidate_model(flush=False)
        return count
