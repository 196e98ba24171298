from odoo import api, fields, models


class HcrmDuplicateCandidate(models.Model):
    """Two cards that may be one person, for a clerk to decide."""

    _name = "hcrm.duplicate.candidate"
    _inherit = ["hcrm.person.mixin"]
    _description = "Possible Duplicate"
    _rec_name = "left_id"
    _order = "id desc"
    _person_fields = ("left_id", "right_id")

    left_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="cascade"
    )
    right_id = fields.Many2one(
        "res.partner", required=True, index=True, ondelete="cascade"
    )
    reason = fields.Char(required=True)
    state = fields.Selection(
        [("open", "To decide"), ("distinct", "Two people"), ("merged", "Merged")],
        required=True,
        default="open",
        index=True,
    )
    decided_by_id = fields.Many2one("res.users", readonly=True)
    date_decided = fields.Datetime(readonly=True)

    # side by side; related fields keep the rights of whoever compares
    left_gender = fields.Selection(
        string="Sex, One Card", related="left_id.hcrm_gender", related_sudo=False
    )
    right_gender = fields.Selection(
        string="Sex, Other Card", related="right_id.hcrm_gender", related_sudo=False
    )
    left_birthdate = fields.Date(
        "Birth Date, One Card", related="left_id.hcrm_birthdate", related_sudo=False
    )
    right_birthdate = fields.Date(
        "Birth Date, Other Card", related="right_id.hcrm_birthdate", related_sudo=False
    )
    left_mrn = fields.Char(
        "Medical Record Number, One Card",
        related="left_id.hcrm_mrn",
        related_sudo=False,
    )
    right_mrn = fields.Char(
        "Medical Record Number, Other Card",
        related="right_id.hcrm_mrn",
        related_sudo=False,
    )
    left_city = fields.Char(
        "City, One Card", related="left_id.city", related_sudo=False
    )
    right_city = fields.Char(
        "City, Other Card", related="right_id.city", related_sudo=False
    )
    left_last_visit = fields.Date(
        "Last Visit, One Card", related="left_id.hcrm_last_visit", related_sudo=False
    )
    right_last_visit = fields.Date(
        "Last Visit, Other Card", related="right_id.hcrm_last_visit", related_sudo=False
    )
    left_numbers = fields.Char("Identity Numbers, One Card", compute="_compute_numbers")
    right_numbers = fields.Char(
        "Identity Numbers, Other Card", compute="_compute_numbers"
    )
    left_phones = fields.Char("Phones, One Card", compute="_compute_numbers")
    right_phones = fields.Char("Phones, Other Card", compute="_compute_numbers")

    _uniq = models.Constraint(
        "UNIQUE(left_id, right_id)", "This pair is in the queue already."
    )
    _check_order = models.Constraint(
        "CHECK(left_id < right_id)", "The lower id stands on the left."
    )

    @api.model
    def _hcrm_merge_plan(self):
        """A pair that was joined is closed."""
        return []

    def _compute_numbers(self):
        """Show the last four characters: enough to compare, too few to copy."""
        for candidate in self:
            for side in ("left", "right"):
                partner = candidate[f"{side}_id"]
                numbers = partner.hcrm_identifier_ids.mapped("value_norm")
                points = partner.hcrm_contact_point_ids.filtered(
                    lambda point: point.system == "phone" and not point.is_wrong
                )
                candidate[f"{side}_numbers"] = self._tails(numbers)
                candidate[f"{side}_phones"] = self._tails(points.mapped("number"))

    def _tails(self, numbers):
        return ", ".join(f"…{number[-4:]}" for number in numbers)

    def action_distinct(self):
        """These are two people: the pair is not proposed again."""
        self._decide("distinct")

    def action_reopen(self):
        self.write({"state": "open", "decided_by_id": False, "date_decided": False})

    def _decide(self, state):
        self.write(
            {
                "state": state,
                "decided_by_id": self.env.uid,
                "date_decided": fields.Datetime.now(),
            }
        )

    def action_open_left(self):
        return self.left_id.action_hcrm_open_card()

    def action_open_right(self):
        return self.right_id.action_hcrm_open_card()
