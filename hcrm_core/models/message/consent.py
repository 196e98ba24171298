from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from .purposes import CHANNELS, CONSENT_PURPOSES, LEGAL_BASES


class HcrmConsent(models.Model):
    """Evidence of one decision of a person about one purpose (R5). Append-only.

    The newest decision for a purpose counts; one that names a channel speaks for
    that channel, one without for all. Rows: about 2 per patient-year; kept as long
    as the person; withdrawals survive erasure as a hash.
    """

    _name = "hcrm.consent"
    _inherit = ["hcrm.person.mixin"]
    _description = "Consent"
    _order = "date desc, id desc"
    _rec_name = "purpose"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    purpose = fields.Selection(CONSENT_PURPOSES, required=True)
    channel = fields.Selection(CHANNELS, help="Empty: every channel.")
    decision = fields.Selection(
        [("granted", "Agreed"), ("withdrawn", "Withdrawn or refused")], required=True
    )
    legal_basis = fields.Selection(LEGAL_BASES, required=True, default="consent")
    text_id = fields.Many2one(
        "hcrm.consent.text", "Words Shown", ondelete="restrict", index="btree_not_null"
    )
    date = fields.Datetime("Decided", required=True, default=fields.Datetime.now)
    date_end = fields.Date("Valid Until")
    frequency_per_month = fields.Integer("At Most a Month")
    given_by_id = fields.Many2one(
        "res.partner",
        ondelete="restrict",
        index="btree_not_null",
        help="Guardian or proxy who decided; empty: the person.",
    )
    source = fields.Selection(
        [
            ("paper", "Paper form"),
            ("pad", "Signature pad"),
            ("script", "Spoken, by script"),
            ("web", "Preference page"),
            ("reply", "Reply to a message"),
            ("import", "Taken over with evidence"),
            ("staff", "Told to staff"),
            ("merge", "Refused on a card that was joined"),
        ],
        required=True,
        default="staff",
    )
    evidence = fields.Binary(attachment=True, help="Scan, signature or recording.")
    note = fields.Char()
    key = fields.Char(
        readonly=True, copy=False, help="Makes an intake of evidence happen once."
    )

    # the newest decision of a person about a purpose
    _current_idx = models.Index("(partner_id, company_id, purpose, date DESC, id DESC)")
    # the timeline of a person
    _timeline_idx = models.Index("(partner_id, date DESC, id DESC)")
    _key_uniq = models.UniqueIndex(
        "(key) WHERE key IS NOT NULL", "This evidence is recorded already."
    )

    @api.model_create_multi
    def create(self, vals_list):
        """Term and frequency come from the words that were shown."""
        today = fields.Date.context_today(self)
        texts = {
            text.id: text
            for text in self.env["hcrm.consent.text"].browse(
                [vals["text_id"] for vals in vals_list if vals.get("text_id")]
            )
        }
        for vals in vals_list:
            text = texts.get(vals.get("text_id"))
            if not text or vals.get("decision") != "granted":
                continue
            vals.setdefault("frequency_per_month", text.frequency_per_month)
            vals.setdefault("legal_basis", text.legal_basis)
            if text.term_months and not vals.get("date_end"):
                vals["date_end"] = today + relativedelta(months=text.term_months)
        return super().create(vals_list)

    def write(self, vals):  # pylint: disable=method-required-super
        """Evidence is never changed: a new decision is a new row."""
        raise UserError(
            self.env._("A recorded decision cannot be changed. Record a new one.")
        )

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("A recorded decision cannot be deleted."))

    @api.constrains("date")
    def _check_date(self):
        now = fields.Datetime.now() + relativedelta(minutes=5)
        if any(row.date > now for row in self):
            raise ValidationError(self.env._("A decision cannot lie in the future."))

    # ------------------------------------------------------------------
    # current state, for cards and the API
    # ------------------------------------------------------------------

    @api.model
    def _current(self, partner, company):
        """The decisions that count now: ``{(purpose, channel or False): row}``.

        A later decision for all channels replaces earlier ones for single channels.
        """
        rows = self.search(
            [("partner_id", "=", partner.id), ("company_id", "=", company.id)],
            order="date desc, id desc",
        )
        current, closed = {}, set()
        for row in rows:
            if row.purpose in closed:
                continue
            current.setdefault((row.purpose, row.channel), row)
            if not row.channel:
                closed.add(row.purpose)
        return current

    @api.model
    def _decide(self, partner, company, purposes, decision, source, **vals):
        """Record the same decision about several purposes; returns the rows."""
        return self.create(
            [
                {
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "purpose": purpose,
                    "decision": decision,
                    "source": source,
                    **vals,
                }
                for purpose in purposes
            ]
        )
