from datetime import datetime

from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import SQL

from odoo.addons.hcrm_core.models.people.timeline import UNDATED, Provider

from .common import HcrmCommon

NOON = datetime(2026, 3, 2, 4, 0)


@tagged("post_install", "-at_install")
class TestPeopleTimeline(HcrmCommon):
    """Everything that happened, page by page, as far as the role may see it."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.patient = cls._make_person("Wang Fang")
        cls.story = cls._add_story(cls.patient)

    def _page(self, role, *companies, **kwargs):
        Partner = self._as(role, *companies)["res.partner"]
        return Partner.hcrm_get_timeline(self.patient.id, **kwargs)

    def _all(self, role, *companies, **kwargs):
        """Rows of all pages, and the number of pages."""
        rows, pages, before = [], 0, None
        while True:
            page = self._page(role, *companies, before=before, **kwargs)
            rows += page["rows"]
            pages += 1
            before = page["next"]
            if not before:
                return rows, pages

    def _keys(self, rows):
        return [(row["model"], row["id"]) for row in rows]

    # ------------------------------------------------------------------
    # WHO SEES WHAT
    # ------------------------------------------------------------------
    def test_timeline_is_the_union_of_what_the_role_may_search(self):
        """In two entities and for every role: no row more, no row less."""
        self.env["hcrm.person.company"].create(
            {
                "partner_id": self.patient.id,
                "company_id": self.company_b.id,
                "class_id": self.env.ref("hcrm_core.person_class_outpatient").id,
            }
        )
        self._add_story(self.patient, self.gynae)
        self._add_encounter(self.patient, self.psych)
        timeline = self.env["hcrm.timeline"]
        roles = [*self.users]
        for role in roles:
            if role in ("outsourced_agent", "head_office"):
                continue
            with self.subTest(role=role):
                env = self._as(role)
                providers = timeline.with_env(env)._available_providers()
                expected = {
                    (provider.model, record.id)
                    for provider in providers
                    for record in env[provider.model].search(
                        [("partner_id", "=", self.patient.id), *provider.domain]
                    )
                }
                rows, _pages = self._all(role, limit=3)
                self.assertEqual(set(self._keys(rows)), expected)

    def test_front_desk_has_no_clinical_rows(self):
        kinds = {kind["kind"] for kind in self._page("front_desk")["kinds"]}
        self.assertEqual(
            kinds,
            {"appointment", "encounter", "event", "message", "inbound", "consent"},
        )
        kinds = {kind["kind"] for kind in self._page("nurse")["kinds"]}
        self.assertLessEqual({"condition", "observation", "medication"}, kinds)
        self.assertNotIn("charge", kinds)

    def test_field_groups_hold(self):
        """The reason of a visit is for clinical roles, in rows and in search."""
        self.story["hcrm.encounter"].reason = "Chest pain"
        for role, expected in (("nurse", 1), ("front_desk", 0)):
            page = self._page(role, kinds=["encounter"])
            self.assertEqual(str(page["rows"]).count("Chest pain"), expected, role)
            page = self._page(role, search="chest")
            self.assertEqual(len(page["rows"]), expected, role)

    def test_sensitive_department_is_neutral_and_not_searched(self):
        """R8: the name shows in no row, and searching for it finds nothing."""
        self._add_encounter(
            self.patient,
            self.psych,
            ward="Psychiatry 2",
            practitioner_id=self.practitioner.id,
        )
        self._add_charge(
            self.patient, name="Psychiatry session", department_id=self.psych.id
        )
        for role in ("front_desk", "centre_head"):
            rows, _pages = self._all(role)
            self.assertNotIn("Psychiatry", str(rows), role)
            self.assertIn("Clinic 3", str(rows), role)
            self.assertFalse(self._page(role, search="psychiatry")["rows"], role)
            self.assertTrue(self._page(role, search="clinic 3")["rows"], role)
            self.assertFalse(self._page(role, search="Dr Wen")["rows"], role)
        rows = self._page("quality_officer", search="psychiatry")["rows"]
        self.assertEqual([row["department"] for row in rows], ["Psychiatry"])

    # ------------------------------------------------------------------
    # PAGES
    # ------------------------------------------------------------------
    def test_pages_are_complete_under_equal_dates(self):
        """No row is lost or shown twice, whatever the size of the page."""
        for _index in range(7):
            self._add_encounter(self.patient, date_start=NOON)
            self._add_appointment(self.patient, date_start=NOON)
            self._add_condition(self.patient, date_recorded=NOON)
            self._add_observation(self.patient, date=NOON)
            self._add_medication(self.patient, date_start=False)
            self._add_condition(self.patient, date_recorded=False)
        whole, _pages = self._all("nurse", limit=200)
        for limit in (1, 3, 4, 40):
            rows, pages = self._all("nurse", limit=limit)
            self.assertEqual(self._keys(rows), self._keys(whole))
            self.assertEqual(len(set(self._keys(rows))), len(rows))
            self.assertEqual(pages, -(-len(rows) // limit))
        dates = [row["date"] for row in whole]
        undated = dates.index(False)
        self.assertEqual(dates[:undated], sorted(dates[:undated], reverse=True))
        self.assertEqual(set(dates[undated:]), {False})

    def test_new_facts_do_not_move_pages(self):
        rows = self._page("nurse", limit=3)
        before = rows["next"]
        second = self._page("nurse", limit=3, before=before)
        self._add_encounter(self.patient, date_start=datetime(2026, 12, 1))
        again = self._page("nurse", limit=3, before=before)
        self.assertEqual(self._keys(second["rows"]), self._keys(again["rows"]))

    def test_filters(self):
        self._add_encounter(self.patient, date_start=datetime(2024, 12, 31, 15, 59))
        self._add_encounter(self.patient, date_start=datetime(2024, 12, 31, 16, 0))
        page = self._page("nurse", kinds=["encounter"])
        self.assertEqual({row["kind"] for row in page["rows"]}, {"encounter"})
        # the year is the hospital's: 16:00 UTC is the new year in Shanghai
        self.users["nurse"].tz = "America/New_York"
        years = self._as("nurse")["res.partner"].hcrm_get_timeline_years(
            self.patient.id
        )
        self.assertEqual(years, [2026, 2025, 2024])
        for year, count in ((2024, 1), (2025, 1), (2023, 0)):
            page = self._page("nurse", kinds=["encounter"], year=year)
            self.assertEqual(len(page["rows"]), count, year)
        self.assertEqual(
            [row["title"] for row in self._page("nurse", search="penicill")["rows"]],
            ["Penicillin"],
        )
        # labels are searched as they are shown
        rows = self._page("nurse", search="outpatient", kinds=["encounter"])["rows"]
        self.assertEqual(len(rows), 3)

    def test_unknown_cursor_is_refused_in_words(self):
        for before in ("x", ["2026", "a"], ["not a date", "encounter", 1]):
            with self.assertRaises(UserError):
                self._page("nurse", before=before)
        with self.assertRaises(UserError):
            self._page("nurse", year=12)

    def test_future_appointments_come_first(self):
        self._add_appointment(self.patient, date_start=datetime(2099, 1, 1))
        self.assertEqual(self._page("nurse")["rows"][0]["date"], "2099-01-01 00:00:00")

    # ------------------------------------------------------------------
    # SEAM
    # ------------------------------------------------------------------
    def test_another_addon_adds_its_rows(self):
        """The seam: a provider more is rows more, filtered and paged like the rest."""
        timeline = type(self.env["hcrm.timeline"])
        providers = timeline._hcrm_timeline_providers

        def with_coverage(self):
            return providers(self) + [
                Provider(
                    kind="coverage",
                    label="Coverage",
                    icon="umbrella",
                    model="hcrm.coverage",
                    date="date_start",
                    title="payor",
                ),
                Provider(
                    kind="absent",
                    label="Absent",
                    icon="x",
                    model="no.such.model",
                    date="x",
                ),
            ]

        self.patch(timeline, "_hcrm_timeline_providers", with_coverage)
        rows, _pages = self._all("front_desk", limit=2)
        self.assertEqual(rows[-1]["title"], "City medical insurance")
        self.assertIn(
            "coverage", [kind["kind"] for kind in self._page("front_desk")["kinds"]]
        )


@tagged("post_install", "-at_install", "hcrm_core_perf")
class TestPeopleTimelinePlan(HcrmCommon):
    """What a page reads, with the record rules of each role applied."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.patient = cls._make_person("Wang Fang")
        story = cls._add_story(cls.patient)
        cls.env.flush_all()
        # as many rows of other people as make an index worth its while
        cls.env.cr.execute(
            "INSERT INTO res_partner (name) SELECT 'Other' FROM generate_series(1, 400)"
            " RETURNING id"
        )
        others = [row[0] for row in cls.env.cr.fetchall()]
        for record in [*story.values(), *cls._add_contacts()]:
            cls._multiply(record, others, times=10)

    @classmethod
    def _add_contacts(cls):
        """A message to the patient, one from the patient, and a decision."""
        vals = {"partner_id": cls.patient.id, "company_id": cls.company_a.id}
        gateway = cls.env["hcrm.gateway"].create(
            {"name": "Texts", "company_id": cls.company_a.id}
        )
        return [
            cls.env["hcrm.inbound"].create(
                {
                    **vals,
                    "gateway_id": gateway.id,
                    "peer": "+8613800000000",
                    "date": datetime(2026, 3, 2, 1, 0),
                }
            ),
            cls.env["hcrm.message"]._queue(
                [{**vals, "channel": "sms", "purpose": "care"}]
            ),
            cls.env["hcrm.consent"].create(
                {**vals, "purpose": "marketing", "decision": "granted"}
            ),
        ]

    @classmethod
    def _multiply(cls, record, partner_ids, times):
        """Copy the row of ``record`` to other people, a day apart."""
        columns = [
            name
            for name, column in record._fields.items()
            if column.store and column.column_type and name not in ("id", "partner_id")
        ]
        values = []
        for name in columns:
            value = SQL.identifier("t", name)
            if name in ("key", "uuid"):
                value = SQL("%s || p || '-' || g", value)
            elif record._fields[name].type == "datetime":
                value = SQL("%s - g * interval '1 day'", value)
            values.append(value)
        table = SQL.identifier(record._table)
        cls.env.cr.execute(
            SQL(
                "INSERT INTO %s (partner_id, %s) SELECT p, %s FROM %s AS t,"
                " unnest(%s) AS p, generate_series(1, %s) AS g WHERE t.id = %s",
                table,
                SQL(", ").join(map(SQL.identifier, columns)),
                SQL(", ").join(values),
                table,
                partner_ids,
                times,
                record.id,
            )
        )
        cls.env.cr.execute(SQL("ANALYZE %s", table))

    def test_every_branch_reads_an_index_of_the_person(self):
        """No branch scans a table or the rows of other people."""
        for role in ("front_desk", "nurse", "quality_officer", "manager"):
            timeline = self._as(role)["hcrm.timeline"]
            partner = timeline.env["res.partner"].browse(self.patient.id)
            for provider in timeline._available_providers():
                domain = timeline._domain(provider, partner)
                cursor = ("2026-03-02 04:00:00", provider.kind, 5)
                for bounds in (None, UNDATED):
                    branch = timeline._branch(provider, domain, cursor, 40, bounds)
                    if branch is None:  # the date is required
                        continue
                    with self.subTest(role=role, kind=provider.kind, bounds=bounds):
                        self._assert_plan(self.env[provider.model]._table, branch)

    def _assert_plan(self, table, branch):
        plan = self.env.execute_query(SQL("EXPLAIN (FORMAT JSON) %s", branch))
        nodes = list(self._nodes(plan[0][0][0]["Plan"]))
        scans = [node for node in nodes if node.get("Relation Name") == table]
        conditions = [
            str(node.get("Index Cond")) for node in nodes if "Index Cond" in node
        ]
        self.assertTrue(scans)
        for scan in scans:
            self.assertNotEqual(scan["Node Type"], "Seq Scan", plan)
        # rows without a date are so few that any index of dates finds them as well
        bounds = (f"partner_id = {self.patient.id}", "IS NULL")
        self.assertTrue(
            any(bound in cond for cond in conditions for bound in bounds), plan
        )

    def _nodes(self, plan):
        yield plan
        for child in plan.get("Plans", []):
            yield from self._nodes(child)
