from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import HisCase


@tagged("post_install", "-at_install")
class TestHisButton(HisCase):
    """The patient form of the HIS has one button to the card; the HIS knows nothing
    of it, and is left as it was when it goes."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.mapping = cls.source.model_ids.filtered(lambda m: m.res_type == "Patient")
        cls.form = cls.env.ref("hcrm_test_his.medical_patient_view_form")

    def _buttons(self, role="front_desk"):
        env = self._as(role) if role else self.env
        arch = env["medical.patient"].get_view(self.form.id, "form")["arch"]
        return etree.fromstring(arch).xpath("//button[@type='action']")

    def test_one_button_that_opens_the_card(self):
        [button] = self._buttons()
        self._run()
        env = self._as("front_desk")
        action = env["ir.actions.server"].browse(int(button.get("name")))
        opened = action.with_context(
            active_model="medical.patient", active_id=self.patients[0].id
        ).run()
        self.assertEqual(opened["tag"], "hcrm_core.card")
        partner = self.patients[0].partner_id
        self.assertEqual(opened["context"]["active_id"], partner.id)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_the_card_of_a_hidden_person_is_not_opened(self):
        self._run()
        partner = self.patients[0].partner_id
        partner.hcrm_file_ids.confidentiality = "sensitive"
        with self.assertRaises(AccessError):
            self.mapping.with_env(self._as("front_desk"))._open_card(self.patients[0])

    def test_others_do_not_see_it(self):
        self.assertFalse(self._buttons("outsourced_agent"))

    def test_it_goes_with_the_mapping(self):
        views, action = self.mapping.view_ids, self.mapping.action_id
        self.assertEqual(views.inherit_id, self.form)
        self.mapping.unlink()
        self.assertFalse((views.exists(), action.exists())[0])
        self.assertFalse(action.exists())
        self.assertFalse(self._buttons())
        names = self.env["ir.model.data"].search([("name", "like", "his_card_%")])
        self.assertFalse(names)

    def test_it_goes_with_the_switch_and_with_the_source(self):
        self.mapping.has_button = False
        self.assertFalse(self._buttons())
        self.mapping.has_button = True
        self.assertEqual(len(self._buttons()), 1)
        self.source.active = False
        self.assertFalse(self._buttons())
        self.source.active = True
        self.assertEqual(len(self._buttons()), 1)
        self.source.unlink()
        self.assertFalse(self._buttons())

    def test_the_next_version_of_the_his_may_look_otherwise(self):
        """Whatever the form is made of, the button finds its place."""
        for arch, parent in (
            ("<form><field name='name'/></form>", "form"),
            ("<form><header/><sheet><field name='name'/></sheet></form>", "header"),
            (
                "<form><sheet><div name='button_box'/><field name='name'/></sheet></form>",
                "div",
            ),
        ):
            self.form.arch = arch
            [button] = self._buttons()
            self.assertEqual(button.getparent().tag, parent)

    def test_update_and_uninstall_know_it_as_ours(self):
        data = self.env["ir.model.data"].search([("name", "like", "his_card_%")])
        self.assertEqual(set(data.mapped("module")), {"hcrm_core"})
        self.assertEqual(set(data.mapped("model")), {"ir.ui.view", "ir.actions.server"})
        self.assertTrue(all(data.mapped("noupdate")), "an update must not take it away")
