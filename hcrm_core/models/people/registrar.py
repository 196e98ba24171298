from datetime import date

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, format_date

from ...tools.identity_numbers import check, normalise
from ...tools.names import clean_name, is_placeholder_name
from ...tools.phones import parse

CLASS_OF_TOUCHPOINT = {
    "checkup": "healthy",
    "clinic": "outpatient",
    "admission": "inpatient",
}
# what may be told of a person who is registered; anything else is a mistake
KNOWN_KEYS = frozenset(
    (
        *("name", "birthdate", "age", "gender", "occupation", "street", "street2"),
        *("city", "zip", "identity_type", "identity_number", "mrn", "phone", "whose"),
        *("email", "history", "needs", "class_code", "touchpoint", "campus_code"),
        *("consent", "is_another_person"),
    )
)
MAX_CANDIDATES = 5


class HcrmRegistrar(models.AbstractModel):
    """Opens a person's file: one way for the desk's wizard and for other systems.

    Before a card is made it is looked for who it may be already: by identity
    number, by telephone, by name and year of birth. A person whom only another
    entity knows is told as "known in the group, consent needed" and nothing
    more (R3); a restricted person is never told at all (R8).
    """

    _name = "hcrm.registrar"
    _description = "Registration of People"

    # ------------------------------------------------------------------
    # REGISTER
    # ------------------------------------------------------------------

    @api.model
    def _register_person(self, vals: dict) -> dict:
        """Register a person; see ``res.partner.hcrm_register``."""
        self.env["hcrm.person.company"].check_access("create")
        vals = self._read(vals)
        warnings = self._warnings(vals)
        holder_sudo, is_elsewhere = self._holder(vals)
        if holder_sudo and is_elsewhere and not vals.get("consent"):
            warnings.append(self._warning("known_in_group"))
            return self._answer(self.env["res.partner"], False, warnings)
        if holder_sudo:
            warnings.append(self._warning("same_number"))
            self._open_file(holder_sudo, vals, is_elsewhere)
            partner = holder_sudo.with_env(self.env)
            return self._answer(partner, False, warnings, self._rows(partner))
        candidates = self._candidates(vals)
        if candidates and not vals.get("is_another_person"):
            warnings.append(self._warning("possible_duplicate"))
            rows = self._rows(candidates)
            return self._answer(self.env["res.partner"], False, warnings, rows)
        return self._answer(self._create(vals), True, warnings, self._rows(candidates))

    @api.model
    def _answer(self, partner, created, warnings, candidates=()):
        return {
            "id": partner.id,
            "created": created,
            "warnings": warnings,
            "candidates": list(candidates),
        }

    @api.model
    def _read(self, vals: dict) -> dict:
        """Return the values with everything that follows from them, or refuse them."""
        unknown = sorted(set(vals) - KNOWN_KEYS)
        if unknown:
            raise UserError(
                self.env._(
                    "Registration does not know %(unknown)s. Known are: %(known)s.",
                    unknown=", ".join(unknown),
                    known=", ".join(sorted(KNOWN_KEYS)),
                )
            )
        vals = {key: value for key, value in vals.items() if value not in (None, "")}
        vals["name"] = clean_name(vals.get("name") or "")
        if not vals["name"]:
            raise UserError(self.env._("Enter the name of the person."))
        self._read_dates(vals)
        self._read_identity(vals)
        touchpoint = vals.setdefault("touchpoint", "api")
        touchpoints = dict(
            self.env["hcrm.person.company"]._fields["opened_touchpoint"].selection
        )
        if touchpoint not in touchpoints:
            raise UserError(
                self.env._(
                    "%(touchpoint)s is no touchpoint. Choose one of %(known)s.",
                    touchpoint=touchpoint,
                    known=", ".join(touchpoints),
                )
            )
        vals["class"] = self._read_class(vals, touchpoint)
        vals["campus"] = self._read_campus(vals)
        return vals

    @api.model
    def _read_dates(self, vals):
        try:
            born = fields.Date.to_date(vals.get("birthdate"))
        except ValueError:
            born = None
        if vals.get("birthdate") and not born:
            raise UserError(
                self.env._(
                    "%s is no birth date. Write it as year-month-day, e.g. 1980-05-12.",
                    vals["birthdate"],
                )
            )
        today = fields.Date.context_today(self)
        if born and born > today:
            raise UserError(self.env._("The birth date is in the future. Correct it."))
        precision = "day"
        if not born and vals.get("age"):
            # only the year is known, and it may be off by one
            born = date((today - relativedelta(years=int(vals["age"]))).year, 1, 1)
            precision = "year"
        vals["birthdate"], vals["precision"] = born, precision if born else False

    @api.model
    def _read_identity(self, vals):
        """Check the identity number; take birth date and sex from it (F10, R1)."""
        if not vals.get("identity_number"):
            return
        id_type = self._identifier_type(vals.get("identity_type") or "RIC")
        verdict = check(id_type.validator, vals["identity_number"])
        if verdict.error:
            Identifier = self.env["hcrm.person.identifier"]
            raise ValidationError(Identifier._error_sentence(verdict, id_type))
        vals["id_type"], vals["id_norm"] = id_type, verdict.norm
        vals["id_birthdate"] = verdict.birthdate
        if verdict.birthdate and vals["precision"] != "day":
            vals["birthdate"], vals["precision"] = verdict.birthdate, "day"
        if verdict.gender:
            vals.setdefault("gender", verdict.gender)

    @api.model
    def _identifier_type(self, code):
        id_type = self.env["hcrm.identifier.type"].search(
            [("code", "=", code)], limit=1
        )
        if not id_type:
            raise UserError(
                self.env._("%s is no type of identity number. Choose one.", code)
            )
        return id_type

    @api.model
    def _read_class(self, vals, touchpoint):
        code = vals.get("class_code") or CLASS_OF_TOUCHPOINT.get(touchpoint, "prospect")
        kind = self.env["hcrm.person.class"].search([("code", "=", code)], limit=1)
        if not kind:
            raise UserError(self.env._("%s is no class of people. Choose one.", code))
        return kind

    @api.model
    def _read_campus(self, vals):
        Campus = self.env["hcrm.campus"]
        company = self.env.company
        if not vals.get("campus_code"):
            campus = self.env.user.hcrm_campus_id
            return campus if campus.company_id == company else Campus
        campus = Campus.search(
            [("code", "=", vals["campus_code"]), ("company_id", "=", company.id)]
        )
        if not campus:
            raise UserError(
                self.env._(
                    "%(code)s is no campus of %(company)s.",
                    code=vals["campus_code"],
                    company=company.name,
                )
            )
        return campus

    # ------------------------------------------------------------------
    # WHO IT MAY BE
    # ------------------------------------------------------------------

    @api.model
    def _holder(self, vals):
        """Return who holds the identity number (sudo), and whether only another
        entity knows them. Restricted people are told to nobody (R8)."""
        Partner = self.env["res.partner"]
        wanted = []
        if vals.get("id_norm") and vals["id_type"].is_strong:
            wanted.append((vals["id_type"].id, False, vals["id_norm"]))
        if vals.get("mrn"):
            mrn_type = self.env.ref("hcrm_core.identifier_type_mr")
            wanted.append((mrn_type.id, self.env.company.id, normalise(vals["mrn"])))
        for type_id, company_id, norm in wanted:
            # sudo: the number may be held by somebody of another entity
            identifier_sudo = (
                self.env["hcrm.person.identifier"]
                .sudo()
                .search(
                    [
                        ("type_id", "=", type_id),
                        ("company_id", "=", company_id),
                        ("value_norm", "=", norm),
                        ("is_unique", "=", True),
                    ],
                    limit=1,
                )
            )
            holder_sudo = identifier_sudo.partner_id
            if holder_sudo.with_env(self.env)._filtered_access("read"):
                return holder_sudo, False
            if (
                holder_sudo
                and not holder_sudo.hcrm_confidentiality
                and not self._has_file(holder_sudo, self.env.companies)
            ):
                return holder_sudo, True
        return Partner, False

    @api.model
    def _has_file(self, partner, companies):
        # a search and not the field, whose cache sudo would fill for everybody
        files_sudo = self.env["hcrm.person.company"].sudo()
        return bool(
            files_sudo.search_count(
                [
                    ("partner_id", "=", partner.id),
                    ("company_id", "in", companies.ids),
                ],
                limit=1,
            )
        )

    @api.model
    def _candidates(self, vals):
        """Return at most five people it may be, whom the user sees.

        By telephone, and by name with the year of birth where it is known; three
        index scans, whatever the number of people.
        """
        ids = []
        phone = self._phone(vals)
        if phone and not phone.is_junk:
            ids += self._ids_by_phone(phone.number)
        name = vals.get("name")
        if name and not is_placeholder_name(name):
            born = vals.get("birthdate")
            text = f"{name} {born.year}" if born else name
            ids += self.env["hcrm.person.search"]._find_ids(text, 4 * MAX_CANDIDATES)
        people = self.env["res.partner"].with_context(active_test=False).browse(ids)
        people = people._filtered_access("read")
        return people.filtered(lambda p: self._may_be(p, vals))[:MAX_CANDIDATES]

    @api.model
    def _may_be(self, partner, vals):
        """Tell whether nothing certain speaks against one person: sex, birth date."""
        genders = {partner.hcrm_gender, vals.get("gender")} - {False, None, "unknown"}
        if len(genders) > 1:
            return False
        mine, theirs = vals.get("birthdate"), partner.hcrm_birthdate
        # a year of slack, since ages are said, not computed
        return not (mine and theirs) or abs(mine.year - theirs.year) <= 1

    @api.model
    def _phone(self, vals):
        if not vals.get("phone"):
            return None
        campus = vals.get("campus") or self.env["hcrm.campus"]
        plan = campus._phone_plan(self.env.company.id, campus.id or 0)
        return parse(vals["phone"], plan)

    @api.model
    def _ids_by_phone(self, number):
        self.env["hcrm.contact.point"].flush_model()
        rows = self.env.execute_query(
            SQL(
                """SELECT partner_id FROM hcrm_contact_point
                   WHERE number = %s AND system = 'phone' AND company_id = ANY(%s)
                     AND is_junk IS NOT TRUE LIMIT %s""",
                number,
                self.env.companies.ids,
                4 * MAX_CANDIDATES,
            )
        )
        return [row[0] for row in rows]

    @api.model
    def _rows(self, partners):
        """Return people as plain data: what tells namesakes apart (R13)."""
        return [
            {
                "id": partner.id,
                "display_name": partner.display_name,
                "sex": partner.hcrm_gender or False,
                "age": partner.hcrm_age if partner.hcrm_birthdate else False,
                "phone_tail": partner.hcrm_phone_tail or False,
                "mrn": partner.hcrm_mrn or False,
                "last_visit": partner.hcrm_last_visit
                and format_date(
                    self.env, partner.hcrm_last_visit, date_format="yyyy-MM-dd"
                ),
            }
            for partner in partners
        ]

    # ------------------------------------------------------------------
    # WORDS
    # ------------------------------------------------------------------

    @api.model
    def _warnings(self, vals):
        warnings = []
        if is_placeholder_name(vals["name"]):
            warnings.append(self._warning("placeholder_name"))
        phone = self._phone(vals)
        if phone and phone.is_junk:
            warnings.append(self._warning("junk_phone"))
        told, written = vals.get("birthdate"), vals.get("id_birthdate")
        if told and written and told != written:
            warnings.append(self._warning("birthdate"))
        return warnings

    @api.model
    def _warning(self, code):
        sentences = {
            "known_in_group": self.env._(
                "This person is known in the group. Their consent is needed before "
                "your hospital opens a file."
            ),
            "same_number": self.env._(
                "This identity number is on a card already, which is opened instead of "
                "making a second one."
            ),
            "possible_duplicate": self.env._(
                "These people may be the same. Open the right card, or say that it is "
                "another person."
            ),
            "placeholder_name": self.env._(
                "This is no name yet. Enter the name on the same card when it is known."
            ),
            "junk_phone": self.env._(
                "This number is nobody's: a service, short, placeholder or hospital "
                "number. It is kept and not called."
            ),
            "birthdate": self.env._(
                "The birth date is not the one in the identity number. Compare both "
                "with the paper."
            ),
        }
        return {"code": code, "message": sentences[code]}

    # ------------------------------------------------------------------
    # WRITE
    # ------------------------------------------------------------------

    @api.model
    def _open_file(self, holder_sudo, vals, is_elsewhere):
        """Open a file here for somebody the group knows; what is told is kept here."""
        company = self.env.company
        if not self._has_file(holder_sudo, company):
            # sudo: with the consent, which whoever registers has asked for
            self.env["hcrm.person.company"].sudo().create(
                {
                    "partner_id": holder_sudo.id,
                    "company_id": company.id,
                    "class_id": vals["class"].id,
                    "opened_by_id": self.env.uid,
                    "opened_touchpoint": vals["touchpoint"],
                    "campus_id": vals["campus"].id,
                }
            )
        if is_elsewhere:
            holder_sudo.message_post(
                body=self.env._(
                    "%(user)s opened a file at %(company)s with the person's consent.",
                    user=self.env.user.name,
                    company=company.name,
                )
            )
            self._add_details(holder_sudo.with_env(self.env), vals)

    @api.model
    def _create(self, vals):
        context = {
            "hcrm_touchpoint": vals["touchpoint"],
            "hcrm_campus_id": vals["campus"].id,
            "hcrm_refresh_later": True,
        }
        partner = (
            self.env["res.partner"]
            .with_context(**context)
            .create(
                {
                    "name": vals["name"],
                    "hcrm_class_id": vals["class"].id,
                    "hcrm_gender": vals.get("gender") or "unknown",
                    "hcrm_birthdate": vals["birthdate"],
                    "hcrm_birthdate_precision": vals["precision"],
                    **{
                        name: vals[name]
                        for name in ("street", "street2", "city", "zip")
                        if vals.get(name)
                    },
                }
            )
        )
        self._add_details(partner, vals)
        partner = partner.with_env(self.env)
        partner._hcrm_refresh()
        return partner

    @api.model
    def _add_details(self, partner, vals):
        """Keep contact points, numbers and profile; refreshed by the caller's env."""
        points = [
            {
                "partner_id": partner.id,
                "system": system,
                "value": vals[system],
                "whose": vals.get("whose") or "self",
            }
            for system in ("phone", "email")
            if vals.get(system)
        ]
        partner.env["hcrm.registrar"]._add_points(points)
        identifiers = []
        if vals.get("id_norm"):
            identifiers.append((vals["id_type"].id, vals["identity_number"]))
        if vals.get("mrn"):
            mrn_type = self.env.ref("hcrm_core.identifier_type_mr")
            identifiers.append((mrn_type.id, vals["mrn"]))
        held_sudo = self.env["hcrm.person.identifier"].sudo()
        held_sudo = held_sudo.search([("partner_id", "=", partner.id)])
        held = set(held_sudo.mapped("value_norm"))
        partner.env["hcrm.person.identifier"].create(
            [
                {"partner_id": partner.id, "type_id": type_id, "value": value}
                for type_id, value in identifiers
                if normalise(value) not in held
            ]
        )
        profile = {
            name: vals[name] for name in ("occupation", "needs") if vals.get(name)
        }
        if profile or vals.get("history"):
            record = partner.env["hcrm.person.profile"].create(
                {"partner_id": partner.id, **profile}
            )
            if vals.get("history"):
                # sudo: whoever registers writes down what only clinical roles read
                record.sudo().history = vals["history"]

    @api.model
    def _add_first_points(self, points):
        """Make each of ``points`` the first of its person, new or not."""
        Point = self.env["hcrm.contact.point"]
        partner_ids = [vals["partner_id"] for vals in points]
        Point.search([("partner_id", "in", partner_ids), ("rank", "=", 0)]).rank = 1
        self._add_points(points)
        wanted = {
            (vals["partner_id"], Point._read_vals(vals)["number"]) for vals in points
        }
        again = Point.search([("partner_id", "in", partner_ids), ("rank", ">", 0)])
        again.filtered(lambda p: (p.partner_id.id, p.number) in wanted).rank = 0

    @api.model
    def _add_points(self, points):
        """Create the contact points that people do not have here yet."""
        Point = self.env["hcrm.contact.point"]
        points = [Point._read_vals(vals) for vals in points]
        # sudo: what is held is asked to avoid a second one, and shown to nobody
        held_sudo = Point.sudo().search(
            [
                ("partner_id", "in", [vals["partner_id"] for vals in points]),
                ("number", "in", [vals["number"] for vals in points]),
            ]
        )
        keys = ("partner_id", "company_id", "system", "number")
        held = {
            (point.partner_id.id, point.company_id.id, point.system, point.number)
            for point in held_sudo
        }
        return Point.create(
            [vals for vals in points if tuple(map(vals.get, keys)) not in held]
        )
