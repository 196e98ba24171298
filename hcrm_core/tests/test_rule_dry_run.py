import random
from datetime import date, datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, tagged
from odoo.tools import mute_logger

from .rule_common import RuleCommon


@tagged("post_install", "-at_install", "hcrm_core_rule")
class TestRuleDryRun(RuleCommon):
    def _dry(self, rule, env=None):
        action = rule.with_env(env or self.env).action_dry_run()
        return self.env[action["res_model"]].browse(action["res_id"])

    # ------------------------------------------------------------------
    # who and why
    # ------------------------------------------------------------------

    def test_who_and_why(self):
        """F182: each person with the fact behind each part; who just misses, and by
        what; nothing is written."""
        rule = self._make_rule(
            "Call",
            gender="female",
            person_domain="[('hcrm_condition_ids.code', '=like', 'I1%')]",
            delay=2,
        )
        when = fields.Datetime.now() - timedelta(days=3)
        hit = self._make_person("林晓", hcrm_gender="female")
        man = self._make_person("林大", hcrm_gender="male")
        healthy = self._make_person("林二", hcrm_gender="female")
        for person in (hit, man, healthy):
            self._event(person, when)
        for person in (hit, man):
            self._add_condition(person)
        run = self._dry(rule)
        self.assertEqual((run.people_count, run.miss_count), (1, 2))
        self.assertEqual(run.line_ids.partner_id, hit)
        self.assertEqual(
            run.line_ids.date_due, when.replace(microsecond=0) + timedelta(days=2)
        )
        self.assertIn("Discharged", run.line_ids.why)
        self.assertIn("Hypertension (I10), 2026-03-02", run.line_ids.why)
        self.assertIn("Call", run.line_ids.what)
        misses = {line.partner_id: line.why for line in run.miss_ids}
        self.assertIn("Female", misses[man])
        self.assertIn("Male", misses[man])
        self.assertIn("I1…", misses[healthy])
        self.assertEqual(run.part_ids.mapped("missed"), [1, 1])
        self.assertFalse(self._executions(rule))

    def test_dry_run_tells_no_more_than_the_user_may_read(self):
        """A manager without clinical rights gets counts of a clinical condition, and
        cannot set one; restricted people are counted and not named (R8)."""
        manager = self._as("manager")
        rule = self._make_rule(
            "Call", person_domain="[('hcrm_condition_ids.code', '=like', 'I1%')]"
        )
        when = fields.Datetime.now() - timedelta(days=3)
        person = self._make_person("林晓")
        self._add_condition(person)
        self._event(person, when)
        run = self._dry(rule, manager)
        self.assertEqual((run.people_count, len(run.line_ids)), (0, 0))
        self.assertTrue(run.is_closed)
        figures = rule.with_env(manager).backtest("2026-01", "2027-01")
        self.assertEqual((figures["actions"], figures["days"]), (0, {}))
        self.assertEqual(rule.backtest("2026-01", "2027-01")["actions"], 1)
        with self.assertRaisesRegex(ValidationError, "not open to you"):
            rule.with_env(
                manager
            ).person_domain = "[('hcrm_condition_ids.code', '=', 'B20')]"
        plain = self._make_rule("Plain")
        hidden = self._make_person("Secret", confidentiality="sensitive", alias="A")
        self._event(hidden, when)
        run = self._dry(plain, manager)
        self.assertEqual((run.people_count, run.unseen_count), (2, 1))
        self.assertEqual(run.line_ids.partner_id, person)

    def test_schedule_dry_run(self):
        rule = self._make_rule(
            "Weekly", trigger="weekly", event_kind_id=False, age_from=65
        )
        old = self._make_person("林晓", hcrm_birthdate=date(1940, 1, 1))
        young = self._make_person("林大", hcrm_birthdate=date(1990, 1, 1))
        run = self._dry(rule)
        self.assertIn(old, run.line_ids.partner_id)
        self.assertIn(young, run.miss_ids.partner_id)

    def test_query_count(self):
        """A dry run costs the same for 2 and for 50 people."""
        counts = []
        for size in (2, 50):
            rule = self._make_rule(
                f"Rule {size}",
                person_domain="[('hcrm_condition_ids.code', '=', 'I10')]",
            )
            when = fields.Datetime.now() - timedelta(days=3)
            for n in range(size - len(counts) * 2):
                person = self._make_person(f"林{n}")
                self._add_condition(person)
                self._event(person, when)
            self.env.flush_all()
            self.env.invalidate_all()
            self._dry(rule)
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            self._dry(rule)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])

    # ------------------------------------------------------------------
    # starting
    # ------------------------------------------------------------------

    def test_everybody_is_confirmed_with_the_count(self):
        """A rule that would touch everybody asks for the count."""
        rule = self._make_rule("All", trigger="daily", event_kind_id=False)
        self._make_person("林晓")
        action = rule.action_start()
        self.assertFalse(rule.is_running)
        wizard = self.env[action["res_model"]].browse(action["res_id"])
        self.assertTrue(wizard.is_everybody)
        with self.assertRaises(UserError):
            wizard.action_confirm()
        wizard.typed = wizard.people
        wizard.action_confirm()
        self.assertTrue(rule.is_running)

    def test_crowd_is_confirmed_with_the_count(self):
        self.env["ir.config_parameter"].set_param("hcrm_core.rule_crowd", 2)
        rule = self._make_rule("Call")
        for n in range(3):
            self._event(
                self._make_person(f"林{n}"), fields.Datetime.now() - timedelta(days=1)
            )
        action = rule.action_start()
        self.assertEqual(self.env["hcrm.rule.start"].browse(action["res_id"]).people, 3)
        self.env["ir.config_parameter"].set_param("hcrm_core.rule_crowd", 3)
        rule.action_start()
        self.assertTrue(rule.is_running)

    def test_loop_is_found_at_the_start(self):
        """A rule that leads back to its own event is refused, naming the way."""
        kinds = self.env["hcrm.event.kind"].create(
            [{"name": f"Step {n}", "code": f"step_{n}"} for n in range(3)]
        )
        rules = self.env["hcrm.rule"]
        for n in range(3):
            rules |= self.env["hcrm.rule"].create(
                {
                    "name": f"Rule {n}",
                    "company_id": self.company_a.id,
                    "event_kind_id": kinds[n].id,
                    "action_type": "event",
                    "next_kind_id": kinds[(n + 1) % 3].id,
                }
            )
        rules[0].action_start()
        rules[1].action_start()
        with self.assertRaisesRegex(UserError, "Rule 2 → Rule 0 → Rule 1 → Rule 2"):
            rules[2].action_start()

    def test_chain_of_rules(self):
        """A recorded event starts the next rule, and the chain is counted."""
        kind = self.env["hcrm.event.kind"].create({"name": "Step", "code": "step"})
        first = self._make_rule("First", action_type="event", next_kind_id=kind.id)
        second = self._make_rule("Second", event_kind_id=kind.id)
        self._event(self._make_person("林晓"), datetime(2026, 3, 2, 5))
        self._plan(first)
        self.Execution._run_due(10)
        self._plan(second)
        self.assertEqual(self._executions(second).depth, 1)

    def test_sample_becomes_a_rule(self):
        """Samples never run; one click makes one's own of them."""
        sample = self.env.ref("hcrm_core.rule_sample_discharge")
        with self.assertRaises(UserError):
            sample.action_start()
        env = self._as("manager")
        action = sample.with_env(env).action_use()
        rule = self.env["hcrm.rule"].browse(action["res_id"])
        self.assertEqual(rule.company_id, self.company_a)
        self.assertFalse(rule.is_template or rule.is_running)
        rule.with_env(env).action_start()
        self.assertTrue(rule.is_running)
        for other in self.env["hcrm.rule"].search([("is_template", "=", True)]):
            self.assertTrue(other.with_env(env).sentence)
            rule = self.env["hcrm.rule"].browse(
                other.with_env(env).action_use()["res_id"]
            )
            rule._check_startable()
            self._plan(rule)
            self._dry(rule)

    def test_sentence(self):
        rule = self._make_rule(
            "Call",
            gender="female",
            age_from=65,
            delay=2,
            delay_unit="workdays",
            hour_mode="fixed",
            hour=10,
            repeat_days=30,
            task_name="Call at home",
            stale_hours=72,
        )
        self.assertEqual(
            rule.sentence,
            "When this happens: “Discharged”, for people: women and aged 65 or older,"
            " then open the task “Call at home” for Follow-up nurse,"
            " 2 working days later at 10:00, at most once in 30 days."
            " Dropped when it is more than 72 hours late.",
        )

    def test_form_of_a_new_rule(self):
        """The builder opens without an event and asks for one."""
        form = Form(self.env["hcrm.rule"])
        form.name = "New"
        form.event_kind_id = self.env.ref("hcrm_core.event_kind_discharged")
        form.task_kind_id = self.env.ref("hcrm_core.task_kind_call")
        rule = form.save()
        self.assertEqual(rule.trigger, "event")

    # ------------------------------------------------------------------
    # back-test
    # ------------------------------------------------------------------

    def test_backtest_of_months(self):
        """D2: ``backtest`` gives figures that a count one by one gives as well."""
        rule = self._make_rule("Call", task_minutes=30)
        other = self._make_rule("Other", delay=1)
        other._start()
        dice = random.Random(3)
        people = [self._make_person(f"林{n}") for n in range(10)]
        seen = []
        for _n in range(80):
            when = datetime(2025, 1, 1) + timedelta(hours=dice.randrange(24 * 250))
            person = dice.choice(people)
            self._event(person, when)
            seen.append((person, when))
        inside = [
            (person, when)
            for person, when in seen
            if datetime(2024, 12, 31, 16) <= when < datetime(2025, 6, 30, 16)
        ]
        figures = rule.backtest("2025-01", "2025-06")
        self.assertEqual(figures["actions"], len(inside))
        self.assertEqual(figures["people"], len({person for person, _when in inside}))
        self.assertEqual(figures["staff_hours"], len(inside) / 2)
        local = timedelta(hours=8)
        taken = {(p, (w + local + timedelta(days=1)).date()) for p, w in inside}
        clashes = [1 for p, w in inside if (p, (w + local).date()) in taken]
        self.assertEqual(figures["clashes"], len(clashes))
        self.assertEqual(sum(figures["days"].values()), len(inside))

    def test_backtest_of_a_schedule(self):
        """A weekly rule with a frequency replays as one week after the other."""
        rule = self._make_rule(
            "Weekly",
            trigger="weekly",
            weekday="2",
            event_kind_id=False,
            gender="female",
            repeat_days=16,
            hour_mode="fixed",
            hour=9,
        )
        women = [self._make_person(f"林{n}", hcrm_gender="female").id for n in range(3)]
        self._make_person("林大", hcrm_gender="male")
        expected, last = set(), {}
        day = date(2025, 1, 1)
        while day <= date(2025, 6, 30):
            if day.weekday() == 2:
                for person in women:
                    if person not in last or (day - last[person]).days >= 16:
                        last[person] = day
                        expected.add(
                            (person, datetime(day.year, day.month, day.day, 1))
                        )
            day += timedelta(days=1)
        history = rule._history(datetime(2024, 12, 31, 16), datetime(2025, 6, 30, 15))
        self.assertEqual(
            {(row[1], row[4]) for row in history if row[1] in women}, expected
        )
        self.assertEqual(rule.backtest("2025-01", "2025-06")["actions"], len(history))

    def test_backtest_of_messages_counts_limits(self):
        """Messages beyond the limits per person are told, coarsely."""
        self.env["hcrm.message.policy"].search([("purpose", "=", "survey")]).unlink()
        self.env["hcrm.message.policy"].create({"purpose": "survey", "cap_week": 1})
        rule = self._make_rule(
            "Survey", purpose="survey", action_type="message", body="?"
        )
        person = self._make_person("林晓")
        for day in (1, 2, 3, 20):
            self._event(person, datetime(2025, 3, day, 5))
        figures = rule.backtest("2025-03", "2025-03")
        self.assertEqual((figures["messages"], figures["over_cap"]), (4, 2))

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_who_may_back_test(self):
        rule = self._make_rule("Call")
        with self.assertRaises(AccessError):
            rule.with_env(self._as("marketing")).backtest("2025-01", "2025-02")
        with self.assertRaises(AccessError):
            rule.with_env(self._as("agent")).action_dry_run()
        self.assertEqual(
            rule.with_env(self._as("manager")).backtest("2025-01", "2025-02")[
                "actions"
            ],
            0,
        )

    def test_back_test_screen(self):
        rule = self._make_rule("Call")
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5))
        test = self.env["hcrm.rule.test"].create(
            {"rule_id": rule.id, "date_from": "2026-03-01", "date_to": "2026-03-31"}
        )
        test.action_run()
        self.assertEqual(test.heat["days"], {"2026-03-02": 1})
        self.assertEqual(test.line_ids.partner_id, person)
