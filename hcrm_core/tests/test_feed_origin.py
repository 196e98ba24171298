from itertools import permutations

from odoo.tests import TransactionCase, tagged

from odoo.addons.hcrm_core.feed_adapters.canonical import Record
from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

from .feed_common import FeedWorld

CARD = {"type": {"coding": [{"code": "RIC"}]}, "value": "110105198005120028"}


@tagged("post_install", "-at_install")
class TestFeedOrigin(FeedWorld, TransactionCase):
    """Which source told which field of a person last, and who is believed (F74)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls._setup_feed()
        cls.ward = cls._make_source("Ward system")
        cls.desk = cls._make_source("Desk system")

    def _tell(self, source, at=None, ext_id="p1", **values):
        """One record of the person, from one source."""
        data = {
            "resourceType": "Patient",
            "id": ext_id,
            "identifier": [CARD],
            "name": [{"text": "Wang Fang"}],
            **values,
        }
        if at:
            data["meta"] = {"lastUpdated": f"2026-{at}T00:00:00Z"}
        return source, record_from_data(data, "")

    def _take(self, source, record):
        run = source.run_ids.filtered(lambda run: run.state == "running")[:1]
        if not run:
            run = source._start_run(enqueue=False)
            run.state = "running"
        page = self.env["hcrm.feed.pipeline"]._process(run, [record])
        self.env.invalidate_all()
        return page

    def _person(self):
        return self._find("Patient", "p1", self.ward) or self._find(
            "Patient", "p1", self.desk
        )

    def _told(self, person):
        return {
            row["field"]: row["source"]
            for row in self.env["hcrm.person.origin"]._told(person)
        }

    def test_nothing_is_kept_of_people_of_one_record(self):
        self._take(*self._tell(self.ward, gender="female"))
        self.assertFalse(self.env["hcrm.person.origin"].search([]))
        self.assertNotIn("told", self._card())

    def _card(self):
        env = self._as("manager")
        return env["res.partner"].hcrm_get_card(self._person().id)

    def test_each_field_names_its_source(self):
        self._take(*self._tell(self.ward, "03-01", gender="female"))
        self._take(*self._tell(self.desk, "03-02", birthDate="1980-05-12"))
        person = self._person()
        told = self._told(person)
        self.assertEqual(told["hcrm_gender"], "Ward system")
        self.assertEqual(told["hcrm_birthdate"], "Desk system")
        [row] = [row for row in self._card()["told"] if row["field"] == "hcrm_gender"]
        self.assertEqual(row["source"], "Ward system")
        self.assertEqual(row["date"], "2026-03-01")
        self.assertEqual(row["label"], person._fields["hcrm_gender"].string)

    def test_a_source_of_another_entity_is_not_named(self):
        self.ward.company_id = self.company_b
        self._take(*self._tell(self.ward, "03-01", gender="female"))
        self._take(*self._tell(self.desk, "03-02", birthDate="1980-05-12"))
        env = self._as("manager", self.company_a)
        names = {
            row["source"] for row in env["hcrm.person.origin"]._told(self._person())
        }
        self.assertEqual(names, {"Desk system"})

    def test_the_higher_priority_is_believed(self):
        """A lower source fills what is empty, and overwrites nothing."""
        self.ward.priority = 10
        self._take(*self._tell(self.ward, "03-01", gender="female"))
        self._take(
            *self._tell(self.desk, "04-01", gender="male", birthDate="1980-05-12")
        )
        person = self._person()
        self.assertEqual(person.hcrm_gender, "female")
        self.assertEqual(str(person.hcrm_birthdate), "1980-05-12")
        self.assertEqual(
            self._told(person),
            {
                "name": "Ward system",
                "hcrm_gender": "Ward system",
                "hcrm_status": "Desk system",
                "hcrm_birthdate": "Desk system",
                "hcrm_birthdate_precision": "Desk system",
            },
        )
        self._take(*self._tell(self.ward, "03-03", gender="other"))
        self.assertEqual(person.hcrm_gender, "other", "its own field, at its own time")

    def test_a_death_counts_whoever_tells_it(self):
        self.ward.priority = 10
        self._take(*self._tell(self.ward, "03-01"))
        self._take(*self._tell(self.desk, "04-01", deceasedBoolean=True))
        self.assertEqual(self._person().hcrm_status, "deceased")

    def test_any_order_gives_the_same_person(self):
        self.desk.priority = 1
        third = self._make_source("Third system")
        stories = [
            self._tell(self.ward, "03-03", gender="female", birthDate="1980-05-12"),
            self._tell(self.desk, "03-01", gender="male"),
            self._tell(third, "03-02", birthDate="1979-01-01",
                       address=[{"city": "Hangzhou"}]),
        ]  # fmt: skip
        seen = set()
        for order in permutations(stories):
            with self.env.cr.savepoint() as savepoint:
                for source, record in order:
                    copy = Record(
                        record.type, record.ext_id, dict(record.data),
                        record.content_hash, record.updated_at,
                    )  # fmt: skip
                    self._take(source, copy)
                person = self._person()
                seen.add((person.hcrm_gender, str(person.hcrm_birthdate), person.city))
                savepoint.rollback()
            self.env.invalidate_all()
        self.assertEqual(seen, {("male", "1980-05-12", "Hangzhou")})

    def test_a_source_that_lost_the_person_speaks_no_more(self):
        self.ward.priority = 10
        self._take(*self._tell(self.ward, "03-01", gender="female"))
        self._take(*self._tell(self.desk, "03-02"))
        gone = Record("Patient", "p1", content_hash=b"x" * 16, deleted=True)
        self._take(self.ward, gone)
        third = self._make_source("Third system")
        self._take(*self._tell(third, "03-04", gender="other"))
        person = self._find("Patient", "p1", self.desk)
        self.assertEqual(person.hcrm_gender, "other")

    def test_queries_do_not_grow(self):
        # tables are analysed as they grow, by whichever page makes them double
        statistics = self.env.registry["hcrm.feed.statistics"]
        self.patch(statistics, "_refresh", lambda model: None)
        counts = []
        for count in (1, 2, 50):  # the first one warms the caches
            tell = [
                [
                    record_from_data(
                        {
                            "resourceType": "Patient",
                            "id": f"{count}-{n}",
                            "identifier": [
                                {
                                    "type": {"coding": [{"code": "PPN"}]},
                                    "value": f"E{count:04d}{n:04d}",
                                }
                            ],
                            "name": [{"text": "Wang Fang"}],
                            "gender": gender,
                        },
                        "",
                    )
                    for n in range(count)
                ]
                for gender in ("female", "other")
            ]
            for source, records in zip((self.ward, self.desk), tell, strict=True):
                run = source.run_ids[:1] or source._start_run(enqueue=False)
                start = self.env.cr.sql_log_count
                self.env["hcrm.feed.pipeline"]._process(run, records)
            counts.append(self.env.cr.sql_log_count - start)
        self.assertEqual(counts[1], counts[2])
