from odoo import api, fields, models
from odoo.exceptions import UserError

DIALECTS = [
    ("postgresql", "PostgreSQL, Kingbase"),
    ("mariadb", "MariaDB, MySQL"),
    ("oracle", "Oracle (not verified)"),
    ("mssql", "SQL Server (not verified)"),
]
ENCODINGS = [
    ("utf-8", "UTF-8"),
    ("gb18030", "GB18030, GBK, GB2312"),
    ("big5hkscs", "Big5"),
    ("cp1252", "Western European"),
]


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    dialect = fields.Selection(
        DIALECTS, "Database System", required=True, default="postgresql"
    )
    encoding = fields.Selection(
        ENCODINGS,
        "Encoding of Bytes",
        required=True,
        default="utf-8",
        help="How text in binary columns is written. Text columns are converted by the"
        " server, unless it does not know their encoding.",
    )
    is_raw_text = fields.Boolean(
        "Server Does Not Know the Encoding",
        help="Text columns hold bytes of that encoding, but the server says otherwise:"
        " SQL_ASCII in PostgreSQL, GBK in latin1 columns of MariaDB.",
    )
    statement_seconds = fields.Integer(
        "Longest Query (s)",
        default=60,
        help="The HIS ends our queries after so many seconds.",
    )
    table_ids = fields.One2many("hcrm.feed.table", "source_id", "Tables", copy=True)
    table_count = fields.Integer(compute="_compute_table_count")
    is_table = fields.Boolean(compute="_compute_is_table")

    _check_statement_seconds = models.Constraint(
        "CHECK(statement_seconds BETWEEN 1 AND 3600)",
        "A query may take 1 to 3,600 seconds.",
    )

    @api.depends("kind")
    def _compute_is_table(self):
        for source in self:
            source.is_table = source.kind == "table"

    def _compute_table_count(self):
        # sudo: a clerk sees how many there are, not what they hold
        groups = (
            self.env["hcrm.feed.table"]
            .sudo()
            ._read_group([("source_id", "in", self.ids)], ["source_id"], ["__count"])
        )
        counts = {source.id: count for source, count in groups}
        for source in self:
            source.table_count = counts.get(source.id, 0)

    def _config(self, *args, **kwargs):
        config = super()._config(*args, **kwargs)
        if self.kind == "table":
            config.options.update(
                dialect=self.dialect,
                encoding=self.encoding,
                is_raw_text=self.is_raw_text,
                statement_seconds=self.statement_seconds,
                tables=[table._spec() for table in self.table_ids],
            )
        return config

    def action_open_tables(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_feed_table_action"
        )
        return {
            **action,
            "domain": [("source_id", "=", self.id)],
            "context": {"default_source_id": self.id},
        }

    def action_open_mapping_file(self):
        """Take the tables of this source to another hospital, or bring some here."""
        self.ensure_one()
        if not self.env.user.has_group("base.group_system"):
            raise UserError(
                self.env._(
                    "A mapping holds SQL that runs at the HIS: only administrators of the"
                    " server may export or import one."
                )
            )
        wizard = self.env["hcrm.feed.table.file"].create({"source_id": self.id})
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Mapping File"),
            "res_model": wizard._name,
            "res_id": wizard.id,
            "view_mode": "form",
            "target": "new",
        }
