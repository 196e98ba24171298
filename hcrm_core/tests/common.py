"""One small hospital group that all tests of the addon share."""

from datetime import datetime

from odoo import Command
from odoo.tests import TransactionCase
from odoo.tools import SQL

from odoo.addons.mail.tests.common import mail_new_test_user

# role -> its group; the name is also the login of the test user
ROLES = {
    "user": "hcrm_core.group_user",
    "front_desk": "hcrm_core.group_front_desk",
    "vip_centre": "hcrm_core.group_vip_centre",
    "agent": "hcrm_core.group_agent",
    "outsourced_agent": "hcrm_core.group_outsourced_agent",
    "nurse": "hcrm_core.group_nurse",
    "doctor": "hcrm_core.group_doctor",
    "department_head": "hcrm_core.group_department_head",
    "quality_officer": "hcrm_core.group_quality_officer",
    "privacy_officer": "hcrm_core.group_privacy_officer",
    "marketing": "hcrm_core.group_marketing",
    "partner_manager": "hcrm_core.group_partner_manager",
    "manager": "hcrm_core.group_crm_manager",
    "centre_head": "hcrm_core.group_centre_head",
    "head_office": "hcrm_core.group_head_office",
    "integrator": "hcrm_core.group_integrator",
}


class HcrmWorld:
    """Mixin that builds the world; use :class:`HcrmCommon` or an ``HttpCase``.

    Two legal entities (``company_a`` with ``campus_main`` and ``campus_east``,
    ``company_b`` with ``campus_b``), departments ``cardio``, ``psych`` (sensitive)
    and ``surgery`` of A and ``gynae`` of B, one user per role of :data:`ROLES` in
    company A (``cls.users["nurse"]``, login ``nurse``; clinical ones belong to
    cardio), ``users["agent_b"]`` in B and ``users["agent_ab"]`` in both.
    """

    @classmethod
    def _setup_world(cls):
        cls.company_a = cls._make_company("Test Hospital A", "TA")
        cls.company_b = cls._make_company("Test Hospital B", "TB")
        cls.env = cls.env(
            context=dict(
                cls.env.context,
                allowed_company_ids=[cls.company_a.id, cls.company_b.id],
                tracking_disable=True,
            )
        )
        cls._setup_places()
        cls._setup_users()

    @classmethod
    def _make_company(cls, name, code):
        return cls.env["res.company"].create(
            {
                "name": name,
                "hcrm_code": code,
                "hcrm_tz": "Asia/Shanghai",
                "country_id": cls.env.ref("base.cn").id,
            }
        )

    @classmethod
    def _setup_places(cls):
        Campus = cls.env["hcrm.campus"]
        campus_vals = {"country_id": cls.env.ref("base.cn").id, "outside_prefix": "9"}
        cls.campus_main, cls.campus_east, cls.campus_b = Campus.create(
            [
                {
                    **campus_vals,
                    "name": name,
                    "code": code,
                    "area_code": area_code,
                    "company_id": company.id,
                }
                for name, code, area_code, company in (
                    ("Main Campus", "main", "021", cls.company_a),
                    ("East Campus", "east", "021", cls.company_a),
                    ("B Campus", "b", "010", cls.company_b),
                )
            ]
        )
        cls.cardio, cls.psych, cls.surgery, cls.gynae = cls.env[
            "hcrm.department"
        ].create(
            [
                {
                    "name": name,
                    "code": code,
                    "campus_id": campus.id,
                    "company_id": campus.company_id.id,
                    "is_sensitive": bool(neutral_name),
                    "neutral_name": neutral_name,
                }
                for name, code, campus, neutral_name in (
                    ("Cardiology", "cardio", cls.campus_main, False),
                    ("Psychiatry", "psych", cls.campus_main, "Clinic 3"),
                    ("Surgery", "surgery", cls.campus_east, False),
                    ("Gynaecology", "gynae", cls.campus_b, False),
                )
            ]
        )

    @classmethod
    def _setup_users(cls):
        cls.users = {
            role: cls._make_user(role, group, cls.company_a)
            for role, group in ROLES.items()
        }
        cls.users["agent_b"] = cls._make_user("agent_b", ROLES["agent"], cls.company_b)
        cls.users["agent_ab"] = cls._make_user(
            "agent_ab", ROLES["agent"], cls.company_a + cls.company_b
        )
        for role in ("nurse", "doctor", "department_head"):
            cls.users[role].hcrm_department_ids = cls.cardio
        cls.practitioner = cls.env["hcrm.practitioner"].create(
            {
                "name": "Dr Wen",
                "code": "D1",
                "company_id": cls.company_a.id,
                "department_id": cls.cardio.id,
                "user_id": cls.users["doctor"].id,
            }
        )

    @classmethod
    def _make_user(cls, login, groups, companies):
        return mail_new_test_user(
            cls.env,
            login=login,
            name=f"Test {login}",
            groups=groups,
            company_id=companies[0].id,
            company_ids=[Command.set(companies.ids)],
            notification_type="email",
        )

    @classmethod
    def _as(cls, role, *companies):
        """Return the environment of the user of ``role`` with ``companies`` (or all
        of the user's) switched on."""
        user = cls.users[role]
        companies = [company.id for company in companies] or user.company_ids.ids
        return cls.env(user=user, su=False, context={"allowed_company_ids": companies})

    # ------------------------------------------------------------------
    # PEOPLE
    # ------------------------------------------------------------------
    @classmethod
    def _make_person(cls, name, companies=None, phone=None, mrn=None, **vals):
        """Create a person with a file at each of ``companies`` (default: A).

        :param phone: mobile number, kept as contact point of the first company
        :param mrn: medical record number of the first company
        :param vals: values of the partner; ``class_code``, ``confidentiality``,
            ``alias``, ``is_vip``, ``alert``, ``disclosure`` go to the files
        """
        companies = companies or cls.company_a
        file_vals = {
            key: vals.pop(key)
            for key in ("confidentiality", "alias", "is_vip", "alert", "disclosure")
            if key in vals
        }
        class_code = vals.pop("class_code", "outpatient")
        person = cls.env["res.partner"].create(
            {"name": name, "hcrm_status": "current", **vals}
        )
        cls._make_metrics(person)
        cls.env["hcrm.person.company"].create(
            [
                {
                    "partner_id": person.id,
                    "company_id": company.id,
                    "class_id": cls.env.ref(f"hcrm_core.person_class_{class_code}").id,
                    **file_vals,
                }
                for company in companies
            ]
        )
        if "confidentiality" in file_vals:
            person.hcrm_confidentiality = file_vals["confidentiality"]
        if phone:
            cls._add_phone(person, phone, company=companies[0])
        if mrn:
            cls._add_identifier(person, "mr", mrn, company=companies[0])
        return person

    @classmethod
    def _make_metrics(cls, person):
        """Make the partner a person: its metrics row has the partner's own id."""
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                "INSERT INTO hcrm_person_metrics (id) VALUES (%s) ON CONFLICT DO NOTHING",
                person.id,
            )
        )
        person.hcrm_metrics_id = person.id

    @classmethod
    def _add_crowd(cls, count):
        """Fill the tables of people with strangers of company A, for query plans."""
        cls.env.flush_all()
        cls.env.cr.execute(
            SQL(
                """WITH crowd AS (
                       INSERT INTO res_partner
                              (name, complete_name, active, type, hcrm_birthdate)
                       SELECT 'X' || n, 'X' || n, true, 'contact',
                              date '1940-01-01' + n * 10
                       FROM generate_series(1, %(count)s) n RETURNING id
                   ), files AS (
                       INSERT INTO hcrm_person_company (partner_id, company_id, class_id,
                           confidentiality, disclosure)
                       SELECT id, %(company)s, %(kind)s, 'normal', 'open' FROM crowd
                   ), points AS (
                       INSERT INTO hcrm_contact_point (partner_id, company_id, system,
                           value, number)
                       SELECT id, %(company)s, 'phone', id, '+86155' || id FROM crowd
                   )
                   INSERT INTO hcrm_person_search (partner_id, token)
                   SELECT id, 'x' || id || word FROM crowd,
                          unnest(ARRAY['', 'a', 'b', 'c']) word""",
                count=count,
                company=cls.company_a.id,
                kind=cls.env.ref("hcrm_core.person_class_outpatient").id,
            )
        )
        for table in ("person_search", "person_company", "contact_point"):
            cls.env.cr.execute(SQL("ANALYZE %s", SQL.identifier(f"hcrm_{table}")))
        cls.env.cr.execute("ANALYZE res_partner")

    @classmethod
    def _add_phone(cls, person, value, company=None, **vals):
        digits = "".join(filter(str.isdigit, value))
        e164 = f"+86{digits}" if len(digits) == 11 and digits[0] == "1" else False
        return cls.env["hcrm.contact.point"].create(
            {
                "partner_id": person.id,
                "company_id": (company or cls.company_a).id,
                "system": "phone",
                "use": "mobile",
                "value": value,
                "number": e164 or digits,
                "e164": e164,
                **vals,
            }
        )

    @classmethod
    def _add_identifier(cls, person, type_code, value, company=None, **vals):
        """:param type_code: last part of the XML id: ``mr``, ``ric``, ``ppn`` ..."""
        id_type = cls.env.ref(f"hcrm_core.identifier_type_{type_code}")
        company = company or cls.company_a
        return cls.env["hcrm.person.identifier"].create(
            {
                "partner_id": person.id,
                "type_id": id_type.id,
                "company_id": company.id if id_type.is_per_company else False,
                "value": value,
                "value_norm": value.upper().replace(" ", "").replace("-", ""),
                "is_unique": id_type.is_unique,
                **vals,
            }
        )

    @classmethod
    def _add_relation(cls, person, relative, kind="mother", company=None, **vals):
        return cls.env["hcrm.person.relation"].create(
            {
                "partner_id": person.id,
                "relative_id": relative.id,
                "company_id": (company or cls.company_a).id,
                "kind": kind,
                **vals,
            }
        )

    @classmethod
    def _grant(cls, person, role, company=None, **vals):
        """Let the user of ``role`` see a restricted person (care team)."""
        return cls.env["hcrm.person.access"].create(
            {
                "partner_id": person.id,
                "user_id": cls.users[role].id,
                "company_id": (company or cls.company_a).id,
                "reason": "Treats the person",
                **vals,
            }
        )

    # ------------------------------------------------------------------
    # FACTS, as the feed would leave them
    # ------------------------------------------------------------------
    @classmethod
    def _add_fact(cls, model, person, **vals):
        return cls.env[model].create(
            {"partner_id": person.id, "company_id": cls.company_a.id, **vals}
        )

    @classmethod
    def _add_encounter(cls, person, department=None, **vals):
        department = department or cls.cardio
        return cls._add_fact(
            "hcrm.encounter",
            person,
            **{
                "company_id": department.company_id.id,
                "campus_id": department.campus_id.id,
                "department_id": department.id,
                "kind": "outpatient",
                "state": "finished",
                "date_start": datetime(2026, 3, 2, 1, 0),
                **vals,
            },
        )

    @classmethod
    def _add_appointment(cls, person, department=None, **vals):
        department = department or cls.cardio
        return cls._add_fact(
            "hcrm.appointment",
            person,
            **{
                "company_id": department.company_id.id,
                "campus_id": department.campus_id.id,
                "department_id": department.id,
                "state": "booked",
                "date_start": datetime(2026, 3, 9, 1, 0),
                **vals,
            },
        )

    @classmethod
    def _add_condition(cls, person, name="Hypertension", **vals):
        vals = {"code": "I10", "date_recorded": datetime(2026, 3, 2, 2, 0), **vals}
        return cls._add_fact(
            "hcrm.condition", person, name=name, state="active", **vals
        )

    @classmethod
    def _add_allergy(cls, person, name="Penicillin", **vals):
        vals = {"criticality": "high", "category": "medication", **vals}
        return cls._add_fact("hcrm.allergy", person, name=name, state="active", **vals)

    @classmethod
    def _add_procedure(cls, person, name="Appendectomy", **vals):
        vals = {
            "category": "operation",
            "date_start": datetime(2026, 3, 3, 1, 0),
            **vals,
        }
        return cls._add_fact(
            "hcrm.procedure", person, name=name, state="completed", **vals
        )

    @classmethod
    def _add_medication(cls, person, name="Amlodipine", **vals):
        vals = {"date_start": datetime(2026, 3, 2, 3, 0), **vals}
        return cls._add_fact(
            "hcrm.medication", person, name=name, state="active", **vals
        )

    @classmethod
    def _add_observation(cls, person, name="Systolic pressure", value=150.0, **vals):
        vals = {
            "code": "8480-6",
            "category": "vital",
            "unit": "mm[Hg]",
            "date": datetime(2026, 3, 2, 1, 30),
            **vals,
        }
        return cls._add_fact(
            "hcrm.observation",
            person,
            name=name,
            value=value,
            has_value=True,
            state="final",
            **vals,
        )

    @classmethod
    def _add_charge(cls, person, amount=100.0, **vals):
        """Add a line of the bill, paid by the person unless ``amount_*`` say else."""
        if not any(key.startswith("amount_") for key in vals):
            vals["amount_self"] = amount
        vals = {
            "name": "Consultation",
            "category": "registration",
            "date": datetime(2026, 3, 2, 4, 0),
            "currency_id": cls.env.ref("base.CNY").id,
            **vals,
        }
        return cls._add_fact(
            "hcrm.charge", person, amount=amount, state="billed", **vals
        )

    @classmethod
    def _add_coverage(cls, person, payor="City medical insurance", **vals):
        vals = {"kind": "urban_employee", **vals}
        return cls._add_fact(
            "hcrm.coverage", person, payor=payor, state="active", **vals
        )

    @classmethod
    def _add_event(cls, person, kind="visit_finished", **vals):
        kind = cls.env.ref(f"hcrm_core.event_kind_{kind}")
        vals = {
            "date_occurred": datetime(2026, 3, 2, 5, 0),
            "date_learnt": datetime(2026, 3, 2, 6, 0),
            "origin": "feed",
            "key": f"test-{kind.code}-{person.id}",
            **vals,
        }
        return cls._add_fact("hcrm.event", person, kind_id=kind.id, **vals)

    @classmethod
    def _add_story(cls, person, department=None):
        """Give a person one fact of every kind; return ``{model: record}``."""
        department = department or cls.cardio
        company = {"company_id": department.company_id.id}
        records = [
            cls._add_encounter(person, department),
            cls._add_appointment(person, department),
            cls._add_condition(person, **company),
            cls._add_allergy(person, **company),
            cls._add_procedure(person, **company),
            cls._add_medication(person, **company),
            cls._add_observation(person, **company),
            cls._add_charge(person, **company),
            cls._add_coverage(person, **company),
            cls._add_event(person, key=f"test-{person.id}-{company}", **company),
        ]
        return {record._name: record for record in records}


class HcrmCommon(HcrmWorld, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls._setup_world()
