from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError
from odoo.fields import Domain
from odoo.tools import format_date

from ...tools.phones import national

_RELATION_FIELDS = {
    "kind",
    "is_proxy",
    "proxy_scope",
    "is_guardian",
    "is_emergency",
    "must_not_know",
    "date_end",
    "note",
}


class HcrmDeskContact(models.AbstractModel):
    """What a desk corrects of a person in one click: a number, a relative (R22).

    Runs with the rights of the user; nothing here is more than their forms allow.
    """

    _name = "hcrm.desk.contact"
    _description = "Contact Corrections at a Desk"

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_contact(self, partner_id):
        """Return the numbers and relatives of a person, and what may be chosen."""
        partner = self._get_person(partner_id)
        company = self.env.company
        Relation = self.env["hcrm.person.relation"]
        return {
            "person": partner._hcrm_desk_lines(company)[partner.id],
            "phones": self._prepare_phones(partner, company),
            "relatives": self._prepare_relatives(partner, company),
            "whose": self._get_choices(self.env["hcrm.contact.point"], "whose"),
            "kinds": self._get_choices(Relation, "kind"),
            "scopes": self._get_choices(Relation, "proxy_scope"),
        }

    def _prepare_phones(self, partner, company):
        points = self.env["hcrm.contact.point"].search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("system", "=", "phone"),
            ],
            order="rank, id",
        )
        whose = dict(self._get_choices(points, "whose"))
        return [
            {
                "id": point.id,
                "value": point.value,
                "whose": whose.get(point.whose, ""),
                "is_wrong": point.is_wrong,
                "is_old": point.use == "old",
            }
            for point in points
        ]

    def _prepare_relatives(self, partner, company):
        today = fields.Date.context_today(self)
        relations = self.env["hcrm.person.relation"].search(
            Domain("partner_id", "=", partner.id)
            & Domain("company_id", "=", company.id)
            & (Domain("date_end", "=", False) | Domain("date_end", ">=", today))
        )
        kinds = dict(self._get_choices(relations, "kind"))
        return [
            {
                "id": relation.relative_id.id,
                "name": relation.relative_id.display_name,
                "kind": kinds[relation.kind],
                "is_proxy": relation.is_proxy,
                "is_guardian": relation.is_guardian,
                "must_not_know": relation.must_not_know,
                "until": relation.date_end and format_date(self.env, relation.date_end),
            }
            for relation in relations
        ]

    @api.model
    @api.readonly
    def preview_phone(self, partner_id, value):
        """Return how a typed number is read (R14), and who else has it."""
        partner = self._get_person(partner_id)
        company = self.env.company
        read = self._read_phone(value, company)
        domain = Domain("number", "=", read["number"]) & Domain("system", "=", "phone")
        Point = self.env["hcrm.contact.point"]
        others = Point.search(domain & Domain("partner_id", "!=", partner.id), limit=6)
        lines = others.partner_id._hcrm_desk_lines(company)
        return {
            "number": national(read["number"]),
            "is_read": bool(read["e164"]),
            "extension": read["extension"] or "",
            "is_junk": read["is_junk"],
            "others": list(lines.values()),
        }

    # ------------------------------------------------------------------
    # WRITE
    # ------------------------------------------------------------------

    @api.model
    def correct_phone(
        self,
        partner_id,
        value,
        whose,
        old_id=None,
        old_mark="wrong",
        whose_partner_id=None,
    ):
        """Put a number first and mark the one it replaces, in one click.

        :param whose: whose number it is; always asked, since families share phones
        :param old_mark: ``wrong`` (somebody else answers) or ``old`` (given up)
        :return: what :meth:`get_contact` returns, as it is now
        """
        partner = self._get_person(partner_id)
        company = self.env.company
        read = self._read_phone(value, company)
        if read["is_junk"]:
            raise UserError(
                self.env._(
                    "%s reaches nobody in particular: a service, hidden or placeholder "
                    "number, or one of the hospital's own. Ask for the person's own "
                    "number.",
                    value,
                )
            )
        if whose not in dict(
            self._get_choices(self.env["hcrm.contact.point"], "whose")
        ):
            raise UserError(self.env._("Ask whose number it is and choose it."))
        points = self.env["hcrm.contact.point"].search(
            [
                ("partner_id", "=", partner.id),
                ("company_id", "=", company.id),
                ("system", "=", "phone"),
            ]
        )
        point = points.filtered(lambda point: point.number == read["number"])
        old = points.filtered(lambda point: point.id == old_id) - point
        self._mark_old(old, old_mark)
        # what was tried first until now is tried second
        (points - point - old).filtered(lambda point: point.rank <= 1).rank = 2
        vals = {
            "rank": 1,
            "whose": whose,
            "whose_partner_id": whose_partner_id if whose != "self" else False,
            "is_wrong": False,
        }
        if point:
            use = "mobile" if point.use == "old" else point.use
            point.write({**vals, "use": use})
        else:
            point = point.create(
                {
                    **vals,
                    "partner_id": partner.id,
                    "company_id": company.id,
                    "system": "phone",
                    "use": "mobile" if _is_mobile(read["number"]) else "home",
                    "value": value.strip(),
                }
            )
        return self.get_contact(partner.id)

    def _mark_old(self, old, mark):
        if not old:
            return
        if mark == "old":
            old.write({"use": "old", "rank": 9})
        else:
            # kept, so that the HIS telling it again does not bring it back
            old.write({"is_wrong": True, "is_verified": False, "rank": 9})

    @api.model
    def add_relative(self, partner_id, vals):
        """Add a relative or proxy, or bring the relation that is there up to date.

        :param vals: ``relative_id``, or ``name`` and ``phone`` of somebody new;
            and the fields of the relation: kind, proxy and its scope, guardian,
            emergency contact, must not be told, until when
        """
        partner = self._get_person(partner_id)
        company = self.env.company
        told = {name: vals[name] for name in _RELATION_FIELDS & vals.keys()}
        if not told.get("kind"):
            raise UserError(self.env._("Choose what the relative is to the person."))
        if told.get("must_not_know") and (
            told.get("is_proxy") or told.get("is_guardian")
        ):
            raise UserError(
                self.env._(
                    "Somebody who must not be told cannot decide for the person. "
                    "Choose one of the two."
                )
            )
        if not told.get("is_proxy"):
            told["proxy_scope"] = False
        relative = self._get_relative(vals)
        Relation = self.env["hcrm.person.relation"]
        relation = Relation.search(
            [
                ("partner_id", "=", partner.id),
                ("relative_id", "=", relative.id),
                ("company_id", "=", company.id),
                ("kind", "=", told["kind"]),
            ]
        )
        if relation:
            relation.write(told)
        else:
            relation.create(
                {
                    **told,
                    "partner_id": partner.id,
                    "relative_id": relative.id,
                    "company_id": company.id,
                }
            )
        return self.get_contact(partner.id)

    def _get_relative(self, vals):
        if vals.get("relative_id"):
            return self._get_person(vals["relative_id"])
        name = (vals.get("name") or "").strip()
        if not name:
            raise UserError(
                self.env._("Search the relative, or type the name of somebody new.")
            )
        relative = (
            self.env["res.partner"]
            .with_context(hcrm_touchpoint="manual")
            .create(
                {
                    "name": name,
                    "hcrm_class_id": self.env.ref("hcrm_core.person_class_family").id,
                }
            )
        )
        phone = (vals.get("phone") or "").strip()
        if phone:
            self.env["hcrm.contact.point"].create(
                {
                    "partner_id": relative.id,
                    "company_id": self.env.company.id,
                    "system": "phone",
                    "use": "mobile",
                    "value": phone,
                    "whose": "self",
                }
            )
        return relative

    # ------------------------------------------------------------------
    # TOOLS
    # ------------------------------------------------------------------

    def _get_person(self, partner_id):
        """Return a person the user may see; a hidden one and none look the same."""
        partner = self.env["res.partner"].browse(int(partner_id)).exists()
        if not partner._filtered_access("read") or not partner.hcrm_metrics_id:
            raise AccessError(
                self.env._(
                    "There is no such person, or they are not open to you. Search by "
                    "name or number, or ask your manager."
                )
            )
        return partner

    def _read_phone(self, value, company):
        """Read a number the way the contact point will when it is stored."""
        return self.env["hcrm.contact.point"]._read_vals(
            {"company_id": company.id, "system": "phone", "value": value or ""}
        )

    def _get_choices(self, model, name):
        return model._fields[name]._description_selection(self.env)


def _is_mobile(number):
    return number.startswith("+861") and len(number) == 14
