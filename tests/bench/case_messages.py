"""Messages: a segment into the outbox, verdicts, receipts; against Odoo's mass texts."""

from __future__ import annotations

import subprocess
import sys
import time
from datetime import datetime
from uuid import uuid4

from .world import World

PEOPLE = 100_000
STOCK = 9_000  # Odoo's own queue fails between 10,000 and 20,000: rates are compared
EVENTS = 20_000
TARGET = 25
MORNING = datetime(2026, 3, 11, 2)  # ten o'clock in Shanghai


def run(world: World, million: int) -> list[dict]:
    database = world.clone("messages")
    with world.env(database) as env:
        company = _prepare(env, PEOPLE)
        ours, rows = _queue(env, company, PEOPLE, "a")
        verdicts = _verdicts(env, rows)
        told, applied = _receipts(env, company)
        env.cr.rollback()
    with world.env(database) as env:
        company = _prepare(env, million)
        many, _rows = _queue(env, company, million, "m")
        env.cr.rollback()
    stock = _stock(world)
    rate, stock_rate = PEOPLE / ours, STOCK / stock
    return [
        _row(
            f"segment of {PEOPLE:,} to the outbox",
            f"{stock_rate:,.0f}/s",
            f"{rate:,.0f}/s",
            rate / stock_rate,
            f">= {TARGET}",
            f"raw: Odoo's mass texts, {STOCK:,} people in {stock:.1f} s; they fail"
            " between 10,000 and 20,000",
        ),
        _row(
            f"segment of {million:,}, seconds for each 100,000",
            f"{ours:.2f} s",
            f"{many / million * PEOPLE:.2f} s",
            many / million * PEOPLE / ours,
            "<= 1.5 (linear)",
            "raw: the segment of 100,000 in this run",
        ),
        _row(
            f"verdicts on {PEOPLE:,}",
            "",
            f"{verdicts:.1f} s",
            None,
            "seconds",
            "consent, age, holds, limits, windows of each",
        ),
        _row(
            f"{EVENTS:,} receipts",
            "",
            f"{EVENTS / told:,.0f}/s stored, {EVENTS / applied:,.0f}/s applied",
            EVENTS / told / 500,
            ">= 1 (500/s)",
            "one statement each as callbacks do; applied by the worker in batches",
        ),
    ]


def _row(case, raw, ours, ratio, target, note):
    return dict(case=case, raw=raw, ours=ours, ratio=ratio, target=target, note=note)


def _prepare(env, people):
    """A hospital with people who have a file, a mobile number and a consent."""
    company = env.ref("base.main_company")
    class_id = env["hcrm.person.class"].search([], limit=1).id
    start = 10_000_000
    span = (start, start + people - 1)
    cr = env.cr
    cr.execute(
        "INSERT INTO res_partner (id, name, active, hcrm_status, hcrm_birthdate, phone,"
        " phone_sanitized, type) SELECT n, 'Person ' || n, true, 'current',"
        " '1980-01-01', '+861390' || (n - 10000000 + 1000000),"
        " '+861390' || (n - 10000000 + 1000000), 'contact'"
        " FROM generate_series(%s, %s) n",
        span,
    )
    cr.execute(
        "INSERT INTO hcrm_person_metrics (id) SELECT generate_series(%s, %s)", span
    )
    cr.execute(
        "UPDATE res_partner SET hcrm_metrics_id = id WHERE id BETWEEN %s AND %s", span
    )
    cr.execute(
        "INSERT INTO hcrm_person_company (partner_id, company_id, class_id,"
        " confidentiality, disclosure) SELECT n, %s, %s, 'normal', 'open'"
        " FROM generate_series(%s, %s) n",
        (company.id, class_id, *span),
    )
    cr.execute(
        "INSERT INTO hcrm_contact_point (partner_id, company_id, system, use, whose,"
        " rank, value, number, e164) SELECT n, %s, 'phone', 'mobile', 'self', 1,"
        " '+861390' || (n - 10000000 + 1000000),"
        " '+861390' || (n - 10000000 + 1000000),"
        " '+861390' || (n - 10000000 + 1000000) FROM generate_series(%s, %s) n",
        (company.id, *span),
    )
    cr.execute(
        "INSERT INTO hcrm_consent (partner_id, company_id, purpose, decision,"
        " legal_basis, source, date) SELECT n, %s, 'marketing', 'granted', 'consent',"
        " 'paper', '2026-01-05' FROM generate_series(%s, %s) n",
        (company.id, *span),
    )
    for table in (
        "res_partner",
        "hcrm_person_metrics",
        "hcrm_person_company",
        "hcrm_contact_point",
        "hcrm_consent",
    ):
        cr.execute(f"ANALYZE {table}")  # a constant name
    return company


