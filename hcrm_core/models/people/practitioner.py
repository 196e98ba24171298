from odoo import fields, models


class HcrmPractitioner(models.Model):
    """A doctor, nurse or therapist as the HIS names them on its facts."""

    _name = "hcrm.practitioner"
    _description = "Practitioner"
    _order = "name, id"
    _check_company_auto = True

    name = fields.Char(required=True, index="trigram")
    code = fields.Char(index=True, help="Staff number in the HIS.")
    title = fields.Char()
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    department_id = fields.Many2one("hcrm.department", index=True, check_company=True)
    user_id = fields.Many2one("res.users", index="btree_not_null")
    date_left = fields.Date(help="Left the hospital on this day.")
