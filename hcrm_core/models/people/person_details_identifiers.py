from collections import defaultdict

from odoo import models
from odoo.tools import SQL

from ...tools import identity_numbers
from ...tools.person_parts import IdentifierPart, Line, as_date

# types whose number a person keeps for life: another value is a correction
LIFELONG = ("ric", "ric15")


class HcrmPersonDetails(models.AbstractModel):
    _inherit = "hcrm.person.details"

    def _parse_identifiers(self, lookups, company_id, items, birthdate=None):
        """Return identity numbers as parts; an unreadable number is kept (R1).

        A number that fails its check, or whose birth date is not the person's,
        neither matches anybody nor claims to be unique: it may be a placeholder
        or somebody else's card.
        """
        parts = {}
        for item in items or ():
            value = (item.get("value") or "").strip()
            kind = lookups.kinds.get(item.get("type")) or lookups.kinds.get("OTH")
            if not value or not kind:
                continue
            verdict = identity_numbers.check(kind.validator, value)
            norm = verdict.norm or identity_numbers.normalise(value) or value.upper()
            is_own = verdict.ok and not (
                birthdate
                and verdict.birthdate
                and str(verdict.birthdate)[:10] != str(birthdate)[:10]
            )
            code = "not_own" if verdict.ok and not is_own else ""
            code = code or verdict.error or verdict.hint
            per_company = kind.is_per_company or item.get("per_company")
            key = (kind.id, company_id if per_company else 0, norm)
            parts[key] = IdentifierPart(
                key=key,
                values={
                    "type_id": kind.id,
                    "company_id": key[1] or None,
                    "value": value,
                    "value_norm": norm,
                    "assigner": item.get("assigner") or None,
                    "date_start": as_date(item.get("start")),
                    "date_end": as_date(item.get("end")),
                    "is_unique": kind.is_unique and is_own,
                    "hint": lookups.words.get(code),
                },
                rank=kind.rank,
                is_strong=kind.is_strong and is_own,
                is_lifelong=kind.validator in LIFELONG,
            )
        return list(parts.values())

    def _identifier_words(self):
        """Return what is wrong with or unusual about a number: code -> sentence."""
        return {
            "not_own": self.env._("The birth date in the number is not the person's."),
            "length": self.env._("The number has a wrong length."),
            "characters": self.env._(
                "The number holds characters that it cannot have."
            ),
            "date": self.env._("The birth date in the number does not exist."),
            "check_digit": self.env._("The last character does not fit the number."),
            "prefix": self.env._(
                "The number starts with what its kind never starts with."
            ),
            "area": self.env._("The area code is not in the known list."),
            "age": self.env._("The birth date in the number is unlikely."),
            "form": self.env._("The number has an unusual form."),
            "old_form": self.env._("The number has the form used in former years."),
        }

    def _add_identifiers(self, person, parts, supersede=False):
        """Merge told numbers into a person.

        :param supersede: a lifelong number of the same type that is no longer
            told was an error, and is removed: it is another person's
        """
        for part in parts:
            line = person.identifiers.get(part.key)
            if line is None:
                person.identifiers[part.key] = Line(dict(part.values))
                continue
            told = {
                name: value
                for name, value in part.values.items()
                if name != "is_unique" and (value or name == "hint")
            }
            line.values.update(told)
            if not part.values["is_unique"]:
                line.values["is_unique"] = False
        if supersede:
            self._drop_superseded(person, parts)

    def _drop_superseded(self, person, parts):
        told = defaultdict(set)
        for part in parts:
            if part.is_lifelong:
                told[part.key[:2]].add(part.key)
        for key in [
            key
            for key in person.identifiers
            if key[:2] in told and key not in told[key[:2]]
        ]:
            line = person.identifiers.pop(key)
            if line.id:
                person.doomed.append(line.id)

    def _claim_identifiers(self, people, holders=None):
        """Let one person hold each number; the others keep it without the claim.

        Never raises: whoever comes second goes to the duplicate queue.

        :param holders: key -> partner id, where the caller has looked them up
        :return: pairs of a person and who holds its number, a Person or an id
        """
        people = list(people)
        known = {person.id: person for person in people if person.id}
        claims = [
            (person, key, line)
            for person in people
            for key, line in person.identifiers.items()
            if line.values["is_unique"] and not (line.old and line.old["is_unique"])
        ]
        if holders is None:
            holders = self._identifier_holders([key for _person, key, _line in claims])
        taken = {}
        rivals = []
        for person, key, line in claims:
            holder = holders.get(key)
            if holder in known and key not in known[holder].identifiers:
                holder = None  # given up in this very page
            owner = taken.setdefault(key, known.get(holder, holder) or person)
            if owner is not person:
                line.update(is_unique=False)
                rivals.append((person, owner))
        return rivals

    def _queue_rivals(self, rivals):
        """Let a clerk decide about people who hold the same number."""
        pairs = [(person.id, getattr(owner, "id", owner)) for person, owner in rivals]
        self._queue_duplicates(pairs, self.env._("Same identity number"))
        found = defaultdict(set)
        for left, right in pairs:
            found[left].add(right)
        return found

    def _identifier_holders(self, keys):
        """Return who holds numbers: key -> partner id (archived people too)."""
        if not keys:
            return {}
        types, companies, norms = map(list, zip(*keys, strict=True))
        self.env.cr.execute(
            SQL(
                # one look-up per number: the planner would rather read the table
                """SELECT k.t, k.c, k.v, i.partner_id
                   FROM unnest(%s::int[], %s::int[], %s::varchar[]) AS k(t, c, v)
                   CROSS JOIN LATERAL (
                       SELECT partner_id FROM hcrm_person_identifier
                       WHERE type_id = k.t AND COALESCE(company_id, 0) = k.c
                         AND value_norm = k.v AND is_unique
                       OFFSET 0
                   ) i""",
                types,
                companies,
                norms,
            )
        )
        return {row[:3]: row[3] for row in self.env.cr.fetchall()}
