from datetime import datetime, timedelta
from functools import partial

from odoo.tests import tagged

from .common import HcrmCommon

METHODS = (
    "hcrm_get_card",
    "hcrm_get_timeline",
    "hcrm_get_timeline_years",
    "hcrm_get_trends",
    "hcrm_get_health",
)


@tagged("post_install", "-at_install", "hcrm_core_perf")
class TestPeopleCardPerf(HcrmCommon):
    """The card costs the same for a new person and for one with many facts."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.light = cls._make_patient("Light", 2)
        cls.heavy = cls._make_patient("Heavy", 50)
        cls.env.flush_all()

    @classmethod
    def _make_patient(cls, name, count):
        person = cls._make_person(name)
        source = cls.env["hcrm.feed.source"].create(
            {"name": name, "company_id": cls.company_a.id}
        )
        for index in range(count):
            cls._add_day(person, name, index)
            if index < 2:
                cls._add_appointment(
                    person,
                    date_start=datetime(2099, 1, 1 + index),
                    practitioner_id=cls.practitioner.id,
                )
            cls._add_phone(person, f"139{person.id % 1000:03d}{index:05d}")
            cls._add_identifier(person, "oth", f"X{index}")
            relative = cls._make_person(f"{name} relative {index}")
            cls._add_relation(person, relative, "child")
            cls.env["hcrm.feed.identity"].create(
                {
                    "source_id": source.id,
                    "res_type": "Patient",
                    "ext_id": f"{name}{index}",
                    "res_model": "res.partner",
                    "res_id": person.id,
                }
            )
        return person

    @classmethod
    def _add_day(cls, person, name, index):
        """One fact of every kind, a day before those of the index before."""
        day = datetime(2026, 3, 1) - timedelta(days=index)
        start = {"date_start": day, "practitioner_id": cls.practitioner.id}
        stay = {"kind": "inpatient", "state": "in_progress", "ward": "W", "bed": "1"}
        cls._add_encounter(person, **start)
        cls._add_encounter(person, **start, **stay)
        cls._add_appointment(person, **start)
        cls._add_condition(person, f"Condition {index}", date_recorded=day)
        cls._add_allergy(person, f"Allergy {index}", date_recorded=day)
        cls._add_procedure(person, **start)
        cls._add_medication(person, date_start=day)
        cls._add_observation(person, date=day)
        cls._add_charge(person, date=day, department_id=cls.cardio.id)
        cls._add_coverage(person)
        cls._add_event(person, "person_new", key=f"{name}{index}", date_occurred=day)

    def _count_queries(self, role, method, partner):
        env = self._as(role)
        # a page that both people fill; the last page also asks for undated rows
        kwargs = {"limit": 8} if method == "hcrm_get_timeline" else {}
        call = partial(getattr(env["res.partner"], method), partner.id, **kwargs)
        env.invalidate_all()
        call()  # rules, groups and labels are cached
        env.invalidate_all()
        before = self.cr.sql_log_count
        call()
        return self.cr.sql_log_count - before

    def test_constant_queries(self):
        """The number of queries does not grow with the number of facts."""
        for role in ("front_desk", "nurse", "quality_officer", "manager"):
            for method in METHODS:
                with self.subTest(role=role, method=method):
                    self.assertEqual(
                        self._count_queries(role, method, self.light),
                        self._count_queries(role, method, self.heavy),
                    )

    def test_few_queries(self):
        """A card is one round trip of few statements; a next page of fewer still."""
        self.assertLessEqual(
            self._count_queries("nurse", "hcrm_get_card", self.heavy), 40
        )
        self.assertLessEqual(
            self._count_queries("nurse", "hcrm_get_timeline", self.heavy), 12
        )

    def test_limits_never_cut_what_is_dangerous(self):
        """Beside fifty mild ones, the first severe allergy and silence are there."""
        person = self._make_person("Many")
        cousin = self._make_person("Cousin")
        self._add_allergy(person, "Latex", criticality="high")
        self._add_relation(person, cousin, "other", must_not_know=True)
        for index in range(50):
            self._add_allergy(person, f"Pollen {index}", criticality="low")
        card = self._as("quality_officer")["res.partner"].hcrm_get_card(person.id)
        alerts = {alert["kind"]: alert["text"] for alert in card["alerts"]}
        self.assertIn("Latex", alerts["allergy"])
        self.assertIn("Cousin", alerts["must_not_know"])

    def test_sections_are_bounded(self):
        card = self._as("quality_officer")["res.partner"].hcrm_get_card(self.heavy.id)
        for name in ("allergies", "problems", "contacts", "relatives", "coverage"):
            self.assertLessEqual(len(card[name]), 40, name)
        self.assertEqual(len(card["next_visits"]), 2)
        self.assertEqual(len(card["last_visits"]), 5)
