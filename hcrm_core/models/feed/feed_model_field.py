from odoo import api, fields, models
from odoo.exceptions import ValidationError


class HcrmFeedModelField(models.Model):
    """One field of a HIS model: where it is read, and what it means."""

    _name = "hcrm.feed.model.field"
    _description = "Field Read by the Feed"
    _order = "model_id, sequence, id"
    _rec_name = "target"

    model_id = fields.Many2one(
        "hcrm.feed.model", required=True, index=True, ondelete="cascade"
    )
    sequence = fields.Integer(default=10)
    target = fields.Selection(
        [
            ("mrn", "Medical record number"),
            ("resident_card", "Resident card"),
            ("passport", "Passport"),
            ("insurance_number", "Insurance number"),
            ("other_number", "Other number of the person"),
            ("number", "Number"),
            ("name", "Name"),
            ("alias", "Former or other name"),
            ("gender", "Sex"),
            ("birthdate", "Birth date"),
            ("active", "Active"),
            ("deceased", "Deceased"),
            ("date_deceased", "Date of death"),
            ("marital_status", "Marital status"),
            ("mobile", "Mobile phone"),
            ("phone", "Phone"),
            ("work_phone", "Work phone"),
            ("email", "Email"),
            ("street", "Street"),
            ("street2", "Street, second line"),
            ("city", "City"),
            ("zip", "Postal code"),
            ("state", "Province"),
            ("country", "Country code"),
            ("language", "Language"),
            ("occupation", "Occupation"),
            ("education", "Education"),
            ("diet", "Diet"),
            ("patient", "Patient"),
            ("encounter", "Visit"),
            ("kind", "Kind of visit or diagnosis"),
            ("status", "State"),
            ("start", "Start"),
            ("end", "End"),
            ("booked_on", "Booked or noted on"),
            ("reason", "Reason or service"),
            ("practitioner", "Practitioner"),
            ("department", "Department"),
            ("ward", "Ward"),
            ("bed", "Bed"),
            ("discharge_to", "Discharged to"),
            ("channel", "Booked through"),
            ("cancel_reason", "Why cancelled"),
            ("code", "Code"),
        ],
        "Means",
        required=True,
    )
    path = fields.Char(
        "Field of the HIS",
        help="Name, or path over relations, e.g. partner_id.phone. A date and its hour:"
        " op_date + slot.",
    )
    value_map = fields.Text(
        "Values",
        help="One a line: value of the HIS = FHIR value, e.g. hosp = in-progress.",
    )
    constant = fields.Char("If Empty", help="Taken where the field says nothing.")

    @api.constrains("target", "model_id")
    def _check_target(self):
        for line in self:
            if line.target not in line.model_id._targets(line.model_id.res_type):
                labels = dict(self._fields["target"]._description_selection(self.env))
                raise ValidationError(
                    self.env._(
                        "%(target)s is not told of this kind of record. Take the line out"
                        " of %(model)s.",
                        target=labels[line.target],
                        model=line.model_id.model,
                    )
                )

    @api.constrains("path", "constant")
    def _check_path(self):
        for line in self:
            if not (line.path or line.constant):
                raise ValidationError(
                    self.env._("A line needs a field of the HIS, or a value if empty.")
                )

    @api.constrains("value_map")
    def _check_value_map(self):
        for line in self:
            for text in (line.value_map or "").splitlines():
                if text.strip() and "=" not in text:
                    raise ValidationError(
                        self.env._(
                            "Write values as: value of the HIS = FHIR value. This line is"
                            " not: %s",
                            text,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines.model_id._read_again()
        return lines

    def write(self, vals):
        done = super().write(vals)
        self.model_id._read_again()
        return done

    def _as_option(self) -> dict:
        self.ensure_one()
        paths = [path.strip() for path in (self.path or "").split("+")]
        pairs = [
            line.partition("=")[::2] for line in (self.value_map or "").splitlines()
        ]
        return {
            "target": self.target,
            "paths": [path for path in paths if path],
            "values": {
                key.strip(): value.strip() for key, value in pairs if key.strip()
            },
            "constant": self.constant or "",
        }
