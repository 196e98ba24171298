from odoo import api, fields, models

from .stock_gate import REFUSED


class SmsSms(models.Model):
    """Odoo's own texts: judged at the moment they are sent, whoever sends them."""

    _name = "sms.sms"
    _inherit = ["sms.sms", "hcrm.stock.purpose", "hcrm.stock.gate"]

    hcrm_not_before = fields.Datetime(
        "Not Before", readonly=True, copy=False, help="The governor deferred it."
    )
    failure_type = fields.Selection(
        selection_add=[(REFUSED, "Not allowed")], ondelete={REFUSED: "set null"}
    )

    # what is due, past the rows that wait for their hour
    _hcrm_due_idx = models.Index("(id, hcrm_not_before) WHERE state = 'outgoing'")

    @api.model
    def _process_queue(self):
        """Send what is due. Stock's domain would take deferred rows again and again,
        and leave those behind them waiting."""
        domain = [
            ("state", "=", "outgoing"),
            ("to_delete", "!=", True),
            "|",
            ("hcrm_not_before", "=", False),
            ("hcrm_not_before", "<=", fields.Datetime.now()),
        ]
        size = self._get_send_batch_size()
        records = self.search(domain, limit=size, order="id").try_lock_for_update()
        if not records:
            return
        records._send(unlink_failed=False, unlink_sent=True, raise_exception=False)
        rest = self.search_count(domain) if len(records) == size else 0
        self.env["ir.cron"]._commit_progress(len(records), remaining=rest)

    def _send(self, unlink_failed=False, unlink_sent=True, raise_exception=False):
        """Only what the governor allows goes on to Odoo's provider."""
        allowed, keys = self._hcrm_pass_gate()
        if not allowed:
            return None
        result = super(SmsSms, allowed)._send(
            unlink_failed=unlink_failed,
            unlink_sent=unlink_sent,
            raise_exception=raise_exception,
        )
        failed = allowed.filtered(lambda sms: sms.state == "error")
        for failure, group in failed.grouped("failure_type").items():
            self._hcrm_book_failed([keys[sms] for sms in group if sms in keys], failure)
        return result

    def _hcrm_pass_gate(self):
        """Ask the governor about each row and do what it says.

        :return: the rows that may go now, and ``{row: key of its record}``
        """
        judged = self.filtered(lambda sms: sms.number and not sms.hcrm_message_id)
        if not judged:
            return self, {}
        requests = judged._hcrm_requests()
        verdicts = self._hcrm_verdicts(requests)
        refused, deferred, book, keys = {}, {}, [], {}
        for sms, request, verdict in zip(judged, requests, verdicts, strict=True):
            if verdict["verdict"] == "defer":
                when = (verdict["until"], verdict["reason"])
                deferred.setdefault(when, []).append(sms.id)
                continue
            if verdict["verdict"] == "refuse":
                refused.setdefault(verdict["reason"], []).append(sms.id)
            elif verdict["verdict"] == "redirect":
                sms.number = verdict["address"]
            keys[sms] = f"sms.sms:{sms.id}"
            book.append((keys[sms], sms.uuid, request, verdict, None, sms.body, sms.id))
        self._hcrm_book(book)
        for reason, ids in refused.items():
            self.browse(ids)._hcrm_refuse(reason)
        for (until, reason), ids in deferred.items():
            self.browse(ids).write(
                {"hcrm_not_before": until, "hcrm_reason_code": reason}
            )
        self._hcrm_wake({until for until, _reason in deferred})
        held = {
            sms_id for ids in (*refused.values(), *deferred.values()) for sms_id in ids
        }
        allowed = self.filtered(lambda sms: sms.id not in held)
        allowed.filtered("hcrm_reason_code").hcrm_reason_code = False
        return allowed, keys

    def _hcrm_requests(self):
        origins = self.mail_message_id._hcrm_origin_purposes()
        return [
            self._hcrm_request(
                partner_id=sms.partner_id.id,
                company_id=(
                    sms.mail_message_id.record_company_id
                    or sms.hcrm_company_id
                    or sms._get_sms_company()
                ).id,
                purpose=sms.hcrm_purpose
                or sms.mail_message_id.hcrm_purpose
                or origins.get(sms.mail_message_id.id)
                or "marketing",
                channel="sms",
                asked_address=sms.number,
            )
            for sms in self
        ]

    def _hcrm_refuse(self, reason):
        """Cancel for one reason, and close what waits for the outcome."""
        self.write(
            {"state": "canceled", "failure_type": REFUSED, "hcrm_reason_code": reason}
        )
        self.sms_tracker_id.sudo()._hcrm_close(reason)
        self.mail_message_id._notify_message_notification_update()

    @api.model
    def _hcrm_wake(self, times):
        """The queue runs when deferred rows fall due."""
        if times:
            cron = self.env.ref("sms.ir_cron_sms_scheduler_action")
            cron._trigger(at=sorted(times))
