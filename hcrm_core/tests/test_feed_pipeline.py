import random
from unittest.mock import patch

from odoo.tests import tagged
from odoo.tools import mute_logger

from .feed_common import EXT, FeedCommon

FACT_TABLES = (
    "res_partner",
    "hcrm_person_company",
    "hcrm_person_metrics",
    "hcrm_person_identifier",
    "hcrm_contact_point",
    "hcrm_person_relation",
    "hcrm_person_search",
    "hcrm_encounter",
    "hcrm_appointment",
    "hcrm_condition",
    "hcrm_allergy",
    "hcrm_observation",
    "hcrm_charge",
    "hcrm_event",
    "hcrm_feed_identity",
    "hcrm_feed_inbox",
)


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedPipeline(FeedCommon):
    def test_a_hospital_comes_in(self):
        """People, relatives, visits, facts and money land where they belong (F73)."""
        run = self._run(self._hospital(2))
        self.assertEqual(run.state, "done")
        self.assertEqual(run.count_quarantined, 0)
        person = self._find("Patient", "p0")
        self.assertEqual(person.name, "张p0")
        visit = self._find("Encounter", "e0")
        self.assertRecordValues(
            visit,
            [
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "department_id": self.cardio.id,
                    "kind": "outpatient",
                    "state": "finished",
                    "tz_offset": 480,
                }
            ],
        )
        self.assertEqual(str(visit.date_start), "2026-03-02 01:00:00")
        self.assertEqual(visit.practitioner_id.name, "王医生")
        stay = self._find("Encounter", "s0")
        self.assertEqual((stay.ward, stay.bed), ("3W", "12"))
        self.assertEqual(stay.campus_id.name, "Site 1")
        self.assertEqual(stay.company_id, self.company_b)
        charge = self._find("ChargeItem", "ch0")
        self.assertRecordValues(
            charge,
            [
                {
                    "amount": 100,
                    "amount_pooled": 60,
                    "amount_self": 40,
                    "cost": 30,
                    "category": "registration",
                    "company_id": self.company_a.id,
                }
            ],
        )
        relation = person.hcrm_relation_ids
        self.assertRecordValues(relation, [{"kind": "mother", "is_feed": True}])
        self.assertEqual(relation.relative_id.name, "李r0")

    def test_file_class_and_visits_follow_the_facts(self):
        """Presence per hospital, class raised, first and last visit in its own days."""
        self._run(self._hospital(1))
        person = self._find("Patient", "p0")
        files = person.hcrm_file_ids.sorted("company_id")
        self.assertRecordValues(
            files,
            [
                {"company_id": self.company_a.id, "visit_count": 1},
                {"company_id": self.company_b.id, "visit_count": 1},
            ],
        )
        self.assertEqual(files.mapped("class_id.code"), ["outpatient", "inpatient"])
        self.assertEqual(str(files[0].date_last_visit), "2026-03-02")
        self.assertEqual(person.hcrm_metrics_id.visit_count, 2)
        self.assertEqual(str(person.hcrm_metrics_id.date_last_visit), "2026-04-01")

    def test_checkup_makes_a_healthy_person(self):
        self._run([self._patient(), self._encounter(**{"class": {"code": "CHECKUP"}})])
        person = self._find("Patient", "p1")
        self.assertEqual(person.hcrm_file_ids.class_id.code, "healthy")

    def test_replay_changes_nothing(self):
        """F73: the same feed three times; the second and third change nothing."""
        records = self._hospital(3)
        self._run(records)
        before = self._contents()
        for _turn in range(2):
            run = self._run(records)
            self.assertEqual((run.count_new, run.count_changed), (0, 0))
            self.assertEqual(run.count_unchanged, len(records))
        self.assertEqual(self._contents(), before)

    def _contents(self):
        """Every row with its xmin: a row that was rewritten shows."""
        self.env.flush_all()
        found = {}
        for table in FACT_TABLES:
            self.env.cr.execute(f"SELECT id, ctid::text FROM {table} ORDER BY id")  # pylint: disable=sql-injection
            found[table] = self.env.cr.fetchall()
        return found

    def test_any_order_gives_the_same_state(self):
        """Shuffled and duplicated five ways into five sources: one state hash."""
        records = self._versions() + self._hospital(3)
        hashes = set()
        for seed in range(5):
            source = self._fresh_world()
            mixed = records + random.Random(seed).choices(records, k=len(records))
            random.Random(seed).shuffle(mixed)
            source.page_size = 7 + seed
            self._run(mixed, source=source)
            self.assertFalse(self._inbox(source, state="quarantine").mapped("reason"))
            hashes.add(tuple(source._state_parts()))
            self._forget(source)
        self.assertEqual(len(hashes), 1, hashes)

    def _versions(self):
        """Records in several versions, and some that wait for others."""
        first, second = "2026-03-01T00:00:00Z", "2026-03-02T00:00:00Z"
        return [
            self._patient("v1", first, gender="male"),
            self._patient("v1", second, gender="female"),
            self._encounter("ve", "v1", first, status="in-progress"),
            self._encounter("ve", "v1", second),
            # equal stamps: the larger hash wins whatever comes first
            self._encounter("vt", "v1", first, reasonCode=[{"text": "a"}]),
            self._encounter("vt", "v1", first, reasonCode=[{"text": "b"}]),
            self._encounter("vp", "v1", partOf={"reference": "Encounter/ve"}),
            self._observation("vo", "v1", "nobody"),
        ]

    def _fresh_world(self):
        """A source whose people are not there yet, in a savepoint of its own."""
        self.savepoint = self.env.cr.savepoint(flush=False)
        return self._make_source("Mixed")

    def _forget(self, source):
        self.savepoint.rollback()
        self.savepoint.close(rollback=False)
        self.env.invalidate_all(flush=False)

    def test_children_wait_for_their_parent(self):
        """Facts of a person not yet known wait, and are written when they come."""
        run = self._run([self._observation(), self._encounter(), self._condition()])
        self.assertEqual(run.count_waiting, 3)
        self.assertEqual(set(self._inbox().mapped("state")), {"waiting"})
        self.assertIn("Patient/p1", self._inbox(res_type="Encounter").reason)
        self.assertFalse(self._find("Encounter", "e1"))
        self._run([self._patient()])
        self.assertFalse(self._inbox())
        visit = self._find("Encounter", "e1")
        self.assertEqual(self._find("Observation", "o1").encounter_id, visit)
        self.assertEqual(self._find("Condition", "c1").encounter_id, visit)

    def test_a_missing_link_is_mended(self):
        """An optional link that is missing does not hold the fact back."""
        self._run([self._patient(), self._observation()])
        fact = self._find("Observation", "o1")
        self.assertFalse(fact.encounter_id)
        self.assertRecordValues(
            self._inbox(), [{"state": "partial", "wait_ext_id": "e1"}]
        )
        self._run([self._encounter()])
        self.env.invalidate_all()
        self.assertEqual(fact.encounter_id, self._find("Encounter", "e1"))
        self.assertFalse(self._inbox())

    def test_who_never_comes_ends_in_quarantine(self):
        self._run([self._encounter(patient="ghost")])
        self.env.cr.execute(
            "UPDATE hcrm_feed_inbox SET date_first = date_first - interval '8 days'"
        )
        self._run([self._patient("other")])
        self.env.invalidate_all()
        inbox = self._inbox()
        self.assertEqual((inbox.state, inbox.reason_code), ("quarantine", "never_came"))
        self.assertIn("Patient/ghost", inbox.reason)

    def test_an_older_version_changes_nothing(self):
        new, old = "2026-03-02T00:00:00Z", "2026-03-01T00:00:00Z"
        self._run([self._patient(), self._encounter(at=new)])
        run = self._run([self._encounter(at=old, status="in-progress")])
        self.assertEqual(run.count_changed, 0)
        self.assertEqual(self._find("Encounter", "e1").state, "finished")

    def test_a_changed_fact_is_updated_in_place(self):
        self._run([self._patient(), self._encounter(status="in-progress")])
        visit = self._find("Encounter", "e1")
        run = self._run([self._encounter()])
        self.env.invalidate_all()
        self.assertEqual((run.count_new, run.count_changed), (0, 1))
        self.assertEqual(visit.state, "finished")

    def test_a_deleted_record_becomes_a_state(self):
        """What the HIS deletes stays here, void; an older version does not revive it."""
        at = "2026-03-02T00:00:00Z"
        self._run([self._patient(), self._encounter(at=at), self._condition()])
        gone = self._resource(
            "Encounter", "e1", _hcrm={"deleted": True, "at": "2026-03-03T00:00:00Z"}
        )
        self._run([gone])
        self.env.invalidate_all()
        visit = self._find("Encounter", "e1")
        self.assertEqual((visit.state, visit.source_state), ("cancelled", "deleted"))
        self._run([self._encounter(at=at)])
        self.env.invalidate_all()
        self.assertEqual(visit.state, "cancelled")

    def test_entered_in_error_is_a_state(self):
        self._run([self._patient(), self._encounter(status="entered-in-error")])
        visit = self._find("Encounter", "e1")
        self.assertEqual(
            (visit.state, visit.source_state), ("cancelled", "entered-in-error")
        )
        self.assertEqual(self._find("Patient", "p1").hcrm_file_ids.visit_count, 0)

    def test_unknown_state_is_kept(self):
        self._run([self._patient(), self._encounter(status="teleported")])
        visit = self._find("Encounter", "e1")
        self.assertEqual((visit.state, visit.source_state), ("unknown", "teleported"))

    def test_events_once_and_backfill_only_on_first_load(self):
        """A first load starts nothing; what happens later is an event, once."""
        self.source.news_days = 36500  # the visit of this story is no news by then
        records = [self._patient(), self._encounter(status="in-progress")]
        self._run(records)
        person = self._find("Patient", "p1")
        Event = self.env["hcrm.event"]
        first = Event.search([("partner_id", "=", person.id)])
        self.assertTrue(first and all(first.mapped("is_backfill")))
        self.assertTrue(self.source.is_backfilled)
        self._run([self._encounter()])
        self._run([self._encounter()])
        later = Event.search([("partner_id", "=", person.id)]) - first
        self.assertRecordValues(
            later,
            [
                {
                    "key": f"encounter:{self._find('Encounter', 'e1').id}:finished",
                    "is_backfill": False,
                    "origin": "feed",
                }
            ],
        )
        self.assertEqual(later.kind_id.code, "visit_finished")

    def test_a_claim_is_settled_by_its_benefit(self):
        """A claim and its explanation of benefit are one charge, in any order."""
        claim = self._resource(
            "Claim",
            "cl1",
            status="active",
            use="claim",
            patient={"reference": "Patient/p1"},
            type={"coding": [{"code": "pharmacy"}]},
            total={"value": 50, "currency": "CNY"},
            item=[
                {
                    "encounter": [{"reference": "Encounter/e1"}],
                    "productOrService": {"text": "Drug"},
                }
            ],
        )
        benefit = self._resource(
            "ExplanationOfBenefit",
            "eob1",
            status="active",
            use="claim",
            patient={"reference": "Patient/p1"},
            claim={"reference": "Claim/cl1"},
            total=[
                {
                    "category": {"coding": [{"code": "submitted"}]},
                    "amount": {"value": 50, "currency": "CNY"},
                }
            ],
            payment={"amount": {"value": 30, "currency": "CNY"}},
        )
        self._run([benefit])
        self.assertEqual(self._inbox().state, "waiting")
        self._run([self._patient(), self._encounter(), claim])
        self.env.invalidate_all()
        charge = self._find("Claim", "cl1")
        self.assertEqual(charge, self._find("ExplanationOfBenefit", "eob1"))
        self.assertRecordValues(
            charge,
            [
                {
                    "amount": 50,
                    "amount_commercial": 30,
                    "amount_self": 20,
                    "state": "billed",
                    "category": "drug",
                }
            ],
        )
        self._run([{**claim, "priority": {"text": "again"}}])
        self.env.invalidate_all()
        self.assertEqual(charge.amount_commercial, 30)

    def test_a_relative_who_is_a_patient_is_one_person(self):
        self._run(
            [
                self._patient("child"),
                self._patient("mum"),
                self._relative(
                    "r1",
                    "child",
                    extension=[
                        {
                            "url": f"{EXT}patient",
                            "valueReference": {"reference": "Patient/mum"},
                        },
                        {"url": f"{EXT}is-guardian", "valueBoolean": True},
                    ],
                ),
            ]
        )
        child = self._find("Patient", "child")
        self.assertRecordValues(
            child.hcrm_relation_ids,
            [{"relative_id": self._find("Patient", "mum").id, "is_guardian": True}],
        )
        self._run(
            [
                self._relative("r2", "child", code="FTH"),
                self._relative("r2", "child", code="GUARD"),
            ]
        )
        self.assertEqual(len(child.hcrm_relation_ids), 2)

    def test_queries_do_not_grow_with_records(self):
        """A page of 2 and a page of 50 records of each type: the same queries."""
        # tables are analysed as they grow, by whichever page makes them double
        self.startPatcher(
            patch.object(
                self.env.registry["hcrm.feed.statistics"], "_refresh", lambda self: None
            )
        )
        self._run(self._hospital(1))
        counts = []
        for number in (2, 50):
            source = self._make_source(
                f"Count {number}", path=f"{self.folder}/{number}"
            )
            self._put([], folder=source.path)
            self._run(self._hospital(0), source=source)
            self._put(
                [
                    record
                    for index in range(number)
                    for record in self._story(f"{number}-{index}")
                ],
                folder=source.path,
            )
            run = source._start_run(enqueue=False)
            run._step()
            self.env.flush_all()
            start = self.env.cr.sql_log_count
            run._step()
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - start)
            self.assertEqual(run.count_new, number * 9)
        self.assertEqual(counts[0], counts[1])

    def test_a_record_the_database_refuses_stands_alone(self):
        """One bad row in a set: it is quarantined and the others are written."""
        self._run([self._patient()])
        self.env.cr.execute(
            "ALTER TABLE hcrm_observation ADD CONSTRAINT test_no_13 CHECK (value != 13)"
        )
        records = [
            self._observation(
                f"o{n}", encounter=None, valueQuantity={"value": n, "unit": "x"}
            )
            for n in range(10, 20)
        ]
        with mute_logger("odoo.sql_db"):
            run = self._run(records)
        self.assertEqual((run.count_new, run.count_quarantined), (9, 1))
        self.assertEqual(self._inbox().ext_id, "o13")
