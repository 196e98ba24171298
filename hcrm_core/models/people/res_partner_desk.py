from odoo import api, fields, models
from odoo.fields import Domain
from odoo.tools import SQL, format_date

from ...tools.desk_times import day_bounds, local_day


class ResPartner(models.Model):
    """How a desk tells people apart: the line of R13, and the one search box."""

    _inherit = "res.partner"

    @api.model
    @api.readonly
    def hcrm_desk_search(self, text, limit=20):
        """Return the people a clerk may mean, those booked today first.

        Words are met all together, as ``hcrm.person.search`` reads them ("王伟 1980").
        The number of queries does not depend on how many are found.

        :return: ``{"people": [line], "has_more": bool}``
        """
        if not (text or "").strip():
            return {"people": [], "has_more": False}
        limit = max(1, min(limit, 50))
        company = self.env.company
        today = local_day(fields.Datetime.now(), company.hcrm_tz)
        partners = self.search(
            Domain("hcrm_metrics_id", "!=", False)
            & Domain("display_name", "ilike", text),
            limit=limit + 1,
        )
        has_more = len(partners) > limit
        partners = partners[:limit]
        lines = partners._hcrm_desk_lines(company)
        slots = partners._hcrm_desk_today(company, today)
        departments = partners._hcrm_last_departments()
        for partner in partners:
            lines[partner.id].update(
                today=slots.get(partner.id, ""),
                last_department=departments.get(partner.id, ""),
            )
        people = sorted(
            (lines[partner.id] for partner in partners),
            key=lambda line: (line["today"] or "~", line["last_visit_iso"] == ""),
        )
        return {"people": people, "has_more": has_more}

    def _hcrm_desk_lines(self, company):
        """Return {partner id: line} with all a desk needs to tell namesakes apart."""
        files = self._hcrm_by_partner("hcrm.person.company", company, "id")
        phones = self._hcrm_by_partner(
            "hcrm.contact.point",
            company,
            "rank, id",
            Domain("system", "=", "phone")
            & Domain("is_wrong", "=", False)
            & Domain("is_junk", "=", False)
            & (Domain("use", "=", False) | Domain("use", "!=", "old")),
        )
        numbers = self._hcrm_by_partner(
            "hcrm.person.identifier", company, "id", Domain("type_id.code", "=", "MR")
        )
        sexes = dict(self._fields["hcrm_gender"]._description_selection(self.env))
        lines = {}
        for partner in self:
            file = files.get(partner.id)
            phone = phones.get(partner.id)
            number = numbers.get(partner.id)
            last_visit = file and file.date_last_visit
            is_restricted = partner.hcrm_confidentiality not in (False, "normal")
            lines[partner.id] = {
                "id": partner.id,
                "name": (is_restricted and file and file.alias) or partner.display_name,
                "sex": sexes.get(partner.hcrm_gender, ""),
                "age": partner._hcrm_age_label(),
                "birth_year": partner.hcrm_birthdate and partner.hcrm_birthdate.year,
                "phone_tail": phone and phone.number[-4:] or "",
                "phone_id": phone and phone.id or False,
                "mrn_tail": number and number.value_masked[-4:] or "",
                "last_visit": last_visit and format_date(self.env, last_visit) or "",
                "last_visit_iso": fields.Date.to_string(last_visit) or "",
                "class": file and file.class_id.name or "",
                "alert": file and file.alert or "",
                "is_vip": bool(file and file.is_vip),
                "is_restricted": is_restricted,
                "is_deceased": partner.hcrm_status == "deceased",
            }
        return lines

    def _hcrm_by_partner(self, model, company, order, domain=Domain.TRUE):
        """Return {partner id: first record of the entity}, in one query."""
        records = self.env[model].search(
            Domain("partner_id", "in", self.ids)
            & Domain("company_id", "=", company.id)
            & domain,
            order=order,
        )
        first = {}
        for record in records:
            first.setdefault(record.partner_id.id, record)
        return first

    def _hcrm_desk_today(self, company, today):
        """Return {partner id: time of the first slot today} as "HH:MM"."""
        start, end = day_bounds(today, company.hcrm_tz)
        slots = self.env["hcrm.appointment"]._read_group(
            [
                ("partner_id", "in", self.ids),
                ("company_id", "=", company.id),
                ("date_start", ">=", start),
                ("date_start", "<", end),
                ("state", "not in", ("cancelled", "noshow", "proposed", "waitlist")),
            ],
            ["partner_id"],
            ["date_start:min"],
        )
        Desk = self.env["hcrm.desk"]
        return {
            partner.id: Desk._format_hour(moment, company) for partner, moment in slots
        }

    def _hcrm_last_departments(self):
        """Return {partner id: department of the last visit}, neutral where needed."""
        if not self:
            return {}
        Encounter = self.env["hcrm.encounter"]
        query = Encounter._search(
            [
                ("partner_id", "in", self.ids),
                ("department_id", "!=", False),
                ("date_start", "!=", False),
            ]
        )
        query.order = SQL("partner_id, date_start DESC")
        rows = self.env.execute_query(
            query.select(SQL("DISTINCT ON (partner_id) partner_id"), "department_id")
        )
        departments = self.env["hcrm.department"].browse({row[1] for row in rows})
        labels = {department.id: department.display_name for department in departments}
        return {partner_id: labels[department] for partner_id, department in rows}
