"""Random worlds, judged by the governor and by the slow one: both must agree (R21)."""

import random
from datetime import date, datetime, timedelta
from uuid import uuid4

from odoo.tools import SQL

from odoo.addons.hcrm_core.models.message.hold import STOPPED as HOLDS
from odoo.addons.hcrm_core.models.message.message import COUNTED
from odoo.addons.hcrm_core.models.message.stop import STOPPED

from .slow_governor import SlowGovernor

FIRST_ID = 900_000_000
PEOPLE = 60
PURPOSES = ("care", "service", "survey", "research", "marketing", "security", None)
CHANNELS = ("sms", "email", "call", "letter", "wechat", "whatsapp")
# the nights on which clocks change in New York, a birthday, holidays, any other time
MOMENTS = (
    datetime(2026, 3, 8, 6, 30),
    datetime(2026, 3, 8, 7, 30),
    datetime(2026, 11, 1, 5, 30),
    datetime(2026, 11, 1, 6, 30),
    datetime(2026, 2, 18, 2),
    datetime(2026, 2, 28, 2),
    datetime(2026, 3, 11, 2),
)


class Fuzz:
    """Makes worlds in the database, rolls them back, and keeps the differences."""

    def __init__(self, env, seed):
        self.env, self.seed = env, seed
        self.rng = random.Random(seed)
        self.differences = []
        self.count = 0
        self.verdicts = {}

    def run(self, requests, per_world=300):
        """Judge so many requests; returns the differences as sentences."""
        self._prepare()
        while self.count < requests:
            savepoint = self.env.cr.savepoint(flush=False)
            try:
                self._one_world(min(per_world, requests - self.count))
            finally:
                savepoint.close(rollback=True)
                self.env.invalidate_all(flush=False)
        return self.differences

    def _prepare(self):
        """Two hospitals, with their calendars and gateways."""
        companies = []
        for name, zone, country in (
            ("Fuzz East", "Asia/Shanghai", "cn"),
            ("Fuzz West", "America/New_York", "us"),
        ):
            company = self.env["res.company"].create(
                {
                    "name": f"{name} {self.seed}",
                    "hcrm_tz": zone,
                    "country_id": self.env.ref(f"base.{country}").id,
                }
            )
            companies.append(company)
        self.env["hcrm.day"]._fill_year(companies[0], 2026)
        self.gateways = {
            company.id: self.env["hcrm.gateway"]
            .create({"name": "G", "company_id": company.id, "kind": "smsd"})
            .id
            for company in companies
        }
        self.class_id = self.env["hcrm.person.class"].search([], limit=1).id
        self.companies = {
            company.id: {"id": company.id, "tz": tz, "country": country}
            for company, (tz, country) in zip(
                companies,
                (("Asia/Shanghai", "CN"), ("America/New_York", "US")),
                strict=True,
            )
        }
        self.env.flush_all()

    # ------------------------------------------------------------------
    # one world
    # ------------------------------------------------------------------

    def _one_world(self, size):
        rng = self.rng
        now = rng.choice(MOMENTS)
        if rng.random() < 0.7:
            now = datetime(2026, 1, 5) + timedelta(minutes=rng.randrange(480_000))
        self.now = now
        self.ids = iter(range(FIRST_ID, FIRST_ID + 10_000_000))
        self.world = {
            "now": now,
            "companies": self.companies,
            "people": {},
            "blacklist": set(),
            "policies": self._policies(),
            "stops": self._stops(),
            "days": {},
        }
        self._days()
        self._people()
        requests = [self._request() for _n in range(size)]
        self.env.invalidate_all(flush=False)
        Governor = self.env["hcrm.governor"]
        verdicts = Governor._verdicts(requests, now, is_question=True)
        slow = SlowGovernor(self.world)
        for request, verdict in zip(requests, verdicts, strict=True):
            self.count += 1
            expected = slow.judge(request)
            told = verdict["verdict"]
            self.verdicts[told] = self.verdicts.get(told, 0) + 1
            if (
                told != expected["verdict"]
                or verdict["reason"] not in expected["reasons"]
                or (told == "defer" and verdict["until"] != expected["until"])
                or expected["recipient"]
                and expected["recipient"] != verdict["recipient_id"]
            ):
                self._differs(request, verdict, expected)

    def _differs(self, request, verdict, expected):
        person = self.world["people"].get(request["partner_id"])
        self.differences.append(
            f"seed {self.seed}, at {self.now}: {request}\n  person: {person}\n"
            f"  governor: {verdict}\n  slow: {expected}"
        )

    def _insert(self, table, **values):
        values = {"id": next(self.ids), **values}
        self.env.cr.execute(
            SQL(
                "INSERT INTO %s (%s) VALUES (%s)",
                SQL.identifier(table),
                SQL(", ").join(map(SQL.identifier, values)),
                SQL(", ").join(SQL("%s", value) for value in values.values()),
            )
        )
        return values

    def _policies(self):
        """Those that are shipped, and now and then one of a hospital."""
        rng = self.rng
        if rng.random() < 0.7:
            for company_id in self.companies:
                start = rng.choice((0, 2, 2.5, 8, 9, 8.5))
                purpose = rng.choice(PURPOSES[:5])
                self._insert(
                    "hcrm_message_policy",
                    company_id=company_id,
                    purpose=purpose,
                    channel=rng.choice((None, None, "sms", "email", "letter")),
                    hour_from=start,
                    hour_to=rng.choice((start + 0.5, 20, 20.5, 24)),
                    workdays_only=rng.random() < 0.3,
                    basis=rng.choice(("opt_in", "opt_out")),
                    cap_day=rng.choice((0, 1, 2)),
                    cap_week=rng.choice((0, 0, 1, 2)),
                    cap_month=rng.choice((0, 0, 2, 4)),
                )
        self.env.cr.execute("SELECT * FROM hcrm_message_policy")
        return self.env.cr.dictfetchall()

    def _stops(self):
        stops = []
        for company_id in self.companies:
            if self.rng.random() < 0.15:
                care = self.rng.random() < 0.2
                row = self._insert(
                    "hcrm_message_stop",
                    company_id=company_id,
                    topic=self.rng.choice((None, "spring")),
                    stops=STOPPED + (",care" if care else ""),
                    reason="-",
                )
                stops.append({**row, "stops": row["stops"].split(",")})
        return stops

    def _days(self):
        for company_id in self.companies:
            for ahead in range(-1, 12):
                if self.rng.random() < 0.15:
                    day = self.now.date() + timedelta(days=ahead)
                    self.env.cr.execute(
                        "DELETE FROM hcrm_day WHERE company_id = %s AND date = %s",
                        (company_id, day),
                    )
                    self._insert(
                        "hcrm_day",
                        company_id=company_id,
                        date=day,
                        name="-",
                        kind="normal",
                        origin="manual",
                        is_work=self.rng.random() < 0.5,
                        is_memorial=self.rng.random() < 0.3,
                    )
        self.env.cr.execute(
            "SELECT company_id, date, is_work, is_memorial FROM hcrm_day"
            " WHERE company_id = ANY(%s) AND campus_id IS NULL"
            " AND department_id IS NULL",
            (list(self.companies),),
        )
        for company_id, day, is_work, is_memorial in self.env.cr.fetchall():
            self.world["days"][company_id, day] = {
                "is_work": is_work,
                "is_memorial": is_memorial,
            }

    # ------------------------------------------------------------------
    # its people
    # ------------------------------------------------------------------

    def _people(self):
        rng = self.rng
        for n in range(PEOPLE):
            self._person(n)
        people = list(self.world["people"].values())
        living = [p for p in people if p["status"] == "current" and p["is_person"]]
        for person in people:
            if person["status"] == "merged":
                survivor = rng.choice(living)["id"]
                person["merged_into"] = survivor
                self.env.cr.execute(
                    "UPDATE res_partner SET hcrm_merged_into_id = %s WHERE id = %s",
                    (survivor, person["id"]),
                )
            self._relations(person, people)

    def _person(self, n):
        rng = self.rng
        status = rng.choice(
            ("current",) * 12 + ("gone", "deceased", "erased", "merged")
        )
        is_person = rng.random() < 0.95
        row = self._insert(
            "res_partner",
            name=f"Person {n}",
            active=True,
            hcrm_status=status if is_person else None,
            hcrm_birthdate=self._birthdate(),
            street=rng.choice((None, "", "Nanjing Road 1")),
        )
        person = {
            "id": row["id"],
            "status": row["hcrm_status"],
            "merged_into": None,
            "birthdate": row["hcrm_birthdate"],
            "street": row["street"],
            "is_person": is_person,
            "files": {},
            "points": [],
            "consents": [],
            "holds": [],
            "reports": set(),
            "relations": [],
            "sent": [],
            "inbound": [],
        }
        self.world["people"][row["id"]] = person
        if not is_person:
            return
        self.env.cr.execute(
            "INSERT INTO hcrm_person_metrics (id) VALUES (%s)", (row["id"],)
        )
        self.env.cr.execute(
            "UPDATE res_partner SET hcrm_metrics_id = id WHERE id = %s", (row["id"],)
        )
        for company_id in self.companies:
            self._facts(person, company_id)

    def _birthdate(self):
        """Mostly about to be, or just, 14 or 18; sometimes not known."""
        rng = self.rng
        kind = rng.random()
        if kind < 0.1:
            return None
        if kind < 0.5:
            years = rng.choice((14, 18))
            day = self.now.date() + timedelta(days=rng.randrange(-3, 4))
            return date(day.year - years, day.month, min(day.day, 28))
        return self.now.date() - timedelta(days=rng.randrange(1000, 34000))

    def _facts(self, person, company_id):
        rng = self.rng
        told = {"partner_id": person["id"], "company_id": company_id}
        if rng.random() < 0.85:
            person["files"][company_id] = self._insert(
                "hcrm_person_company",
                class_id=self.class_id,
                confidentiality=rng.choice(("normal",) * 6 + ("sensitive", "staff")),
                disclosure=rng.choice(("open",) * 5 + ("shielded",)),
                **told,
            )
        for _n in range(rng.choice((0, 1, 1, 1, 2, 3))):
            self._point(person, told)
        for _n in range(rng.choice((0, 0, 1, 2, 4))):
            self._consent(person, told)
        for _n in range(rng.choice((0, 0, 1, 3, 5))):
            self._sent(person, told)
        if rng.random() < 0.15:
            self._hold(person, told)
        if rng.random() < 0.08:
            self._report(person, told)
        if rng.random() < 0.15:
            row = self._insert(
                "hcrm_inbound",
                gateway_id=self.gateways[company_id],
                peer="+86",
                meaning=rng.choice(("text", "text", "optout", "wrong_person")),
                state="done",
                date=self.now - timedelta(minutes=rng.randrange(1, 240)),
                **told,
            )
            person["inbound"].append(row)

    def _point(self, person, told):
        rng = self.rng
        system = rng.choice(("phone", "phone", "phone", "email", "wechat"))
        tail = rng.randrange(40)  # few numbers: families share them
        number = {
            "phone": f"+86{rng.choice(('139', '139', '21'))}{tail:08d}",
            "email": f"p{tail}@example.com",
            "wechat": f"wx{tail}",
        }[system]
        if any(
            (point["number"], point["company_id"]) == (number, told["company_id"])
            for point in person["points"]
        ):
            return
        row = self._insert(
            "hcrm_contact_point",
            system=system,
            value=number,
            number=number,
            e164=number if system == "phone" else None,
            rank=rng.randrange(1, 4),
            use=rng.choice(("mobile",) * 5 + ("home", "old")),
            whose=rng.choice(("self",) * 6 + ("mother", "spouse", "guardian", "other")),
            is_shared=rng.random() < 0.1,
            is_wrong=rng.random() < 0.1,
            is_junk=rng.random() < 0.05,
            **told,
        )
        person["points"].append(row)
        if rng.random() < 0.05:
            table = {"phone": "phone_blacklist", "email": "mail_blacklist"}.get(system)
            if table and number not in self.world["blacklist"]:
                column = "number" if system == "phone" else "email"
                self._insert(table, active=True, **{column: number})
                self.world["blacklist"].add(number)

    def _consent(self, person, told):
        rng = self.rng
        row = self._insert(
            "hcrm_consent",
            purpose=rng.choice((*PURPOSES[:5], "marketing", "transfer_abroad")),
            channel=rng.choice((None, None, "sms", "email", "whatsapp")),
            decision=rng.choice(("granted", "granted", "withdrawn")),
            legal_basis="consent",
            source="paper",
            date=self.now
            - timedelta(days=rng.choice((0, 3, 40, 400, 2000)), hours=1 + rng.random()),
            date_end=rng.choice(
                (None, None, self.now.date() + timedelta(days=rng.randrange(-3, 4)))
            ),
            frequency_per_month=rng.choice((0, 0, 1, 2)),
            given_by_id=rng.choice((None, None, self._anybody())),
            **told,
        )
        person["consents"].append(row)

    def _anybody(self):
        return next(iter(self.world["people"]))

    def _sent(self, person, told):
        rng = self.rng
        state = rng.choice((*COUNTED, "refused", "failed", "queued"))
        when = self.now - timedelta(hours=rng.choice((1, 5, 30, 24 * 6, 24 * 25)))
        when -= timedelta(minutes=rng.randrange(600))
        row = self._insert(
            "hcrm_message",
            uuid=str(uuid4()),
            purpose=rng.choice(PURPOSES[:5]),
            channel="sms",
            state=state,
            date_planned=when,
            date_sent=when if state in COUNTED else None,
            **told,
        )
        person["sent"].append({**row, "date": when, "counts": state in COUNTED})

    def _hold(self, person, told):
        rng = self.rng
        kind = rng.choice(list(HOLDS))
        row = self._insert(
            "hcrm_hold",
            kind=kind,
            stops=",".join(HOLDS[kind]),
            reason="-",
            channel=rng.choice((None, None, "sms", "email")),
            date_start=self.now - timedelta(hours=rng.randrange(-5, 50)),
            date_end=rng.choice((None, self.now + timedelta(days=60))),
            **told,
        )
        person["holds"].append({**row, "stops": HOLDS[kind]})

    def _report(self, person, told):
        rng = self.rng
        kind = rng.choice(("deceased", "pregnancy_lost", "wrong_number"))
        reversed_ = rng.random() < 0.3
        self._insert(
            "hcrm_person_report",
            kind=kind,
            source="relative",
            date_reversed=self.now if reversed_ else None,
            **told,
        )
        if not reversed_:
            person["reports"].add(kind)

    def _relations(self, person, people):
        rng = self.rng
        if not person["is_person"]:
            return
        others = [p for p in people if p["is_person"] and p is not person]
        for relative in rng.sample(others, rng.choice((0, 0, 1, 2))):
            today = self.now.date()
            start = today + timedelta(days=rng.randrange(-2, 3))
            row = self._insert(
                "hcrm_person_relation",
                partner_id=person["id"],
                relative_id=relative["id"],
                company_id=rng.choice(list(self.companies)),
                kind="mother",
                is_guardian=rng.random() < 0.6,
                is_proxy=rng.random() < 0.6,
                proxy_scope=rng.choice(("all", "booking", "billing")),
                must_not_know=rng.random() < 0.15,
                date_start=rng.choice((None, start)),
                date_end=rng.choice((None, start + timedelta(days=1))),
            )
            person["relations"].append(row)

    # ------------------------------------------------------------------
    # what is asked
    # ------------------------------------------------------------------

    def _request(self):
        rng = self.rng
        person = self.world["people"][rng.choice(list(self.world["people"]))]
        asked = None
        if person["points"] and rng.random() < 0.2:
            asked = rng.choice(person["points"])["number"]
        elif rng.random() < 0.03:
            asked = "+8613999999999"
        is_bare = bool(asked) and rng.random() < 0.5
        return {
            "partner_id": None if is_bare else person["id"],
            "company_id": rng.choice(list(self.companies)),
            "purpose": rng.choice(
                (*PURPOSES, "staff" if rng.random() < 0.1 else "care")
            ),
            "channel": rng.choice(("sms", "sms", *CHANNELS)),
            "asked_address": asked,
            "topic": rng.choice((None, None, "spring", "pregnancy")),
            "is_greeting": rng.random() < 0.1,
            "is_urgent": rng.random() < 0.1,
            "is_answer": rng.random() < 0.15,
            "date_stale": rng.choice(
                (None, None, self.now + timedelta(hours=rng.randrange(-5, 40)))
            ),
        }
