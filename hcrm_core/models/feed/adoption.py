from odoo import api, models
from odoo.tools import SQL, ormcache

from ...feed_adapters.canonical import Problem
from ..people.person_details import HIS_COLUMNS
from .page_state import Item, PageState, Result


class HcrmFeedAdoption(models.AbstractModel):
    """People who are contacts of a HIS in this database already.

    A HIS whose patients delegate to ``res.partner`` has the person before we do: its
    contact becomes the person, and stays the HIS's. Only our own columns are written
    on it; what the HIS keeps there (name, address, phone) is never touched.
    """

    _name = "hcrm.feed.adoption"
    _description = "Adoption of Contacts of a HIS"

    @api.model
    def _adopt(self, page: PageState, items: list[Item], result: Result) -> list[Item]:
        """Give each patient of a HIS in this database the contact that it is.

        The HIS says so anew with every change, so that a contact that was merged or
        replaced there is followed. What another kind of source says of contacts of
        this database is dropped.

        :return: items to write; a contact that cannot be a person is a problem
        """
        said = {
            item.record.ext_id: item.mapped.values.pop("_partner", None)
            for item in items
        }
        if page.source.kind != "odoo_local":
            return items
        ids = {value for value in said.values() if type(value) is int}
        found = self._parents(ids)
        good = []
        for item in items:
            partner_id = said[item.record.ext_id]
            if partner_id not in found:
                result.problems[item.record.ext_id] = Problem("partner_missing")
            elif found[partner_id]:
                result.problems[item.record.ext_id] = Problem("partner_has_parent")
            else:
                item.res_id = partner_id
                good.append(item)
        return good

    @api.model
    def _keep(self, source, people) -> None:
        """People whose contact the source keeps, before it is known as theirs."""
        sources = self._local_sources()  # asked on every page, so all cost the same
        if source.id in sources:
            for person in people:
                person.kept = HIS_COLUMNS

    def _parents(self, ids: set[int]) -> dict[int, bool]:
        """Which contacts exist, and whether something stands above them."""
        if not ids:
            return {}
        rows = self.env.execute_query(
            SQL(
                "SELECT id, parent_id IS NOT NULL AND hcrm_metrics_id IS NULL"
                " FROM res_partner WHERE id = ANY(%s)",
                sorted(ids),
            )
        )
        return dict(rows)

    @api.model
    def _owned(self, partner_ids) -> set[int]:
        """Those contacts that a HIS in this database keeps; one query, none without."""
        sources = self._local_sources()
        if not sources or not partner_ids:
            return set()
        rows = self.env.execute_query(
            SQL(
                """SELECT res_id FROM hcrm_feed_identity
                   WHERE res_id = ANY(%s) AND res_model = 'res.partner'
                     AND source_id = ANY(%s)""",
                list(partner_ids),
                sources,
            )
        )
        return {row[0] for row in rows}

    @ormcache()
    def _local_sources(self) -> list[int]:
        """Sources that are a HIS in this database, archived ones as well."""
        rows = self.env.execute_query(
            SQL("SELECT id FROM hcrm_feed_source WHERE kind = 'odoo_local'")
        )
        return [row[0] for row in rows]
