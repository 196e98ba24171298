from odoo import fields, models


class HcrmCharge(models.Model):
    """A line of the bill (FHIR ChargeItem) and who pays for it (R17).

    ``amount`` is the gross amount and equals the sum of the five payers'
    parts; refunds are negative. Deposits and settlements are money moved, not
    services, and count as neither revenue nor spend.
    """

    _name = "hcrm.charge"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Charge"
    _rec_name = "name"
    _order = "date desc, id desc"

    kind = fields.Selection(
        [
            ("charge", "Charge"),
            ("refund", "Refund"),
            ("deposit", "Deposit"),
            ("settlement", "Settlement"),
        ],
        required=True,
        default="charge",
    )
    category = fields.Selection(
        [
            ("registration", "Registration"),
            ("drug", "Drugs"),
            ("material", "Materials"),
            ("laboratory", "Laboratory"),
            ("imaging", "Imaging"),
            ("treatment", "Treatment"),
            ("operation", "Operation"),
            ("bed", "Bed and nursing"),
            ("checkup", "Check-up"),
            ("other", "Other"),
        ],
        required=True,
        default="other",
    )
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("billable", "To be billed"),
            ("billed", "Billed"),
            ("aborted", "Aborted"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    code = fields.Char()
    name = fields.Char(required=True)
    quantity = fields.Float()
    date = fields.Datetime()
    department_id = fields.Many2one("hcrm.department", ondelete="set null")
    practitioner_id = fields.Many2one("hcrm.practitioner", ondelete="set null")
    currency_id = fields.Many2one("res.currency", required=True)
    amount = fields.Monetary()
    amount_pooled = fields.Monetary("Pooled Insurance")
    amount_account = fields.Monetary("Personal Account")
    amount_self = fields.Monetary("Self-pay")
    amount_commercial = fields.Monetary("Commercial Insurance")
    amount_employer = fields.Monetary("Employer")
    cost = fields.Monetary()

    # card, spend per person, and later the value model (index-only)
    _partner_idx = models.Index(
        "(partner_id, date DESC) INCLUDE (amount, amount_self, amount_commercial)"
    )
