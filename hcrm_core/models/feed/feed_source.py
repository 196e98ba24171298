import os
import re
from zoneinfo import ZoneInfo

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import config

from ...feed_adapters.base import SourceConfig, adapter_for
from .feed_run import RUN_STATES

ROOTS_PARAMETER = "hcrm_core.feed_roots"


class HcrmFeedSource(models.Model):
    """A hospital information system, or a folder of its exports, that feeds us."""

    _name = "hcrm.feed.source"
    _description = "Feed Source"
    _order = "sequence, id"

    name = fields.Char(required=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        "Legal Entity",
        required=True,
        default=lambda self: self.env.company,
        help="Records that do not name their entity belong to this one.",
    )
    kind = fields.Selection(
        [
            ("fhir_file", "FHIR R4 files"),
            ("fhir_rest", "FHIR R4 server (REST)"),
            ("gnuhealth_sql", "GNU Health 5 (PostgreSQL)"),
            ("table", "Tables of a database"),
        ],
        required=True,
        default="fhir_file",
    )
    url = fields.Char("Address", help="Base address of the service, https://...")
    auth_kind = fields.Selection(
        [
            ("none", "None"),
            ("basic", "User and password"),
            ("bearer", "Token or API key"),
            ("oauth2", "OAuth2 client credentials"),
        ],
        "Log In With",
        required=True,
        default="none",
    )
    auth_login = fields.Char("User", help="User, client id or database role.")
    auth_secret = fields.Char(
        "Secret",
        copy=False,
        groups="base.group_system",
        help="Password, token, client secret, or the private key (PEM) of the client.",
    )
    auth_token_url = fields.Char("Token Address")
    auth_scope = fields.Char("Scope")
    host = fields.Char(help="Machine the database listens on.")
    port = fields.Integer()
    database = fields.Char()
    is_upload = fields.Boolean(
        "Files Are Uploaded",
        help="Its files come from users' computers, not from a folder.",
    )
    path = fields.Char(
        "File or Folder",
        help="File or folder on the server: .ndjson, .json, .gz, .zip.",
    )
    tz = fields.Selection(
        related="company_id.hcrm_tz", string="Time Zone of Local Times"
    )
    mrn_priority = fields.Char(
        "MRN Priority",
        default="MR,PT,PI",
        help="Codes, systems or names of identifiers, best first, whose value is the MRN.",
    )
    only_types = fields.Char(
        help="Read only these types, comma-separated, e.g. Patient, Encounter. Empty: all."
    )
    waiting_days = fields.Integer(
        default=7,
        help="Records whose person never arrives go to quarantine after so many days.",
    )
    max_record_mb = fields.Integer("Largest Record (MB)", default=5)
    page_size = fields.Integer(default=5000)
    is_backfilled = fields.Boolean(
        "First Load Done",
        copy=False,
        help="Until the first load is done, events are marked backfill and start nothing.",
    )
    run_ids = fields.One2many("hcrm.feed.run", "source_id", "Runs")
    last_run_id = fields.Many2one("hcrm.feed.run", compute="_compute_last_run_id")
    last_run_state = fields.Selection(RUN_STATES, compute="_compute_last_run_id")
    waiting_count = fields.Integer("Waiting", compute="_compute_inbox_counts")
    quarantine_count = fields.Integer("Quarantined", compute="_compute_inbox_counts")
    check_report = fields.Text("What Was Found", readonly=True, copy=False)

    _check_page_size = models.Constraint(
        "CHECK(page_size BETWEEN 1 AND 5000)", "A page holds 1 to 5,000 records."
    )
    _check_max_record_mb = models.Constraint(
        "CHECK(max_record_mb BETWEEN 1 AND 100)",
        "The largest record may be 1 to 100 MB.",
    )

    # ------------------------------------------------------------------
    # computes and checks
    # ------------------------------------------------------------------

    @api.depends("run_ids.state")
    def _compute_last_run_id(self):
        Run = self.env["hcrm.feed.run"]
        groups = Run._read_group(
            [("source_id", "in", self.ids)], ["source_id"], ["id:max"]
        )
        last = {source.id: run_id for source, run_id in groups}
        for source in self:
            source.last_run_id = Run.browse(last.get(source.id))
            source.last_run_state = source.last_run_id.state

    def _compute_inbox_counts(self):
        groups = self.env["hcrm.feed.inbox"]._read_group(
            [("source_id", "in", self.ids)], ["source_id", "state"], ["__count"]
        )
        counts = {(source.id, state): count for source, state, count in groups}
        for source in self:
            source.waiting_count = counts.get((source.id, "waiting"), 0) + counts.get(
                (source.id, "partial"), 0
            )
            source.quarantine_count = counts.get((source.id, "quarantine"), 0)

    @api.constrains("path", "kind")
    def _check_path(self):
        for source in self.filtered("path"):
            real = os.path.realpath(source.path)
            roots = [os.path.realpath(root) for root in self._roots()]
            if not any(
                real == root or real.startswith(root + os.sep) for root in roots
            ):
                raise ValidationError(
                    self.env["hcrm.feed.reason"]._source_sentence(
                        "path_forbidden",
                        {"path": source.path, "roots": ", ".join(roots)},
                    )
                )

    # ------------------------------------------------------------------
    # adapter
    # ------------------------------------------------------------------

    @api.model
    def _roots(self) -> list[str]:
        """Folders the server allows sources in, besides the upload folder."""
        # sudo: the parameter belongs to the server's administrator
        value = self.env["ir.config_parameter"].sudo().get_param(ROOTS_PARAMETER) or ""
        roots = [root.strip() for root in value.split(",") if root.strip()]
        return [*roots, self._data_folder("upload")]

    @api.model
    def _data_folder(self, name: str) -> str:
        """A folder of the feed in Odoo's data directory, per database."""
        return os.path.join(config["data_dir"], "hcrm_feed", self.env.cr.dbname, name)

    def _adapter(self, spool: str, since: dict | None = None):
        """The one-way reader of this source; ``spool`` names its working folder."""
        self.ensure_one()
        return adapter_for(self.kind, self._config(spool, since))

    def _config(self, spool: str, since: dict | None = None) -> SourceConfig:
        """What the adapter may know; kinds add their own settings to ``options``."""
        # sudo: the secret goes to the adapter, which the caller never sees
        secret = self.sudo().auth_secret
        return SourceConfig(
            path=self.path or "",
            roots=tuple(self._roots()),
            spool=os.path.join(self._data_folder("spool"), str(self.id), spool),
            max_record_bytes=self.max_record_mb * 1024 * 1024,
            only_types=frozenset(re.findall(r"\w+", self.only_types or "")),
            url=self.url or "",
            auth=self.auth_kind,
            login=self.auth_login or "",
            secret=secret or "",
            token_url=self.auth_token_url or "",
            scope=self.auth_scope or "",
            host=self.host or "",
            port=self.port,
            database=self.database or "",
            zone=ZoneInfo(self.company_id.hcrm_tz or "UTC"),
            since=since or {},
        )

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def action_start(self):
        """Start a run through the job queue."""
        self.ensure_one()
        return self._start_run()._open()

    def action_stop(self):
        """Stop the run under way after the page at hand."""
        self.ensure_one()
        self.last_run_id.action_stop()

    def action_resume(self):
        """Go on with the last run where it stopped."""
        self.ensure_one()
        self.last_run_id.action_resume()
        return self.last_run_id._open()

    def _start_run(self, enqueue=True, mode="full"):
        """Make a new run of this source; one source runs once at a time.

        Without ``enqueue`` no job is queued: the caller processes the run itself.
        """
        self.ensure_one()
        self.check_access("write")
        active = self.run_ids.filtered(lambda run: run.state in ("queued", "running"))
        if active:
            raise UserError(
                self.env._("%s is being read already. Stop that run first.", self.name)
            )
        # a run that ended in this transaction must have left the unique index
        self.run_ids.flush_recordset(["state"])
        run = self.env["hcrm.feed.run"].create(
            {
                "source_id": self.id,
                "mode": mode,
                "is_backfill": not self.is_backfilled,
            }
        )
        if enqueue:
            run._enqueue()
        return run

    def action_open_runs(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_feed_run_action"
        )
        return {**action, "domain": [("source_id", "=", self.id)]}

    def action_open_inbox(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_feed_inbox_action"
        )
        return {**action, "domain": [("source_id", "=", self.id)]}
