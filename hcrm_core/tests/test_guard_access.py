from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .common import ROLES, HcrmCommon

# What each role may do with each model: c(reate) r(ead) u(pdate) d(elete), "-" nothing.
# A model missing here fails the test: whoever adds one decides who may touch it.
COLUMNS = (
    "user front_desk vip_centre agent outsourced_agent nurse doctor department_head "
    "quality_officer privacy_officer marketing partner_manager manager centre_head "
    "head_office integrator"
).split()
MATRIX = """
# model                 user desk vip  agnt outs nurs doct dept qual priv mktg part mgr  head ho   api
# ---- people
res.partner             r    cru  cru  cru  r    cru  r    r    r    r    r    r    cru  r    r    cru
hcrm.person.company     r    cru  cru  cru  -    cru  r    r    r    r    r    r    cru  r    -    cru
hcrm.person.identifier  r    cru  cru  cru  -    cru  r    r    r    r    r    r    crud r    -    cru
hcrm.contact.point      r    cru  cru  cru  -    cru  r    r    r    r    r    r    crud r    -    cru
hcrm.person.relation    r    cru  cru  cru  -    cru  r    r    r    r    r    r    crud r    -    cru
hcrm.person.profile     r    cru  cru  cru  -    cru  r    r    r    r    r    r    crud r    -    cru
hcrm.person.search      -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.person.metrics     -    -    -    -    -    -    -    -    -    -    -    -    -    -    r    -
hcrm.merge.log          -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.duplicate.candidate -   cru  cru  cru  -    cru  -    -    -    -    -    -    crud -    -    cru
hcrm.person.access      r    r    r    r    -    r    r    r    r    cru  r    r    cru  r    -    r
hcrm.access.log         -    -    -    -    -    -    -    -    -    r    -    -    -    -    -    -
hcrm.access.question    ru   ru   ru   ru   -    ru   ru   ru   ru   cru  ru   ru   ru   ru   -    ru
# ---- what the administrator sets up
hcrm.integration        -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.campus             r    r    r    r    -    r    r    r    r    r    r    r    cru  r    -    r
hcrm.department         r    r    r    r    -    r    r    r    r    r    r    r    cru  r    -    r
hcrm.practitioner       r    r    r    r    -    r    r    r    r    r    r    r    cru  r    -    r
hcrm.person.class       r    r    r    r    -    r    r    r    r    r    r    r    cru  r    -    r
hcrm.identifier.type    r    r    r    r    -    r    r    r    r    r    r    r    cru  r    -    r
hcrm.event.kind         r    r    r    r    -    r    r    r    r    r    r    r    cru  r    -    r
hcrm.chronic.group      -    -    -    -    -    r    r    r    r    -    -    -    crud -    -    -
# ---- facts of the HIS: nobody writes them
hcrm.encounter          r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.appointment        r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.coverage           r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.event              r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.condition          -    -    -    -    -    r    r    r    r    -    -    -    -    -    -    -
hcrm.allergy            -    -    -    -    -    r    r    r    r    -    -    -    -    -    -    -
hcrm.procedure          -    -    -    -    -    r    r    r    r    -    -    -    -    -    -    -
hcrm.medication         -    -    -    -    -    r    r    r    r    -    -    -    -    -    -    -
hcrm.observation        -    -    -    -    -    r    r    r    r    -    -    -    -    -    -    -
hcrm.charge             -    -    -    -    -    -    -    -    -    -    r    -    r    r    -    -
# ---- figures without names
hcrm.fact.visit         -    -    -    -    -    -    -    -    -    -    r    -    r    r    r    -
hcrm.fact.charge        -    -    -    -    -    -    -    -    -    -    r    -    r    r    r    -
# ---- what our desks plan
hcrm.reception          -    -    cru  -    -    -    -    -    -    r    -    -    crud -    -    -
# ---- message and work
hcrm.day                r    r    r    r    -    r    r    r    r    r    r    r    crud r    -    r
hcrm.consent.text       r    r    r    r    -    r    r    r    r    cru  r    r    cru  r    -    r
hcrm.consent            r    cr   cr   cr   -    cr   r    r    r    cr   r    r    cr   r    -    cr
hcrm.hold               r    cru  cru  cru  -    cru  cru  cru  cru  r    r    r    cru  r    -    cru
hcrm.message.stop       r    r    r    r    -    r    r    r    r    r    cru  r    cru  cru  -    r
hcrm.person.report      cru  cru  cru  cru  -    cru  cru  cru  cru  cru  cru  cru  cru  cru  -    cru
hcrm.message.policy     r    r    r    r    -    r    r    r    r    r    r    r    crud r    -    r
hcrm.message            r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.template           r    r    r    r    -    r    r    cru  cru  r    cru  r    crud r    -    r
hcrm.template.text      r    r    r    r    -    r    r    crud crud r    crud r    crud r    -    r
hcrm.template.block     r    r    r    r    -    r    r    cru  cru  r    cru  r    crud r    -    r
hcrm.template.block.line r   r    r    r    -    r    r    crud crud r    crud r    crud r    -    r
hcrm.gateway            -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.gateway.filing     -    -    -    -    -    -    -    -    -    -    -    -    crud -    -    -
hcrm.gateway.filing.place -  -    -    -    -    -    -    -    -    -    -    -    crud -    -    -
hcrm.message.event      -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.preference.link    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.inbound            r    ru   ru   ru   -    ru   r    r    r    r    r    r    ru   r    -    ru
hcrm.conversation       r    ru   ru   ru   -    ru   r    r    r    r    r    r    ru   r    -    ru
hcrm.conversation.log   r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.autoreply          r    r    r    r    -    r    r    r    r    r    r    r    crud r    -    r
hcrm.task.kind          r    r    r    r    -    r    r    r    r    r    r    r    cru  r    -    r
hcrm.task               cru  cru  cru  cru  -    cru  cru  cru  cru  cru  cru  cru  cru  cru  -    cru
hcrm.task.log           r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.handover           r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.shift.swap         r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.shift              r    r    r    r    -    r    r    r    r    r    r    r    crud r    -    r
hcrm.rule               r    r    r    r    -    r    r    r    r    r    r    r    crud r    -    r
hcrm.rule.execution     r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
hcrm.rule.condition     r    r    r    r    -    r    r    r    r    r    r    r    crud r    -    r
hcrm.rule.check         -    -    -    -    -    -    -    -    -    -    -    -    r    r    -    -
hcrm.ethics.policy      r    r    r    r    -    r    r    r    r    cru  r    r    cru  r    -    r
hcrm.ethics.change      r    r    r    r    -    r    r    r    r    r    r    r    r    r    -    r
# ---- feed
hcrm.feed.source        -    -    -    -    -    -    -    -    -    -    -    -    crud -    -    -
hcrm.feed.model         -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.feed.model.field   -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.feed.push          -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.person.origin      -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.feed.run           -    -    -    -    -    -    -    -    -    -    -    -    cru  -    -    -
hcrm.feed.cursor        -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.feed.vanished      -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.feed.listed        -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
hcrm.feed.case          -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.feed.code          -    -    -    -    -    -    -    -    -    -    -    -    crud -    -    -
hcrm.feed.table         -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.feed.column        -    -    -    -    -    -    -    -    -    -    -    -    r    -    -    -
hcrm.feed.inbox         -    -    -    -    -    -    -    -    -    -    -    -    ru   -    -    -
hcrm.feed.identity      -    -    -    -    -    -    -    -    -    -    -    -    -    -    -    -
"""  # noqa: E501
OPERATIONS = {"c": "create", "r": "read", "u": "write", "d": "unlink"}


