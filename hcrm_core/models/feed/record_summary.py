"""What facts say about a person as a whole: presence, class, visits."""

from __future__ import annotations

from odoo import api, models

from .page_state import PageState

# a visit counts once it has begun; parts of a visit do not count again
_VISITS = "e.state NOT IN ('planned', 'cancelled') AND e.encounter_id IS NULL"


class HcrmFeedRecordSummary(models.AbstractModel):
    """Keep hospital files and metrics in step with the facts, as sets.

    Figures are counted anew from the facts of the people concerned, never added
    up, so that replays and corrections come out right.
    """

    _name = "hcrm.feed.record.summary"
    _description = "Feed Summary Writer"

    @api.model
    def _update(self, page: PageState) -> None:
        """Bring files and metrics of the page's people up to date."""
        if page.seen:
            self._open_files(page)
        if page.visited:
            self._count_visits(page.visited)
            self._sum_up(sorted({pair[0] for pair in page.visited}))

    def _open_files(self, page: PageState) -> None:
        """A hospital that has a fact of a person has a file of them."""
        partners, companies = _columns(page.seen)
        self.env.cr.execute(
            """
            INSERT INTO hcrm_person_company
                   (partner_id, company_id, class_id, confidentiality, disclosure,
                    opened_at, opened_touchpoint)
            SELECT v.p, v.c, k.id, 'normal', 'open', %(now)s::timestamp, 'feed'
              FROM unnest(%(partners)s::int[], %(companies)s::int[]) AS v(p, c)
              JOIN hcrm_person_class k ON k.code = 'prospect'
             WHERE NOT EXISTS (SELECT FROM hcrm_person_company f
                                WHERE f.partner_id = v.p AND f.company_id = v.c)
          ORDER BY v.p, v.c
            """,
            {"now": page.now, "partners": partners, "companies": companies},
        )

    def _count_visits(self, pairs: set[tuple[int, int]]) -> None:
        """First and last visit, their number, and a class raised by what they were.

        ``base_class_id`` keeps the class that visits raised: it comes back when the
        visit turns out to be cancelled, whatever order the two were read in.
        """
        partners, companies = _columns(pairs)
        self.env.cr.execute(
            f"""
            WITH visit AS (
                SELECT v.p, v.c, min(e.day) AS first, max(e.day) AS last,
                       NULLIF(count(e.kind), 0) AS n,
                       CASE WHEN bool_or(e.kind = 'inpatient') THEN 'inpatient'
                            WHEN bool_or(e.kind NOT IN ('inpatient', 'checkup'))
                            THEN 'outpatient'
                            WHEN count(e.kind) > 0 THEN 'healthy' END AS class
                  FROM unnest(%s::int[], %s::int[]) AS v(p, c)
                  JOIN res_company c ON c.id = v.c
     LEFT JOIN LATERAL (SELECT e.kind, (e.date_start AT TIME ZONE 'UTC'
                                        AT TIME ZONE c.hcrm_tz)::date AS day
                          FROM hcrm_encounter e
                         WHERE e.partner_id = v.p AND e.company_id = v.c
                           AND {_VISITS}) e ON true
              GROUP BY v.p, v.c
            ), target AS (
                SELECT f.id, v.first, v.last, v.n,
                       CASE WHEN k.rank > b.rank THEN k.id ELSE b.id END AS class_id,
                       CASE WHEN k.rank > b.rank THEN b.id END AS base_class_id
                  FROM visit v
                  JOIN hcrm_person_company f ON f.partner_id = v.p AND f.company_id = v.c
                  JOIN hcrm_person_class b
                    ON b.id = COALESCE(f.base_class_id, f.class_id)
             LEFT JOIN hcrm_person_class k ON k.code = v.class
            )
            UPDATE hcrm_person_company f
               SET date_first_visit = t.first, date_last_visit = t.last,
                   visit_count = t.n, class_id = t.class_id,
                   base_class_id = t.base_class_id
              FROM target t
             WHERE f.id = t.id
               AND (f.date_first_visit, f.date_last_visit, f.visit_count, f.class_id,
                    f.base_class_id)
                   IS DISTINCT FROM (t.first, t.last, t.n, t.class_id, t.base_class_id)
            """,
            (partners, companies),
        )

    def _sum_up(self, partner_ids: list[int]) -> None:
        """The same over the whole group."""
        self.env.cr.execute(
            """
            UPDATE hcrm_person_metrics m
               SET date_first_visit = t.first, date_last_visit = t.last, visit_count = t.n
              FROM (SELECT partner_id, min(date_first_visit) AS first,
                           max(date_last_visit) AS last, sum(visit_count)::int AS n
                      FROM hcrm_person_company
                     WHERE partner_id = ANY(%s)
                  GROUP BY partner_id) t
             WHERE m.id = t.partner_id
               AND (m.date_first_visit, m.date_last_visit, m.visit_count)
                   IS DISTINCT FROM (t.first, t.last, t.n)
            """,
            (partner_ids,),
        )


def _columns(pairs: set[tuple[int, int]]) -> tuple[list[int], list[int]]:
    ordered = sorted(pairs)
    return [pair[0] for pair in ordered], [pair[1] for pair in ordered]
