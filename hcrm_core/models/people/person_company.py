from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...tools.merge_plan import Move

CONFIDENTIALITY = [
    ("normal", "Not restricted"),
    ("staff", "Staff or relative of staff"),
    ("public", "Public person"),
    ("sensitive", "Legally sensitive"),
]


class HcrmPersonCompany(models.Model):
    """Presence: a person is known to a legal entity, and what they are to it.

    The row is the person's file at that hospital. Without it another entity
    sees nothing of the person (R3); ``confidentiality`` other than normal hides
    the person from everybody outside the care team (R8).
    """

    _name = "hcrm.person.company"
    _inherit = ["hcrm.person.mixin"]
    _description = "Hospital File of a Person"
    _rec_name = "partner_id"
    _order = "date_last_visit desc nulls last, id desc"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        ondelete="cascade",
        default=lambda self: self.env.company,
    )
    class_id = fields.Many2one("hcrm.person.class", required=True, ondelete="restrict")
    # what the person was before visits raised the class; empty where none did
    base_class_id = fields.Many2one(
        "hcrm.person.class", "Class without Visits", readonly=True, ondelete="restrict"
    )
    owner_id = fields.Many2one("res.users", index="btree_not_null", ondelete="set null")
    confidentiality = fields.Selection(CONFIDENTIALITY, required=True, default="normal")
    alias = fields.Char(help="Shown everywhere instead of a restricted person's name.")
    is_vip = fields.Boolean("VIP")
    alert = fields.Char(
        "Service Alert",
        help="What whoever greets the person must know: wheelchair, interpreter. "
        "Nothing clinical.",
    )
    disclosure = fields.Selection(
        [
            ("open", "Diagnosis may be discussed"),
            ("shielded", "Diagnosis not disclosed"),
        ],
        required=True,
        default="open",
    )
    disclosure_contact_id = fields.Many2one(
        "res.partner",
        "Speak With",
        ondelete="set null",
        help="Relative to speak with where the person does not know the diagnosis (R4).",
    )
    opened_at = fields.Datetime(readonly=True)
    opened_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")
    opened_touchpoint = fields.Selection(
        [
            ("checkup", "Check-up"),
            ("clinic", "Clinic"),
            ("admission", "Admission"),
            ("feed", "HIS"),
            ("api", "External system"),
            ("manual", "By hand"),
        ],
        readonly=True,
    )
    campus_id = fields.Many2one("hcrm.campus", "Opened at Campus", ondelete="set null")
    date_first_visit = fields.Date(readonly=True)
    date_last_visit = fields.Date(readonly=True)
    visit_count = fields.Integer(readonly=True)

    _uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)",
        "This person has a file at this hospital already.",
    )
    # the list of one hospital's patients, newest visit first
    _list_idx = models.Index("(company_id, date_last_visit DESC NULLS LAST, id DESC)")
    # VIP centre and privacy officer: the few that are not ordinary
    _special_idx = models.Index(
        "(company_id, confidentiality) WHERE confidentiality != 'normal' OR is_vip"
    )

    @api.model
    def _hcrm_merge_plan(self):
        """Files are joined, not moved (``hcrm.person.redirect``)."""
        return [Move(self._name, "disclosure_contact_id")]

    @api.model_create_multi
    def create(self, vals_list):
        """Open files; whoever has one is a person of the suite from then on."""
        for vals in vals_list:
            vals.setdefault("opened_at", fields.Datetime.now())
            vals.setdefault("opened_by_id", self.env.uid)
            vals.setdefault("opened_touchpoint", "manual")
        files = super().create(vals_list)
        files._check_vip_owner()
        files.partner_id._hcrm_refresh()
        return files

    def write(self, vals):
        # a class set by hand is the new base that visits may raise
        if "class_id" in vals and "base_class_id" not in vals:
            vals = {**vals, "base_class_id": False}
        result = super().write(vals)
        # class of secrecy and alias stand on the person and in its tokens too
        if {"confidentiality", "alias", "partner_id"} & vals.keys():
            self.partner_id._hcrm_refresh()
        if {"is_vip", "owner_id"} & vals.keys():
            self._check_vip_owner()
        return result

    def unlink(self):
        partners = self.partner_id
        result = super().unlink()
        partners._hcrm_refresh()
        return result

    @api.onchange("is_vip")
    def _onchange_is_vip(self):
        """A VIP has somebody who looks after them: by default whoever said so (F14)."""
        if self.is_vip and not self.owner_id:
            self.owner_id = self.env.user

    def _check_vip_owner(self):
        """F14: nobody is made a VIP without a dedicated owner.

        Not a constraint: those run as sudo, and the feed does not know owners.
        """
        if self.env.su:
            return
        for file in self:
            if file.is_vip and not file.owner_id:
                raise ValidationError(
                    self.env._(
                        "Choose who looks after %s: a VIP has a dedicated owner.",
                        file.partner_id.display_name,
                    )
                )
