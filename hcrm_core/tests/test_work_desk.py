from datetime import datetime, timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from .common import HcrmCommon

# 10:00 of 10 March in Shanghai
NOW = "2026-03-10 02:00:00"


class WorkCase(HcrmCommon):
    """People, tasks and shifts at an hour of the hospital's clock."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._make_person("林晓", phone="13900001234", hcrm_gender="female")
        cls._add_encounter(cls.person)
        cls.second = cls._make_user("agent_two", "hcrm_core.group_agent", cls.company_a)
        cls.users["second"] = cls.second

    @classmethod
    def _task(cls, user=None, kind="callback", hours=1, person=None, **vals):
        kind = cls.env.ref(f"hcrm_core.task_kind_{kind}")
        return cls.env["hcrm.task"]._open(
            [
                {
                    "partner_id": (person or cls.person).id,
                    "company_id": cls.company_a.id,
                    "kind_id": kind.id,
                    "name": "Call about the result",
                    "user_id": cls.users[user].id if user else False,
                    "date_due": fields.Datetime.now() + timedelta(hours=hours),
                    **vals,
                }
            ]
        )

    @classmethod
    def _shift(cls, user, start=-2, end=6, **vals):
        now = fields.Datetime.now()
        return cls.env["hcrm.shift"].create(
            {
                "user_id": cls.users[user].id,
                "company_id": cls.company_a.id,
                "date_start": now + timedelta(hours=start),
                "date_end": now + timedelta(hours=end),
                **vals,
            }
        )

    def _desk(self, role="agent", **kwargs):
        return self._as(role)["hcrm.desk.work"].get_desk(**kwargs)

    def _ids(self, rows):
        return [row["id"] for row in rows]

    def _prefers(self, person, when):
        self.env["hcrm.person.profile"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "preferred_time": when,
            }
        )

    def _queries(self, call):
        """How many queries a call costs when what never changes is known already."""
        for _warm in range(2):
            call()
            self.env.flush_all()
            self.env.invalidate_all()
        before = self.env.cr.sql_log_count
        call()
        self.env.flush_all()
        return self.env.cr.sql_log_count - before


@tagged("post_install", "-at_install", "hcrm_core_work")
@freeze_time(NOW)
class TestWorkDesk(WorkCase):
    """R23, F161: my work, in the order in which it is done."""

    # ------------------------------------------------------------------
    # READ
    # ------------------------------------------------------------------

    def test_order_is_overdue_then_urgency_then_due(self):
        today = self._task("agent", hours=2)
        tomorrow = self._task("agent", hours=26, priority="3")
        red = self._task("agent", hours=3, priority="1")
        late = self._task("agent", hours=-1, priority="3")
        later = self._task("agent", date_from=datetime(2026, 3, 10, 6))
        waiting = self._task()
        desk = self._desk()
        self.assertEqual(
            self._ids(desk["rows"]), [late.id, red.id, today.id, tomorrow.id]
        )
        self.assertEqual(self._ids(desk["later"]), later.ids)
        self.assertEqual(self._ids(desk["waiting"]), waiting.ids)
        self.assertEqual(desk["rows"][0]["late"], "1 h late")
        self.assertEqual(
            {key: desk["counts"][key] for key in ("all", "overdue", "red", "today")},
            {"all": 4, "overdue": 1, "red": 1, "today": 3},
        )
        self.assertEqual(self._ids(self._desk(filter="red")["rows"]), red.ids)

    def test_row_tells_who_what_why_and_what_was_promised(self):
        """R13, R16: the person line, the reason, the promise, the hour preferred."""
        self._prefers(self.person, "afternoon")
        self._task("agent", reason="Result of 9 March", promise="A call before noon")
        row = self._desk()["rows"][0]
        self.assertEqual(row["person"]["name"], "林晓")
        self.assertEqual(row["person"]["phone_tail"], "1234")
        self.assertEqual(row["reason"], "Result of 9 March")
        self.assertEqual(row["promise"], "A call before noon")
        self.assertEqual((row["wish"], row["is_wish_now"]), ("14:00-17:00", False))
        self.assertEqual(row["due"], "11:00")

    def test_query_count(self):
        """2 and 50 tasks cost the same number of queries."""
        self._task("agent")
        self._task()
        self._desk()
        counts = []
        for size in (2, 50):
            people = [self._make_person(f"Person {n}", phone=f"1390002{n:04}")
                      for n in range(size)]  # fmt: skip
            for person in people:
                self._task("agent", person=person, note="x")
                self._task(person=person)
            counts.append(self._queries(lambda: self._desk(limit=100)))
        self.assertEqual(counts[0], counts[1])

    def test_page_is_bounded(self):
        self.assertLessEqual(len(self._desk(limit=10**6)["rows"]), 200)

    # ------------------------------------------------------------------
    # ONE CLICK
    # ------------------------------------------------------------------

    def test_next_is_who_likes_to_be_reached_now(self):
        """F99: the desk never offers a call outside the hours somebody prefers while
        others can be reached."""
        evening = self._make_person("Evening")
        self._prefers(evening, "evening")
        self._prefers(self.person, "morning")
        first = self._task("agent", person=evening, hours=1)
        second = self._task("agent", hours=2)
        desk = self._as("agent")["hcrm.desk.work"]
        self.assertEqual(desk.take_next()["id"], second.id)
        second.action_done()
        waiting = self._task(hours=3)
        self.assertEqual(desk.take_next()["id"], waiting.id)
        self.assertEqual(waiting.user_id, self.users["agent"])
        waiting.action_done()
        self.assertEqual(desk.take_next()["id"], first.id)

    def test_call_back_outside_preferred_hours_is_kept(self):
        """F99: a time outside needs a reason, and the override is logged."""
        self._prefers(self.person, "afternoon")
        task = self._task("agent")
        desk = self._as("agent")["hcrm.desk.work"]
        check = desk.check_time(task.id, "2026-03-10T18:30")
        self.assertEqual(check["fits"], False)
        self.assertEqual(check["next"], "2026-03-11T14:00")
        with self.assertRaisesRegex(UserError, "prefers"):
            desk.snooze(task.id, "2026-03-10T18:30")
        desk.snooze(task.id, "2026-03-10T18:30", "Asked for it today")
        self.assertEqual(task.date_from, datetime(2026, 3, 10, 10, 30))
        log = self.env["hcrm.task.log"].search([("task_id", "=", task.id)])
        self.assertEqual(set(log.mapped("action")), {"override", "snoozed"})
        self.assertEqual(log[-1].note, "Asked for it today")
        desk.snooze(task.id, "2026-03-11T14:00")
        self.assertEqual(len(task.env["hcrm.task.log"].search(
            [("task_id", "=", task.id), ("action", "=", "override")])), 1)  # fmt: skip

    def test_no_answer_plans_the_next_attempt(self):
        self._prefers(self.person, "evening")
        task = self._task("agent")
        desk = self._as("agent")["hcrm.desk.work"]
        self.assertEqual(desk.no_answer(task.id), "18:00")
        self.assertEqual(task.attempt_count, 1)
        self.assertFalse(self._desk()["rows"])

    def test_done_needs_an_outcome(self):
        task = self._task("agent")
        desk = self._as("agent")["hcrm.desk.work"]
        with self.assertRaises(UserError):
            desk.done(task.id, " ")
        desk.done(task.id, "Reached, all well")
        self.assertEqual((task.state, task.outcome), ("done", "Reached, all well"))
        with self.assertRaises(UserError):
            desk.done(task.id, "Again")
        self.assertEqual(self._desk()["counts"]["done"], 1)

    def test_hand_on_with_a_note(self):
        task = self._task("agent")
        desk = self._as("agent")["hcrm.desk.work"]
        with self.assertRaisesRegex(UserError, "note"):
            desk.hand(task.id, "", self.second.id)
        desk.hand(task.id, "Speaks Cantonese only", self.second.id)
        row = self._desk("second")["rows"][0]
        self.assertEqual(row["note"], "Speaks Cantonese only")
        self.assertEqual(row["note_by"], "Test agent")

    def test_clinical_work_is_not_handed_to_who_may_not_read_it(self):
        task = self._task("nurse", kind="check")
        desk = self._as("nurse")["hcrm.desk.work"]
        with self.assertRaisesRegex(UserError, "clinical"):
            desk.hand(task.id, "Please", self.second.id)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_clinical_work_is_seen_by_clinical_roles(self):
        """Of the user's departments and their own; supervisors see that it is late,
        not its words."""
        task = self._task(kind="check", hours=-1, reason="Potassium 6.8")
        other = self._make_person("Other")
        self._add_encounter(other, self.surgery)
        hidden = self._task(kind="check", person=other)
        Task = self.env["hcrm.task"]
        for role, seen in (
            ("agent", Task),
            ("nurse", task),
            ("quality_officer", task | hidden),
        ):
            found = self._as(role)["hcrm.task"].search(
                [("id", "in", (task | hidden).ids)]
            )
            self.assertEqual(found, seen.with_env(found.env), role)
        rows = self._as("manager")["hcrm.desk.supervisor"].get_desk("overdue")["rows"]
        self.assertEqual((rows[0]["name"], rows[0]["reason"]), ("Check a result", ""))

    # ------------------------------------------------------------------
    # QUESTION AND ANSWER
    # ------------------------------------------------------------------

    def test_answer_goes_to_who_asked(self):
        """R23: the doctor answers in a sentence; the nurse has it on her task."""
        call = self._task("nurse", kind="call", date_from=datetime(2026, 3, 10, 8))
        nurse = self._as("nurse")["hcrm.desk.work"]
        nurse.ask(call.id, "May she stop the aspirin?", self.users["doctor"].id)
        row = self._desk("doctor")["rows"][0]
        self.assertEqual(row["asked_by"], "Test nurse")
        self.assertEqual(row["name"], "May she stop the aspirin?")
        self._as("doctor")["hcrm.desk.work"].answer(
            row["id"], "No, go on until Friday."
        )
        row = self._desk("nurse")["rows"][0]
        self.assertEqual(row["id"], call.id)
        self.assertEqual(row["answer"], "No, go on until Friday.")
        self.assertFalse(self._desk("doctor")["rows"])

    def test_answer_after_the_call_was_closed_is_a_task(self):
        call = self._task("nurse", kind="call")
        nurse = self._as("nurse")["hcrm.desk.work"]
        nurse.ask(call.id, "May she stop the aspirin?", self.users["doctor"].id)
        nurse.done(call.id, "Told to wait")
        row = self._desk("doctor")["rows"][0]
        self._as("doctor")["hcrm.desk.work"].answer(row["id"], "No.")
        row = self._desk("nurse")["rows"][0]
        self.assertEqual((row["kind_code"], row["answer"]), ("answered", "No."))

    def test_doctor_sees_red_and_questions_of_the_pool_only(self):
        self._task(kind="check")
        red = self._task(kind="check", priority="1")
        self.assertEqual(self._ids(self._desk("doctor")["waiting"]), red.ids)

    # ------------------------------------------------------------------
    # OUTSOURCED AGENTS
    # ------------------------------------------------------------------

    def test_outsourced_agent_sees_what_is_assigned_and_no_more(self):
        """R16: no number, no fact, no card, nothing clinical, nobody restricted."""
        mine = self._task("outsourced_agent")
        self._task("outsourced_agent", kind="check")
        self._task("outsourced_agent", person=self._make_person(
            "Star", confidentiality="public", alias="Guest"))  # fmt: skip
        self._task("agent")
        self._task()
        desk = self._desk("outsourced_agent")
        self.assertEqual(self._ids(desk["rows"]), mine.ids)
        self.assertEqual((desk["waiting"], desk["can_hand"]), ([], False))
        person = desk["rows"][0]["person"]
        self.assertEqual(person["name"], "林晓")
        self.assertFalse(person["phone_tail"] or person["mrn_tail"])
        service = self._as("outsourced_agent")["hcrm.desk.work"]
        other = self._task("agent")
        with self.assertRaises(AccessError):
            service.done(other.id, "x")
        service.done(mine.id, "Reached")
        self.assertEqual(mine.done_by_id, self.users["outsourced_agent"])

    def test_outsourced_agent_works_within_their_shift(self):
        """R16: outside their hours the desk is empty and says why."""
        self._task("outsourced_agent")
        self._shift("outsourced_agent", start=-10, end=-2)
        desk = self._desk("outsourced_agent")
        self.assertTrue(desk["is_off_duty"])
        self.assertEqual(desk["rows"], [])

    def test_roles_without_work_have_no_desk(self):
        with self.assertRaises(AccessError):
            self._desk("head_office")

    def test_everybody_lands_on_a_desk(self):
        """R22-R24: the first page is the role's own."""
        for role, path in {
            "agent": "my-work",
            "outsourced_agent": "my-work",
            "nurse": "my-work",
            "doctor": "my-work",
            "department_head": "my-work",
            "quality_officer": "my-work",
            "partner_manager": "my-work",
            "marketing": "marketing-desk",
            "manager": "supervisor",
            "centre_head": "head-of-centre",
            "front_desk": "front-desk",
            "vip_centre": "vip-centre",
        }.items():
            action = self._as(role)["hcrm.desk"].get_home_action()
            self.assertEqual(action.get("path"), path, role)
