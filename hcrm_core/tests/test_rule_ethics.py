from datetime import date, datetime

from odoo.exceptions import UserError, ValidationError
from odoo.tests import tagged

from .rule_common import RuleCommon


@tagged("post_install", "-at_install", "hcrm_core_rule")
class TestRuleEthics(RuleCommon):
    """F195, F257, R19: refused when saved, when started, and when acting; the refusal
    names the policy and the part."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.offer = {
            "purpose": "marketing",
            "action_type": "message",
            "body": "An offer",
            "stale_hours": 0,
        }

    def _assert_refused(self, part, policy, **vals):
        with self.assertRaises(ValidationError) as caught, self.cr.savepoint():
            self._make_rule("Offer", **vals)
        self.assertIn(policy, str(caught.exception))
        self.assertIn(part, str(caught.exception))

    def test_no_selling_on_a_sensitive_diagnosis(self):
        """F195: by code, by beginning, by registry, by name, inside “any”."""
        policy = "grave or sensitive illness"
        group = self.env.ref("hcrm_core.chronic_group_cancer")
        self._add_condition(self._make_person("X"), "Depression", code="F32.1")
        for domain, part in (
            ("[('hcrm_condition_ids.code', '=', 'C50.9')]", "C50.9"),
            ("[('hcrm_condition_ids.code', '=like', 'F3%')]", "F3"),
            (f"[('hcrm_chronic_group_ids', 'in', [{group.id}])]", "Cancer"),
            ("[('hcrm_condition_ids.name', 'ilike', 'depress')]", "depress"),
            (
                "[('hcrm_condition_ids', 'any', [('code', 'in', ['I10', 'C34'])])]",
                "C34",
            ),
            (f"[('hcrm_encounter_ids.department_id', '=', {self.psych.id})]", "Visits"),
        ):
            self._assert_refused(part, policy, person_domain=domain, **self.offer)

    def test_what_is_not_sensitive_or_excluded_may_stand(self):
        for domain in (
            "[('hcrm_condition_ids.code', '=', 'I10')]",
            "[('hcrm_condition_ids', 'not any', [('code', '=like', 'C%')])]",
            f"[('hcrm_encounter_ids.department_id', '=', {self.cardio.id})]",
        ):
            self.assertTrue(
                self._make_rule("Offer", person_domain=domain, **self.offer)
            )
        # care may speak of every illness
        care = {**self.offer, "purpose": "care"}
        domain = "[('hcrm_condition_ids.code', '=', 'C50.9')]"
        self.assertTrue(self._make_rule("Care", person_domain=domain, **care))

    def test_no_selling_after_a_death(self):
        self._assert_refused(
            "Death recorded", "after a death", kind="deceased", **self.offer
        )

    def test_no_selling_by_a_sensitive_department(self):
        self._assert_refused(
            "Clinic 3",
            "sensitive illness",
            department_ids=self.psych.ids,
            **self.offer,
        )

    def test_care_is_equal(self):
        """R19, F257: care and service never ask what somebody is worth or owes."""
        for domain in (
            "[('hcrm_metrics_id.visit_count', '>', 10)]",
            "[('hcrm_is_vip', '=', True)]",
            "[('hcrm_file_ids', 'any', [('is_vip', '=', True)])]",
        ):
            for purpose in ("care", "service"):
                self._assert_refused(
                    "", "Care is equal", person_domain=domain, purpose=purpose
                )
        self.assertTrue(
            self._make_rule(
                "Gift",
                person_domain="[('hcrm_is_vip', '=', True)]",
                **{**self.offer, "purpose": "marketing"},
            )
        )

    def test_saved_condition_is_judged_too(self):
        condition = self.env["hcrm.rule.condition"].create(
            {"name": "Ours", "person_domain": "[('hcrm_gender', '=', 'female')]"}
        )
        rule = self._make_rule("Care", condition_ids=condition.ids)
        rule._start()
        with self.assertRaisesRegex(ValidationError, "Care is equal"):
            condition.person_domain = "[('hcrm_is_vip', '=', True)]"

    def test_people_who_are_spared(self):
        """Asked again when it acts: an illness learnt after planning stops the offer."""
        rule = self._make_rule("Offer", **self.offer)
        minor = self._make_person("小明", hcrm_birthdate=date(2020, 1, 1))
        shielded = self._make_person("林大", disclosure="shielded")
        mourning = self._make_person("林二")
        dead = self._make_person(
            "林三", hcrm_status="deceased", hcrm_deceased_date=date.today()
        )
        self._add_relation(mourning, dead)
        later = self._make_person("林晓")
        free = self._make_person("林四")
        for person in (minor, shielded, mourning, later, free):
            self._event(person, datetime(2026, 3, 2, 5))
        self._plan(rule)
        self.assertEqual(self._executions(rule).partner_id, later + free)
        self._add_condition(later, "Cancer", code="C50.9")
        self.Execution._run_due(10)
        rows = {row.partner_id: row for row in self._executions(rule)}
        self.assertEqual(rows[free].state, "done")
        self.assertEqual(
            (rows[later].state, rows[later].reason_code), ("skipped", "ethics")
        )
        self.assertIn("grave or sensitive illness", rows[later].reason)

    def test_policy_changes_with_a_reason(self):
        """Every change says why and is kept; a running rule that it forbids stops."""
        policy = self.env.ref("hcrm_core.ethics_policy_diagnosis")
        rule = self._make_rule(
            "Offer",
            person_domain="[('hcrm_condition_ids.code', '=', 'I10')]",
            **self.offer,
        )
        rule._start()
        with self.assertRaises(UserError):
            policy.code_prefixes = "C, I10"
        policy.write({"code_prefixes": "C, I10", "change_reason": "Ethics board"})
        self.assertFalse(rule.is_running)
        self.assertIn("I10", rule.problem)
        change = policy.change_ids[0]
        self.assertEqual(change.reason, "Ethics board")
        self.assertIn("C, I10", change.what)
        self.assertFalse(policy.change_reason)

    def test_started_rule_is_judged_again(self):
        rule = self._make_rule("Offer", person_domain="[]", **self.offer)
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_rule SET person_domain ="
            " '[(''hcrm_condition_ids.code'', ''='', ''C50'')]' WHERE id = %s",
            (rule.id,),
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(ValidationError, "sensitive illness"):
            rule.action_start()

    def test_policies_are_read_by_everybody_and_kept_by_few(self):
        policy = self.env.ref("hcrm_core.ethics_policy_equal")
        self.assertTrue(policy.with_env(self._as("agent")).note)
        policy.with_env(self._as("privacy_officer")).write(
            {"note": "Care is equal.", "change_reason": "Shorter"}
        )
        self.assertEqual(policy.change_ids[0].user_id, self.users["privacy_officer"])
