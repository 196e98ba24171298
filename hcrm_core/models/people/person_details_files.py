from odoo import fields, models
from odoo.tools import SQL

from ...tools.person_parts import Line
from .person_details import PROFILE_COLUMNS


class HcrmPersonDetails(models.AbstractModel):
    _inherit = "hcrm.person.details"

    def _add_file(self, lookups, person, company_id, vals):
        """Merge a presence: open it, raise its class, keep what is not told.

        :param vals: ``class_code``, ``touchpoint``, ``campus_id``,
            ``opened_by_id``, ``confidentiality``, ``alias``, ``alert``,
            ``disclosure``, ``is_vip``; a missing key is not touched
        """
        class_id = lookups.class_ids.get(vals.get("class_code") or "prospect")
        line = person.files.get(company_id)
        if line is None:
            line = person.files[company_id] = Line(
                {
                    "company_id": company_id,
                    "class_id": class_id,
                    "confidentiality": "normal",
                    "alias": None,
                    "is_vip": False,
                    "alert": None,
                    "disclosure": "open",
                    "opened_at": fields.Datetime.now(),
                    "opened_by_id": vals.get("opened_by_id"),
                    "opened_touchpoint": vals.get("touchpoint"),
                    "campus_id": vals.get("campus_id"),
                }
            )
        ranks = lookups.class_ranks
        if ranks.get(class_id, 0) > ranks.get(line.values["class_id"], 0):
            line.update(class_id=class_id)
        for name, default in (
            ("confidentiality", "normal"),
            ("disclosure", "open"),
            ("alias", None),
            ("alert", None),
            ("is_vip", False),
        ):
            if name in vals:
                line.values[name] = vals[name] or default

    def _add_profile(self, person, company_id, vals):
        """Merge what is told of habits and wishes; a missing key is not touched."""
        told = {name: vals[name] or None for name in PROFILE_COLUMNS if name in vals}
        line = person.profiles.get(company_id)
        if line is not None:
            line.values.update(told)
        elif any(told.values()):
            blank = dict.fromkeys(PROFILE_COLUMNS)
            person.profiles[company_id] = Line(
                {**blank, **told, "company_id": company_id}
            )

    def _queue_duplicates(self, pairs, reason):
        """Put pairs of people into the duplicate queue, each once."""
        pairs = sorted({(min(pair), max(pair)) for pair in pairs if len(set(pair)) > 1})
        if not pairs:
            return
        self.env.cr.execute(
            SQL(
                """INSERT INTO hcrm_duplicate_candidate (left_id, right_id, reason,
                       state, create_uid, write_uid, create_date, write_date)
                   SELECT l, r, %(reason)s, 'open', %(uid)s, %(uid)s, %(now)s, %(now)s
                   FROM unnest(%(left)s, %(right)s) AS pairs(l, r)
                   ON CONFLICT (left_id, right_id) DO NOTHING""",
                reason=reason,
                uid=self.env.uid,
                now=self.env.cr.now(),
                left=[left for left, _right in pairs],
                right=[right for _left, right in pairs],
            )
        )
