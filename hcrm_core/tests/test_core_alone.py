import re
from pathlib import Path

from odoo.modules.module import Manifest
from odoo.tests import tagged
from odoo.tools import file_path
from odoo.tools.safe_eval import safe_eval

from .common import HcrmCommon

ADDON = "hcrm_core"
IMPORTED = re.compile(r"^\s*(?:from|import) odoo\.addons\.(\w+)", re.MULTILINE)


@tagged("post_install", "-at_install")
class TestCoreAlone(HcrmCommon):
    """F252: a hospital starts with hcrm_core alone and adds one addon at a time."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.closure = {ADDON}
        todo = [ADDON]
        while todo:
            new = set(Manifest.for_addon(todo.pop())["depends"]) - cls.closure
            cls.closure |= new
            todo += new

    def _own(self, model):
        """Return the records of ``model`` that the addon's data brings."""
        data = self.env["ir.model.data"].search(
            [("module", "=", ADDON), ("model", "=", model)]
        )
        return self.env[model].browse(data.mapped("res_id")).exists()

    def _assert_at_home(self, models, source):
        """Every model must come from an addon that ours depends on."""
        strange = {
            name
            for name in filter(None, models)
            if self.registry[name]._original_module not in self.closure
        }
        self.assertFalse(strange, source)

    def test_models_of_data_and_fields(self):
        """F252: nothing speaks of a model of an addon that may be missing."""
        self._assert_at_home(self._own("ir.model").mapped("model"), "models")
        self._assert_at_home(self._own("ir.model.fields").mapped("relation"), "fields")
        self._assert_at_home(self._own("ir.ui.view").mapped("model"), "views")
        windows = self._own("ir.actions.act_window")
        self._assert_at_home(windows.mapped("res_model"), "actions")
        for model in ("ir.rule", "ir.model.access"):
            models = self._own(model).model_id.mapped("model")
            self._assert_at_home(models, model)

    def test_views_stand_on_views_of_the_closure(self):
        """F252: the view that is inherited is there too."""
        parents = self._own("ir.ui.view").inherit_id
        modules = {name.split(".")[0] for name in parents.get_external_id().values()}
        self.assertLessEqual(modules, self.closure)

    def test_code_imports_only_what_it_depends_on(self):
        """F252: the server starts without any other addon."""
        for path in Path(file_path(ADDON)).rglob("*.py"):
            imported = set(IMPORTED.findall(path.read_text(encoding="utf-8")))
            self.assertLessEqual(imported, self.closure, path.name)

    def test_menus_open_for_a_manager(self):
        """F252: every menu a manager sees leads to a page that opens."""
        env = self._as("manager")
        Menu = env["ir.ui.menu"]
        root = self.env.ref("hcrm_core.hcrm_core_menu_root")
        menus = Menu.search(
            [("id", "child_of", root.id), ("id", "in", list(Menu._visible_menu_ids()))]
        )
        windows = [
            menu.action.sudo()
            for menu in menus & self._own("ir.ui.menu").with_env(env)
            if menu.action and menu.action._name == "ir.actions.act_window"
        ]
        self.assertGreater(len(windows), 15)
        for window in windows:
            with self.subTest(window.name):
                Model = env[window.res_model]
                modes = [*window.view_mode.split(","), "search"]
                views = Model.get_views([(False, mode) for mode in modes])["views"]
                self.assertEqual(set(views), set(modes))
                domain = safe_eval(window.domain or "[]", {"uid": env.uid})
                Model.search(domain, limit=1).mapped("display_name")
