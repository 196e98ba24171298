from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ResUsers(models.Model):
    _inherit = "res.users"

    hcrm_is_export_locked = fields.Boolean(
        "Exports of People Locked",
        readonly=True,
        copy=False,
        help="Set and lifted on the privacy officer's desk.",
    )

    def _hcrm_closed_classes(self):
        """Return the confidentiality classes this user sees by grant alone (R8).

        Looking after public persons is a role; staff and legally sensitive people
        are seen by their care team and by nobody's role. Called by record rules.
        """
        if self.has_group("hcrm_core.group_confidential"):
            return ["staff", "sensitive"]
        return ["staff", "public", "sensitive"]

    @api.constrains("partner_id", "group_ids")
    def _check_not_a_person(self):
        """The contact of a colleague is seen by everybody, a person's card is not."""
        for user in self:
            if user._is_internal() and user.partner_id.sudo().hcrm_metrics_id:
                raise ValidationError(
                    self.env._(
                        "%s is the card of a person known to the hospital. Create the "
                        "user with a contact of its own: what colleagues see of each "
                        "other is no patient's card.",
                        user.partner_id.sudo().display_name,
                    )
                )
