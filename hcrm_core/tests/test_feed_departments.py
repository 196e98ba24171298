from odoo.tests import tagged

from .feed_common import FeedCommon

RIC = "11010519491231002X"


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedDepartments(FeedCommon):
    """What the hospital's people know of a person and what the HIS brings meet."""

    def _known(self, ext_id="p1", **values):
        """A patient of the HIS with the identity number of ``RIC``."""
        return self._patient(
            ext_id,
            identifier=[
                {"type": {"coding": [{"code": "MR"}]}, "value": f"M-{ext_id}"},
                {"type": {"coding": [{"code": "RIC"}]}, "value": RIC},
            ],
            name=[{"text": "王芳"}],
            birthDate="1949-12-31",
            **values,
        )

    def _register(self, **vals):
        answer = self._as("front_desk")["res.partner"].hcrm_register(
            {"name": "王芳", "class_code": "prospect", "identity_number": RIC, **vals}
        )
        self.assertTrue(answer["created"], answer)
        return self.env["res.partner"].browse(answer["id"])

    def _all_of(self, ric=RIC):
        return self.env["hcrm.person.identifier"].search(
            [("value_norm", "=", ric), ("type_id.code", "=", "RIC")]
        )

    def test_prospect_becomes_a_patient(self):
        """F6: from the first interest to the first visit on one card."""
        person = self._register(needs="Asks about a knee operation")
        file = person.hcrm_file_ids
        self.assertEqual(file.class_id.code, "prospect")
        self.assertFalse(file.class_id.is_patient)

        self._run([self._known()])
        self.assertEqual(self._find("Patient", "p1"), person)
        # known to the HIS is not seen by a doctor
        self.assertFalse(person.hcrm_file_ids.class_id.is_patient)

        self._run([self._known(), self._encounter()])
        self.assertEqual(person.hcrm_file_ids, file)
        self.assertEqual(file.class_id.code, "outpatient")
        self.assertTrue(file.class_id.is_patient)
        self.assertEqual(self._all_of().partner_id, person)
        self.assertEqual(
            self.env["res.partner"].search_count(
                [("name", "=", "王芳"), ("hcrm_metrics_id", "!=", False)]
            ),
            1,
        )
        timeline = self._as("nurse")["res.partner"].hcrm_get_timeline(person.id)
        self.assertIn(
            ("encounter", self._find("Encounter", "e1").id),
            [(row["kind"], row["id"]) for row in timeline["rows"]],
        )
        self.assertEqual(person.hcrm_profile_ids.needs, "Asks about a knee operation")

    def test_departments_overwrite_nobody(self):
        """F18: each writes its field; the feed writes a third and leaves both."""
        person = self._register()
        self._run([self._known()])
        # both read the card before either saves it
        one = self._as("front_desk")["res.partner"].browse(person.id)
        other = self._as("manager")["res.partner"].browse(person.id)
        self.assertFalse(one.city or other.city or one.hcrm_other_names)
        one.city = "上海"
        other.hcrm_other_names = "阿芳"
        self.env.flush_all()
        kept = {"city": "上海", "hcrm_other_names": "阿芳"}
        self.assertRecordValues(person, [kept])

        self._run([self._known(gender="other")])
        self.assertRecordValues(person, [{**kept, "hcrm_gender": "other"}])

    def test_number_of_somebody_else_is_queued(self):
        """F18: two cards with one number are proposed to a clerk, none is changed."""
        first = self._register()
        second = self._make_person("王方")
        self._as("front_desk")["hcrm.person.identifier"].create(
            {
                "partner_id": second.id,
                "type_id": self.env.ref("hcrm_core.identifier_type_ric").id,
                "value": RIC,
            }
        )
        candidate = self.env["hcrm.duplicate.candidate"].search(
            [("left_id", "in", (first | second).ids)]
        )
        self.assertEqual(candidate.left_id | candidate.right_id, first | second)
        self.assertEqual(candidate.state, "open")
        self.assertEqual((first.name, second.name), ("王芳", "王方"))
