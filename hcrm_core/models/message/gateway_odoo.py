from uuid import UUID

from odoo import fields, models


class HcrmGateway(models.Model):
    """Odoo's own text service as a way out of the outbox.

    A message becomes a row of ``sms.sms`` that the governor does not judge again, is
    sent by whatever the company uses (in-app purchase, Twilio), and gets its receipts
    through Odoo's own callbacks.
    """

    _inherit = "hcrm.gateway"

    kind = fields.Selection(
        selection_add=[("odoo", "Text service of Odoo (IAP, Twilio)")],
        ondelete={"odoo": "cascade"},
    )

    def _prepare_config_vals(self):
        vals = super()._prepare_config_vals()
        if self.kind == "odoo":
            vals["hooks"] = {"send": self._send_by_odoo}
        return vals

    def _send_by_odoo(self, batch):
        """Send the rows of a batch; ``{uuid: (state, failure type, reason)}``.

        On a cursor of its own: the sender holds no transaction while it talks to the
        outside, and what Odoo learnt must outlive a retry of the sender.
        """
        with self.env.registry.cursor() as cr:
            # sudo: whoever runs the outbox sends for everybody
            gateway = self.with_env(self.env(cr=cr)).sudo()
            env = gateway.with_company(gateway.company_id).env
            by_hex = {UUID(item.uuid).hex: item for item in batch}
            rows = env["sms.sms"].search([("uuid", "in", list(by_hex))])
            for sms_api, group in rows._split_by_api():
                group._send_with_api(sms_api)
            answers = {
                by_hex[row.uuid].uuid: (row.state, row.failure_type, row.failure_type)
                for row in rows
            }
            secret = rows.filtered(lambda r: by_hex[r.uuid].purpose == "security")
            secret.body = False  # codes are never kept
        return answers


class HcrmMessage(models.Model):
    _inherit = "hcrm.message"

    def _take_in_hand(self, gateway):
        """Odoo's rows and trackers stand, committed, before the service hears of it."""
        handed, outgoing = super()._take_in_hand(gateway)
        if gateway.kind == "odoo":
            handed._hand_to_odoo(outgoing)
        return handed, outgoing

    def _hand_to_odoo(self, outgoing):
        # sudo: Odoo's queue is for the system
        Sms = self.env["sms.sms"].sudo()
        hexes = [UUID(item.uuid).hex for item in outgoing]
        known = set(Sms.search([("uuid", "in", hexes)]).mapped("uuid"))
        self._open_trackers(hexes)
        company_field = "record_company_id"  # with sms_twilio: whose account it is
        rows = []
        for message, item, uuid in zip(self, outgoing, hexes, strict=True):
            if uuid in known:
                continue  # another try
            vals = {
                "uuid": uuid,
                "number": item.address,
                "body": item.body,
                # neither Odoo's queue nor its resend button may take it
                "state": "process",
                "to_delete": True,
                "hcrm_message_id": message.id,
                "hcrm_company_id": message.company_id.id,
                "hcrm_purpose": message.purpose,
            }
            if company_field in Sms._fields:
                vals[company_field] = message.company_id.id
            rows.append(vals)
        Sms.create(rows)

    def _open_trackers(self, hexes):
        self.env["sms.tracker"].flush_model()
        self.env.cr.execute(
            "INSERT INTO sms_tracker (sms_uuid, hcrm_message_id, create_date)"
            " SELECT u.uuid, u.id, now() AT TIME ZONE 'UTC'"
            " FROM unnest(%s::text[], %s::int[]) AS u(uuid, id)"
            " ON CONFLICT (sms_uuid) DO NOTHING",
            (hexes, self.ids),
        )
