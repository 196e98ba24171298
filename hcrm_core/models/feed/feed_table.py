from markupsafe import Markup

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ...feed_adapters.base import AdapterError, adapter_for
from ...feed_adapters.table_fields import ENTITY, FIELDS
from ...feed_adapters.table_rows import RowMapper, fold
from ...feed_adapters.table_select import check_select

TYPES = [
    ("Organization", "Entities and departments"),
    ("Location", "Campuses and wards"),
    ("Practitioner", "Staff"),
    ("Patient", "Patients"),
    ("RelatedPerson", "Relatives"),
    ("Coverage", "Insurance"),
    ("Encounter", "Visits and stays"),
    ("Appointment", "Appointments"),
    ("Condition", "Diagnoses"),
    ("AllergyIntolerance", "Allergies"),
    ("Procedure", "Operations and treatments"),
    ("MedicationRequest", "Prescriptions"),
    ("Observation", "Results and vital signs"),
    ("ChargeItem", "Charges"),
]
# settings that go into a mapping file as they are
PLAIN = (
    "id_template",
    "time_format",
    "entity",
    "void_values",
    "refund_values",
)
COLUMN_SETTINGS = {
    "stamp": "stamp_column",
    "date": "date_column",
    "person": "person_column",
    "void_column": "void_column",
    "refund_column": "refund_column",
}


