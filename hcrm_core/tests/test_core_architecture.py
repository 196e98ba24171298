from odoo.modules.module import Manifest
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install")
class TestCoreArchitecture(TransactionCase):
    def test_installed_dependencies_are_those_of_the_manifests(self):
        """F254: the drawn dependency graph equals the installed one."""
        addons = self.env["ir.module.module"].search(
            [("name", "=like", "hcrm\\_%"), ("state", "=", "installed")]
        )
        self.assertIn("hcrm_core", addons.mapped("name"))
        for addon in addons.filtered(lambda a: not a.name.startswith("hcrm_test")):
            installed = set(addon.dependencies_id.mapped("name"))
            manifest = Manifest.for_addon(addon.name)
            self.assertEqual(installed, set(manifest["depends"]), addon.name)
