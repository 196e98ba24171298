from odoo import api, models
from odoo.tools import SQL

# a visit or booking this near makes the reader's department part of the care
RELATION_DAYS = 180
SETTLE_BATCH = 5_000


class HcrmAccessLog(models.Model):
    """Whether the reader had to do with the person: told after the reading.

    Nobody waits for it while a page loads. It is told of the moment of the reading,
    so it says the same minutes later; a row is settled once and never again.
    """

    _inherit = "hcrm.access.log"  # pylint: disable=consider-merging-classes-inherited

    @api.model
    def _cron_settle(self):
        """Tell the care relation of the rows since the last run, batch by batch."""
        cron = self.env["ir.cron"]
        while True:
            settled = self._settle_batch()
            is_full = settled == SETTLE_BATCH
            left = cron._commit_progress(
                settled, remaining=SETTLE_BATCH if is_full else 0
            )
            if not is_full or not left:
                break

    @api.model
    def _settle_batch(self):
        """Settle the oldest open rows; return how many. Two workers share the work."""
        self._flush_relation()
        self.env.cr.execute(
            SQL(
                "UPDATE hcrm_access_log l SET has_relation = %s WHERE l.id IN"
                " (SELECT id FROM hcrm_access_log WHERE has_relation IS NULL"
                " AND person_count = 1 ORDER BY id LIMIT %s FOR UPDATE SKIP LOCKED)",
                self._relation_sql(),
                SETTLE_BATCH,
            )
        )
        settled = self.env.cr.rowcount
        self.invalidate_model(["has_relation"])
        return settled

    @api.model
    def _flush_relation(self):
        self.env["hcrm.encounter"].flush_model()
        self.env["hcrm.appointment"].flush_model()
        self.env["hcrm.person.access"].flush_model()
        self.env["res.users"].flush_model(["hcrm_department_ids"])

    @api.model
    def _known_relation_sql(self):
        """Return SQL for the relation of row ``l``, settled or not yet."""
        return SQL("COALESCE(l.has_relation, %s)", self._relation_sql())

    @api.model
    def _relation_sql(self):
        """Return SQL that tells whether the reader of row ``l`` had to do with its
        person at that time.

        A visit or booking within half a year in one of the reader's departments,
        or anywhere in the hospital for who has none (front desk, call centre); a
        grant of the care team; a call of theirs the reader had just looked up.
        """
        place = SQL(
            "CASE WHEN EXISTS (SELECT FROM hcrm_department_user_rel d"
            " WHERE d.user_id = l.user_id) THEN r.department_id IN"
            " (SELECT d.department_id FROM hcrm_department_user_rel d"
            " WHERE d.user_id = l.user_id) ELSE r.company_id = l.company_id END"
        )
        person = SQL("(l.person_ids ->> 0)::int")
        visits = SQL(" OR ").join(
            SQL(
                "EXISTS (SELECT FROM %(table)s r WHERE r.partner_id = %(person)s"
                " AND %(place)s AND r.state NOT IN ('cancelled', 'noshow')"
                " AND (r.date_start BETWEEN l.date - %(days)s * interval '1 day'"
                " AND l.date + %(days)s * interval '1 day' %(or_open)s))",
                table=SQL.identifier(table),
                person=person,
                place=place,
                days=RELATION_DAYS,
                or_open=or_open,
            )
            for table, or_open in (
                ("hcrm_encounter", SQL("OR r.state = 'in_progress'")),
                ("hcrm_appointment", SQL()),
            )
        )
        return SQL(
            "(%(visits)s OR EXISTS (SELECT FROM hcrm_person_access r"
            " WHERE r.partner_id = %(person)s AND r.user_id = l.user_id"
            " AND r.kind = 'care_team' AND r.date_start <= l.date"
            " AND (r.date_end IS NULL OR r.date_end > l.date))"
            " OR EXISTS (SELECT FROM hcrm_access_log r"
            " WHERE r.company_id = l.company_id AND r.user_id = l.user_id"
            " AND r.date BETWEEN l.date - interval '1 hour' AND l.date"
            " AND r.id < l.id AND r.kind = 'caller'"
            " AND r.person_ids @> to_jsonb(%(person)s)))",
            visits=visits,
            person=person,
        )
