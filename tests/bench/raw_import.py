"""The raw limit: the same files into the same tables, psycopg2 and json.loads alone."""

import glob
import gzip
import hashlib
import io
import json
import time

import psycopg2
from pypinyin import lazy_pinyin

T0 = time.perf_counter
ENC = {"AMB": "outpatient", "EMER": "emergency", "IMP": "inpatient", "CHECKUP": "checkup"}


def ref(o, *keys):
    for key in keys:
        o = (o or {}).get(key) if not isinstance(o, list) else (o[0] if o else {}).get(key)
    return o.rsplit("/", 1)[-1] if isinstance(o, str) else None


def code(o, key="code"):
    c = (o.get(key) or {}).get("coding") or [{}]
    return c[0].get("code"), c[0].get("system"), (o.get(key) or {}).get("text") or c[0].get("display")


def money(o, key="payer-split"):
    split = next((e for e in o.get("extension", ()) if e["url"].endswith(key)), {}).get("extension", ())
    v = {e["url"].rsplit("/", 1)[-1]: (e.get("valueMoney") or {}).get("value", e.get("valueDecimal")) for e in split}
    return [v.get(k) or 0 for k in ("pooled", "account", "self", "commercial", "employer", "cost")]


P = ("subject", "reference")
Q = lambda o, k: (o.get(k) or {}).get("value")  # noqa: E731
FACTS = {  # type: (table, path to the person, columns, values)
    "Encounter": ("hcrm_encounter", P, "kind,state,date_start,date_end", lambda o: (ENC.get(o["class"]["code"], "other"), o["status"].replace("-", "_"), (o.get("period") or {}).get("start"), (o.get("period") or {}).get("end"))),
    "Condition": ("hcrm_condition", P, "code,code_system,name,category,state,date_recorded", lambda o: (*code(o), "diagnosis", code(o, "clinicalStatus")[0] or "unknown", o.get("recordedDate"))),
    "AllergyIntolerance": ("hcrm_allergy", ("patient", "reference"), "code,code_system,name,criticality,state,date_recorded", lambda o: (*code(o), o.get("criticality"), "active", o.get("recordedDate"))),
    "Procedure": ("hcrm_procedure", P, "code,code_system,name,category,state,date_start,date_end", lambda o: (*code(o), "other", o["status"].replace("-", "_"), (o.get("performedPeriod") or {}).get("start") or o.get("performedDateTime"), (o.get("performedPeriod") or {}).get("end"))),
    "MedicationRequest": ("hcrm_medication", P, "code,code_system,name,state,date_start", lambda o: (*code(o, "medicationCodeableConcept"), o["status"].replace("-", "_"), o.get("authoredOn"))),
    "Observation": ("hcrm_observation", P, "code,code_system,name,category,state,date,value,has_value,unit", lambda o: (*code(o), "other", o["status"], o.get("effectiveDateTime"), Q(o, "valueQuantity"), True, (o.get("valueQuantity") or {}).get("unit"))),
    "ChargeItem": ("hcrm_charge", P, "code,name,kind,category,state,date,amount,amount_pooled,amount_account,amount_self,amount_commercial,amount_employer,cost", lambda o: (code(o)[0], code(o)[2] or "?", "charge", "other", o["status"], o.get("occurrenceDateTime"), Q(o, "priceOverride") or 0, *money(o))),
    "Appointment": ("hcrm_appointment", None, "state,date_start,date_end", lambda o: (o["status"].replace("-", "_"), o.get("start"), o.get("end"))),
    "Coverage": ("hcrm_coverage", ("beneficiary", "reference"), "kind,payor,state", lambda o: ("other", (o.get("payor") or [{}])[0].get("display") or "?", o["status"])),
}


def lines(folder, kind):
    for path in sorted(glob.glob(f"{folder}/{kind}.ndjson*")):
        with (gzip.open if path.endswith("gz") else open)(path, "rb") as stream:
            yield from stream


def stage(cr, table, rows, clock):
    cr.execute(f"CREATE TEMP TABLE {table[0]} ({', '.join(c + ' text' for c in table[1])})")
    done, buffer, count = False, io.StringIO(), 0
    while not done:
        start, done = T0(), True
        for row in rows:
            buffer.write("\t".join("\\N" if v is None else str(v).replace("\\", "\\\\").replace("\t", " ").replace("\n", " ") for v in row) + "\n")
            count += 1
            if count % 50000 == 0:
                done = False
                break
        clock["parse"] += T0() - start
        start = T0()
        buffer.seek(0)
        cr.copy_expert(f"COPY {table[0]} FROM STDIN", buffer)
        buffer = io.StringIO()
        clock["stage"] += T0() - start
    return count


