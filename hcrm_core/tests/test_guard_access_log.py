from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError
from odoo.tests import HttpCase, tagged
from odoo.tools import SQL, mute_logger

from .common import HcrmCommon, HcrmWorld

PIXEL = (
    b"iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9"
    b"awAAAABJRU5ErkJggg=="
)


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardAccessLog(HcrmWorld, HttpCase):
    """F235, R22: every opening, search with results and export is one row."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
        cls.person = cls._make_person("Zhang Wei", phone="13922220000", mrn="Z-100")
        cls._add_story(cls.person)
        cls._add_encounter(cls.person, date_start=fields.Datetime.now())
        cls.people = cls.person + cls._make_person("Zhang Min")
        cls.contact = cls.env["res.partner"].create({"name": "Zhang Supplies"})
        cls.people._hcrm_refresh()

    def setUp(self):
        super().setUp()
        self.last = self._last_id()

    # ------------------------------------------------------------------
    # HELPERS
    # ------------------------------------------------------------------
    def _last_id(self):
        logs = self.env["hcrm.access.log"].search([], limit=1)
        return logs.id or 0

    def _logged(self):
        """Return the rows since the last look."""
        self.env.invalidate_all()
        logs = self.env["hcrm.access.log"].search([("id", ">", self.last)], order="id")
        self.last = max(self.last, *logs.ids, 0)
        return logs

    def _web(self, role, model, method, *args, **kwargs):
        """Call as the web client does; return the answer or the error."""
        self.authenticate(role, role)
        response = self.url_open(
            f"/web/dataset/call_kw/{model}/{method}",
            json={
                "params": {
                    "model": model,
                    "method": method,
                    "args": args,
                    "kwargs": kwargs,
                }
            },
        ).json()
        return response.get("error") or response["result"]

    def _key(self, role):
        return (
            self.env["res.users.apikeys"]
            .with_user(self.users[role])
            ._generate("rpc", "test", fields.Datetime.now() + timedelta(hours=1))
        )

    def _json2(self, role, model, method, **kwargs):
        response = self.url_open(
            f"/json/2/{model}/{method}",
            json=kwargs,
            headers={
                "Authorization": f"Bearer {self._key(role)}",
                "X-Odoo-Database": self.env.cr.dbname,
            },
        )
        self.assertEqual(response.status_code, 200, response.text)
        return response.json()

    def _xmlrpc(self, role, model, method, *args, **kwargs):
        return self.xmlrpc_object.execute_kw(
            self.env.cr.dbname,
            self.users[role].id,
            self._key(role),
            model,
            method,
            args,
            kwargs,
        )

    def _assert_one(self, kind, people, channel="web", query=False, role="nurse"):
        log = self._logged()
        self.assertEqual(len(log), 1, log.mapped("kind"))
        self.assertEqual(
            (log.kind, sorted(log.person_ids), log.channel, log.query, log.user_id),
            (kind, sorted(people.ids), channel, query, self.users[role]),
        )
        self.assertEqual(log.person_count, len(people))
        self.assertEqual(log.company_id, self.company_a)
        return log

    # ------------------------------------------------------------------
    # EACH PATH ONCE
    # ------------------------------------------------------------------
    def test_web_read_of_a_person(self):
        spec = {"name": {}, "hcrm_mrn": {}, "hcrm_contact_point_ids": {"fields": {}}}
        rows = self._web("nurse", "res.partner", "web_read", self.person.ids, spec)
        self.assertEqual(rows[0]["name"], "Zhang Wei")
        log = self._assert_one("read", self.person)
        self.assertIn("res.partner", log.model_names)
        self.assertTrue(log.ip)

    def test_web_read_of_a_clinical_fact(self):
        condition = self.env["hcrm.condition"].search(
            [("partner_id", "=", self.person.id)]
        )
        self._web("nurse", "hcrm.condition", "web_read", condition.ids, {"name": {}})
        self._assert_one("read", self.person)

    def test_card_timeline_and_caller(self):
        for method, args, kind, query in (
            ("hcrm_get_card", (self.person.id,), "card", False),
            ("hcrm_get_timeline", (self.person.id,), "timeline", False),
            ("hcrm_get_trends", (self.person.id,), "timeline", False),
            ("hcrm_get_health", (self.person.id,), "timeline", False),
            ("hcrm_find_by_phone", ("13922220000",), "caller", "13922220000"),
        ):
            with self.subTest(method=method):
                answer = self._web("nurse", "res.partner", method, *args)
                self.assertNotIn("message", answer)
                self._assert_one(kind, self.person, query=query)

    def test_searches_with_typed_text(self):
        found = self._web("nurse", "res.partner", "name_search", name="zhang")
        self.assertEqual(len(found), 3)
        self._assert_one("search", self.people, query="zhang")
        self._web("nurse", "res.partner", "hcrm_desk_search", "zhang wei")
        self._assert_one("search", self.person, query="zhang wei")
        self._web(
            "nurse",
            "res.partner",
            "web_search_read",
            [["display_name", "ilike", "zhang"]],
            {"display_name": {}},
        )
        self._assert_one("search", self.people, query="zhang")

    def test_a_search_without_results_is_no_row(self):
        self._web("nurse", "res.partner", "name_search", name="nobody of this name")
        self.assertFalse(self._logged())

    def test_ordinary_contacts_are_no_row(self):
        self._web("nurse", "res.partner", "web_read", self.contact.ids, {"name": {}})
        self.assertFalse(self._logged())

    def test_groups_by_person_tell_names(self):
        self._web(
            "nurse",
            "hcrm.encounter",
            "web_read_group",
            [["partner_id", "in", self.people.ids]],
            ["partner_id"],
            ["__count"],
        )
        self._assert_one("read", self.person)

    def test_pivots_and_old_groups_by_person_tell_names(self):
        domain = [["partner_id", "in", self.people.ids]]
        for method, args in (
            ("formatted_read_grouping_sets", (domain, [[], ["partner_id"]])),
            ("read_group", (domain, ["id:count"], "partner_id")),
        ):
            with self.subTest(method=method), mute_logger("py.warnings"):
                self._web("nurse", "hcrm.encounter", method, *args)
                self._assert_one("read", self.person)

    def test_pictures_and_documents(self):
        """``/web/image`` and ``/web/content``; initials are no picture."""
        self.authenticate("nurse", "nurse")
        picture = f"/web/image/res.partner/{self.person.id}/avatar_128"
        self.assertEqual(self.url_open(picture).status_code, 200)
        self.assertFalse(self._logged())
        self.person.image_1920 = PIXEL
        self.env.flush_all()
        self.assertEqual(self.url_open(picture).status_code, 200)
        self._assert_one("picture", self.person)
        condition = self.env["hcrm.condition"].search(
            [("partner_id", "=", self.person.id)]
        )
        for record in (self.person, condition[:1]):
            letter = self.env["ir.attachment"].create(
                {
                    "name": "letter.txt",
                    "raw": b"Dear doctor",
                    "res_model": record._name,
                    "res_id": record.id,
                }
            )
            answer = self.url_open(f"/web/content/{letter.id}")
            self.assertEqual(answer.text, "Dear doctor")
            self._assert_one("document", self.person)

    def test_notes_and_messages(self):
        self.person.message_post(body="Fears needles")
        self.contact.message_post(body="Pays late")
        self.env.flush_all()
        self.authenticate("nurse", "nurse")
        for record, is_logged in ((self.person, True), (self.contact, False)):
            params = {"thread_model": "res.partner", "thread_id": record.id}
            answer = self.url_open("/mail/thread/messages", json={"params": params})
            self.assertIn("result", answer.json())
            if is_logged:
                self._assert_one("thread", record)
            domain = [["model", "=", "res.partner"], ["res_id", "=", record.id]]
            self._json2(
                "nurse", "mail.message", "search_read", domain=domain, fields=["body"]
            )
            if is_logged:
                self._assert_one("read", record, "json2")
            self.assertFalse(self._logged())

    @mute_logger("odoo.http")
    def test_exports_are_kept_to_officers_or_locked(self):
        """R22: lock the export, of the hospital or of one reader."""
        nurse = self.users["nurse"]
        nurse.group_ids += self.env.ref("base.group_allow_export")

        def export(records):
            return self._web("nurse", records._name, "export_data", records.ids, ["id"])

        self.assertIn("datas", export(self.people))
        self.company_a.hcrm_export_policy = "officers"
        self.assertIn("export officers", export(self.people)["data"]["message"])
        facts = self.env["hcrm.encounter"].search(
            [("partner_id", "in", self.people.ids)]
        )
        self.assertIn("export officers", export(facts)["data"]["message"])
        self.assertIn("datas", export(self.contact), "ordinary contacts")
        nurse.group_ids += self.env.ref("hcrm_core.group_export_officer")
        self.assertIn("datas", export(self.people))
        Desk = self._as("privacy_officer")["hcrm.privacy.desk"]
        self.assertTrue(Desk.lock_export(nurse.id))
        self.assertIn("are locked", export(self.people)["data"]["message"])
        with self.assertRaises(AccessError):
            self._as("nurse")["hcrm.privacy.desk"].lock_export(nurse.id, False)
        self.assertFalse(Desk.lock_export(nurse.id, False))
        self.assertIn("datas", export(self.people))
        self.company_a.hcrm_export_policy = "locked"
        self.assertIn("are locked", export(self.people)["data"]["message"])

    @mute_logger(
        "odoo.addons.hcrm_core.models.guard.access_log_write",
        "odoo.http",
        "odoo.sql_db",
    )
    def test_clinical_facts_are_not_shown_without_a_log(self):
        """DESIGN.md section 4: if the log fails, clinical reads are refused."""
        condition = self.env["hcrm.condition"].search(
            [("partner_id", "=", self.person.id)]
        )
        broken = SQL("INSERT INTO hcrm_access_log (no_such_column) VALUES (1)")
        Log = type(self.env["hcrm.access.log"])
        with patch.object(Log, "_insert_sql", lambda self, buffer: broken):
            for model, method, args in (
                ("hcrm.condition", "web_read", (condition.ids, {"name": {}})),
                ("hcrm.condition", "web_search_read", ([], {"name": {}})),
                ("res.partner", "hcrm_get_health", (self.person.id,)),
                ("res.partner", "hcrm_get_timeline", (self.person.id,)),
            ):
                answer = self._web("nurse", model, method, *args)
                self.assertIn("cannot be written", answer["data"]["message"])

    def test_search_read_over_json2(self):
        domain = [["id", "in", self.people.ids]]
        self._json2(
            "nurse", "res.partner", "search_read", domain=domain, fields=["name"]
        )
        self._assert_one("read", self.people, "json2")
        self._json2("nurse", "res.partner", "hcrm_get_card", partner_id=self.person.id)
        self._assert_one("card", self.person, "json2")

    @mute_logger("odoo.addons.rpc.controllers.xmlrpc")
    def test_search_read_over_xmlrpc(self):
        domain = [["id", "in", self.people.ids]]
        fields_ = ["name"]
        self._xmlrpc("nurse", "res.partner", "search_read", domain, fields_)
        log = self._assert_one("read", self.people, "rpc")
        self.assertTrue(log.ip)
        self._xmlrpc("nurse", "res.partner", "hcrm_get_card", self.person.id)
        self._assert_one("card", self.person, "rpc")

    def test_export_is_one_row(self):
        self.users["nurse"].group_ids += self.env.ref("base.group_allow_export")
        self._web(
            "nurse", "res.partner", "export_data", self.people.ids, ["name", "phone"]
        )
        self._assert_one("export", self.people)

    def test_registration_candidates(self):
        self._json2("nurse", "res.partner", "hcrm_register", vals={"name": "Zhang Wei"})
        log = self._logged().filtered(lambda log: log.kind == "search")
        self.assertEqual((log.query, log.person_ids), ("Zhang Wei", self.person.ids))

    # ------------------------------------------------------------------
    # WHO IS NOT LOGGED, AND WHAT HAPPENS WITHOUT A LOG
    # ------------------------------------------------------------------
    def test_cron_and_superuser_are_not_logged(self):
        self.person.with_env(self._as("nurse")).read(["name"])
        self.person.sudo().read(["name"])
        self._web("nurse", "hcrm.desk", "get_home_action")
        self.assertFalse(self._logged())

    @mute_logger("odoo.addons.hcrm_core.models.guard.access_log_write", "odoo.http")
    def test_what_cannot_be_logged_is_not_shown(self):
        broken = SQL("INSERT INTO hcrm_access_log (no_such_column) VALUES (1)")
        Log = type(self.env["hcrm.access.log"])
        with (
            patch.object(Log, "_insert_sql", lambda self, buffer: broken),
            mute_logger("odoo.sql_db"),
        ):
            answer = self._web("nurse", "res.partner", "hcrm_get_card", self.person.id)
            self.assertIn("cannot be written", answer["data"]["message"])
            self.assertNotIn("Zhang", str(answer["data"]["message"]))
            answer = self._web(
                "nurse", "res.users", "has_group", [2], "base.group_user"
            )
            self.assertNotIsInstance(answer, dict, "other pages work on")

    def test_care_relation_is_that_of_the_time(self):
        """R22: seen in the reader's department, or not."""
        stranger = self._make_person("Wang Stranger")
        for role, person, expected in (
            ("nurse", self.person, True),
            ("nurse", stranger, False),
            ("front_desk", self.person, True),
            ("front_desk", stranger, False),
        ):
            self._web(role, "res.partner", "hcrm_get_card", person.id)
            log = self._assert_one("card", person, role=role)
            log._settle_batch()
            self.assertEqual(log.has_relation, expected, f"{role}, {person.name}")
        self._add_phone(stranger, "13933330003")
        self._web("agent", "res.partner", "hcrm_find_by_phone", "13933330003")
        self._web("agent", "res.partner", "hcrm_get_card", stranger.id)
        logs = self._logged()
        logs._settle_batch()
        self.assertEqual(logs.mapped("has_relation"), [False, True])


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardAccessLogModel(HcrmCommon):
    def test_nobody_writes_or_deletes_the_log(self):
        Log = self.env["hcrm.access.log"]
        with self.assertRaisesRegex(AccessError, "kept as it is"):
            Log.create({"user_id": self.env.uid, "kind": "read"})
        with self.assertRaisesRegex(AccessError, "kept as it is"):
            Log.browse(1).write({"reason": "x"})
        with self.assertRaisesRegex(AccessError, "kept as it is"):
            Log.browse(1).unlink()

    def test_relation_is_told_once_and_of_the_moment(self):
        """R22: a visit booked after a curious look does not excuse the look."""
        self.env.cr.execute("DELETE FROM hcrm_access_log")
        person = self._make_person("Wang Curious")
        rows = [self._log_row("front_desk", person, days) for days in (400, 300, 0)]
        self._add_encounter(person, date_start=fields.Datetime.now() - timedelta(400))
        Log = self.env["hcrm.access.log"]
        self.assertEqual(Log._settle_batch(), 3)
        told = Log.browse(rows).mapped("has_relation")
        self.assertEqual(told, [True, True, False])
        self._add_encounter(person, date_start=fields.Datetime.now())
        self.assertEqual(Log._settle_batch(), 0)
        self.assertEqual(Log.browse(rows).mapped("has_relation"), told)

    def test_rows_are_deleted_after_six_years(self):
        """DESIGN.md section 4, growth: oldest first, batch by batch."""
        self.env.cr.execute("DELETE FROM hcrm_access_log")
        old = [self._log_row("nurse", self.env.user.partner_id, 2300) for _n in "1234"]
        new = self._log_row("nurse", self.env.user.partner_id, 2000)
        Log = self.env["hcrm.access.log"]
        with patch("odoo.addons.hcrm_core.models.guard.access_log.PURGE_BATCH", 3):
            with self.enter_registry_test_mode():
                self.env.ref(
                    "hcrm_core.ir_cron_access_log_purge"
                ).method_direct_trigger()
        self.assertEqual(Log.browse([*old, new]).exists().ids, [new])
        self.env["ir.config_parameter"].set_param("hcrm_core.access_log_years", "1")
        Log._purge_batch(Log._get_purge_date())
        self.assertFalse(Log.browse(new).exists())

    def _log_row(self, role, person, days):
        """Append a row of some days ago; return its id."""
        self.env.cr.execute(
            SQL(
                "INSERT INTO hcrm_access_log (date, user_id, company_id, kind,"
                " person_ids, person_count) VALUES (%s, %s, %s, 'card',"
                " jsonb_build_array(%s), 1) RETURNING id",
                fields.Datetime.now() - timedelta(days),
                self.users[role].id,
                self.company_a.id,
                person.id,
            )
        )
        return self.env.cr.fetchone()[0]
