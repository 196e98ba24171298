import json
import logging
import threading
from urllib.parse import urlsplit

from psycopg2 import Error as DatabaseError

from odoo import api, fields, models
from odoo.exceptions import AccessError
from odoo.http import request
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY
from odoo.tools import SQL

from ...tools import access_buffer
from ...tools.access_buffer import AccessBuffer, Note, cut_query

_logger = logging.getLogger(__name__)

_INSERT = SQL(
    "INSERT INTO hcrm_access_log (date, user_id, company_id, kind, model_names, query,"
    " channel, ip, reason, person_ids, person_count)"
)
# Where a request wrote nothing but its row of the log, nobody waits for the disk. A
# crash of PostgreSQL (not of Odoo) can lose the rows of the last 0.6 seconds.
_NO_WAIT = SQL(
    "SELECT set_config('synchronous_commit', 'off', true)"
    " WHERE pg_current_xact_id_if_assigned() IS NULL;"
)


class HcrmAccessLog(models.Model):
    """Collect what a request reads, and write it when the answer is known."""

    _inherit = "hcrm.access.log"  # pylint: disable=consider-merging-classes-inherited

    # ------------------------------------------------------------------
    # COLLECT
    # ------------------------------------------------------------------
    @api.model
    def _note(self, kind, records, query=None, reason=None, is_known=False):
        """Keep that the user asked for ``records`` by name; written with the request.

        Does nothing outside a request (cron, shell) and for the superuser.

        :param records: people, or records that belong to people
        :param query: what the user typed
        :param is_known: the records are people for certain
        """
        buffer = self._buffer(records.env)
        ids = tuple(sorted(id_ for id_ in records._ids if id_))
        if buffer is not None and ids:
            query = cut_query(query)
            note = Note(kind, records._name, ids, query, reason, is_known)
            buffer.note(records.env, note)

    @api.model
    def _note_fetched(self, records):
        """Keep that values of ``records`` were given to the user on the way."""
        buffer = self._buffer(records.env)
        ids = [id_ for id_ in records._ids if id_]
        if buffer is not None and ids:
            buffer.fetch(records.env, records._name, ids)

    @api.model
    def _buffer(self, env) -> AccessBuffer | None:
        if env.su or not env.uid:
            return None
        buffer = access_buffer.current()
        return buffer if buffer is not None else self._rpc_buffer(env)

    @api.model
    def _rpc_buffer(self, env) -> AccessBuffer | None:
        """Return the buffer of an XML-RPC or JSON-RPC call.

        Odoo hides the request from these two services: the thread still tells the
        URL, and the address where the database was known before the call. They open
        a transaction of their own, on which the buffer hangs.
        """
        thread = threading.current_thread()
        url = getattr(thread, "url", None)
        if request or not url or getattr(thread, "uid", None) != env.uid:
            return None
        path = urlsplit(url).path
        if access_buffer.channel_of(path) != "rpc":
            return None
        callbacks = env.cr.precommit
        buffer = callbacks.data.get(self._name)
        if buffer is None:
            buffer = callbacks.data[self._name] = AccessBuffer(
                "rpc", access_buffer.address()
            )
            log = self.env["hcrm.access.log"]
            callbacks.add(lambda: log._write_buffer(buffer))
        return buffer

    # ------------------------------------------------------------------
    # WRITE
    # ------------------------------------------------------------------
    @api.model
    def _append_break_glass(self, ids, number, reason):
        """Append a try to break the glass, in the transaction that gives the grant.

        :param ids: the person that was found; none on a miss
        """
        buffer = access_buffer.current()
        people = SQL("SELECT id FROM res_partner WHERE id IN %s", tuple(ids) or (None,))
        note = Note("break_glass", "res.partner", tuple(ids), number, reason)
        values = self._values_sql(
            self.env, fields.Datetime.now(), note, buffer, ["res.partner"]
        )
        self.env.cr.execute(SQL("%s %s", _INSERT, self._row_sql(values, people, 0)))

    @api.model
    def _write_buffer(self, buffer):
        """Append what a request has read, in one INSERT; refuse the answer if that
        fails.

        In the transaction of the request, so that the log holds what was answered
        and nothing else; a reading transaction gets a cursor of its own.
        """
        if not buffer:
            return
        env = buffer.env
        query = self._insert_sql(buffer)
        buffer.clear()
        if not query:
            return
        try:
            if env.cr.readonly:
                # the answer is computed: its snapshot is of no more use
                env.cr.rollback()
                with self.env.registry.cursor() as own_cr:
                    own_cr.execute(SQL("%s%s", _NO_WAIT, query))
            else:
                env.flush_all()
                # what others write at the commit is waited for
                is_last = not env.cr.precommit._funcs
                env.cr.execute(SQL("%s%s", _NO_WAIT, query) if is_last else query)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise  # the request is tried again as a whole
        except DatabaseError as error:
            _logger.exception("the access log cannot be written")
            raise AccessError(
                self.env._(
                    "Who reads people's files is recorded, and the record cannot be "
                    "written now. Nothing is shown until it can. Tell your "
                    "administrator."
                )
            ) from error

    @api.model
    def _insert_sql(self, buffer):
        env = buffer.env
        now = fields.Datetime.now()
        rows = [
            self._note_sql(buffer, env, now, note) for note in buffer.notes.values()
        ]
        if not rows:
            # what an endpoint fetches for a thing asked by name is that thing
            rows = [self._note_sql(buffer, env, now, None)]
        rows = [row for row in rows if row]
        return SQL("%s %s", _INSERT, SQL(" UNION ALL ").join(rows)) if rows else None

    @api.model
    def _note_sql(self, buffer, env, now, note):
        """Return the SELECT of one row; None where no person was read."""
        if note and note.is_known:
            values = self._values_sql(env, now, note, buffer, [note.model])
            return self._known_row_sql(values, note.ids)
        read = {note.model: note.ids} if note else buffer.fetched
        known, branches = set(), []
        for model, ids in sorted(read.items()):
            more, unknown = self._resolve(env[model], ids)
            known |= more
            branches += unknown
        values = self._values_sql(env, now, note, buffer, sorted(read))
        if not branches:
            return self._known_row_sql(values, known) if known else None
        if known:
            branches.append(SQL("SELECT unnest(%s)", list(known)))
        return self._row_sql(values, SQL(" UNION ").join(branches), 1)

    @api.model
    def _resolve(self, Model, ids):
        """Return the people records belong to, and SQL for those not in memory.

        What was just read is in memory, as a rule: the row costs no look-up.
        """
        if Model._name == "res.partner":
            cache = Model._fields["hcrm_metrics_id"]._get_cache(Model.env)
            known = {id_ for id_ in ids if cache.get(id_)}
            unknown = tuple(id_ for id_ in ids if id_ not in cache)
            query = SQL(
                "SELECT id FROM res_partner"
                " WHERE id IN %s AND hcrm_metrics_id IS NOT NULL",
                unknown or (None,),
            )
            return known, [query] if unknown else []
        if Model._name == "mail.message":
            query = SQL(
                "SELECT p.id FROM mail_message m JOIN res_partner p ON p.id = m.res_id"
                " WHERE m.id IN %s AND m.model = 'res.partner'"
                " AND p.hcrm_metrics_id IS NOT NULL",
                tuple(ids),
            )
            return set(), [query]
        known, branches = set(), []
        for name in Model._person_fields:
            cache = Model._fields[name]._get_cache(Model.env)
            known |= {cache[id_] for id_ in ids if cache.get(id_)}
            if unknown := tuple(id_ for id_ in ids if id_ not in cache):
                column, table = SQL.identifier(name), SQL.identifier(Model._table)
                branches.append(
                    SQL("SELECT %s FROM %s WHERE id IN %s", column, table, unknown)
                )
        return known, branches

    @api.model
    def _values_sql(self, env, now, note, buffer, names):
        return SQL(
            "%s::timestamp, %s::int, %s, %s, %s, %s, %s, %s, %s",
            now,
            env.uid,
            self._company_sql(env),
            note.kind if note else "read",
            ",".join(names),
            note.query if note else None,
            buffer.channel if buffer else None,
            buffer.ip if buffer else None,
            note.reason if note else None,
        )

    @api.model
    def _company_sql(self, env):
        """Return the company the user works in, as ``env.company``.

        Read by the INSERT itself: a request that needed no company would pay a query,
        and the object's detour, only for its row of the log.
        """
        asked = (env.context.get("allowed_company_ids") or [None])[0]
        return SQL(
            "COALESCE((SELECT cid FROM res_company_users_rel"
            " WHERE user_id = %(uid)s AND cid = %(asked)s::int),"
            " (SELECT company_id FROM res_users WHERE id = %(uid)s))",
            uid=env.uid,
            asked=asked,
        )

    @api.model
    def _row_sql(self, values, people, least):
        """Return the SELECT of one row, if it is about at least ``least`` people."""
        return SQL(
            "SELECT %s, s.ids, s.n FROM (SELECT jsonb_agg(p.person) AS ids,"
            " count(*) AS n FROM (%s) p(person) WHERE p.person IS NOT NULL) s"
            " WHERE s.n >= %s",
            values,
            people,
            least,
        )

    @api.model
    def _known_row_sql(self, values, known):
        return SQL(
            "SELECT %s, %s::jsonb, %s::int",
            values,
            json.dumps(sorted(known)),
            len(known),
        )
