from odoo import fields, models


class HcrmPersonProfile(models.Model):
    """What only people tell: habits, living situation, preferences (F23-F25)."""

    _name = "hcrm.person.profile"
    _inherit = ["hcrm.person.mixin"]
    _description = "Person Profile"
    _rec_name = "partner_id"

    partner_id = fields.Many2one(
        "res.partner", "Person", required=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
    )
    preferred_practitioner_id = fields.Many2one(
        "hcrm.practitioner", ondelete="set null"
    )
    preferred_time = fields.Selection(
        [
            ("morning", "Morning"),
            ("noon", "Noon"),
            ("afternoon", "Afternoon"),
            ("evening", "Evening"),
        ]
    )
    spoken_language = fields.Char(help="Language or dialect spoken, e.g. Cantonese.")
    diet = fields.Char()
    occupation = fields.Char()
    education = fields.Selection(
        [
            ("primary", "Primary school"),
            ("secondary", "Secondary school"),
            ("college", "College"),
            ("university", "University"),
        ]
    )
    marital_status = fields.Selection(
        [
            ("single", "Single"),
            ("married", "Married"),
            ("divorced", "Divorced"),
            ("widowed", "Widowed"),
        ]
    )
    living = fields.Selection(
        [
            ("alone", "Alone"),
            ("partner", "With a partner"),
            ("family", "With family"),
            ("institution", "In an institution"),
        ]
    )
    has_children = fields.Selection([("yes", "Yes"), ("no", "No")])
    housing = fields.Selection([("own", "Own home"), ("rent", "Rented")])
    needs = fields.Text(help="What the person wants from the hospital, in own words.")
    psych_note = fields.Text(
        "Psychological Note",
        groups="hcrm_core.group_clinical",
        help="Fears, wishes, how to speak with the person. Clinical roles only.",
    )

    _uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)", "This person has a profile already."
    )
