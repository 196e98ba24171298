import time
from datetime import timedelta

from odoo import api, fields, models

from ...feed_adapters.base import AdapterError

CHECK_LIMIT = 200_000
# which settings a kind of source has; a kind not named here shows all of them
KIND_PARTS = {
    "fhir_file": {"path"},
    "fhir_rest": {"url"},
    "gnuhealth_sql": {"database"},
    "table": {"database"},
    "odoo_local": set(),
    "odoo_json2": {"url", "database_name"},
    "push": set(),
}
EVERYTHING = {"path", "url", "database"}
LAG_STATES = [
    ("manual", "By hand"),
    ("fresh", "Up to date"),
    ("late", "Late"),
    ("stale", "Far behind"),
]


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    has_path = fields.Boolean(compute="_compute_kind_parts")
    has_url = fields.Boolean(compute="_compute_kind_parts")
    has_database = fields.Boolean(compute="_compute_kind_parts")
    date_success = fields.Datetime(
        "Last Complete Read",
        compute="_compute_lag",
        help="When a run last came to its end.",
    )
    newest_stamp = fields.Datetime(
        "Newest Change Here",
        compute="_compute_lag",
        help="Newest stamp of the source that is here; empty where it gives none.",
    )
    lag_seconds = fields.Integer(
        "Lag (s)", compute="_compute_lag", help="Seconds since the last complete read."
    )
    newest_seconds = fields.Integer(
        compute="_compute_lag", help="Seconds since the newest change that is here."
    )
    lag_text = fields.Char("Lag", compute="_compute_lag")
    lag_state = fields.Selection(LAG_STATES, "Freshness", compute="_compute_lag")
    code_count = fields.Integer(
        "Unknown Codes",
        compute="_compute_code_count",
        help="Codes of the source that nobody has said the meaning of.",
    )
    check_state = fields.Selection(
        [("ok", "Answers"), ("failed", "Does not answer")],
        "Connection",
        readonly=True,
        copy=False,
    )
    check_date = fields.Datetime("Tested", readonly=True, copy=False)

    @api.depends("kind")
    def _compute_kind_parts(self):
        for source in self:
            parts = KIND_PARTS.get(source.kind, EVERYTHING)
            source.has_path = "path" in parts
            source.has_url = "url" in parts
            source.has_database = "database" in parts

    @api.depends(
        "interval_minutes", "window_start", "window_end", "run_ids.state", "cursor_ids"
    )
    def _compute_lag(self):
        ends = self.env["hcrm.feed.run"]._read_group(
            [("source_id", "in", self.ids), ("state", "=", "done")],
            ["source_id"],
            ["date_end:max"],
        )
        # sudo: cursors are bookkeeping of the feed itself
        stamps = (
            self.env["hcrm.feed.cursor"]
            .sudo()
            ._read_group([("source_id", "in", self.ids)], ["source_id"], ["stamp:max"])
        )
        end_by_source = {source.id: end for source, end in ends}
        stamp_by_source = {source.id: stamp for source, stamp in stamps}
        now = fields.Datetime.now()
        for source in self:
            source.date_success = end_by_source.get(source.id)
            source.newest_stamp = stamp_by_source.get(source.id)
            source.lag_seconds = _seconds(now, source.date_success)
            source.newest_seconds = _seconds(now, source.newest_stamp)
            source.lag_text = source._duration(source.lag_seconds)
            if not source.date_success:
                source.lag_text = self.env._("never read")
            source.lag_state = source._lag_state()

    def _lag_state(self) -> str:
        """Late after two missed intervals, far behind after six."""
        if not self.interval_minutes:
            return "manual"
        if not self.date_success:
            return "stale"
        interval = timedelta(minutes=self.interval_minutes)
        lag = timedelta(seconds=self.lag_seconds)
        if self.window_start != self.window_end:
            # it rests while the window is shut
            lag -= timedelta(hours=24 - (self.window_end - self.window_start) % 24)
        if lag <= 2 * interval + timedelta(minutes=5):
            return "fresh"
        return "late" if lag <= 6 * interval + timedelta(hours=1) else "stale"

    @api.model
    def _duration(self, seconds: int) -> str:
        """Some seconds in words, in the unit a person would say."""
        if seconds < 90:
            return self.env._("%s s", seconds)
        if seconds < 5400:
            return self.env._("%s min", round(seconds / 60))
        if seconds < 172800:
            return self.env._("%s h", round(seconds / 3600))
        return self.env._("%s days", round(seconds / 86400))

    def _compute_code_count(self):
        groups = self.env["hcrm.feed.code"]._read_group(
            [("source_id", "in", self.ids), ("value", "=", False)],
            ["source_id"],
            ["__count"],
        )
        counts = {source.id: count for source, count in groups}
        for source in self:
            source.code_count = counts.get(source.id, 0)

    # ------------------------------------------------------------------
    # actions
    # ------------------------------------------------------------------

    def action_check(self):
        """Ask the source whether it answers and what is there; nothing is written."""
        self.ensure_one()
        self.check_access("write")
        adapter = self._adapter("check")
        started = time.monotonic()
        try:
            lines = self._report_lines(adapter.check(CHECK_LIMIT))
            state = "ok"
            seconds = f"{time.monotonic() - started:.1f}"
            lines.insert(0, self.env._("It answered in %s s.", seconds))
        except AdapterError as error:
            reason = self.env["hcrm.feed.reason"]
            lines = [reason._source_sentence(error.code, error.values)]
            state = "failed"
        finally:
            adapter.cleanup()
        self.write(
            {
                "check_state": state,
                "check_date": fields.Datetime.now(),
                "check_report": "\n".join(lines),
            }
        )

    def _report_lines(self, report) -> list[str]:
        """What a check found, in words."""
        Words = self.env["hcrm.feed.words"]
        Reason = self.env["hcrm.feed.reason"]
        lines = [Reason._note_sentence(code, values) for code, values in report.notes]
        if report.files:
            lines.append(self.env._("%(count)s files to read", count=len(report.files)))
        lines += [f"    {name}" for name in report.files[:50]]
        for name, count in sorted(report.counts.items()):
            label = Words._type_label(name)
            lines.append(
                self.env._(
                    "%(label)s (%(type)s): %(count)s",
                    label=label,
                    type=name,
                    count=count,
                )
                if label != name
                else self.env._("%(type)s: %(count)s", type=name, count=count)
            )
        if report.unreadable:
            lines.append(
                self.env._(
                    "%(count)s records cannot be read; a run puts them into the"
                    " quarantine.",
                    count=report.unreadable,
                )
            )
        if report.ignored:
            lines.append(self.env._("Passed over: %s", ", ".join(report.ignored[:20])))
        if not report.complete:
            lines.append(
                self.env._("Only the first %s records were looked at.", CHECK_LIMIT)
            )
        return lines

    def action_open_codes(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_feed_code_action"
        )
        return {
            **action,
            "domain": [("source_id", "=", self.id)],
            "context": {"default_source_id": self.id},
        }

    def action_open_cases(self):
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "hcrm_core.hcrm_feed_case_action"
        )
        return {**action, "domain": [("source_id", "=", self.id)]}


def _seconds(now, stamp) -> int:
    return max(0, int((now - stamp).total_seconds())) if stamp else 0
