import random
from datetime import datetime, timedelta
from unittest.mock import patch
from zoneinfo import ZoneInfo

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import tagged

from .common import HcrmCommon

SHANGHAI, UTC = ZoneInfo("Asia/Shanghai"), ZoneInfo("UTC")


@tagged("post_install", "-at_install", "hcrm_core_rule")
class TestRuleEngine(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["hcrm.day"]._fill_year(cls.company_a, 2026)
        cls.rule = cls._make_rule("Call after discharge", delay=2)

    @classmethod
    def _make_rule(cls, name, **vals):
        return cls.env["hcrm.rule"].create(
            {
                "name": name,
                "company_id": cls.company_a.id,
                "event_kind_id": cls.env.ref("hcrm_core.event_kind_discharged").id,
                "task_kind_id": cls.env.ref("hcrm_core.task_kind_call").id,
                **vals,
            }
        )

    def _event(self, person, when, **vals):
        self.counter = getattr(self, "counter", 0) + 1
        return self._add_event(
            person,
            "discharged",
            date_occurred=when,
            date_learnt=vals.pop("date_learnt", when),
            key=f"rule-test-{self.counter}",
            **vals,
        )

    def _plan(self, rule=None, since=datetime(2026, 1, 1), now=datetime(2026, 12, 31)):
        return (rule or self.rule)._plan(since, now)

    def _executions(self, rule=None):
        return self.env["hcrm.rule.execution"].search(
            [("rule_id", "=", (rule or self.rule).id)], order="date_due, id"
        )

    # ------------------------------------------------------------------
    # when
    # ------------------------------------------------------------------

    def test_planned_once(self):
        """An action is planned when its event is known, and once however often the
        planner runs."""
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5))
        self.assertEqual(self._plan(), 1)
        self.assertEqual(self._plan(), 0)
        self.assertEqual(self._executions().date_due, datetime(2026, 3, 4, 5))

    def test_backfill_starts_nothing(self):
        """The first load plans nothing; the back-test counts it."""
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5), is_backfill=True)
        self.assertEqual(self._plan(), 0)
        history = self.rule._history(datetime(2026, 1, 1), datetime(2026, 12, 31))
        self.assertEqual(len(history), 1)

    def test_delay_in_working_days_at_an_hour(self):
        """Working days pass over holidays; the hour is the hospital's own (R10)."""
        rule = self._make_rule(
            "Workdays", delay=1, delay_unit="workdays", hour_mode="fixed", hour=9.5
        )
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 2, 13, 5))
        self._event(person, datetime(2026, 2, 14, 5))
        self._plan(rule)
        self.assertEqual(
            self._executions(rule).mapped("date_due"),
            # the 14th is a make-up workday; after it the 24th is the next
            [datetime(2026, 2, 14, 1, 30), datetime(2026, 2, 24, 1, 30)],
        )

    def test_condition_is_asked_again(self):
        """Who no longer meets the condition when it is due is skipped, with a reason."""
        rule = self._make_rule(
            "Adults", person_domain="[('hcrm_gender', '=', 'female')]"
        )
        woman = self._make_person("林晓", hcrm_gender="female")
        man = self._make_person("林大", hcrm_gender="male")
        for person in (woman, man):
            self._event(person, datetime(2026, 3, 2, 5))
        self.assertEqual(self._plan(rule), 1)
        woman.hcrm_gender = "unknown"
        self.env["hcrm.rule.execution"]._run_due(100)
        row = self._executions(rule)
        self.assertEqual((row.state, row.partner_id), ("skipped", woman))
        self.assertTrue(row.reason)

    def test_bad_condition(self):
        """A condition that cannot be read is refused with a sentence."""
        with self.assertRaisesRegex(ValidationError, "condition cannot be read"):
            self.rule.person_domain = "[('no_such_field', '=', 1)]"

    # ------------------------------------------------------------------
    # what
    # ------------------------------------------------------------------

    def test_task_and_message(self):
        """Due actions open tasks and queue messages, each once."""
        message_rule = self._make_rule(
            "Text",
            action_type="message",
            body="How are you?",
            delay=1,
            stale_hours=0,
        )
        person = self._make_person("林晓", phone="13900001111")
        self._event(person, datetime(2026, 3, 2, 5))
        self._plan()
        self._plan(message_rule)
        self.assertEqual(self.env["hcrm.rule.execution"]._run_due(100), 2)
        self.assertEqual(self.env["hcrm.rule.execution"]._run_due(100), 0)
        task = self.env["hcrm.task"].search([("partner_id", "=", person.id)])
        self.assertEqual(task.name, "Call after discharge")
        self.assertEqual(task.group_id, self.env.ref("hcrm_core.group_nurse"))
        message = self.env["hcrm.message"].search([("partner_id", "=", person.id)])
        self.assertEqual((message.body, message.purpose), ("How are you?", "care"))
        self.assertEqual(self._executions().res_id, task.id)

    def test_failing_record_is_named_and_the_rest_goes_on(self):
        """One record that cannot be done stands alone with its reason."""
        people = [self._make_person(f"林{n}") for n in range(5)]
        for person in people:
            self._event(person, datetime(2026, 3, 2, 5))
        self._plan()
        Task = type(self.env["hcrm.task"])
        opened = Task._open

        def _open(tasks, vals_list):
            if any(vals["partner_id"] == people[2].id for vals in vals_list):
                raise ValueError("no room")
            return opened(tasks, vals_list)

        with patch.object(Task, "_open", _open):
            self.env["hcrm.rule.execution"]._run_due(100)
        states = {row.partner_id: row.state for row in self._executions()}
        self.assertEqual(states.pop(people[2]), "failed")
        self.assertEqual(set(states.values()), {"done"})
        failed = self._executions().filtered(lambda row: row.state == "failed")
        self.assertIn("no room", failed.reason)

    def test_loop_is_stopped(self):
        """An event that a rule's own action caused, again and again, ends in a stop."""
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5))
        for _turn in range(5):
            self._plan()
            last = self._executions()[-1]
            self._event(
                person,
                last.date_due,
                res_model="hcrm.rule.execution",
                res_id=last.id,
            )
        stopped = self._executions().filtered(lambda row: row.state == "failed")
        self.assertTrue(stopped)
        self.assertIn("loop", stopped[0].reason)

    def test_stop_cancels_what_is_planned(self):
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5))
        self._plan()
        self.rule.action_stop()
        self.assertEqual(self._executions().state, "cancelled")

    # ------------------------------------------------------------------
    # back-test
    # ------------------------------------------------------------------

    def _brute_force(self, rule, events):
        """Replay one event at a time, written apart from the rule's own SQL."""
        gap = timedelta(days=rule.repeat_days)
        last, planned = {}, set()
        for event in events.sorted(lambda e: (e.date_occurred, e.id)):
            person = event.partner_id
            if person.hcrm_gender != "female":
                continue
            if gap and person in last and event.date_occurred - last[person] < gap:
                continue
            last[person] = event.date_occurred
            local = event.date_occurred.replace(tzinfo=UTC).astimezone(SHANGHAI)
            day = local.date()
            if rule.delay_unit == "workdays":
                day = self.env["hcrm.day"]._add_workdays(
                    self.company_a, day, rule.delay
                )
            else:
                day += timedelta(days=rule.delay)
            due = datetime(day.year, day.month, day.day, 10, tzinfo=SHANGHAI)
            planned.add((event.id, due.astimezone(UTC).replace(tzinfo=None)))
        return planned

    def test_back_test_equals_brute_force(self):
        """The back-test over months equals a replay one event at a time (D2)."""
        dice = random.Random(7)
        people = [
            self._make_person(f"林{n}", hcrm_gender=dice.choice(("female", "male")))
            for n in range(12)
        ]
        events = self.env["hcrm.event"]
        for _n in range(150):
            when = datetime(2026, 1, 1) + timedelta(hours=dice.randrange(24 * 300))
            events |= self._event(dice.choice(people), when)
        for vals in (
            {"delay": 3, "repeat_days": 0},
            {"delay": 3, "repeat_days": 10},
            {"delay": 2, "repeat_days": 30, "delay_unit": "workdays"},
        ):
            rule = self._make_rule(
                "Replay",
                hour_mode="fixed",
                hour=10,
                person_domain="[('hcrm_gender', '=', 'female')]",
                **vals,
            )
            history = rule._history(datetime(2026, 1, 1), datetime(2026, 12, 31))
            self.assertEqual(
                {(row[0], row[4]) for row in history},
                self._brute_force(rule, events),
                vals,
            )
            self._plan(rule)
            self.assertEqual(
                {(e.event_id.id, e.date_due) for e in self._executions(rule)},
                self._brute_force(rule, events),
            )

    def test_back_test_screen(self):
        person = self._make_person("林晓")
        self._event(person, fields.Datetime.now() - timedelta(days=20))
        action = self.rule.action_back_test()
        test = self.env[action["res_model"]].browse(action["res_id"])
        self.assertEqual((test.action_count, test.people_count), (1, 1))
        self.assertEqual(test.line_ids.partner_id, person)

    def test_query_count(self):
        """Planning and doing cost the same for 2 and for 50 events."""
        counts = []
        for size in (2, 50):
            rule = self._make_rule(f"Rule {size}")
            for n in range(size):
                self._event(self._make_person(f"林{n}"), datetime(2026, 5, 2, 5))
            self._plan(self.rule)
            self.env["hcrm.rule.execution"]._run_due(1000)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self._plan(rule, since=datetime(2026, 5, 1))
            self.env["hcrm.rule.execution"]._run_due(1000)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[1], counts[0])
