from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date, format_time

from ...tools.desk_times import day_bounds, local_day

# states of the HIS in which somebody is expected, or was, at the desk of that day
_LISTED = (
    "pending",
    "booked",
    "arrived",
    "checked_in",
    "fulfilled",
    "cancelled",
    "noshow",
    "unknown",
)
_EXPECTED = ("pending", "booked", "unknown")
_OFF = ("cancelled", "noshow")
_MAX_ROWS = 1000


class HcrmDesk(models.AbstractModel):
    """What the desks of the people room show and do (R22).

    Every read is under the record rules of the user and costs the same number of
    queries for one arrival and for a thousand. Arrival is a fact of ours: it is
    written beside what the HIS says, never over it.
    """

    _name = "hcrm.desk"
    _description = "Desk"

    # ------------------------------------------------------------------
    # LANDING
    # ------------------------------------------------------------------

    @api.model
    def _get_desks(self):
        """Return the desks as (group, action) pairs; the first of the user's counts.

        Other rooms and addons prepend their own.
        """
        return [
            ("hcrm_core.group_vip_centre", "hcrm_core.hcrm_desk_vip_action"),
            ("hcrm_core.group_front_desk", "hcrm_core.hcrm_desk_front_action"),
        ]

    @api.model
    @api.readonly
    def get_home_action(self):
        """Return the action the user lands on after login: the desk of their role."""
        user = self.env.user
        for group, xmlid in self._get_desks():
            if user.has_group(group):
                return self.env["ir.actions.actions"]._for_xml_id(xmlid)
        xmlid = "hcrm_core.hcrm_desk_none_action"
        if user.has_group("hcrm_core.group_user"):
            xmlid = "hcrm_core.res_partner_action"
        return self.env["ir.actions.actions"]._for_xml_id(xmlid)

    # ------------------------------------------------------------------
    # FRONT DESK: READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_front_desk(self, campus_id=None, day=None, state="all", limit=200):
        """Return the arrivals of a day at a campus.

        :param campus_id: id of the campus, ``None`` for the user's usual one,
            ``False`` for the whole legal entity
        :param day: ``YYYY-MM-DD``; today in the entity's time zone by default
        :param state: ``all``, ``expected``, ``arrived``, ``done`` or ``off``
        :return: rows sorted by time, counts over all states, and how old the
            HIS's data is
        """
        campuses = self.env["hcrm.campus"].search(
            [("company_id", "in", self.env.companies.ids)]
        )
        if campus_id is None:
            campus = self.env.user.hcrm_campus_id & campuses
        else:
            campus = self.env["hcrm.campus"].browse(campus_id or []) & campuses
        company = campus.company_id or self.env.company
        now = fields.Datetime.now()
        today = local_day(now, company.hcrm_tz)
        day = fields.Date.to_date(day) or today
        domain = self._get_arrivals_domain(company, campus, day)
        limit = max(1, min(limit, _MAX_ROWS))
        appointments = self.env["hcrm.appointment"].search(
            domain & self._get_state_domain(state), limit=limit
        )
        counts = self._count_states(domain)
        return {
            "campus_id": campus.id,
            "campuses": [{"id": c.id, "name": c.name} for c in campuses],
            "company": company.name,
            "day": fields.Date.to_string(day),
            "day_label": self._format_day(day),
            "is_today": day == today,
            "now": self._format_hour(now, company),
            "state": state,
            "counts": counts,
            "total": counts[state],
            "rows": self._prepare_rows(appointments, company, now),
            "as_of": self._get_data_age(company),
            "can_write": self._can_write(),
        }

    def _get_arrivals_domain(self, company, campus, day, days=1):
        """Whoever is booked on the day, or was greeted on it without a slot then."""
        start, end = day_bounds(day, company.hcrm_tz, days)
        domain = Domain("company_id", "=", company.id) & (
            (
                Domain("date_start", ">=", start)
                & Domain("date_start", "<", end)
                & Domain("state", "in", _LISTED)
            )
            | (Domain("date_greeted", ">=", start) & Domain("date_greeted", "<", end))
        )
        if campus:
            # a HIS that books by department does not name the site
            domain &= Domain("campus_id", "=", campus.id) | (
                Domain("campus_id", "=", False)
                & Domain("department_id.campus_id", "=", campus.id)
            )
        return domain

    def _get_state_domain(self, state):
        """Return the appointments in a state as the desk tells it (R22).

        What our desk saw counts before a booking that the HIS has not moved yet,
        and before its "did not come".
        """
        greeted = Domain("date_greeted", "!=", False)
        match state:
            case "all":
                return Domain.TRUE
            case "expected":
                return Domain("state", "in", _EXPECTED) & ~greeted
            case "arrived":
                return Domain("state", "in", ("arrived", "checked_in")) | (
                    Domain("state", "!=", "fulfilled") & greeted
                )
            case "done":
                return Domain("state", "=", "fulfilled")
            case "off":
                return Domain("state", "in", _OFF) & ~greeted
        raise UserError(
            self.env._("There is no state “%s” at the desk; choose another.", state)
        )

    def _get_desk_state(self, appointment):
        """Return the state of one appointment; the same rule as the domain's."""
        state = appointment.state
        if state == "fulfilled":
            return "done"
        if appointment.date_greeted or state in ("arrived", "checked_in"):
            return "arrived"
        return "off" if state in _OFF else "expected"

    def _count_states(self, domain):
        counts = dict.fromkeys(("all", "expected", "arrived", "done", "off"), 0)
        groups = self.env["hcrm.appointment"]._read_group(
            domain, ["state"], ["__count", "date_greeted:count"]
        )
        for state, count, greeted in groups:
            counts["all"] += count
            if state == "fulfilled":
                counts["done"] += count
            elif state in ("arrived", "checked_in"):
                counts["arrived"] += count
            else:
                counts["arrived"] += greeted
                counts["off" if state in _OFF else "expected"] += count - greeted
        return counts

    def _prepare_rows(self, appointments, company, now):
        """Return one row per appointment, with the person as R13 tells them."""
        lines = appointments.partner_id._hcrm_desk_lines(company)
        labels = dict(appointments._fields["state"]._description_selection(self.env))
        rows = []
        for appointment in appointments:
            state = self._get_desk_state(appointment)
            rows.append(
                {
                    "id": appointment.id,
                    "person": lines[appointment.partner_id.id],
                    "time": self._format_hour(appointment.date_start, company),
                    "department": appointment.department_id.display_name or "",
                    "practitioner": appointment.practitioner_id.name or "",
                    "state": state,
                    "his_state": labels[appointment.state],
                    "is_late": bool(
                        state == "expected"
                        and appointment.date_start
                        and appointment.date_start < now
                    ),
                    "greeted": self._format_hour(appointment.date_greeted, company),
                    # the colleague's name is public in the house, their file is not
                    "greeted_by": appointment.greeted_by_id.sudo().name or "",
                }
            )
        return rows

    def _format_hour(self, moment, company):
        """Return a moment as the wall clock of the hospital, never the browser's."""
        return format_time(self.env, moment, company.hcrm_tz, "HH:mm")

    def _format_day(self, day):
        """Return a day and its weekday in the word order of the user's language."""
        # letters of a date pattern: a translation orders them, "M月d日 EEEE"
        return format_date(self.env, day, date_format=self.env._("EEEE, d MMMM"))

    def _get_data_age(self, company):
        """Return, per source of the entity, when the HIS was last read to the end.

        Where one HIS feeds the whole group, an entity without a source of its own
        is told about the group's.
        """
        # the desk may know how old its data is without access to the feed
        Run = self.env["hcrm.feed.run"].sudo()
        done = Run._read_group(
            [("state", "=", "done"), ("source_id.active", "=", True)],
            ["source_id", "company_id"],
            ["date_end:max"],
        )
        own = [row for row in done if row[1] == company]
        today = local_day(fields.Datetime.now(), company.hcrm_tz)
        ages = []
        for source, _company, moment in own or done:
            if not moment:
                continue
            day = local_day(moment, company.hcrm_tz)
            label = self._format_hour(moment, company)
            if day != today:
                label = f"{format_date(self.env, day)} {label}"
            ages.append({"source": source.name, "at": label, "is_old": day < today})
        return ages

    # ------------------------------------------------------------------
    # FRONT DESK: ONE CLICK
    # ------------------------------------------------------------------

    @api.model
    def greet(self, appointment_id):
        """Note that the person stands at our desk; return the row as it is now.

        Clicking twice, or at two desks, keeps the first arrival.
        """
        appointment = self._get_writable_appointment(appointment_id)
        if not appointment.date_greeted:
            now = fields.Datetime.now()
            # facts are read-only to users; these two columns are the desk's own
            appointment.sudo().write(
                {"date_greeted": now, "greeted_by_id": self.env.uid}
            )
            self._log_arrival(appointment, "desk_arrived", now)
        return self._prepare_row(appointment)

    @api.model
    def undo_greet(self, appointment_id):
        """Take an arrival back that was clicked on the wrong row."""
        appointment = self._get_writable_appointment(appointment_id)
        if appointment.date_greeted:
            appointment.sudo().write({"date_greeted": False, "greeted_by_id": False})
            self._log_arrival(appointment, "desk_arrival_undone", fields.Datetime.now())
        return self._prepare_row(appointment)

    def _prepare_row(self, appointment):
        return self._prepare_rows(
            appointment, appointment.company_id, fields.Datetime.now()
        )[0]

    def _log_arrival(self, appointment, code, now):
        """Append the event in the transaction of the click."""
        kind = self.env["hcrm.event.kind"].search([("code", "=", code)], limit=1)
        if not kind:  # an administrator may archive a kind no rule needs
            return
        self.env["hcrm.event"].sudo().create(
            {
                "partner_id": appointment.partner_id.id,
                "company_id": appointment.company_id.id,
                "kind_id": kind.id,
                "date_occurred": now,
                "date_learnt": now,
                "origin": "user",
                "res_model": appointment._name,
                "res_id": appointment.id,
                "key": f"{code}:{appointment.id}:{now:%Y%m%d%H%M%S}",
            }
        )

    def _can_write(self):
        return self.env.user.has_group("hcrm_core.group_register")

    def _get_writable_appointment(self, appointment_id):
        """Return an appointment the user sees, if their role works at a desk."""
        if not self._can_write():
            raise AccessError(
                self.env._(
                    "Only roles that register people may do this. Ask the front "
                    "desk, or your administrator for the right."
                )
            )
        appointment = self.env["hcrm.appointment"].browse(int(appointment_id))
        if not appointment.exists():
            raise UserError(
                self.env._(
                    "This appointment is no longer there; refresh the list and try "
                    "again."
                )
            )
        appointment.check_access("read")
        return appointment
