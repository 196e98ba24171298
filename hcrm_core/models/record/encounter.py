from odoo import fields, models


class HcrmEncounter(models.Model):
    """A visit or stay (FHIR Encounter)."""

    _name = "hcrm.encounter"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Visit"
    _rec_name = "number"
    _order = "date_start desc, id desc"

    encounter_id = fields.Many2one(string="Part Of")
    number = fields.Char(help="Visit or admission number of the HIS.")
    kind = fields.Selection(
        [
            ("outpatient", "Outpatient"),
            ("emergency", "Emergency"),
            ("inpatient", "Inpatient"),
            ("checkup", "Check-up"),
            ("home", "Home visit"),
            ("virtual", "Online"),
            ("other", "Other"),
        ],
        required=True,
    )
    state = fields.Selection(
        [
            ("planned", "Planned"),
            ("arrived", "Arrived"),
            ("in_progress", "In progress"),
            ("onleave", "On leave"),
            ("finished", "Finished"),
            ("cancelled", "Cancelled"),
            ("unknown", "Unknown"),
        ],
        required=True,
    )
    date_start = fields.Datetime()
    date_end = fields.Datetime()
    campus_id = fields.Many2one("hcrm.campus", ondelete="set null")
    department_id = fields.Many2one("hcrm.department", ondelete="set null")
    practitioner_id = fields.Many2one(
        "hcrm.practitioner", index="btree_not_null", ondelete="set null"
    )
    ward = fields.Char()
    bed = fields.Char()
    type_code = fields.Char(groups="hcrm_core.group_clinical")
    type_name = fields.Char(groups="hcrm_core.group_clinical")
    reason = fields.Char(groups="hcrm_core.group_clinical")
    discharge_to = fields.Char("Discharged To", groups="hcrm_core.group_clinical")

    # card, timeline and "was this person ever in my department"
    _partner_idx = models.Index(
        "(partner_id, date_start DESC) INCLUDE (department_id, state)"
    )
    # desks: who is here today, by campus and department
    _day_idx = models.Index("(company_id, date_start DESC)")
    # bed list and discharges: the few that are open
    _open_idx = models.Index(
        "(company_id, department_id) WHERE state IN ('arrived', 'in_progress', 'onleave')"
    )