def _queue(env, company, people, prefix):
    started = time.perf_counter()
    count = env["hcrm.message"]._queue_segment(
        [("id", ">=", 10_000_000)],
        {
            "company_id": company.id,
            "channel": "sms",
            "purpose": "marketing",
            "body": "Spring offer",
            "date_planned": MORNING,
        },
        prefix,
    )
    seconds = time.perf_counter() - started
    assert count == people, count
    return seconds, prefix


def _verdicts(env, prefix) -> float:
    from odoo.tools import SQL

    from odoo.addons.hcrm_core.models.message.governor_request import REQUEST_COLUMNS

    columns = SQL(", ").join(SQL.identifier(name) for name in REQUEST_COLUMNS[1:])
    source = SQL(
        "SELECT id AS n, %s FROM hcrm_message WHERE key LIKE %s", columns, f"{prefix}:%"
    )
    env.cr.execute("ANALYZE hcrm_message")
    started = time.perf_counter()
    env.cr.execute(
        SQL(
            "SELECT verdict, count(*) FROM (%s) v GROUP BY 1",
            env["hcrm.governor"]._verdicts_sql(source, MORNING),
        )
    )
    seconds = time.perf_counter() - started
    found = dict(env.cr.fetchall())
    assert found == {"allow": PEOPLE}, found
    return seconds


def _stock(world) -> float:
    """The same to some of them by Odoo's mass texts: queued, not sent."""
    database = world.clone("messages_stock")
    command = ["-c", world.conf, "-d", database, "-i", "mass_mailing_sms"]
    subprocess.run(
        [sys.executable, "-m", "odoo", *command, "--no-http", "--stop-after-init"],
        check=True,
        capture_output=True,
    )
    with world.env(database) as env:
        _prepare(env, STOCK)
        mailing = env["mailing.mailing"].create(
            {
                "subject": "Spring offer",
                "mailing_type": "sms",
                "body_plaintext": "Spring offer",
                "mailing_model_id": env.ref("base.model_res_partner").id,
                "mailing_domain": "[('id', '>=', 10000000)]",
            }
        )
        env.flush_all()
        started = time.perf_counter()
        mailing.action_send_sms()
        env.flush_all()
        seconds = time.perf_counter() - started
        count = env["sms.sms"].search_count([("mailing_id", "=", mailing.id)])
        assert count == STOCK, count
        env.cr.rollback()
    return seconds


def _receipts(env, company) -> tuple[float, float]:
    from odoo.addons.hcrm_core.providers.base import Event

    gateway = env["hcrm.gateway"].create(
        {"name": "Bench", "company_id": company.id, "kind": "smsd"}
    )
    env.flush_all()
    env.cr.execute(
        "UPDATE hcrm_message SET state = 'accepted', gateway_id = %s,"
        " date_sent = %s WHERE id IN (SELECT id FROM hcrm_message"
        " WHERE key LIKE 'a:%%' LIMIT %s) RETURNING uuid",
        (gateway.id, MORNING, EVENTS),
    )
    uuids = [row[0] for row in env.cr.fetchall()]
    events = [Event(str(uuid4()), "delivered", uuid=uuid) for uuid in uuids]
    Inbox = env["hcrm.message.event"]
    started = time.perf_counter()
    for event in events:
        Inbox._append(gateway.id, [event])
    told = time.perf_counter() - started
    started = time.perf_counter()
    while Inbox._apply_batch():
        pass
    return told, time.perf_counter() - started
