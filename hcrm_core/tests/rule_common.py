"""Rules, events and what they plan, for the tests of the rule room."""

from datetime import datetime

from .common import HcrmCommon


class RuleCommon(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["hcrm.day"]._fill_year(cls.company_a, 2026)
        cls.Execution = cls.env["hcrm.rule.execution"]

    @classmethod
    def _make_rule(cls, name, **vals):
        kind = vals.pop("kind", "discharged")
        return cls.env["hcrm.rule"].create(
            {
                "name": name,
                "company_id": cls.company_a.id,
                "event_kind_id": cls.env.ref(f"hcrm_core.event_kind_{kind}").id,
                "task_kind_id": cls.env.ref("hcrm_core.task_kind_call").id,
                **vals,
            }
        )

    def _event(self, person, when, kind="discharged", **vals):
        self.counter = getattr(self, "counter", 0) + 1
        return self._add_event(
            person,
            kind,
            **{
                "date_occurred": when,
                "date_learnt": when,
                "key": f"rule-test-{self.counter}",
                **vals,
            },
        )

    def _fact_event(self, fact, suffix, kind, when, **vals):
        """An event as the feed writes it: its key names the fact."""
        return self._event(
            fact.partner_id,
            when,
            kind,
            res_model=fact._name,
            res_id=fact.id,
            key=f"{fact._name.rpartition('.')[2]}:{fact.id}:{suffix}",
            **vals,
        )

    def _plan(self, rule, since=datetime(2026, 1, 1), now=datetime(2026, 12, 31)):
        return rule._plan(since, now)

    def _executions(self, rule):
        return self.Execution.search([("rule_id", "=", rule.id)], order="date_due, id")

    def _facts_changed(self, facts):
        """What the feed does in the transaction in which it changed these facts."""
        from odoo.tools import SQL

        self.env.flush_all()
        self.Execution._follow_facts(
            facts._name, SQL("SELECT unnest(%s::int[])", facts.ids)
        )