class HcrmFeedTable(models.Model):
    """One SELECT over the database of a HIS, and what its rows are here.

    It runs at the HIS: who may write SQL is an administrator of the server. Rows:
    a few dozen per source, kept as long as the source.
    """

    _name = "hcrm.feed.table"
    _description = "Feed Table"
    _order = "source_id, sequence, id"

    source_id = fields.Many2one(
        "hcrm.feed.source", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="source_id.company_id")
    sequence = fields.Integer(default=10)
    name = fields.Char(required=True)
    active = fields.Boolean(default=True)
    res_type = fields.Selection(TYPES, "Rows Are", required=True)
    sql = fields.Text(
        "SELECT",
        required=True,
        help="One SELECT over tables or views of the HIS. It is read in pages, by key,"
        " in a session that cannot write.",
    )
    key_columns = fields.Char(
        "Key",
        required=True,
        help="Columns, comma-separated, that tell a record apart. Rows that share them"
        " become one record.",
    )
    id_template = fields.Char(
        "External Id",
        help="How a record is called, e.g. pt-{BRID}. Empty: its key. Other tables point"
        " at records by this name.",
    )
    stamp_column = fields.Char(
        "Changed At",
        help="Column with the time of the last change; local time is fine.",
    )
    date_column = fields.Char(
        "Business Date",
        help="Where there is no such time: the day it happened. Changes are then looked"
        " for among the last days. With neither, everything is read and compared.",
    )
    date_days = fields.Integer("Days Back", default=7)
    time_format = fields.Char(
        "Written As",
        help="Where those times are text, e.g. %Y-%m-%d %H:%M:%S or %Y%m%d.",
    )
    person_column = fields.Char(
        "Same Person By",
        help="Patients who share a value of this column (national id, index number) are"
        " one person with several numbers.",
    )
    entity = fields.Char(
        "Entity or Department",
        help="External id of the organisation that rows belong to which name none.",
    )
    void_column = fields.Char("Void Flag")
    void_values = fields.Char(
        "Void Where", help="Values of the flag, comma-separated. Empty: 1, Y, T, 是."
    )
    refund_column = fields.Char("Refund Flag")
    refund_values = fields.Char(
        "Refund Where",
        help="Values of the flag, comma-separated. Negative charges are refunds anyway.",
    )
    parent_id = fields.Many2one(
        "hcrm.feed.table",
        "Adds Rows To",
        index="btree_not_null",
        ondelete="cascade",
        domain="[('source_id', '=', source_id), ('id', '!=', id),"
        " ('parent_id', '=', False)]",
        help="Identifiers or contacts of a table of their own join the record of this"
        " one.",
    )
    parent_columns = fields.Char(
        "Its Key Here", help="Columns here that hold the key of that table."
    )
    column_ids = fields.One2many("hcrm.feed.column", "table_id", "Mapping", copy=True)
    known_columns = fields.Char(
        "Columns Read", readonly=True, copy=False, help="What the SELECT gives."
    )
    field_help = fields.Html(compute="_compute_field_help", sanitize=False)

    _name_uniq = models.UniqueIndex(
        "(source_id, name)", "A source has one table of this name already."
    )
    _check_date_days = models.Constraint(
        "CHECK(date_days BETWEEN 0 AND 3650)", "Look back 0 to 3,650 days."
    )

    # ------------------------------------------------------------------
    # computes and checks
    # ------------------------------------------------------------------

    @api.depends("res_type")
    def _compute_field_help(self):
        for table in self:
            rows = Markup().join(
                Markup(
                    "<tr><td><code>%s</code></td><td class='text-muted'>%s</td></tr>"
                )
                % (name, path)
                for name, path in FIELDS.get(table.res_type, {}).items()
            )
            table.field_help = (
                Markup("<table class='table table-sm'>%s</table>") % rows
                if rows
                else ""
            )

    @api.constrains("sql")
    def _check_sql(self):
        for table in self:
            table._checked(check_select, table.sql, table.name)

    @api.constrains("key_columns", "id_template", "entity", "res_type", "column_ids")
    def _check_mapping(self):
        for table in self:
            if not _columns(table.key_columns):
                raise ValidationError(
                    self.env._("%s: name the columns of the key.", table.name)
                )
            if table.entity and table.res_type not in ENTITY:
                raise ValidationError(
                    self.env._(
                        "%(table)s: records of this type get their entity from the person"
                        " or visit; leave it empty.",
                        table=table.name,
                    )
                )
            table._checked(RowMapper, table._spec())

    @api.constrains("parent_id", "parent_columns", "res_type")
    def _check_parent(self):
        for table in self.filtered("parent_id"):
            keys = _columns(table.parent_id.key_columns)
            if len(_columns(table.parent_columns)) != len(keys):
                raise ValidationError(
                    self.env._(
                        "%(table)s: say which columns here hold %(keys)s of %(parent)s.",
                        table=table.name,
                        keys=", ".join(keys),
                        parent=table.parent_id.name,
                    )
                )
            if table.res_type != table.parent_id.res_type:
                raise ValidationError(
                    self.env._(
                        "%(table)s adds to %(parent)s, so its rows are of the same type.",
                        table=table.name,
                        parent=table.parent_id.name,
                    )
                )

    def _checked(self, function, *args):
        """Call what raises an AdapterError; its sentence goes to the user."""
        try:
            return function(*args)
        except AdapterError as error:
            raise ValidationError(self._sentence(error)) from error

    def _sentence(self, error: AdapterError) -> str:
        values = {"table": self.name, **error.values}
        return self.env["hcrm.feed.reason"]._source_sentence(error.code, values)

    # ------------------------------------------------------------------
    # what the adapter knows
    # ------------------------------------------------------------------

    def _spec(self) -> dict:
        """This table as the adapter and a mapping file take it."""
        self.ensure_one()
        spec = {
            "name": self.name,
            "type": self.res_type,
            "sql": self.sql,
            "keys": _columns(self.key_columns),
        }
        spec.update({name: self[name] for name in PLAIN if self[name]})
        for name, field in COLUMN_SETTINGS.items():
            if self[field]:
                spec[name] = self[field].strip()
        if self.date_column:
            spec["date_days"] = self.date_days
        if self.parent_id:
            spec["parent"] = self.parent_id.name
            spec["parent_columns"] = _columns(self.parent_columns)
        spec["columns"] = [column._spec() for column in self.column_ids]
        return spec

    @api.model
    def _vals_of(self, spec: dict, source, parents: dict) -> dict:
        """Values of a record from a table of a mapping file."""
        vals = {
            "source_id": source.id,
            "name": spec["name"],
            "res_type": spec["type"],
            "sql": spec["sql"],
            "key_columns": ", ".join(spec["keys"]),
            "date_days": spec.get("date_days", 7),
            "parent_columns": ", ".join(spec.get("parent_columns", ())),
            "parent_id": parents.get(spec.get("parent")),
            "column_ids": [
                fields.Command.create(
                    {**self.env["hcrm.feed.column"]._vals_of(line), "sequence": index}
                )
                for index, line in enumerate(spec["columns"])
            ],
        }
        vals.update({name: spec.get(name) for name in PLAIN})
        vals.update({f: spec.get(name) for name, f in COLUMN_SETTINGS.items()})
        return vals

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def action_read_columns(self):
        """Run the SELECT for its columns, and add a line for each that has none."""
        self.ensure_one()
        self.check_access("write")
        names, _rows = self._ask(lambda adapter: adapter.columns(self.name))
        self.known_columns = ", ".join(names)
        mapped = {fold(line.column) for line in self.column_ids if line.column}
        start = max(self.column_ids.mapped("sequence"), default=0)
        self.env["hcrm.feed.column"].create(
            [
                {"table_id": self.id, "column": name, "sequence": start + index}
                for index, name in enumerate(names, 1)
                if fold(name) not in mapped
            ]
        )

    def action_preview(self):
        """Show the first rows beside what they become; nothing is written."""
        self.ensure_one()
        self.check_access("write")
        preview = self.env["hcrm.feed.table.preview"].create({"table_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Preview: %s", self.name),
            "res_model": preview._name,
            "res_id": preview.id,
            "view_mode": "form",
            "target": "new",
            "context": {"dialog_size": "extra-large"},
        }

    def _ask(self, question):
        """Ask the source something now; what goes wrong is told in words."""
        config = self.source_id._config("preview")
        try:
            return question(adapter_for("table", config))
        except AdapterError as error:
            raise UserError(self._sentence(error)) from error


def _columns(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]
