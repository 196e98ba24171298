from odoo.tests import tagged

from .common import ROLES, HcrmCommon


@tagged("post_install", "-at_install")
class TestGuardWorld(HcrmCommon):
    def test_world_holds_what_it_promises(self):
        person = self._make_person("王芳", phone="13912345678", mrn="A-1")
        story = self._add_story(person)
        self.assertEqual(len(story), 10)
        self.assertEqual(person.hcrm_metrics_id.id, person.id)
        self.assertEqual(person.hcrm_contact_point_ids.number, "+8613912345678")
        self.assertEqual(person.hcrm_identifier_ids.value_norm, "A1")
        for role in ROLES:
            self.assertEqual(self._as(role).companies, self.company_a, role)
