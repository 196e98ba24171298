import re

from odoo import api, fields, models, tools

from ...tools.phones import PhonePlan


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

    @api.model_create_multi
    def create(self, vals_list):
        self.env.registry.clear_cache()
        return super().create(vals_list)

    def write(self, vals):
        self.env.registry.clear_cache()
        return super().write(vals)

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    @api.model
    @tools.ormcache("company_id", "campus_id")
    def _phone_plan(self, company_id: int, campus_id: int = 0) -> PhonePlan:
        """Return the dialling plan of a campus, else of the entity's first campus.

        Own numbers are those of all campuses: none of them is a patient's.
        """
        campuses = self.sudo().search([("company_id", "=", company_id)])
        campus = campuses.filtered(lambda c: c.id == campus_id) or campuses[:1]
        country = campus.country_id or (
            self.env["res.company"].sudo().browse(company_id).country_id
        )
        own = ",".join(campuses.filtered("own_numbers").mapped("own_numbers"))
        return PhonePlan(
            country.code or "CN",
            campus.area_code or "",
            campus.outside_prefix or "",
            tuple(filter(None, map(str.strip, re.split(r"[,，;；\n]", own)))),
        )
