import json
from datetime import date

from odoo.tests import tagged
from odoo.tools import SQL

from ..tools.queries import parse_query
from .common import HcrmCommon


@tagged("post_install", "-at_install")
class TestPeopleSearch(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wang = cls._make_person(
            "王芳",
            phone="13912345678",
            mrn="MR0001",
            hcrm_gender="female",
            hcrm_birthdate=date(1980, 5, 12),
        )
        cls.wei = cls._make_person("王伟", mrn="MR0002")
        cls.shan = cls._make_person("单雄信", phone="13800005432")
        cls.maria = cls._make_person("Maria Garcia Lopez")
        cls.ayi = cls._make_person("阿依古丽·买买提")
        cls.far = cls._make_person("王芳", companies=cls.company_b)
        cls.contact = cls.env["res.partner"].create(
            {"name": "Wang Trading", "email": "sales@wang.example.com"}
        )

    def _found(self, text, role="front_desk", contacts=False):
        env = self._as(role)
        domain = [("display_name", "ilike", text)]
        if not contacts:
            domain.append(("hcrm_metrics_id", "!=", False))
        return env["res.partner"].search(domain)

    def assertFinds(self, text, *people, role="front_desk"):
        found = self._found(text, role)
        self.assertEqual(set(found.ids), {person.id for person in people}, text)

    def test_what_people_type(self):
        """R13: names, parts, pinyin, initials, numbers and birth dates find."""
        for text in (
            *(
                "王芳",
                "芳",
                "wangf",
                "wf",
                "WangFang",
                "ｗａｎｇｆ",
                "王　芳",
                "MR0001",
            ),
            *("mr-0001", "5678", "13912345678", "139 1234 5678", "+8613912345678"),
            *(
                "12345678",
                "19800512",
                "1980-05-12",
                "1980.5.12",
                "1980年5月12日",
                "1980",
            ),
            *("王芳 5678", "5678 王", "wangf 1980", "王芳 19800512", "198005"),
        ):
            self.assertFinds(text, self.wang)
        self.assertFinds("王", self.wang, self.wei)
        for text in ("单", "shanx", "danx", "chanx", "dxx"):
            self.assertFinds(text, self.shan)
        for text in ("garcia", "lopez maria", "MARIA", "garcialopez"):
            self.assertFinds(text, self.maria)
        for text in ("买买提", "阿依古丽•买买提", "阿依古丽 买买提", "maimaiti"):
            self.assertFinds(text, self.ayi)

    def test_misses(self):
        for text in ("zzzz", "王芳 9999", "王芳 1981", "龘", "%", "_", "'", "。"):
            self.assertFinds(text)

    def test_contacts_are_found_the_stock_way(self):
        for text in ("trading", "sales@wang", "wang"):
            self.assertIn(self.contact, self._found(text, contacts=True))
        self.assertEqual(self._found("sales@wang", contacts=True).ids, self.contact.ids)

    def test_another_entity_is_not_found(self):
        """R3: the namesake at the other hospital is neither found nor counted."""
        self.assertFinds("王芳", self.wang)
        self.assertFinds("王芳", self.far, role="agent_b")
        self.assertEqual(
            set(self._found("王芳", "agent_ab").ids), {self.wang.id, self.far.id}
        )

    def test_a_large_entity_does_not_crowd_out_a_small_one(self):
        others = [self._make_person("王芳") for _index in range(5)]
        Search = self._as("agent_b")["hcrm.person.search"]
        self.assertEqual(Search._find_ids("王芳", limit=2), [self.far.id])
        Search = self._as("front_desk")["hcrm.person.search"]
        self.assertEqual(len(Search._find_ids("王芳", limit=3)), 3)
        self.assertEqual(len(Search._find_ids("王芳")), len(others) + 1)

    def test_negation_and_exact(self):
        Partner = self._as("front_desk")["res.partner"]
        others = Partner.search(
            [("display_name", "not ilike", "王"), ("hcrm_metrics_id", "!=", False)]
        )
        self.assertEqual(set(others.ids), {self.shan.id, self.maria.id, self.ayi.id})
        self.assertEqual(
            Partner.search([("display_name", "=", "王芳")]).id, self.wang.id
        )

    def test_many2one_search_goes_through_tokens(self):
        self._add_encounter(self.wang)
        Encounter = self._as("front_desk")["hcrm.encounter"]
        self.assertEqual(Encounter.search_count([("partner_id", "ilike", "wf")]), 1)
        self.assertEqual(Encounter.search_count([("partner_id", "ilike", "xx")]), 0)

    def test_a_changed_name_is_found(self):
        self.wang.with_env(self._as("front_desk")).name = "李芳"
        self.assertFinds("李芳", self.wang)
        self.assertFinds("王芳")
        self.wang.hcrm_contact_point_ids.value = "13987654321"
        self.assertFinds("5678")
        self.assertFinds("4321", self.wang)
        self.wang.hcrm_identifier_ids.value = "MR0099"
        self.assertFinds("MR0001")
        self.assertFinds("MR0099", self.wang)

    def test_picker_tells_namesakes_apart(self):
        """R13: name, sex, age, last four, last visit in every picker."""
        file = self.wang.hcrm_file_ids
        file.sudo().date_last_visit = date(2026, 3, 2)
        Partner = self._as("front_desk")["res.partner"]
        row = Partner.web_name_search("王芳", {"display_name": {}})[0]
        self.assertEqual(row["display_name"], "王芳")
        label = row["__formatted_display_name"]
        for part in ("王芳", "Female", str(self.wang.hcrm_age), "…5678", "2026"):
            self.assertIn(part, label)
        row = Partner.web_name_search("王伟", {"display_name": {}})[0]
        self.assertIn("…0002", row["__formatted_display_name"])

    def test_restricted_people_show_their_alias(self):
        """R8: those who may see a public person read the alias everywhere."""
        person = self._make_person(
            "刘天", phone="13611112222", confidentiality="public", alias="Mr Lake"
        )
        self.assertFinds("刘天")
        self.assertFinds("2222")
        self.assertFinds("刘天", person, role="vip_centre")
        as_vip = person.with_env(self._as("vip_centre"))
        self.assertEqual(as_vip.display_name, "Mr Lake")
        row = as_vip.web_name_search("刘天", {"display_name": {}})[0]
        self.assertNotIn("刘天", row["__formatted_display_name"])
        nameless = self._make_person("马云飞", confidentiality="public")
        self.assertNotIn("马", nameless.with_env(self._as("vip_centre")).display_name)

    def test_picker_costs_the_same_for_2_and_50(self):
        env = self._as("front_desk")
        for index in range(50):
            self._make_person(f"张数{index}", phone=f"1370000{index:04}")
        self.env.flush_all()
        counts = []
        for limit in (2, 2, 50):
            env.invalidate_all()
            before = self.cr.sql_log_count
            found = env["res.partner"].web_name_search(
                "张数", {"display_name": {}}, limit=limit
            )
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(found), limit)
        self.assertEqual(counts[1], counts[2])

    def test_list_costs_the_same_for_2_and_50(self):
        env = self._as("front_desk")
        for index in range(50):
            self._make_person(
                f"张数{index}", phone=f"1370000{index:04}", mrn=f"Z{index}"
            )
        self.env.flush_all()
        specification = {
            name: {}
            for name in (
                *("display_name", "hcrm_gender", "hcrm_age", "hcrm_mrn", "hcrm_is_vip"),
                *("hcrm_phone_tail", "hcrm_last_visit", "hcrm_alert"),
            )
        } | {
            "hcrm_class_id": {"fields": {"display_name": {}}},
            "hcrm_owner_id": {"fields": {"display_name": {}}},
            "category_id": {"fields": {"display_name": {}}},
        }
        counts = []
        for limit in (2, 2, 50):
            env.invalidate_all()
            before = self.cr.sql_log_count
            domain = [
                ("hcrm_metrics_id", "!=", False),
                ("display_name", "ilike", "张数"),
            ]
            found = env["res.partner"].web_search_read(
                domain, specification, limit=limit
            )
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(found["records"]), limit)
        # the second run counts all the matches once more
        self.assertLessEqual(counts[2], counts[1])

    def test_tokens_go_with_their_person(self):
        """No foreign key removes them, and one that is left over finds nobody."""
        Search = self.env["hcrm.person.search"]
        maria = self.maria.id
        self.assertTrue(Search.search([("partner_id", "=", maria)]))
        self.maria.unlink()
        self.assertFalse(Search.search([("partner_id", "=", maria)]))
        Search.create({"partner_id": maria, "token": "maria"})
        self.assertFinds("maria")
        self.assertFalse(Search._find_ids("maria"))

    def test_plans_use_the_indexes(self):
        """Search shape at a million people: index scans, never the whole table."""
        self._add_crowd(2000)
        Search = self._as("front_desk")["hcrm.person.search"]
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        for text in (
            "王",
            "王芳",
            "wf",
            "5678",
            "13912345678",
            "19800512",
            "王芳 5678",
        ):
            query = Search._find_sql(parse_query(text), 100)
            self.env.cr.execute(SQL("EXPLAIN (FORMAT JSON) %s", query))
            plan = json.dumps(self.env.cr.fetchone()[0])
            self.assertNotIn("Seq Scan", plan, text)
            if "王" in text or text in ("wf", "5678"):
                self.assertIn("hcrm_person_search_token_idx", plan, text)
            if text == "19800512":
                self.assertIn("res_partner__hcrm_birthdate_index", plan)
            if text == "13912345678":
                self.assertIn("hcrm_contact_point_tail_idx", plan)

    def test_queries(self):
        """A word is a start of a token, a birth date, or both."""
        today_year = date.today().year
        (term,) = parse_query("1980")
        self.assertEqual(term.prefixes, ("1980",))
        self.assertEqual(term.birth, (date(1980, 1, 1), date(1981, 1, 1)))
        (term,) = parse_query(str(today_year + 1))
        self.assertIsNone(term.birth)
        (term,) = parse_query("19801345")
        self.assertIsNone(term.birth)
        self.assertEqual(
            [t.prefixes for t in parse_query("王 5678")], [("5678",), ("王",)]
        )
        (term,) = parse_query("lyubuwei")
        self.assertIn("lvbuwei", term.prefixes)
        for text in ("", None, " ", "·", "%%", "\\", "＿"):
            self.assertEqual(parse_query(text), [], text)
        self.assertLessEqual(len(parse_query("a b c d e f g h i")), 5)
