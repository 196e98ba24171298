from collections import Counter
from datetime import date, datetime
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta
from lxml import etree

from odoo.exceptions import AccessError
from odoo.tests import tagged
from odoo.tools import mute_logger
from odoo.tools.safe_eval import safe_eval

from .common import HcrmCommon

VISIT, CHARGE = "hcrm.fact.visit", "hcrm.fact.charge"
BANDS = ((14, "00_13"), (45, "14_44"), (65, "45_64"), (999, "65_up"))


@tagged("post_install", "-at_install")
class TestKpiFacts(HcrmCommon):
    """F83: the star schema that dashboards read counts what the facts say."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_b.hcrm_tz = "America/New_York"
        cls.child = cls._make_person(
            "Child", hcrm_birthdate=date(2012, 3, 3), hcrm_gender="female"
        )
        cls.both = cls._make_person(
            "Of Both",
            cls.company_a + cls.company_b,
            hcrm_birthdate=date(1951, 1, 1),
            hcrm_gender="male",
        )
        cls.star = cls._make_person("Star", confidentiality="public", alias="Guest 1")
        cls._add_visits()
        cls._add_bill()

    @classmethod
    def _add_visits(cls):
        # the child is 13 in UTC and 14 in Shanghai, one hour after midnight
        cls._add_encounter(cls.child, date_start=datetime(2026, 3, 2, 17, 0))
        stay = cls._add_encounter(
            cls.both,
            cls.surgery,
            kind="inpatient",
            date_start=datetime(2026, 1, 31, 17, 0),
            date_end=datetime(2026, 2, 2, 23, 0),
            practitioner_id=cls.practitioner.id,
        )
        cls._add_encounter(cls.both, encounter_id=stay.id)
        cls._add_encounter(cls.both, date_start=datetime(2026, 1, 1), state="cancelled")
        cls._add_encounter(cls.both, date_start=datetime(2026, 1, 2), state="planned")
        cls._add_encounter(cls.both, cls.psych)
        # the last evening of February in New York, first visit at B
        cls._add_encounter(
            cls.both, cls.gynae, date_start=datetime(2026, 3, 1, 3, 0), state="onleave"
        )
        cls._add_encounter(cls.star)
        cls._add_encounter(cls.star, date_start=False, state="unknown")
        cls.stay = stay

    @classmethod
    def _add_bill(cls):
        cls._add_charge(
            cls.both,
            900.0,
            amount_pooled=600.0,
            amount_self=300.0,
            cost=500.0,
            category="operation",
            encounter_id=cls.stay.id,
            department_id=cls.surgery.id,
            date=datetime(2026, 1, 31, 17, 0),
        )
        cls._add_charge(cls.both, -50.0, kind="refund", department_id=cls.psych.id)
        cls._add_charge(cls.both, 1000.0, kind="deposit")
        cls._add_charge(cls.star, 70.0).state = "aborted"
        cls._add_charge(cls.star, 80.0, category="drug")
        cls._add_charge(
            cls.both,
            30.0,
            company_id=cls.company_b.id,
            date=datetime(2026, 3, 1, 3, 0),
        )

    # ------------------------------------------------------------------
    # WHAT THE FACTS SAY, one by one in Python
    # ------------------------------------------------------------------
    def _mine(self, model):
        """Facts of the two entities of this test alone."""
        companies = self.company_a + self.company_b
        return self.env[model].search([("company_id", "in", companies.ids)])

    def _day(self, record, moment):
        if not moment:
            return False
        zone = ZoneInfo(record.company_id.hcrm_tz)
        return moment.replace(tzinfo=ZoneInfo("UTC")).astimezone(zone).date()

    def _age_band(self, visit):
        born, day = visit.partner_id.hcrm_birthdate, self._day(visit, visit.date_start)
        if not born or not day or day < born:
            return False
        years = relativedelta(day, born).years
        return next(band for limit, band in BANDS if years < limit)

    def _visits(self):
        return self._mine("hcrm.encounter").filtered(
            lambda visit: (
                visit.state not in ("planned", "cancelled") and not visit.encounter_id
            )
        )

    def _first_visits(self):
        firsts = {}
        for visit in self._visits().filtered("date_start").sorted("date_start"):
            firsts.setdefault((visit.partner_id, visit.company_id), visit.id)
        return set(firsts.values())

    # ------------------------------------------------------------------
    # TESTS
    # ------------------------------------------------------------------
    def test_visits_equal_the_encounters(self):
        """F83: every dimension and measure as counted one by one in Python."""
        firsts = self._first_visits()
        expected = [
            (
                visit.id,
                visit.company_id,
                visit.campus_id,
                visit.department_id,
                visit.practitioner_id,
                visit.kind,
                self._day(visit, visit.date_start),
                visit.partner_id.hcrm_gender,
                self._age_band(visit),
                visit.id in firsts,
                (visit.date_end - visit.date_start).total_seconds() / 3600
                if visit.date_end
                else 0.0,
            )
            for visit in self._visits()
        ]
        found = [
            (
                fact.id,
                fact.company_id,
                fact.campus_id,
                fact.department_id,
                fact.practitioner_id,
                fact.kind,
                fact.day,
                fact.sex,
                fact.age_band,
                fact.is_first,
                fact.hours,
            )
            for fact in self._mine(VISIT)
        ]
        self.assertEqual(len(expected), 6)
        self.assertCountEqual(found, expected)
        self.assertEqual(sum(self._mine(VISIT).mapped("visits")), 6)
        self.assertEqual({row[8] for row in found}, {"14_44", "65_up", False})

    def test_charges_equal_the_bill(self):
        """F83, R17: amounts and payers, without what the HIS withdrew."""
        lines = self._mine("hcrm.charge").filtered(lambda line: line.state != "aborted")
        same = (
            "id company_id department_id kind category currency_id amount "
            "amount_pooled amount_account amount_self amount_commercial "
            "amount_employer cost"
        ).split()
        facts = self._mine(CHARGE)
        self.assertEqual(len(facts), 5)
        self.assertCountEqual(
            [
                (*(fact[name] for name in same), fact.campus_id, fact.day)
                for fact in facts
            ],
            [
                (
                    *(line[name] for name in same),
                    line.encounter_id.campus_id,
                    self._day(line, line.date),
                )
                for line in lines
            ],
        )
        [total] = facts._read_group(
            [("id", "in", facts.ids), ("kind", "in", ("charge", "refund"))],
            [],
            ["amount:sum", "amount_pooled:sum", "amount_self:sum", "cost:sum"],
        )
        self.assertEqual(total, (960.0, 600.0, 360.0, 500.0))

    def test_months_are_local(self):
        """F83: by month in the entity's own time, as pivots and graphs group."""
        months = Counter(
            day and day.replace(day=1) for day in self._mine(VISIT).mapped("day")
        )
        days = [self._day(v, v.date_start) for v in self._visits()]
        self.assertEqual(months, Counter(day and day.replace(day=1) for day in days))
        domain = [("company_id", "in", (self.company_a + self.company_b).ids)]
        groups = self.env[VISIT]._read_group(domain, ["day:month"], ["visits:sum"])
        self.assertEqual(dict(groups), months)
        groups = self.env[VISIT]._read_group(domain, ["month:day"], ["visits:sum"])
        self.assertEqual(dict(groups), months)
        self.assertEqual(months[date(2026, 2, 1)], 2)

    def test_facts_follow_at_once(self):
        """F83: a view is never out of date, also within one transaction."""
        visit = self._mine("hcrm.encounter").filtered(lambda v: v.state == "planned")
        domain = [("id", "=", visit.id)]
        self.assertFalse(self.env[VISIT].search_count(domain))
        visit.state = "finished"
        self.assertEqual(self.env[VISIT].search_count(domain), 1)
        self.assertTrue(self.env[VISIT].search(domain).is_first)
        self.assertFalse(self.env[VISIT].browse(self.stay.id).is_first)

    def test_each_entity_has_its_own_figures(self):
        """F83, R3: head office over the entities it works for, others in theirs."""
        office = self.users["head_office"]
        for model, of_a, of_b in ((VISIT, 5, 1), (CHARGE, 4, 1)):
            for role in ("manager", "centre_head", "marketing", "head_office"):
                self.assertEqual(self._as(role)[model].search_count([]), of_a, role)
            office.company_ids += self.company_b
            for companies, count in (
                ((self.company_b,), of_b),
                ((self.company_a, self.company_b), of_a + of_b),
            ):
                Fact = self._as("head_office", *companies)[model]
                self.assertEqual(Fact.search_count([]), count)
            office.company_ids -= self.company_b

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_figures_carry_no_person(self):
        """F83, R3, R18: nobody is named, and no money is told by practitioner."""
        for model in (VISIT, CHARGE):
            comodels = {
                field.comodel_name for field in self.env[model]._fields.values()
            }
            self.assertFalse(comodels & {"res.partner", "hcrm.encounter"}, model)
        self.assertNotIn("practitioner_id", self.env[CHARGE]._fields)
        for role in ("agent", "nurse", "doctor", "department_head", "quality_officer"):
            for model in (VISIT, CHARGE):
                with self.assertRaises(AccessError):
                    self._as(role)[model].search([])

    @mute_logger("odoo.addons.base.models.ir_model")
    def test_sensitive_department_is_not_named(self):
        """F83, R8: neither a row nor a group names it outside clinical roles."""
        self.users["centre_head"].group_ids += self.env.ref("hcrm_core.group_clinical")
        for role, label in (
            ("head_office", "Clinic 3"),
            ("marketing", "Clinic 3"),
            ("manager", "Clinic 3"),
            ("centre_head", "Psychiatry"),
        ):
            for model in (VISIT, CHARGE):
                Fact = self._as(role)[model]
                domain = [("department_id", "=", self.psych.id)]
                [row] = Fact.web_search_read(
                    domain, {"department_id": {"fields": {"display_name": {}}}}
                )["records"]
                self.assertEqual(row["department_id"]["display_name"], label, role)
                [group] = Fact.formatted_read_group(
                    domain, ["department_id"], ["__count"]
                )
                self.assertEqual(group["department_id"][1], label, role)
        for model in (VISIT, CHARGE):
            Fact = self._as("marketing")[model]
            self.assertFalse(Fact.search([("department_id", "ilike", "psych")]))

    def test_every_view_opens_for_head_office(self):
        """F83: pivots by every dimension and every view, for who reads figures only."""
        env = self._as("head_office")
        for model in (VISIT, CHARGE):
            action = env["ir.actions.act_window"]._for_xml_id(
                f"hcrm_core.{model.replace('.', '_')}_action"
            )
            views = [(False, kind) for kind in action["view_mode"].split(",")]
            env[model].get_views([*views, (False, "search")])
            arch = env[model].get_view(view_type="search")["arch"]
            self.assertNotIn('field name="department_id"', arch)
            for name, field in env[model]._fields.items():
                if field.store and field.type in ("many2one", "selection", "boolean"):
                    self.assertTrue(
                        env[model].formatted_read_group([], [name], ["__count"]), name
                    )
            for name in ("this_month", "last_12_months"):
                domain = self._filter_domain(model, name)
                self.assertIsInstance(env[model].search_count(domain), int)

    def _filter_domain(self, model, name):
        arch = self.env[model].get_view(view_type="search")["arch"]
        [node] = etree.fromstring(arch).xpath(f"//filter[@name='{name}']")
        return safe_eval(node.get("domain"))

    def test_last_months_reach_to_the_end_of_this_one(self):
        """F83: twelve months are this one and the eleven before it."""
        facts = self._mine(VISIT)
        today = date.today()
        start = today.replace(day=1)
        for name, months in (("this_month", 0), ("last_12_months", 11)):
            limits = [start - relativedelta(months=months), today]
            for day in (*limits, limits[0] - relativedelta(days=1)):
                visit = self._visits()[0]
                visit.date_start = datetime(day.year, day.month, day.day, 4)
                found = facts.search(
                    [("id", "=", visit.id), *self._filter_domain(VISIT, name)]
                )
                self.assertEqual(bool(found), day in limits, (name, day))

    def test_as_many_queries_for_50_rows_as_for_2(self):
        """F83: rows and groups, with the labels of their dimensions."""
        env = self._as("head_office")
        fields_read = {
            "department_id": {"fields": {"display_name": {}}},
            "practitioner_id": {"fields": {"display_name": {}}},
            "age_band": {},
            "visits": {},
        }

        def count(limit):
            env.invalidate_all()
            before = self.cr.sql_log_count
            rows = env[VISIT].web_search_read([], fields_read, limit=limit)["records"]
            env.invalidate_all()
            env[VISIT].formatted_read_group(
                [], ["day:month", "department_id"], ["visits:sum", "hours:avg"]
            )
            return len(rows), self.cr.sql_log_count - before

        for hour in range(50):
            department = self.cardio if hour % 2 else self.psych
            self._add_encounter(
                self.child,
                department,
                date_start=datetime(2026, 3, 4, hour % 24),
                practitioner_id=self.practitioner.id,
            )
        count(2)  # what is cached once for all
        two, fifty = count(2), count(50)
        self.assertEqual((two[0], fifty[0]), (2, 50))
        self.assertEqual(two[1], fifty[1])
