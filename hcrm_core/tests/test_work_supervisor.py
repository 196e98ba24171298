from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged

from .test_work_desk import NOW, WorkCase


@tagged("post_install", "-at_install", "hcrm_core_work")
@freeze_time(NOW)
class TestWorkSupervisor(WorkCase):
    """R23, R24: who keeps an eye on the work of others."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.desk = cls._as("manager")["hcrm.desk.supervisor"]
        cls.centre = cls._as("centre_head")["hcrm.desk.centre"]

    def _add_message(self, state="refused", reason="no_consent", **vals):
        message = self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": self.person.id,
                    "company_id": self.company_a.id,
                    "channel": "sms",
                    "purpose": "marketing",
                    "body": "Hello",
                    **vals,
                }
            ]
        )
        message.write(
            {
                "state": state,
                "verdict": "refuse" if state == "refused" else "allow",
                "reason_code": reason,
                "date_judged": fields.Datetime.now(),
            }
        )
        return message

    # ------------------------------------------------------------------
    # SUPERVISOR
    # ------------------------------------------------------------------

    def test_lists_and_load(self):
        self._shift("agent")
        promise = self._task("agent", hours=-2, promise="A call at 9")
        red = self._task(priority="1")
        desk = self.desk.get_desk()
        self.assertEqual(
            desk["counts"], {"red": 1, "promise": 1, "overdue": 1, "unowned": 1}
        )
        self.assertEqual((desk["section"], desk["rows"][0]["id"]), ("red", red.id))
        team = {row["name"]: row for row in desk["team"]}
        self.assertEqual(team["Test agent"]["open"], 1)
        self.assertEqual(team["Test agent"]["promises"], 1)
        self.assertTrue(team["Test agent"]["is_on_duty"])
        rows = self.desk.get_desk("promise")["rows"]
        self.assertEqual(rows[0]["id"], promise.id)

    def test_query_count(self):
        """2 and 50 tasks cost the same number of queries."""
        self._task("agent", hours=-1)
        self.desk.get_desk("overdue")
        counts = []
        for size in (2, 50):
            for n in range(size):
                person = self._make_person(f"Person {n}", phone=f"1390003{n:04}")
                self._task("agent", hours=-1, person=person)
            counts.append(
                self._queries(lambda: self.desk.get_desk("overdue", limit=100))
            )
        self.assertEqual(counts[0], counts[1])

    def test_deal_again_take_over_and_deadline(self):
        self._shift("agent")
        self._shift("second")
        tasks = self._task("agent") | self._task("agent")
        self.assertEqual(self.desk.redeal(self.users["agent"].id), 2)
        self.assertEqual(tasks.user_id, self.second)
        self.desk.take_over(tasks[0].id)
        self.assertEqual(tasks[0].user_id, self.users["manager"])
        self.desk.assign(
            tasks[1].ids, self.users["agent"].id, "2026-03-10T17:00", "Now"
        )
        self.assertEqual(tasks[1].user_id, self.users["agent"])
        # 17:00 in Shanghai
        self.assertEqual(fields.Datetime.to_string(tasks[1].date_due)[11:16], "09:00")
        waiting = self._task()
        self.assertEqual(self.desk.deal_unowned(), 1)
        self.assertIn(waiting.user_id, self.second | self.users["agent"])

    def test_only_supervisors(self):
        for role in ("agent", "nurse", "marketing", "outsourced_agent"):
            desk = self._as(role)["hcrm.desk.supervisor"]
            with self.assertRaises(AccessError):
                desk.get_desk()
            with self.assertRaises(AccessError):
                desk.redeal(self.users["agent"].id)

    def test_restricted_people_are_not_there(self):
        """R8: work about a restricted person leaves no trace at the supervisor's."""
        star = self._make_person("Star", confidentiality="public", alias="Guest")
        self._task(person=star, hours=-1)
        self.assertEqual(self.desk.get_desk()["counts"]["overdue"], 0)

    # ------------------------------------------------------------------
    # HEAD OF CENTRE
    # ------------------------------------------------------------------

    def test_numbers_open_their_people(self):
        """R24: a number opens its people; a message becomes a task, once."""
        self._task("agent", hours=-2, promise="A call at 9")
        message = self._add_message()
        self._add_message("failed", "ok")
        page = self.centre.get_page()
        numbers = {row["code"]: row["count"] for row in page["numbers"]}
        self.assertEqual((numbers["overdue"], numbers["promise"]), (1, 1))
        [row] = [row for row in page["messages"] if row["state"] == "Not sent"]
        self.assertIn("did not agree", row["label"])
        people = self.centre.get_people(row["code"])
        self.assertEqual(people[0]["person"]["name"], "林晓")
        for _twice in range(2):
            self.centre.assign_any(
                people[0]["id"], self.users["agent"].id, "2026-03-10T15:00", "Ask her"
            )
        task = self.env["hcrm.task"].search(
            [("key", "=", f"desk:hcrm.message:{message.id}")]
        )
        self.assertEqual(task.user_id, self.users["agent"])
        self.assertEqual(self.centre.get_people(row["code"])[0]["owner"], "Test agent")

    def test_page_query_count(self):
        self._add_message()
        self._task("agent", hours=-1)
        self.centre.get_page()
        self.centre.get_people("message:refused:no_consent")
        counts = []
        for size in (2, 50):
            for _n in range(size):
                self._add_message()
                self._task("agent", hours=-1)
            counts.append(
                (
                    self._queries(self.centre.get_page),
                    self._queries(lambda: self.centre.get_people("overdue")),
                    self._queries(
                        lambda: self.centre.get_people("message:refused:no_consent")
                    ),
                )
            )
        self.assertEqual(counts[0], counts[1])

    # ------------------------------------------------------------------
    # MARKETING
    # ------------------------------------------------------------------

    def test_marketing_figures_and_stop(self):
        """R24: sent, held and why, opt-outs per thousand; one click stops it all."""
        for _n in range(4):
            self._add_message("delivered", "ok", topic="Spring")
        self._add_message("refused", "no_consent", topic="Spring")
        queued = self.env["hcrm.message"]._queue(
            [
                {
                    "partner_id": self.person.id,
                    "company_id": self.company_a.id,
                    "channel": "sms",
                    "purpose": "marketing",
                    "topic": "Spring",
                    "body": "Hello",
                }
            ]
        )
        marketing = self._as("marketing")["hcrm.desk.marketing"]
        desk = marketing.get_desk()
        self.assertEqual(desk["totals"]["sent"], 4)
        self.assertEqual(desk["totals"]["held"], 1)
        self.assertEqual(desk["reasons"][0]["code"], "no_consent")
        marketing.stop("Wrong price", "Spring")
        self.assertEqual((queued.state, queued.reason_code), ("refused", "stopped"))
        desk = marketing.get_desk()
        self.assertTrue(desk["campaigns"][0]["is_stopped"])
        marketing.lift(desk["stops"][0]["id"])
        self.assertFalse(marketing.get_desk()["stops"])
        action = marketing.get_messages_action(topic="Spring", state="delivered")
        self.assertEqual(self.env["hcrm.message"].search_count(action["domain"]), 4)
        with self.assertRaises(AccessError):
            self._as("agent")["hcrm.desk.marketing"].stop("No")

    def test_marketing_query_count(self):
        marketing = self._as("marketing")["hcrm.desk.marketing"]
        self._add_message(topic="Campaign")
        marketing.get_desk()
        counts = []
        for size in (2, 50):
            for n in range(size):
                self._add_message(topic=f"Campaign {n}")
            counts.append(self._queries(marketing.get_desk))
        self.assertEqual(counts[0], counts[1])

    def test_another_hospital_is_out_of_reach(self):
        other = self.users["agent_b"]
        with self.assertRaises(UserError):
            self.desk.redeal(other.id)
