from odoo import models
from odoo.tools import SQL

from ..people.person_redirect import PAIRS


class HcrmPersonRedirect(models.AbstractModel):
    _inherit = "hcrm.person.redirect"

    def _before_moves(self):
        self._keep_refusals()
        self._join_conversations()
        return super()._before_moves()

    def _join_conversations(self) -> None:
        """Who waits on the old card waits on the new one: since the earlier message."""
        self.env.cr.execute(
            SQL(
                """UPDATE hcrm_conversation c
                      SET state = 'open', peer = o.peer, channel = o.channel,
                          last_inbound_id = o.last_inbound_id,
                          user_id = COALESCE(c.user_id, o.user_id),
                          date_taken = COALESCE(c.date_taken, o.date_taken),
                          date_last = GREATEST(c.date_last, o.date_last),
                          date_waiting = LEAST(c.date_waiting, o.date_waiting),
                          date_due = LEAST(c.date_due, o.date_due),
                          unread_count = COALESCE(c.unread_count, 0)
                                         + COALESCE(o.unread_count, 0),
                          is_urgent = c.is_urgent OR o.is_urgent, date_snooze = NULL
                     FROM %s p JOIN hcrm_conversation o ON o.partner_id = p.old_id
                    WHERE c.partner_id = p.new_id AND c.company_id = o.company_id
                      AND o.state = 'open'""",
                SQL.identifier(PAIRS),
            )
        )

    def _keep_refusals(self) -> None:
        """What one of the cards refuses stays refused (HIS.md: most restrictive).

        On one card the newest decision counts: a refusal on one card would end with
        a later consent on the other, so it is said again.
        """
        self.env.cr.execute(
            SQL(
                """
            WITH card AS (
                SELECT new_id, old_id AS id FROM %(pairs)s
                 UNION SELECT new_id, new_id FROM %(pairs)s
            ), newest AS (
                SELECT DISTINCT ON (c.partner_id, c.company_id, c.purpose, c.channel)
                       card.new_id, c.*
                  FROM hcrm_consent c JOIN card ON card.id = c.partner_id
              ORDER BY c.partner_id, c.company_id, c.purpose, c.channel,
                       c.date DESC, c.id DESC
            ), refused AS (
                SELECT w.* FROM newest w
                 WHERE w.decision = 'withdrawn' AND NOT EXISTS (
                       SELECT FROM newest a
                        WHERE a.partner_id = w.partner_id AND a.purpose = w.purpose
                          AND a.company_id = w.company_id AND a.channel IS NULL
                          AND (a.date, a.id) > (w.date, w.id))
            )
            INSERT INTO hcrm_consent (partner_id, company_id, purpose, channel, decision,
                   legal_basis, date, source, create_uid, create_date, write_uid,
                   write_date)
            SELECT DISTINCT w.new_id, w.company_id, w.purpose, w.channel, 'withdrawn',
                   w.legal_basis, %(now)s::timestamp, 'merge', %(uid)s::int,
                   %(now)s::timestamp, %(uid)s::int, %(now)s::timestamp
              FROM refused w
             WHERE EXISTS (
                   SELECT FROM newest g
                    WHERE g.new_id = w.new_id AND g.partner_id != w.partner_id
                      AND g.company_id = w.company_id AND g.purpose = w.purpose
                      AND g.decision = 'granted' AND (g.date, g.id) > (w.date, w.id)
                      AND (g.channel = w.channel OR g.channel IS NULL
                           OR w.channel IS NULL))
                """,
                pairs=SQL.identifier(PAIRS),
                now=self.env.cr.now(),
                uid=self.env.uid,
            )
        )
