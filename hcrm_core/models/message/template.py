from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.template_text import codes
from .purposes import PURPOSES

# the words stand still from approval on; these may still change
FREE = frozenset(("state", "approved_by_id", "date_approved", "owner_id", "note"))


class HcrmTemplate(models.Model):
    """One message in all its channels, languages and lengths.

    Its words are approved once and then stand still; nothing else is sent. What may
    be filled in is a closed list (``_get_variables``): no code of a user is run.
    """

    _name = "hcrm.template"
    _inherit = ["hcrm.template.renderer"]
    _description = "Message Template"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    code = fields.Char(
        required=True, copy=False, help="Short name for rules and other systems."
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        index="btree_not_null",
        help="Empty: for every hospital of the group.",
    )
    department_id = fields.Many2one(
        "hcrm.department", check_company=True, index="btree_not_null"
    )
    purpose = fields.Selection(PURPOSES, required=True, default="service")
    is_clinical = fields.Boolean(
        "Clinical",
        help="The words name something clinical: where others may read them, the "
        "neutral words go out instead.",
    )
    is_greeting = fields.Boolean(
        "Greeting", help="Birthday or holiday: never on a memorial day."
    )
    topic = fields.Char(help="Subject that can be stopped or held, e.g. pregnancy.")
    owner_id = fields.Many2one(
        "res.users",
        ondelete="set null",
        index="btree_not_null",
        default=lambda self: self.env.user,
    )
    note = fields.Char("When It Is Used")
    is_medical_ad = fields.Boolean(
        "Medical Advertising", help="Needs the authority's approval number (R9)."
    )
    ad_number = fields.Char("Advertising Approval")
    date_ad_end = fields.Date("Advertising Valid Until")
    state = fields.Selection(
        [("draft", "Draft"), ("approved", "Approved"), ("retired", "Retired")],
        required=True,
        default="draft",
        readonly=True,
        copy=False,
        index=True,
    )
    approved_by_id = fields.Many2one(
        "res.users", readonly=True, copy=False, ondelete="set null"
    )
    date_approved = fields.Datetime("Approved On", readonly=True, copy=False)
    text_ids = fields.One2many("hcrm.template.text", "template_id", "Texts", copy=True)
    channel_summary = fields.Char("Texts For", compute="_compute_channel_summary")

    _code_uniq = models.UniqueIndex(
        "(code, COALESCE(company_id, 0))", "There is a template with this code already."
    )
    _check_ad = models.Constraint(
        "CHECK(is_medical_ad IS NOT TRUE OR purpose = 'marketing')",
        "Advertising is marketing: choose that purpose.",
    )

    @api.depends("text_ids.channel", "text_ids.lang")
    @api.depends_context("lang")
    def _compute_channel_summary(self):
        Text = self.env["hcrm.template.text"]
        channels = dict(Text._fields["channel"]._description_selection(self.env))
        for template in self:
            names = {
                channels.get(text.channel) or self.env._("Every channel")
                for text in template.text_ids
            }
            template.channel_summary = ", ".join(sorted(names))

    def copy_data(self, default=None):
        vals_list = super().copy_data(default=default)
        for template, vals in zip(self, vals_list, strict=True):
            vals["code"] = f"{template.code}_copy"
            vals["name"] = self.env._("%s (copy)", template.name)
        return vals_list

    def write(self, vals):
        if vals.keys() - FREE:
            self._check_open()
        return super().write(vals)

    def _check_open(self):
        """Approved words stand still; the library and its upgrades come as superuser."""
        if self.env.su:
            return
        if closed := self.filtered(lambda template: template.state == "approved"):
            raise UserError(
                self.env._(
                    "“%s” is approved: make it a draft first. Nothing is sent with it "
                    "until it is approved again.",
                    closed[0].name,
                )
            )

    @api.ondelete(at_uninstall=False)
    def _unlink_unused(self):
        # sudo: whether it was sent, not to whom
        Message = self.env["hcrm.message"].sudo()
        if Message.search_count([("template_id", "in", self.ids)], limit=1):
            raise UserError(
                self.env._("Messages were sent with this. Retire it instead.")
            )

    # ------------------------------------------------------------------
    # approval
    # ------------------------------------------------------------------

    def action_approve(self):
        """Say that the words may go out."""
        self._check_manager()
        self._check_complete()
        self.write(
            {
                "state": "approved",
                "approved_by_id": self.env.uid,
                "date_approved": fields.Datetime.now(),
            }
        )

    def action_draft(self):
        """Open the words again; until they are approved nothing is sent with them."""
        self.check_access("write")
        self.write({"state": "draft", "approved_by_id": False, "date_approved": False})

    def action_retire(self):
        """Keep it for the record; nothing is sent with it any more."""
        self.check_access("write")
        self.state = "retired"

    def _check_manager(self):
        if not (self.env.su or self.env.user.has_group("hcrm_core.group_manager")):
            raise UserError(
                self.env._("A manager approves templates. Ask yours to look at it.")
            )

    def _check_complete(self):
        for template in self:
            if not template.text_ids:
                raise ValidationError(
                    self.env._("Write at least one text of “%s”.", template.name)
                )
            template._check_neutral()
            template._check_advertising()

    def _check_neutral(self):
        """Whatever is clinical has words that others may read."""
        if not self.is_clinical:
            return
        for text in self.text_ids:
            if not text.body_neutral:
                raise ValidationError(
                    self.env._(
                        "%s: write the neutral words too. They go out where others may "
                        "read the message.",
                        text.display_name,
                    )
                )

    def _check_advertising(self):
        if not self.is_medical_ad:
            return
        if not self.ad_number or not self.date_ad_end:
            raise ValidationError(
                self.env._(
                    "“%s” is medical advertising: enter the approval number and until "
                    "when it is valid.",
                    self.name,
                )
            )
        for text in self.text_ids:
            if "ad_number" not in codes(text.body):
                raise ValidationError(
                    self.env._(
                        "%s: medical advertising carries its approval number. Add "
                        "{ad_number} to the text.",
                        text.display_name,
                    )
                )

    # ------------------------------------------------------------------
    # use
    # ------------------------------------------------------------------

    def _not_usable(self, company):
        """(code, sentence) why nothing may be sent with it now; None if nothing."""
        if self.state != "approved":
            return "template_draft", self.env._("“%s” is not approved.", self.name)
        if self.company_id and self.company_id != company:
            return "template_text", self.env._(
                "“%s” belongs to another hospital.", self.name
            )
        today = fields.Date.context_today(self.with_context(tz=company.hcrm_tz))
        if self.is_medical_ad and not (
            self.ad_number and self.date_ad_end and self.date_ad_end >= today
        ):
            return "template_ad", self.env._(
                "The approval of the advertising “%s” is missing or over.", self.name
            )
        return None
