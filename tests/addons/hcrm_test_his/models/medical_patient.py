from odoo import fields, models


class MedicalPatient(models.Model):
    """A patient of the HIS: a contact, with a sex and birth date of its own."""

    _name = "medical.patient"
    _description = "Patient"
    _inherits = {"res.partner": "partner_id"}

    partner_id = fields.Many2one("res.partner", required=True, ondelete="restrict")
    active = fields.Boolean(default=True)
    internal_identifier = fields.Char()
    gender = fields.Selection(
        [("male", "Male"), ("female", "Female"), ("other", "Other")]
    )
    birth_date = fields.Date("Born")
    deceased_date = fields.Date()
    is_deceased = fields.Boolean(compute="_compute_is_deceased")
    marital_status = fields.Selection([("s", "Single"), ("m", "Married")])
    phone_ids = fields.One2many("medical.phone", "patient_id", "Further Phones")

    def _compute_is_deceased(self):
        for patient in self:
            patient.is_deceased = bool(patient.deceased_date)


class MedicalPhone(models.Model):
    """A further telephone number: its change does not show on the patient."""

    _name = "medical.phone"
    _description = "Telephone Number of a Patient"

    patient_id = fields.Many2one("medical.patient", required=True, ondelete="cascade")
    number = fields.Char(required=True)
