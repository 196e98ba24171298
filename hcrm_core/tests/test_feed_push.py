from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, tagged

from odoo.addons.hcrm_core.models.feed import feed_push

from .feed_common import FeedWorld


@tagged("post_install", "-at_install")
class TestFeedPush(FeedWorld, TransactionCase):
    """Integrators push records: same writer, same quarantine, an answer per record."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls._setup_feed()
        cls.pushed = cls.env["hcrm.feed.source"].create(
            {
                "name": "Laboratory",
                "kind": "push",
                "company_id": cls.company_a.id,
                "push_user_ids": [(6, 0, cls.users["integrator"].ids)],
            }
        )

    def _push(self, resources, role="integrator", **kwargs):
        Source = self._as(role)["hcrm.feed.source"]
        return Source.hcrm_push(resources, **kwargs)

    def _results(self, resources, **kwargs):
        return [row["result"] for row in self._push(resources, **kwargs)["records"]]

    # ------------------------------------------------------------------
    # ANSWERS
    # ------------------------------------------------------------------
    def test_an_answer_per_record(self):
        nameless = self._patient("p2", name=[])
        answer = self._push(
            [
                self._encounter("e1", "p1"),
                self._patient("p1"),
                nameless,
                self._encounter("e2", "p9"),
                {"resourceType": "Basic", "id": "b1"},
                {"resourceType": "Patient"},
                "nonsense",
            ]
        )
        rows = answer["records"]
        self.assertEqual(
            [row["result"] for row in rows],
            ["created", "created", "quarantined", "waiting", "skipped"]
            + ["quarantined"] * 2,
        )
        person = self.env["res.partner"].browse(rows[1]["res_id"])
        self.assertEqual(
            (rows[1]["model"], person.name, rows[1]["id"]),
            ("res.partner", "张p1", "p1"),
        )
        self.assertEqual(rows[0]["model"], "hcrm.encounter")
        self.assertEqual([row["code"] for row in rows[2:]], [
            "no_name", "waiting", "not_used", "no_id", "not_object"])  # fmt: skip
        self.assertIn("Patient/p9", rows[3]["message"])
        self.assertTrue(all(row["message"] for row in rows[2:]))

    def test_again_changed_and_deleted(self):
        self.assertEqual(self._results([self._patient("p1")]), ["created"])
        self.assertEqual(self._results([self._patient("p1")]), ["unchanged"])
        changed = self._patient("p1", birthDate="1981-01-01")
        self.assertEqual(self._results([changed]), ["changed"])
        gone = {"resourceType": "Patient", "id": "p1", "deleted": True}
        never = {"resourceType": "Patient", "id": "p7", "deleted": True}
        self.assertEqual(self._results([gone, never]), ["changed", "skipped"])
        person = self._find("Patient", "p1", self.pushed)
        self.assertEqual((person.hcrm_status, person.active), ("gone", True))
        self.assertEqual(self._results([gone]), ["unchanged"])

    def test_a_waiting_record_is_released_by_a_later_push(self):
        self.assertEqual(self._results([self._encounter("e1", "p1")]), ["waiting"])
        self._push([self._patient("p1")])
        self.assertEqual(self._results([self._encounter("e1", "p1")]), ["unchanged"])
        self.assertFalse(self._inbox(self.pushed))

    def test_a_bundle(self):
        bundle = {
            "resourceType": "Bundle",
            "type": "batch",
            "entry": [
                {"resource": self._patient("p1")},
                {"request": {"method": "DELETE", "url": "Patient/p1"}},
            ],
        }
        self.assertEqual(len(self._push(bundle)["records"]), 2)

    def test_the_sentence_is_in_the_users_language(self):
        self.env["res.lang"]._activate_lang("zh_CN")
        self.users["integrator"].lang = "zh_CN"
        row = self._push([self._patient("p2", name=[])])["records"][0]
        reason = self.env["hcrm.feed.inbox"].with_context(lang="zh_CN")
        inbox = reason.browse(self._inbox(self.pushed).id)
        self.assertEqual(row["message"], inbox.reason_text)

    def test_a_key_gives_the_same_answer_again(self):
        first = self._push([self._patient("p1")], key="msg-1")
        again = self._push([self._patient("p1")], key="msg-1")
        self.assertTrue(again.pop("replayed"))
        self.assertFalse(first.pop("replayed"))
        self.assertEqual(again, first)
        other = self._push([self._patient("p1")], key="msg-2")
        self.assertEqual(other["records"][0]["result"], "unchanged")

    def test_answers_are_kept_for_a_week(self):
        self._push([self._patient("p1")], key="msg-1")
        Push = self.env["hcrm.feed.push"]
        Push.search([]).date = fields.Datetime.now() - timedelta(days=8)
        Push._gc_answers()
        self.assertFalse(Push.search([]))

    # ------------------------------------------------------------------
    # SAME STATE
    # ------------------------------------------------------------------
    def test_the_state_is_that_of_files(self):
        """The same records through files and push give the same state hash."""
        records = [
            self._entity(),
            self._department(),
            self._patient("p1"),
            self._patient("p2", active=False),
            self._encounter("e1", "p1"),
            self._encounter("e2", "p2", status="cancelled"),
        ]
        with self.env.cr.savepoint() as savepoint:
            self._run(records)
            by_files = self.source._state_parts()
            savepoint.rollback()
        self.env.invalidate_all()
        for record in reversed(records):
            self._push([record])
        self.assertEqual(self.pushed._state_parts(), by_files)

    # ------------------------------------------------------------------
    # RUNS
    # ------------------------------------------------------------------
    def test_one_run_a_day_keeps_the_figures(self):
        self._push([self._patient("p1"), self._patient("p2", name=[])])
        run = self.pushed.run_ids
        self._push([self._patient("p1"), self._patient("p3")])
        self.assertEqual(self.pushed.run_ids, run)
        self.assertEqual(
            (run.mode, run.state, run.is_backfill), ("push", "running", True)
        )
        self.assertEqual(
            (run.count_read, run.count_new, run.count_unchanged, run.count_quarantined),
            (4, 2, 1, 1),
        )
        run.date_start = fields.Datetime.now() - timedelta(days=2)
        self._push([self._patient("p4")])
        self.assertEqual(run.state, "done")
        self.assertEqual(len(self.pushed.run_ids), 2)
        self.assertFalse(self.pushed.run_ids[0].is_backfill)

    def test_a_push_source_is_not_read(self):
        with self.assertRaises(UserError):
            self.pushed._start_run(enqueue=False)

    def test_queries_do_not_grow(self):
        # tables are analysed as they grow, by whichever page makes them double
        statistics = self.env.registry["hcrm.feed.statistics"]
        self.patch(statistics, "_refresh", lambda model: None)
        self._push([self._patient("p0")])
        counts = []
        for count in (2, 50):
            people = [self._patient(f"q{count}-{n}") for n in range(count)]
            start = self.env.cr.sql_log_count
            self._push(people)
            counts.append(self.env.cr.sql_log_count - start)
        self.assertEqual(counts[0], counts[1])

    # ------------------------------------------------------------------
    # LIMITS AND RIGHTS
    # ------------------------------------------------------------------
    def test_limits(self):
        for wrong in ([], {}, "x", None, {"resourceType": "Patient", "id": "p1"}):
            with self.assertRaises(UserError):
                self._push(wrong)
        with self.assertRaises(UserError):
            self._push([{}] * (feed_push.MAX_RECORDS + 1))
        self.patch(feed_push, "MAX_BYTES", 1000)
        with self.assertRaises(UserError):
            self._push([self._patient("p1", note="x" * 2000)])
        self.assertFalse(self.pushed.run_ids)

    def test_a_record_that_is_too_large_is_quarantined(self):
        self.pushed.max_record_mb = 1
        row = self._push([self._patient("p1", note="x" * (1 << 20))])["records"][0]
        self.assertEqual((row["result"], row["code"]), ("quarantined", "too_large"))

    def test_who_may_push(self):
        """The integrator group and the name on the source: both, or nothing."""
        for role in ("agent", "nurse", "privacy_officer", "manager"):
            with self.assertRaises(AccessError):
                self._push([self._patient("p1")], role=role)
        self.pushed.push_user_ids = self.users["agent"] + self.users["integrator"]
        with self.assertRaises(AccessError):
            self._push([self._patient("p1")], role="agent")
        with self.assertRaises(AccessError):
            self._push([self._patient("p1")], source_id=self.source.id)
        self.pushed.company_id = self.company_b
        with self.assertRaises(AccessError):
            self._push([self._patient("p1")])

    def test_several_sources_must_be_named(self):
        other = self.pushed.copy({"name": "Radiology"})
        other.push_user_ids = self.users["integrator"]
        with self.assertRaises(UserError):
            self._push([self._patient("p1")])
        answer = self._push([self._patient("p1")], source_id=other.id)
        self.assertEqual(answer["source_id"], other.id)
