"""The raw limit: the same files into the same tables, psycopg2 and json.loads alone."""

# fmt: off
# a hundred lines of code, so that it stays what somebody would write by hand

import glob
import gzip
import hashlib
import io
import json
import time

import psycopg2
from pypinyin import lazy_pinyin

TEXT = "code,code_system,name"
TABLES = {  # type: table, constant columns, columns read from the record
    "Patient": ("res_partner", "", "name,gender,birth,phone,mrn,pinyin"),
    "Encounter": ("hcrm_encounter", "kind='outpatient'", "state,date_start,date_end"),
    "Condition": ("hcrm_condition", "category='diagnosis',state='active'", f"{TEXT},date_recorded"),
    "AllergyIntolerance": ("hcrm_allergy", "state='active'", f"{TEXT},date_recorded"),
    "Procedure": ("hcrm_procedure", "category='other'", f"{TEXT},state,date_start,date_end"),
    "MedicationRequest": ("hcrm_medication", "", f"{TEXT},state,date_start"),
    "Observation": ("hcrm_observation", "category='other'", f"{TEXT},state,date,value,unit"),
    "ChargeItem": ("hcrm_charge", "kind='charge',category='other',currency_id=1", "code,name,state,date,amount"),
    "Appointment": ("hcrm_appointment", "", "state,date_start,date_end"),
    "Coverage": ("hcrm_coverage", "kind='other'", "payor,state"),
}
PEOPLE = """
INSERT INTO res_partner (id, name, complete_name, type, active, phone, phone_sanitized, commercial_partner_id,
    partner_share, lang, hcrm_gender, hcrm_birthdate, hcrm_status, create_uid, write_uid, create_date, write_date)
  SELECT id, name, name, 'contact', true, phone, phone, id, true, 'en_US', gender, rpad(birth, 10, '-01')::date,
         'current', 1, 1, now(), now() FROM st;
INSERT INTO hcrm_person_metrics (id) SELECT id FROM st; UPDATE res_partner p SET hcrm_metrics_id = p.id FROM st WHERE p.id = st.id;
INSERT INTO hcrm_person_company (partner_id, company_id, class_id, confidentiality, disclosure)
  SELECT id, {company}, (SELECT min(id) FROM hcrm_person_class), 'normal', 'open' FROM st;
INSERT INTO hcrm_contact_point (partner_id, company_id, system, value, number, rank)
  SELECT id, {company}, 'phone', phone, phone, 1 FROM st WHERE phone IS NOT NULL;
INSERT INTO hcrm_person_identifier (partner_id, type_id, company_id, value, value_norm)
  SELECT id, (SELECT min(id) FROM hcrm_identifier_type), {company}, mrn, mrn FROM st WHERE mrn IS NOT NULL;
INSERT INTO hcrm_person_search (partner_id, token) SELECT DISTINCT id, t FROM st, unnest(ARRAY[name, substr(name, 2),
    substr(name, 3), pinyin, lower(mrn), right(phone, 4), phone]) t WHERE t != '';
"""


def lines(folder, kind):
    for path in sorted(glob.glob(f"{folder}/{kind}.ndjson*")):
        with (gzip.open if path.endswith("gz") else open)(path, "rb") as stream:
            yield from stream


def read(o):
    coded = o.get("code") or o.get("medicationCodeableConcept") or {}
    coding, period = (coded.get("coding") or [{}])[0], o.get("period") or o.get("performedPeriod") or {}
    first, last = period.get("start") or o.get("start") or o.get("authoredOn"), period.get("end") or o.get("end")
    found = {
        "code": coding.get("code"), "code_system": coding.get("system"), "gender": o.get("gender"),
        "name": coded.get("text") or coding.get("display") or o.get("name", [{}])[0].get("text"),
        "state": (o.get("status") or "").replace("-", "_"), "date_start": first, "date_end": last,
        "date": o.get("effectiveDateTime") or o.get("occurrenceDateTime"), "date_recorded": o.get("recordedDate"),
        "value": (o.get("valueQuantity") or {}).get("value"), "unit": (o.get("valueQuantity") or {}).get("unit"),
        "amount": (o.get("priceOverride") or {}).get("value"), "payor": (o.get("payor") or [{}])[0].get("display") or "?",
        "phone": next((t["value"] for t in o.get("telecom") or ()), None), "birth": o.get("birthDate"),
        "mrn": next((i["value"] for i in o.get("identifier") or ()), None),
    }
    if o["resourceType"] == "Patient":
        found["pinyin"] = "".join(lazy_pinyin(found["name"] or ""))
    return found


