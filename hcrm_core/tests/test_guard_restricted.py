from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.fields import Domain
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ROLES, HcrmCommon

# R8: the classes a role sees without a grant
OPEN_TO = {
    "public": {"vip_centre", "privacy_officer"},
    "staff": set(),
    "sensitive": set(),
}
# roles that have no people at all
NO_PEOPLE = {"outsourced_agent", "head_office"}

FACTS = (
    "hcrm.encounter",
    "hcrm.appointment",
    "hcrm.coverage",
    "hcrm.charge",
    "hcrm.condition",
    "hcrm.allergy",
    "hcrm.procedure",
    "hcrm.medication",
    "hcrm.observation",
    "hcrm.event",
)


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardRestricted(HcrmCommon):
    """A restricted person leaves no trace for others (R8)."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # the right to export is not what keeps a hidden person out of an export
        export = cls.env.ref("base.group_allow_export")
        for user in cls.users.values():
            user.group_ids += export
        cls.relative = cls._make_person("Zhao Relative", phone="13911110000")
        cls.people = {}
        for index, confidentiality in enumerate(OPEN_TO):
            person = cls._make_person(
                f"Qianqian Hidden {confidentiality}",
                confidentiality=confidentiality,
                alias=f"Guest {index}",
                phone=f"1390000000{index}",
                mrn=f"SECRET{index}",
                email=f"hidden{index}@example.com",
            )
            cls._add_identifier(person, "ric", f"11010519491231002{index}")
            cls._add_story(person)
            cls._add_relation(cls.relative, person)
            cls._add_relation(person, cls.relative, "child")
            cls.env["hcrm.person.profile"].create(
                {"partner_id": person.id, "company_id": cls.company_a.id}
            )
            # what lies around a person in Odoo itself
            person.message_subscribe([cls.relative.id])
            person.message_post(body="Called, asked for a quiet room")
            cls.relative.message_subscribe([person.id])
            cls.relative.message_post(body="x", partner_ids=person.ids)
            person.activity_schedule("mail.mail_activity_data_todo", summary="Call")
            cls.env["res.partner.bank"].create(
                {"acc_number": f"62220000{index}", "partner_id": person.id}
            )
            cls.env["calendar.event"].create(
                {
                    "name": "Tour of the ward",
                    "start": fields.Datetime.now(),
                    "stop": fields.Datetime.now(),
                    "partner_ids": [(6, 0, person.ids)],
                }
            )
            cls.people[confidentiality] = person
        left, right = sorted((cls.people["staff"], cls.relative), key=lambda p: p.id)
        cls.candidate = cls.env["hcrm.duplicate.candidate"].create(
            {"left_id": left.id, "right_id": right.id, "reason": "Same phone"}
        )
        cls.env.flush_all()

    def _hidden_cases(self):
        for confidentiality, person in self.people.items():
            for role in ROLES:
                if role not in OPEN_TO[confidentiality]:
                    yield role, self._as(role), person

    # ------------------------------------------------------------------
    # NO TRACE
    # ------------------------------------------------------------------
    def test_no_list_search_count_or_picker(self):
        """R8: list, global search, picker, group-by and export show nothing."""
        for role, env, person in self._hidden_cases():
            with self.subTest(role=role, person=person.name):
                Partner = env["res.partner"].with_context(active_test=False)
                by_id = [("id", "=", person.id)]
                self.assertFalse(Partner.search(by_id))
                self.assertEqual(Partner.search_count(by_id), 0)
                self.assertFalse(
                    Partner.search([("name", "ilike", "Qianqian")]) & person
                )
                self.assertFalse(Partner.search([("email", "=", person.email)]))
                self.assertNotIn(
                    person.id, [row[0] for row in Partner.name_search("Qianqian")]
                )
                self.assertNotIn(
                    person.id, [row[0] for row in Partner.name_search("Guest")]
                )
                groups = Partner.formatted_read_group(
                    by_id, ["hcrm_confidentiality"], ["__count"]
                )
                self.assertEqual(sum(group["__count"] for group in groups), 0)
                self.assertEqual(Partner.web_search_read(by_id, {})["length"], 0)

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_no_read_write_or_export(self):
        for role, env, person in self._hidden_cases():
            with self.subTest(role=role, person=person.name):
                hidden = person.with_env(env)
                self.assertFalse(hidden.has_access("read"))
                with self.assertRaises(AccessError):
                    hidden.read(["name"])
                with self.assertRaises(AccessError):
                    hidden.export_data(["name"])
                with self.assertRaises(AccessError):
                    hidden.write({"comment": "x"})
                with self.assertRaises(AccessError):
                    hidden.message_post(body="x")

    def test_no_mention_or_suggestion(self):
        for role, env, person in self._hidden_cases():
            with self.subTest(role=role, person=person.name):
                found = env["res.partner"].get_mention_suggestions("Qianqian")
                self.assertNotIn(
                    person.id, [row["id"] for row in found.get("res.partner", [])]
                )

    def test_no_row_of_any_model_leads_to_the_person(self):
        """R8: no record of any model that a role may search points to the person,
        be it a file, fact, relation, grant, follower, message or queue."""
        for role, env, person in self._hidden_cases():
            for model, field in self._partner_fields(env):
                with self.subTest(role=role, person=person.name, model=model):
                    domain = Domain(field.name, "in", person.ids)
                    Model = env[model].with_context(active_test=False)
                    self.assertFalse(Model.search(domain, limit=1), field)
                    self.assertEqual(Model.search_count(domain), 0)

    def _partner_fields(self, env):
        """Yield every stored field to a partner of every model ``env`` may read."""
        for model in env.registry:
            Model = env[model]
            if Model._abstract or not Model._auto or not Model.has_access("read"):
                continue
            for field in Model._fields.values():
                if (
                    field.comodel_name == "res.partner"
                    and field.store
                    and field.column_type
                    and Model._has_field_access(field, "read")
                ):
                    yield model, field

    def test_no_record_of_a_document_of_the_person(self):
        """Messages, activities, followers and files that hang on the person."""
        for role, env, person in self._hidden_cases():
            for model, id_field in (
                ("mail.message", "res_id"),
                ("mail.activity", "res_id"),
                ("mail.followers", "res_id"),
                ("ir.attachment", "res_id"),
            ):
                Model = env[model]
                if not Model.has_access("read"):
                    continue
                name = "model" if model == "mail.message" else "res_model"
                with self.subTest(role=role, model=model, person=person.name):
                    found = Model.search(
                        [(name, "=", "res.partner"), (id_field, "=", person.id)]
                    )
                    self.assertFalse(found)

    def test_no_meeting_names_the_person(self):
        """A shared meeting shows who takes part, without the person."""
        meetings = self.env["calendar.event"].search(
            [("name", "=", "Tour of the ward")]
        )
        for role, env, person in self._hidden_cases():
            with self.subTest(role=role, person=person.name):
                meetings.invalidate_recordset()
                for row in meetings.with_env(env).read(["partner_ids", "attendee_ids"]):
                    self.assertNotIn(person.id, row["partner_ids"])
                    attendees = env["calendar.attendee"].browse(row["attendee_ids"])
                    self.assertNotIn(person, attendees.sudo().partner_id)

    # ------------------------------------------------------------------
    # WHO DOES SEE
    # ------------------------------------------------------------------
    def test_vip_centre_and_privacy_officer_see_public_persons(self):
        for role in OPEN_TO["public"]:
            visible = self._as(role)["res.partner"].search(
                [("id", "in", [person.id for person in self.people.values()])]
            )
            self.assertEqual(visible.ids, self.people["public"].ids, role)

    def test_a_grant_opens_person_and_facts_at_once(self):
        person = self.people["sensitive"]
        env = self._as("nurse")
        domain = [("partner_id", "=", person.id)]
        self.assertFalse(env["hcrm.encounter"].search(domain))
        self._grant(person, "nurse")
        self.assertEqual(env["res.partner"].search([("id", "=", person.id)]), person)
        for model in FACTS:
            if env[model].has_access("read"):
                self.assertTrue(env[model].search(domain), model)
        self.assertFalse(self._as("doctor")["hcrm.encounter"].search(domain))

    def test_a_grant_ends_although_rules_are_cached(self):
        person = self.people["staff"]
        env = self._as("nurse")
        now = fields.Datetime.now()
        grant = self._grant(person, "nurse", date_start=now - timedelta(days=1))
        domain = [("id", "=", person.id)]
        self.assertTrue(env["res.partner"].search(domain))
        grant.date_end = now - timedelta(seconds=1)
        self.assertFalse(env["res.partner"].search(domain))
        self.assertFalse(person.with_env(env).has_access("read"))
        grant.date_end = now + timedelta(hours=1)
        self.assertTrue(env["res.partner"].search(domain))
        grant.date_start = now + timedelta(minutes=30)
        self.assertFalse(env["res.partner"].search(domain))

    def test_strictest_file_counts_and_normal_is_empty(self):
        person = self._make_person("Zhou", self.company_a + self.company_b)
        files = person.hcrm_file_ids
        self.assertFalse(person.hcrm_confidentiality)
        files[0].confidentiality = "staff"
        files[1].confidentiality = "sensitive"
        self.assertEqual(person.hcrm_confidentiality, "sensitive")
        files[1].unlink()
        self.assertEqual(person.hcrm_confidentiality, "staff")
        files[0].confidentiality = "normal"
        self.assertFalse(person.hcrm_confidentiality)

    # ------------------------------------------------------------------
    # GRANTS
    # ------------------------------------------------------------------
    def test_privacy_officer_grants_by_number_without_seeing_the_person(self):
        person = self.people["sensitive"]
        grant = self._as("privacy_officer")["hcrm.person.access"].create(
            {
                "person_number": "secret-2",
                "user_id": self.users["nurse"].id,
                "reason": "On the ward",
            }
        )
        self.assertEqual(grant.sudo().partner_id, person)
        self.assertTrue(
            self._as("nurse")["res.partner"].search([("id", "=", person.id)])
        )
        self.assertFalse(
            self._as("privacy_officer")["res.partner"].search([("id", "=", person.id)])
        )
        grant.action_withdraw()
        self.assertFalse(
            self._as("nurse")["res.partner"].search([("id", "=", person.id)])
        )

    def test_a_number_of_nobody_is_refused_in_words(self):
        with self.assertRaisesRegex(UserError, "whole medical record"):
            self._as("privacy_officer")["hcrm.person.access"].create(
                {"person_number": "SECRE", "user_id": self.users["nurse"].id}
            )

    def test_nobody_grants_themselves_access(self):
        for role in ("privacy_officer", "manager"):
            with self.assertRaisesRegex(AccessError, "themselves"):
                self._as(role)["hcrm.person.access"].create(
                    {"person_number": "SECRET2", "user_id": self.users[role].id}
                )

    # ------------------------------------------------------------------
    # STAFF
    # ------------------------------------------------------------------
    def test_a_user_is_no_card_and_a_card_is_no_user(self):
        """R8: what colleagues see of each other is a contact, not a card."""
        with self.assertRaisesRegex(ValidationError, "contact of its own"):
            self._make_metrics(self.users["nurse"].partner_id)
        person = self._make_person("Employee")
        with self.assertRaisesRegex(ValidationError, "contact of its own"):
            self.env["res.users"].create(
                {
                    "login": "employee",
                    "partner_id": person.id,
                    "group_ids": [(4, self.env.ref("base.group_user").id)],
                }
            )

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_what_decides_visibility_is_not_writable(self):
        person = self._make_person("Open")
        for role in ROLES:
            mine = person.with_env(self._as(role))
            for vals in (
                {"hcrm_metrics_id": False},
                {"hcrm_confidentiality": False},
                {"hcrm_merged_into_id": self.relative.id},
            ):
                with self.assertRaises(AccessError, msg=role):
                    mine.write(vals)
