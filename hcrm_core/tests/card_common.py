from datetime import datetime, timedelta

from odoo import fields
from odoo.tests import TransactionCase, new_test_user

NOW = datetime(2026, 11, 20, 4, 0)


class CardWorld:
    """A small hospital and the means to give a person facts of every kind."""

    def __init__(self, env, company=None):
        self.env = env
        self.company = company or env.company
        self.currency = self.company.currency_id
        tag = str(self.company.id)
        Department = env["hcrm.department"]
        self.ward = Department.create(
            {"name": "Cardiology", "code": f"CARD{tag}", "company_id": self.company.id}
        )
        self.psychiatry = Department.create(
            {
                "name": "Psychiatry",
                "code": f"PSY{tag}",
                "company_id": self.company.id,
                "is_sensitive": True,
                "neutral_name": "Clinic 5",
            }
        )
        self.doctor = env["hcrm.practitioner"].create(
            {"name": "Dr. Chen Hong", "code": f"D{tag}", "company_id": self.company.id}
        )
        self.patient_class = env.ref("hcrm_core.person_class_inpatient")

    def person(self, name, **values):
        """A person of this hospital, as the feed or the desk would leave them."""
        file_values = values.pop("file", {})
        partner = self.env["res.partner"].create(
            {
                "name": name,
                "company_id": False,
                "hcrm_gender": "female",
                "hcrm_birthdate": "1968-03-05",
                "hcrm_status": "current",
                **values,
            }
        )
        self.env.flush_all()
        self.env.cr.execute(
            "INSERT INTO hcrm_person_metrics (id) VALUES (%s) ON CONFLICT DO NOTHING",
            [partner.id],
        )
        partner.hcrm_metrics_id = partner.id
        self.env["hcrm.person.company"].create(
            {
                "partner_id": partner.id,
                "company_id": self.company.id,
                "class_id": self.patient_class.id,
                "opened_at": NOW - timedelta(days=900),
                "opened_touchpoint": "clinic",
                **file_values,
            }
        )
        return partner

    def add(self, model, partner, count=1, **values):
        """``count`` facts of one model, a day apart, newest first."""
        date = self.date_field(model)
        rows = []
        for index in range(count):
            row = {"partner_id": partner.id, "company_id": self.company.id}
            row.update(self.defaults(model, index))
            if date:
                row[date] = NOW - timedelta(days=index + 1)
            row.update(values)
            rows.append(row)
        return self.env[model].create(rows)

    def date_field(self, model):
        return {
            "hcrm.encounter": "date_start",
            "hcrm.appointment": "date_start",
            "hcrm.condition": "date_recorded",
            "hcrm.procedure": "date_start",
            "hcrm.medication": "date_start",
            "hcrm.observation": "date",
            "hcrm.allergy": "date_recorded",
            "hcrm.charge": "date",
        }.get(model)

    def defaults(self, model, index):
        place = {"department_id": self.ward.id, "practitioner_id": self.doctor.id}
        return {
            "hcrm.encounter": {"kind": "outpatient", "state": "finished", **place},
            "hcrm.appointment": {"state": "fulfilled", **place},
            "hcrm.condition": {"name": f"Hypertension {index}", "state": "active"},
            "hcrm.procedure": {"name": f"ECG {index}", "state": "completed", **place},
            "hcrm.medication": {"name": f"Amlodipine {index}", "state": "active"},
            "hcrm.observation": {
                "name": "Potassium",
                "code": "K",
                "category": "laboratory",
                "state": "final",
                "value": 4.0 + index % 5 / 10,
                "has_value": True,
                "unit": "mmol/L",
                "ref_low": 3.5,
                "ref_high": 5.1,
                "interpretation": "normal",
            },
            "hcrm.allergy": {
                "name": f"Penicillin {index}",
                "state": "active",
                "criticality": "high",
            },
            "hcrm.charge": {
                "name": f"Blood count {index}",
                "category": "laboratory",
                "state": "billed",
                "currency_id": self.currency.id,
                "amount": 100.0,
                "amount_pooled": 60.0,
                "amount_self": 40.0,
                **place,
            },
            "hcrm.coverage": {"payor": f"City scheme {index}", "state": "active"},
        }[model]

    FACTS = (
        "hcrm.encounter",
        "hcrm.appointment",
        "hcrm.condition",
        "hcrm.procedure",
        "hcrm.medication",
        "hcrm.observation",
        "hcrm.allergy",
        "hcrm.charge",
        "hcrm.coverage",
    )

    def fill(self, partner, count):
        """``count`` facts of every kind, contact points and relatives."""
        for model in self.FACTS:
            self.add(model, partner, count)
        self.add(
            "hcrm.appointment", partner, count, state="booked", date_start="2099-01-01 02:00:00"
        )
        for index in range(count):
            number = f"+8614000{partner.id % 1000:03d}{index:03d}"
            self.env["hcrm.contact.point"].create(
                {
                    "partner_id": partner.id,
                    "company_id": self.company.id,
                    "value": number,
                    "number": number,
                }
            )
            relative = self.person(f"Relative {index}")
            self.env["hcrm.person.relation"].create(
                {
                    "partner_id": partner.id,
                    "relative_id": relative.id,
                    "company_id": self.company.id,
                    "kind": "child",
                }
            )


class CardCommon(TransactionCase):
    """One hospital, one patient, one user per role that opens cards."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.world = CardWorld(cls.env)
        cls.patient = cls.world.person(
            "Wang Fang", file={"alert": "Wheelchair", "is_vip": True}
        )
        roles = {
            "desk": "group_front_desk",
            "nurse": "group_nurse",
            "doctor": "group_doctor",
            "head": "group_centre_head",
            "marketing": "group_marketing",
            "quality": "group_quality_officer",
            "integrator": "group_integrator",
        }
        cls.user_by_role = {
            role: new_test_user(
                cls.env,
                f"card_{role}",
                f"hcrm_core.{group}",
                tz="Asia/Shanghai",
                hcrm_department_ids=[
                    fields.Command.set((cls.world.ward + cls.world.psychiatry).ids)
                ],
            )
            for role, group in roles.items()
        }

    def _partner_as(self, role):
        return self.env["res.partner"].with_user(self.user_by_role[role])

    def _card(self, role, partner=None):
        return self._partner_as(role).hcrm_get_card((partner or self.patient).id)

    def _timeline(self, role, partner=None, **kwargs):
        partner = partner or self.patient
        return self._partner_as(role).hcrm_get_timeline(partner.id, **kwargs)
