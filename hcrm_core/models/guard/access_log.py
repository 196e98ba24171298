import logging

from dateutil.relativedelta import relativedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.tools import SQL

_logger = logging.getLogger(__name__)

YEARS_PARAMETER = "hcrm_core.access_log_years"
YEARS = 6
PURGE_BATCH = 10_000


class HcrmAccessLog(models.Model):
    """One reading: who looked at whom, when, how, and whether they had to do with
    the person at that time (R8, R22). Append-only.

    One request gives one row per thing that was asked for by name (a card, a
    search, an export), or else one row for all that was fetched on the way: a
    list of 80 people is one row with 80 ids. Rows are written at the end of the
    request, and what cannot be logged is not shown. ``has_relation`` is told a few
    minutes later, of the moment of the reading, and once.

    Growth: one row per request that shows people, of 260 bytes and 12 more for each
    further person; two indexes beside the key, and one over the rows of the last
    minutes. Retention: 6 years, then nothing of a row survives. ``person_ids`` are
    plain numbers: a person who is merged or erased does not take the log with them.
    """

    _name = "hcrm.access.log"
    _description = "Access to a Person"
    _order = "id desc"
    _log_access = False
    _rec_name = "date"

    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", "Reader", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", "Legal Entity", required=True, readonly=True, ondelete="restrict"
    )
    kind = fields.Selection(
        [
            ("card", "Card opened"),
            ("timeline", "Timeline or health page"),
            ("read", "Records read"),
            ("search", "Search with results"),
            ("caller", "Caller lookup"),
            ("picture", "Picture of a person"),
            ("document", "Document opened"),
            ("thread", "Notes and messages read"),
            ("export", "Export"),
            ("break_glass", "Break-glass"),
        ],
        required=True,
        readonly=True,
    )
    model_names = fields.Char("Read", readonly=True)
    person_ids = fields.Json("People", readonly=True)
    person_count = fields.Integer("Number of People", readonly=True)
    query = fields.Char("Typed", readonly=True)
    channel = fields.Selection(
        [
            ("web", "Web client"),
            ("json2", "JSON-2"),
            ("rpc", "XML-RPC or JSON-RPC"),
            ("endpoint", "Other page of ours"),
        ],
        readonly=True,
    )
    ip = fields.Char("Address", readonly=True)
    reason = fields.Char(readonly=True)
    has_relation = fields.Boolean(
        "Care Relation",
        readonly=True,
        help="The reader had to do with the person at that time: a visit or booking "
        "near that day, a grant, a call just looked up. Told of a single person.",
    )

    # the privacy officer's lists, and one reader's day
    _lists_idx = models.Index("(company_id, date DESC, user_id)")
    # rows whose care relation is to be told: those of the last minutes
    _unsettled_idx = models.Index(
        "(id) WHERE has_relation IS NULL AND person_count = 1"
    )
    # who looked at one person
    _person_idx = models.Index("USING gin (person_ids jsonb_path_ops)")

    # ------------------------------------------------------------------
    # CRUD: the log is written by _write_buffer and _append_break_glass alone
    # ------------------------------------------------------------------
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise self._append_only_error()

    def write(self, vals):  # pylint: disable=method-required-super
        raise self._append_only_error()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_by_retention(self):
        raise self._append_only_error()

    def _append_only_error(self):
        return AccessError(
            self.env._(
                "The access log is written by the system and kept as it is. Ask the "
                "reader for a reason instead; the answer stands beside it."
            )
        )

    # ------------------------------------------------------------------
    # RETENTION
    # ------------------------------------------------------------------
    @api.model
    def _cron_purge(self):
        """Delete rows older than the log is kept, oldest first, batch by batch."""
        until = self._get_purge_date()
        cron = self.env["ir.cron"]
        remaining_time = float("inf")
        while remaining_time:
            deleted = self._purge_batch(until)
            # a full batch: more may be waiting
            remaining_time = cron._commit_progress(
                deleted, remaining=PURGE_BATCH if deleted == PURGE_BATCH else 0
            )
            if deleted < PURGE_BATCH:
                break

    @api.model
    def _get_purge_date(self):
        """Return the moment before which rows are deleted.

        A hook: whoever seals and exports the months of the log returns an earlier
        moment until the old months are safe.
        """
        # sudo: a setting of the administrator
        value = self.env["ir.config_parameter"].sudo().get_param(YEARS_PARAMETER)
        years = int(value) if value and value.isdigit() and int(value) else YEARS
        return fields.Datetime.now() - relativedelta(years=years)

    @api.model
    def _purge_batch(self, until):
        """Delete old rows among the first of the log; return how many.

        Rows come in the order of time, so the old ones are found by the key.
        """
        self.env.cr.execute(
            SQL(
                "DELETE FROM hcrm_access_log l USING (SELECT id, date"
                " FROM hcrm_access_log ORDER BY id LIMIT %s) old"
                " WHERE l.id = old.id AND old.date < %s",
                PURGE_BATCH,
                until,
            )
        )
        deleted = self.env.cr.rowcount
        self.env.invalidate_all()
        if deleted:
            _logger.info("%s rows of the access log were kept long enough", deleted)
        return deleted
