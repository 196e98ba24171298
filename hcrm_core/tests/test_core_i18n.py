"""The Chinese of the addon: every kind of term arrives, none is missing or broken."""

import re
from collections import Counter

import polib

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import file_path

LANG = "zh_CN"
CATALOGUE = "hcrm_core/i18n/zh_CN.po"
TEMPLATE = "hcrm_core/i18n/hcrm_core.pot"
PLACEHOLDER = re.compile(r"%(?:\(\w+\))?[sdf]")
TAG = re.compile(r"</?\w+")
# a Chinese sentence has full-width signs: a half-width one next to a character
HALF_WIDTH = re.compile(r"[\u4e00-\u9fff][,;:!?]|[\u4e00-\u9fff]\.(?:\s|$)")


@tagged("post_install", "-at_install")
class TestCatalogue(TransactionCase):
    """The file itself, without a database's opinion of it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.entries = polib.pofile(file_path(CATALOGUE))

    def assertNone(self, found, text):
        self.assertFalse(found, f"{text}:\n" + "\n".join(map(repr, found)))

    def test_every_term_is_translated(self):
        template = {entry.msgid for entry in polib.pofile(file_path(TEMPLATE))}
        known = {entry.msgid for entry in self.entries if entry.msgstr.strip()}
        self.assertGreater(len(template), 500)
        self.assertNone(sorted(template - known), "Terms without Chinese")
        self.assertNone(
            [entry.msgid for entry in self.entries if entry.fuzzy], "Doubtful terms"
        )

    def test_placeholders_and_markup_match(self):
        """A lost placeholder hides a value, a wrong one breaks the message."""
        self.assertNone(
            [
                entry.msgid
                for entry in self.entries
                for pattern in (PLACEHOLDER, TAG)
                if Counter(pattern.findall(entry.msgid))
                != Counter(pattern.findall(entry.msgstr))
            ],
            "Terms with other placeholders or tags in Chinese",
        )

    def test_chinese_typography(self):
        self.assertNone(
            [
                entry.msgstr
                for entry in self.entries
                if entry.msgstr != entry.msgstr.strip()
                or HALF_WIDTH.search(entry.msgstr)
            ],
            "Half-width signs in, or blanks around, Chinese",
        )


@tagged("post_install", "-at_install")
class TestChineseTerms(HttpCase):
    """One term of each kind, from the catalogue to the user."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.env["res.lang"]._activate_lang(LANG)
        cls.env.ref("base.module_hcrm_core")._update_translations([LANG])
        cls.zh = cls.env(context=dict(cls.env.context, lang=LANG))

    def test_the_quarantine_speaks_the_readers_language(self):
        """The run may have been started by somebody who reads another one."""
        source = self.env["hcrm.feed.source"].create({"name": "HIS"})
        row = self.env["hcrm.feed.inbox"].create(
            {
                "source_id": source.id,
                "res_type": "Encounter",
                "ext_id": "e1",
                "state": "quarantine",
                "reason_code": "no_person",
                "reason_values": {},
                "reason": "The record does not say whose it is.",
            }
        )
        self.assertEqual(row.reason_text, row.reason)
        chinese = row.with_context(lang=LANG).reason_text
        self.assertRegex(chinese, "[\u4e00-\u9fff]")

    def test_field_and_selection(self):
        labels = self.zh["res.partner"].fields_get(
            ["hcrm_birthdate", "hcrm_gender"], ["string", "selection"]
        )
        self.assertEqual(labels["hcrm_birthdate"]["string"], "出生日期")
        self.assertEqual(dict(labels["hcrm_gender"]["selection"])["female"], "女")

    def test_view_menu_and_help(self):
        source = self.zh["hcrm.feed.source"]
        arch = source.get_view(
            self.env.ref("hcrm_core.hcrm_feed_source_view_form").id, "form"
        )["arch"]
        self.assertIn("上传文件", arch)
        menu = self.zh["ir.ui.menu"].browse(
            self.env.ref("hcrm_core.hcrm_desk_front_menu").id
        )
        self.assertEqual(menu.name, "导诊台")

    def test_data_record(self):
        kind = self.env.ref("hcrm_core.identifier_type_mr").with_env(self.zh)
        self.assertEqual(kind.name, "病历号")

    def test_python_message(self):
        with self.assertRaisesRegex(UserError, "没有此人员"):
            self.zh["res.partner"].hcrm_get_card(0)

    def test_day_of_a_desk(self):
        """A day reads in Chinese order, not as English words one by one."""
        label = self.zh["hcrm.desk"]._format_day(fields.Date.to_date("2026-11-25"))
        self.assertEqual(label, "11月25日 星期三")

    def test_web_client_term(self):
        """Ours, not the word another addon gives the same English term."""
        answer = self.url_open(
            f"/web/webclient/translations?lang={LANG}&mods=hcrm_core"
        ).json()
        terms = {
            row["id"]: row["string"]
            for row in answer["modules"]["hcrm_core"]["messages"]
        }
        self.assertEqual(terms["Timeline"], "时间轴")
        self.assertEqual(terms["Undo"], "撤销")
