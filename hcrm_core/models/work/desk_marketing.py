from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.fields import Domain
from odoo.tools import format_datetime

from ...tools.desk_times import day_bounds, local_day
from ..message.purposes import OUTREACH

PERIODS = (1, 7, 30)
GONE = ("claimed", "accepted", "delivered", "read", "unknown")
MAX_CAMPAIGNS = 50


class HcrmMessage(models.Model):
    _inherit = "hcrm.message"

    # desks that look back over days; rows are judged in the order they come
    _judged_idx = models.Index("USING brin (date_judged)")


class HcrmDeskMarketing(models.AbstractModel):
    """Marketing's desk: what went, what is held and why, who said no, and one button
    that stops everything now (R24)."""

    _name = "hcrm.desk.marketing"
    _description = "Marketing Desk"

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    @api.model
    @api.readonly
    def get_desk(self, days=7):
        """Return the messages of surveys, research and marketing of the last days:
        totals, reasons, campaigns, and the stops that stand."""
        self.env["hcrm.message.stop"].check_access("read")
        company = self.env.company
        now = fields.Datetime.now()
        days = days if days in PERIODS else PERIODS[1]
        first = local_day(now, company.hcrm_tz) - timedelta(days=days - 1)
        since, _end = day_bounds(first, company.hcrm_tz)
        campaigns = self._campaigns(since)
        totals = {
            name: sum(row[name] for row in campaigns)
            for name in ("sent", "delivered", "held", "refused", "failed", "optouts")
        }
        totals["optout_rate"] = self._per_thousand(totals)
        campaigns.sort(key=lambda row: -row["sent"])
        return {
            "company": company.name,
            "now": self.env["hcrm.desk"]._format_hour(now, company),
            "as_of": self.env["hcrm.desk"]._get_data_age(company),
            "days": days,
            "totals": totals,
            "campaigns": campaigns[:MAX_CAMPAIGNS],
            "reasons": self._reasons(since),
            "stops": self._stops(),
            "can_stop": self.env["hcrm.message.stop"].has_access("create"),
        }

    def _base(self, since):
        # a row that nobody judged yet has just come
        recent = Domain("date_judged", ">=", since) | Domain("date_judged", "=", False)
        return (
            Domain("company_id", "=", self.env.company.id)
            & Domain("purpose", "in", list(OUTREACH))
            & recent
        )

    def _campaigns(self, since):
        """One row per campaign; messages of none stand together."""
        rows = {}
        stopped = self.env["hcrm.message.stop"].search(self._standing()).mapped("topic")
        for topic, state, count in self.env["hcrm.message"]._read_group(
            self._base(since), ["topic", "state"], ["__count"]
        ):
            row = rows.setdefault(topic or "", self._empty(topic, stopped))
            row["sent"] += count * (state in GONE)
            row["delivered"] += count * (state in ("delivered", "read"))
            row["held"] += count * (state == "queued")
            row["refused"] += count * (state in ("refused", "cancelled"))
            row["failed"] += count * (state in ("failed", "expired"))
        for topic, count in self._optouts(since):
            row = rows.setdefault(topic or "", self._empty(topic, stopped))
            row["optouts"] += count
        for row in rows.values():
            row["optout_rate"] = self._per_thousand(row)
        return list(rows.values())

    def _empty(self, topic, stopped):
        return {
            "topic": topic or "",
            **dict.fromkeys(
                ("sent", "delivered", "held", "refused", "failed", "optouts"), 0
            ),
            "is_stopped": bool(stopped)
            and (topic in stopped or any(not name for name in stopped)),
        }

    def _optouts(self, since):
        """People who said no in answer to a message, by its campaign."""
        return self.env["hcrm.inbound"]._read_group(
            [
                ("company_id", "=", self.env.company.id),
                ("meaning", "=", "optout"),
                ("date", ">=", since),
            ],
            ["answers_id.topic"],
            ["__count"],
        )

    def _per_thousand(self, row):
        return round(1000 * row["optouts"] / row["sent"], 1) if row["sent"] else 0

    def _reasons(self, since):
        """Why messages wait or were not sent, most frequent first."""
        groups = self.env["hcrm.message"]._read_group(
            self._base(since)
            & Domain("verdict", "in", ("defer", "refuse"))
            & Domain("state", "in", ("queued", "refused")),
            ["verdict", "reason_code"],
            ["__count"],
        )
        sentences = self.env["hcrm.governor.reason"]._sentences()
        return [
            {
                "key": f"{verdict}-{code}",
                "code": code,
                "verdict": verdict,
                "label": sentences.get(code, code or ""),
                "count": count,
            }
            for verdict, code, count in sorted(groups, key=lambda group: -group[2])
        ]

    def _standing(self):
        return [
            ("company_id", "=", self.env.company.id),
            ("date_end", "=", False),
        ]

    def _stops(self):
        stops = self.env["hcrm.message.stop"].search(self._standing())
        tz = self.env.company.hcrm_tz
        return [
            {
                "id": stop.id,
                "topic": stop.topic or "",
                "stops_care": stop.stops_care,
                "reason": stop.reason,
                # sudo: the name of a colleague
                "user": stop.user_id.sudo().name,
                "since": format_datetime(
                    self.env, stop.create_date, tz=tz, dt_format="short"
                ),
            }
            for stop in stops
        ]

    # ------------------------------------------------------------------
    # STOP EVERYTHING NOW
    # ------------------------------------------------------------------

    @api.model
    def stop(self, reason, topic="", stops_care=False):
        """Stop a campaign, or with no campaign the hospital; what is queued or claimed
        is taken back in this transaction."""
        if not (reason or "").strip():
            reason = self.env._("Stopped at the desk")
        if stops_care and not self.env.user.has_group("hcrm_core.group_manager"):
            raise AccessError(
                self.env._("Only a manager stops reminders and follow-up as well.")
            )
        self.env["hcrm.message.stop"].create(
            {
                "company_id": self.env.company.id,
                "topic": topic or False,
                "reason": reason.strip(),
                "stops_care": bool(stops_care),
            }
        )
        return True

    @api.model
    def lift(self, stop_id):
        """Let messages go again."""
        stop = self.env["hcrm.message.stop"].search([("id", "=", int(stop_id))])
        stop.action_lift()
        return True

    @api.model
    def get_messages_action(self, days=7, topic=None, code=None, state=None):
        """Return the list of messages behind a figure."""
        company = self.env.company
        first = local_day(fields.Datetime.now(), company.hcrm_tz) - timedelta(
            days=int(days) - 1
        )
        since, _end = day_bounds(first, company.hcrm_tz)
        domain = self._base(since)
        if topic is not None:
            domain &= Domain("topic", "=", topic or False)
        if code:
            domain &= Domain("reason_code", "=", code)
        states = {
            "sent": GONE,
            "delivered": ("delivered", "read"),
            "held": ("queued",),
            "refused": ("refused", "cancelled"),
            "failed": ("failed", "expired"),
        }.get(state)
        if states:
            domain &= Domain("state", "in", states)
        action = self.env["ir.actions.actions"]._for_xml_id(
            "hcrm_core.hcrm_message_action"
        )
        return {**action, "domain": list(domain), "context": {}}
