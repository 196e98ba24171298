import logging
from datetime import date, datetime, time, timedelta

import psycopg2
import pytz

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

# events that were learnt late, or committed late, are still seen
LOOKBACK_HOURS = 48
# an action that led to an action that led ...: a loop, not a plan
LOOP_LIMIT = 3
# birthdays are on the card so many days before
BIRTHDAY_DAYS = 14
COLUMNS = {
    "event_id": "int",
    "partner_id": "int",
    "company_id": "int",
    "date_anchor": "timestamp",
    "due": "timestamp",
    "depth": "int",
    "occasion": "varchar",
}


class HcrmRule(models.Model):
    """Planning: one action per person and occasion, one statement per rule."""

    _inherit = "hcrm.rule"

    @api.model
    def _cron_plan(self):
        """Plan the actions of what happened since the last time."""
        now = fields.Datetime.now()
        self.env["hcrm.rule.execution"]._sweep_deaths(now)
        for rule in self.search([("is_running", "=", True)]):
            rule._plan_safely(now)

    def _plan_safely(self, now) -> None:
        """One rule that cannot be planned says so on its form; the rest goes on."""
        since = max(self.date_started, now - timedelta(hours=LOOKBACK_HOURS))
        try:
            with self.env.cr.savepoint():
                if self.is_recount or self.trigger == "birthday":
                    self._follow()
                self._plan(since, now)
                if self.is_recount or self.problem:
                    self.write({"is_recount": False, "problem": False})
        except psycopg2.OperationalError:
            raise  # the cron tries again
        except Exception as error:
            _logger.info("Rule %s cannot be planned: %s", self.id, error)
            self.problem = f"{type(error).__name__}: {error}"[:300]

    def _plan(self, since, now) -> int:
        """Plan one action per matching event learnt since, or per occasion that came
        since; what is planned already stays. Returns how many are new."""
        self.ensure_one()
        self.env.flush_all()
        if self.trigger == "event":
            source = self._candidates(
                SQL(
                    "e.date_learnt >= %s AND e.date_learnt < %s"
                    " AND e.is_backfill IS NOT TRUE",
                    since,
                    now,
                )
            )
            if self.repeat_days:
                self.env.cr.execute(SQL("%s ORDER BY date_anchor, event_id", source))
                source = self._as_values(self._thinned(self.env.cr.fetchall(), True))
        else:
            source = self._occasions_sql(self._days_to_plan(since, now))
            if source is None:
                return 0
            if self.repeat_days:
                source = self._not_lately(source)
        return self._insert(source)

    def _insert(self, source: SQL) -> int:
        self.env.cr.execute(
            SQL(
                """
                INSERT INTO hcrm_rule_execution (rule_id, company_id, partner_id, event_id,
                       occasion, date_anchor, date_due, state, reason, reason_code, depth)
                SELECT %(rule)s, c.company_id, c.partner_id, c.event_id, c.occasion,
                       c.date_anchor, c.due,
                       CASE WHEN c.depth >= %(limit)s THEN 'failed' ELSE 'planned' END,
                       CASE WHEN c.depth >= %(limit)s THEN %(loop)s END,
                       CASE WHEN c.depth >= %(limit)s THEN 'loop' END, c.depth
                  FROM (%(source)s) c
           ON CONFLICT DO NOTHING
                """,
                rule=self.id,
                limit=LOOP_LIMIT,
                loop=self.env._("Rules answer each other in a loop: stopped here."),
                source=source,
            )
        )
        count = self.env.cr.rowcount
        self.env["hcrm.rule.execution"].invalidate_model(flush=False)
        return count

    def _history(self, since, now, domain: Domain | None = None) -> list[tuple]:
        """What the rule would have done for what happened in a period: rows of
        (event, person, entity, happened, due, depth, occasion), oldest first.

        Facts and people are those of today: what was corrected since counts as
        corrected, and of a schedule the people are who meets the condition now.
        """
        self.ensure_one()
        self.env.flush_all()
        if self.trigger == "event":
            source = self._candidates(
                SQL("true"),
                SQL("a.anchor >= %s AND a.anchor < %s", since, now),
                domain,
            )
        else:
            first, last = self._local_day(since), self._local_day(now)
            days = [first + timedelta(days=n) for n in range((last - first).days + 1)]
            source = self._occasions_sql(days, domain)
            if source is None:
                return []
        self.env.cr.execute(
            SQL("%s ORDER BY date_anchor, event_id, partner_id", source)
        )
        return self._thinned(self.env.cr.fetchall(), False)

    # ------------------------------------------------------------------
    # events
    # ------------------------------------------------------------------

    def _candidates(
        self, event: SQL, period: SQL | None = None, domain: Domain | None = None
    ) -> SQL:
        """The events that match, with the moment their action is due: ``COLUMNS``.

        An event that a rule itself caused carries the depth of that chain.
        """
        people = self._people()._search(self._people_domain(domain))
        return SQL(
            """
            SELECT a.event_id, a.partner_id, a.company_id, a.anchor AS date_anchor,
                   %(due)s AS due, a.depth, NULL::varchar AS occasion
              FROM (%(events)s) a
              JOIN res_company co ON co.id = a.company_id
             WHERE NOT a.is_void AND %(period)s AND %(last_day)s AND %(place)s
               AND a.partner_id IN %(people)s
            """,
            due=self._due_sql(),
            events=self._anchored(event),
            period=period or SQL("true"),
            last_day=self._last_day_sql(),
            place=SQL("a.department_id = ANY(%s)", self.sudo().department_ids.ids)
            if self.sudo().department_ids
            else SQL("true"),
            people=people.subselect(),
        )

    # ------------------------------------------------------------------
    # birthdays and schedules
    # ------------------------------------------------------------------

    def _zone(self):
        return pytz.timezone(self.company_id.hcrm_tz or "UTC")

    def _local_day(self, moment) -> date:
        return pytz.utc.localize(moment).astimezone(self._zone()).date()

    def _days_to_plan(self, since, now) -> list[date]:
        """Days whose occasions are planned now: those since, and coming birthdays."""
        first, last = self._local_day(since), self._local_day(now)
        if self.trigger == "birthday":
            last += timedelta(days=BIRTHDAY_DAYS)
        return [first + timedelta(days=n) for n in range((last - first).days + 1)]

    def _is_occasion(self, day: date) -> bool:
        if self.date_until and day > self.date_until:
            return False
        if self.trigger == "weekly":
            return day.weekday() == int(self.weekday)
        if self.trigger == "monthly":
            return day.day == self.month_day
        return True

    def _occasions_sql(self, days: list[date], domain: Domain | None = None):
        """People of the occasions on these days: ``COLUMNS``; None without any.

        A birthday is counted from its own midnight, a schedule from that of its day.
        """
        days = [day for day in days if self._is_occasion(day)]
        if not days:
            return None
        people = self._people()._search(
            self._people_domain(domain)
            & Domain("hcrm_file_ids.company_id", "in", self.company_id.ids)
        )
        table = SQL.identifier(people.table)
        return SQL(
            """
            SELECT NULL::int AS event_id, a.partner_id, a.company_id,
                   a.anchor AS date_anchor, %(due)s AS due, 0 AS depth, a.occasion
              FROM (SELECT p.id AS partner_id, %(company)s AS company_id,
                           NULL::int AS campus_id, NULL::int AS department_id,
                           d.midnight AS anchor, d.day AS occasion
                      FROM (%(people)s) p
                      JOIN (SELECT * FROM unnest(%(days)s::varchar[],
                            %(midnights)s::timestamp[]) d(day, midnight)) d
                        ON %(match)s) a
              JOIN res_company co ON co.id = a.company_id
            """,
            due=self._due_sql(),
            company=self.company_id.id,
            people=people.select(SQL("%s.id", table), SQL("%s.hcrm_birthdate", table)),
            days=[str(day) for day in days],
            midnights=[self._midnight(day) for day in days],
            match=SQL(
                "substr(d.day, 6) = %s",
                self._birthday_sql(SQL("substr(d.day, 1, 4)::int")),
            )
            if self.trigger == "birthday"
            else SQL("true"),
        )

    def _midnight(self, day: date) -> datetime:
        local = self._zone().localize(datetime.combine(day, time()))
        return local.astimezone(pytz.utc).replace(tzinfo=None)

    def _not_lately(self, source: SQL) -> SQL:
        """Leave out whom the rule has planned or done less than ``repeat_days`` ago,
        and keep the first of several occasions of one person."""
        return SQL(
            "SELECT DISTINCT ON (n.partner_id) n.* FROM (%s) n WHERE NOT EXISTS (SELECT"
            " FROM hcrm_rule_execution x WHERE x.rule_id = %s"
            " AND x.partner_id = n.partner_id AND x.state IN ('planned', 'done')"
            " AND x.date_anchor > n.date_anchor - %s * interval '1 day')"
            " ORDER BY n.partner_id, n.date_anchor",
            source,
            self.id,
            self.repeat_days,
        )

    # ------------------------------------------------------------------
    # how often
    # ------------------------------------------------------------------

    def _thinned(self, rows, with_ledger: bool) -> list[tuple]:
        """Keep at most one event of a person in ``repeat_days``, the first first.

        :param with_ledger: count what was planned or done before as well
        """
        if not self.repeat_days:
            return rows
        people = {row[1] for row in rows} if with_ledger else set()
        last, planned = self._last_anchors(people)
        gap = timedelta(days=self.repeat_days)
        kept = []
        for row in rows:
            event, person, _company, happened = row[:4]
            if event in planned or (person in last and happened - last[person] < gap):
                continue
            last[person] = happened
            kept.append(row)
        return kept

    def _last_anchors(self, people) -> tuple[dict, set]:
        """Person -> newest anchor of this rule, and the events planned already."""
        self.env.cr.execute(
            "SELECT partner_id, max(date_anchor), array_agg(event_id)"
            " FROM hcrm_rule_execution WHERE rule_id = %s AND partner_id = ANY(%s)"
            " AND state IN ('planned', 'done') GROUP BY partner_id",
            (self.id, list(people)),
        )
        last, planned = {}, set()
        for person, anchor, events in self.env.cr.fetchall():
            last[person] = anchor
            planned.update(event for event in events if event)
        return last, planned

    @staticmethod
    def _as_values(rows) -> SQL:
        columns = list(zip(*rows, strict=True)) or [()] * len(COLUMNS)
        return SQL(
            "SELECT * FROM unnest(%s) AS u(%s)",
            SQL(", ").join(
                SQL("%s::%s[]", list(column), SQL(cast))
                for column, cast in zip(columns, COLUMNS.values(), strict=True)
            ),
            SQL(", ").join(SQL.identifier(name) for name in COLUMNS),
        )
