from odoo import api, fields, models

from ...tools.merge_plan import Move
from ...tools.phones import parse

WHOSE = [
    ("self", "Own"),
    ("mother", "Mother's"),
    ("father", "Father's"),
    ("spouse", "Spouse's"),
    ("child", "Child's"),
    ("guardian", "Guardian's"),
    ("other", "Somebody else's"),
]

# points of the HIS stay on the old card where the new one has a record at the same
# hospital: that record says which of them are in use
_SPOKEN_FOR = """
    t.is_feed AND EXISTS (
        SELECT FROM hcrm_feed_identity i
         WHERE i.res_id = p.new_id AND i.res_model = 'res.partner' AND i.state = 'live'
           AND COALESCE(i.company_id, t.company_id) = t.company_id)"""


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

    # found by the index of ``_person_uniq``
    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
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
        "Kind",
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
    value = fields.Char("Number or Address", required=True)
    number = fields.Char(required=True, readonly=True)
    e164 = fields.Char("International Number", readonly=True)
    extension = fields.Char(readonly=True)
    whose = fields.Selection(WHOSE, default="self")
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

    # ------------------------------------------------------------------
    # CRUD
    # ------------------------------------------------------------------

    @api.model
    def _hcrm_merge_plan(self):
        return [
            Move(self._name, "whose_partner_id"),
            Move(
                self._name,
                unique=("company_id", "system", "number"),
                unless=_SPOKEN_FOR,
            ),
        ]

    @api.model_create_multi
    def create(self, vals_list):
        vals_list = [self._read_vals(vals) for vals in vals_list]
        points = super().create(vals_list)
        points.partner_id._hcrm_refresh()
        return points

    def write(self, vals):
        partners = self.partner_id
        former = self._numbers()
        if {"value", "system", "company_id"} & vals.keys():
            for point in self:
                current = {
                    "system": point.system,
                    "company_id": point.company_id.id,
                    "value": point.value,
                }
                read = self._read_vals({**current, **vals})
                if point.value != read["value"]:
                    # whoever confirmed the old number did not confirm this one
                    read = {"is_verified": False, "is_wrong": False, **read}
                super(HcrmContactPoint, point).write(read)
        else:
            super().write(vals)
        (partners | self.partner_id)._hcrm_refresh(former)
        return True

    def unlink(self):
        partners, former = self.partner_id, self._numbers()
        result = super().unlink()
        partners._hcrm_refresh(former)
        return result

    def _numbers(self):
        return {(point.system, point.number) for point in self}

    @api.model
    def _read_vals(self, vals: dict) -> dict:
        """Return the values with what the written number is, by the campus's plan."""
        company_id = vals.get("company_id") or self.env.company.id
        value = (vals.get("value") or "").strip()
        read = {**vals, "company_id": company_id, "value": value}
        if (vals.get("system") or "phone") != "phone":
            number = value.lower()
            return {**read, "number": number, "e164": False, "extension": False}
        campus_id = self.env.context.get("hcrm_campus_id")
        if not campus_id:
            campus = self.env.user.hcrm_campus_id
            campus_id = campus.id if campus.company_id.id == company_id else 0
        phone = parse(value, self.env["hcrm.campus"]._phone_plan(company_id, campus_id))
        return {
            **read,
            "number": phone.number or value,
            "e164": phone.e164 or False,
            "extension": phone.extension or False,
            "is_junk": phone.is_junk,
        }
