"""Databases: create, clone, drop, remember what was put into them."""

import json
import os
import shutil
from contextlib import suppress

from . import say, settings, shell


class Databases:
    """The databases of one PostgreSQL server, with their files."""

    def __init__(self, server):
        self.environment = server.environment

    def sql(self, database, statement, *params):
        """Return the rows of a statement."""
        script = settings.INSIDE / "sql.py"
        code, out = shell.capture(
            [settings.PYTHON, script, database, statement, *params],
            env=self.environment,
        )
        if code:
            raise say.Stop(f"PostgreSQL refused a statement.\n\n{out}")
        return json.loads(out)

    def check(self):
        """Stop with a sentence when this server cannot serve HCRM."""
        script = settings.INSIDE / "sql.py"
        code, out = shell.capture(
            [
                settings.PYTHON,
                script,
                "postgres",
                "SELECT datctype, rolsuper OR rolcreatedb, rolname,"
                " current_setting('server_version_num')::int / 10000"
                " FROM pg_database, pg_roles"
                " WHERE datname = 'template0' AND rolname = current_user",
            ],
            env=self.environment,
        )
        if code:
            raise say.Stop(
                f"the PostgreSQL server does not answer: {out}\nCheck PGHOST, PGPORT, "
                "PGUSER and PGPASSWORD, or unset them to use a private cluster."
            )
        ((ctype, may_create, role, version),) = json.loads(out)
        if version < 13:
            raise say.Stop(f"PostgreSQL {version} is too old: Odoo 19 needs 13.")
        if not may_create:
            raise say.Stop(
                f"the role {role} may not create databases. Allow it: "
                f"ALTER ROLE {role} CREATEDB"
            )
        if ctype in ("C", "POSIX"):
            raise say.Stop(
                f"the PostgreSQL server was made with ctype {ctype}, with which Chinese "
                "names cannot be searched. Make a cluster with --locale=C.UTF-8, or "
                "unset PGHOST and PGUSER to use a private one."
            )

    def exists(self, name):
        """Tell whether a database is there."""
        query = "SELECT 1 FROM pg_database WHERE datname = %s"
        return bool(self.sql("postgres", query, name))

    def mark(self, name):
        """Return what was remembered of a database."""
        rows = self.sql(
            "postgres",
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database"
            " WHERE datname = %s",
            name,
        )
        return rows[0][0] if rows else None

    def set_mark(self, name, value):
        """Remember something of a database; clones do not inherit it."""
        self.sql("postgres", f"COMMENT ON DATABASE \"{name}\" IS '{value}'")

    def create(self, name):
        """Create an empty database with its own collation."""
        self.sql(
            "postgres",
            f"CREATE DATABASE \"{name}\" TEMPLATE template0 LC_COLLATE 'C'"
            " ENCODING 'UTF8'",
        )

    def clone(self, template, name):
        """Copy a database nobody is connected to, with its files."""
        self.drop(name)
        self.sql("postgres", f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
        # Files are named by their content and never written again: links do.
        with suppress(FileNotFoundError):
            shutil.copytree(filestore(template), filestore(name), copy_function=os.link)

    def rename(self, old, new):
        """Give a finished database its name."""
        self.drop(new)
        self.sql("postgres", f'ALTER DATABASE "{old}" RENAME TO "{new}"')
        with suppress(FileNotFoundError):
            os.rename(filestore(old), filestore(new))

    def drop(self, name):
        """Drop a database and its files."""
        self.sql("postgres", f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        shutil.rmtree(filestore(name), ignore_errors=True)


def filestore(name):
    """Return the folder of a database's files."""
    return settings.DATA / "filestore" / name
