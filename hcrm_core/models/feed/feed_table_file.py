import base64
import json

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import file_open

FORMAT = "hcrm-table-mapping"
EXAMPLES = {"demo_hospital": "hcrm_core/data/mapping/demo_hospital.json"}


class HcrmFeedTableFile(models.TransientModel):
    """Tables and mappings of a source as a file: to keep, to ship, to bring in."""

    _name = "hcrm.feed.table.file"
    _description = "Mapping File"

    source_id = fields.Many2one("hcrm.feed.source", required=True, ondelete="cascade")
    file_out = fields.Binary("Mapping", compute="_compute_file_out")
    file_out_name = fields.Char(compute="_compute_file_out")
    example = fields.Selection(
        [("demo_hospital", "Demo hospital")], help="A mapping that comes with HCRM."
    )
    file_in = fields.Binary("File", attachment=False)
    file_in_name = fields.Char()
    is_replacing = fields.Boolean(
        "Replace Tables of the Same Name",
        default=True,
        help="Otherwise a table of the same name stops the import.",
    )

    @api.depends("source_id")
    def _compute_file_out(self):
        for wizard in self:
            text = json.dumps(wizard._document(), ensure_ascii=False, indent=2)
            wizard.file_out = base64.b64encode(text.encode())
            wizard.file_out_name = f"{wizard.source_id.name}.mapping.json"

    def _document(self) -> dict:
        """Everything an integrator ships: no host, login or secret is in it."""
        source = self.source_id
        return {
            "format": FORMAT,
            "version": 1,
            "name": source.name,
            "tables": [table._spec() for table in source.table_ids],
        }

    def action_import(self):
        """Make the tables of the file; what is wrong with one is told, none is made."""
        self.ensure_one()
        text = self._text()
        try:
            document = json.loads(text)
            is_ours = document["format"] == FORMAT
            specs = document["tables"]
        except (ValueError, KeyError, TypeError):
            is_ours = False
        if not is_ours:
            raise UserError(
                self.env._(
                    "This is not a mapping file of HCRM. Export one to see how it is built."
                )
            )
        self._import(specs)
        return {"type": "ir.actions.act_window_close"}

    def _text(self) -> str:
        if self.file_in:
            try:
                return base64.b64decode(self.file_in).decode("utf-8-sig")
            except UnicodeDecodeError as error:
                raise UserError(self.env._("The file is not UTF-8.")) from error
        if self.example:
            with file_open(EXAMPLES[self.example], "r") as stream:
                return stream.read()
        raise UserError(self.env._("Choose a file or an example."))

    def _import(self, specs: list[dict]):
        """Create the tables, those that add rows to others after them."""
        Table = self.env["hcrm.feed.table"].with_context(active_test=False)
        known = Table.search([("source_id", "=", self.source_id.id)])
        if self.is_replacing:
            names = [spec.get("name") for spec in specs]
            known.filtered(lambda table: table.name in names).unlink()
        parents = {}
        try:
            for is_child in (False, True):
                chosen = [
                    (index, spec)
                    for index, spec in enumerate(specs)
                    if bool(spec.get("parent")) is is_child
                ]
                made = Table.create(
                    [
                        {
                            **Table._vals_of(spec, self.source_id, parents),
                            "sequence": 10 * (index + 1),
                        }
                        for index, spec in chosen
                    ]
                )
                parents.update({table.name: table.id for table in made})
            self.source_id.invalidate_recordset(["table_ids"])  # in their order
        except (KeyError, TypeError, AttributeError) as error:
            raise UserError(
                self.env._("The mapping file lacks something: %s", error)
            ) from error
