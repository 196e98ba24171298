from odoo import api, fields, models
from odoo.exceptions import UserError

from ...tools.day_notice import notice_year, read_notice


class HcrmDayNotice(models.TransientModel):
    """Paste the official notice on days off: the calendar follows it (R10)."""

    _name = "hcrm.day.notice"
    _description = "Official Notice on Days Off"

    company_ids = fields.Many2many(
        "res.company", string="Legal Entities", default=lambda self: self.env.companies
    )
    text = fields.Text(
        "Notice", required=True, help="The text of the notice, as it was published."
    )
    preview = fields.Text("What Was Understood", compute="_compute_preview")

    @api.depends("text")
    def _compute_preview(self):
        for wizard in self:
            wizard.preview = "\n".join(
                self.env._("%(date)s %(name)s: work", date=day.day, name=day.name)
                if day.is_work
                else self.env._("%(date)s %(name)s: off", date=day.day, name=day.name)
                for day in wizard._days()
            )

    def _days(self):
        year = notice_year(self.text or "")
        return read_notice(self.text, year) if year else []

    def action_apply(self):
        """Put the days of the notice into the calendar, in place of the library's."""
        self.ensure_one()
        days = self._days()
        if not days:
            raise UserError(
                self.env._(
                    "No days were found. Paste the notice with its year and lines such as"
                    " “春节：2月15日至23日放假，2月14日（周六）上班。”"
                )
            )
        year = days[0].day.year
        Day = self.env["hcrm.day"]
        for company in self.company_ids:
            Day.search(
                [
                    ("company_id", "=", company.id),
                    ("origin", "=", "library"),
                    ("date", ">=", f"{year}-01-01"),
                    ("date", "<=", f"{year}-12-31"),
                ]
            ).unlink()
            Day._put(
                company,
                [(d.day, d.name, "makeup" if d.is_work else "holiday") for d in days],
                "notice",
            )
        return self.env["ir.actions.actions"]._for_xml_id("hcrm_core.hcrm_day_action")
