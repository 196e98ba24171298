from collections import Counter

from odoo import models
from odoo.tools import SQL, email_normalize

from ...tools import phones
from ...tools.person_parts import ContactPart, Line
from ...tools.staging import stage

SYSTEMS = {"phone": "phone", "sms": "phone", "email": "email", "wechat": "wechat"}
USES = ("mobile", "home", "work", "temp", "old")
WHOSE = ("self", "mother", "father", "spouse", "child", "guardian", "other")


class HcrmPersonDetails(models.AbstractModel):
    _inherit = "hcrm.person.details"

    def _parse_contacts(self, lookups, company_id, campus_id, items):
        """Return contact points as parts: any written form in (R14)."""
        plan = lookups.plan(company_id, campus_id)
        parts = {}
        for position, item in enumerate(items or (), 1):
            value = (item.get("value") or "").strip()
            if not value:
                continue
            system = SYSTEMS.get(item.get("system"), "other")
            use = item.get("use")
            whose = item.get("whose") or "self"
            values = {
                "company_id": company_id,
                "system": system,
                "use": use if use in USES else None,
                "rank": int(item.get("rank") or position),
                "value": value,
                **self._read_contact(system, value, plan),
                "whose": whose if whose in WHOSE else "other",
                "is_verified": False,
                "is_shared": False,
                "is_wrong": False,
                "is_feed": False,
            }
            key = (company_id, system, values["number"])
            told = parts.get(key)
            if told is None or values["rank"] < told.values["rank"]:
                parts[key] = ContactPart(key=key, values=values)
        return list(parts.values())

    def _read_contact(self, system, value, plan):
        """Return what lookups compare, and whether it can be anybody's at all."""
        if system == "phone":
            phone = phones.parse(value, plan)
            return {
                "number": phone.number or value.lower(),
                "e164": phone.e164 or None,
                "extension": phone.extension or None,
                "is_junk": bool(phone.is_junk or not phone.number),
            }
        number = email_normalize(value) if system == "email" else value
        return {
            "number": number or value.lower(),
            "e164": None,
            "extension": None,
            "is_junk": system == "email" and not number,
        }

    def _add_contacts(self, person, parts, is_feed, ages=None):
        """Merge told contact points into a person.

        What people told us is not changed by the HIS: a point made by hand keeps
        its use, rank and owner when the HIS tells the same number.

        :param ages: id of the entity whose list is complete: points of the HIS
            that it no longer tells are marked as no longer used, not deleted
        """
        for part in parts:
            line = person.contacts.get(part.key)
            if line is None:
                person.contacts[part.key] = Line({**part.values, "is_feed": is_feed})
            elif line.values["is_feed"] or not is_feed:
                for name in ("use", "rank", "value", "e164", "extension", "whose"):
                    line.values[name] = part.values[name]
        if ages:
            self._age_contacts(person, {part.key for part in parts}, ages)

    def _age_contacts(self, person, told, company_id):
        for key, line in person.contacts.items():
            if key[0] == company_id and key not in told and line.values["is_feed"]:
                line.update(use="old")

    # ------------------------------------------------------------------
    # SHARED AND JUNK NUMBERS
    # ------------------------------------------------------------------

    def _mark_known_junk(self, people, lookups):
        """Mark new numbers that are on too many people already, or in this page."""
        lines = [
            line
            for person in people
            for line in person.contacts.values()
            if line.is_new and line.values["system"] == "phone"
        ]
        numbers = Counter(line.values["number"] for line in lines)
        if not numbers:
            return
        self.env.cr.execute(
            SQL(
                # one look-up per number, also before the planner knows the table:
                # an aggregate has no cheap start, and no condition here fits the
                # partial index of telephone numbers
                """SELECT t.number FROM unnest(%s::varchar[]) AS t(number)
                   CROSS JOIN LATERAL (
                       SELECT bool_or(is_junk) AS is_junk FROM hcrm_contact_point
                       WHERE number = t.number
                   ) p
                   WHERE p.is_junk""",
                list(numbers),
            )
        )
        junk = {number for (number,) in self.env.cr.fetchall()}
        junk |= {n for n, count in numbers.items() if count > lookups.junk_people}
        for line in lines:
            if line.values["number"] in junk:
                line.update(is_junk=True)

    def _refresh_numbers(self, people, everything=False, former=()):
        """Bring ``is_shared`` and ``is_junk`` of touched numbers up to date.

        A number on more people than ``hcrm_core.junk_phone_people`` reaches
        nobody in particular (R13); it is nobody's again when it falls below.

        :return: ids of people one of whose numbers became junk, or ceased to be
        """
        touched = {
            (line.values["system"], line.values["number"])
            for person in people
            for line in person.contacts.values()
            if everything or line.is_new or line.is_changed
        } | set(former)
        if not touched:
            return set()
        lookups = self._lookups()
        systems, numbers = map(list, zip(*touched, strict=True))
        self.env.cr.execute(
            SQL(
                """SELECT p.id, p.partner_id, p.company_id, p.system, p.value,
                          p.is_junk, p.people
                   FROM unnest(%(systems)s::varchar[], %(numbers)s::varchar[])
                        AS t(system, number)
                   CROSS JOIN LATERAL (
                       SELECT c.*, (
                           SELECT count(DISTINCT o.partner_id)
                           FROM hcrm_contact_point o
                           WHERE o.number = t.number AND o.system = t.system
                             AND o.use IS DISTINCT FROM 'old'
                       ) AS people
                       FROM hcrm_contact_point c
                       WHERE c.number = t.number AND c.system = t.system
                       OFFSET 0
                   ) p
                   WHERE p.is_shared IS DISTINCT FROM (p.people > 1)
                      OR p.is_junk
                      OR (p.people > %(junk)s AND p.system = 'phone')""",
                systems=systems,
                numbers=numbers,
                junk=lookups.junk_people,
            )
        )
        rows, moved = [], set()
        for (
            line_id,
            partner_id,
            company_id,
            system,
            value,
            was,
            count,
        ) in self.env.cr.fetchall():
            is_junk = (system == "phone" and count > lookups.junk_people) or (
                self._read_contact(system, value, lookups.plan(company_id))["is_junk"]
            )
            rows.append((line_id, count > 1, is_junk))
            if is_junk != bool(was):
                moved.add(partner_id)
        self._write_marks(rows)
        return moved

    def _write_marks(self, rows):
        if not rows:
            return
        columns = {"id": "int", "is_shared": "bool", "is_junk": "bool"}
        self.env.cr.execute(
            SQL(
                """UPDATE hcrm_contact_point p
                   SET is_shared = s.is_shared, is_junk = s.is_junk
                   FROM %s s
                   WHERE p.id = s.id AND (p.is_shared, p.is_junk)
                         IS DISTINCT FROM (s.is_shared, s.is_junk)""",
                stage(self.env.cr, "contact_marks", columns, rows),
            )
        )
