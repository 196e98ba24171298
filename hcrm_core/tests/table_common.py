"""A HIS of tables in a database of its own, beside the one under test."""

import gzip
import json
import os
import tempfile

import psycopg2

from odoo.sql_db import connection_info_for
from odoo.tools import file_open, file_path

from . import table_his
from .common import HcrmCommon

MAPPING = "hcrm_core/data/mapping/demo_hospital.json"
RECORDS = "hcrm_core/tests/data/table_hospital.ndjson.gz"


def read_records():
    """The small hospital: 18 people of the demo hospital with all their facts."""
    with gzip.open(file_path(RECORDS), "rt", encoding="utf-8") as stream:
        return [json.loads(line) for line in stream]


def connect_to(database, **kwargs):
    """A connection to a database of the same cluster."""
    _name, info = connection_info_for(database)
    info = {k: v for k, v in info.items() if k not in ("application_name",)}
    return psycopg2.connect(**{**info, **kwargs})


def raw(text):
    """Text as GB18030 bytes, in the way a server without an encoding takes them."""
    return text.encode(table_his.GB).decode("latin-1")


class TableHis(HcrmCommon):
    """``cls.his`` is a database without an encoding that holds GB18030 bytes, and
    ``cls.reader`` a role that may only SELECT there."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.company_a.hcrm_code = "HQ01"
        cls.company_b.hcrm_code = "HQ02"
        cls.his = f"{cls.env.cr.dbname}_his_{os.getpid()}"
        cls.reader = f"{cls.his}_reader"
        cls._admin(f'DROP DATABASE IF EXISTS "{cls.his}"')
        cls._admin(
            f"CREATE DATABASE \"{cls.his}\" TEMPLATE template0 ENCODING 'SQL_ASCII'"
            " LC_COLLATE 'C' LC_CTYPE 'C'"
        )
        cls.addClassCleanup(cls._drop)
        cls._admin(f'DROP ROLE IF EXISTS "{cls.reader}"')
        cls._admin(f"CREATE ROLE \"{cls.reader}\" LOGIN PASSWORD 'reads-only'")
        cls.tables = table_his.rows_of(read_records())
        cls._write_his(
            lambda cr: table_his.fill(cr, table_his.POSTGRES, cls.tables, raw)
        )
        cls._his(f'GRANT SELECT ON ALL TABLES IN SCHEMA public TO "{cls.reader}"')
        _name, info = connection_info_for(cls.his)
        cls.source = cls._make_table_source(info)

    @classmethod
    def _make_table_source(cls, info):
        source = cls.env["hcrm.feed.source"].create(
            {
                "name": "Tables",
                "kind": "table",
                "company_id": cls.company_a.id,
                "host": info.get("host") or os.environ.get("PGHOST") or "",
                "port": int(info.get("port") or os.environ.get("PGPORT") or 5432),
                "database": cls.his,
                "auth_login": cls.reader,
                "auth_secret": "reads-only",
                "encoding": "gb18030",
                "is_raw_text": True,
                "page_size": 100,
            }
        )
        with file_open(MAPPING) as stream:
            specs = json.load(stream)["tables"]
        wizard = cls.env["hcrm.feed.table.file"].create({"source_id": source.id})
        wizard._import(specs)
        return source

    @classmethod
    def _drop(cls):
        cls._admin(f'DROP DATABASE IF EXISTS "{cls.his}" WITH (FORCE)')
        cls._admin(f'DROP ROLE IF EXISTS "{cls.reader}"')

    @classmethod
    def _admin(cls, statement):
        cls._execute("postgres", lambda cr: cr.execute(statement), autocommit=True)

    @classmethod
    def _his(cls, statement, params=None):
        """Run a statement as the HIS itself; the rows it returns, if any."""

        def act(cr):
            cr.execute(raw(statement), params)
            return cr.fetchall() if cr.description else None

        return cls._write_his(act)

    @classmethod
    def _write_his(cls, act):
        return cls._execute(cls.his, act, client_encoding="LATIN1")

    @classmethod
    def _execute(cls, database, act, autocommit=False, **kwargs):
        connection = connect_to(database, **kwargs)
        connection.autocommit = autocommit
        try:
            with connection.cursor() as cr:
                result = act(cr)
            if not autocommit:
                connection.commit()
            return result
        finally:
            connection.close()

    def _run(self, source=None, mode="full"):
        source = source or self.source
        run = source._start_run(enqueue=False, mode=mode)
        run._run_now()
        self.assertFalse(run.message, run.message)
        self.assertEqual(run.state, "done")
        return run

    def _files_source(self, records):
        """The same records as FHIR files."""
        folder = tempfile.mkdtemp(prefix="hcrm_table_test_")
        self.env["ir.config_parameter"].set_param("hcrm_core.feed_roots", folder)
        path = os.path.join(folder, "all.ndjson")
        with open(path, "w", encoding="utf-8") as out:
            out.writelines(json.dumps(record) + "\n" for record in records)
        self.addCleanup(os.rmdir, folder)
        self.addCleanup(os.remove, path)
        return self.env["hcrm.feed.source"].create(
            {"name": "Files", "path": folder, "company_id": self.company_a.id}
        )

    def _find(self, res_type, ext_id):
        identity = self.env["hcrm.feed.identity"].search(
            [
                ("source_id", "=", self.source.id),
                ("res_type", "=", res_type),
                ("ext_id", "=", ext_id),
            ]
        )
        return self.env[identity.res_model].browse(identity.res_id)

    def _table(self, name):
        """The table of the example mapping whose name holds ``name``."""
        return self.source.table_ids.filtered(lambda table: name in table.name)
