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

# a visit or booking this near makes the reader's department part of the care
RELATION_DAYS = 180

_INSERT = SQL(
    "INSERT INTO hcrm_access_log (date, user_id, company_id, kind, model_names, query,"
    " channel, ip, reason, person_ids, person_count, has_relation)"
)


class HcrmAccessLog(models.Model):
    """One reading: who looked at whom, when, how, and whether they had to do with
    the person at that time (R8, R22). Append-only.

    One request gives one row per thing that was asked for by name (a card, a
    search, an export), or else one row for all that was fetched on the way: a
    list of 80 people is one row with 80 ids. Rows are written at the end of the
    request, and what cannot be logged is not shown.

    Growth: one row per request that shows people, of 260 bytes and 12 more for each
    further person; two indexes beside the key. Retention: 6 years, then nothing of
    a row survives. ``person_ids`` are plain numbers: a person who is merged or
    erased does not take the log with them.
    """

    _name = "hcrm.access.log"
    _description = "Access to a Person"
    _order = "id desc"
    _log_access = False
    _rec_name = "date"

    date = fields.Datetime(required=True, readonly=True)
    user_id = fields.Many2one(
        "res.users", "Reader", required=True, readonly=True, ondelete="restrict"
    )
    company_id = fields.Many2one(
        "res.company", "Legal Entity", required=True, readonly=True, ondelete="restrict"
    )
    kind = fields.Selection(
        [
            ("card", "Card opened"),
            ("timeline", "Timeline or health page"),
            ("read", "Records read"),
            ("search", "Search with results"),
            ("caller", "Caller lookup"),
            ("export", "Export"),
            ("break_glass", "Break-glass"),
        ],
        required=True,
        readonly=True,
    )
    model_names = fields.Char("Read", readonly=True)
    person_ids = fields.Json("People", readonly=True)
    person_count = fields.Integer("Number of People", readonly=True)
    query = fields.Char("Typed", readonly=True)
    channel = fields.Selection(
        [
            ("web", "Web client"),
            ("json2", "JSON-2"),
            ("rpc", "XML-RPC or JSON-RPC"),
            ("endpoint", "Other page of ours"),
        ],
        readonly=True,
    )
    ip = fields.Char("Address", readonly=True)
    reason = fields.Char(readonly=True)
    has_relation = fields.Boolean(
        "Care Relation",
        readonly=True,
        help="The reader had to do with the person at that time: a visit or booking "
        "near that day, a grant, a call just looked up. Told of a single person.",
    )

    # the privacy officer's lists, and one reader's day
    _lists_idx = models.Index("(company_id, date DESC, user_id)")
    # who looked at one person
    _person_idx = models.Index("USING gin (person_ids jsonb_path_ops)")

    # ------------------------------------------------------------------
    # CRUD: the log is written by _write_buffer alone
    # ------------------------------------------------------------------
    @api.model_create_multi
    def create(self, vals_list):  # pylint: disable=method-required-super
        raise self._append_only_error()

    def write(self, vals):  # pylint: disable=method-required-super
        raise self._append_only_error()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_by_retention(self):
        raise self._append_only_error()

    def _append_only_error(self):
        return AccessError(
            self.env._(
                "The access log is written by the system and kept as it is. Ask the "
                "reader for a reason instead; the answer stands beside it."
            )
        )

    # ------------------------------------------------------------------
    # COLLECT
    # ------------------------------------------------------------------
    @api.model
    def _note(self, kind, records, query=None, reason=None):
        """Keep that the user asked for ``records`` by name; written with the request.

        Does nothing outside a request (cron, shell) and for the superuser.

        :param records: people, or records that belong to people
        :param query: what the user typed
        """
        buffer = self._buffer(records.env)
        ids = tuple(sorted(id_ for id_ in records._ids if id_))
        if buffer is not None and ids:
            note = Note(kind, records._name, ids, cut_query(query), reason)
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
        self.env.cr.execute(
            SQL("%s %s", _INSERT, self._row_sql(self.env, values, people, 0))
        )

    @api.model
    def _write_buffer(self, buffer):
        """Append what a request has read, in one INSERT; refuse the answer if that
        fails.

        In the transaction of the request, so that the log holds what was answered
        and nothing else; a reading transaction gets a cursor of its own.
        """
        if not buffer:
            return
        cr = buffer.env.cr
        query = self._insert_sql(buffer)
        buffer.clear()
        if not query:
            return
        try:
            if cr.readonly:
                # the answer is computed: its snapshot is of no more use
                cr.rollback()
                with self.env.registry.cursor() as own_cr:
                    own_cr.execute(query)
            else:
                cr.execute(query)
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
        read = {note.model: note.ids} if note else buffer.fetched
        known, branches = set(), []
        for model, ids in sorted(read.items()):
            more, unknown = self._resolve(env[model], ids)
            known |= more
            branches += unknown
        values = self._values_sql(env, now, note, buffer, sorted(read))
        if not branches:
            return self._known_row_sql(env, values, known, now) if known else None
        if known:
            branches.append(SQL("SELECT unnest(%s)", list(known)))
        return self._row_sql(env, values, SQL(" UNION ").join(branches), 1, now)

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
            "%s::timestamp, %s::int, %s::int, %s, %s, %s, %s, %s, %s",
            now,
            env.uid,
            env.company.id,
            note.kind if note else "read",
            ",".join(names),
            note.query if note else None,
            buffer.channel if buffer else None,
            buffer.ip if buffer else None,
            note.reason if note else None,
        )

    @api.model
    def _row_sql(self, env, values, people, least, now=None):
        """Return the SELECT of one row, if it is about at least ``least`` people."""
        return SQL(
            "SELECT %s, s.ids, s.n, CASE WHEN s.n = 1 THEN %s END FROM"
            " (SELECT jsonb_agg(p.person) AS ids, count(*) AS n, min(p.person) AS one"
            " FROM (%s) p(person)) s WHERE s.n >= %s",
            values,
            self._relation_sql(env, SQL("s.one"), now or fields.Datetime.now()),
            people,
            least,
        )

    @api.model
    def _known_row_sql(self, env, values, known, now):
        relation = SQL("NULL::boolean")
        if len(known) == 1:
            relation = self._relation_sql(env, SQL("%s::int", *known), now)
        return SQL(
            "SELECT %s, %s::jsonb, %s::int, %s",
            values,
            json.dumps(sorted(known)),
            len(known),
            relation,
        )

    @api.model
    def _relation_sql(self, env, person, now):
        """Return SQL that tells whether the reader has to do with a person now.

        A visit or booking within half a year in one of the reader's departments,
        or anywhere in the hospital for who has none (front desk, call centre); a
        grant of the care team; a call of theirs the reader just looked up.
        """
        place = SQL(
            "CASE WHEN EXISTS (SELECT FROM hcrm_department_user_rel d"
            " WHERE d.user_id = %(uid)s) THEN r.department_id IN (SELECT d.department_id"
            " FROM hcrm_department_user_rel d WHERE d.user_id = %(uid)s)"
            " ELSE r.company_id = %(company)s END",
            uid=env.uid,
            company=env.company.id,
        )
        visits = SQL(" OR ").join(
            SQL(
                "EXISTS (SELECT FROM %s r WHERE r.partner_id = %s AND %s"
                " AND r.state NOT IN ('cancelled', 'noshow')"
                " AND (r.date_start BETWEEN %s::timestamp - %s * interval '1 day'"
                " AND %s::timestamp + %s * interval '1 day' %s))",
                SQL.identifier(table),
                person,
                place,
                now,
                RELATION_DAYS,
                now,
                RELATION_DAYS,
                or_open,
            )
            for table, or_open in (
                ("hcrm_encounter", SQL("OR r.state = 'in_progress'")),
                ("hcrm_appointment", SQL()),
            )
        )
        return SQL(
            "(%(visits)s OR EXISTS (SELECT FROM hcrm_person_access r"
            " WHERE r.partner_id = %(person)s AND r.user_id = %(uid)s"
            " AND r.kind = 'care_team' AND r.date_start <= %(now)s"
            " AND (r.date_end IS NULL OR r.date_end > %(now)s))"
            " OR EXISTS (SELECT FROM hcrm_access_log r"
            " WHERE r.company_id = %(company)s AND r.user_id = %(uid)s"
            " AND r.date > %(now)s::timestamp - interval '1 hour'"
            " AND r.kind = 'caller' AND r.person_ids @> to_jsonb(%(person)s)))",
            visits=visits,
            person=person,
            uid=env.uid,
            now=now,
            company=env.company.id,
        )
