from odoo import SUPERUSER_ID, api, fields, models


class HcrmDepartment(models.Model):
    """A clinical or service department at a campus."""

    _name = "hcrm.department"
    _description = "Hospital Department"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    campus_id = fields.Many2one("hcrm.campus", index=True, check_company=True)
    parent_id = fields.Many2one("hcrm.department", index=True, check_company=True)
    is_sensitive = fields.Boolean(
        help="HIV, psychiatry, reproduction, addiction, assault: outside clinical "
        "roles only the neutral label is shown (R8)."
    )
    neutral_name = fields.Char(translate=True, help="Shown instead of the name.")
    user_ids = fields.Many2many(
        "res.users",
        "hcrm_department_user_rel",
        "department_id",
        "user_id",
        "Staff",
    )

    _code_uniq = models.Constraint(
        "UNIQUE(company_id, code)", "A department code is used once per legal entity."
    )

    @api.depends("name", "neutral_name", "is_sensitive")
    @api.depends_context("uid", "lang")
    def _compute_display_name(self):
        """Label a sensitive department neutrally for whoever has no clinical role.

        Works on departments the user may not read: facts show where a person was,
        the record rule keeps the name itself from search and from reading.
        """
        is_named = self.env.uid == SUPERUSER_ID or self.env.user.has_group(
            "hcrm_core.group_clinical"
        )
        for department in self:
            # sudo: see the docstring
            department_sudo = department.sudo()
            if department_sudo.is_sensitive and not is_named:
                department.display_name = department_sudo.neutral_name or self.env._(
                    "Specialist clinic"
                )
            else:
                department.display_name = department_sudo.name
