"""The governor once more: slowly, one request at a time, over plain facts.

Written from the table of situations and the rules of the field, not from the
statement that it judges; it shares no code with it (R21). Facts are dicts, moments
are naive UTC.
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

UTC = ZoneInfo("UTC")
OUTREACH = {"survey", "research", "marketing"}
CARING = {"care", "service"}
BEST_FIRST = (
    "own",
    "guardian",
    "unlabelled",
    "relative",
    "not_own_number",
    "wrong_number",
    "junk_number",
    "no_address",
)


class SlowGovernor:
    """Judges requests against a world of facts."""

    def __init__(self, world):
        self.world = world
        self.now = world["now"]

    def judge(self, request):
        """``{"verdict", "reasons", "until", "recipient", "address"}``; of several
        reasons to refuse any may be told."""
        purpose = request["purpose"] or "marketing"
        company = self.world["companies"][request["company_id"]]
        person, people = self._who(request)
        if purpose == "staff":
            return self._refuse("not_staff")
        if person is None:
            if purpose in OUTREACH:
                return self._refuse(
                    "not_own_number" if people > 1 else "unknown_recipient"
                )
            return self._allow("neutral" if people > 1 else "ok", None)
        case = Case(self, request, purpose, company, person)
        reasons = case.reasons()
        if reasons:
            return self._refuse(*reasons)
        until, is_cap = case.until()
        if until:
            stale = request.get("date_stale")
            if stale and stale < until:
                return self._refuse("stale")
            return {
                "verdict": "defer",
                "reasons": {"cap" if is_cap else "window"},
                "until": until,
                "recipient": None,
            }
        if case.other:
            return {
                "verdict": "redirect",
                "reasons": {case.other[0]},
                "until": None,
                "recipient": case.other[1],
            }
        if request["partner_id"] and person["id"] != request["partner_id"]:
            return {
                "verdict": "redirect",
                "reasons": {"merged"},
                "until": None,
                "recipient": person["id"],
            }
        if case.is_child and case.quality == "guardian":
            return self._allow("guardian", person["id"])
        return self._allow("neutral" if case.is_private() else "ok", person["id"])

    def _who(self, request):
        people = self.world["people"]
        if request["partner_id"]:
            person = people[request["partner_id"]]
            if person["status"] == "merged" and person["merged_into"]:
                person = people[person["merged_into"]]
            return person, 1
        found = [
            person
            for person in people.values()
            if any(
                point["number"] == request["asked_address"]
                and point["company_id"] == request["company_id"]
                for point in person["points"]
            )
        ]
        return (found[0] if len(found) == 1 else None), len(found)

    @staticmethod
    def _refuse(*reasons):
        return {
            "verdict": "refuse",
            "reasons": set(reasons),
            "until": None,
            "recipient": None,
        }

    @staticmethod
    def _allow(reason, recipient):
        return {
            "verdict": "allow",
            "reasons": {reason},
            "until": None,
            "recipient": recipient,
        }


class Case:
    """One request, its person and what follows from both."""

    def __init__(self, governor, request, purpose, company, person):
        self.world, self.now = governor.world, governor.now
        self.request, self.purpose = request, purpose
        self.company, self.person = company, person
        self.zone = ZoneInfo(company["tz"])
        self.local = self._to_local(self.now)
        self.today = self.local.date()
        self.channel = request["channel"]
        self.file = person["files"].get(company["id"])
        self.years = self._years(person)
        self.is_child = self.years is not None and self.years < 14
        self.policy = self._policy()
        self.consent = self._consent(purpose)
        self.quality = self._best_quality(
            person, self.years, request.get("asked_address")
        )
        self.other = self._other()
        self.is_answer = self._is_answer()

    # -- time ----------------------------------------------------------

    def _to_local(self, moment):
        return moment.replace(tzinfo=UTC).astimezone(self.zone).replace(tzinfo=None)

    def _to_utc(self, local):
        return local.replace(tzinfo=self.zone).astimezone(UTC).replace(tzinfo=None)

    def _years(self, person):
        born = person["birthdate"]
        if not born:
            return None
        before = (self.today.month, self.today.day) < (born.month, born.day)
        return self.today.year - born.year - before

    def _birthday(self, years):
        born = self.person["birthdate"]
        try:
            return date(born.year + years, born.month, born.day)
        except ValueError:
            return date(born.year + years, 2, 28)

    def _is_work(self, day):
        told = self.world["days"].get((self.company["id"], day))
        return told["is_work"] if told else day.isoweekday() < 6

    # -- who may be told -----------------------------------------------

    def _points(self, person, asked=None):
        systems = {"email": "email", "wechat": "wechat", "letter": "letter"}
        system = systems.get(self.channel, "phone")
        if system == "letter":
            return [{"street": person["street"]}] if person["street"] else []
        return [
            point
            for point in person["points"]
            if point["system"] == system
            and point["company_id"] == self.company["id"]
            and (not asked or point["number"] == asked)
        ]

    def _quality(self, point, years):
        if "street" in point:
            return "own"
        if point["is_wrong"]:
            return "wrong_number"
        if point["is_junk"]:
            return "junk_number"
        e164 = point["e164"] or ""
        landline = point["use"] == "home" or (
            e164.startswith("+86") and not e164.startswith("+861")
        )
        if point["use"] == "old" or (landline and self.channel in ("sms", "whatsapp")):
            return "no_address"
        if point["whose"] == "other":
            return "not_own_number"
        if years is not None and years < 14:
            parents = ("mother", "father", "guardian")
            return "guardian" if point["whose"] in parents else "unlabelled"
        if point["is_shared"] or point["whose"] != "self":
            return "relative"
        return "own"

    def _best_quality(self, person, years, asked=None):
        qualities = [self._quality(p, years) for p in self._points(person, asked)]
        return min(qualities, key=BEST_FIRST.index, default=None)

    def _other(self):
        """Guardian or proxy who gets it instead."""
        if self.purpose == "security":
            return None
        for relation in self.person["relations"]:
            if not self._in_force(relation):
                continue
            if relation["is_guardian"] and self.is_child and self.quality != "guardian":
                return "guardian", relation["relative_id"]
        if self.purpose not in CARING or self.quality in (
            "own",
            "relative",
            "guardian",
            "unlabelled",
        ):
            return None
        for relation in self.person["relations"]:
            scopes = ("all", "booking") if self.purpose == "service" else ("all",)
            if (
                relation["is_proxy"]
                and relation["proxy_scope"] in scopes
                and self._in_force(relation)
            ):
                return "proxy", relation["relative_id"]
        return None

    def _in_force(self, relation):
        relative = self.world["people"][relation["relative_id"]]
        start, end = relation["date_start"], relation["date_end"]
        return (
            relation["company_id"] == self.company["id"]
            and not relation["must_not_know"]
            and (not start or start <= self.today)
            and (not end or end >= self.today)
            and relative["status"] == "current"
            and "deceased" not in relative["reports"]
            and self._best_quality(relative, None) in ("own", "relative")
        )

    def is_private(self):
        told = self.file or {}
        return (
            self.quality in ("relative", "unlabelled")
            or told.get("disclosure") == "shielded"
            or told.get("confidentiality") == "sensitive"
        )

    # -- consent -------------------------------------------------------

    def _consent(self, purpose):
        """The newest decision and what it is worth today."""
        decisions = [
            row
            for row in self.person["consents"]
            if row["purpose"] == purpose
            and row["company_id"] == self.company["id"]
            and row["channel"] in (None, self.channel)
        ]
        if not decisions:
            return None, None
        row = max(decisions, key=lambda item: (item["date"], item["id"]))
        if row["decision"] == "withdrawn":
            return "withdrawn", row
        if row["date_end"] and row["date_end"] < self.today:
            return "expired", row
        if self.is_child and not row["given_by_id"]:
            return None, row
        for years in (18, 14):
            if (
                self.years is not None
                and self.years >= years
                and row["date"] < datetime.combine(self._birthday(years), time())
            ):
                return "age", row
        return "granted", row

    # -- why not -------------------------------------------------------

    def reasons(self):
        """Every reason to refuse."""
        if not self.person["is_person"]:
            return []
        found = []
        if self.person["status"] == "erased":
            found.append("erased")
        if self.person["status"] == "deceased" or "deceased" in self.person["reports"]:
            found.append("deceased")
        address = None if self.other else self._address_reason()
        if address:
            found.append(address)
        if self.purpose == "security":
            return found
        return found + self._standing() + self._consent_reasons()

    def _standing(self):
        found = []
        told = self.file or {}
        checks = {
            "gone": self.person["status"] == "gone",
            "not_known": not self.file,
            "stopped": self._is_stopped(),
            "hold": self._is_held(),
            "pregnancy_lost": "pregnancy_lost" in self.person["reports"]
            and self.request["topic"] == "pregnancy",
            "sensitive": told.get("confidentiality") == "sensitive"
            and self.purpose in OUTREACH,
            "memorial": self.request["is_greeting"]
            and self.world["days"]
            .get((self.company["id"], self.today), {})
            .get("is_memorial"),
            "stale": self.request["date_stale"]
            and self.request["date_stale"] < self.now,
        }
        found += [name for name, holds in checks.items() if holds]
        return found

    def _consent_reasons(self):
        state = self.consent[0]
        found = []
        if state == "withdrawn":
            found.append("withdrawn")
        elif self.policy and self.policy["basis"] == "opt_in" and state != "granted":
            names = {"expired": "consent_expired", "age": "consent_age"}
            found.append(names.get(state, "no_consent"))
        if self.channel == "whatsapp" and self.company["country"] == "CN":
            decision, row = self._consent("transfer_abroad")
            if decision == "withdrawn" or row is None or decision == "expired":
                found.append("abroad")
        if self.purpose in OUTREACH and self._is_blacklisted():
            found.append("blacklisted")
        return found

    def _address_reason(self):
        kind = self.quality
        if kind in ("own", "guardian"):
            return None
        if (
            kind is None
            and self.purpose == "security"
            and self.request["asked_address"]
        ):
            return None
        if kind in ("relative", "unlabelled") and self.purpose not in OUTREACH:
            return None
        if self.is_child:
            return "no_guardian"
        if kind is None:
            return "no_address"
        return "not_own_number" if kind == "relative" else kind

    def _is_stopped(self):
        return any(
            stop["company_id"] == self.company["id"]
            and stop["topic"] in (None, self.request["topic"])
            and self.purpose in stop["stops"]
            for stop in self.world["stops"]
        )

    def _is_held(self):
        return any(
            hold["company_id"] == self.company["id"]
            and hold["channel"] in (None, self.channel)
            and hold["date_start"] <= self.now
            and (not hold["date_end"] or hold["date_end"] > self.now)
            and (
                self.purpose in hold["stops"]
                or (self.request["is_greeting"] and "greeting" in hold["stops"])
            )
            for hold in self.person["holds"]
        )

    def _is_blacklisted(self):
        """The address it would go to is on one of Odoo's lists."""
        points = self._points(self.person, self.request["asked_address"])
        ranked = sorted(
            points,
            key=lambda p: (
                BEST_FIRST.index(self._quality(p, self.years)),
                p.get("rank", 1),
                p.get("id", 0),
            ),
        )
        if not ranked or "street" in ranked[0]:
            return False
        address = ranked[0]["e164"] or ranked[0]["number"]
        return address in self.world["blacklist"]

    # -- when ----------------------------------------------------------

    def _policy(self):
        rows = [
            row
            for row in self.world["policies"]
            if row["purpose"] == self.purpose
            and row["company_id"] in (None, self.company["id"])
            and row["channel"] in (None, self.channel)
        ]
        return min(
            rows,
            key=lambda row: (row["company_id"] is None, row["channel"] is None),
            default=None,
        )

    def _is_answer(self):
        return (
            self.request["is_answer"]
            and self.purpose in CARING
            and any(
                text["company_id"] == self.company["id"]
                and text["meaning"] != "wrong_person"
                and self.now - timedelta(hours=2) < text["date"] <= self.now
                for text in self.person["inbound"]
            )
        )

    def until(self):
        """When it may go, and whether a limit is the reason; None is now."""
        if not self.person["is_person"] or self.purpose == "security":
            return None, False
        free = self.now if self.is_answer else self._free()
        knows_no_hours = (
            self.channel == "letter"
            or self.is_answer
            or (self.request["is_urgent"] and self.purpose == "care")
        )
        due = free if knows_no_hours else self._next_open(free)
        return (due, free > self.now) if due > self.now else (None, False)

    def _next_open(self, start):
        """The first moment from ``start`` on in the hours of the policy."""
        if not self.policy:
            return start
        local = self._to_local(start)
        for ahead in range(60):
            day = local.date() + timedelta(days=ahead)
            midnight = datetime.combine(day, time())
            opens = midnight + timedelta(hours=self.policy["hour_from"])
            closes = midnight + timedelta(hours=self.policy["hour_to"])
            if local >= closes or (
                self.policy["workdays_only"] and not self._is_work(day)
            ):
                continue
            return start if local >= opens else self._to_utc(opens)
        raise AssertionError("a window that never opens")

    def _free(self):
        """The first moment at which one more message keeps every limit."""
        sent = [
            row
            for row in self.person["sent"]
            if row["company_id"] == self.company["id"] and row["counts"]
        ]
        midnight = datetime.combine(self.today + timedelta(days=1), time())
        moments = {self.now, self._to_utc(midnight)}
        for row in sent:
            for days in (7, 30):
                moments.add(row["date"] + timedelta(days=days))
        return min(
            moment
            for moment in moments
            if moment >= self.now and self._keeps_limits(moment, sent)
        )

    def _keeps_limits(self, moment, sent):
        day = self._to_local(moment).date()
        same = [row for row in sent if row["purpose"] == self.purpose]
        today = [row for row in same if self._to_local(row["date"]).date() == day]
        if self.purpose in OUTREACH and any(
            self._to_local(row["date"]).date() == day
            for row in sent
            if row["purpose"] in OUTREACH
        ):
            return False
        policy = self.policy or {}
        month = policy.get("cap_month") or 0
        state, row = self.consent
        if state == "granted" and row["frequency_per_month"]:
            month = min(row["frequency_per_month"], month or 99)
        limits = (
            (policy.get("cap_day") or 0, len(today)),
            (policy.get("cap_week") or 0, self._within(same, moment, 7)),
            (month, self._within(same, moment, 30)),
        )
        return all(not limit or count < limit for limit, count in limits)

    @staticmethod
    def _within(rows, moment, days):
        return sum(row["date"] > moment - timedelta(days=days) for row in rows)
