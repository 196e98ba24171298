from odoo import api, models
from odoo.tools import SQL

# what the feed fills and then joins within the same transaction
_TABLES = (
    "res_partner",
    "hcrm_person_company",
    "hcrm_person_metrics",
    "hcrm_person_identifier",
    "hcrm_contact_point",
    "hcrm_person_relation",
    "hcrm_person_search",
    "hcrm_encounter",
    "hcrm_appointment",
    "hcrm_charge",
    "hcrm_feed_identity",
    "hcrm_feed_inbox",
    "hcrm_event",
)
_MIN_PAGES = 16


class HcrmFeedStatistics(models.AbstractModel):
    """Keep the planner informed during a load.

    A first load fills empty tables inside one transaction, where autovacuum
    cannot help: the planner goes on believing that they are empty and joins them
    row by row, which is quadratic. A table is analysed again each time it has
    doubled, so a load of any size analyses each table a few times only.
    """

    _name = "hcrm.feed.statistics"
    _description = "Feed Statistics"

    @api.model
    def _refresh(self) -> None:
        """Analyse the tables that have doubled since they were last analysed."""
        self.env.cr.execute(
            """
            SELECT relname
              FROM pg_class
             WHERE relname = ANY(%s) AND relnamespace = current_schema()::regnamespace
               AND pg_relation_size(oid) / current_setting('block_size')::int
                   > greatest(2 * relpages, %s)
            """,
            [list(_TABLES), _MIN_PAGES],
        )
        for (table,) in self.env.cr.fetchall():
            self.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
