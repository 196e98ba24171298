"""Relatives the source tells of: who is what to whom."""

from __future__ import annotations

from odoo import api, models

from .page_state import Item

_VALUES = (
    "is_guardian",
    "is_proxy",
    "is_emergency",
    "must_not_know",
    "proxy_scope",
    "date_start",
    "date_end",
)


class HcrmFeedRelationWriter(models.AbstractModel):
    """Upsert relations as a set; a relation of ours is never touched."""

    _name = "hcrm.feed.relation.writer"
    _description = "Feed Writer of Relations"

    @api.model
    def _write_items(self, items: list[Item]) -> set[str]:
        """Write the relation of each item (``links`` hold both people).

        Returns the external ids whose relation is new or changed.
        """
        rows = {}
        for item in items:
            partner, relative = item.links.get("partner_id"), item.res_id
            relation = item.mapped.values.get("relation")
            if partner and relative and relation and partner != relative:
                key = (partner, relative, item.company_id, relation["kind"])
                rows[key] = (item.record.ext_id, relation)
        if not rows:
            return set()
        keys = sorted(rows)
        params = {
            "partner": [key[0] for key in keys],
            "relative": [key[1] for key in keys],
            "company": [key[2] for key in keys],
            "kind": [key[3] for key in keys],
        }
        for name in _VALUES:
            params[name] = [rows[key][1][name] for key in keys]
        self._drop_other_kinds(params)
        self.env.cr.execute(
            """
            INSERT INTO hcrm_person_relation
                   (partner_id, relative_id, company_id, kind, is_guardian, is_proxy,
                    is_emergency, must_not_know, proxy_scope, date_start, date_end, is_feed,
                    create_uid, write_uid, create_date, write_date)
            SELECT v.*, true, %(uid)s, %(uid)s, now() AT TIME ZONE 'UTC',
                   now() AT TIME ZONE 'UTC'
              FROM unnest(%(partner)s::int[], %(relative)s::int[], %(company)s::int[],
                          %(kind)s::text[], %(is_guardian)s::bool[], %(is_proxy)s::bool[],
                          %(is_emergency)s::bool[], %(must_not_know)s::bool[],
                          %(proxy_scope)s::text[], %(date_start)s::date[],
                          %(date_end)s::date[]) AS v
            ON CONFLICT (partner_id, relative_id, company_id, kind) DO UPDATE
               SET is_guardian = EXCLUDED.is_guardian, is_proxy = EXCLUDED.is_proxy,
                   is_emergency = EXCLUDED.is_emergency,
                   must_not_know = EXCLUDED.must_not_know,
                   proxy_scope = EXCLUDED.proxy_scope, date_start = EXCLUDED.date_start,
                   date_end = EXCLUDED.date_end, write_uid = EXCLUDED.write_uid,
                   write_date = EXCLUDED.write_date
             WHERE hcrm_person_relation.is_feed
               AND (hcrm_person_relation.is_guardian, hcrm_person_relation.is_proxy,
                    hcrm_person_relation.is_emergency, hcrm_person_relation.must_not_know,
                    hcrm_person_relation.proxy_scope, hcrm_person_relation.date_start,
                    hcrm_person_relation.date_end)
                   IS DISTINCT FROM
                   (EXCLUDED.is_guardian, EXCLUDED.is_proxy, EXCLUDED.is_emergency,
                    EXCLUDED.must_not_know, EXCLUDED.proxy_scope, EXCLUDED.date_start,
                    EXCLUDED.date_end)
            RETURNING partner_id, relative_id, company_id, kind
            """,
            {**params, "uid": self.env.uid},
        )
        written = {rows[row][0] for row in self.env.cr.fetchall()}
        self._speak_with([key for key in keys if rows[key][1].get("speak_with")])
        return written

    def _speak_with(self, keys: list[tuple]) -> None:
        """Note whom to speak with on files that name nobody yet (R4)."""
        if not keys:
            return
        self.env.cr.execute(
            """
            UPDATE hcrm_person_company f SET disclosure_contact_id = v.relative
              FROM unnest(%s::int[], %s::int[], %s::int[]) AS v(person, relative, company)
             WHERE f.partner_id = v.person AND f.company_id = v.company
               AND f.disclosure_contact_id IS NULL
            """,
            [[key[column] for key in keys] for column in range(3)],
        )

    def _drop_other_kinds(self, params: dict) -> None:
        """The source corrected what somebody is to somebody: the old kind goes."""
        self.env.cr.execute(
            """
            DELETE FROM hcrm_person_relation r
             USING unnest(%(partner)s::int[], %(relative)s::int[], %(company)s::int[])
                   AS v(p, r, c)
             WHERE r.partner_id = v.p AND r.relative_id = v.r AND r.company_id = v.c
               AND r.is_feed
               AND NOT EXISTS (
                   SELECT FROM unnest(%(partner)s::int[], %(relative)s::int[],
                                      %(company)s::int[], %(kind)s::text[]) AS w(p, r, c, k)
                    WHERE w.p = v.p AND w.r = v.r AND w.c = v.c AND w.k = r.kind)
            """,
            params,
        )

    @api.model
    def _end(self, relative_ids: list[int], today: str) -> None:
        """The source no longer has these relatives: what they were ends today.

        The same person may stand there as somebody's relative a second time; then it
        cannot be told which of the relations went, and all of them stay.
        """
        self.env.cr.execute(
            """
            UPDATE hcrm_person_relation r SET date_end = %(today)s
             WHERE r.relative_id = ANY(%(ids)s) AND r.is_feed AND r.date_end IS NULL
               AND (r.date_start IS NULL OR r.date_start <= %(today)s)
               AND NOT EXISTS (SELECT FROM hcrm_feed_identity i
                                WHERE i.res_id = r.relative_id AND i.state = 'live'
                                  AND i.res_model = 'res.partner'
                                  AND i.res_type = 'RelatedPerson')
            """,
            {"ids": relative_ids, "today": today},
        )
