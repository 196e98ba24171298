from odoo.exceptions import AccessError, ValidationError
from odoo.tests import tagged

from .common import HcrmCommon


@tagged("post_install", "-at_install", "hcrm_desk")
class TestRecordChronic(HcrmCommon):
    """F26: the chronic registry, and each doctor's own panel in it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.Partner = cls._as("doctor")["res.partner"]
        cls.hypertension = cls.env.ref("hcrm_core.chronic_group_hypertension")
        cls.diabetes = cls.env.ref("hcrm_core.chronic_group_diabetes")
        cls.both = cls._patient("王伟", "I10", "E11.9")
        cls.cured = cls._patient("李娜", "I11.0")
        cls.env["hcrm.condition"].search(
            [("partner_id", "=", cls.cured.id)]
        ).state = "resolved"
        cls.acute = cls._patient("张敏", "J06.9")

    @classmethod
    def _patient(cls, name, *codes, **encounter):
        person = cls._make_person(name)
        cls._add_encounter(person, **encounter)
        for code in codes:
            cls._add_condition(person, code=code)
        return person

    def _registry(self, *domain):
        self.env.flush_all()
        return self.Partner.search([("hcrm_chronic_group_ids", "!=", False), *domain])

    def test_active_chronic_codes_make_the_registry(self):
        self.assertEqual(self._registry().ids, self.both.ids)
        person = self.both.with_env(self.Partner.env)
        self.assertEqual(
            person.hcrm_chronic_group_ids.ids, (self.hypertension + self.diabetes).ids
        )
        self.assertFalse(self.acute.with_env(person.env).hcrm_chronic_group_ids)
        self.assertFalse(self.cured.with_env(person.env).hcrm_chronic_group_ids)

    def test_found_by_illness(self):
        for operator, value in (
            ("in", self.diabetes.ids),
            ("=", self.diabetes.id),
            ("ilike", "diab"),
        ):
            domain = [("hcrm_chronic_group_ids", operator, value)]
            self.assertEqual(self.Partner.search(domain).ids, self.both.ids, operator)
        lung = self.env.ref("hcrm_core.chronic_group_lung")
        self.assertFalse(self._registry(("hcrm_chronic_group_ids", "in", lung.ids)))
        none = self.Partner.search(
            [("hcrm_chronic_group_ids", "=", False), ("hcrm_metrics_id", "!=", False)]
        )
        self.assertEqual(
            set(none.ids) & set((self.both + self.acute).ids), {*self.acute.ids}
        )

    def test_codes_are_the_hospitals_to_choose(self):
        self.hypertension.code_prefixes = "j06"
        self.diabetes.active = False
        self.assertEqual(self._registry().ids, self.acute.ids)
        with self.assertRaisesRegex(ValidationError, "such as"):
            self.hypertension.code_prefixes = " , 10"

    def test_my_panel(self):
        """Seen by the doctor, or in the doctor's departments; many to many."""
        elsewhere = self._patient("赵丽", "I10", department=self.surgery)
        by_me = self._patient(
            "孙强",
            "I10",
            department=self.surgery,
            practitioner_id=self.practitioner.id,
        )
        cancelled = self._patient("周涛", "I10", state="cancelled")
        domain = [("hcrm_in_my_panel", "=", True)]
        panel = self.Partner.search(domain)
        self.assertIn(self.both.id, panel.ids)
        self.assertIn(by_me.id, panel.ids)
        self.assertNotIn(elsewhere.id, panel.ids)
        self.assertNotIn(cancelled.id, panel.ids)
        people = (self.both + elsewhere).with_env(self.Partner.env)
        self.assertEqual(people.mapped("hcrm_in_my_panel"), [True, False])

    def test_clinical_roles_only(self):
        """Least access: who has an illness is no question of the front desk's."""
        Partner = self._as("front_desk")["res.partner"]
        with self.assertRaises(AccessError):
            Partner.search([("hcrm_chronic_group_ids", "!=", False)])
        with self.assertRaises(AccessError):
            Partner.browse(self.both.id).read(["hcrm_chronic_group_ids"])

    def test_cost_is_constant(self):
        counts = []
        for size in (2, 50):
            for n in range(size):
                self._patient(f"吴{size}{n}", "I10")
            for _warm in range(2):
                self.env.flush_all()
                self.env.invalidate_all()
                before = self.env.cr.sql_log_count
                people = self._registry()
                people.mapped("hcrm_chronic_group_ids.name")
                count = self.env.cr.sql_log_count - before
            self.assertGreaterEqual(len(people), size)
            counts.append(count)
        self.assertEqual(*counts)
