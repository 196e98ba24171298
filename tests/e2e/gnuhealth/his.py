"""The GNU Health of a journey: its database, its reader, and what it says itself.

Nothing here knows the adapter: the cards that a journey expects are read with SQL
of their own.
"""

from __future__ import annotations

import json
import os
import subprocess
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg2

from ..world import LOG, World

HERE = Path(__file__).parent
READER = "hcrm_e2e_reader"
SECRET = "hcrm-e2e-reader"
MISSING = (
    "GNU Health is not here. `make e2e` installs it and names it in "
    "HCRM_GNUHEALTH_PYTHON and HCRM_GNUHEALTH_DB"
)
SEXES = {"m": "male", "f": "female", "nb": "other", "other": "other"}


@dataclass
class Gnuhealth:
    """One hospital's GNU Health."""

    world: World
    database: str
    python: str

    def sql(self, statement: str, params=None) -> list:
        return self.world.sql(statement, params, self.database)

    def script(self, name: str, *args: str) -> str:
        """Run a script in GNU Health's own Python; the last line that it prints."""
        env = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
        path = LOG / f"e2e-gnuhealth-{name}.log"
        with open(path, "w") as log:
            result = subprocess.run(
                [self.python, str(HERE / f"{name}.py"), self.database, *args],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                env=env,
                text=True,
                check=False,
            )
        assert result.returncode == 0, f"{name}.py failed in GNU Health, see {path}"
        return (result.stdout.strip().splitlines() or [""])[-1]

    def seed(self) -> dict:
        return json.loads(self.script("seed"))

    def writes(self) -> dict[str, tuple]:
        """Rows ever inserted, updated and deleted, by table."""
        rows = self.sql(
            "SELECT relname, n_tup_ins, n_tup_upd, n_tup_del FROM pg_stat_user_tables"
        )
        return {name: counts for name, *counts in rows}

    # ------------------------------------------------------------------
    # THE READER
    # ------------------------------------------------------------------

    def let_read(self) -> None:
        """A role that may read every table and do nothing else."""
        for statement in (
            f"CREATE ROLE {READER} LOGIN PASSWORD '{SECRET}'",
            "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
            f"GRANT USAGE ON SCHEMA public TO {READER}",
            f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {READER}",
        ):
            self.sql(statement)

    def check_reader(self) -> None:
        """The role has no other right, and is refused when it tries."""
        rights = self.sql(
            "SELECT DISTINCT privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = %s",
            (READER,),
        )
        assert rights == [("SELECT",)], f"{READER} has more rights: {rights}"
        connection = psycopg2.connect(
            dbname=self.database, user=READER, password=SECRET
        )
        with closing(connection), connection.cursor() as cr:
            try:
                cr.execute("UPDATE party_party SET name = 'x'")
            except psycopg2.errors.InsufficientPrivilege:
                return
        raise AssertionError(f"{READER} may write to GNU Health")

    # ------------------------------------------------------------------
    # WHAT IT SAYS
    # ------------------------------------------------------------------

    def cards(self) -> dict[str, dict]:
        """By external id, what the card of every patient must say now."""
        people = self.sql(
            "SELECT t.id, p.id, p.ref, p.name, p.lastname, p.gender, p.dob, p.est_dob,"
            " p.deceased FROM gnuhealth_patient t, party_party p"
            " WHERE p.id = t.party AND p.replaced_by IS NULL"
        )
        return {
            f"gnuhealth_patient:{row[0]}": {
                "name": _name(row[4], row[3]),
                "sex": SEXES.get(row[5], "unknown"),
                "birthdate": _birthdate(row[6], row[7]),
                "status": "deceased" if row[8] else "current",
                "mrn": row[2],
                **self._reach(row[1]),
                **self._health(row[0]),
                **self._visits(row[0]),
                "charges": self._charges(row[0]),
            }
            for row in people
        }

    def _reach(self, party: int) -> dict:
        rows = self.sql(
            "SELECT CASE type WHEN 'email' THEN 'email' ELSE 'phone' END,"
            " replace(value, ' ', ''), COALESCE(emergency, false)"
            " FROM party_contact_mechanism WHERE party = %s AND active"
            " AND type IN ('phone', 'mobile', 'email')",
            (party,),
        )
        city = self.sql(
            # Tryton gives every party an empty address to begin with
            "SELECT city FROM party_address WHERE party = %s AND active"
            " AND relative_id IS NULL AND COALESCE(street, city) != ''"
            " ORDER BY sequence NULLS LAST, id LIMIT 1",
            (party,),
        )
        own = [value for kind, value, urgent in rows if kind == "phone" and not urgent]
        return {
            "contacts": sorted((kind, value) for kind, value, _urgent in rows),
            "not_own": sorted(value for _kind, value, urgent in rows if urgent),
            "phone": own[0] if own else False,
            "city": (city[0][0] or False) if city else False,
        }

    def _health(self, patient: int) -> dict:
        problems = self.sql(
            "SELECT x.code FROM gnuhealth_patient_disease d, gnuhealth_pathology x"
            " WHERE x.id = d.pathology AND d.patient = %(id)s AND d.healed_date IS NULL"
            " AND d.is_active AND NOT COALESCE(d.is_allergy, false)"
            " UNION SELECT x.code FROM gnuhealth_patient_evaluation e,"
            " gnuhealth_pathology x WHERE x.id = e.diagnosis AND e.patient = %(id)s"
            " UNION SELECT x.code FROM gnuhealth_patient_evaluation e,"
            " gnuhealth_secondary_condition s, gnuhealth_pathology x"
            " WHERE x.id = s.pathology AND s.evaluation = e.id AND e.patient = %(id)s"
            " UNION SELECT x.code FROM gnuhealth_patient_evaluation e,"
            " gnuhealth_diagnostic_hypothesis s, gnuhealth_pathology x"
            " WHERE x.id = s.pathology AND s.evaluation = e.id AND e.patient = %(id)s"
            " UNION SELECT x.code FROM gnuhealth_inpatient_registration r,"
            " gnuhealth_pathology x WHERE x.id = r.discharge_dx AND r.patient = %(id)s"
            " AND r.state IN ('done', 'finished')",
            {"id": patient},
        )
        allergies = self.sql(
            "SELECT x.name FROM gnuhealth_patient_disease d, gnuhealth_pathology x"
            " WHERE x.id = d.pathology AND d.patient = %s AND d.is_allergy",
            (patient,),
        )
        medication = self.sql(
            "SELECT t.name, CASE WHEN m.discontinued THEN 'stopped'"
            " WHEN m.is_active THEN 'active' ELSE 'completed' END"
            " FROM gnuhealth_patient_medication m, gnuhealth_medicament g,"
            " product_product pp, product_template t WHERE g.id = m.medicament"
            " AND pp.id = g.product AND t.id = pp.template AND m.patient = %(id)s"
            " UNION ALL SELECT t.name, 'active' FROM gnuhealth_prescription_order o,"
            " gnuhealth_prescription_line l, gnuhealth_medicament g, product_product pp,"
            " product_template t WHERE l.presc_order = o.id AND g.id = l.medicament"
            " AND pp.id = g.product AND t.id = pp.template AND o.patient = %(id)s",
            {"id": patient},
        )
        results = self.sql(
            "SELECT c.name, c.result FROM gnuhealth_lab l, gnuhealth_lab_test_critearea c"
            " WHERE c.gnuhealth_lab_id = l.id AND l.patient = %s"
            " AND c.result IS NOT NULL",
            (patient,),
        )
        return {
            "problems": sorted(row[0] for row in problems),
            "allergies": sorted(row[0] for row in allergies),
            "medication": sorted(medication),
            "results": sorted((name, float(value)) for name, value in results),
        }

    def _visits(self, patient: int) -> dict:
        stay = self.sql(
            "SELECT w.name || ' / ' || t.name FROM gnuhealth_inpatient_registration r,"
            " gnuhealth_hospital_bed b, gnuhealth_hospital_ward w, product_product pp,"
            " product_template t WHERE b.id = r.bed AND w.id = b.ward"
            " AND pp.id = b.product AND t.id = pp.template AND r.patient = %s"
            " AND r.state = 'hospitalized'",
            (patient,),
        )
        coming = self.sql(
            "SELECT to_char(appointment_date, 'YYYY-MM-DD HH24:MI:SS')"
            " FROM gnuhealth_appointment WHERE patient = %s"
            " AND state IN ('confirmed', 'checked_in')"
            " AND appointment_date >= now() AT TIME ZONE 'utc' ORDER BY 1",
            (patient,),
        )
        past = self.sql(
            "SELECT to_char(evaluation_start, 'YYYY-MM-DD HH24:MI:SS')"
            " FROM gnuhealth_patient_evaluation WHERE patient = %(id)s UNION ALL"
            " SELECT to_char(hospitalization_date, 'YYYY-MM-DD HH24:MI:SS')"
            " FROM gnuhealth_inpatient_registration WHERE patient = %(id)s"
            " AND state != 'cancelled' ORDER BY 1 DESC",
            {"id": patient},
        )
        return {
            "stay": stay[0][0] if stay else False,
            "next_visits": [row[0] for row in coming],
            "last_visits": [row[0] for row in past],
        }

    def _charges(self, patient: int) -> list:
        rows = self.sql(
            "SELECT CASE i.state WHEN 'posted' THEN 'billed' WHEN 'draft'"
            " THEN 'billable' ELSE 'planned' END,"
            " COALESCE(v.quantity * v.unit_price, 0)::float"
            " FROM gnuhealth_health_service s JOIN gnuhealth_health_service_line l"
            " ON l.service = s.id LEFT JOIN account_invoice_line v"
            " ON v.origin = 'gnuhealth.health_service.line,' || l.id"
            " LEFT JOIN account_invoice i ON i.id = v.invoice WHERE s.patient = %s",
            (patient,),
        )
        return sorted(rows)


def _name(family: str | None, given: str | None) -> str:
    if any("\u4e00" <= char <= "\u9fff" for char in f"{family}{given}"):
        return f"{family or ''}{given or ''}"
    return f"{given or ''} {family or ''}".strip()


def _birthdate(dob, is_estimated: bool) -> str | bool:
    if not dob:
        return False
    return f"{dob.year}-01-01" if is_estimated else dob.isoformat()


@contextmanager
def gnuhealth(world: World):
    """A clone of the prepared GNU Health with a role that reads it."""
    template = os.environ.get("HCRM_GNUHEALTH_DB")
    python = os.environ.get("HCRM_GNUHEALTH_PYTHON")
    assert template and python, MISSING
    database = f"{world.database}_gnuhealth"
    _drop(world, database)
    world.sql(f'CREATE DATABASE "{database}" TEMPLATE "{template}"', None, "postgres")
    try:
        yield Gnuhealth(world, database, python)
    finally:
        _drop(world, database)


def _drop(world: World, database: str) -> None:
    world.sql(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)', None, "postgres")
    world.sql(f"DROP ROLE IF EXISTS {READER}", None, "postgres")
