from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL

from ...tools.merge_plan import Move


class HcrmPersonMixin(models.AbstractModel):
    """What belongs to a person and is hidden with a restricted one (R8).

    ``is_hidden`` and ``is_own_patient`` are the leaves of the record rules.
    ``is_hidden`` becomes one anti-join on the primary key of the partner, so that
    it costs a single look-up per row on a card and a small hash over the few
    restricted people in a count of millions; a domain over ``partner_id`` would
    compute the whole set on every read.
    """

    _name = "hcrm.person.mixin"
    _description = "Belongs to a Person"

    # the record is hidden when one of these people is
    _person_fields = ("partner_id",)

    is_hidden = fields.Boolean(
        "Restricted",
        compute="_compute_is_hidden",
        search="_search_is_hidden",
        help="A restricted person whom the user has no grant to see.",
    )
    is_own_patient = fields.Boolean(
        "Patient of My Departments",
        compute="_compute_is_own_patient",
        search="_search_is_own_patient",
        help="The person was seen or is booked in a department of the user, or the "
        "user has a grant.",
    )

    @api.model
    def _hcrm_merge_plan(self) -> list[Move]:
        """What moves when one card comes to stand for another: all that names one.

        A model with a unique key says so, one that stays says nothing.
        """
        if self._abstract or not self._auto or self._transient:
            return []
        return [
            Move(self._name, field.name)
            for field in self._fields.values()
            if field.type == "many2one"
            and field.comodel_name == "res.partner"
            and field.store
        ]

    @api.depends(lambda self: self._get_hidden_depends())
    @api.depends_context("uid")
    def _compute_is_hidden(self):
        for record in self:
            record.is_hidden = any(
                record[name].sudo().hcrm_is_hidden for name in self._person_fields
            )

    @api.model
    def _get_hidden_depends(self):
        return [f"{name}.hcrm_is_hidden" for name in self._person_fields]

    def _search_is_hidden(self, operator, value):
        if operator not in ("in", "not in"):
            return NotImplemented
        wanted = (operator == "in") == (True in value)
        Partner = self.env["res.partner"]
        domains = [
            Domain.custom(
                to_sql=lambda model, alias, query, name=name: Partner._hcrm_hidden_sql(
                    model._field_to_sql(alias, name, query), wanted
                )
            )
            for name in self._person_fields
        ]
        return Domain.OR(domains) if wanted else Domain.AND(domains)

    @api.depends(lambda self: self._person_fields)
    @api.depends_context("uid")
    def _compute_is_own_patient(self):
        # sudo: asked by the record rule
        own_sudo = self.sudo().search(
            [("id", "in", self.ids), ("is_own_patient", "=", True)]
        )
        for record in self:
            record.is_own_patient = record.id in own_sudo._ids

    def _search_is_own_patient(self, operator, value):
        if operator != "in" or True not in value:
            return NotImplemented
        return Domain.custom(
            to_sql=lambda model, alias, query: model._own_patient_sql(
                model._field_to_sql(alias, model._person_fields[0], query)
            )
        )

    @api.model
    def _own_patient_sql(self, person):
        """:param SQL person: the person's id in the query around it"""
        Encounter = self.env["hcrm.encounter"]
        Appointment = self.env["hcrm.appointment"]
        Access = self.env["hcrm.person.access"]
        return SQL(
            "(EXISTS (SELECT FROM hcrm_encounter own"
            " WHERE own.partner_id = %(person)s AND own.department_id IN %(departments)s"
            " AND own.state != 'cancelled')"
            " OR EXISTS (SELECT FROM hcrm_appointment own"
            " WHERE own.partner_id = %(person)s AND own.department_id IN %(departments)s"
            " AND own.state NOT IN ('cancelled', 'noshow'))"
            " OR EXISTS (SELECT FROM hcrm_person_access own"
            " WHERE own.partner_id = %(person)s AND own.user_id = %(uid)s"
            " AND own.date_start <= %(now)s"
            " AND (own.date_end IS NULL OR own.date_end > %(now)s)))",
            person=person,
            # sudo: departments of the user, whatever their rules
            departments=tuple(self.env.user.sudo().hcrm_department_ids.ids) or (None,),
            uid=self.env.uid,
            now=fields.Datetime.now(),
            to_flush=(
                *(
                    M._fields[f]
                    for M in (Encounter, Appointment)
                    for f in ("partner_id", "department_id", "state")
                ),
                *(
                    Access._fields[f]
                    for f in ("partner_id", "user_id", "date_start", "date_end")
                ),
            ),
        )
