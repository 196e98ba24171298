from odoo import api, fields, models
from odoo.exceptions import UserError


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    kind = fields.Selection(
        selection_add=[("push", "Pushed by another system")],
        ondelete={"push": "cascade"},
    )
    push_user_ids = fields.Many2many(
        "res.users",
        string="Pushed By",
        help="API users who may push records into this source.",
    )
    date_pushed = fields.Datetime("Last Push", readonly=True, copy=False)

    @api.model
    def hcrm_push(self, resources, source_id=None, key=None):
        """Take records over that another system sends (external API).

        They go the way of every feed: the same mapping, writer and quarantine. Sending
        a record again is harmless; records may come in any order, what refers to a
        record that has not come waits for it.

        :param resources: list of FHIR R4 resources, at most 1,000 and 16 MB, or a
            ``Bundle`` of them. ``{"resourceType", "id", "deleted": true}``, or an entry
            with the method DELETE, says that a record exists no longer.
        :param source_id: needed where the user pushes to several sources
        :param key: a key of the sender's; a call repeated with it within a week gives
            the same answer and writes nothing
        :return: dict of ``source_id``, ``run_id``, ``replayed`` and ``records``: for
            each resource in order ``type``, ``id``, ``result`` (created, changed,
            unchanged, waiting, quarantined or skipped), ``code`` and ``message`` where
            there is something to say, ``model`` and ``res_id`` of our record
        """
        return self.env["hcrm.feed.push"]._push(resources, source_id, key)

    def _start_run(self, enqueue=True, mode="full"):
        if self.kind == "push":
            raise UserError(
                self.env._(
                    "%s is pushed by another system; there is nothing to read.",
                    self.name,
                )
            )
        return super()._start_run(enqueue=enqueue, mode=mode)
