from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from babel import dates, numbers

from odoo import api, fields, models
from odoo.exceptions import ValidationError
from odoo.tools import babel_locale_parse

from ...tools.salutation import language_of, salutation
from ...tools.template_text import Variable, excerpt, marks, one_line, stray_brace

UTC = ZoneInfo("UTC")
# said instead of what others must not read
NEUTRAL = {
    "department": {"zh": "相关科室", "en": "our clinic"},
    "doctor": {"zh": "您的医生", "en": "your doctor"},
    "service": {"zh": "相关服务", "en": "our service"},
}


@dataclass(slots=True)
class Row:
    """One text to fill: for whom, in which language, with what the caller gave."""

    key: Any
    partner: Any
    given: Mapping[str, Any]
    lang: str = "en_US"
    text: Any = None
    file: Any = None

    @property
    def is_guarded(self) -> bool:
        """Even the person must not read the diagnosis, or nobody else may (R4, R8)."""
        return bool(self.file) and (
            self.file.disclosure == "shielded"
            or self.file.confidentiality == "sensitive"
        )


@dataclass
class Asked:
    """A set of texts of one template for one hospital."""

    env: Any
    template: Any
    company: Any
    channel: str
    rows: list[Row]
    is_neutral: bool = False
    now: datetime = field(default_factory=fields.Datetime.now)

    @cached_property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.company.hcrm_tz)

    @cached_property
    def today(self) -> date:
        return self.now.replace(tzinfo=UTC).astimezone(self.zone).date()

    def records(self, model: str, code: str) -> dict:
        """{(id, language): record} of what callers gave as an id; names of all are
        read at once, whoever may see them: they go to the person."""
        pairs = {
            (row.given[code], row.lang)
            for row in self.rows
            if isinstance(row.given.get(code), int)
        }
        ids = sorted({pair[0] for pair in pairs})
        found = {}
        for lang in {pair[1] for pair in pairs}:
            context = {"lang": lang if self.has_language(lang) else None}
            records = self.env[model].sudo().with_context(**context).browse(ids)
            found.update(((record.id, lang), record) for record in records.exists())
        return found

    def has_language(self, lang: str) -> bool:
        return bool(self.env["res.lang"]._get_data(code=lang))


