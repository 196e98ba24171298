from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from odoo import Command, fields, models
from odoo.tools import email_normalize, email_normalize_all, split_every
from odoo.tools.mail import email_split_and_format_normalize

from .stock_gate import REFUSED

# mails judged at once: a queue of thousands is judged as it goes, not an hour before
BATCH = 100


@dataclass
class Recipient:
    """One recipient of a mail: a partner, or an address in one of its fields."""

    mail: Any
    field: str
    partner: Any
    address: str
    request: dict | None = None
    verdict: dict | None = None

    @property
    def key(self):
        """What its record is known by."""
        return f"mail.mail:{self.mail.id}:{self.partner.id or self.address}"

    @property
    def outcome(self):
        return self.verdict["verdict"]

    @property
    def code(self):
        return self.verdict["reason"]

    @property
    def subject(self):
        return self.mail.subject


class MailMail(models.Model):
    """Odoo's own mails: each recipient is judged at the moment of sending."""

    _name = "mail.mail"
    _inherit = ["mail.mail", "hcrm.stock.gate"]

    failure_type = fields.Selection(
        selection_add=[(REFUSED, "Not allowed")], ondelete={REFUSED: "set null"}
    )

    def send(self, auto_commit=False, raise_exception=False, post_send_callback=None):
        """Only what the governor allows goes on to the mail server."""
        due = self.filtered(
            lambda mail: mail.state == "outgoing" and not mail.hcrm_message_id
        )
        options = {
            "auto_commit": auto_commit,
            "raise_exception": raise_exception,
            "post_send_callback": post_send_callback,
        }
        if other := self - due:
            super(MailMail, other).send(**options)
        for ids in split_every(BATCH, due.ids):
            allowed, recipients = self.browse(ids)._hcrm_pass_gate()
            if allowed:
                super(MailMail, allowed).send(**options)
                allowed._hcrm_book_unsent(recipients)
            if post_send_callback:
                post_send_callback(ids)
        return True

    # ------------------------------------------------------------------
    # the gate
    # ------------------------------------------------------------------

    def _hcrm_pass_gate(self):
        """Ask the governor about every recipient and do what it says.

        :return: the mails that may go now, without the recipients who may not get
            them, and all recipients with their verdicts
        """
        recipients = self._hcrm_recipients()
        verdicts = self._hcrm_verdicts([r.request for r in recipients])
        for recipient, verdict in zip(recipients, verdicts, strict=True):
            recipient.verdict = verdict
        self._hcrm_book(
            [
                (r.key, str(uuid4()), r.request, r.verdict, r.subject, None, r.mail.id)
                for r in recipients
                if r.outcome != "defer"
            ]
        )
        self._hcrm_redirect([r for r in recipients if r.outcome == "redirect"])
        held = self._hcrm_refuse(recipients) | self._hcrm_defer(recipients)
        allowed = self - held
        allowed.filtered("hcrm_reason_code").hcrm_reason_code = False
        return allowed, recipients

    def _hcrm_recipients(self):
        """Everybody the mails would reach, with what the governor is asked."""
        origins = self.mail_message_id._hcrm_origin_purposes()
        nobody = self.env["res.partner"]
        recipients = []
        for mail in self:
            found = [
                Recipient(mail, "recipient_ids", partner, _normal(partner.email))
                for partner in mail.recipient_ids
            ]
            for name in ("email_to", "email_cc"):
                found += [
                    Recipient(mail, name, nobody, address)
                    for address in email_normalize_all(mail[name] or "")
                ]
            purpose = mail.hcrm_purpose or mail._hcrm_mass_purpose()
            company = mail.record_company_id or mail.hcrm_company_id or self.env.company
            for recipient in found:
                recipient.request = self._hcrm_request(
                    partner_id=recipient.partner.id or None,
                    company_id=company.id,
                    purpose=purpose or origins[mail.mail_message_id.id],
                    channel="email",
                    asked_address=recipient.address or None,
                )
            recipients += found
        return recipients

    def _hcrm_mass_purpose(self):
        """A mail of a mass mailing is marketing, where nobody said anything else."""
        return (
            "marketing" if "mailing_id" in self._fields and self.mailing_id else False
        )

    # ------------------------------------------------------------------
    # what the governor says
    # ------------------------------------------------------------------

    def _hcrm_redirect(self, recipients):
        """Guardians, proxies and surviving cards get it instead."""
        for r in recipients:
            other = self.env["res.partner"].browse(r.verdict["recipient_id"])
            address = r.verdict["address"]
            r.mail._hcrm_drop([r])
            if _normal(other.email) == address:
                r.mail.recipient_ids |= other
            else:
                known = [r.mail.email_to] if r.mail.email_to else []
                r.mail.email_to = ", ".join([*known, address])

    def _hcrm_refuse(self, recipients):
        """Take out who may not get it; returns the mails that nobody may get."""
        refused = [r for r in recipients if r.outcome == "refuse"]
        if not refused:
            return self.browse()
        by_mail = _by_mail(refused)
        everybody = _by_mail(recipients)
        cancelled = {}
        for mail, dropped in by_mail.items():
            if len(dropped) == len(everybody[mail]):
                code = dropped[0].verdict["reason"]
                cancelled.setdefault(code, []).append(mail.id)
            else:
                mail._hcrm_drop(dropped)
        sentences = self.env["hcrm.governor.reason"]._sentences()
        held = self.browse()
        for code, ids in cancelled.items():
            mails = self.browse(ids)
            held |= mails
            mails.write(
                {
                    "state": "cancel",
                    "failure_type": REFUSED,
                    "failure_reason": sentences.get(code, code),
                    "hcrm_reason_code": code,
                }
            )
            if "mailing_trace_ids" in self._fields:
                self._hcrm_close_traces(mails.mailing_trace_ids, code)
        self._hcrm_close_notifications(refused)
        return held

    def _hcrm_close_notifications(self, refused):
        codes = {(r.mail.id, r.partner.id or r.address): r.code for r in refused}
        # sudo: other people's notifications; who may send is decided already
        rows = (
            self.env["mail.notification"]
            .sudo()
            .search(
                [
                    ("notification_type", "=", "email"),
                    ("mail_mail_id", "in", [r.mail.id for r in refused]),
                ]
            )
        )
        by_code = {}
        for row in rows:
            who = row.res_partner_id.id or _normal(row.mail_email_address)
            if code := codes.get((row.mail_mail_id.id, who)):
                by_code[code] = by_code.get(code, rows.browse()) | row
        for code, notifications in by_code.items():
            notifications._hcrm_close(code)
        rows.mail_message_id.filtered(
            lambda message: message._is_thread_message()
        )._notify_message_notification_update()

    def _hcrm_defer(self, recipients):
        """Who has to wait gets it later, in a mail of their own where others get it
        now; returns the mails that wait as a whole."""
        deferred = [r for r in recipients if r.outcome == "defer"]
        left = _by_mail([r for r in recipients if r.outcome != "refuse"])
        whole = {}
        for mail, waiting in _by_mail(deferred).items():
            times = {}
            for r in waiting:
                times.setdefault((r.verdict["until"], r.code), []).append(r)
            if len(times) == 1 and len(waiting) == len(left[mail]):
                whole.setdefault(next(iter(times)), []).append(mail.id)
                continue
            for (until, code), some in times.items():
                mail._hcrm_split(some, until, code)
        held = self.browse()
        for (until, code), ids in whole.items():
            mails = self.browse(ids)
            held |= mails
            mails.write({"scheduled_date": until, "hcrm_reason_code": code})
        if deferred:
            cron = self.env.ref("mail.ir_cron_mail_scheduler_action")
            cron._trigger(at=sorted({r.verdict["until"] for r in deferred}))
        # nobody is left where all wait, at different hours
        empty = self.filtered(
            lambda mail: mail not in held and mail in left and not mail._hcrm_reaches()
        )
        empty.write({"state": "cancel", "hcrm_reason_code": "window"})
        return held | empty

    def _hcrm_reaches(self):
        return self.recipient_ids or self.email_to or self.email_cc

    def _hcrm_split(self, recipients, until, code):
        """A copy of the mail for those who have to wait."""
        values = {
            "headers": self.headers,
            "recipient_ids": [r.partner.id for r in recipients if r.partner],
            "email_to": ", ".join(r.address for r in recipients if not r.partner),
            "email_cc": False,
        }
        if self.is_notification:
            values["mail_message_id"] = self.mail_message_id.id
        copy = self.with_user(self.create_uid).sudo().copy(values)
        copy.write(
            {
                "scheduled_date": until,
                "hcrm_reason_code": code,
                "hcrm_purpose": self.hcrm_purpose,
                "hcrm_company_id": self.hcrm_company_id.id,
            }
        )
        partners = {r.partner.id for r in recipients if r.partner}
        addresses = {r.address for r in recipients if not r.partner}
        # sudo: the notifications follow their mail, whosever they are
        rows = (
            self.env["mail.notification"]
            .sudo()
            .search(
                [("notification_type", "=", "email"), ("mail_mail_id", "=", self.id)]
            )
        )
        rows.filtered(
            lambda row: (
                row.res_partner_id.id in partners
                or _normal(row.mail_email_address) in addresses
            )
        ).mail_mail_id = copy
        self._hcrm_drop(recipients)
        return copy

    def _hcrm_drop(self, recipients):
        """Take recipients out of the mail's fields."""
        self.ensure_one()
        partners = {r.partner.id for r in recipients if r.field == "recipient_ids"}
        values = {}
        if partners:
            values["recipient_ids"] = [Command.unlink(pid) for pid in partners]
        for name in ("email_to", "email_cc"):
            gone = {r.address for r in recipients if r.field == name}
            if gone:
                rest = [
                    text
                    for text in email_split_and_format_normalize(self[name])
                    if _normal(text) not in gone
                ]
                values[name] = ", ".join(rest) or False
        self.write(values)

    def _hcrm_book_unsent(self, recipients):
        """What the mail server would not take counts against nobody's limits."""
        failed = self.exists().filtered(lambda mail: mail.state == "exception")
        keys = [r.key for r in recipients if r.mail in failed]
        self._hcrm_book_failed(keys, "server")


def _normal(text) -> str:
    return email_normalize(text or "", strict=False) or ""


def _by_mail(recipients) -> dict:
    groups = {}
    for recipient in recipients:
        groups.setdefault(recipient.mail, []).append(recipient)
    return groups
