from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.fields import Domain

from ...tools.desk_times import local_day


class HcrmReception(models.Model):
    """How the VIP centre receives one arrival: who greets, in which room, with whom.

    A plan of ours beside the HIS's appointment. Rows: one per planned arrival;
    they go with the appointment.
    """

    _name = "hcrm.reception"
    _inherit = ["hcrm.person.mixin"]
    _description = "Reception"
    _rec_name = "partner_id"
    _order = "id desc"
    _person_fields = ("partner_id", "companion_id")

    appointment_id = fields.Many2one(
        "hcrm.appointment", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        related="appointment_id.partner_id", store=True, index=True, string="Person"
    )
    company_id = fields.Many2one(related="appointment_id.company_id", store=True)
    greeter_id = fields.Many2one(
        "res.users", "Who Greets", index="btree_not_null", ondelete="set null"
    )
    room = fields.Char()
    companion_id = fields.Many2one(
        "res.partner", index="btree_not_null", ondelete="set null"
    )
    note = fields.Char()
    state = fields.Selection(
        [("planned", "Planned"), ("greeted", "Greeted")],
        required=True,
        default="planned",
        copy=False,
    )

    _appointment_uniq = models.Constraint(
        "UNIQUE(appointment_id)", "This arrival has a reception already."
    )

    # ------------------------------------------------------------------
    # DESK
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_vip_centre(self, day=None):
        """Return the arrivals of VIP and restricted people, today and tomorrow.

        People stand under their alias. The cost does not grow with the arrivals.

        :param day: ``YYYY-MM-DD`` of the first day, today by default
        :return: two days of rows, who may greet, rooms in use, age of the data
        """
        Desk = self.env["hcrm.desk"]
        company = self.env.company
        now = fields.Datetime.now()
        first = fields.Date.to_date(day) or local_day(now, company.hcrm_tz)
        days = [first, fields.Date.add(first, days=1)]
        domain = Desk._get_arrivals_domain(company, False, first, days=2)
        appointments = self.env["hcrm.appointment"].search(
            domain & self._get_special_domain(company)
        )
        rows = self._prepare_rows(appointments, company, now)
        return {
            "company": company.name,
            "now": Desk._format_hour(now, company),
            "days": [
                {
                    "day": fields.Date.to_string(date),
                    "label": Desk._format_day(date),
                    "is_today": date == local_day(now, company.hcrm_tz),
                    "rows": [row for row in rows if row["day"] == str(date)],
                }
                for date in days
            ],
            "greeters": self._get_greeters(company),
            "rooms": sorted({row["room"] for row in rows if row["room"]}),
            "as_of": Desk._get_data_age(company),
            "can_write": self.has_access("write"),
        }

    def _get_special_domain(self, company):
        """People whose file at the entity is VIP or not of the normal class."""
        special = Domain("company_id", "=", company.id) & (
            Domain("is_vip", "=", True) | Domain("confidentiality", "!=", "normal")
        )
        return Domain("partner_id.hcrm_file_ids", "any", special)

    def _prepare_rows(self, appointments, company, now):
        rows = self.env["hcrm.desk"]._prepare_rows(appointments, company, now)
        receptions = {
            reception.appointment_id.id: reception
            for reception in self.search([("appointment_id", "in", appointments.ids)])
        }
        profiles = appointments.partner_id._hcrm_by_partner(
            "hcrm.person.profile", company, "id"
        )
        companions = self._get_companions(appointments.partner_id, company)
        for row, appointment in zip(rows, appointments, strict=True):
            reception = receptions.get(appointment.id, self.browse())
            profile = profiles.get(appointment.partner_id.id)
            moment = appointment.date_start or appointment.date_greeted
            row.update(
                day=str(local_day(moment, company.hcrm_tz)),
                greeter_id=reception.greeter_id.id,
                room=reception.room or "",
                companion_id=reception.companion_id.id,
                companion=reception.companion_id.display_name or "",
                companions=companions.get(appointment.partner_id.id, []),
                note=reception.note or "",
                language=profile and profile.spoken_language or "",
                diet=profile and profile.diet or "",
            )
        return rows

    def _get_companions(self, partners, company):
        """Return {person id: relatives who may come along}, in one query.

        Whoever must not learn of the visit is not offered (R4).
        """
        today = local_day(fields.Datetime.now(), company.hcrm_tz)
        relations = self.env["hcrm.person.relation"].search(
            Domain("partner_id", "in", partners.ids)
            & Domain("company_id", "=", company.id)
            & Domain("must_not_know", "=", False)
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", today))
        )
        labels = dict(relations._fields["kind"]._description_selection(self.env))
        companions = {}
        for relation in relations:
            companions.setdefault(relation.partner_id.id, []).append(
                {
                    "id": relation.relative_id.id,
                    "name": relation.relative_id.display_name,
                    "kind": labels[relation.kind],
                }
            )
        return companions

    def _get_greeters(self, company):
        """Return the colleagues of the VIP centre of the entity."""
        users = self.env["res.users"].search(
            [
                (
                    "all_group_ids",
                    "in",
                    self.env.ref("hcrm_core.group_vip_centre").id,
                ),
                ("company_ids", "in", company.id),
                ("share", "=", False),
            ]
        )
        return [{"id": user.id, "name": user.name} for user in users]

    @api.model
    def plan(self, appointment_id, vals):
        """Write who greets, the room, the companion or the note of one arrival.

        Creates the reception the first time. :return: the row as it is now
        """
        unknown = set(vals) - {"greeter_id", "room", "companion_id", "note"}
        if unknown:
            raise UserError(
                self.env._(
                    "A reception has no “%s” to write; change who greets, the room, "
                    "the companion or the note.",
                    ", ".join(sorted(unknown)),
                )
            )
        appointment = self.env["hcrm.desk"]._get_writable_appointment(appointment_id)
        self._upsert(appointment, vals)
        return self._prepare_row(appointment)

    @api.model
    def greet(self, appointment_id):
        """Note that the person was greeted: here, and as an arrival at our desk."""
        self.env["hcrm.desk"].greet(appointment_id)
        appointment = self.env["hcrm.appointment"].browse(int(appointment_id))
        self._upsert(appointment, {"state": "greeted"})
        return self._prepare_row(appointment)

    @api.model
    def undo_greet(self, appointment_id):
        """Take a greeting back that was clicked on the wrong row."""
        self.env["hcrm.desk"].undo_greet(appointment_id)
        appointment = self.env["hcrm.appointment"].browse(int(appointment_id))
        self._upsert(appointment, {"state": "planned"})
        return self._prepare_row(appointment)

    def _upsert(self, appointment, vals):
        """Write the reception of an appointment, made on the first write.

        Two colleagues who plan the same arrival at once meet at the unique
        constraint; the loser is asked to try again by the ORM's own message.
        """
        reception = self.search([("appointment_id", "=", appointment.id)])
        if reception:
            reception.write(vals)
        else:
            self.create({"appointment_id": appointment.id, **vals})

    def _prepare_row(self, appointment):
        return self._prepare_rows(
            appointment, appointment.company_id, fields.Datetime.now()
        )[0]
