import ast

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...feed_adapters.odoo_targets import TARGETS


class HcrmFeedModel(models.Model):
    """A model of a HIS made of Odoo addons: what it holds, and which field means what.

    Set up by the administrator alone: a mapping decides what is read past the access
    rules of the HIS.
    """

    _name = "hcrm.feed.model"
    _description = "Model Read by the Feed"
    _order = "source_id, sequence, id"
    _rec_name = "model"

    source_id = fields.Many2one(
        "hcrm.feed.source", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="source_id.company_id")
    sequence = fields.Integer(default=10)
    model = fields.Char(required=True, help="Technical name, e.g. medical.patient.")
    res_type = fields.Selection(
        [
            ("Organization", "Departments"),
            ("Practitioner", "Practitioners"),
            ("Patient", "Patients"),
            ("Encounter", "Visits and stays"),
            ("Appointment", "Appointments"),
            ("Condition", "Diagnoses"),
        ],
        "Holds",
        required=True,
        default="Patient",
    )
    domain = fields.Char(
        "Filter", default="[]", required=True, help="Only these records are read."
    )
    person_path = fields.Char(
        "Path to the Contact",
        help="Field of the patient that leads to the contact, e.g. partner_id. A change"
        " of the contact is a change of the patient.",
    )
    stamp_paths = fields.Char(
        "Also Changed By",
        help="Further fields, comma-separated, whose records' changes are changes of"
        " this record, e.g. insurance_ids.",
    )
    field_ids = fields.One2many("hcrm.feed.model.field", "model_id", "Fields")

    _uniq = models.UniqueIndex(
        "(source_id, model, res_type)", "A model is read once as the same type."
    )

    @api.constrains("domain")
    def _check_domain(self):
        for record in self:
            record._parsed_domain()

    def _parsed_domain(self) -> list:
        self.ensure_one()
        try:
            domain = ast.literal_eval(self.domain or "[]")
        except (ValueError, SyntaxError):
            domain = None
        if not isinstance(domain, list):
            raise ValidationError(
                self.env._(
                    "The filter of %(model)s is not a list of conditions such as"
                    " [('state', '!=', 'draft')].",
                    model=self.model,
                )
            )
        return domain

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        records._read_again()
        return records

    def write(self, vals):
        done = super().write(vals)
        if vals.keys() & {"model", "res_type", "domain", "field_ids", "person_path"}:
            self._read_again()
        return done

    def _read_again(self):
        """What is mapped otherwise is read whole by the next run."""
        for record in self:
            names = [record.res_type, f"{record.res_type} {record.model}"]
            # sudo: cursors are bookkeeping of the feed itself
            record.source_id.sudo().cursor_ids.filtered(
                lambda cursor, names=names: cursor.res_type in names
            ).unlink()

    def _as_option(self) -> dict:
        """What the adapter may know (``feed_adapters/odoo_models.py``)."""
        self.ensure_one()
        stamps = [path.strip() for path in (self.stamp_paths or "").split(",")]
        return {
            "model": self.model.strip(),
            "type": self.res_type,
            "domain": self._parsed_domain(),
            "person": (self.person_path or "").strip(),
            "stamps": [path for path in stamps if path],
            "fields": [line._as_option() for line in self.field_ids],
        }

    @api.model
    def _targets(self, res_type: str) -> list[str]:
        return list(TARGETS.get(res_type, ()))
