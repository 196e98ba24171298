"""The table of situations, and people as it describes them."""

import csv
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dateutil.relativedelta import relativedelta

from odoo.tools import SQL, file_open

from .common import HcrmCommon

ZONE = ZoneInfo("Asia/Shanghai")
UTC = ZoneInfo("UTC")
LONG_AGO = datetime(2026, 1, 5, 2)


def read_situations():
    """Rows of ``data/governor/situations.csv`` as dicts."""
    with file_open("hcrm_core/data/governor/situations.csv") as stream:
        return list(csv.DictReader(stream))


def to_utc(local):
    """Naive UTC of a naive time in Shanghai."""
    return local.replace(tzinfo=ZONE).astimezone(UTC).replace(tzinfo=None)


class GovernorCommon(HcrmCommon):
    """Builds the person and the request of a situation."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        Day = cls.env["hcrm.day"]
        Day._fill_year(cls.company_a, 2026)
        Day.create(
            {
                "company_id": cls.company_a.id,
                "date": date(2026, 4, 4),
                "name": "National mourning",
                "kind": "normal",
                "is_memorial": True,
            }
        )
        cls.counter = 0

    def _situation(self, row):
        """Make the person; returns (request, now)."""
        now = to_utc(datetime.fromisoformat(row["when"]))
        told = self._tokens(row["person"])
        person = self._make_situation_person(told, now)
        return self._request(row["message"].split(), told, person), now

    @staticmethod
    def _tokens(text):
        told = {}
        for token in text.split():
            name, _equals, value = token.partition("=")
            told.setdefault(name, []).append(value)
        return told

    def _number(self):
        type(self).counter += 1
        return f"1390000{self.counter:04d}"

    # ------------------------------------------------------------------
    # the person
    # ------------------------------------------------------------------

    def _make_situation_person(self, told, now):
        one = {name: values[0] for name, values in told.items()}
        self.marks = []
        if one.get("user") == "staff":
            return self.users["agent"].partner_id
        person = self._make_person(
            "林晓",
            hcrm_birthdate=self._birthdate(one.get("age", "40"), now),
            confidentiality=one.get("class", "normal"),
            disclosure=one.get("disclosure", "open"),
            street="Nanjing Road 1",
        )
        self._set_file(person, one.get("file"))
        self._add_points(person, told)
        self._set_status(person, one, now)
        self._add_relatives(person, one, now)
        decided = now - timedelta(days=20)
        for name, values in told.items():
            if name in ("consent", "withdrawn"):
                for value in values:
                    decided += timedelta(days=1)
                    self._decide(person, name, value, decided)
            elif name in ("sent", "refused"):
                for value in values:
                    self._add_message(person, name, value, now)
            elif name == "wrote":
                self._add_inbound(person, values[0], now)
        self._set_marks()
        return person

    @staticmethod
    def _birthdate(age, now):
        if age == "unknown":
            return False
        return (now - relativedelta(years=int(age), days=40)).date()

    def _set_file(self, person, kind):
        if kind in ("none", "other"):
            person.hcrm_file_ids.unlink()
        if kind == "other":
            self.env["hcrm.person.company"].create(
                {
                    "partner_id": person.id,
                    "company_id": self.company_b.id,
                    "class_id": self.env.ref("hcrm_core.person_class_outpatient").id,
                }
            )

    def _add_points(self, person, told):
        one = {name: values[0] for name, values in told.items()}
        self.number = self._number()
        for name in ("phone", "phone2"):
            kind = one.get(name, "own" if name == "phone" else "none")
            number = self.number if name == "phone" else self._number()
            self._add_point(person, kind, number, rank=1 if name == "phone" else 2)
        if one.get("email") != "none":
            self._add_other(person, "email", f"p{self.counter}@example.com")
        if one.get("wechat"):
            self._add_other(person, "wechat", f"wx{self.counter}")
        if one.get("bare") == "two":
            self._add_phone(self._make_person("林大"), self.number)
        for kind in told.get("blacklist", ()):
            if kind == "phone":
                self.env["phone.blacklist"].create({"number": f"+86{self.number}"})
            else:
                self.env["mail.blacklist"].create(
                    {"email": f"p{self.counter}@example.com"}
                )

    def _add_point(self, person, kind, number, rank):
        marks = {
            "wrong": {"is_wrong": True},
            "junk": {"is_junk": True},
            "shared": {"is_shared": True},
            "old": {"use": "old"},
        }
        if kind == "none":
            return
        if kind == "home":
            self._add_phone(
                person, f"021{number[3:]}", use="home", e164=f"+8621{number[3:]}"
            )
        elif kind in marks:
            point = self._add_phone(person, number, rank=rank, whose="self")
            self.marks.append((point, marks[kind]))
        else:
            whose = "self" if kind == "own" else kind
            self._add_phone(person, number, rank=rank, whose=whose)

    def _set_marks(self):
        """As the feed leaves them: forms work some of these marks out for themselves."""
        self.env.flush_all()
        for point, marks in self.marks:
            for name, value in marks.items():
                self.env.cr.execute(
                    SQL(
                        "UPDATE hcrm_contact_point SET %s = %s WHERE id = %s",
                        SQL.identifier(name),
                        value,
                        point.id,
                    )
                )
        self.env.invalidate_all()

    def _add_other(self, person, system, value):
        self.env["hcrm.contact.point"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "system": system,
                "value": value,
                "number": value,
            }
        )

    def _set_status(self, person, one, now):
        self.survivor = self._make_person("林小")
        if one.get("survivor") != "none":
            self._add_phone(self.survivor, self._number())
        if one.get("survivor") == "dead":
            self.env["hcrm.person.report"].create(
                {
                    "partner_id": self.survivor.id,
                    "kind": "deceased",
                    "source": "relative",
                }
            )
        if status := one.get("status"):
            self.env.flush_all()
            self.env.cr.execute(
                "UPDATE res_partner SET hcrm_status = %s, hcrm_merged_into_id = %s"
                " WHERE id = %s",
                (status, self.survivor.id if status == "merged" else None, person.id),
            )
            person.invalidate_recordset()
        if report := one.get("reported"):
            kind, _colon, reversed_ = report.partition(":")
            row = self.env["hcrm.person.report"].create(
                {"partner_id": person.id, "kind": kind, "source": "relative"}
            )
            if reversed_:
                row.with_env(self._as("manager")).action_reverse()
        if hold := one.get("hold"):
            kind, _colon, over = hold.partition(":")
            self.env["hcrm.hold"].create(
                {
                    "partner_id": person.id,
                    "company_id": self.company_a.id,
                    "kind": kind,
                    "reason": "Waiting times",
                    "date_start": now - timedelta(days=3),
                    "date_end": now - timedelta(days=1) if over else False,
                }
            )
        if stop := one.get("stop"):
            self.env["hcrm.message.stop"].create(
                {
                    "company_id": self.company_a.id,
                    "reason": "Wrong price",
                    "topic": "spring" if stop == "campaign" else False,
                }
            )

    def _add_relatives(self, person, one, now):
        for role in ("guardian", "proxy"):
            kind = one.get(role)
            if not kind:
                continue
            self.relative = self._make_person("林母", phone=self._number())
            flags = {"is_guardian": True}
            if role == "proxy":
                scope = "billing" if kind == "billing" else "all"
                flags = {"is_proxy": True, "proxy_scope": scope}
            self._add_relation(
                person,
                self.relative,
                must_not_know=kind == "must_not_know",
                date_end=now.date() - timedelta(days=2) if kind == "ended" else False,
                **flags,
            )

    def _decide(self, person, name, value, when):
        purpose, *marks = value.split(":")
        vals = {
            "partner_id": person.id,
            "company_id": self.company_a.id,
            "purpose": purpose,
            "decision": "granted" if name == "consent" else "withdrawn",
            "date": when,
        }
        for mark in marks:
            if mark in ("sms", "email"):
                vals["channel"] = mark
            elif mark == "expired":
                vals["date_end"] = (when + timedelta(days=2)).date()
            elif mark == "other":
                vals["company_id"] = self.company_b.id
            elif mark == "guardian":
                vals["given_by_id"] = self.survivor.id
            elif mark == "old":
                vals["date"] = when - relativedelta(years=4)
            elif mark == "once":
                vals["frequency_per_month"] = 1
        self.env["hcrm.consent"].create(vals)

    @staticmethod
    def _ago(age, now):
        unit = {"h": "hours", "d": "days"}[age[-1]]
        return now - timedelta(**{unit: int(age[:-1])})

    def _add_inbound(self, person, value, now):
        age, _colon, meaning = value.partition(":")
        gateway = self.env["hcrm.gateway"].create(
            {"name": "Kannel", "company_id": self.company_a.id}
        )
        self.env["hcrm.inbound"].create(
            {
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "gateway_id": gateway.id,
                "peer": f"+86{self.number}",
                "date": self._ago(age, now),
                "meaning": meaning or "text",
            }
        )

    def _add_message(self, person, name, value, now):
        purpose, age = value.split(":")
        sent = self._ago(age, now)
        self.counter_message = getattr(self, "counter_message", 0) + 1
        self.env["hcrm.message"].create(
            {
                "uuid": f"{person.id}-{self.counter_message}",
                "partner_id": person.id,
                "company_id": self.company_a.id,
                "purpose": purpose,
                "channel": "sms",
                "state": "delivered" if name == "sent" else "refused",
                "date_sent": sent if name == "sent" else False,
            }
        )

    # ------------------------------------------------------------------
    # the message
    # ------------------------------------------------------------------

    def _request(self, words, told, person):
        purpose, channel, *more = words
        bare = told.get("bare", [None])[0]
        request = {
            "partner_id": None if bare else person.id,
            "company_id": self.company_a.id,
            "purpose": None if purpose == "none" else purpose,
            "channel": channel,
        }
        if bare:
            number = self._number() if bare == "unknown" else self.number
            request["asked_address"] = f"+86{number}"
            if bare == "staff":
                request["asked_address"] = self.users["agent"].email_normalized
        if asked := told.get("asked"):
            own = f"+86{self.number}"
            new = f"new{self.counter}@example.com"
            request["asked_address"] = own if asked == ["own"] else new
        for word in more:
            name, _equals, value = word.partition("=")
            if name == "stale":
                request["date_stale"] = to_utc(datetime.fromisoformat(value))
            elif name == "topic":
                request["topic"] = value
            else:
                request[f"is_{name}"] = True
        return request
