"""The tables of a GNU Health in a schema of its own, as far as tests need them."""

# every name in the statements below stands in this file
# pylint: disable=sql-injection
import psycopg2
from psycopg2 import sql

from odoo import sql_db
from odoo.tools import config

SCHEMA = "hcrm_test_gnuhealth"
_STAMPS = (
    "id serial PRIMARY KEY, create_uid int, write_uid int, write_date timestamp,"
    " create_date timestamp DEFAULT (now() AT TIME ZONE 'utc')"
)
# table -> its columns beside those that Tryton gives to every table
TABLES = {
    "country_country": "code text, name text",
    "country_subdivision": "name text",
    "gnuhealth_appointment": "name text, patient int, healthprof int, speciality int,"
    " consultations int, appointment_date timestamp, state text",
    "gnuhealth_death_certificate": "dod timestamp",
    "gnuhealth_diagnostic_hypothesis": "evaluation int, pathology int",
    "gnuhealth_dose_unit": "name text",
    "gnuhealth_drug_route": "name text",
    "gnuhealth_du": "address_street text, address_street_number text,"
    " address_district text, address_city text, address_municipality text,"
    " address_zip text, address_country int, address_subdivision int",
    "gnuhealth_healthprofessional": "code text, party int, active bool DEFAULT true",
    "gnuhealth_hospital_bed": "ward int, product int",
    "gnuhealth_hospital_unit": "code text, name text, institution int",
    "gnuhealth_hospital_ward": "name text, unit int",
    "gnuhealth_hp_specialty": "healthprof int, specialty int, mainsp bool",
    "gnuhealth_inpatient_registration": "name text, patient int, admission_type text,"
    " hospitalization_date timestamp, discharge_date timestamp, state text,"
    " discharge_reason text, discharge_dx int, admission_reason int, bed int,"
    " attending_physician int",
    "gnuhealth_institution": "code text, party int",
    "gnuhealth_medicament": "product int, active_component text",
    "gnuhealth_medication_dosage": "name text",
    "gnuhealth_newborn": "patient int, mother int, tod timestamp,"
    " died_at_delivery bool, died_at_the_hospital bool, died_being_transferred bool",
    "gnuhealth_occupation": "name text",
    "gnuhealth_pathology": "code text, name text",
    "gnuhealth_patient": "party int, active bool DEFAULT true, biological_sex text",
    "gnuhealth_patient_disease": "patient int, pathology int, status text,"
    " is_active bool DEFAULT true, is_allergy bool, allergy_type text,"
    " diagnosed_date date, healed_date date, disease_severity text,"
    " short_comment text",
    "gnuhealth_patient_evaluation": "code text, patient int, appointment int,"
    " evaluation_start timestamp, evaluation_endtime timestamp, state text,"
    " evaluation_type text, urgency text, visit_type text, chief_complaint text,"
    " healthprof int, signed_by int, specialty int, diagnosis int, systolic int,"
    " diastolic int, bpm int, temperature float, weight float, height float,"
    " glycemia float, hba1c float",
    "gnuhealth_patient_medication": "patient int, medicament int, prescription int,"
    " is_active bool DEFAULT true, discontinued bool, course_completed bool,"
    " healthprof int, start_treatment timestamp, end_treatment timestamp, dose float,"
    " dose_unit int, route int, common_dosage int, duration int,"
    " duration_period text, frequency int, frequency_unit text",
    "gnuhealth_person_alternative_identification": "party int,"
    " alternative_id_type text, code text, expiration_date date,"
    " other_alternative_id_type text",
    "gnuhealth_person_name": "party int, use text, family text, given text",
    "gnuhealth_secondary_condition": "evaluation int, pathology int",
    "gnuhealth_specialty": "code text, name text",
    "ir_lang": "name text",
    "party_address": "party int, active bool DEFAULT true, street text, city text,"
    " postal_code text, country int, subdivision int, sequence int, is_work bool,"
    " relationship text, relative_id int",
    "party_contact_mechanism": "party int, type text, value text, sequence int,"
    " active bool DEFAULT true, emergency bool",
    "party_identifier": "party int, type text, code text, active bool DEFAULT true",
    "party_party": "name text, lastname text, gender text, dob date, est_dob bool,"
    " deceased bool, marital_status text, ref text, federation_account text,"
    " is_healthprof bool, active bool DEFAULT true, citizenship int, du int,"
    " death_certificate int, replaced_by int",
    "party_party_lang": "party int, lang int, company int",
    "product_product": "template int, code text",
    "product_template": "name text",
}


class FakeGnuhealth:
    """A schema that is committed, so that the feed's own connection sees it."""

    def __init__(self, dbname):
        _name, self.info = sql_db.connection_info_for(dbname)
        self.connection = psycopg2.connect(**self.info)
        self.connection.autocommit = True
        with self.connection.cursor() as cr:
            cr.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            cr.execute(f"CREATE SCHEMA {SCHEMA}")
            cr.execute(f"SET search_path TO {SCHEMA}")
            for table, columns in TABLES.items():
                parts = ", ".join(filter(None, (_STAMPS, columns)))
                cr.execute(f"CREATE TABLE {table} ({parts})")

    def close(self):
        with self.connection.cursor() as cr:
            cr.execute(f"DROP SCHEMA {SCHEMA} CASCADE")
        self.connection.close()

    def source_values(self):
        """How a source reaches it."""
        return {
            "kind": "gnuhealth_sql",
            "host": self.info.get("host") or config["db_host"] or "",
            "port": int(self.info.get("port") or 0),
            "database": self.info.get("database") or self.info.get("dbname"),
            "auth_login": self.info.get("user") or "",
            "auth_secret": self.info.get("password") or "",
        }

    def empty(self):
        with self.connection.cursor() as cr:
            cr.execute(f"TRUNCATE {', '.join(TABLES)} RESTART IDENTITY")

    def execute(self, statement, params=None):
        with self.connection.cursor() as cr:
            cr.execute(statement, params)
            return cr.fetchall() if cr.description else []

    def add(self, table, **values):
        """Insert a row as Tryton does, return its id."""
        statement = sql.SQL("INSERT INTO {} ({}) VALUES ({}) RETURNING id").format(
            sql.Identifier(table),
            sql.SQL(", ").join(map(sql.Identifier, values)),
            sql.SQL(", ").join(sql.Placeholder() * len(values)),
        )
        return self.execute(statement, list(values.values()))[0][0]

    def change(self, table, row_id, **values):
        """Update a row as Tryton does: its own stamp moves, nobody else's."""
        sets = sql.SQL(", ").join(
            sql.SQL("{} = %s").format(sql.Identifier(name)) for name in values
        )
        statement = sql.SQL(
            "UPDATE {} SET {}, write_date = now() AT TIME ZONE 'utc' WHERE id = %s"
        ).format(sql.Identifier(table), sets)
        self.execute(statement, [*values.values(), row_id])

    def delete(self, table, row_id):
        self.execute(f"DELETE FROM {table} WHERE id = %s", [row_id])

    def person(self, given="芳", family="王", **values):
        """A person who is a patient: (party, patient)."""
        party = self.add("party_party", name=given, lastname=family, **values)
        return party, self.add("gnuhealth_patient", party=party)
