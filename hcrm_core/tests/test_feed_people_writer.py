from datetime import datetime

from odoo.tests import tagged, warmup
from odoo.tools import SQL

from ..feed_adapters.canonical import Row
from ..models.people.person_details import TABLES
from .common import HcrmCommon
from .feed_people_data import people_rows

RIC = "11010519491231002X"
RIC_OF_SON = "110105197001010017"
WRITTEN_TABLES = (
    "res_partner",
    "hcrm_person_metrics",
    "hcrm_person_search",
    "hcrm_duplicate_candidate",
    *(table for _attribute, table, _columns, _key in TABLES),
)


class PeopleWriterCase(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.source = cls.env["hcrm.feed.source"].create(
            {"name": "HIS", "company_id": cls.company_a.id}
        )
        cls.Writer = cls.env["hcrm.feed.people.writer"]

    def _row(self, ext_id, res_id=None, company=None, updated_at=None, **data):
        company = company or self.company_a
        data.setdefault("name", "王芳")
        row_type = data.pop("row_type", "Patient")
        return Row(row_type, ext_id, company.id, data, res_id, updated_at)

    def _write(self, *rows):
        """Write rows and remember their identities, as the pipeline does."""
        written = self.Writer._write_rows(self.source, list(rows))
        for row in rows:
            if row.ext_id not in written.ids or row.res_id:
                continue
            self.env["hcrm.feed.identity"].create(
                {
                    "source_id": self.source.id,
                    "res_type": row.type,
                    "ext_id": row.ext_id,
                    "res_model": "res.partner",
                    "res_id": written.ids[row.ext_id],
                    "company_id": row.company_id,
                    "updated_at": row.updated_at,
                }
            )
        self.env.flush_all()
        return written

    def _person(self, ext_id, **data):
        written = self._write(self._row(ext_id, **data))
        return self.env["res.partner"].browse(written.ids[ext_id])

    def _tokens(self, person):
        return set(
            self.env["hcrm.person.search"]
            .search([("partner_id", "=", person.id)])
            .mapped("token")
        )

    @staticmethod
    def _phone(value, **values):
        return {"system": "phone", "use": "mobile", "value": value, **values}

    @staticmethod
    def _id(kind, value, **values):
        return {"type": kind, "value": value, **values}


@tagged("post_install", "-at_install")
class TestFeedPeopleWriter(PeopleWriterCase):
    # ------------------------------------------------------------------
    # WHAT A PERSON BECOMES
    # ------------------------------------------------------------------

    def test_new_person_has_everything_beside_the_partner(self):
        person = self._person(
            "a",
            aliases=["阿芳"],
            gender="female",
            birthdate="1949-12-31",
            country_code="CN",
            state_name="上海",
            identifiers=[self._id("RIC", RIC), self._id("MR", "M-1")],
            contacts=[
                self._phone("139 1234 5679"),
                {"system": "email", "value": "Fang <fang@example.com>"},
            ],
            alert="Wheelchair",
            disclosure="shielded",
            campus_id=self.campus_east.id,
            occupation="teacher",
        )
        self.assertRecordValues(
            person,
            [
                {
                    "name": "王芳",
                    "phone": "+8613912345679",
                    "email": "Fang <fang@example.com>",
                    "hcrm_gender": "female",
                    "hcrm_other_names": "阿芳",
                    "hcrm_metrics_id": person.id,
                    "parent_id": False,
                    "company_id": False,
                }
            ],
        )
        self.assertEqual(person.state_id.country_id.code, "CN")
        self.assertEqual(
            set(person.hcrm_identifier_ids.mapped("value_norm")), {RIC, "M1"}
        )
        self.assertEqual(
            person.hcrm_identifier_ids.mapped("company_id"), self.company_a
        )
        self.assertRecordValues(
            person.hcrm_file_ids,
            [
                {
                    "company_id": self.company_a.id,
                    "class_id": self.env.ref("hcrm_core.person_class_prospect").id,
                    "alert": "Wheelchair",
                    "disclosure": "shielded",
                    "campus_id": self.campus_east.id,
                    "opened_touchpoint": "feed",
                }
            ],
        )
        self.assertEqual(person.hcrm_profile_ids.occupation, "teacher")
        self.assertLessEqual(
            {"王芳", "芳", "wf", "阿芳", "5679", "m1", RIC.lower()},
            self._tokens(person),
        )

    def test_relative_is_family(self):
        person = self._person("r", row_type="RelatedPerson", name="王刚")
        self.assertEqual(person.hcrm_file_ids.class_id.code, "family")

    def test_class_is_raised_and_never_lowered(self):
        person = self._person("a", class_code="inpatient")
        self._write(self._row("a", res_id=person.id, class_code="healthy"))
        self.assertEqual(person.hcrm_file_ids.class_id.code, "inpatient")

    def test_strictest_class_of_all_hospitals_counts(self):
        """R8: the partner carries the strictest class of its files."""
        person = self._person("a", confidentiality="staff", alias="Ms W")
        self.assertEqual(person.hcrm_confidentiality, "staff")
        self._write(
            self._row(
                "a", res_id=person.id, company=self.company_b, confidentiality="public"
            )
        )
        self.assertEqual(person.hcrm_confidentiality, "public")
        self.assertEqual(len(person.hcrm_file_ids), 2)

    # ------------------------------------------------------------------
    # WHAT IS NOT TOUCHED
    # ------------------------------------------------------------------

    def test_missing_key_is_not_touched(self):
        person = self._person(
            "a", gender="female", city="上海", contacts=[self._phone("13912345679")]
        )
        self._write(self._row("a", res_id=person.id, city=None))
        self.assertFalse(person.city)
        self.assertEqual(person.hcrm_gender, "female")
        self.assertEqual(person.phone, "+8613912345679")

    def test_language_is_the_one_told_where_it_is_installed(self):
        self.env["res.lang"]._activate_lang("fr_FR")
        default = self.env["res.partner"].create({"name": "Default"}).lang
        self.assertNotEqual(default, "fr_FR")
        person = self._person("a", lang="fr-CA")
        self.assertEqual(person.lang, "fr_FR")
        for row in ({}, {"lang": None}, {"lang": "ug"}):  # not told, or not installed
            self._write(self._row("a", res_id=person.id, name="王小芳", **row))
            self.assertEqual(person.lang, "fr_FR")
        self._write(self._row("a", res_id=person.id, lang="en-US"))
        self.assertEqual(person.lang, "en_US")
        for ext_id, row in (("b", {}), ("c", {"lang": "ug"})):
            self.assertEqual(self._person(ext_id, **row).lang, default)

    def test_unchanged_people_touch_no_table(self):
        """Writing the same again updates no row of any table."""
        rows = people_rows(30, self.company_a.id)
        written = self.Writer._write_rows(self.source, rows)
        for row in rows:
            row.res_id = written.ids[row.ext_id]
        before = self._row_changes()
        again = self.Writer._write_rows(self.source, rows)
        self.assertFalse(again.new | again.changed)
        self.assertEqual(self._row_changes(), before)

    def _row_changes(self):
        self.env.flush_all()
        self.env.cr.execute(
            SQL(
                """SELECT relname, n_tup_ins, n_tup_upd, n_tup_del
                   FROM pg_stat_xact_user_tables WHERE relname = ANY(%s)""",
                list(WRITTEN_TABLES),
            )
        )
        return sorted(self.env.cr.fetchall())

    def test_contact_points_made_by_hand_are_kept(self):
        person = self._person("a", contacts=[self._phone("13912345679")])
        Details = self.env["hcrm.person.details"]
        Details._set_contact_points(
            {person.id: [self._phone("13812345670", use="work", rank=5)]},
            self.company_a.id,
        )
        self._write(
            self._row(
                "a",
                res_id=person.id,
                contacts=[self._phone("13712345671"), self._phone("13812345670")],
            )
        )
        points = {p.number[-4:]: p for p in person.hcrm_contact_point_ids}
        self.assertEqual(points["5679"].use, "old")
        self.assertEqual((points["5670"].use, points["5670"].rank), ("work", 5))
        self.assertEqual(person.phone, "+8613712345671")
        self.assertNotIn("5679", self._tokens(person))

    # ------------------------------------------------------------------
    # WHO IS WHO
    # ------------------------------------------------------------------

    def test_strong_identifier_matches_over_hospitals(self):
        person = self._person("a", identifiers=[self._id("RIC", RIC)])
        written = self._write(
            self._row(
                "b", company=self.company_b, identifiers=[self._id("RIC", RIC.lower())]
            )
        )
        self.assertEqual(written.ids["b"], person.id)
        self.assertEqual(
            person.hcrm_file_ids.company_id, self.company_a | self.company_b
        )

    def test_record_number_matches_in_its_own_hospital_only(self):
        person = self._person("a", identifiers=[self._id("MR", "77")])
        written = self._write(
            self._row("b", identifiers=[self._id("MR", "77")]),
            self._row("c", company=self.company_b, identifiers=[self._id("MR", "77")]),
        )
        self.assertEqual(written.ids["b"], person.id)
        self.assertNotEqual(written.ids["c"], person.id)
        self.assertFalse(self.env["hcrm.duplicate.candidate"].search([]))

    def test_contact_point_never_matches(self):
        """R14: families share a phone."""
        rows = [
            self._row(ext_id, contacts=[self._phone("13912345679")]) for ext_id in "ab"
        ]
        written = self._write(*rows)
        self.assertEqual(len(set(written.ids.values())), 2)
        people = self.env["res.partner"].browse(written.ids.values())
        self.assertEqual(people.hcrm_contact_point_ids.mapped("is_shared"), [True] * 2)

    def test_archived_and_merged_people_are_followed(self):
        person = self._person("a", identifiers=[self._id("RIC", RIC)])
        winner = self._person("b", name="王方")
        person.write({"active": False, "hcrm_merged_into_id": winner.id})
        written = self._write(self._row("c", identifiers=[self._id("RIC", RIC)]))
        self.assertEqual(written.ids["c"], winner.id)

    def test_rows_of_one_page_that_share_a_number_are_one_person(self):
        written = self._write(
            self._row("a", identifiers=[self._id("RIC", RIC)], city="上海"),
            self._row("b", identifiers=[self._id("RIC", RIC), self._id("MR", "1")]),
            self._row("c", identifiers=[self._id("MR", "1")]),
        )
        self.assertEqual(len(set(written.ids.values())), 1)
        self.assertEqual(len(written.new), 1)

    def test_second_claimant_keeps_the_number_and_is_queued(self):
        """R1: a number from the hospital never blocks the feed."""
        first = self._person("a", identifiers=[self._id("RIC", RIC)])
        second = self._person("b", name="王方")
        self._write(
            self._row("b", res_id=second.id, identifiers=[self._id("RIC", RIC)])
        )
        self.assertTrue(first.hcrm_identifier_ids.is_unique)
        self.assertFalse(second.hcrm_identifier_ids.is_unique)
        candidate = self.env["hcrm.duplicate.candidate"].search([])
        self.assertEqual(candidate.left_id | candidate.right_id, first | second)
        self._write(
            self._row("b", res_id=second.id, identifiers=[self._id("RIC", RIC)])
        )
        self.assertEqual(len(self.env["hcrm.duplicate.candidate"].search([])), 1)

    def test_two_known_people_of_one_page_claim_one_number(self):
        first, second = self._person("a"), self._person("b", name="王方")
        self._write(
            self._row("a", res_id=first.id, identifiers=[self._id("RIC", RIC)]),
            self._row("b", res_id=second.id, identifiers=[self._id("RIC", RIC)]),
        )
        identifiers = first.hcrm_identifier_ids | second.hcrm_identifier_ids
        self.assertEqual(sorted(identifiers.mapped("is_unique")), [False, True])
        self.assertEqual(len(self.env["hcrm.duplicate.candidate"].search([])), 1)

    def test_number_of_another_birth_date_matches_nobody(self):
        """R21: the mother's number used for the child makes no one person of them."""
        child = self._person(
            "child",
            name="王小宝",
            birthdate="2020-05-01",
            identifiers=[self._id("RIC", RIC)],
        )
        mother = self._person(
            "mother", birthdate="1949-12-31", identifiers=[self._id("RIC", RIC)]
        )
        self.assertNotEqual(child, mother)
        self.assertTrue(mother.hcrm_identifier_ids.is_unique)
        self.assertFalse(child.hcrm_identifier_ids.is_unique)
        self.assertTrue(child.hcrm_identifier_ids.hint)

    def test_placeholder_number_matches_nobody(self):
        """R13: placeholder numbers are kept and kept out of matching."""
        people = self._person(
            "a", identifiers=[self._id("RIC", "111111111111111111")]
        ) | self._person("b", identifiers=[self._id("RIC", "111111111111111111")])
        self.assertEqual(len(people), 2)
        self.assertFalse(self.env["hcrm.duplicate.candidate"].search([]))

    def test_corrected_number_is_given_up(self):
        """A wrong number on a card would make its true holder match the card."""
        father = self._person("f", identifiers=[self._id("RIC", RIC_OF_SON)])
        self._write(
            self._row("f", res_id=father.id, identifiers=[self._id("RIC", RIC)]),
            self._row("s", name="王刚", identifiers=[self._id("RIC", RIC_OF_SON)]),
        )
        self.assertEqual(father.hcrm_identifier_ids.mapped("value"), [RIC])
        self.assertNotIn(RIC_OF_SON.lower(), self._tokens(father))

    def test_newest_record_owns_the_demographics_in_any_order(self):
        old = {"updated_at": datetime(2025, 1, 1), "city": "杭州", "street": "西湖路"}
        new = {"updated_at": datetime(2026, 1, 1), "name": "王 芳", "city": "上海"}
        for order, (one, two) in enumerate(((old, new), (new, old))):
            number = [self._id("PPN", f"E1234567{order}")]
            person = self._person(f"{order}x", identifiers=number, **one)
            self._write(self._row(f"{order}y", identifiers=number, **two))
            self.assertEqual((person.city, person.street), ("上海", "西湖路"))

    def test_tombstone_of_one_of_two_records_changes_nothing(self):
        person = self._person("a", status="current", identifiers=[self._id("RIC", RIC)])
        self._write(
            self._row("b", status="current", identifiers=[self._id("RIC", RIC)])
        )
        gone = Row("Patient", "a", self.company_b.id, {"status": "gone"}, person.id)
        self.Writer._write_rows(self.source, [gone])
        self.assertEqual(person.hcrm_status, "current")
        self.assertEqual(person.hcrm_file_ids.company_id, self.company_a)

    # ------------------------------------------------------------------
    # NUMBERS ON MANY PEOPLE
    # ------------------------------------------------------------------

    def test_number_on_too_many_people_is_nobodys(self):
        """R13: junk phones reach nobody; it is a number again when fewer use it."""
        self.env["ir.config_parameter"].set_param("hcrm_core.junk_phone_people", 3)
        rows = [
            self._row(str(n), contacts=[self._phone("13912345679")]) for n in range(3)
        ]
        written = self._write(*rows)
        people = self.env["res.partner"].browse(written.ids.values())
        self.assertEqual(set(people.mapped("phone")), {"+8613912345679"})
        last = self._person("last", contacts=[self._phone("13912345679")])
        self.assertEqual(set((people | last).mapped("phone")), {False})
        points = (people | last).hcrm_contact_point_ids
        self.assertEqual(set(points.mapped("is_junk")), {True})
        self.assertNotIn("5679", self._tokens(people[0]))
        self._write(self._row("last", res_id=last.id, contacts=[]))
        self.assertEqual(set(people.mapped("phone")), {"+8613912345679"})
        self.assertIn("5679", self._tokens(people[0]))

    def test_own_number_of_the_hospital_is_nobodys(self):
        self.campus_main.own_numbers = "021-6123"
        person = self._person(
            "a",
            campus_id=self.campus_main.id,
            contacts=[self._phone("61234567"), self._phone("13912345679")],
        )
        self.assertEqual(person.phone, "+8613912345679")
        self.assertEqual(
            person.hcrm_contact_point_ids.sorted("rank").mapped("is_junk"),
            [True, False],
        )

    # ------------------------------------------------------------------
    # BAD ROWS
    # ------------------------------------------------------------------

    def test_bad_rows_are_told_and_stop_nobody(self):
        written = self._write(
            self._row("good"),
            self._row("value", gender="m"),
            self._row("date", birthdate="2026-13-40"),
            self._row("nameless", name=""),
            self._row("long", name="x" * 501),
        )
        self.assertEqual(set(written.ids), {"good"})
        self.assertEqual(
            {ext_id: problem.code for ext_id, problem in written.problems.items()},
            {
                "value": "unknown_value",
                "date": "impossible_date",
                "nameless": "no_name",
                "long": "too_long",
            },
        )
        self.assertTrue(
            self.env["hcrm.feed.reason"]
            ._sentences()
            .keys()
            .isdisjoint({"bad_value", "refused"})
        )

    def test_erased_person_is_not_filled_again(self):
        person = self._person("a", city="上海")
        person.write({"hcrm_status": "erased", "city": False})
        self._write(self._row("a", res_id=person.id, city="上海"))
        self.assertFalse(person.city)

    # ------------------------------------------------------------------
    # UNUSUAL PEOPLE
    # ------------------------------------------------------------------

    def test_people_with_children_or_users_go_by_the_orm(self):
        person = self._person("a", city="杭州")
        child = self.env["res.partner"].create(
            {"name": "Office", "parent_id": person.id, "type": "contact"}
        )
        self._write(self._row("a", res_id=person.id, name="王方", city="上海"))
        self.assertEqual(child.complete_name, "王方, Office")
        self.assertEqual(child.city, "上海")


@tagged("post_install", "-at_install")
class TestFeedPeopleWriterQueries(PeopleWriterCase):
    def _count(self, rows):
        before = self.cr.sql_log_count
        self.Writer._write_rows(self.source, rows)
        return self.cr.sql_log_count - before

    @warmup
    def test_number_of_queries_does_not_grow(self):
        """The same for 2 and 50 people, new, changed and unchanged."""
        self._count(self._rows(1, 10, "new"))  # fills the caches of the registry
        for phase in ("new", "changed", "unchanged"):
            counts = []
            for count, seed in ((2, 20), (50, 30)):
                rows = self._rows(count, seed, phase)
                counts.append(self._count(rows))
            self.assertEqual(counts[0], counts[1], phase)

    @warmup
    def test_number_that_becomes_junk_costs_the_same(self):
        """R13: however many people it is on, they give it up together; both paths."""
        numbers = iter(range(13912341001, 13912342000))
        for path, reason in (("sql", ""), ("orm", "test")):
            guard = self.registry["hcrm.feed.people.guard"]
            self.patch(guard, "_reason_for_orm", lambda s, reason=reason: reason)
            counts = []
            for count in (2, 2, 50):  # the first fills the caches of the registry
                number = str(next(numbers))
                rows = [
                    self._row(f"{path}{number}-{n}", contacts=[self._phone(number)])
                    for n in range(count + 1)
                ]
                config = self.env["ir.config_parameter"]
                config.set_param("hcrm_core.junk_phone_people", count)
                written = self.Writer._write_rows(self.source, rows[1:])
                people = self.env["res.partner"].browse(written.ids.values())
                self.assertEqual(set(people.mapped("phone")), {f"+86{number}"})
                counts.append(self._count(rows[:1]))
                self.assertEqual(set(people.mapped("phone")), {False})
            self.assertEqual(counts[1], counts[2], path)

    def _rows(self, count, seed, phase):
        rows = [
            self._row(
                f"{phase}{seed}-{number}",
                name=f"王{number}",
                identifiers=[self._id("MR", f"{phase}{seed}{number}")],
                contacts=[self._phone(f"139{seed}{number:06d}")],
                occupation="teacher",
            )
            for number in range(count)
        ]
        if phase == "new":
            return rows
        written = self.Writer._write_rows(self.source, rows)
        for row in rows:
            row.res_id = written.ids[row.ext_id]
            if phase == "changed":
                row.data["name"] += "芳"
                row.data["contacts"] = [self._phone(f"137{row.ext_id[-6:]}00")]
        return rows


@tagged("post_install", "-at_install")
class TestFeedPeopleGuard(PeopleWriterCase):
    """The page goes by the ORM when somebody else has a say, and the run says why."""

    def _assert_orm(self, *words):
        rows = people_rows(12, self.company_a.id)
        written = self.Writer._write_rows(self.source, rows)
        self.assertEqual(written.path, "orm")
        for word in words:
            self.assertIn(word, written.reason)
        self.assertEqual(len(written.new), 12)
        return rows, written

    def test_nothing_to_say(self):
        self.assertEqual(self.env["hcrm.feed.people.guard"]._reason_for_orm(), "")

    def test_patched_method(self):
        """Automation and audit rules patch the class of the registry."""
        cls = self.registry["res.partner"]
        create = cls.create

        def patched(self, vals_list):
            return create(self, vals_list)

        patched._api_model = True
        self.patch(cls, "create", patched)
        self._assert_orm("create")

    def test_unknown_stored_compute(self):
        field = self.env["res.partner"]._fields["website"]
        self.patch(field, "compute", "_compute_website")
        reason = self.env["hcrm.feed.people.guard"]._reason_for_orm()
        self.assertIn("website", reason)

    def test_properties_with_defaults(self):
        definition = self.env[
            "properties.base.definition"
        ]._get_definition_for_property_field("res.partner", "properties")
        definition.properties_definition = [
            {"name": "floor", "string": "Floor", "type": "char", "default": "3"}
        ]
        rows, written = self._assert_orm()
        person = self.env["res.partner"].browse(written.ids[rows[0].ext_id])
        self.assertEqual(person.properties["floor"], "3")

    def test_both_paths_write_the_same(self):
        """Details and partners are equal, whichever way they went."""
        rows = people_rows(40, self.company_a.id, seed=7)
        in_sets = self.Writer._write_rows(self.source, rows)
        self.assertEqual(in_sets.path, "sql")
        first = self._snapshot(in_sets.ids)
        self.env["hcrm.person.identifier"].search([]).unlink()
        self.patch(
            self.registry["hcrm.feed.people.guard"], "_reason_for_orm", lambda s: "test"
        )
        by_orm = self.Writer._write_rows(self.source, rows)
        self.assertEqual(by_orm.path, "orm")
        self.assertEqual(self._snapshot(by_orm.ids), first)

    def _snapshot(self, ids):
        """Return what is stored of people, without ids, stamps and shared marks."""
        people = {}
        for _attribute, table, _columns, _key in TABLES:
            self.env.cr.execute(
                SQL(
                    """SELECT partner_id, to_jsonb(t) - 'id' - 'partner_id'
                              - 'opened_at' - 'is_shared' - 'create_date'
                              - 'write_date'
                       FROM %s t WHERE partner_id = ANY(%s) ORDER BY id""",
                    SQL.identifier(table),
                    list(ids.values()),
                )
            )
            for partner_id, line in self.env.cr.fetchall():
                people.setdefault(partner_id, []).append((table, line))
        self.env.cr.execute(
            SQL(
                """SELECT id, to_jsonb(p) - 'id' - 'commercial_partner_id'
                          - 'hcrm_metrics_id' - 'calendar_last_notif_ack'
                   FROM res_partner p WHERE id = ANY(%s)""",
                list(ids.values()),
            )
        )
        for partner_id, line in self.env.cr.fetchall():
            people[partner_id].append(("res_partner", line))
        for partner in self.env["res.partner"].browse(ids.values()):
            people[partner.id].append(sorted(self._tokens(partner)))
        return {ext_id: people[partner_id] for ext_id, partner_id in ids.items()}
