from odoo import fields, models


class ResCompany(models.Model):
    _inherit = "res.company"

    hcrm_export_policy = fields.Selection(
        [
            ("right", "Whoever may export in Odoo"),
            ("officers", "Export officers"),
            ("locked", "Nobody"),
        ],
        "Export of People",
        required=True,
        default="right",
        help="Who may export people and what belongs to them. Every export is a row "
        "of the access log.",
    )
