"""Rows of Odoo's own models that name a person whom the user may not see.

Odoo shows them to every employee: who follows what, who was notified, whose
appointment, whose bank account. Without these a restricted person, or one of
another entity, would leave a trace (R3, R8).
"""

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL


class HcrmTraceMixin(models.AbstractModel):
    """A row of a stock model that names people, seen only by who may see them."""

    _name = "hcrm.trace.mixin"
    _description = "Trace of a Person"

    # fields that hold the person's id
    _trace_fields = ("partner_id",)

    hcrm_is_unseen = fields.Boolean(
        "Unseen Person",
        compute="_compute_hcrm_is_unseen",
        search="_search_hcrm_is_unseen",
        help="Names a person whom the user may not see.",
    )

    @api.depends(lambda self: self._trace_fields)
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_hcrm_is_unseen(self):
        # sudo: asked by the record rule
        seen_sudo = self.sudo().search(
            [("id", "in", self.ids), ("hcrm_is_unseen", "=", False)]
        )
        for record in self:
            record.hcrm_is_unseen = record.id not in seen_sudo._ids

    def _search_hcrm_is_unseen(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        wanted = (operator == "in") == (True in value)
        return Domain.custom(
            to_sql=lambda model, alias, query: SQL(
                "%s(%s)",
                SQL() if wanted else SQL("NOT "),
                SQL(" OR ").join(model._unseen_sqls(alias)),
            )
        )

    @api.model
    def _unseen_sqls(self, alias):
        """Return one SQL condition for each way a row names a person."""
        Partner = self.env["res.partner"]
        return [
            Partner._hcrm_unseen_sql(
                SQL.identifier(alias, name, to_flush=self._fields[name])
            )
            for name in self._trace_fields
        ]


class MailFollowers(models.Model):
    _name = "mail.followers"
    _inherit = ["mail.followers", "hcrm.trace.mixin"]

    @api.model
    def _unseen_sqls(self, alias):
        unseen = self.env["res.partner"]._hcrm_unseen_sql(
            SQL.identifier(alias, "res_id", to_flush=self._fields["res_id"])
        )
        on_a_person = SQL("%s = 'res.partner'", SQL.identifier(alias, "res_model"))
        return [*super()._unseen_sqls(alias), SQL("(%s AND %s)", on_a_person, unseen)]


class MailNotification(models.Model):
    _name = "mail.notification"
    _inherit = ["mail.notification", "hcrm.trace.mixin"]

    _trace_fields = ("res_partner_id",)


class CalendarAttendee(models.Model):
    _name = "calendar.attendee"
    _inherit = ["calendar.attendee", "hcrm.trace.mixin"]


class ResPartnerBank(models.Model):
    _name = "res.partner.bank"
    _inherit = ["res.partner.bank", "hcrm.trace.mixin"]
