from odoo import fields, models


class HcrmIdentifierType(models.Model):
    """A kind of identity number (R1), and which of its values must be unique."""

    _name = "hcrm.identifier.type"
    _description = "Identifier Type"
    _order = "sequence, id"

    name = fields.Char(required=True, translate=True)
    code = fields.Char(required=True, help="Code used by feeds, e.g. MR, RIC, PPN.")
    system = fields.Char("System URI", help="FHIR identifier.system of this type.")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    is_unique = fields.Boolean(
        default=True, help="One value belongs to one person (per entity if per entity)."
    )
    is_per_company = fields.Boolean(
        help="Values are given out per legal entity, as an MRN."
    )
    is_strong = fields.Boolean(help="The feed may match a person by it.")
    is_national = fields.Boolean(help="Masked outside the roles that need it.")
    validator = fields.Selection(
        [
            ("none", "None"),
            ("ric", "Resident identity card"),
            ("ric15", "15-digit card"),
            ("hmt", "Hong Kong, Macau or Taiwan residence permit"),
            ("hrp", "Home-return permit"),
            ("twp", "Taiwan compatriot permit"),
            ("fpr", "Foreign permanent resident card"),
            ("ppn", "Passport"),
            ("mil", "Military card"),
            ("bc", "Birth certificate"),
            ("ssn", "Medical insurance number"),
        ],
        required=True,
        default="none",
    )

    _code_uniq = models.Constraint(
        "UNIQUE(code)", "An identifier type code is used once."
    )
