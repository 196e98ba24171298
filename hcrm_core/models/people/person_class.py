from odoo import api, fields, models, tools


class HcrmPersonClass(models.Model):
    """What a person is to a hospital: patient, family, healthy, prospect ...

    The feed only ever raises a class by ``rank``: a prospect becomes an
    outpatient on the first visit and an inpatient on the first admission.
    """

    _name = "hcrm.person.class"
    _description = "Person Class"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    rank = fields.Integer(
        help="The feed raises a class to a higher rank, never lowers it."
    )
    is_patient = fields.Boolean(help="Counted as a patient in figures.")
    color = fields.Integer()
    active = fields.Boolean(default=True)

    _code_uniq = models.Constraint("UNIQUE(code)", "A class code is used once.")

    @api.model_create_multi
    def create(self, vals_list):
        classes = super().create(vals_list)
        self.env.registry.clear_cache()
        return classes

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    @api.model
    @tools.ormcache("lang")
    def _get_names(self, lang: str) -> dict[int, str]:
        """Return {id: name} of every class; asked at each call that comes in."""
        # sudo: names of classes, the same for everybody
        Class_sudo = self.sudo().with_context(lang=lang, active_test=False)
        classes_sudo = Class_sudo.search([])  # pylint: disable=no-search-all
        return {record.id: record.name for record in classes_sudo}
