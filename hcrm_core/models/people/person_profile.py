from odoo import api, fields, models

# asked in this order, so that what the next call needs comes first (F25)
QUESTIONS = (
    "preferred_time",
    "spoken_language",
    "living",
    "has_children",
    "occupation",
    "preferred_practitioner_id",
    "diet",
    "marital_status",
    "education",
    "housing",
    "needs",
)
QUESTIONS_PER_CONTACT = 2


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
    history = fields.Text(
        "Medical History as Told",
        groups="hcrm_core.group_clinical",
        help="What the person said of former illnesses; what the HIS knows stands on "
        "the health tab.",
    )
    psych_note = fields.Text(
        "Psychological Note",
        groups="hcrm_core.group_clinical",
        help="Fears, wishes, how to speak with the person. Clinical roles only.",
    )

    completeness = fields.Integer(
        "Complete (%)",
        compute="_compute_completeness",
        aggregator="avg",
        help="Share of the questions that are answered.",
    )

    _uniq = models.Constraint(
        "UNIQUE(partner_id, company_id)", "This person has a profile already."
    )

    @api.model
    def _hcrm_merge_plan(self):
        """Profiles are joined, not moved."""
        return []

    @api.depends(*QUESTIONS)
    def _compute_completeness(self):
        for profile in self:
            answered = sum(bool(profile[name]) for name in QUESTIONS)
            profile.completeness = round(100 * answered / len(QUESTIONS))

    @api.model
    def _next_questions(self, profile):
        """Return what to ask in this contact, at most two missing fields (F25).

        :param profile: profile of the person, empty where there is none yet
        :return: list of dicts ``field``, ``label``, ``type``, ``options``
        """
        missing = [name for name in QUESTIONS if not profile[:1][name]]
        described = self.fields_get(
            missing[:QUESTIONS_PER_CONTACT], ["string", "type", "selection"]
        )
        return [
            {
                "field": name,
                "label": described[name]["string"],
                "type": described[name]["type"],
                "options": described[name].get("selection", []),
            }
            for name in missing[:QUESTIONS_PER_CONTACT]
        ]
