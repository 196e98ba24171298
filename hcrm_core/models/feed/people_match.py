from odoo import models
from odoo.tools import SQL

from ...tools.person_parts import Person


class HcrmFeedPeopleWriter(models.AbstractModel):
    """Finds out which row is whom: by identity, else by strong identifiers.

    Contact points never match, families share them. An archived person counts,
    a merged one stands for whom it was merged into.
    """

    _inherit = "hcrm.feed.people.writer"

    def _match_rows(self, told):
        """Return the person of each row of what is told, and who holds its numbers.

        Rows of one page that share a strong identifier are one person, unless
        both are known as different people already.

        :return: list of Person, as long as ``told``; holders as
            ``_identifier_holders`` gives them
        """
        Details = self.env["hcrm.person.details"]
        keys = {
            part.key
            for one in told
            for part in one.identifiers
            if part.values["is_unique"]
        }
        holders = Details._identifier_holders(list(keys))
        known = {one.row.res_id for one in told if one.row.res_id}
        final = self._follow_merged(known | set(holders.values()))
        people = Details._load_people(sorted(set(final.values())))
        chosen = self._choose(told, holders, final)
        made = {}
        matched = []
        for group in chosen:
            person = people.get(group)
            if person is None:
                person = made.get(group) or made.setdefault(group, Person(is_new=True))
            matched.append(person)
        return matched, holders, final

    def _choose(self, told, holders, final):
        """Return the partner id of each row, or a key of its group of new rows."""
        by_key = {
            key: (final[holder], False)
            for key, holder in holders.items()
            if (holder in final)
        }
        for one in told:
            partner_id = final.get(one.row.res_id)
            if partner_id:
                for key in one.strong_keys():
                    by_key.setdefault(key, (partner_id, True))
        groups = self._group_new(told, final)
        best = {}
        for index, one in enumerate(told):
            root = groups[index]
            for part in one.identifiers:
                if part.is_strong and part.key in by_key:
                    found = (part.rank, by_key[part.key][0])
                    best[root] = min(best.get(root, found), found)
        return [
            final.get(one.row.res_id)
            or (
                best[groups[index]][1]
                if groups[index] in best
                else ("new", groups[index])
            )
            for index, one in enumerate(told)
        ]

    def _group_new(self, told, final):
        """Return for each row the first row it shares a strong identifier with."""
        root = list(range(len(told)))

        def find(index):
            while root[index] != index:
                root[index] = index = root[root[index]]
            return index

        first = {}
        for index, one in enumerate(told):
            if final.get(one.row.res_id):
                continue
            for key in one.strong_keys():
                other = first.setdefault(key, index)
                low, high = sorted((find(other), find(index)))
                root[high] = low
        return [find(index) for index in range(len(told))]

    def _follow_merged(self, partner_ids):
        """Return partner id -> id of the person it stands for; unknown ids are left out."""
        if not partner_ids:
            return {}
        self.env.cr.execute(
            SQL(
                """WITH RECURSIVE chain(start, id, target, depth) AS (
                       SELECT id, id, hcrm_merged_into_id, 0 FROM res_partner
                       WHERE id = ANY(%s)
                       UNION ALL
                       SELECT c.start, p.id, p.hcrm_merged_into_id, c.depth + 1
                       FROM chain c JOIN res_partner p ON p.id = c.target
                       WHERE c.depth < 20
                   )
                   SELECT start, id FROM chain WHERE target IS NULL""",
                list(partner_ids),
            )
        )
        return dict(self.env.cr.fetchall())

    def _known_identities(self, people):
        """Return partner id -> its live records at all sources, each a tuple.

        A person may come as several records, one per hospital or entered twice:
        the newest of them owns the demographics, whatever the order they come in.
        """
        ids = [person.id for person in people if person.id]
        if not ids:
            return {}
        self.env.cr.execute(
            SQL(
                """SELECT res_id, source_id, res_type, ext_id, company_id, updated_at
                   FROM hcrm_feed_identity
                   WHERE res_id = ANY(%s) AND res_model = 'res.partner'
                     AND state = 'live'""",
                ids,
            )
        )
        identities = {}
        for partner_id, *identity in self.env.cr.fetchall():
            identities.setdefault(partner_id, []).append(tuple(identity))
        return identities
