from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ...feed_adapters.base import AdapterError
from ...feed_adapters.table_rows import Column
from ...feed_adapters.table_values import parse_codes

TRANSFORM_LABELS = [
    ("text", "As text"),
    ("date", "Date"),
    ("datetime", "Date and time"),
    ("number", "Number"),
    ("negative", "Number, sign turned"),
    ("flag", "Yes or no"),
    ("gender", "Sex (1/2, 男/女, M/F)"),
    ("split", "Part of it"),
    ("digits", "Digits only"),
]


class HcrmFeedColumn(models.Model):
    """Where one column of a SELECT goes, and what is done to it on the way."""

    _name = "hcrm.feed.column"
    _description = "Feed Column"
    _order = "table_id, sequence, id"
    _rec_name = "column"

    table_id = fields.Many2one(
        "hcrm.feed.table", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="table_id.company_id")
    sequence = fields.Integer(default=10)
    column = fields.Char(help="A column of the SELECT.")
    template = fields.Char(
        "Or Text",
        help="Text with columns in braces, e.g. dept-{JGDM}-{KSDM}. Without any, the"
        " same for every row.",
    )
    target = fields.Char(
        "Goes To",
        help="A field of the list on the next page, or a path of FHIR. Empty: not used.",
    )
    transform = fields.Selection(TRANSFORM_LABELS, "Read As")
    argument = fields.Char(
        "How",
        help="Date: how it is written (%Y%m%d). Yes or no: the values for yes. Part of"
        " it: separator and number of the part (-,1).",
    )
    code_lines = fields.Text(
        "Codes",
        help="One a line: 1 = male. A star stands for every other code, a dash for"
        " nothing told. Codes that are not listed pass as they are.",
    )

    @api.constrains("column", "template", "target", "transform", "argument")
    def _check_target(self):
        for line in self:
            if line.column and line.template:
                raise ValidationError(
                    self.env._("%s: give a column or a text, not both.", line.column)
                )
            if not line.target:
                continue
            if not (line.column or line.template):
                raise ValidationError(
                    self.env._("%s: say which column goes there.", line.target)
                )
            try:
                Column(line._spec(), line.table_id.res_type)
            except AdapterError as error:
                raise ValidationError(line.table_id._sentence(error)) from error

    def _spec(self) -> dict:
        """This line as the adapter and a mapping file take it."""
        self.ensure_one()
        spec = {
            name: self[name].strip()
            for name in ("column", "template", "target", "transform", "argument")
            if self[name]
        }
        codes = parse_codes(self.code_lines)
        return {**spec, "codes": codes} if codes else spec

    @api.model
    def _vals_of(self, line: dict) -> dict:
        codes = line.get("codes") or {}
        return {
            **{
                name: line.get(name)
                for name in ("column", "template", "target", "transform", "argument")
            },
            "code_lines": "\n".join(f"{k} = {v}" for k, v in codes.items()) or False,
        }