def run(dsn, folder, company=1, source=1):
    clock = {"parse": 0.0, "stage": 0.0, "write": 0.0}
    with psycopg2.connect(dsn) as cn, cn.cursor() as cr:
        cr.execute("SET TimeZone='UTC'")
        people = ((o["id"], hashlib.md5(raw).hexdigest(), o["name"][0].get("text") or o["name"][0].get("family"), o.get("gender"), o.get("birthDate"), next((t["value"] for t in o.get("telecom", ()) if t.get("system") == "phone"), None), *next(((i["value"], "") for i in o.get("identifier", ())), ("", ""))[:1], "".join(lazy_pinyin(o["name"][0].get("text") or ""))) for raw in lines(folder, "Patient") for o in (json.loads(raw),))
        counts = {"Patient": stage(cr, ("st_people", ("ext", "hash", "name", "gender", "birth", "phone", "mrn", "py")), people, clock)}
        start = T0()
        cr.execute("ALTER TABLE st_people ADD id int; UPDATE st_people SET id = nextval('res_partner_id_seq'); ANALYZE st_people")
        cr.execute("INSERT INTO res_partner (id, name, complete_name, type, active, phone, commercial_partner_id, partner_share, lang, hcrm_gender, hcrm_birthdate, hcrm_status, autopost_bills, create_uid, write_uid, create_date, write_date) SELECT id, name, name, 'contact', true, phone, id, true, 'en_US', gender, rpad(birth, 10, '-01')::date, 'current', 'ask', 1, 1, now(), now() FROM st_people" if _has(cr, "autopost_bills") else "INSERT INTO res_partner (id, name, complete_name, type, active, phone, commercial_partner_id, partner_share, lang, hcrm_gender, hcrm_birthdate, hcrm_status, create_uid, write_uid, create_date, write_date) SELECT id, name, name, 'contact', true, phone, id, true, 'en_US', gender, rpad(birth, 10, '-01')::date, 'current', 1, 1, now(), now() FROM st_people")
        cr.execute("INSERT INTO hcrm_person_metrics (id) SELECT id FROM st_people; UPDATE res_partner p SET hcrm_metrics_id = s.id FROM st_people s WHERE p.id = s.id")
        cr.execute("INSERT INTO hcrm_person_company (partner_id, company_id, class_id, confidentiality, disclosure) SELECT id, %s, (SELECT min(id) FROM hcrm_person_class), 'normal', 'open' FROM st_people", [company])
        cr.execute("INSERT INTO hcrm_contact_point (partner_id, company_id, system, value, number, rank) SELECT id, %s, 'phone', phone, phone, 1 FROM st_people WHERE phone IS NOT NULL", [company])
        cr.execute("INSERT INTO hcrm_person_identifier (partner_id, type_id, company_id, value, value_norm, is_unique) SELECT id, (SELECT min(id) FROM hcrm_identifier_type), %s, mrn, mrn, false FROM st_people WHERE mrn != ''", [company])
        cr.execute("INSERT INTO hcrm_person_search (partner_id, token) SELECT id, t FROM (SELECT DISTINCT id, unnest(ARRAY[name, substr(name, 2), substr(name, 3), py, lower(mrn), right(phone, 4), phone]) t FROM st_people) x WHERE t != ''")
        cr.execute("INSERT INTO hcrm_feed_identity (source_id, res_type, ext_id, res_model, res_id, content_hash, state) SELECT %s, 'Patient', ext, 'res.partner', id, decode(hash, 'hex'), 'live' FROM st_people", [source])
        clock["write"] += T0() - start
        for kind, (table, path, columns, values) in FACTS.items():
            names = columns.split(",")
            rows = ((o["id"], hashlib.md5(raw).hexdigest(), ref(o, *path) if path else next(ref(p, "actor", "reference") for p in o["participant"] if "Patient/" in p["actor"]["reference"]), ref(o, "encounter", "reference") or ref(o, "context", "reference"), *values(o)) for raw in lines(folder, kind) for o in (json.loads(raw),))
            counts[kind] = stage(cr, (f"st_{table}", ("ext", "hash", "pat", "enc", *names)), rows, clock)
            start = T0()
            cr.execute(f"ALTER TABLE st_{table} ADD id int; UPDATE st_{table} SET id = nextval('{table}_id_seq'); ANALYZE st_{table}")
            cr.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table])
            kinds = dict(cr.fetchall())
            extra = (", currency_id", ", 1") if "currency_id" in kinds else ("", "")
            cr.execute(f"INSERT INTO {table} (id, partner_id, company_id, encounter_id, {columns}{extra[0]}) SELECT s.id, p.res_id, {company}, e.res_id, {', '.join(f's.{n}::timestamptz::{kinds[n]}' if kinds[n].startswith('timestamp') else f's.{n}::{kinds[n]}' for n in names)}{extra[1]} FROM st_{table} s JOIN hcrm_feed_identity p ON p.source_id = {source} AND p.res_type = 'Patient' AND p.ext_id = s.pat LEFT JOIN hcrm_feed_identity e ON e.source_id = {source} AND e.res_type = 'Encounter' AND e.ext_id = s.enc")
            cr.execute(f"INSERT INTO hcrm_feed_identity (source_id, res_type, ext_id, res_model, res_id, content_hash, state) SELECT {source}, '{kind}', ext, '{table.replace('_', '.')}', id, decode(hash, 'hex'), 'live' FROM st_{table}")
            clock["write"] += T0() - start
    return counts, clock


def _has(cr, column):
    cr.execute("SELECT 1 FROM information_schema.columns WHERE table_name = 'res_partner' AND column_name = %s", [column])
    return bool(cr.fetchone())
