from odoo import models

# a stamp older than any; and a record of no source
NEVER = ""
# what is told of a person field by field; the rest follows from it or adds up
TOLD_FIELDS = (
    "name",
    "street",
    "street2",
    "city",
    "zip",
    "state_id",
    "country_id",
    "hcrm_gender",
    "hcrm_birthdate",
    "hcrm_birthdate_precision",
    "hcrm_status",
    "hcrm_deceased_date",
)
LIFE_FIELDS = ("hcrm_status", "hcrm_deceased_date")


class HcrmFeedPeopleWriter(models.AbstractModel):
    """Who is believed about a field, where several records describe a person.

    The source with the higher priority, then the newer record, then the larger
    external id: the same whatever the order records come in. Nothing of this runs
    for a person whom one record describes.
    """

    _inherit = "hcrm.feed.people.writer"

    def _record_rank(self, priorities, source_id, stamp, ext_id):
        stamp = stamp.isoformat(timespec="microseconds") if stamp else NEVER
        return priorities.get(source_id, 0), stamp, ext_id

    def _open_origins(self, source, people):
        """Load what is needed to judge fields of ``people``; nothing where none are."""
        if not people:
            return {}
        self.env["hcrm.person.origin"]._load(people)
        return self.env["hcrm.person.origin"]._priorities()

    def _merge_fields(self, source, one, person, others, priorities):
        """Set the fields of which this record is believed; tell if it is the best one.

        :return: whether no other record of the person is believed more
        """
        row = one.row
        me = (source.id, f"{row.type}/{row.ext_id}")
        mine = self._record_rank(priorities, source.id, row.updated_at, row.ext_id)
        ranks = {
            (source_id, f"{kind}/{ext_id}"): self._record_rank(
                priorities, source_id, at, ext_id
            )
            for source_id, kind, ext_id, _company_id, at in others
        }
        best = max(ranks, key=ranks.get)
        day = self.env.cr.now().date().isoformat()
        self._assume(person, best, ranks[best], day)
        ranks[me] = mine
        for name, value in one.values.items():
            if name == "hcrm_other_names":
                person.values[name] = self._join_names(person.values[name], value)
                continue
            holder = self._holder(person.origins.get(name), ranks, best)
            # a death counts whoever tells it
            first = 1 if name in LIFE_FIELDS else 0
            if (
                holder == me
                or mine[first:] >= ranks[holder][first:]
                or person.values[name] is None
            ):
                person.values[name] = value
                person.origins[name] = [source.id, mine[1] or None, me[1], day]
        return mine >= ranks[best]

    def _assume(self, person, best, rank, day):
        """A second record comes: what is here was told by the one that was."""
        if not person.origins:
            person.origins = {
                name: [best[0], rank[1] or None, best[1], day]
                for name in TOLD_FIELDS
                if person.values[name] is not None
            }

    def _holder(self, origin, ranks, best):
        """Which record told a field; one that is gone speaks no more."""
        key = (origin[0], origin[2]) if origin else None
        return key if key in ranks else best
