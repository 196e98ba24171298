import copy
from datetime import date, datetime, timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import freeze_time, tagged
from odoo.tools import mute_logger

from odoo.addons.hcrm_core.feed_adapters.fhir_record import record_from_data

from .feed_common import FeedCommon
from .rule_common import RuleCommon


@tagged("post_install", "-at_install", "hcrm_core_rule")
class TestRulePlanned(RuleCommon):
    # ------------------------------------------------------------------
    # what is planned follows its fact
    # ------------------------------------------------------------------

    def _discharge(self, end=datetime(2026, 3, 2, 5), name="林晓"):
        visit = self._add_encounter(
            self._make_person(name),
            kind="inpatient",
            date_start=end - timedelta(days=5),
            date_end=end,
        )
        self._fact_event(visit, "finished", "discharged", end)
        return visit

    def test_corrected_discharge_moves_what_is_planned(self):
        """C17: an action planned from day 0 moves when the date is corrected."""
        rule = self._make_rule("Call", delay=2)
        visit = self._discharge()
        self._plan(rule)
        self.assertEqual(self._executions(rule).date_due, datetime(2026, 3, 4, 5))
        visit.date_end = datetime(2026, 3, 5, 5)
        self._facts_changed(visit)
        row = self._executions(rule)
        self.assertEqual(row.date_due, datetime(2026, 3, 7, 5))
        self.assertEqual((row.state, row.reason_code), ("planned", "moved"))

    def test_taken_back_fact_cancels_and_brings_back(self):
        """A fact deleted at the source cancels its action, with the reason; when it
        returns, so does the action."""
        rule = self._make_rule("Call", delay=2)
        visit = self._discharge()
        self._plan(rule)
        visit.write({"state": "cancelled", "source_state": "deleted"})
        self._facts_changed(visit)
        row = self._executions(rule)
        self.assertEqual((row.state, row.reason_code), ("cancelled", "void"))
        self.assertTrue(row.reason)
        visit.write({"state": "finished", "source_state": False})
        self._facts_changed(visit)
        self.assertEqual((row.state, row.reason), ("planned", False))

    def test_moved_appointment(self):
        """A reminder the day before moves with the appointment, and is cancelled with
        it; one that somebody cancelled stays cancelled."""
        rule = self._make_rule(
            "Remind",
            kind="appointment_booked",
            anchor="start",
            delay=1,
            delay_direction="before",
            hour_mode="fixed",
            hour=10,
        )
        booked = datetime(2026, 3, 1, 2)
        visits = self.env["hcrm.appointment"]
        for name in ("林晓", "林大"):
            visits |= self._add_appointment(
                self._make_person(name), date_start=datetime(2026, 3, 9, 1)
            )
        for visit in visits:
            self._fact_event(visit, "booked", "appointment_booked", booked)
        self._plan(rule)
        rows = self._executions(rule)
        self.assertEqual(set(rows.mapped("date_due")), {datetime(2026, 3, 8, 2)})
        mine = rows.filtered(lambda row: row.partner_id == visits[1].partner_id)
        mine.action_cancel("comes anyway")
        visits.date_start = datetime(2026, 3, 12, 1)
        self._facts_changed(visits)
        self.assertEqual((rows - mine).date_due, datetime(2026, 3, 11, 2))
        self.assertEqual(mine.state, "cancelled")
        self.assertIn("comes anyway", mine.reason)
        visits.state = "cancelled"
        self._facts_changed(visits)
        self.assertEqual((rows - mine).state, "cancelled")

    def test_moved_day_moves_what_is_planned(self):
        """R10: a corrected notice moves deadlines in working days."""
        rule = self._make_rule("Call", delay=1, delay_unit="workdays")
        rule._start()
        self._event(self._make_person("林晓"), datetime(2026, 3, 2, 5))
        self._plan(rule)
        self.assertEqual(self._executions(rule).date_due, datetime(2026, 3, 3, 5))
        day = self.env["hcrm.day"].create(
            {"company_id": self.company_a.id, "date": "2026-03-03", "name": "Off"}
        )
        self.assertTrue(rule.is_recount)
        self.env["hcrm.rule"]._cron_plan()
        self.assertEqual(self._executions(rule).date_due, datetime(2026, 3, 4, 5))
        self.assertFalse(rule.is_recount)
        day.unlink()
        self.env["hcrm.rule"]._cron_plan()
        self.assertEqual(self._executions(rule).date_due, datetime(2026, 3, 3, 5))

    def test_day_of_a_department(self):
        """R10: a department that works on a day off counts it."""
        rule = self._make_rule("Call", delay=1, delay_unit="workdays")
        self.env["hcrm.day"].create(
            {
                "company_id": self.company_a.id,
                "department_id": self.cardio.id,
                "date": "2026-03-07",
                "name": "Saturday clinic",
                "kind": "special",
            }
        )
        end = datetime(2026, 3, 6, 5)
        for department in (self.cardio, self.surgery):
            visit = self._add_encounter(
                self._make_person(department.name),
                department,
                kind="inpatient",
                date_end=end,
            )
            self._fact_event(visit, "finished", "discharged", end)
        self._plan(rule)
        self.assertEqual(
            self._executions(rule).mapped("date_due"),
            [datetime(2026, 3, 7, 5), datetime(2026, 3, 9, 5)],
        )

    def test_only_of_a_department(self):
        rule = self._make_rule("Call", department_ids=self.cardio.ids)
        for department in (self.cardio, self.surgery):
            visit = self._add_encounter(
                self._make_person(department.name), department, kind="inpatient"
            )
            self._fact_event(visit, "finished", "discharged", visit.date_start)
        self._plan(rule)
        self.assertEqual(self._executions(rule).partner_id.name, "Cardiology")

    def test_changed_rule_moves_what_is_planned(self):
        rule = self._make_rule("Call", delay=2)
        self._discharge()
        self._plan(rule)
        rule._start()
        rule.delay = 3
        self.env["hcrm.rule"]._cron_plan()
        self.assertEqual(self._executions(rule).date_due, datetime(2026, 3, 5, 5))

    # ------------------------------------------------------------------
    # people change
    # ------------------------------------------------------------------

    def test_reported_death_cancels_at_once(self):
        """R12: what is planned for somebody reported dead is cancelled in the same
        transaction; a condolence is not."""
        rule = self._make_rule("Call")
        condolence = self._make_rule("Condolence", kind="deceased")
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5))
        self._event(person, datetime(2026, 3, 2, 5), "deceased")
        self._plan(rule)
        self._plan(condolence)
        self.env["hcrm.person.report"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "kind": "deceased",
                "source": "relative",
            }
        )
        row = self._executions(rule)
        self.assertEqual((row.state, row.reason_code), ("cancelled", "deceased"))
        self.assertEqual(self._executions(condolence).state, "planned")
        self.Execution._run_due(10)
        self.assertEqual(self._executions(condolence).state, "done")
        # nothing is planned for them any more
        self._event(person, datetime(2026, 3, 3, 5))
        self.assertEqual(self._plan(rule), 0)

    def test_lost_pregnancy_ends_its_own_series(self):
        """R12: only what belongs to the pregnancy ends."""
        series = self._make_rule("Antenatal", stops_on_loss=True)
        other = self._make_rule("Other")
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5))
        self._plan(series)
        self._plan(other)
        self.env["hcrm.person.report"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "kind": "pregnancy_lost",
                "source": "person",
            }
        )
        self.assertEqual(self._executions(series).reason_code, "loss")
        self.assertEqual(self._executions(other).state, "planned")

    def test_death_told_by_the_his(self):
        rule = self._make_rule("Call")
        person = self._make_person("林晓")
        self._event(person, datetime(2026, 3, 2, 5))
        self._plan(rule)
        person.hcrm_status = "deceased"
        self._event(person, fields.Datetime.now(), "deceased")
        self.env["hcrm.rule"]._cron_plan()
        self.assertEqual(self._executions(rule).reason_code, "deceased")

    def test_who_is_no_longer_there(self):
        """C16: gone, erased, no file: each is skipped with its own reason, and nobody
        else is."""
        rule = self._make_rule("Call")
        people = {
            name: self._make_person(name)
            for name in ("deceased", "gone", "no_file", "here")
        }
        for person in people.values():
            self._event(person, datetime(2026, 3, 2, 5))
        self._plan(rule)
        people["deceased"].hcrm_status = "deceased"
        people["gone"].hcrm_status = "gone"
        people["no_file"].hcrm_file_ids.unlink()
        self.Execution._run_due(10)
        rows = {row.partner_id.name: row for row in self._executions(rule)}
        self.assertEqual(rows.pop("here").state, "done")
        for name, row in rows.items():
            self.assertEqual((row.state, row.reason_code), ("skipped", name))
            self.assertTrue(row.reason)

    def test_joined_cards(self):
        """What was planned for a card that was joined is done for the one that stays."""
        rule = self._make_rule("Call")
        old, new = self._make_person("林晓"), self._make_person("林晓")
        self._event(old, datetime(2026, 3, 2, 5))
        self._plan(rule)
        self.env["hcrm.person.redirect"]._redirect({old.id: new.id})
        self.Execution._run_due(10)
        row = self._executions(rule)
        self.assertEqual((row.partner_id, row.state), (new, "done"))

    def test_condition_in_words(self):
        """The ledger says which part of the condition no longer held (C16)."""
        rule = self._make_rule("Women", gender="female", age_from=18)
        person = self._make_person(
            "林晓", hcrm_gender="female", hcrm_birthdate=date(1980, 1, 1)
        )
        self._event(person, datetime(2026, 3, 2, 5))
        self._plan(rule)
        person.hcrm_gender = "male"
        self.Execution._run_due(10)
        row = self._executions(rule)
        self.assertEqual((row.state, row.reason_code), ("skipped", "condition"))
        self.assertIn("Female", row.reason)

    # ------------------------------------------------------------------
    # too late, and who goes first
    # ------------------------------------------------------------------

    def test_too_late_is_dropped(self):
        """C15: what is worthless by now is dropped, and says so."""
        rule = self._make_rule("Remind", stale_hours=12)
        self._event(self._make_person("林晓"), datetime(2026, 3, 2, 5))
        self._plan(rule)
        self.Execution._run_due(10)
        row = self._executions(rule)
        self.assertEqual((row.state, row.reason_code), ("skipped", "stale"))
        self.assertIn("12 hours", row.reason)

    @freeze_time("2026-03-02 06:00:00")
    def test_outreach_gives_way_to_care(self):
        """C18: a survey waits while care of the person is near, and goes after."""
        care = self._make_rule("Care", delay=1)
        survey = self._make_rule("Survey", purpose="survey")
        busy, free = self._make_person("林晓"), self._make_person("林大")
        for person in (busy, free):
            self._event(person, datetime(2026, 3, 2, 5), "discharged")
        self._plan(survey)
        self._plan(care)
        self._executions(care).filtered(lambda row: row.partner_id == free).write(
            {"state": "cancelled"}
        )
        self.Execution._run_due(10)
        rows = {row.partner_id: row for row in self._executions(survey)}
        self.assertEqual(rows[free].state, "done")
        self.assertEqual(
            (rows[busy].state, rows[busy].reason_code), ("planned", "waits")
        )
        self.assertEqual(rows[busy].date_due, datetime(2026, 3, 3, 5))
        with freeze_time("2026-03-06 06:00:00"):
            self.Execution._run_due(10)  # the care is done, the survey waits again
            self.assertEqual(self._executions(care).mapped("state").count("done"), 1)
            self.assertEqual(rows[busy].state, "planned")
        with freeze_time("2026-03-09 06:00:00"):
            self.Execution._run_due(10)
        self.assertEqual(rows[busy].state, "done")

    # ------------------------------------------------------------------
    # by hand
    # ------------------------------------------------------------------

    def test_retry(self):
        """A failed action is tried again after its reason is gone."""
        rule = self._make_rule("Call")
        self._event(self._make_person("林晓"), datetime(2026, 3, 2, 5))
        self._plan(rule)
        with patch.object(
            type(self.env["hcrm.task"]), "_open", side_effect=ValueError("no room")
        ):
            self.Execution._run_due(10)
        row = self._executions(rule)
        self.assertEqual((row.state, row.reason_code), ("failed", "error"))
        self.assertEqual(rule.failed_count, 1)
        row.with_env(self._as("manager")).action_retry()
        self.Execution._run_due(10)
        self.assertEqual((row.state, row.reason), ("done", False))

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_who_may_cancel(self):
        rule = self._make_rule("Call")
        self._event(self._make_person("林晓"), datetime(2026, 3, 2, 5))
        self._plan(rule)
        row = self._executions(rule)
        with self.assertRaises(AccessError):
            row.with_env(self._as("marketing")).action_cancel("no")
        with self.assertRaises(UserError):
            row.with_env(self._as("manager")).action_cancel(" ")
        with self.assertRaises(AccessError):
            row.with_env(self._as("manager")).write({"state": "done"})
        wizard = self._as("agent")["hcrm.rule.cancel"].create(
            {"execution_ids": row.ids, "reason": "asked for it"}
        )
        wizard.action_confirm()
        self.assertEqual(row.state, "cancelled")
        self.assertIn("Test agent: asked for it", row.reason)

    def test_card_shows_what_is_planned(self):
        """C17: the card says what, when, why and by which rule, from day 0; what a
        clinical rule plans is for clinical roles."""
        rule = self._make_rule("Call", task_name="Call after discharge")
        clinical = self._make_rule("Look", kind="result_abnormal")
        self.assertTrue(clinical.is_clinical)
        person = self._make_person("林晓")
        self._add_encounter(person)
        self._event(person, datetime(2026, 3, 2, 5))
        self._event(person, datetime(2026, 3, 2, 5), "result_abnormal")
        self._plan(rule)
        self._plan(clinical)
        rows = self._as("agent")["res.partner"].hcrm_get_card(person.id)["planned"]
        self.assertEqual(
            [(row["what"], row["rule"], row["why"]) for row in rows],
            [("Call after discharge", "Call", "Discharged")],
        )
        self.assertTrue(rows[0]["can_cancel"])
        rows = self._as("nurse")["res.partner"].hcrm_get_card(person.id)["planned"]
        self.assertEqual(len(rows), 2)

    def test_other_hospital_sees_nothing(self):
        """R3: what one hospital plans is not the other's business."""
        rule = self._make_rule("Call")
        both = self._make_person("林晓", self.company_a + self.company_b)
        self._event(both, datetime(2026, 3, 2, 5))
        self._event(both, datetime(2026, 3, 2, 5), company_id=self.company_b.id)
        self.assertEqual(self._plan(rule), 1)
        self.assertFalse(
            self._as("agent_b")["hcrm.rule.execution"].search(
                [("partner_id", "=", both.id)]
            )
        )

    # ------------------------------------------------------------------
    # birthdays and schedules
    # ------------------------------------------------------------------

    def _greeting(self, **vals):
        return self._make_rule(
            "Greeting",
            trigger="birthday",
            event_kind_id=False,
            hour_mode="fixed",
            hour=10,
            **vals,
        )

    def test_birthday(self):
        """Planned two weeks ahead, once; a corrected date of birth moves it."""
        rule = self._greeting()
        person = self._make_person("林晓", hcrm_birthdate=date(1980, 3, 10))
        now = datetime(2026, 3, 1, 5)
        with freeze_time(now):
            self.assertEqual(self._plan(rule, now, now), 1)
            self.assertEqual(self._plan(rule, now, now), 0)
            row = self._executions(rule)
            self.assertEqual(row.date_due, datetime(2026, 3, 10, 2))
            person.hcrm_birthdate = date(1980, 3, 12)
            self.env.flush_all()
            rule._follow()
            self._plan(rule, now, now)
            self.assertEqual(self._executions(rule).date_due, datetime(2026, 3, 12, 2))

    def test_birthday_on_leap_day(self):
        rule = self._greeting()
        self._make_person("林晓", hcrm_birthdate=date(1980, 2, 29))
        history = rule._history(datetime(2026, 1, 1), datetime(2029, 1, 1))
        self.assertEqual(
            [row[6] for row in history], ["2026-02-28", "2027-02-28", "2028-02-29"]
        )

    def test_weekly_at_most_once_in_days(self):
        """A weekly rule takes a person up once in 20 days, whatever the weeks."""
        rule = self._make_rule(
            "Weekly",
            trigger="weekly",
            weekday="0",
            event_kind_id=False,
            repeat_days=20,
            gender="female",
        )
        self._make_person("林晓", hcrm_gender="female")
        self._make_person("林大", hcrm_gender="male")
        planned = 0
        for day in range(2, 31):
            now = datetime(2026, 3, day, 5)
            planned += self._plan(rule, now - timedelta(days=1), now)
        self.assertEqual(planned, 2)
        self.assertEqual(
            self._executions(rule).mapped("occasion"), ["2026-03-02", "2026-03-23"]
        )

    # ------------------------------------------------------------------
    # self check
    # ------------------------------------------------------------------

    def test_self_check(self):
        """C19: what would have been done and was not raises an alarm; so does what is
        overdue, and a planner that fails."""
        now = fields.Datetime.now()
        rule = self._make_rule("Call")
        rule.write({"is_running": True, "date_started": now - timedelta(days=10)})
        event = self._event(self._make_person("林晓"), now - timedelta(hours=5))
        check = (
            self.env["hcrm.rule.check"]
            ._cron_check()
            .filtered(lambda one: one.rule_id == rule)
        )
        self.assertEqual((check.would_count, check.missing_count), (1, 1))
        self.assertTrue(check.is_alarm)
        self.env["hcrm.rule"]._cron_plan()
        self.assertEqual(self._executions(rule).event_id, event)
        check = (
            self.env["hcrm.rule.check"]
            ._cron_check()
            .filtered(lambda one: one.rule_id == rule)
        )
        self.assertEqual((check.missing_count, check.late_count), (0, 1))
        self.assertGreaterEqual(check.lag_minutes, 299)
        self.assertGreaterEqual(self.env["hcrm.rule.check"]._lag_minutes(), 299)
        self.Execution._run_due(10)
        check = (
            self.env["hcrm.rule.check"]
            ._cron_check()
            .filtered(lambda one: one.rule_id == rule)
        )
        self.assertFalse(check.is_alarm, check.note)

    def test_failing_rule_says_so_and_the_rest_goes_on(self):
        now = fields.Datetime.now()
        bad, good = self._make_rule("Bad"), self._make_rule("Good")
        for rule in (bad, good):
            rule.write({"is_running": True, "date_started": now - timedelta(days=10)})
        self._event(self._make_person("林晓"), now - timedelta(hours=5))
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE hcrm_rule SET person_domain = '[(1)' WHERE id = %s", (bad.id,)
        )
        self.env.invalidate_all()
        self.env["hcrm.rule"]._cron_plan()
        self.assertTrue(bad.problem)
        self.assertEqual(len(self._executions(good)), 1)


