from odoo import fields, models


class HcrmAppointment(models.Model):
    """A booked slot (FHIR Appointment); arrival at our desk is a fact of ours."""

    _name = "hcrm.appointment"
    _inherit = ["hcrm.record.mixin"]
    _log_access = False
    _description = "Appointment"
    _rec_name = "date_start"
    _order = "date_start, id"

    state = fields.Selection(
        [
            ("proposed", "Proposed"),
            ("pending", "Pending"),
            ("booked", "Booked"),
            ("arrived", "Arrived"),
            ("checked_in", "Checked in"),
            ("fulfilled", "Fulfilled"),
            ("cancelled", "Cancelled"),
            ("noshow", "Did not come"),
            ("waitlist", "Waiting list"),
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
    service = fields.Char(groups="hcrm_core.group_clinical")
    channel = fields.Char(help="How it was booked, as the HIS says.")
    cancel_reason = fields.Char()
    date_booked = fields.Datetime()
    # what our own desk saw; never written to the HIS
    date_greeted = fields.Datetime("Arrived at Our Desk", readonly=True)
    greeted_by_id = fields.Many2one("res.users", readonly=True, ondelete="set null")

    # card, timeline and "is this person booked in my department"
    _partner_idx = models.Index(
        "(partner_id, date_start DESC) INCLUDE (department_id, state)"
    )
    # front desk: arrivals of a day
    _day_idx = models.Index("(company_id, date_start)")
    # ... and whoever came on another day than booked
    _greeted_idx = models.Index(
        "(company_id, date_greeted) WHERE date_greeted IS NOT NULL"
    )
