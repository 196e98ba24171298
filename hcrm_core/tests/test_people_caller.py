import json
from datetime import date, datetime

from odoo.tests import freeze_time, tagged
from odoo.tools import SQL

from .common import HcrmCommon


@tagged("post_install", "-at_install")
class TestPeopleCaller(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.wang = cls._make_person(
            "王芳",
            phone="13912345678",
            hcrm_gender="female",
            hcrm_birthdate=date(1980, 5, 12),
            alert="Wheelchair",
            is_vip=True,
        )
        cls.agent = cls._as("agent")

    def _find(self, number, role="agent"):
        return self._as(role)["res.partner"].hcrm_find_by_phone(number)

    def test_written_forms_find(self):
        """R14"""
        for number in (
            *("13912345678", "9013912345678", "+86 139 1234 5678", "008613912345678"),
            *("１３９１２３４５６７８", "13912345678转2", "013912345678"),
        ):
            self.assertEqual([row["id"] for row in self._find(number)], self.wang.ids)

    def test_what_an_agent_sees_before_verification(self):
        """R4: name, class and service alerts; nothing clinical, no relative."""
        self._add_story(self.wang)
        (row,) = self._find("13912345678")
        self.assertEqual(
            row,
            {
                "id": self.wang.id,
                "display_name": "王芳",
                "class": "Outpatient",
                "sex": "female",
                "age": self.wang.hcrm_age,
                "alert": "Wheelchair",
                "is_vip": True,
                "is_deceased": False,
                "whose": "self",
                "shared": False,
            },
        )

    def test_a_landline_without_its_area_code(self):
        self._add_phone(self.wang, "02161234567")
        for number in ("61234567", "021-61234567", "021-61234567-8012", "02161234567"):
            self.assertEqual([row["id"] for row in self._find(number)], self.wang.ids)
        # another area code is another number
        self.assertFalse(self._find("0510-61234567"))

    def test_numbers_that_are_nobodys(self):
        """R14: service, short, hidden, placeholder and own numbers."""
        self.campus_main.own_numbers = "021-5100"
        for number in (
            "10086",
            "95588",
            "8012",
            "anonymous",
            "",
            None,
            "02151001234",
            "13800138000",
        ):
            if number:
                self.env["hcrm.contact.point"].create(
                    {
                        "partner_id": self.wang.id,
                        "company_id": self.company_a.id,
                        "value": number,
                    }
                )
            self.assertEqual(self._find(number), [], number)

    def test_wrong_and_former_numbers_find_nobody(self):
        point = self.wang.hcrm_contact_point_ids
        point.is_wrong = True
        self.assertFalse(self._find("13912345678"))
        point.write({"is_wrong": False, "use": "old"})
        self.assertFalse(self._find("13912345678"))

    def test_a_family_number_offers_all_with_whose_it_is(self):
        """F93: the agent picks among all who use the number."""
        self.wang.hcrm_contact_point_ids.whose = "self"
        mother = self._make_person("李梅")
        self._add_phone(mother, "13912345678", whose="child")
        rows = self._find("13912345678")
        self.assertEqual(
            {row["id"]: (row["whose"], row["shared"]) for row in rows},
            {self.wang.id: ("self", True), mother.id: ("child", True)},
        )

    def test_a_shared_number_gives_five_at_most(self):
        people = [self.wang]
        for index in range(6):
            person = self._make_person(f"王{index}", phone="13912345678")
            person.hcrm_file_ids.sudo().date_last_visit = date(2026, 1, 1 + index)
            people.append(person)
        rows = self._find("13912345678")
        self.assertEqual([row["id"] for row in rows], [p.id for p in people[:1:-1]])
        self.assertTrue(all(row["shared"] for row in rows))

    def test_record_rules_hold(self):
        """R3, R8: nobody of another entity, no restricted person."""
        self.assertFalse(self._find("13912345678", "agent_b"))
        hidden = self._make_person(
            "刘天", phone="13611112222", confidentiality="public", alias="Mr Lake"
        )
        self.assertFalse(self._find("13611112222"))
        (row,) = self._find("13611112222", "vip_centre")
        self.assertEqual((row["id"], row["display_name"]), (hidden.id, "Mr Lake"))

    def test_a_grant_works_from_its_second_to_its_end(self):
        """R8: the compiled rules are kept, the moment is that of the call."""
        hidden = self._make_person(
            "刘天", phone="13611112222", confidentiality="sensitive", alias="Mr Lake"
        )
        with freeze_time("2026-11-02 08:00:00"):
            self.assertFalse(self._find("13611112222"))
            self._grant(
                hidden,
                "agent",
                date_start=datetime(2026, 11, 2, 9),
                date_end=datetime(2026, 11, 2, 10),
            )
        for moment, is_found in (
            ("2026-11-02 08:59:59", False),
            ("2026-11-02 09:00:00", True),
            ("2026-11-02 09:59:59", True),
            ("2026-11-02 10:00:00", False),
        ):
            with freeze_time(moment):
                self.assertEqual(bool(self._find("13611112222")), is_found, moment)

    def test_every_rule_on_contacts_counts(self):
        """A rule of the administrator's own holds at once, compiled or not."""
        IrRule = self.env["ir.rule"]
        model = self.env.ref("base.model_res_partner")
        self.assertTrue(self._find("13912345678"))
        for domain, is_compiled in (
            ("[('city', '=', 'Nowhere')]", True),
            ("[('parent_id.name', '=', 'Nowhere')]", False),
            ("[('hcrm_file_ids.alias', '=', 'Nowhere')]", False),
            ("[('write_date', '>', '2090-01-01')]", False),
        ):
            rule = IrRule.create(
                {"name": "Own", "model_id": model.id, "domain_force": domain}
            )
            with self.subTest(domain=domain):
                self.assertFalse(self._find("13912345678"))
                sql = self._as("agent")["ir.rule"]._hcrm_person_sql()
                self.assertEqual(sql is not None, is_compiled)
            rule.unlink()
        self.assertTrue(self._find("13912345678"))

    def test_a_renamed_class_is_told(self):
        klass = self.wang.hcrm_file_ids.class_id
        klass.name = "Guest"
        self.assertEqual(self._find("13912345678")[0]["class"], "Guest")

    def test_the_dead_are_told(self):
        self.wang.write(
            {"hcrm_status": "deceased", "hcrm_deceased_date": date(2026, 1, 1)}
        )
        self.assertTrue(self._find("13912345678")[0]["is_deceased"])

    def test_cost_is_constant_and_indexed(self):
        for index in range(4):
            self._make_person(f"王{index}", phone="13912345678")
        counts = []
        lone = self._make_person("李明", phone="13700001111")
        for number, size in (
            ("13700001111", 1),
            ("13700001111", 1),
            ("13912345678", 5),
        ):
            self.env.flush_all()
            self.agent.invalidate_all()
            before = self.cr.sql_log_count
            rows = self.agent["res.partner"].hcrm_find_by_phone(number)
            counts.append(self.cr.sql_log_count - before)
            self.assertEqual(len(rows), size)
        self.assertTrue(lone)
        self.assertEqual(counts[1], counts[2])
        self._add_crowd(2000)
        self.env.cr.execute("SET LOCAL enable_seqscan = off")
        Caller = self.agent["hcrm.caller"]
        rule = self.agent["ir.rule"]._hcrm_person_sql()
        for condition, index in (
            (Caller._whole_sql("+8613912345678"), "hcrm_contact_point_number_idx"),
            (Caller._tail_sql("+8613912345678"), "hcrm_contact_point_tail_idx"),
        ):
            self.env.cr.execute(
                SQL("EXPLAIN (FORMAT JSON) %s", Caller._sql(condition, rule))
            )
            plan = json.dumps(self.env.cr.fetchone()[0])
            self.assertIn(index, plan)
            self.assertNotIn("Seq Scan", plan)
