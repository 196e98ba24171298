"""The table source against a real second database (R2)."""

import base64
import json
from unittest.mock import patch

import psycopg2

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.hcrm_core.feed_adapters import table_dialects
from odoo.addons.hcrm_core.feed_adapters.base import AdapterError, SourceBusy

from .table_common import TableHis, read_records


@tagged("post_install", "-at_install")
class TestFeedTable(TableHis):
    # ------------------------------------------------------------------
    # THE SAME HOSPITAL
    # ------------------------------------------------------------------
    def test_tables_and_files_give_the_same_state(self):
        """R2, F17: GB18030 tables in local time, several cards a person, negative
        refunds: the state hash of the FHIR files of the same hospital."""
        files = self._files_source(read_records())
        self.env.cr.execute("SAVEPOINT before_files")
        self._run(files)
        wanted = files._state_parts()
        self.env.invalidate_all()
        self.env.cr.execute("ROLLBACK TO SAVEPOINT before_files")
        self.env.invalidate_all()
        run = self._run()
        self.assertEqual(self.source._state_parts(), wanted)
        self.assertEqual(run.count_read, len(read_records()))
        self.assertEqual(run.count_quarantined, 0)
        self.assertFalse(self.env["hcrm.feed.inbox"].search_count([]))
        again = self._run()
        self.assertEqual(again.count_unchanged, again.count_read)

    def test_several_numbers_are_one_person(self):
        """R2: every card's number is kept, and visits on each lead to one person."""
        self._run()
        rows = self._his(
            "SELECT min(brid) FROM ms_brxx GROUP BY zsyh HAVING count(*)>1"
        )
        self.assertEqual(len(rows), 3)
        person = self._find("Patient", f"pt-{rows[0][0]}")
        numbers = person.hcrm_identifier_ids.filtered(lambda i: len(i.value) == 10)
        self.assertEqual(len(numbers), 2)
        visits = self._his(
            "SELECT jzhm, brid FROM mz_jzxx WHERE brid LIKE '9%' UNION"
            " SELECT jzhm, brid FROM zy_zyxx WHERE brid LIKE '9%'"
        )
        self.assertTrue(visits)
        for visit, card in visits:
            owner = self._find("Patient", f"pt-0{card[1:]}")
            self.assertEqual(self._find("Encounter", f"e{visit}").partner_id, owner)

    def test_ids_are_those_of_the_records(self):
        """R2: what exists is told by the key columns, one id a person."""
        adapter = self.source._adapter("ids")
        adapter.prepare()
        self.addCleanup(adapter.cleanup)
        ids, complete = [], set()
        for page in adapter.ids(None, 50):
            ids += page.ids
            complete |= page.complete
        records = read_records()
        self.assertEqual(
            sorted(ids), sorted((r["resourceType"], r["id"]) for r in records)
        )
        self.assertEqual(complete, {record["resourceType"] for record in records})

    def test_deleted_row_is_noticed(self):
        """R2: a row that is gone at the HIS is found by comparing ids."""
        self._run()
        ((allergy,),) = self._his("SELECT gmid FROM gm_brgm")
        self._his("DELETE FROM gm_brgm")
        self.addCleanup(self._restore, "gm_brgm")
        for _time in range(2):
            run = self.source._start_run(enqueue=False, mode="reconcile")
            self.assertTrue(run._run_now(), run.message)
        self.env.invalidate_all()
        self.assertNotEqual(
            self._find("AllergyIntolerance", f"l{allergy}").state, "active"
        )

    def _restore(self, name):
        from . import table_his

        self._his(f"DROP TABLE {name}")
        rows = {name: self.tables[name]}
        from .table_common import raw

        self._write_his(lambda cr: table_his.fill(cr, table_his.POSTGRES, rows, raw))
        self._his(f'GRANT SELECT ON {name} TO "{self.reader}"')

    # ------------------------------------------------------------------
    # CHANGES AND FLAGS
    # ------------------------------------------------------------------
    def test_changes_by_stamp_and_business_date(self):
        """R2: stamps in local time; a business-date window where there is none; a
        table with neither is compared by hash."""
        self._run()
        stamp = self.source.cursor_ids.filtered(lambda c: c.res_type == "Patient")
        self.assertEqual(str(stamp.stamp), "2026-11-20 00:00:00")  # 08:00 at Shanghai
        run = self._run(mode="delta")
        read = run.count_read
        self.assertLess(read, len(read_records()))
        ((number,),) = self._his("SELECT max(brid) FROM ms_brxx WHERE brid < '9'")
        self._his(
            "UPDATE ms_brxx SET cs = '苏州市', xgsj = '2026-11-24 09:00:00'"
            " WHERE brid = %s",
            (number,),
        )
        self.addCleanup(self._restore, "ms_brxx")
        self._his(
            "UPDATE sf_fymx SET fysj = now() WHERE fyid = (SELECT min(fyid) FROM sf_fymx)"
        )
        self.addCleanup(self._restore, "sf_fymx")
        run = self._run(mode="delta")
        self.assertEqual(self._find("Patient", f"pt-{number}").city, "苏州市")
        self.assertEqual(run.count_changed, 2)

    def test_void_and_refund_flags(self):
        """R2: a voided row is entered in error, a flagged or negative one a refund."""
        self._his("ALTER TABLE sf_fymx ADD zfpb varchar, ADD tfbz varchar")
        self.addCleanup(self._restore, "sf_fymx")
        rows = self._his(
            "SELECT fyid, je FROM sf_fymx WHERE fylx = '1' AND je > 10 ORDER BY fyid LIMIT 3"
        )
        (voided, _a), (flagged, amount), (negative, _b) = rows
        self._his("UPDATE sf_fymx SET zfpb = '作废' WHERE fyid = %s", (voided,))
        self._his("UPDATE sf_fymx SET tfbz = 'Y' WHERE fyid = %s", (flagged,))
        self._his("UPDATE sf_fymx SET je = -je WHERE fyid = %s", (negative,))
        self._table("Charges").write(
            {"void_column": "ZFPB", "void_values": "1,作废", "refund_column": "TFBZ"}
        )
        self._run()
        self.assertEqual(self._find("ChargeItem", f"c{voided}").state, "aborted")
        refund = self._find("ChargeItem", f"c{flagged}")
        self.assertEqual((refund.kind, refund.amount), ("refund", -float(amount)))
        self.assertEqual(self._find("ChargeItem", f"c{negative}").kind, "refund")

    def test_value_that_cannot_be_read_is_quarantined(self):
        """R2: the row waits with the reason in words, the rest goes on."""
        line = self._table("Stays").column_ids.filtered(lambda c: c.column == "RYSJ")
        line.write({"transform": "datetime", "argument": "%d.%m.%Y"})
        run = self._run()
        stays = len(self.tables["zy_zyxx"])
        self.assertGreaterEqual(run.count_quarantined, stays)
        reason = self.env["hcrm.feed.inbox"].search(
            [("res_type", "=", "Encounter"), ("state", "=", "quarantine")], limit=1
        )
        self.assertIn("RYSJ", reason.reason)

    # ------------------------------------------------------------------
    # NOTHING IS WRITTEN
    # ------------------------------------------------------------------
    def test_nothing_is_ever_written_to_the_his(self):
        """R2: the session refuses a write even of a role that might; the statistics of
        the server show none after a whole run."""
        before = self._written()
        self._run()
        self.assertEqual(self._written(), before)
        self._his(f'GRANT ALL ON gm_brgm TO "{self.reader}"')
        dialect = table_dialects.dialect_for(self.source._config("x"))
        connection = dialect.connect()
        self.addCleanup(connection.close)
        with (
            self.assertRaisesRegex(psycopg2.errors.ReadOnlySqlTransaction, "read-only"),
            connection.cursor() as cr,
        ):
            cr.execute("UPDATE gm_brgm SET cd = 'x'")

    def _written(self):
        return self._his(
            "SELECT sum(n_tup_ins), sum(n_tup_upd), sum(n_tup_del)"
            " FROM pg_stat_user_tables"
        )

    def test_only_select_passes(self):
        """R2: a flag column in a middle table is never written."""
        refused = {
            "UPDATE ms_brxx SET flag = 1": "only a SELECT",
            "SELECT 1; DELETE FROM ms_brxx": "semicolon",
            "WITH x AS (DELETE FROM t RETURNING *) SELECT * FROM x": "DELETE",
            "SELECT * INTO copy FROM t": "INTO",
            "SELECT * FROM t FOR UPDATE": "FOR UPDATE",
            "SELECT nextval('s')": "nextval",
            "SELECT set_config('transaction_read_only', 'off', false)": "set_config",
            "SELECT /*!50000 1*/ 1": "hints",
            "SELECT 'it\\'s'": "backslash",
            "SELECT $$x$$": "dollar",
            "SELECT 'open": "quotation mark",
            "EXEC sp_who": "only a SELECT",
            "  ": "write the SELECT",
        }
        table = self._table("Allergies")
        for sql, words in refused.items():
            with self.subTest(sql), self.assertRaisesRegex(ValidationError, words):
                table.sql = sql
        for sql in (
            "SELECT REPLACE(a, 'delete; from', '--') AS b FROM gm_brgm -- note",
            'WITH x AS (SELECT 1 AS a) SELECT a, "update" FROM x;',
            "select 诊断序号 from zd_brzd where 诊断名称 like '%胃%'",
        ):
            table.sql = sql

    # ------------------------------------------------------------------
    # A SOURCE THAT DOES NOT ANSWER
    # ------------------------------------------------------------------
    def test_what_goes_wrong_is_told_in_words(self):
        """R2: login, server, column, table, time and driver, each with what to do."""
        sentence = self.env["hcrm.feed.reason"]._source_sentence

        def problem(kind, **vals):
            with self.assertRaises(kind) as caught, self.env.cr.savepoint():
                self.source.write(vals)
                self.source._adapter("x").prepare()
            self.env.invalidate_all()
            return sentence(caught.exception.code, caught.exception.values)

        self.assertIn("does not answer", problem(SourceBusy, port=1))
        self.assertIn("login", problem(AdapterError, auth_login="nobody_at_all"))
        table = self._table("Allergies")
        with self.assertRaisesRegex(UserError, "missing_table"):
            table.sql = "SELECT * FROM missing_table"
            table.action_read_columns()
        table.sql = "SELECT * FROM gm_brgm"
        table.key_columns = "NOT_THERE"
        table.id_template = False
        with self.assertRaises(AdapterError) as caught:
            self.source._adapter("x").prepare()
        said = sentence(caught.exception.code, caught.exception.values)
        self.assertIn("gives no column not_there", said)
        self.assertIn("gmid", said)
        self.source.dialect = "oracle"
        self.assertIn("oracledb", problem(AdapterError))

    def test_slow_query_is_ended(self):
        """R2: the HIS ends our queries after the time the source allows."""
        table = self._table("Allergies")
        table.sql = (
            "SELECT g.* FROM gm_brgm g, generate_series(1, 1000000000) n WHERE n < 0"
        )
        self.source.statement_seconds = 1
        with self.assertRaisesRegex(UserError, "needs more than 1 s"):
            table._ask(lambda adapter: adapter.preview(table.name, 5))

    def test_run_rests_outside_the_hours_to_read(self):
        """R2: a night window: the run keeps its place and goes on when it opens."""
        hour = int(self.source._local_hour())
        self.source.write(
            {"window_start": (hour + 3) % 24, "window_end": (hour + 4) % 24}
        )
        run = self.source._start_run(enqueue=False)
        waits = []
        self.patch(type(run), "_enqueue", lambda run, wait=0: waits.append(wait))
        run._job_page()
        self.assertEqual(run.state, "queued")
        self.assertTrue(2 * 3600 <= waits[0] <= 3 * 3600, waits)
        self.source.write({"window_start": hour, "window_end": hour})
        run._job_page()
        self.assertEqual((run.state, waits[1:]), ("running", [0]))

    # ------------------------------------------------------------------
    # WHAT THE ADMINISTRATOR SEES
    # ------------------------------------------------------------------
    def test_read_columns_and_preview(self):
        """R2, F17: columns come from the SELECT, the preview shows rows beside values
        and problems, and nothing is written."""
        table = self.env["hcrm.feed.table"].create(
            {
                "source_id": self.source.id,
                "name": "New",
                "res_type": "Patient",
                "sql": "SELECT brid, brxm, xb, csrq FROM ms_brxx",
                "key_columns": "BRID",
            }
        )
        table.action_read_columns()
        self.assertEqual(
            table.column_ids.mapped("column"), ["brid", "brxm", "xb", "csrq"]
        )
        targets = ["mrn", "name", "gender", "birthdate"]
        for line, target in zip(table.column_ids, targets, strict=True):
            line.target = target
        table.column_ids[2].code_lines = "1 = male"
        preview = self.env["hcrm.feed.table.preview"].create({"table_id": table.id})
        html = preview.rows_html
        name = self.tables["ms_brxx"][0]["BRXM"]
        self.assertIn(name, html)
        self.assertIn("2 is not in the list of codes", html)
        self.assertFalse(
            self.env["hcrm.feed.identity"].search_count(
                [("source_id", "=", self.source.id)]
            )
        )

    def test_mapping_travels_as_a_file(self):
        """R2: an integrator exports a mapping and ships it; it comes in unchanged."""
        first = self.env["hcrm.feed.table.file"].create({"source_id": self.source.id})
        other = self.source.copy({"table_ids": []})
        wizard = self.env["hcrm.feed.table.file"].create(
            {"source_id": other.id, "file_in": first.file_out, "file_in_name": "a.json"}
        )
        self.assertNotIn(b"reads-only", base64.b64decode(first.file_out))
        wizard.action_import()
        specs = [table._spec() for table in self.source.table_ids]
        self.assertEqual([table._spec() for table in other.table_ids], specs)
        wizard.file_in = base64.b64encode(json.dumps({"a": 1}).encode())
        with self.assertRaisesRegex(UserError, "not a mapping file"):
            wizard.action_import()

    def test_targets_are_checked(self):
        """R2: a field that does not exist is told while it is written down."""
        line = self._table("Allergies").column_ids[0]
        for target in ("nmae", "code.coding[", "subject@"):
            with self.subTest(target), self.assertRaises(ValidationError):
                line.target = target
        line.target = "code.coding[second].display"

    def test_sql_is_written_by_administrators_only(self):
        """R2: a manager reads the tables; only who administers the server writes SQL."""
        table = self._table("Allergies")
        manager = self.users["manager"]
        self.assertIn("gm_brgm", table.with_user(manager).sql)
        with self.assertRaises(AccessError), mute_logger("odoo.addons.base.models"):
            table.with_user(manager).sql = "SELECT 1"
        with self.assertRaises(UserError):
            self.source.with_user(manager).action_open_mapping_file()

    def test_list_of_tables_costs_the_same(self):
        """Two tables or fifty: the same number of queries."""
        Table = self.env["hcrm.feed.table"]
        tables = Table.create(
            [
                {
                    "source_id": self.source.id,
                    "name": f"T{number}",
                    "res_type": "Patient",
                    "sql": "SELECT 1",
                    "key_columns": "a",
                }
                for number in range(50)
            ]
        )
        spec = {name: {} for name in ("name", "res_type", "key_columns")}
        spec["parent_id"] = {"fields": {"display_name": {}}}
        for ids in (tables[:2].ids, tables.ids):
            self.env.invalidate_all()
            with self.assertQueryCount(2):
                Table.web_search_read([("id", "in", ids)], spec)

    def test_missing_driver_is_told(self):
        """R2: without its driver a database system is named with the package."""
        self.source.dialect = "mariadb"
        with (
            patch.object(
                table_dialects.importlib, "import_module", side_effect=ImportError
            ),
            self.assertRaises(AdapterError) as caught,
        ):
            self.source._adapter("x").prepare()
        self.assertEqual(caught.exception.values["package"], "PyMySQL")
