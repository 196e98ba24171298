"""Staging: which records of a page are new or changed, against hashes known."""

from __future__ import annotations

from datetime import timedelta

from odoo import api, fields, models
from odoo.tools import SQL

from ...feed_adapters.canonical import Record
from ...tools.staging import copy_rows
from .page_state import Item, PageState

STAGE = "hcrm_feed_stage"
# clocks of a HIS may go wrong by so much without harm
CLOCK_AHEAD = timedelta(days=1)


class HcrmFeedStage(models.AbstractModel):
    """Stage a page by COPY and drop what is known already, in one statement."""

    _name = "hcrm.feed.stage"
    _description = "Feed Staging"

    @api.model
    def _select(self, page: PageState, records: list[Record]) -> list[Item]:
        """The newest version of every record that is not known with the same content.

        Versions: the later stamp wins; of equal stamps the larger hash, so that the
        order of arrival does not matter; without stamps the later arrival.
        """
        page.counts["read"] += len(records)
        best: dict[tuple[str, str], Record] = {}
        for record in records:
            key = (record.type, record.ext_id)
            if key not in best or supersedes(
                record, best[key].content_hash, best[key].updated_at
            ):
                best[key] = record
        page.counts["unchanged"] += len(records) - len(best)
        chosen = list(best.values())
        self._set_clocks(page, chosen)
        self._copy(chosen)
        items = []
        newer_stamps = []
        for row in self._anti_join(page.source.id):
            item = self._judge(chosen[row[0]], row, newer_stamps)
            if item:
                items.append(item)
        page.counts["unchanged"] += len(chosen) - len(items)
        self._raise_stamps(newer_stamps)
        return items

    def _set_clocks(self, page: PageState, records: list[Record]) -> None:
        """A stamp far ahead is a wrong clock: no later correction would ever supersede
        it. It counts as of now."""
        now = fields.Datetime.to_datetime(page.now)
        latest = now + CLOCK_AHEAD
        for record in records:
            if record.updated_at and record.updated_at > latest:
                record.updated_at = now

    def _copy(self, records: list[Record]) -> None:
        self.env.cr.execute(
            "CREATE TEMP TABLE IF NOT EXISTS hcrm_feed_stage (n int, res_type text,"
            " ext_id text, content_hash bytea, updated_at timestamp) ON COMMIT DROP"
        )
        self.env.cr.execute("TRUNCATE hcrm_feed_stage")
        copy_rows(
            self.env.cr,
            STAGE,
            ("n", "res_type", "ext_id", "content_hash", "updated_at"),
            (
                (n, item.type, item.ext_id, item.content_hash, item.updated_at)
                for n, item in enumerate(records)
            ),
        )

    def _anti_join(self, source_id: int) -> list[tuple]:
        """Staged rows whose hash is not known, or whose stamp is newer."""
        inbox = SQL(
            "LEFT JOIN hcrm_feed_inbox b ON b.source_id = %s"
            " AND b.res_type = s.res_type AND b.ext_id = s.ext_id",
            source_id,
        )
        if not self._has_inbox(source_id):
            # the common case: a look-up less for every record of the page
            inbox = SQL(
                "CROSS JOIN (SELECT NULL::int AS id, NULL::bytea AS content_hash,"
                " NULL::timestamp AS updated_at) b"
            )
        return self.env.execute_query(
            SQL(
                """
            SELECT s.n, i.id, i.res_model, i.res_id, i.content_hash, i.updated_at,
                   b.id, b.content_hash, b.updated_at
              FROM hcrm_feed_stage s
         LEFT JOIN hcrm_feed_identity i
                ON i.source_id = %(source)s
               AND i.res_type = s.res_type AND i.ext_id = s.ext_id
                   %(inbox)s
             WHERE i.id IS NULL
                OR i.content_hash IS DISTINCT FROM s.content_hash
                OR s.updated_at > i.updated_at
          ORDER BY s.n
            """,
                source=source_id,
                inbox=inbox,
            )
        )

    def _has_inbox(self, source_id: int) -> bool:
        """Whether anything of the source waits or is quarantined."""
        self.env.cr.execute(
            "SELECT EXISTS (SELECT FROM hcrm_feed_inbox WHERE source_id = %s)",
            (source_id,),
        )
        return self.env.cr.fetchone()[0]

    def _judge(self, record: Record, row: tuple, newer_stamps: list) -> Item | None:
        """The item to write, or None where what is here is as good or newer."""
        _n, identity_id, res_model, res_id, known_hash, known_at = row[:6]
        inbox_id, inbox_hash, inbox_at = row[6:]
        if identity_id:
            known_hash = bytes(known_hash or b"")
            if known_hash == record.content_hash:
                newer_stamps.append((identity_id, record.updated_at))
                return None
            if not supersedes(record, known_hash, known_at):
                return None
        if inbox_id and inbox_hash is not None:
            inbox_hash = bytes(inbox_hash)
            if inbox_hash == record.content_hash or not supersedes(
                record, inbox_hash, inbox_at
            ):
                return None
        return Item(record, identity_id, res_model, res_id, inbox_id)

    def _raise_stamps(self, rows: list[tuple]) -> None:
        """Same content with a later stamp: only the stamp moves, so that a version
        between the two, arriving late, is known to be older."""
        if rows:
            self.env.cr.execute(
                "UPDATE hcrm_feed_identity i SET updated_at = v.at FROM"
                " unnest(%s::int[], %s::timestamp[]) AS v(id, at) WHERE i.id = v.id",
                ([row[0] for row in rows], [row[1] for row in rows]),
            )


def supersedes(record: Record, known_hash: bytes, known_at) -> bool:
    """Whether a record replaces the version known."""
    if record.is_current:
        return True
    if record.updated_at and known_at and record.updated_at != known_at:
        return record.updated_at > known_at
    if record.updated_at and known_at:
        return record.content_hash > known_hash
    return True
