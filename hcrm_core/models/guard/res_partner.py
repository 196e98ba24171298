from odoo import api, models

# strictest last
CLASS_RANK = {"normal": 0, "staff": 1, "public": 2, "sensitive": 3}

# who sees a person hangs on these: the suite keeps them, no client writes them
GUARDED_FIELDS = frozenset(
    ("hcrm_metrics_id", "hcrm_confidentiality", "hcrm_merged_into_id")
)


class ResPartner(models.Model):
    _inherit = "res.partner"

    @api.model
    def _has_field_access(self, field, operation):
        if operation == "write" and field.name in GUARDED_FIELDS and not self.env.su:
            return False
        return super()._has_field_access(field, operation)

    @api.constrains("hcrm_metrics_id")
    def _check_hcrm_no_colleague(self):
        self.filtered("hcrm_metrics_id").user_ids._check_not_a_person()

    def _hcrm_spread_confidentiality(self):
        """Keep the strictest class of its hospital files on each person."""
        # sudo: files of every entity count, also those this user does not see
        partners_sudo = self.sudo()
        classes_by_partner = {
            partner: classes
            for partner, classes in self.env["hcrm.person.company"]
            .sudo()
            ._read_group(
                [("partner_id", "in", partners_sudo.ids)],
                ["partner_id"],
                ["confidentiality:array_agg"],
            )
        }
        for partner_sudo in partners_sudo:
            classes = classes_by_partner.get(partner_sudo, ["normal"])
            strictest = max(classes, key=CLASS_RANK.__getitem__)
            strictest = False if strictest == "normal" else strictest
            if (partner_sudo.hcrm_confidentiality or False) != strictest:
                partner_sudo.hcrm_confidentiality = strictest
