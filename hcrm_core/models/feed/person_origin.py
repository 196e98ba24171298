import json

from odoo import api, fields, models
from odoo.tools import SQL


class HcrmPersonOrigin(models.Model):
    """Which record of which source told each field of a person, and when.

    Kept only of people whom several records describe: of anybody else the one record
    told everything. Rows: one per such person, kept as long as the person.
    """

    _name = "hcrm.person.origin"
    _description = "Where Fields of a Person Come From"
    _log_access = False
    _rec_name = "partner_id"

    partner_id = fields.Many2one("res.partner", required=True, ondelete="cascade")
    origins = fields.Json(
        required=True,
        help="Field -> source, its stamp, external id, and the day it was told.",
    )

    _uniq = models.UniqueIndex("(partner_id)", "A person has one list of origins.")

    @api.model
    def _load(self, people) -> None:
        """Give people what is known of their fields."""
        if not people:
            return
        rows = self.env.execute_query(
            SQL(
                "SELECT partner_id, origins FROM hcrm_person_origin"
                " WHERE partner_id = ANY(%s)",
                [person.id for person in people],
            )
        )
        known = dict(rows)
        for person in people:
            person.origins = dict(known.get(person.id) or {})
            person.old_origins = dict(person.origins)

    @api.model
    def _save(self, people) -> None:
        """Keep what changed, in one statement."""
        rows = [
            (person.id, json.dumps(person.origins))
            for person in people
            if person.id and not person.problem and person.origins != person.old_origins
        ]
        if rows:
            self.env.cr.execute(
                SQL(
                    "INSERT INTO hcrm_person_origin (partner_id, origins)"
                    " SELECT * FROM unnest(%s::int[], %s::jsonb[])"
                    " ON CONFLICT (partner_id) DO UPDATE SET origins = EXCLUDED.origins",
                    [row[0] for row in rows],
                    [row[1] for row in rows],
                )
            )

    @api.model
    def _priorities(self) -> dict[int, int]:
        """Source -> how much it is believed, of those that differ from the rest."""
        return dict(
            self.env.execute_query(
                SQL("SELECT id, priority FROM hcrm_feed_source WHERE priority != 0")
            )
        )

    @api.model
    def _told(self, partner) -> list[dict]:
        """Field, source and day, for the card; sources of the user's hospitals only."""
        # sudo: who may read the card may know where it comes from
        row = self.sudo().search([("partner_id", "=", partner.id)])
        origins = row.origins or {}
        sources = self.env["hcrm.feed.source"].sudo().with_context(active_test=False)
        names = {
            source.id: source.name
            for source in sources.search_fetch(
                [
                    ("id", "in", [origin[0] for origin in origins.values()]),
                    ("company_id", "in", self.env.companies.ids),
                ],
                ["name"],
            )
        }
        return [
            {
                "field": name,
                "label": partner._fields[name]._description_string(self.env),
                "source": names[origin[0]],
                "date": (origin[1] or origin[3])[:10],
            }
            for name, origin in origins.items()
            if origin[0] in names and name in partner._fields
        ]


class HcrmFeedSource(models.Model):
    _inherit = "hcrm.feed.source"

    priority = fields.Integer(
        help="Where several sources tell the same field of a person, the source with"
        " the higher number is believed; of equal ones the newer record.",
    )
