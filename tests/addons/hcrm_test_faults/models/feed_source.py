from odoo import models

from odoo.addons.hcrm_core.models.feed.feed_state_hash import DETAILS, FACTS


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    def test_state(self):
        """What must be the same after whatever happened on the way."""
        self.ensure_one()
        tables = ["hcrm.event", "hcrm.feed.identity", "hcrm.feed.inbox"]
        tables += [*FACTS, *DETAILS]
        return {
            "hash": self._state_hash(),
            "rows": {name: self._count_rows(name) for name in tables},
            "events": self._count_events(),
            "double events": self._count_doubles(),
        }

    def _count_rows(self, name):
        return self.env[name].sudo().with_context(active_test=False).search_count([])

    def _count_events(self):
        groups = self.env["hcrm.event"].sudo()._read_group([], ["kind_id"], ["__count"])
        return {kind.code: count for kind, count in groups}

    def _count_doubles(self):
        """Things that happened twice to the same record."""
        self.env.cr.execute(
            "SELECT count(*) FROM (SELECT 1 FROM hcrm_event WHERE res_id IS NOT NULL"
            " GROUP BY kind_id, res_model, res_id HAVING count(*) > 1) d"
        )
        return self.env.cr.fetchone()[0]