def stage(cr, folder, kind, names, spent):
    columns = ", ".join(f"{name} text" for name in ["ext", "hash", "pat", "enc", *names])
    cr.execute(f"DROP TABLE IF EXISTS st; CREATE TEMP TABLE st ({columns})")
    buffer, count, start = io.StringIO(), 0, time.perf_counter()
    for count, raw in enumerate(lines(folder, kind), 1):
        o = json.loads(raw)
        actor = next((p["actor"] for p in o.get("participant", ()) if "actor" in p), {})
        refs = o.get("subject") or o.get("beneficiary") or o.get("patient") or actor, o.get("encounter") or o.get("context") or {}
        found, links = read(o), [(ref.get("reference") or "").rpartition("/")[2] for ref in refs]
        row = [o["id"], hashlib.md5(raw).hexdigest(), *links, *(found[n] for n in names)]
        buffer.write("\t".join("\\N" if v is None else str(v).replace("\t", " ") for v in row) + "\n")
        if count % 20000 == 0:
            start, buffer = copy(cr, buffer, start, spent), io.StringIO()
    copy(cr, buffer, start, spent)
    return count


def copy(cr, buffer, start, spent):
    spent["parse"] += time.perf_counter() - start
    start = time.perf_counter()
    cr.copy_expert("COPY st FROM STDIN", io.StringIO(buffer.getvalue()))
    spent["stage"] += time.perf_counter() - start
    return time.perf_counter()


def run(dsn, folder, company=1, source=1):
    spent, counts = {"parse": 0.0, "stage": 0.0, "write": 0.0}, {}
    with psycopg2.connect(dsn) as cn, cn.cursor() as cr:
        for kind, (table, constants, columns) in TABLES.items():
            names = columns.split(",")
            counts[kind], start = stage(cr, folder, kind, names, spent), time.perf_counter()
            cr.execute(f"ALTER TABLE st ADD id int; UPDATE st SET id = nextval('{table}_id_seq'); ANALYZE st")
            cr.execute(PEOPLE.format(company=company) if kind == "Patient" else write(cr, table, constants, names, company))
            cr.execute("INSERT INTO hcrm_feed_identity (source_id, res_type, ext_id, res_model, res_id, content_hash, state) "
                       f"SELECT {source}, '{kind}', ext, 'x', id, decode(hash, 'hex'), 'live' FROM st; ANALYZE hcrm_feed_identity")
            spent["write"] += time.perf_counter() - start
    return counts, spent


def write(cr, table, constants, names, company):
    cr.execute("SELECT column_name, data_type FROM information_schema.columns WHERE table_name = %s", [table])
    kinds, fixed = dict(cr.fetchall()), [c.split("=") for c in constants.split(",") if c]
    casts = [f"s.{n}::timestamptz AT TIME ZONE 'UTC'" if "time" in kinds[n] else f"s.{n}::{kinds[n]}" for n in names]
    return (
        f"INSERT INTO {table} (id, partner_id, company_id, encounter_id, {', '.join([c for c, v in fixed] + names)}) "
        f"SELECT s.id, p.res_id, {company}, e.res_id, {', '.join([v for c, v in fixed] + casts)} FROM st s "
        "JOIN hcrm_feed_identity p ON p.res_type = 'Patient' AND p.ext_id = s.pat "
        "LEFT JOIN hcrm_feed_identity e ON e.res_type = 'Encounter' AND e.ext_id = s.enc"
    )