class HcrmTemplateVariables(models.AbstractModel):
    """What a text may be filled with, and the values for a whole set of people."""

    _name = "hcrm.template.variables"
    _description = "Placeholders of Messages"

    @api.model
    def _get_variables(self) -> dict[str, Variable]:
        """The closed list of what a text may be filled with: code -> variable.

        Other rooms and addons append theirs; a variable that is not given by the
        caller has a method ``_value_<code>(asked)`` that returns {key of a row: words}
        for the whole set.
        """
        listed = [
            *self._get_person_variables(),
            *self._get_place_variables(),
            *self._get_time_variables(),
            *self._get_other_variables(),
        ]
        return {variable.code: variable for variable in listed}

    def _get_person_variables(self):
        return [
            Variable(
                "name",
                "text",
                self.env._("How the person is addressed"),
                self.env._("Ms Wang"),
            ),
            Variable(
                "doctor",
                "text",
                self.env._("Doctor"),
                self.env._("Dr Li"),
                is_telling=True,
            ),
            Variable(
                "service",
                "text",
                self.env._("What is booked or asked for"),
                self.env._("Blood test"),
                is_telling=True,
            ),
        ]

    def _get_place_variables(self):
        return [
            Variable(
                "hospital",
                "text",
                self.env._("The hospital"),
                self.env._("City Hospital"),
            ),
            Variable("campus", "text", self.env._("Campus"), self.env._("East Campus")),
            Variable(
                "department",
                "text",
                self.env._("Department, by its neutral label where it is sensitive"),
                self.env._("Cardiology"),
                is_telling=True,
            ),
            Variable(
                "place", "text", self.env._("Room or floor"), self.env._("Room 302")
            ),
            Variable(
                "phone", "text", self.env._("The hospital's number"), "021-12345678"
            ),
        ]

    def _get_time_variables(self):
        return [
            Variable("date", "date", self.env._("Day of the matter"), "11-25"),
            Variable("time", "date", self.env._("Hour of the matter"), "09:30"),
            Variable(
                "weekday",
                "date",
                self.env._("Day of the week of the matter"),
                self.env._("Wednesday"),
            ),
            Variable("today", "date", self.env._("Today"), "11-25"),
        ]

    def _get_other_variables(self):
        return [
            Variable(
                "link",
                "link",
                self.env._("Link to the person's own page"),
                "https://example.com/h/a1B2c3D4",
            ),
            Variable(
                "reference", "text", self.env._("Number of the matter"), "A20261125"
            ),
            Variable("code", "number", self.env._("Security code"), "382915"),
            Variable("minutes", "number", self.env._("Minutes it is valid"), "5"),
            Variable("count", "number", self.env._("A number"), "3"),
            Variable("title", "text", self.env._("Title of a class or offer"), "…"),
            Variable(
                "ad_number",
                "text",
                self.env._("Approval number of the advertising"),
                "（沪）医广【2026】第01-01-001号",
            ),
        ]

    # ------------------------------------------------------------------
    # values, for a whole set
    # ------------------------------------------------------------------

    def _values(self, codes, asked: Asked) -> dict[Any, dict[str, str]]:
        """{key of a row: {code: words}}; a code without words is left out."""
        result = {row.key: {} for row in asked.rows}
        for code, variable in self._get_variables().items():
            if code not in codes:
                continue
            # what a caller gives wins, but for what needs looking at
            method = getattr(self, f"_value_{code}", None)
            values = method(asked) if method else self._given(code, variable, asked)
            for key, value in values.items():
                if value or value == 0:
                    result[key][code] = one_line(value)
        return result

    def _given(self, code, variable, asked):
        return {
            row.key: self._formatted(row.given[code], variable.kind, row.lang)
            for row in asked.rows
            if row.given.get(code) not in (None, False, "")
        }

    @staticmethod
    def _formatted(value, kind, lang):
        if kind == "number" and isinstance(value, float):
            return numbers.format_decimal(value, locale=babel_locale_parse(lang))
        return value

    def _value_name(self, asked):
        return {row.key: self._salutation(row, asked.today) for row in asked.rows}

    @staticmethod
    def _salutation(row, today):
        if given := row.given.get("name"):
            return given
        partner = row.partner
        if partner.hcrm_confidentiality not in (False, "normal"):
            # never the name; where no alias was agreed on, words for anybody
            return (row.file and row.file.alias) or salutation(
                False, None, None, row.lang
            )
        born = partner.hcrm_birthdate
        age = None
        if born:
            age = (
                today.year
                - born.year
                - ((today.month, today.day) < (born.month, born.day))
            )
        return salutation(partner.name, partner.hcrm_gender, age, row.lang)

    def _value_hospital(self, asked):
        return {
            row.key: row.given.get("hospital") or asked.company.name
            for row in asked.rows
        }

    def _value_phone(self, asked):
        return {
            row.key: row.given.get("phone") or asked.company.phone for row in asked.rows
        }

    def _value_campus(self, asked):
        campuses = asked.records("hcrm.campus", "campus")
        own = {
            lang: asked.company.hcrm_campus_ids.sudo().with_context(
                lang=lang if asked.has_language(lang) else None
            )
            for lang in {row.lang for row in asked.rows}
        }
        result = {}
        for row in asked.rows:
            given = row.given.get("campus")
            if isinstance(given, int):
                given = campuses.get((given, row.lang))
                given = given.name if given else None
            if not given and row.file and row.file.campus_id:
                mine = own[row.lang].filtered(
                    lambda campus, row=row: campus.id == row.file.campus_id.id
                )
                given = mine.name
            result[row.key] = given or asked.company.name
        return result

    def _value_department(self, asked):
        departments = asked.records("hcrm.department", "department")
        result = {}
        for row in asked.rows:
            given = row.given.get("department")
            if isinstance(given, int):
                given = self._department_words(
                    departments.get((given, row.lang)), row, asked
                )
            elif given:
                given = self._told("department", given, row, asked)
            result[row.key] = given
        return result

    def _department_words(self, department, row, asked):
        if not department:
            return None
        if department.is_sensitive:
            words = NEUTRAL["department"]
            return department.neutral_name or words.get(
                language_of(row.lang), words["en"]
            )
        if self._is_quiet(row, asked):
            return department.neutral_name or self._told("department", "", row, asked)
        return department.name

    def _value_doctor(self, asked):
        doctors = asked.records("hcrm.practitioner", "doctor")
        result = {}
        for row in asked.rows:
            given = row.given.get("doctor")
            if isinstance(given, int):
                found = doctors.get((given, row.lang))
                given = found.name if found else None
            result[row.key] = given and self._told("doctor", given, row, asked)
        return result

    def _value_service(self, asked):
        return {
            row.key: given and self._told("service", given, row, asked)
            for row in asked.rows
            for given in [row.given.get("service")]
        }

    @staticmethod
    def _is_quiet(row, asked):
        return asked.is_neutral or row.is_guarded

    def _told(self, code, words, row, asked):
        """``words``, or what is said instead where others must not read them."""
        if not self._is_quiet(row, asked):
            return words
        return NEUTRAL[code].get(language_of(row.lang), NEUTRAL[code]["en"])

    # ------------------------------------------------------------------
    # days and hours: the hospital's time, the reader's language
    # ------------------------------------------------------------------

    def _value_date(self, asked):
        return self._moments(asked, "date", self._day_words)

    def _value_time(self, asked):
        return self._moments(asked, "time", self._hour_words)

    def _value_weekday(self, asked):
        return self._moments(
            asked,
            "weekday",
            lambda moment, locale, _today: dates.format_date(moment, "EEEE", locale),
        )

    def _value_today(self, asked):
        return {
            row.key: self._day_words(
                asked.today, babel_locale_parse(row.lang), asked.today
            )
            for row in asked.rows
        }

    def _moments(self, asked, code, words):
        """Words of each row's own value, else of its ``date``."""
        result = {}
        for row in asked.rows:
            given = row.given.get(code) or row.given.get("date")
            moment = self._moment(given, asked.zone)
            if moment is None and code in row.given:
                result[row.key] = row.given[code]  # words of the caller's
            elif moment is not None:
                locale = babel_locale_parse(row.lang)
                result[row.key] = words(moment, locale, asked.today)
        return result

    @staticmethod
    def _moment(value, zone):
        """A day or a local time from what a caller gave; naive times are UTC."""
        if isinstance(value, str):
            try:
                value = (
                    date.fromisoformat(value)
                    if len(value) == 10
                    else datetime.fromisoformat(value)
                )
            except ValueError:
                return None
        if isinstance(value, datetime):
            value = value if value.tzinfo else value.replace(tzinfo=UTC)
            return value.astimezone(zone)
        return value if isinstance(value, date) else None

    @staticmethod
    def _day_words(moment, locale, today):
        day = moment.date() if isinstance(moment, datetime) else moment
        near = abs((day - today).days) < 180
        return dates.format_skeleton("MMMMd" if near else "yMMMMd", day, locale=locale)

    @staticmethod
    def _hour_words(moment, locale, _today):
        if not isinstance(moment, datetime):
            return None
        words = dates.format_time(moment.time(), "short", locale=locale)
        # the blank before AM is one that makes a text twice as dear
        return words.replace("\u202f", " ")

    def _value_link(self, asked):
        """The link a caller gives, else the person's own page; rooms with a page that
        says more override this."""
        Preference = self.env["hcrm.preference"]
        return {
            row.key: row.given.get("link")
            or (row.file and Preference._link(row.partner, asked.company))
            for row in asked.rows
        }

    def _value_ad_number(self, asked):
        return {row.key: asked.template.ad_number for row in asked.rows}

    # ------------------------------------------------------------------
    # checking
    # ------------------------------------------------------------------

    @api.model
    def _check_words(self, words, where, known, blocks):
        """Refuse places of ``words`` that are not on the lists, naming the place."""
        if not words:
            return
        start = stray_brace(words)
        if start is not None:
            raise ValidationError(
                self.env._(
                    "%(where)s, at “%(place)s”: a brace belongs to a placeholder such as "
                    "{name}, written with plain braces and without blanks.",
                    where=where,
                    place=excerpt(words, start),
                )
            )
        for mark in marks(words):
            if mark.code not in (blocks if mark.is_part else known):
                raise ValidationError(self._unknown(mark, words, where, known, blocks))

    def _unknown(self, mark, words, where, known, blocks):
        place = excerpt(words, mark.start)
        if mark.is_part:
            return self.env._(
                "%(where)s, at “%(place)s”: there is no optional part “%(code)s”. There "
                "are: %(known)s.",
                where=where,
                place=place,
                code=mark.code,
                known=", ".join(sorted(blocks)) or "—",
            )
        return self.env._(
            "%(where)s, at “%(place)s”: “%(code)s” is no placeholder. Those are: "
            "%(known)s.",
            where=where,
            place=place,
            code=mark.code,
            known=", ".join(sorted(known)),
        )
