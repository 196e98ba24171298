from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...tools.identity_numbers import check
from .contact_point import WHOSE
from .registrar import CLASS_OF_TOUCHPOINT


class HcrmRegistration(models.TransientModel):
    """Quick registration at check-up, clinic or admission (F10, F11).

    While the clerk types, people it may be already are listed beside the form;
    an identity number fills in birth date and sex.
    """

    _name = "hcrm.registration"
    _description = "Quick Registration"
    _transient_max_hours = 24

    touchpoint = fields.Selection(
        [("checkup", "Check-up"), ("clinic", "Clinic"), ("admission", "Admission")],
        required=True,
        default="clinic",
    )
    company_id = fields.Many2one(
        "res.company", required=True, default=lambda self: self.env.company
    )
    campus_id = fields.Many2one(
        "hcrm.campus",
        default=lambda self: self._default_campus_id(),
        domain="[('company_id', '=', company_id)]",
    )
    class_id = fields.Many2one(
        "hcrm.person.class",
        compute="_compute_class_id",
        store=True,
        readonly=False,
        precompute=True,
    )
    # the nine fields of a customer's file; none is required to be typed first
    name = fields.Char("Full Name")
    id_type_id = fields.Many2one(
        "hcrm.identifier.type",
        "Paper",
        default=lambda self: self.env.ref(
            "hcrm_core.identifier_type_ric", raise_if_not_found=False
        ),
        domain="[('is_national', '=', True)]",
    )
    id_number = fields.Char("Identity Number")
    gender = fields.Selection(
        [("male", "Male"), ("female", "Female"), ("other", "Other")], "Sex"
    )
    birthdate = fields.Date("Birth Date")
    age = fields.Integer(help="Where the birth date is not known.")
    phone = fields.Char()
    whose = fields.Selection(WHOSE, "Whose Phone", default="self")
    email = fields.Char()
    occupation = fields.Char()
    street = fields.Char("Address")
    city = fields.Char()
    history = fields.Text("Medical History", help="As the person tells it.")
    needs = fields.Text(help="What the person wants from the hospital.")

    candidate_ids = fields.Many2many(
        "res.partner", compute="_compute_candidates", string="May Be Already Known"
    )
    notice = fields.Text(compute="_compute_candidates")
    is_known_in_group = fields.Boolean(compute="_compute_candidates")
    is_another_person = fields.Boolean("None of these is the person")
    consent = fields.Boolean("The person agrees that this hospital opens a file")

    def _default_campus_id(self):
        campus = self.env.user.hcrm_campus_id
        if campus.company_id == self.env.company:
            return campus
        return self.env.company.hcrm_campus_ids[:1]

    @api.depends("touchpoint")
    def _compute_class_id(self):
        for registration in self:
            code = CLASS_OF_TOUCHPOINT[registration.touchpoint or "clinic"]
            registration.class_id = self.env["hcrm.person.class"].search(
                [("code", "=", code)], limit=1
            )

    @api.onchange("id_number", "id_type_id")
    def _onchange_id_number(self):
        """Fill in birth date and sex; say at once what is wrong with a number."""
        if not self.id_number or not self.id_type_id:
            return None
        verdict = check(self.id_type_id.validator, self.id_number)
        if verdict.error:
            Identifier = self.env["hcrm.person.identifier"]
            return {
                "warning": {
                    "title": self.env._("Identity number"),
                    "message": Identifier._error_sentence(verdict, self.id_type_id),
                }
            }
        self.birthdate = verdict.birthdate or self.birthdate
        self.gender = verdict.gender or self.gender
        return None

    @api.depends(
        "name", "birthdate", "age", "gender", "phone", "id_number", "id_type_id"
    )
    def _compute_candidates(self):
        Registrar = self.env["hcrm.registrar"]
        for registration in self:
            registration.candidate_ids = False
            registration.is_known_in_group = False
            registration.notice = False
            vals = registration._typed()
            if not vals.get("name"):
                # a number alone is looked for too
                vals["name"] = "?"
            try:
                vals = Registrar._read(vals)
            except (UserError, ValidationError) as error:
                registration.notice = str(error)
                continue
            holder_sudo, is_elsewhere = Registrar._holder(vals)
            warnings = [w for w in Registrar._warnings(vals) if registration.name]
            if is_elsewhere:
                registration.is_known_in_group = True
                warnings.append(Registrar._warning("known_in_group"))
            elif holder_sudo:
                registration.candidate_ids = holder_sudo.with_env(self.env)
                warnings.append(Registrar._warning("same_number"))
            else:
                registration.candidate_ids = Registrar._candidates(vals)
            registration.notice = "\n".join(w["message"] for w in warnings)

    def _typed(self):
        """Return what was typed, as the registrar takes it."""
        self.ensure_one()
        return {
            "name": self.name,
            "birthdate": self.birthdate and fields.Date.to_string(self.birthdate),
            "age": self.age,
            "gender": self.gender,
            "occupation": self.occupation,
            "street": self.street,
            "city": self.city,
            "identity_type": self.id_type_id.code,
            "identity_number": self.id_number,
            "phone": self.phone,
            "whose": self.whose,
            "email": self.email,
            "history": self.history,
            "needs": self.needs,
            "class_code": self.class_id.code,
            "touchpoint": self.touchpoint,
            "campus_code": self.campus_id.code,
            "consent": self.consent,
            "is_another_person": self.is_another_person,
        }

    def action_register(self):
        """Register the person and open the card."""
        self.ensure_one()
        Registrar = self.env["hcrm.registrar"].with_company(self.company_id)
        typed = {key: value for key, value in self._typed().items() if value}
        answer = Registrar._register_person(typed)
        if not answer["id"]:
            raise UserError(answer["warnings"][-1]["message"])
        return self.env["res.partner"].browse(answer["id"]).action_hcrm_open_card()
