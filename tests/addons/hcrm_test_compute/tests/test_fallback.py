from odoo.tests import TransactionCase, tagged

from odoo.addons.hcrm_core.tests.feed_people_data import people_rows


@tagged("post_install", "-at_install", "hcrm_people_equality")
class TestFallback(TransactionCase):
    """What nobody has reviewed sends people to the ORM, with the reason in words."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = cls.env["hcrm.feed.source"].create({"name": "Test"})
        cls.Writer = cls.env["hcrm.feed.people.writer"]

    def test_unknown_stored_compute(self):
        rows = people_rows(30, self.source.company_id.id)
        written = self.Writer._write_rows(self.source, rows)
        self.assertEqual(written.path, "orm")
        self.assertEqual(
            written.reason,
            "The add-on hcrm_test_compute computes and stores test_name_length on "
            "contacts.",
        )
        self.assertEqual(len(written.new), 30)
        self._assert_computed(written)
        for row in rows:
            row.res_id = written.ids[row.ext_id]
            row.data = {"name": f"{row.data['name']} renamed"[-100:]}
        written = self.Writer._write_rows(self.source, rows)
        self.assertEqual(written.path, "orm")
        self._assert_computed(written)

    def _assert_computed(self, written):
        people = self.env["res.partner"].browse(written.ids.values())
        self.assertEqual(
            people.mapped("test_name_length"),
            [len(name) for name in people.mapped("name")],
        )

    def test_automation_rule(self):
        guard = self.env["hcrm.feed.people.guard"]
        self.assertEqual(guard._rule_reason(), "")
        rule = self.env["base.automation"].create(
            {
                "name": "Greet",
                "model_id": self.env.ref("base.model_res_partner").id,
                "trigger": "on_create",
            }
        )
        self.assertEqual(guard._rule_reason(), "The rule Greet watches contacts.")
        rule.active = False
        self.assertEqual(guard._rule_reason(), "")
