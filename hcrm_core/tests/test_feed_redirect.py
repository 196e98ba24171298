"""The HIS merges two records of a person, and sometimes takes them apart again."""

import copy
import itertools

from odoo.tests import tagged

from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

from .feed_common import FeedCommon


@tagged("post_install", "-at_install", "hcrm_core_feed")
class TestFeedRedirect(FeedCommon):
    """F76, HIS.md item 4: replaced-by, in any order, and back."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.feed_run = cls.source._start_run(enqueue=False)
        cls.feed_run.is_backfill = False

    def _feed(self, *records):
        """One page."""
        parsed = [record_from_data(copy.deepcopy(record), "") for record in records]
        page = self.env["hcrm.feed.pipeline"]._process(self.feed_run, parsed)
        self.assertFalse(page.counts["quarantined"])
        return page

    def _old(self, at="2026-05-02T08:00:00Z", into="new", **values):
        link = [{"type": "replaced-by", "other": {"reference": f"Patient/{into}"}}]
        return self._patient(
            "old",
            at,
            name=[{"text": "王小芳"}],
            active=False,
            link=link,
            address=[{"line": ["Old Road 1"], "city": "Old Town"}],
            **values,
        )

    def _new(self, at="2026-05-01T08:00:00Z", **values):
        return self._patient("new", at, name=[{"text": "王芳"}], **values)

    def _identity(self, ext_id):
        return self.env["hcrm.feed.identity"].search(
            [("source_id", "=", self.source.id), ("ext_id", "=", ext_id)]
        )

    def test_facts_numbers_and_relatives_move(self):
        """The survivor has everything, the old card leads to it."""
        self._feed(
            self._patient("old", "2026-05-01T07:00:00Z", name=[{"text": "王小芳"}]),
            self._encounter("e1", "old"),
            self._charge("ch1", "old", "e1"),
            self._relative("r1", "old"),
        )
        old = self._find("Patient", "old")
        self._feed(self._new(), self._encounter("e2", "new"))
        new = self._find("Patient", "new")
        self._feed(self._old())
        self.assertNotEqual(old, new)
        self.assertRecordValues(
            old,
            [{"active": False, "hcrm_status": "merged", "hcrm_merged_into_id": new.id}],
        )
        self.assertEqual(self._find("Patient", "old"), new)
        self.assertEqual(self._identity("old").state, "redirected")
        self.assertEqual(self._find("Encounter", "e1").partner_id, new)
        self.assertEqual(self._find("ChargeItem", "ch1").partner_id, new)
        self.assertEqual(new.hcrm_relation_ids.relative_id.name, "李r1")
        self.assertEqual(
            set(new.hcrm_identifier_ids.mapped("value")), {"M-old", "M-new"}
        )
        self.assertEqual(new.hcrm_file_ids.visit_count, 2)
        self.assertEqual(new.hcrm_metrics_id.visit_count, 2)
        self.assertFalse(old.hcrm_file_ids.visit_count)
        self.assertEqual((new.name, new.hcrm_other_names), ("王芳", "王小芳"))
        self.assertFalse(new.street)
        found = self.env["hcrm.person.search"].search([("token", "=", "王小芳")])
        self.assertEqual(found.mapped("partner_id"), [new.id])
        moved = self.env["hcrm.merge.log"].search([("old_id", "=", old.id)])
        self.assertIn("hcrm.encounter", moved.mapped("res_model"))
        joined = self.env["hcrm.event"].search(
            [("key", "=", f"person:{old.id}:joined")]
        )
        self.assertEqual(joined.partner_id, new)

    def test_any_order_gives_the_same_state(self):
        """Survivor, old record, visit and relative, in all 24 orders, and in one page."""
        records = [
            self._new(),
            self._old(),
            self._encounter("e1", "old"),
            self._relative("r1", "old"),
        ]
        hashes = {}
        orders = [
            [(record,) for record in order] for order in itertools.permutations(records)
        ]
        orders.append([tuple(records)])
        # ... and with the record as it was before the merge
        before = self._patient("old", "2026-05-01T07:00:00Z", name=[{"text": "王小芳"}])
        for order in itertools.permutations([before, *records[:3]]):
            orders.append([(record,) for record in [*order, records[3]]])
        savepoint = self.env.cr.savepoint()
        for order in orders:
            for page in order:
                self._feed(*page)
            self.assertFalse(self._inbox())
            parts = tuple(self.source._state_parts())
            ids = [[record["id"] for record in page] for page in order]
            hashes.setdefault(parts, ids)
            savepoint.rollback()
            self.env.invalidate_all(flush=False)
        self.assertEqual(len(hashes), 1, hashes)

    def test_children_that_come_later_land_on_the_survivor(self):
        self._feed(self._new())
        self._feed(self._old())
        self._feed(self._encounter("late", "old"), self._condition("c", "old", "late"))
        new = self._find("Patient", "new")
        self.assertEqual(self._find("Encounter", "late").partner_id, new)
        self.assertEqual(self._find("Condition", "c").partner_id, new)

    def test_a_survivor_that_has_not_come_is_waited_for(self):
        self._feed(self._old(), self._encounter("e1", "old"))
        self.assertEqual(len(self._inbox(state="waiting")), 2)
        self._feed(self._new())
        self.assertFalse(self._inbox())
        self.assertEqual(
            self._find("Encounter", "e1").partner_id, self._find("Patient", "new")
        )

    def test_chain_of_merges(self):
        """A survivor that is merged itself takes everything along."""
        self._feed(self._new(), self._encounter("e1", "new"))
        self._feed(self._old())
        link = [{"type": "replaced-by", "other": {"reference": "Patient/last"}}]
        self._feed(self._patient("last"))
        self._feed(self._new("2026-06-01T08:00:00Z", link=link))
        last = self._find("Patient", "last")
        self.assertEqual(self._find("Patient", "old"), last)
        self.assertEqual(self._find("Encounter", "e1").partner_id, last)
        self.assertEqual(
            self.env["res.partner"]
            .with_context(active_test=False)
            .search_count([("hcrm_merged_into_id", "=", last.id)]),
            2,
        )

    def test_circle_is_no_loop(self):
        """A source that says A is B and B is A leaves one card open."""
        one = self._patient("old")
        self._feed(one, self._new())
        self._feed(self._old())
        link = [{"type": "replaced-by", "other": {"reference": "Patient/old"}}]
        self._feed(self._new("2026-06-01T08:00:00Z", link=link))
        self.assertTrue(self._find("Patient", "old").active)

    def test_one_card_already(self):
        """Both records were known as one person by number: the survivor speaks."""
        number = {
            "identifier": [
                {"type": {"coding": [{"code": "PPN"}]}, "value": "E12345678"},
            ]
        }
        self._feed(self._new(**number))
        self._feed(
            self._patient(
                "old", "2026-05-02T07:00:00Z", name=[{"text": "王小芳"}], **number
            )
        )
        person = self._find("Patient", "new")
        self.assertEqual(self._find("Patient", "old"), person)
        self._feed(self._old("2026-05-03T08:00:00Z", **number))
        self.assertTrue(person.active)
        self.assertEqual(self._identity("old").state, "redirected")
        self._feed(self._new(**number))
        self.assertEqual(person.name, "王芳")
        self.assertEqual(person.hcrm_status, "current")

    def test_stricter_class_of_secrecy_wins(self):
        """R8: joining cards never opens one up."""
        secret = [
            {
                "url": "https://hcrm.example/fhir/StructureDefinition/confidentiality",
                "valueCode": "staff",
            }
        ]
        self._feed(self._new())
        self._feed(self._old(extension=secret))
        new = self._find("Patient", "new")
        self.assertEqual(new.hcrm_file_ids.confidentiality, "staff")
        self.assertEqual(new.hcrm_confidentiality, "staff")

    def test_the_his_takes_the_merge_back(self):
        """New records go to the old card again; what moved stays, with a note."""
        self._feed(self._patient("old", "2026-05-01T07:00:00Z"), self._new())
        self._feed(self._encounter("e1", "old"))
        old, new = self._find("Patient", "old"), self._find("Patient", "new")
        self._feed(self._old())
        self._feed(self._patient("old", "2026-05-03T08:00:00Z"))
        self.assertRecordValues(
            old,
            [{"active": True, "hcrm_status": "current", "hcrm_merged_into_id": False}],
        )
        self.assertEqual(self._find("Patient", "old"), old)
        self.assertEqual(self._identity("old").state, "live")
        self.assertEqual(old.hcrm_mrn, "M-old")
        self.assertEqual(self._find("Encounter", "e1").partner_id, new)
        self._feed(self._encounter("e2", "old"))
        self.assertEqual(self._find("Encounter", "e2").partner_id, old)
        self.assertIn("apart again", old.message_ids[0].body)
        self.assertIn("apart again", new.message_ids[0].body)
        found = self.env["hcrm.person.search"].search([("token", "=like", "%old")])
        self.assertIn(old.id, found.mapped("partner_id"))
        self.assertFalse(self.env["hcrm.duplicate.candidate"].search([]))

    def test_cost_is_constant(self):
        """As many queries for 2 merged records as for 50."""
        counts = []
        for count in (1, 2, 50):  # the first fills the caches
            names = [f"{count}-{number}" for number in range(count)]
            self._feed(
                *(self._patient(f"s{name}") for name in names),
                *(self._patient(f"o{name}", "2026-05-01T07:00:00Z") for name in names),
                *(self._encounter(f"e{name}", f"o{name}") for name in names),
            )
            merged = [
                self._patient(
                    f"o{name}",
                    "2026-05-02T07:00:00Z",
                    link=[
                        {
                            "type": "replaced-by",
                            "other": {"reference": f"Patient/s{name}"},
                        }
                    ],
                )
                for name in names
            ]
            before = self.env.cr.sql_log_count
            self._feed(*merged)
            counts.append(self.env.cr.sql_log_count - before)
            self.assertEqual(
                self._find("Encounter", f"e{names[-1]}").partner_id,
                self._find("Patient", f"s{names[-1]}"),
            )
        self.assertEqual(counts[1], counts[2])
