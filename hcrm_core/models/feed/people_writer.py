from collections import Counter

from odoo import models

from ...feed_adapters.canonical import Problem, Written
from .people_columns import IMPORT_CONTEXT


class HcrmFeedPeopleWriter(models.AbstractModel):
    """Writes people of the HIS in sets: partners and everything beside them.

    The HIS owns demographics; what only people tell (class, contact points made
    by hand, marks) is kept. A key that is missing in the data is not touched.
    Runs in the transaction of its page and never commits. The number of queries
    does not grow with the rows.
    """

    _name = "hcrm.feed.people.writer"
    _description = "People Writer of the Feed"

    def _write_rows(self, source, rows, run=None):
        """Write a page of people; never raises for what a row holds.

        :param rows: list of ``canonical.Row`` of types Patient and RelatedPerson,
            at most 5,000
        :return: ``canonical.Written``; ``path`` says how, ``reason`` why
        """
        self = self.sudo().with_context(**IMPORT_CONTEXT)
        self = self.with_company(source.company_id)
        self.env.flush_all()
        reason = self.env["hcrm.feed.people.guard"]._reason_for_orm()
        written = Written(path="orm" if reason else "sql", reason=reason)
        Details = self.env["hcrm.person.details"]
        lookups = Details._lookups()
        told, written.problems = self._read_rows(rows, lookups)
        if told:
            self._write_told(source, told, lookups, written)
        self.env.flush_all()
        self.env.invalidate_all()
        return written

    def _save_known(self, people):
        """Save people that the caller loaded and changed, with their search tokens."""
        self = self.sudo().with_context(**IMPORT_CONTEXT)
        Details = self.env["hcrm.person.details"]
        Details._derive_columns(people)
        reason = self.env["hcrm.feed.people.guard"]._reason_for_orm()
        self._save_partners(people, Written(path="orm" if reason else "sql"))
        Details._save_details(people, tokens="all")
        self.env.invalidate_all(flush=False)

    def _write_told(self, source, told, lookups, written):
        Details = self.env["hcrm.person.details"]
        matched, holders, final = self._match_rows(told)
        matched = self._without_nameless(told, matched, written)
        self._merge_told(source, told, matched, lookups)
        people = list(dict.fromkeys(filter(None, matched)))
        self.env["hcrm.feed.adoption"]._keep(source, people)
        rivals = Details._claim_identifiers(people, holders)
        Details._mark_known_junk(people, lookups)
        Details._derive_columns(people)
        touched = [person for person in people if person.is_touched()]
        # a contact that becomes a person is a new person, too
        is_new = {p for p in touched if p.is_new or not p.has_metrics}
        if touched:
            self._save_partners(touched, written)
            saved = [person for person in touched if not person.problem]
            moved = Details._save_details(saved)
            Details._queue_rivals(
                (person, owner)
                for person, owner in rivals
                if not person.problem and final.get(owner) != person.id
            )
            self._settle_numbers(moved, written)
        self.env["hcrm.person.origin"]._save(people)
        self._report(told, matched, is_new, set(touched), written)

    def _settle_numbers(self, partner_ids, written):
        """Let people hold their first good number after numbers became junk."""
        Details = self.env["hcrm.person.details"]
        while partner_ids:
            people = list(Details._load_people(partner_ids).values())
            Details._derive_columns(people)
            self._save_partners(people, written)
            partner_ids = Details._save_details(people, tokens="all")

    def _report(self, told, matched, new, touched, written):
        """Note by external id what became of each row."""
        for one, person in zip(told, matched, strict=True):
            ext_id = one.row.ext_id
            if person is None:
                continue
            if person.problem:
                problem = Problem("person_refused", {"error": person.problem})
                written.problems[ext_id] = problem
                continue
            written.ids[ext_id] = person.id
            if person in new:
                # further records of the same person only change it
                new.discard(person)
                written.new.add(ext_id)
            elif person in touched:
                written.changed.add(ext_id)

    def _without_nameless(self, told, matched, written):
        """Refuse new people without a name; a known person keeps the one it has."""
        named = {
            person
            for one, person in zip(told, matched, strict=True)
            if person.old.get("name") or one.values.get("name")
        }
        kept = []
        for one, person in zip(told, matched, strict=True):
            if person not in named:
                written.problems[one.row.ext_id] = Problem("no_name", {"field": "name"})
                person = None
            kept.append(person)
        return kept

    def _merge_told(self, source, told, matched, lookups):
        """Merge what rows tell into their people, oldest row first."""
        identities = self._known_identities([p for p in matched if p])
        described = self._described_twice(source, told, matched, identities)
        priorities = self._open_origins(source, described)
        defaults = self._partner_defaults()
        in_page = Counter(
            (person, one.row.company_id)
            for one, person in zip(told, matched, strict=True)
        )
        for one, person in zip(told, matched, strict=True):
            if person is None:
                continue
            if person.is_new and not person.values:
                person.values.update(defaults)
            if person.values["hcrm_status"] == "erased":
                # what a person had erased is not filled in again
                continue
            others = self._others(source, one, person, identities)
            company_id = one.row.company_id
            is_only = in_page[person, company_id] == 1 and not any(
                identity[3] in (company_id, None) for identity in others
            )
            self._merge_one(source, one, person, others, is_only, lookups, priorities)

    def _others(self, source, one, person, identities):
        """The other live records of a person, at any source."""
        known = identities.get(person.id, ())
        own = (source.id, one.row.type, one.row.ext_id)
        return [identity for identity in known if identity[:3] != own]

    def _described_twice(self, source, told, matched, identities):
        """People whom another record describes as well."""
        found = {
            person
            for one, person in zip(told, matched, strict=True)
            if person
            and person.id in identities
            and self._others(source, one, person, identities)
        }
        return list(found)

    def _merge_one(self, source, one, person, others, is_only, lookups, priorities):
        """Merge one row; an older record of the person only fills what is empty.

        :param others: the person's other live records, at any source
        :param is_only: no other record of the person is of the same hospital, so
            that a number it no longer tells is no longer used
        """
        if one.is_tombstone:
            if not others:
                person.values.update(one.values)
            return
        Details = self.env["hcrm.person.details"]
        survivor = one.row.data.get("survivor_id")
        if survivor and (others or survivor == person.id):
            self._merge_redirected(one, person, lookups)
            return
        is_newest = True
        if others:
            is_newest = self._merge_fields(source, one, person, others, priorities)
        else:
            values = person.values
            for name, value in one.values.items():
                if name == "hcrm_other_names":
                    value = self._join_names(values[name], value)
                values[name] = value
        company_id = one.row.company_id
        Details._add_identifiers(person, one.identifiers, supersede=is_newest)
        if one.contacts is not None:
            ages = company_id if is_only else None
            Details._add_contacts(person, one.contacts, is_feed=True, ages=ages)
        Details._add_file(lookups, person, company_id, one.file)
        Details._add_profile(person, company_id, one.row.data)

    def _merge_redirected(self, one, person, lookups):
        """A record that the source merged into another one of the same person: the
        other one speaks; of this one its names and numbers are kept."""
        names = {one.values.get("name"), *self._lines(one.values)}
        names |= set(self._lines(person.values))
        names -= {person.values["name"], None}
        person.values["hcrm_other_names"] = "\n".join(sorted(names)) or None
        Details = self.env["hcrm.person.details"]
        Details._add_identifiers(person, one.identifiers)
        Details._add_file(lookups, person, one.row.company_id, one.file)

    def _lines(self, values):
        return (values.get("hcrm_other_names") or "").splitlines()

    def _join_names(self, known, told):
        """Other names add up: one that the staff entered is not lost (F18), and a
        person goes on being found by a former one."""
        lines = [*(known or "").splitlines(), *(told or "").splitlines()]
        return "\n".join(dict.fromkeys(lines)) or None
