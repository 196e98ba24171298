from odoo import api, fields, models


class HcrmFeedRun(models.Model):
    _inherit = "hcrm.feed.run"

    remaining_text = fields.Char("Time Left", compute="_compute_remaining_text")
    problems_html = fields.Html(
        "What Went Wrong", compute="_compute_problems_html", sanitize=False
    )

    @api.depends("bytes_done", "bytes_total", "seconds", "state")
    def _compute_remaining_text(self):
        for run in self:
            run.remaining_text = False
            if run.state == "running" and run.bytes_done and run.bytes_total:
                left = max(0, run.bytes_total - run.bytes_done)
                seconds = round(run.seconds * left / run.bytes_done)
                run.remaining_text = run.source_id._duration(seconds)

    @api.depends_context("lang")
    def _compute_problems_html(self):
        """What is held back since this run, by reason; one query for all runs."""
        groups = self.env["hcrm.feed.inbox"]._read_group(
            [("run_id", "in", self.ids), ("state", "!=", "dropped")],
            ["run_id", "state", "res_type", "reason_code", "reason_field"],
            ["__count"],
            order="__count desc",
        )
        rows_by_run: dict[int, list] = {}
        for run, state, res_type, code, name, count in groups:
            rows_by_run.setdefault(run.id, []).append(
                self._problem_row(state, res_type, code, name, count)
            )
        for run in self:
            rows = rows_by_run.get(run.id)
            run.problems_html = rows and self.env["ir.qweb"]._render(
                "hcrm_core.feed_run_problems", {"rows": rows}
            )

    def _problem_row(self, state, res_type, code, name, count) -> dict:
        Words = self.env["hcrm.feed.words"]
        title = self.env["hcrm.feed.reason"]._title(code)
        if name:
            title += f" · {Words._said_label(res_type, name)} ({name})"
        return {
            "count": count,
            "type": Words._type_label(res_type),
            "title": title,
            "is_held": state == "quarantine",
        }
