from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import tagged

from .common import HcrmCommon

CLINICAL = {"allergies", "problems"}


@tagged("post_install", "-at_install")
class TestPeopleCard(HcrmCommon):
    """The 360° card as each role gets it (F12, F15, F16, F17, F23)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.patient = cls._make_person(
            "Wang Fang",
            phone="13900000001",
            mrn="M1",
            hcrm_gender="female",
            hcrm_birthdate="1968-03-05",
            alert="Wheelchair",
            is_vip=True,
            class_code="inpatient",
        )
        cls.son = cls._make_person("Li Ming", phone="13900000002")
        cls.patient.invalidate_recordset()
        cls._add_identifier(cls.patient, "ric", "11010519680305002X")
        cls._add_story(cls.patient)

    def _card(self, role, *companies, partner=None):
        Partner = self._as(role, *companies)["res.partner"]
        return Partner.hcrm_get_card((partner or self.patient).id)

    def _alerts(self, role):
        return {alert["kind"]: alert["text"] for alert in self._card(role)["alerts"]}

    # ------------------------------------------------------------------
    # WHO SEES WHICH SECTION
    # ------------------------------------------------------------------
    def test_sections_by_role(self):
        """F15: sections without the right to read them are absent, not empty."""
        cases = {
            "front_desk": (False, False),
            "integrator": (False, False),
            "nurse": (True, False),
            "doctor": (True, False),
            "department_head": (True, False),
            "quality_officer": (True, False),
            "marketing": (False, True),
            "centre_head": (False, True),
            "manager": (False, True),
        }
        for role, (clinical, money) in cases.items():
            with self.subTest(role=role):
                card = self._card(role)
                self.assertEqual(
                    CLINICAL & card.keys(), CLINICAL if clinical else set()
                )
                self.assertEqual("spend" in card, money)
                self.assertEqual(card["head"]["name"], "Wang Fang")
                self.assertEqual(card["head"]["mrn"], "M1")
                self.assertEqual(card["head"]["class_code"], "inpatient")
                self.assertTrue(card["head"]["is_vip"])

    def test_spend_is_never_on_a_carers_card(self):
        """R19: not even for a nurse or doctor who may read charges elsewhere."""
        for role in ("nurse", "doctor", "department_head"):
            self.users[role].group_ids += self.env.ref("hcrm_core.group_money")
            self.assertNotIn("spend", self._card(role), role)
            page = self._as(role)["res.partner"].hcrm_get_timeline(self.patient.id)
            self.assertNotIn("charge", [kind["kind"] for kind in page["kinds"]], role)

    def test_roles_without_people_get_no_card(self):
        """A hidden person and one that never was give the same answer (R8)."""
        messages = set()
        for role, partner_id in (
            ("outsourced_agent", self.patient.id),
            ("head_office", self.patient.id),
            ("agent_b", self.patient.id),
            ("agent_b", 2**31 - 1),
        ):
            Partner = self._as(role)["res.partner"]
            for method in (
                "hcrm_get_card",
                "hcrm_get_timeline",
                "hcrm_get_trends",
                "hcrm_get_health",
            ):
                with self.assertRaises(AccessError) as caught:
                    getattr(Partner, method)(partner_id)
                messages.add(str(caught.exception))
        self.assertEqual(len(messages), 1)

    def test_psychological_note_is_for_clinical_roles(self):
        """F23: the note is on the nurse's card and not on the desk's."""
        self.env["hcrm.person.profile"].create(
            {
                "partner_id": self.patient.id,
                "company_id": self.company_a.id,
                "diet": "No pork",
                "psych_note": "Afraid of surgery",
            }
        )
        for role, expected in (("nurse", True), ("front_desk", False)):
            profile = self._card(role)["profile"]
            names = {row["name"] for row in profile["rows"]}
            self.assertEqual("psych_note" in names, expected, role)
            self.assertIn("diet", names)
            self.assertEqual(profile["completeness"], round(100 / 11))

    def test_national_numbers_are_masked(self):
        """F15: in full for those who register, the last four for the others."""
        for role, expected in (
            ("front_desk", "11010519680305002X"),
            ("doctor", "•" * 14 + "002X"),
        ):
            values = {
                row["code"]: row["value"] for row in self._card(role)["identifiers"]
            }
            self.assertEqual(values["RIC"], expected)
            self.assertEqual(values["MR"], "M1")

    # ------------------------------------------------------------------
    # SILENCES AND ALERTS
    # ------------------------------------------------------------------
    def test_severe_allergy_at_the_top_for_clinical_roles(self):
        self.assertEqual(self._alerts("nurse")["allergy"], "Severe allergy: Penicillin")
        self.assertNotIn("allergy", self._alerts("front_desk"))

    def test_shielded_patient_and_must_not_know(self):
        """R4: every role reads both silences; nothing of the diagnosis is in them."""
        self.patient.hcrm_file_ids.write(
            {"disclosure": "shielded", "disclosure_contact_id": self.son.id}
        )
        cousin = self._make_person("Zhao Gang")
        self._add_relation(self.patient, cousin, "other", must_not_know=True)
        for role in ("front_desk", "nurse", "marketing"):
            alerts = self._alerts(role)
            self.assertIn("Li Ming", alerts["shielded"])
            self.assertIn("Zhao Gang", alerts["must_not_know"])
            self.assertNotIn("Hypertension", str(alerts))
        self.assertNotIn("Hypertension", str(self._card("front_desk")))
        # an end to the relation ends the silence
        self.patient.hcrm_relation_ids.date_end = "2020-01-01"
        self.assertNotIn("must_not_know", self._alerts("front_desk"))

    def test_sensitive_department_is_neutral(self):
        """R8: outside clinical roles neither department, ward nor doctor is named."""
        self._add_encounter(
            self.patient,
            self.psych,
            kind="inpatient",
            state="in_progress",
            ward="Psychiatry 2",
            bed="P-7",
            practitioner_id=self.practitioner.id,
            date_start=datetime(2026, 3, 20),
        )
        stay = self._card("front_desk")["stay"]
        self.assertEqual(stay["department"], "Clinic 3")
        self.assertFalse(stay["place"])
        self.assertFalse(stay["practitioner"])
        self.assertNotIn("Psychiatry", str(self._card("front_desk")))
        stay = self._card("quality_officer")["stay"]
        self.assertEqual(
            (stay["department"], stay["place"]), ("Psychiatry", "Psychiatry 2 / P-7")
        )

    def test_hidden_relative_leaves_no_trace(self):
        """R8: a restricted relative is neither listed nor counted nor spoken with."""
        hidden = self._make_person(
            "Hidden Star", confidentiality="sensitive", alias="Guest"
        )
        self._add_relation(self.patient, hidden, "spouse", must_not_know=True)
        self._add_relation(hidden, self.patient, "spouse")
        self.patient.hcrm_file_ids.write(
            {"disclosure": "shielded", "disclosure_contact_id": hidden.id}
        )
        card = self._card("front_desk")
        self.assertFalse(card["relatives"])
        for word in ("Hidden", "Guest"):
            self.assertNotIn(word, str(card))

    def test_deceased_merged_and_unreachable(self):
        self.patient.write(
            {"hcrm_status": "deceased", "hcrm_deceased_date": "2026-03-05"}
        )
        self.patient.hcrm_contact_point_ids.is_wrong = True
        card = self._card("front_desk")
        kinds = [alert["kind"] for alert in card["alerts"]]
        self.assertEqual(kinds, ["deceased", "service", "unreachable"])
        self.assertEqual(card["head"]["age"], "58 years")

    # ------------------------------------------------------------------
    # CONTENT
    # ------------------------------------------------------------------
    def test_relations_are_shown_both_ways(self):
        self._add_relation(
            self.patient,
            self.son,
            "child",
            is_proxy=True,
            proxy_scope="results",
            date_end="2099-12-31",
        )
        [row] = self._card("front_desk")["relatives"]
        self.assertEqual(
            (row["name"], row["kind_label"], row["scope_label"], row["date_end"]),
            ("Li Ming", "Child", "Results and treatment", "2099-12-31"),
        )
        [row] = self._card("front_desk", partner=self.son)["relatives"]
        self.assertEqual(
            (row["name"], row["kind_label"]), ("Wang Fang", "is the child of")
        )

    def test_contact_points_say_whose(self):
        self._add_phone(
            self.patient,
            "13900000002",
            whose="child",
            whose_partner_id=self.son.id,
            is_shared=True,
        )
        rows = self._card("agent")["contacts"]
        self.assertEqual(
            [(row["whose"], row["is_shared"]) for row in rows],
            [("self", False), ("child", True)],
        )
        self.assertEqual(rows[1]["whose_partner"]["name"], "Li Ming")

    def test_ages(self):
        """R13: a baby's age in days and months; about, where only a year is known."""
        today = fields.Date.context_today(
            self.env.user.with_context(tz="Asia/Shanghai")
        )
        for days, expected in ((3, "3 days"), (95, "3 months")):
            self.patient.hcrm_birthdate = today - timedelta(days=days)
            self.assertEqual(self._card("user")["head"]["age"], expected)
        self.patient.write(
            {
                "hcrm_birthdate": f"{today.year - 80}-01-01",
                "hcrm_birthdate_precision": "year",
            }
        )
        self.assertEqual(self._card("user")["head"]["age"], "about 80 years")

    def test_spend_by_payer(self):
        """R17: refunds count, deposits and aborted lines do not."""
        self._add_charge(
            self.patient, 300.0, amount_pooled=200.0, amount_commercial=100.0
        )
        self._add_charge(self.patient, -50.0, kind="refund")
        self._add_charge(self.patient, 1000.0, kind="deposit")
        aborted = self._add_charge(self.patient, 999.0)
        aborted.state = "aborted"
        [row] = self._card("centre_head")["spend"]
        self.assertEqual((row["total"], row["deposit"]), (350.0, 1000.0))
        parts = {payer["code"]: payer["amount"] for payer in row["payers"]}
        self.assertEqual(
            (parts["pooled"], parts["commercial"], parts["self"]), (200.0, 100.0, 50.0)
        )

    def test_stages_of_the_closed_loop(self):
        """F16: known, visit, discharge, follow-up, revisit light up one by one."""

        def states():
            return [
                stage["state"]
                for stage in self._card("nurse", partner=person)["stages"]
            ]

        person = self._make_person("Loop")
        self.assertEqual(states(), ["done", "open", "open", "open", "open"])
        stay = self._add_encounter(
            person,
            kind="inpatient",
            state="in_progress",
            date_start=datetime(2026, 1, 1),
        )
        self.assertEqual(states(), ["done", "done", "current", "open", "open"])
        stay.write({"state": "finished", "date_end": datetime(2026, 1, 5)})
        self.assertEqual(states(), ["done", "done", "done", "open", "open"])
        self._add_encounter(person, kind="virtual", date_start=datetime(2026, 1, 8))
        self.assertEqual(states(), ["done", "done", "done", "done", "open"])
        self._add_appointment(person, date_start=datetime(2099, 1, 1))
        self.assertEqual(states()[-1], "planned")
        self._add_encounter(person, date_start=datetime(2026, 2, 1))
        self.assertEqual(states(), ["done"] * 5)

    def test_sources_of_the_users_hospitals(self):
        """F17: the systems that feed the card; another entity's are not named (R3)."""
        for company, name in ((self.company_a, "HIS A"), (self.company_b, "HIS B")):
            source = self.env["hcrm.feed.source"].create(
                {"name": name, "company_id": company.id}
            )
            self.env["hcrm.feed.identity"].create(
                {
                    "source_id": source.id,
                    "res_type": "Patient",
                    "ext_id": "p1",
                    "res_model": "res.partner",
                    "res_id": self.patient.id,
                }
            )
        self.patient.hcrm_file_ids.opened_touchpoint = "checkup"
        names = [row["name"] for row in self._card("front_desk")["sources"]]
        self.assertEqual(names, ["HIS A", "Check-up"])

    def test_two_entities(self):
        """R3: facts and files of the entity that is not switched on are absent."""
        both = self._make_person("Both", companies=self.company_a + self.company_b)
        self._add_encounter(both, self.cardio)
        self._add_encounter(both, self.gynae)
        for companies, expected in (
            ([self.company_a], {"Cardiology"}),
            ([self.company_b], {"Gynaecology"}),
            ([self.company_a, self.company_b], {"Cardiology", "Gynaecology"}),
        ):
            card = self._card("agent_ab", *companies, partner=both)
            names = {visit["department"] for visit in card["last_visits"]}
            self.assertEqual(names, expected)
            self.assertEqual(len(card["files"]), len(companies))

    def test_open_card_action(self):
        action = self.patient.action_hcrm_open_card()
        self.assertEqual(action["tag"], "hcrm_core.card")
        self.assertEqual(action["context"]["active_id"], self.patient.id)