@tagged("post_install", "-at_install", "hcrm_core_rule")
class TestRuleFeed(FeedCommon):
    """What is planned follows the HIS in the transaction of the feed's page."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.feed_run = cls.source._start_run(enqueue=False)
        cls.feed_run.is_backfill = False
        cls.now = fields.Datetime.now()

    def _feed(self, *records):
        parsed = [record_from_data(copy.deepcopy(record), "") for record in records]
        self.env["hcrm.feed.pipeline"]._process(self.feed_run, parsed)
        self.env.invalidate_all()

    def test_feed_moves_and_cancels(self):
        """C17: a moved appointment moves its reminder, a cancelled one cancels it, and
        a returning one brings it back."""
        rule = self.env["hcrm.rule"].create(
            {
                "name": "Remind",
                "company_id": self.source.company_id.id,
                "event_kind_id": self.env.ref(
                    "hcrm_core.event_kind_appointment_booked"
                ).id,
                "task_kind_id": self.env.ref("hcrm_core.task_kind_call").id,
                "anchor": "start",
                "delay": 1,
                "delay_direction": "before",
            }
        )
        start = (self.now + timedelta(days=9)).replace(microsecond=0)

        def appointment(number, status, shift=0):
            return self._resource(
                "Appointment",
                "ap",
                f"{(self.now - timedelta(hours=9 - number)).isoformat()}Z",
                status=status,
                start=f"{(start + timedelta(days=shift)).isoformat()}Z",
                participant=[{"actor": {"reference": "Patient/p1"}}],
            )

        self._feed(self._patient(), appointment(1, "booked"))
        rule._plan(self.now - timedelta(days=1), self.now + timedelta(days=1))
        row = rule.execution_ids
        self.assertEqual(row.date_due, start - timedelta(days=1))
        self._feed(appointment(2, "booked", 3))
        self.assertEqual(row.date_due, start + timedelta(days=2))
        self._feed(appointment(3, "cancelled", 3))
        self.assertEqual((row.state, row.reason_code), ("cancelled", "void"))
        self._feed(appointment(4, "booked", 4))
        self.assertEqual(
            (row.state, row.date_due), ("planned", start + timedelta(days=3))
        )
