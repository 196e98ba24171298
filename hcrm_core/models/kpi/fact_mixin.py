from odoo import fields, models


def labels_of(model, name):
    """Selection of a fact: the translated labels of the field it is taken from."""
    return lambda self: self.env[model]._fields[name]._description_selection(self.env)


class HcrmFactMixin(models.AbstractModel):
    """Figures without names (R3): what every view of the star schema has.

    A fact view is a query over the mirrored facts, never a table of its own, so it
    cannot be out of date. Its id is that of the fact it counts. It has no person,
    and holds restricted people too: they count, but nobody learns who they are.
    """

    _name = "hcrm.fact.mixin"
    _description = "Figures"
    _rec_name = "day"

    company_id = fields.Many2one("res.company", "Legal Entity", readonly=True)
    campus_id = fields.Many2one("hcrm.campus", readonly=True)
    department_id = fields.Many2one("hcrm.department", readonly=True)
    day = fields.Date(readonly=True, help="Local date in the hospital's time zone.")
    month = fields.Date(readonly=True, help="First day of the month of the day.")
