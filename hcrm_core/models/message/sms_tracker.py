from odoo import fields, models

from ...providers.base import Event

# what Odoo's services say of a text -> what we say
TOLD = {"pending": "accepted", "sent": "delivered", "error": "failed"}


class SmsTracker(models.Model):
    _inherit = "sms.tracker"

    hcrm_message_id = fields.Many2one(
        "hcrm.message", ondelete="cascade", index="btree_not_null"
    )

    def _action_update_from_sms_state(
        self, sms_state, failure_type=False, failure_reason=False
    ):
        result = super()._action_update_from_sms_state(
            sms_state, failure_type=failure_type, failure_reason=failure_reason
        )
        self._hcrm_tell(TOLD.get(sms_state), failure_type, failure_reason)
        return result

    def _action_update_from_provider_error(self, provider_error):
        error = super()._action_update_from_provider_error(provider_error)
        self._hcrm_tell("failed", error[1], error[2] or provider_error)
        return error

    def _hcrm_tell(self, kind, failure=False, reason=False):
        """Receipts of the outbox's messages are appended; one worker applies them."""
        mine = self.filtered("hcrm_message_id")
        if not kind or not mine or self.env.context.get("sms_skip_msg_notification"):
            return  # the answer of the service itself: the sender reads it
        for gateway, trackers in mine.hcrm_message_id.grouped("gateway_id").items():
            if gateway:
                self.env["hcrm.message.event"]._append(
                    gateway.id,
                    [
                        Event(
                            external_id=f"{message.uuid}:{kind}",
                            kind=kind,
                            uuid=message.uuid,
                            failure=str(failure or "") if kind == "failed" else "",
                            reason=str(reason or "") if kind == "failed" else "",
                        )
                        for message in trackers
                    ],
                )

    def _hcrm_close(self, reason):
        """Notifications and mailing traces of refused texts are over, and say why."""
        sentence = self.env["hcrm.governor.reason"]._sentences().get(reason, reason)
        # whoever refused refreshes the chatter
        me = self.with_context(sms_skip_msg_notification=True)
        me._action_update_from_sms_state("canceled", failure_reason=sentence)
        self.mail_notification_id._hcrm_close(reason)
        if "mailing_trace_id" in self._fields:
            gate = self.env["hcrm.stock.gate"]
            gate._hcrm_close_traces(self.mailing_trace_id, reason)
