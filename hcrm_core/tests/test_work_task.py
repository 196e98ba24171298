from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from .common import HcrmCommon


@tagged("post_install", "-at_install", "hcrm_core_work")
class TestWorkTask(HcrmCommon):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.person = cls._make_person("林晓")
        cls.kind = cls.env.ref("hcrm_core.task_kind_callback")
        cls.second = cls._make_user("agent_two", "hcrm_core.group_agent", cls.company_a)
        cls.third = cls._make_user(
            "agent_three", "hcrm_core.group_agent", cls.company_a
        )

    def _open(self, count=1, **vals):
        return self.env["hcrm.task"]._open(
            [
                {
                    "partner_id": self.person.id,
                    "company_id": self.company_a.id,
                    "kind_id": self.kind.id,
                    "name": f"Call back {n}",
                    **vals,
                }
                for n in range(count)
            ]
        )

    def _shift(self, user, start=-2, end=6, **vals):
        now = fields.Datetime.now()
        return self.env["hcrm.shift"].create(
            {
                "user_id": user.id,
                "company_id": self.company_a.id,
                "date_start": now + timedelta(hours=start),
                "date_end": now + timedelta(hours=end),
                **vals,
            }
        )

    def _env_of(self, user):
        return self.env(user=user, context={"allowed_company_ids": self.company_a.ids})

    def test_key_and_defaults(self):
        """A key makes a task once; role and due time come from its kind."""
        task = self._open(key="promise:1")
        self.assertFalse(self._open(key="promise:1"))
        self.assertEqual(task.group_id, self.env.ref("hcrm_core.group_agent"))
        self.assertGreater(task.date_due, fields.Datetime.now())

    def test_take_is_first_come(self):
        """Two who take the same task: one gets it, the other reads why not."""
        task = self._open()
        task.with_env(self._as("agent")).action_take()
        self.assertEqual(task.user_id, self.users["agent"])
        with self.assertRaisesRegex(UserError, "colleague"):
            task.with_env(self._env_of(self.second)).action_take()
        task.with_env(self._as("agent")).action_done()
        self.assertEqual((task.state, task.done_by_id), ("done", self.users["agent"]))

    def test_logged_off_with_12_open_items(self):
        """An agent goes with 12 open items; a minute later each has an owner (R16)."""
        agent = self.users["agent"]
        shift = self._shift(agent)
        self._shift(self.second)
        self._shift(self.third)
        tasks = self._open(12, user_id=agent.id)
        shift.date_end = fields.Datetime.now() - timedelta(seconds=1)
        self.env["hcrm.shift"]._cron_deal()
        owners = [task.user_id for task in tasks]
        self.assertEqual(set(owners), {self.second, self.third})
        self.assertEqual(owners.count(self.second), 6)

    def test_absence_deals_at_once(self):
        """Absent: open work is dealt at once (R16)."""
        agent = self.users["agent"]
        shift = self._shift(agent)
        self._shift(self.second)
        tasks = self._open(3, user_id=agent.id)
        shift.action_absent()
        self.assertEqual(tasks.user_id, self.second)

    def test_nobody_on_duty(self):
        """Nobody on duty: the work waits with its role, owned by nobody off shift."""
        agent = self.users["agent"]
        shift = self._shift(agent)
        task = self._open(user_id=agent.id)
        shift.date_end = fields.Datetime.now() - timedelta(seconds=1)
        self.env["hcrm.shift"]._cron_deal()
        self.assertFalse(task.user_id)
        self._shift(self.third)
        self.env["hcrm.shift"]._cron_deal()
        self.assertEqual(task.user_id, self.third)

    def test_without_roster_nothing_moves(self):
        """Who has no shifts at all keeps the work."""
        task = self._open(user_id=self.users["agent"].id)
        self.env["hcrm.shift"]._cron_deal()
        self.assertEqual(task.user_id, self.users["agent"])

    def test_query_count(self):
        """Dealing 2 and 50 tasks costs about the same number of queries."""
        counts = []
        self._shift(self.second)
        self.env["hcrm.task"]._deal(self._open(2))
        for size in (2, 50):
            tasks = self._open(size)
            self.env.flush_all()
            before = self.env.cr.sql_log_count
            self.env["hcrm.task"]._deal(tasks)
            self.env.flush_all()
            counts.append(self.env.cr.sql_log_count - before)
        self.assertEqual(counts[0], counts[1])
