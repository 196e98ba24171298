from odoo import fields, models


class HcrmContactPoint(models.Model):
    """A telephone number or address of a person, as one entity knows it.

    ``value`` is kept as it was written; ``e164`` is set where the number can be
    read, ``number`` is what lookups compare: E.164, else the bare digits or the
    lower-case address. A contact point is never an identity: families share it.
    """

    _name = "hcrm.contact.point"
    _inherit = ["hcrm.person.mixin"]
    _description = "Contact Point"
    _rec_name = "value"
    _order = "partner_id, rank, id"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", "Known To", required=True, default=lambda self: self.env.company
    )
    system = fields.Selection(
        [
            ("phone", "Phone"),
            ("email", "Email"),
            ("wechat", "WeChat"),
            ("other", "Other"),
        ],
        required=True,
        default="phone",
    )
    use = fields.Selection(
        [
            ("mobile", "Mobile"),
            ("home", "Home"),
            ("work", "Work"),
            ("temp", "Temporary"),
            ("old", "No longer used"),
        ]
    )
    rank = fields.Integer(default=1, help="1 is tried first.")
    value = fields.Char(required=True)
    number = fields.Char(required=True, readonly=True)
    e164 = fields.Char("International Number", readonly=True)
    extension = fields.Char(readonly=True)
    whose = fields.Selection(
        [
            ("self", "Own"),
            ("mother", "Mother's"),
            ("father", "Father's"),
            ("spouse", "Spouse's"),
            ("child", "Child's"),
            ("guardian", "Guardian's"),
            ("other", "Somebody else's"),
        ],
        default="self",
    )
    whose_partner_id = fields.Many2one(
        "res.partner", "Belongs To", index="btree_not_null", ondelete="set null"
    )
    is_verified = fields.Boolean()
    date_verified = fields.Datetime()
    is_shared = fields.Boolean(readonly=True, help="Other people use the same number.")
    is_wrong = fields.Boolean(
        "Wrong Number", help="Somebody said so; nothing is sent to it."
    )
    is_junk = fields.Boolean(
        readonly=True,
        help="A placeholder, the hospital's own number, or one on too many people.",
    )
    is_feed = fields.Boolean("From the HIS", readonly=True)

    _person_uniq = models.Constraint(
        "UNIQUE(partner_id, company_id, system, number)",
        "This person has this contact point already.",
    )
    # caller lookup: the whole number, then its last eight digits
    _number_idx = models.Index("(number)")
    _tail_idx = models.Index("(right(number, 8)) WHERE system = 'phone'")
