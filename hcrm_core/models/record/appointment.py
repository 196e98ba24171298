from datetime import timedelta

from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

# the person is expected, or here; the rest takes nobody's time any more
LIVE_STATES = ("proposed", "pending", "booked", "arrived", "checked_in")
LONGEST = timedelta(days=7)


class HcrmAppointment(models.Model):
    """A booked slot (FHIR Appointment); arrival at our desk is a fact of ours.

    Its calendar is the contact calendar (F22). Touches that other addons plan are
    tasks of the person and come through the seams of the desk, not as appointments.
    """

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
    # a calendar leaves out whatever has no end
    date_stop = fields.Datetime(
        "Until", compute="_compute_date_stop", search="_search_date_stop"
    )
    is_clash = fields.Boolean(
        "Clash",
        compute="_compute_is_clash",
        search="_search_is_clash",
        help="The person has another appointment at the same time.",
    )

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

    @api.depends("partner_id", "date_start")
    @api.depends_context("hcrm_name_person", "uid", "allowed_company_ids")
    def _compute_display_name(self):
        """The calendar says who comes; its place says when."""
        if not self.env.context.get("hcrm_name_person"):
            return super()._compute_display_name()
        for appointment in self:
            # sudo: whoever sees an appointment reads whose it is, as in a list
            name = appointment.partner_id.sudo().display_name or ""
            if appointment.is_clash:
                name = self.env._("%(person)s (clash)", person=name)
            appointment.display_name = name
        return None

    @api.depends("date_start", "date_end")
    def _compute_date_stop(self):
        for appointment in self:
            appointment.date_stop = appointment.date_end or appointment.date_start

    def _search_date_stop(self, operator, value):
        """What ends after a moment began at most a week before it: the bound keeps a
        page of the calendar on the index of the day."""
        if operator not in ("<", "<=", ">", ">="):
            return NotImplemented
        domain = Domain("date_end", operator, value) | (
            Domain("date_end", "=", False) & Domain("date_start", operator, value)
        )
        if operator in (">", ">="):
            earliest = fields.Datetime.to_datetime(value) - LONGEST
            domain &= Domain("date_start", ">=", earliest)
        return domain

    # ------------------------------------------------------------------
    # CLASHES
    # ------------------------------------------------------------------

    @api.depends("partner_id", "state", "date_start", "date_end")
    @api.depends_context("uid", "allowed_company_ids")
    def _compute_is_clash(self):
        clashes = self.search([("id", "in", self.ids), ("is_clash", "=", True)])
        for appointment in self:
            appointment.is_clash = appointment.id in clashes._ids

    def _search_is_clash(self, operator, value):
        """Live appointments that meet another live one the user may see.

        Of one that is hidden from the user nothing is told, not even that it is
        there. Where the end is not known, the start is all that can meet.
        """
        if operator != "in" or True not in value:
            return NotImplemented
        live = Domain("state", "in", LIVE_STATES)
        seen = self._search(live)
        return live & Domain.custom(
            to_sql=lambda model, alias, query: model._clash_sql(alias, query, seen)
        )

    @api.model
    def _clash_sql(self, alias, query, seen):
        """:param seen: query of the appointments that count for the user"""
        return SQL(
            """EXISTS (
                   SELECT FROM hcrm_appointment clash
                   WHERE clash.partner_id = %(person)s AND clash.id != %(id)s
                     AND clash.id IN %(seen)s
                     AND (clash.date_start = %(start)s
                          OR clash.date_start < COALESCE(%(end)s, %(start)s)
                             AND %(start)s < COALESCE(clash.date_end, clash.date_start)))
            """,
            person=self._field_to_sql(alias, "partner_id", query),
            id=self._field_to_sql(alias, "id", query),
            start=self._field_to_sql(alias, "date_start", query),
            end=self._field_to_sql(alias, "date_end", query),
            seen=seen.subselect(),
        )

    def action_open_clashes(self):
        """Open the person's appointments that clash; the badge of the list."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_appointment_action"
        )
        action["domain"] = [
            ("partner_id", "=", self.partner_id.id),
            ("is_clash", "=", True),
        ]
        return action
