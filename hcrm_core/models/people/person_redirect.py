"""One card stands for another from now on: everything of it moves, as sets."""

from __future__ import annotations

from odoo import api, models
from odoo.tools import SQL

from ...tools.merge_plan import ON_ANY_RECORD, Move
from ...tools.staging import stage

PAIRS = "hcrm_card_pairs"
# least to most restricted
_LEVELS = SQL("ARRAY['normal', 'staff', 'public', 'sensitive']::varchar[]")
_PAIRS = SQL.identifier(PAIRS)


class HcrmPersonRedirect(models.AbstractModel):
    """Move what hangs on old cards to the cards that stand for them.

    Facts, events, numbers, relatives, grants, messages, tasks and notes move and are
    logged; hospital files
    and profiles are joined, the stricter class of secrecy wins; the old card is
    archived and leads to the new one. Names of the new card stay, those of the old
    one are kept as other names. The number of queries does not depend on the cards.
    """

    _name = "hcrm.person.redirect"
    _description = "Redirection of Cards"

    @api.model
    def _moves(self) -> list[Move]:
        """What moves: the merge plans of all models, and what hangs on any record."""
        return [
            *(
                move
                for name in sorted(self.env.registry)
                if hasattr(self.env[name], "_hcrm_merge_plan")
                for move in self.env[name]._hcrm_merge_plan()
            ),
            *ON_ANY_RECORD,
        ]

    def _before_moves(self) -> None:
        """What has to be known of the cards while they are two; rooms add theirs."""

    @api.model
    def _redirect(self, pairs: dict[int, int], origin: str = "feed") -> dict[int, int]:
        """Have each key stand for its value; returns old -> the card at the end.

        :param pairs: old partner id -> new partner id, chains allowed
        """
        pairs = _follow(pairs)
        if not pairs:
            return {}
        self.env.flush_all()
        self._stage(pairs)
        self._keep_claims()
        self._before_moves()
        for move in self._moves():
            self._move(move, origin)
        self._join_files()
        self._join_profiles()
        self._close_cards(pairs)
        self.env.invalidate_all(flush=False)
        self._rename(pairs)
        return pairs

    def _stage(self, pairs: dict[int, int]) -> None:
        columns = {"old_id": "int", "new_id": "int"}
        stage(self.env.cr, PAIRS, columns, sorted(pairs.items()))

    # ------------------------------------------------------------------
    # rows that name a person
    # ------------------------------------------------------------------

    def _move(self, move: Move, origin: str) -> None:
        """Delete doubles, move the rest, and log both."""
        table = SQL.identifier(self.env[move.model]._table)
        column = SQL.identifier(move.column)
        log = SQL(
            "INSERT INTO hcrm_merge_log (old_id, new_id, origin, action, res_model,"
            " res_id, field_name, old_values, date)"
        )
        values = SQL(
            "%s, %s, now() AT TIME ZONE 'UTC' FROM done", move.column, SQL("old_values")
        )
        stays = SQL("(%s) OR NOT (%s)", SQL(move.unless), SQL(move.only))
        if move.unique:
            self.env.cr.execute(
                SQL(
                    "WITH done AS (DELETE FROM %s t USING %s p WHERE t.%s = p.old_id"
                    " AND NOT (%s) AND (%s) RETURNING p.old_id, p.new_id, t.id,"
                    " to_jsonb(t) AS old_values)"
                    " %s SELECT old_id, new_id, %s, 'deleted', %s, id, %s",
                    table,
                    _PAIRS,
                    column,
                    stays,
                    self._is_double(move, table),
                    log,
                    origin,
                    move.model,
                    values,
                )
            )
        self.env.cr.execute(
            SQL(
                "WITH done AS (UPDATE %s t SET %s = p.new_id FROM %s p"
                " WHERE t.%s = p.old_id AND NOT (%s)"
                " RETURNING p.old_id, p.new_id, t.id, NULL::jsonb AS old_values)"
                " %s SELECT old_id, new_id, %s, 'moved', %s, id, %s",
                table,
                column,
                _PAIRS,
                column,
                stays,
                log,
                origin,
                move.model,
                values,
            )
        )

    def _is_double(self, move: Move, table: SQL) -> SQL:
        """The new card, or another old card of it with a lower id, has the row.

        A relation between the two cards goes as well: nobody is their own relative.
        """
        same = SQL(" AND ").join(
            SQL(
                "%s IS NOT DISTINCT FROM %s",
                SQL.identifier("d", name),
                SQL.identifier("t", name),
            )
            for name in move.unique
        )
        double = SQL(
            "EXISTS (SELECT FROM %s d LEFT JOIN %s q ON q.old_id = d.%s"
            " WHERE %s AND (d.%s = p.new_id OR q.new_id = p.new_id AND d.id < t.id))",
            table,
            _PAIRS,
            SQL.identifier(move.column),
            same,
            SQL.identifier(move.column),
        )
        other = [name for name in move.unique if name in ("partner_id", "relative_id")]
        if other:
            double = SQL(
                "%s OR t.%s = p.new_id OR EXISTS (SELECT FROM %s o"
                " WHERE o.old_id = t.%s AND o.new_id = p.new_id)",
                double,
                SQL.identifier(other[0]),
                _PAIRS,
                SQL.identifier(other[0]),
            )
        return double

    def _keep_claims(self) -> None:
        """A number that both cards have is claimed by the one that stays."""
        self.env.cr.execute(
            SQL(
                """
            WITH yielded AS (
                UPDATE hcrm_person_identifier o SET is_unique = false
                  FROM %(pairs)s p, hcrm_person_identifier n
                 WHERE o.partner_id = p.old_id AND n.partner_id = p.new_id
                   AND o.is_unique AND n.type_id = o.type_id
                   AND n.company_id IS NOT DISTINCT FROM o.company_id
                   AND n.value_norm = o.value_norm
             RETURNING n.id
            )
            SELECT array_agg(id) FROM yielded
            """,
                pairs=_PAIRS,
            )
        )
        (ids,) = self.env.cr.fetchone()
        if ids:
            self.env.cr.execute(
                "UPDATE hcrm_person_identifier SET is_unique = true WHERE id = ANY(%s)",
                (ids,),
            )

    # ------------------------------------------------------------------
    # files and profiles
    # ------------------------------------------------------------------

    def _join_files(self) -> None:
        """The new card gets the files of the old ones; the stricter word counts.

        The old card keeps its own, so that whoever could open it still can. Visits
        are counted anew by the caller.
        """
        self.env.cr.execute(
            SQL(
                """
            WITH told AS (
                SELECT p.new_id AS partner_id, f.company_id,
                       (array_agg(COALESCE(f.base_class_id, f.class_id)
                                  ORDER BY k.rank DESC, k.id))[1] AS class_id,
                       (%(levels)s)[max(array_position(%(levels)s, f.confidentiality))]
                       AS confidentiality,
                       CASE WHEN bool_or(f.disclosure = 'shielded') THEN 'shielded'
                            ELSE 'open' END AS disclosure,
                       bool_or(f.is_vip) AS is_vip, min(f.alias) AS alias,
                       min(f.alert) AS alert, min(f.owner_id) AS owner_id,
                       min(f.campus_id) AS campus_id, min(f.opened_at) AS opened_at,
                       min(f.opened_touchpoint) AS opened_touchpoint
                  FROM %(pairs)s p
                  JOIN hcrm_person_company f ON f.partner_id = p.old_id
                  JOIN hcrm_person_class k ON k.id = COALESCE(f.base_class_id, f.class_id)
              GROUP BY p.new_id, f.company_id
            )
            INSERT INTO hcrm_person_company AS f
                   (partner_id, company_id, class_id, confidentiality, disclosure,
                    is_vip, alias, alert, owner_id, campus_id, opened_at,
                    opened_touchpoint)
            SELECT * FROM told ORDER BY partner_id, company_id
       ON CONFLICT (partner_id, company_id) DO UPDATE
               SET confidentiality = (%(levels)s)[GREATEST(
                       array_position(%(levels)s, f.confidentiality),
                       array_position(%(levels)s, EXCLUDED.confidentiality))],
                   disclosure = CASE WHEN EXCLUDED.disclosure = 'shielded'
                                     THEN EXCLUDED.disclosure ELSE f.disclosure END,
                   is_vip = f.is_vip OR EXCLUDED.is_vip,
                   alias = COALESCE(f.alias, EXCLUDED.alias),
                   alert = COALESCE(f.alert, EXCLUDED.alert),
                   owner_id = COALESCE(f.owner_id, EXCLUDED.owner_id),
                   -- a class that visits raised keeps it: they are counted anew
                   class_id = CASE WHEN f.base_class_id IS NULL
                                    AND (SELECT rank FROM hcrm_person_class
                                          WHERE id = EXCLUDED.class_id)
                                        > (SELECT rank FROM hcrm_person_class
                                            WHERE id = f.class_id)
                                   THEN EXCLUDED.class_id ELSE f.class_id END,
                   base_class_id = CASE WHEN f.base_class_id IS NOT NULL
                                    AND (SELECT rank FROM hcrm_person_class
                                          WHERE id = EXCLUDED.class_id)
                                        > (SELECT rank FROM hcrm_person_class
                                            WHERE id = f.base_class_id)
                                   THEN EXCLUDED.class_id ELSE f.base_class_id END
            """,
                pairs=_PAIRS,
                levels=_LEVELS,
            )
        )

    def _join_profiles(self) -> None:
        """What the new card does not know of habits and wishes, the old one tells."""
        Profile = self.env["hcrm.person.profile"]
        names = [
            SQL.identifier(field.name)
            for field in Profile._fields.values()
            if field.store
            and field.column_type
            and field.name not in ("id", "partner_id", "company_id")
        ]
        columns = SQL(", ").join(names)
        self.env.cr.execute(
            SQL(
                "INSERT INTO hcrm_person_profile AS f (partner_id, company_id, %s)"
                " SELECT DISTINCT ON (p.new_id, f.company_id) p.new_id, f.company_id, %s"
                " FROM %s p JOIN hcrm_person_profile f ON f.partner_id = p.old_id"
                " ORDER BY p.new_id, f.company_id, p.old_id"
                " ON CONFLICT (partner_id, company_id) DO UPDATE SET %s",
                columns,
                SQL(", ").join(SQL("f.%s", name) for name in names),
                _PAIRS,
                SQL(", ").join(
                    SQL("%s = COALESCE(f.%s, EXCLUDED.%s)", name, name, name)
                    for name in names
                ),
            )
        )

    # ------------------------------------------------------------------
    # the cards
    # ------------------------------------------------------------------

    def _close_cards(self, pairs: dict[int, int]) -> None:
        """Old cards lead to the new ones, and are found by nobody any more."""
        cr = self.env.cr
        old_ids = list(pairs)
        cr.execute(
            SQL(
                "UPDATE res_partner c SET active = false, hcrm_status = 'merged',"
                " hcrm_merged_into_id = p.new_id, write_uid = %s, write_date = %s"
                " FROM %s p WHERE c.id = p.old_id",
                self.env.uid,
                cr.now(),
                _PAIRS,
            )
        )
        cr.execute(
            SQL(
                "UPDATE res_partner c SET hcrm_merged_into_id = p.new_id FROM %s p"
                " WHERE c.hcrm_merged_into_id = p.old_id",
                _PAIRS,
            )
        )
        cr.execute(
            "DELETE FROM hcrm_person_search WHERE partner_id = ANY(%s)", (old_ids,)
        )
        cr.execute(
            SQL(
                "UPDATE hcrm_duplicate_candidate d SET state = 'merged',"
                " date_decided = %s FROM %s p WHERE d.left_id = LEAST(p.old_id, p.new_id)"
                " AND d.right_id = GREATEST(p.old_id, p.new_id) AND d.state != 'merged'",
                cr.now(),
                _PAIRS,
            )
        )
        # nobody logs in as a card that is no more; hardly ever anybody
        users = self.env["res.users"].sudo()
        users.search([("partner_id", "in", old_ids), ("share", "=", True)]).write(
            {"active": False}
        )

    def _rename(self, pairs: dict[int, int]) -> None:
        """The new card is found by the names and numbers of the old one."""
        Details = self.env["hcrm.person.details"]
        people = Details._load_people(sorted({*pairs, *pairs.values()}))
        kept = {}
        for old_id, new_id in sorted(pairs.items()):
            old, new = people[old_id].values, people[new_id]
            kept[new_id] = new
            names = {old["name"], *(old["hcrm_other_names"] or "").splitlines()}
            names |= set((new.values["hcrm_other_names"] or "").splitlines())
            names -= {new.values["name"], None, ""}
            # sorted: the same whichever card was joined first
            new.values["hcrm_other_names"] = "\n".join(sorted(names)) or None
        self.env["hcrm.feed.people.writer"]._save_known(list(kept.values()))

    # ------------------------------------------------------------------
    # back
    # ------------------------------------------------------------------

    @api.model
    def _reopen(self, partner_ids: list[int]) -> None:
        """Open closed cards again, with the numbers that were theirs.

        Facts that moved stay where they are: nobody knows which of those that came
        since belong where. People move them when they take the cards apart.
        """
        cr = self.env.cr
        cr.execute(
            "UPDATE res_partner SET active = true, hcrm_status = 'current',"
            " hcrm_merged_into_id = NULL, write_uid = %s, write_date = %s"
            " WHERE id = ANY(%s) AND hcrm_status = 'merged'",
            (self.env.uid, cr.now(), partner_ids),
        )
        cr.execute(
            """
            WITH back AS (
                UPDATE hcrm_merge_log SET date_undone = %s
                 WHERE old_id = ANY(%s) AND res_model = 'hcrm.person.identifier'
                   AND action = 'moved' AND date_undone IS NULL
             RETURNING old_id, new_id, res_id
            )
            UPDATE hcrm_person_identifier t SET partner_id = b.old_id
              FROM back b WHERE t.id = b.res_id AND t.partner_id = b.new_id
            """,
            (cr.now(), partner_ids),
        )
        self.env.invalidate_all(flush=False)
        cr.execute(
            "SELECT DISTINCT new_id FROM hcrm_merge_log WHERE old_id = ANY(%s)",
            (partner_ids,),
        )
        both = {*partner_ids, *(row[0] for row in cr.fetchall())}
        self.env["hcrm.person.details"]._refresh_tokens(sorted(both))


def _follow(pairs: dict[int, int]) -> dict[int, int]:
    """Old -> the last card of its chain; circles and self-references are left out."""
    found = {}
    for old_id in sorted(pairs):
        seen, new_id = {old_id}, pairs[old_id]
        while new_id in pairs and new_id not in seen:
            seen.add(new_id)
            new_id = pairs[new_id]
        if new_id not in seen:
            found[old_id] = new_id
    return found
