from datetime import datetime, timedelta

from lxml import etree

from odoo import fields
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools.safe_eval import safe_eval

from .common import HcrmCommon

RECORDS = {
    "hcrm.encounter": "group_user",
    "hcrm.appointment": "group_user",
    "hcrm.condition": "group_clinical",
    "hcrm.allergy": "group_clinical",
    "hcrm.procedure": "group_clinical",
    "hcrm.medication": "group_clinical",
    "hcrm.observation": "group_clinical",
    "hcrm.charge": "group_money",
    "hcrm.coverage": "group_user",
}


@tagged("post_install", "-at_install")
class TestPeopleLists(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wang = cls._make_person(
            "王芳", hcrm_gender="female", hcrm_birthdate="1980-05-12", city="Shanghai"
        )
        cls.li = cls._make_person("李明", class_code="prospect", city="Wuxi")
        cls._add_story(cls.wang)

    def _conditions(self, env, model, view):
        """Yield the domain of every filter and search field of a search view."""
        arch = env[model].get_view(env.ref(f"hcrm_core.{view}").id, "search")["arch"]
        for node in etree.fromstring(arch).iter("filter", "field"):
            name = node.get("name")
            if node.tag == "filter" and node.get("domain"):
                yield name, safe_eval(node.get("domain"), {"uid": env.uid})
            elif node.tag == "field" and node.get("filter_domain"):
                yield name, safe_eval(node.get("filter_domain"), {"self": "i"})
            elif node.tag == "field" and env[model]._fields[name].type != "many2one":
                yield name, [(name, "ilike", "1")]
            elif node.tag == "field":
                yield name, [(name, "ilike", "i")]

    def test_every_filter_runs(self):
        """F13: nothing that can be clicked ends in an error, whoever clicks."""
        views = [("res.partner", "res_partner_view_search", "nurse")]
        views += [("res.partner", "res_partner_view_search", "front_desk")]
        views += [
            (model, f"{model.replace('.', '_')}_view_search", self._role(group))
            for model, group in RECORDS.items()
        ]
        for model, view, role in views:
            env = self._as(role)
            for name, domain in self._conditions(env, model, view):
                with self.subTest(view=view, name=name, role=role):
                    if name == "age_child":
                        domain = Domain(domain)
                    found = env[model].search(domain, limit=5)
                    self.assertLessEqual(len(found), 5)

    def _role(self, group):
        return {"group_clinical": "nurse", "group_money": "marketing"}.get(
            group, "front_desk"
        )

    def test_filters_find_whom_they_say(self):
        """F1, F3, F13"""
        env = self._as("nurse")
        people = self.wang + self.li
        now = fields.Datetime.now()
        self._add_appointment(self.li, date_start=now + timedelta(days=2))
        conditions = dict(
            self._conditions(env, "res.partner", "res_partner_view_search")
        )
        for name, found in (
            *(
                ("female", self.wang),
                ("patients", self.wang),
                ("not_patients", self.li),
            ),
            *(("age_young", self.wang.browse()), ("age_middle", self.wang)),
            *(("visit_never", people), ("vip", self.wang.browse())),
            *(("booked_week", self.li), ("booked_today", self.li.browse())),
        ):
            if name.startswith("age"):
                born = datetime(fields.Date.today().year - 50, 1, 1).date()
                self.wang.hcrm_birthdate = born
            domain = Domain("id", "in", people.ids) & Domain(conditions[name])
            hits = env["res.partner"].search(domain)
            self.assertEqual(set(hits.ids), set(found.ids), name)

    def test_who_has_penicillin_allergy(self):
        """F12: by the list of allergies and by the list of people."""
        env = self._as("nurse")
        allergies = env["hcrm.allergy"].search([("name", "ilike", "penicillin")])
        self.assertEqual(allergies.partner_id.ids, self.wang.ids)
        found = env["res.partner"].search(
            [("hcrm_allergy_ids", "any", [("name", "ilike", "penicillin")])]
        )
        self.assertEqual(found.ids, self.wang.ids)

    def test_region_disease_and_department(self):
        """F13"""
        env = self._as("nurse")
        for domain in (
            [("city", "ilike", "shanghai")],
            [("hcrm_condition_ids.name", "ilike", "hypert")],
            [("hcrm_condition_ids.code", "=ilike", "I1%")],
            [("hcrm_encounter_ids.department_id", "ilike", "cardio")],
        ):
            people = Domain("hcrm_metrics_id", "!=", False) & Domain(domain)
            self.assertEqual(env["res.partner"].search(people).ids, self.wang.ids)

    def test_facts_are_never_entered(self):
        """Law 1: forms and lists of facts offer neither create nor edit."""
        for model in RECORDS:
            for kind in ("list", "form"):
                view = self.env.ref(f"hcrm_core.{model.replace('.', '_')}_view_{kind}")
                root = etree.fromstring(view.arch)
                self.assertEqual((root.get("create"), root.get("edit")), ("0", "0"))

    def test_record_lists_cost_the_same_for_2_and_50(self):
        env = self._as("nurse")
        for index in range(50):
            person = self._make_person(f"张{index}")
            self._add_encounter(person)
            self._add_allergy(person)
        self.env.flush_all()
        for model in ("hcrm.encounter", "hcrm.allergy"):
            view = self.env.ref(f"hcrm_core.{model.replace('.', '_')}_view_list")
            names = [
                node.get("name")
                for node in etree.fromstring(view.arch).iter("field")
                if not node.get("groups")
            ]
            specification = {
                name: {"fields": {"display_name": {}}}
                if env[model]._fields[name].relational
                else {}
                for name in names
            }
            counts = []
            for limit in (2, 2, 50):
                env.invalidate_all()
                before = self.cr.sql_log_count
                found = env[model].web_search_read([], specification, limit=limit)
                counts.append(self.cr.sql_log_count - before)
                self.assertEqual(len(found["records"]), limit)
            self.assertLessEqual(counts[2], counts[1], model)

    def test_duplicates_are_decided(self):
        """Side by side, decided as two people, and not proposed again."""
        env = self._as("front_desk")
        pair = sorted((self.wang + self.li).ids)
        self.env["hcrm.person.details"]._queue_duplicates([pair], "Same number")
        candidate = env["hcrm.duplicate.candidate"].search([("left_id", "in", pair)])
        self.assertEqual(candidate.left_gender, "female")
        candidate.action_distinct()
        self.assertRecordValues(
            candidate, [{"state": "distinct", "decided_by_id": env.uid}]
        )
        self.env["hcrm.person.details"]._queue_duplicates([pair], "Same number")
        self.assertEqual(candidate.state, "distinct")
        self.assertEqual(
            candidate.action_open_right()["context"]["active_id"], max(pair)
        )
