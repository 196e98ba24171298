from odoo import api, models


class HcrmCard(models.AbstractModel):
    """What rules have planned for the person, visible from day 0."""

    _inherit = "hcrm.card"

    @api.model
    def _card_sections(self):
        return [*super()._card_sections(), "planned"]

    @api.model
    def _section_planned(self, subject, card):
        """The next planned actions: what, when, why, by which rule. Those of clinical
        rules are shown to clinical roles alone, by record rule."""
        rows = self._fetch(
            "hcrm.rule.execution",
            [("partner_id", "=", subject.partner.id), ("state", "=", "planned")],
            limit=10,
        )
        if rows is None:
            return None
        may_cancel = self.env["hcrm.rule.execution"]._may_cancel()
        return [
            {
                "id": row.id,
                "what": self._planned_what(row.rule_id),
                "rule": row.rule_id.name,
                "date_due": self._datetime(row.date_due),
                "why": row.event_id.kind_id.name or self._label(row.rule_id, "trigger"),
                "date_anchor": self._datetime(row.date_anchor),
                "reason": row.reason or False,
                "kind": row.rule_id.action_type,
                "can_cancel": may_cancel,
            }
            # sudo: the rule and event behind a row the user may read
            for row in rows.sudo()
        ]

    @api.model
    def _planned_what(self, rule):
        if rule.action_type == "task":
            return rule.task_name or rule.task_kind_id.name
        if rule.action_type == "message":
            return self.env._(
                "%(channel)s: %(purpose)s",
                channel=self._label(rule, "channel"),
                purpose=self._label(rule, "purpose"),
            )
        return self._label(rule, "action_type")
