from odoo import fields, models


class HcrmPersonIdentifier(models.Model):
    """An identity number as people see it: type, value, who gave it, how long."""

    _name = "hcrm.person.identifier"
    _inherit = ["hcrm.person.mixin"]
    _description = "Person Identifier"
    _rec_name = "value"
    _order = "id"
    _log_access = False

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, index=True, ondelete="cascade"
    )
    type_id = fields.Many2one(
        "hcrm.identifier.type", required=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company",
        "Given By",
        index=True,
        help="Legal entity that gave it; empty for national and foreign papers.",
    )
    value = fields.Char(required=True)
    value_norm = fields.Char(
        required=True, readonly=True, help="Upper case, without spaces and dashes."
    )
    assigner = fields.Char()
    date_start = fields.Date()
    date_end = fields.Date()
    is_unique = fields.Boolean(
        readonly=True,
        help="Copied from the type; off for the later of two people who claim it, "
        "which are then in the duplicate queue.",
    )
    hint = fields.Char(
        readonly=True, help="What is unusual about the number, in words."
    )

    # the person is found by it, and no two people hold it
    _unique_idx = models.UniqueIndex(
        "(type_id, COALESCE(company_id, 0), value_norm) WHERE is_unique",
        "Another person holds this number.",
    )
    _person_uniq = models.UniqueIndex(
        "(partner_id, type_id, COALESCE(company_id, 0), value_norm)",
        "This person has this number already.",
    )
    # feed matching and search by number of any type
    _value_norm_idx = models.Index("(value_norm text_pattern_ops)")
