from operator import itemgetter

from odoo import models
from odoo.tools import SQL

from ...tools.person_parts import is_findable
from ...tools.staging import copy_rows, stage
from ...tools.tokens import person_tokens

COLUMNS = {"partner_id": "int", "token": "varchar"}


class HcrmPersonDetails(models.AbstractModel):
    _inherit = "hcrm.person.details"

    def _person_tokens(self, person):
        """Return what somebody may type to find the person."""
        names = person.values.get("hcrm_other_names") or ""
        aliases = [name for name in names.splitlines() if name.strip()]
        aliases += [
            line.values["alias"]
            for line in person.files.values()
            if line.values["alias"]
        ]
        return person_tokens(
            person.values.get("name") or "",
            aliases=aliases,
            identifiers=[
                line.values["value_norm"] for line in person.identifiers.values()
            ],
            numbers=[
                line.values["number"]
                for line in person.contacts.values()
                if is_findable(line.values)
            ],
        )

    def _save_tokens(self, people):
        """Replace the search tokens of people by what they are found by now."""
        stored = self._stored_tokens([p.id for p in people if not p.is_new])
        new, added, gone = [], [], []
        for person in people:
            tokens = self._person_tokens(person)
            if person.is_new:
                new += [(person.id, token) for token in tokens]
                continue
            known = stored.get(person.id, set())
            added += [(person.id, token) for token in tokens - known]
            gone += [(person.id, token) for token in known - tokens]
        # nobody else can have written tokens of a person made in this transaction;
        # in the order of the index, which is then read and written page by page
        new.sort(key=itemgetter(1))
        copy_rows(self.env.cr, "hcrm_person_search", COLUMNS, new)
        if added:
            self.env.cr.execute(
                SQL(
                    """INSERT INTO hcrm_person_search (partner_id, token)
                       SELECT partner_id, token FROM %s ON CONFLICT DO NOTHING""",
                    stage(self.env.cr, "new_tokens", COLUMNS, added),
                )
            )
        if gone:
            self.env.cr.execute(
                SQL(
                    """DELETE FROM hcrm_person_search t USING %s s
                       WHERE t.partner_id = s.partner_id AND t.token = s.token""",
                    stage(self.env.cr, "old_tokens", COLUMNS, gone),
                )
            )

    def _stored_tokens(self, partner_ids):
        if not partner_ids:
            return {}
        self.env.cr.execute(
            SQL(
                """SELECT partner_id, array_agg(token) FROM hcrm_person_search
                   WHERE partner_id = ANY(%s) GROUP BY partner_id""",
                partner_ids,
            )
        )
        return {
            partner_id: set(tokens) for partner_id, tokens in self.env.cr.fetchall()
        }
