from odoo import fields, models


class HcrmCampus(models.Model):
    """A site of a legal entity, with its own telephone exchange (R3, R14)."""

    _name = "hcrm.campus"
    _description = "Campus"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Code of the site in the HIS.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    country_id = fields.Many2one(
        "res.country", help="Country of its telephone numbers."
    )
    area_code = fields.Char(help="Area code of local numbers, e.g. 021.")
    outside_prefix = fields.Char(help="Digits dialled for an outside line, e.g. 9.")
    own_numbers = fields.Char(
        help="The hospital's own numbers: prefixes, comma-separated. Never a patient's."
    )

    _code_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "A campus code is used once per legal entity."
    )