def read_matrix():
    """Return ``{model: {role: letters}}``."""
    rows = [
        line.split()
        for line in MATRIX.splitlines()
        if line and not line.startswith("#")
    ]
    return {row[0]: dict(zip(COLUMNS, row[1:], strict=True)) for row in rows}


@tagged("post_install", "-at_install", "hcrm_core_security")
class TestGuardAccess(HcrmCommon):
    """Who may do what with which model, and whose records they see."""

    # ------------------------------------------------------------------
    # CRUD MATRIX
    # ------------------------------------------------------------------
    def test_every_role_does_what_the_matrix_says(self):
        self.assertEqual(set(COLUMNS), set(ROLES))
        for model, letters_by_role in read_matrix().items():
            for role, letters in letters_by_role.items():
                Model = self._as(role)[model]
                allowed = "".join(
                    letter
                    for letter, operation in OPERATIONS.items()
                    if Model.has_access(operation)
                )
                self.assertEqual(allowed or "-", letters, f"{role} on {model}")

    def test_no_model_is_missing_from_the_matrix(self):
        ours = {
            model._name
            for model in self.env.values()
            if model._original_module == "hcrm_core"
            and not model._abstract
            and not model._transient
        }
        self.assertFalse(ours - read_matrix().keys())

    def test_wizards_belong_to_a_role(self):
        """A transient model is open to no more than the users of the suite."""
        for model in self.env.values():
            if model._original_module == "hcrm_core" and model._transient:
                for role in ("outsourced_agent", "head_office"):
                    self.assertFalse(
                        self._as(role)[model._name].has_access("create"), model._name
                    )

    def test_people_of_other_apps_and_portal_see_no_model_of_ours(self):
        plain = self._make_user("plain", "base.group_user", self.company_a)
        portal = self._make_user("patient", "base.group_portal", self.company_a)
        for model in read_matrix().keys() - {"res.partner"}:
            for user in (plain, portal):
                self.assertFalse(
                    self.env[model].with_user(user).has_access("read"), model
                )

    # ------------------------------------------------------------------
    # WHOSE PEOPLE
    # ------------------------------------------------------------------
    def test_roles_without_people_find_contacts_and_no_person(self):
        """R3, R16: head office, outsourced agents and other apps' users."""
        person = self._make_person("Wang Fang", phone="13912345678")
        contact = self.env["res.partner"].create({"name": "Wang Supplies"})
        plain = self._make_user("plain", "base.group_user", self.company_a)
        for user in (
            self.users["head_office"],
            self.users["outsourced_agent"],
            plain,
        ):
            found = (
                self.env["res.partner"]
                .with_user(user)
                .with_context(allowed_company_ids=self.company_a.ids)
                .search([("name", "like", "Wang")])
            )
            self.assertEqual(found & (person + contact), contact)

    def test_a_person_is_seen_where_they_have_a_file(self):
        """R3: another entity sees nothing, a person of both is seen by both."""
        person_a = self._make_person("Person A", self.company_a)
        person_b = self._make_person("Person B", self.company_b)
        both = self._make_person("Person AB", self.company_a + self.company_b)
        domain = [("id", "in", (person_a + person_b + both).ids)]
        for role, companies, expected in (
            ("agent", (), person_a + both),
            ("agent_b", (), person_b + both),
            ("agent_ab", (), person_a + person_b + both),
            ("agent_ab", (self.company_b,), person_b + both),
        ):
            found = self._as(role, *companies)["res.partner"].search(domain)
            self.assertEqual(found, expected.sorted(found._order), role)

    def test_every_record_belongs_to_one_entity(self):
        """R3: files, numbers, relatives, facts of one entity are unseen by another,
        also those of a person known to both."""
        person = self._make_person(
            "Person AB", self.company_a + self.company_b, phone="13912345678", mrn="A1"
        )
        relative = self._make_person("Relative", self.company_a + self.company_b)
        self._add_relation(person, relative)
        self.env["hcrm.person.profile"].create(
            {"partner_id": person.id, "company_id": self.company_a.id}
        )
        self._add_story(person)
        manager_b = self._make_user(
            "manager_b",
            "hcrm_core.group_crm_manager,hcrm_core.group_quality_officer",
            self.company_b,
        )
        env = self.env(
            user=manager_b,
            su=False,
            context={"allowed_company_ids": self.company_b.ids},
        )
        domain = [("partner_id", "=", person.id)]
        for model in read_matrix():
            Model = env[model]
            if "partner_id" not in Model._fields or not Model.has_access("read"):
                continue
            if model in ("res.partner", "hcrm.person.company"):
                continue
            with self.subTest(model=model):
                self.assertFalse(Model.search(domain))
        self.assertEqual(
            env["hcrm.person.company"].search(domain).company_id, self.company_b
        )
        number = self._add_identifier(person, "ric", "110105194912310021")
        self.assertEqual(env["hcrm.person.identifier"].search(domain), number)

    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_nobody_opens_a_file_on_a_person_of_another_entity(self):
        """R3: a guessed id opens nothing; registration with consent does."""
        person = self._make_person("Person A", self.company_a, phone="13912345678")
        env = self._as("agent_b")
        prospect = self.env.ref("hcrm_core.person_class_prospect").id
        with self.assertRaisesRegex(AccessError, "consent"):
            env["hcrm.person.company"].create(
                {
                    "partner_id": person.id,
                    "company_id": self.company_b.id,
                    "class_id": prospect,
                }
            )
        mine = self._make_person("Person B", self.company_b)
        for vals in ({"partner_id": person.id}, {"company_id": self.company_a.id}):
            with self.assertRaises(AccessError):
                mine.hcrm_file_ids.with_env(env).write(vals)
        with self.assertRaises(AccessError):
            env["hcrm.contact.point"].create(
                {
                    "partner_id": person.id,
                    "company_id": self.company_b.id,
                    "value": "1",
                    "number": "1",
                }
            )

    # ------------------------------------------------------------------
    # CLINICAL FACTS
    # ------------------------------------------------------------------
    def test_clinical_facts_of_own_departments_only(self):
        seen = self._make_person("Seen in cardio")
        booked = self._make_person("Booked in cardio")
        missed = self._make_person("Cancelled in cardio")
        other = self._make_person("Seen in surgery")
        self._add_encounter(seen)
        self._add_appointment(booked)
        self._add_appointment(missed, state="cancelled")
        self._add_encounter(other, self.surgery)
        people = seen + booked + missed + other
        for person in people:
            self._add_condition(person)
            self._add_event(person, "diagnosis_new")
        domain = [("partner_id", "in", people.ids)]
        for role, expected in (
            ("doctor", seen + booked),
            ("nurse", seen + booked),
            ("department_head", seen + booked),
            ("quality_officer", people),
        ):
            env = self._as(role)
            found = env["hcrm.condition"].search(domain).partner_id
            self.assertEqual(found.sorted("id"), expected.with_env(env), role)
            found = env["hcrm.event"].search(domain).partner_id
            self.assertEqual(found.sorted("id"), expected.with_env(env), role)
        # visits themselves are no clinical facts
        self.assertEqual(len(self._as("agent")["hcrm.encounter"].search(domain)), 2)
        self.assertFalse(self._as("agent")["hcrm.event"].search(domain))

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.orm.models")
    def test_clinical_fields_are_closed_to_others(self):
        person = self._make_person("Wang")
        visit = self._add_encounter(person, reason="Chest pain", type_name="Follow-up")
        for name in ("type_name", "reason", "discharge_to"):
            self.assertTrue(visit.with_env(self._as("doctor")).read([name]))
            for role in ("front_desk", "marketing", "manager", "integrator"):
                with self.assertRaises(AccessError):
                    visit.with_env(self._as(role)).read([name])
                with self.assertRaises(AccessError):
                    self._as(role)["hcrm.encounter"].search([(name, "!=", False)])

    @mute_logger("odoo.addons.base.models.ir_model", "odoo.orm.models")
    def test_national_numbers_are_masked_for_who_need_them_not(self):
        """Whoever registers reads identity numbers, others see the last digits and
        find a person by the whole number alone."""
        person = self._make_person("Wang", mrn="A-77")
        self._add_encounter(person)
        paper = self._add_identifier(person, "ric", "110105194912310021")
        self.assertEqual(paper.with_env(self._as("agent")).value, "110105194912310021")
        for role in ("doctor", "marketing", "centre_head", "privacy_officer"):
            env = self._as(role)
            mine = paper.with_env(env)
            self.assertEqual(mine.display_name, "•" * 14 + "0021", role)
            number = person.hcrm_identifier_ids.filtered("company_id").with_env(env)
            self.assertEqual(number.value_masked, "A-77")
            for name in ("value", "value_norm"):
                with self.assertRaises(AccessError):
                    mine.read([name])
                with self.assertRaises(AccessError):
                    env["hcrm.person.identifier"].search([(name, "=like", "1%")])
            Identifier = env["hcrm.person.identifier"]
            self.assertEqual(
                Identifier.search([("value_masked", "=", "110105194912310021")]), mine
            )
            self.assertFalse(Identifier.name_search("1101051949"))
            self.assertEqual(
                env["res.partner"].search([("hcrm_mrn", "=", "A-77")]).id, person.id
            )

    # ------------------------------------------------------------------
    # SENSITIVE DEPARTMENTS
    # ------------------------------------------------------------------
    @mute_logger("odoo.addons.base.models.ir_rule")
    def test_sensitive_department_has_a_neutral_label(self):
        """R8: outside clinical roles neither label, search nor group-by tells it."""
        visit = self._add_encounter(self._make_person("Wang"), self.psych)
        for role, label in (("doctor", "Psychiatry"), ("front_desk", "Clinic 3")):
            env = self._as(role)
            department = visit.with_env(env).department_id
            self.assertEqual(department.display_name, label)
            Encounter = env["hcrm.encounter"]
            [row] = Encounter.web_search_read(
                [("id", "=", visit.id)],
                {"department_id": {"fields": {"display_name": {}}}},
            )["records"]
            self.assertEqual(row["department_id"]["display_name"], label)
            [group] = Encounter.formatted_read_group(
                [("id", "=", visit.id)], ["department_id"], ["__count"]
            )
            self.assertEqual(group["department_id"][1], label)
            found = Encounter.search([("department_id.name", "ilike", "psych")])
            self.assertEqual(bool(found), role == "doctor")
            found = Encounter.search([("department_id", "ilike", "psych")])
            self.assertEqual(bool(found), role == "doctor")
        with self.assertRaises(AccessError):
            self.psych.with_env(self._as("front_desk")).read(["name"])
