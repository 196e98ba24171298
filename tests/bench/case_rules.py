"""Rules: a day of events planned and done as sets, against one record at a time."""

from __future__ import annotations

import time
from datetime import timedelta

from .world import World

EVENTS = 100_000
PEOPLE = 25_000
RULES = 50
SAMPLE = 400  # events of the variant that takes one at a time; its rate is compared
TARGET = 50
KINDS = (
    "discharged",
    "visit_finished",
    "visit_started",
    "admitted",
    "appointment_noshow",
    "appointment_cancelled",
    "appointment_fulfilled",
    "diagnosis_new",
    "procedure_done",
    "result_abnormal",
)
# what the rules of one kind ask, one each
CONDITIONS = (
    "[('hcrm_gender', '=', 'female'), ('hcrm_birthdate', '<', '1950-01-01')]",
    "[('hcrm_condition_ids', 'any', [('code', '=like', 'I1%')])]",
    "[('hcrm_birthdate', '>', '2010-01-01')]",
    "[('hcrm_file_ids.class_id.code', '=', 'inpatient')]",
    "[('hcrm_gender', '=', 'male'), ('hcrm_condition_ids', 'any',"
    " [('code', '=like', 'E1%')])]",
)


def run(world: World) -> list[dict]:
    database = world.clone("rules")
    with world.env(database) as env:
        _build(env)
        rule_ids = _rules(env).ids
    with world.env(database) as env:
        rules = env["hcrm.rule"].browse(rule_ids)
        env.cr.execute("ANALYZE")
        slow, slow_actions = _one_at_a_time(env, rules)
        env.cr.rollback()
        env.invalidate_all()
        planned, plan_seconds, run_seconds = _as_sets(env)
        env.cr.rollback()
    fast = EVENTS / (plan_seconds + run_seconds)
    note = f"{planned:,} actions: planned in {plan_seconds:.1f} s, done in {run_seconds:.1f} s"
    return [
        {
            "case": f"{EVENTS:,} events through {RULES} rules",
            "raw": f"{slow:,.0f} events/s one at a time ({slow_actions} actions of"
            f" {SAMPLE} events)",
            "ours": f"{fast:,.0f} events/s",
            "ratio": fast / slow,
            "target": f"at least {TARGET}",
            "note": note if fast / slow >= TARGET else f"MISSED; {note}",
        },
        {
            "case": f"{EVENTS:,} events through {RULES} rules: planning alone",
            "raw": "",
            "ours": f"{EVENTS * RULES / plan_seconds:,.0f} events x rules/s",
            "ratio": None,
            "target": "",
            "note": "",
        },
    ]


# ----------------------------------------------------------------------
# the world: people, their illnesses, a day of events
# ----------------------------------------------------------------------


def _build(env) -> None:
    company = env["res.company"].search([], limit=1)
    company.write({"hcrm_tz": "Asia/Shanghai", "hcrm_code": "BENCH"})
    env.flush_all()
    cr = env.cr
    classes = env["hcrm.person.class"].search([], order="id").ids
    cr.execute(
        """INSERT INTO res_partner (name, complete_name, active, type, hcrm_status,
                  hcrm_gender, hcrm_birthdate)
           SELECT 'B' || n, 'B' || n, true, 'contact', 'current',
                  (ARRAY['female', 'male'])[n %% 2 + 1], date '1930-01-01' + n
             FROM generate_series(1, %s) n""",
        (PEOPLE,),
    )
    cr.execute(
        "INSERT INTO hcrm_person_metrics (id)"
        " SELECT id FROM res_partner WHERE name ~ '^B[0-9]+$'"
    )
    cr.execute("UPDATE res_partner SET hcrm_metrics_id = id WHERE name ~ '^B[0-9]+$'")
    cr.execute(
        """INSERT INTO hcrm_person_company (partner_id, company_id, class_id,
                  confidentiality, disclosure)
           SELECT id, %s, (%s)[id %% %s + 1], 'normal', 'open'
             FROM res_partner WHERE name ~ '^B[0-9]+$'""",
        (company.id, classes, len(classes)),
    )
    cr.execute(
        """INSERT INTO hcrm_condition (partner_id, company_id, code, name, category,
                  state, date_recorded)
           SELECT id, %s, (ARRAY['I10', 'E11', 'J45', 'M54', 'K21'])[id %% 5 + 1],
                  'Illness', 'diagnosis', 'active', now() AT TIME ZONE 'UTC'
             FROM res_partner WHERE name ~ '^B[0-9]+$'""",
        (company.id,),
    )
    kinds = [env.ref(f"hcrm_core.event_kind_{code}").id for code in KINDS]
    cr.execute(
        """INSERT INTO hcrm_event (partner_id, company_id, kind_id, date_occurred,
                  date_learnt, origin, key, is_backfill)
           SELECT p.id, %s, (%s)[(n / 3) %% %s + 1],
                  now() AT TIME ZONE 'UTC' - n * interval '1 second',
                  now() AT TIME ZONE 'UTC' - interval '1 hour', 'feed', 'bench:' || n,
                  false
             FROM (SELECT id, row_number() OVER (ORDER BY id) AS r FROM res_partner
                    WHERE name ~ '^B[0-9]+$') p
             JOIN generate_series(1, %s) n ON p.r = n %% %s + 1""",
        (company.id, kinds, len(kinds), EVENTS, PEOPLE),
    )


def _rules(env):
    """Five rules of each kind, in hours, days and working days, some once in a while."""
    company = env["res.company"].search([], limit=1)
    env["hcrm.day"]._fill_year(company, env.cr.now().year)
    vals_list = []
    for n in range(RULES):
        condition = CONDITIONS[n // len(KINDS)]
        vals_list.append(
            {
                "name": f"Rule {n}",
                "company_id": company.id,
                "event_kind_id": env.ref(
                    f"hcrm_core.event_kind_{KINDS[n % len(KINDS)]}"
                ).id,
                "task_kind_id": env.ref("hcrm_core.task_kind_call").id,
                "person_domain": condition,
                "delay_unit": ("hours", "days", "workdays")[n % 3],
                "repeat_days": 30 if n % 10 == 0 else 0,
                "is_running": True,
                "date_started": env.cr.now() - timedelta(days=10),
            }
        )
    return env["hcrm.rule"].create(vals_list)


# ----------------------------------------------------------------------
# two ways
# ----------------------------------------------------------------------


def _as_sets(env) -> tuple[int, float, float]:
    """Plan and do everything; returns (actions, seconds planning, seconds doing)."""
    start = time.perf_counter()
    env["hcrm.rule"]._cron_plan()
    env.flush_all()
    planned = time.perf_counter()
    env.cr.execute("UPDATE hcrm_rule_execution SET date_due = date_anchor")
    env.invalidate_all()
    begun = time.perf_counter()
    count = 0
    while done := env["hcrm.rule.execution"]._run_due(5000):
        count += done
        env.flush_all()
        env.invalidate_all()
    ended = time.perf_counter()
    return count, planned - start, ended - begun


def _one_at_a_time(env, rules) -> tuple[float, int]:
    """Each event by itself, each action by itself, as automation rules do it: returns
    (events a second, actions)."""
    Event, Execution, Task = (
        env["hcrm.event"],
        env["hcrm.rule.execution"],
        env["hcrm.task"],
    )
    # spread over kinds and people, the same in every run
    env.cr.execute(
        "SELECT id FROM hcrm_event WHERE key LIKE 'bench:%%' ORDER BY md5(key) LIMIT %s",
        (SAMPLE,),
    )
    events = Event.browse(row[0] for row in env.cr.fetchall())
    by_kind = rules.grouped("event_kind_id")
    actions = 0
    env.invalidate_all()
    start = time.perf_counter()
    for event in events:
        env.invalidate_all()  # an event comes alone, in its own transaction
        for rule in by_kind.get(event.kind_id, ()):
            person = event.partner_id
            if not person.filtered_domain(rule._domain()):
                continue
            day = env["hcrm.day"]._add_workdays(
                rule.company_id, event.date_occurred.date(), rule.delay
            )
            execution = Execution.create(
                {
                    "rule_id": rule.id,
                    "company_id": rule.company_id.id,
                    "partner_id": person.id,
                    "event_id": event.id,
                    "date_anchor": event.date_occurred,
                    "date_due": day,
                }
            )
            env.flush_all()
            # when it is due: asked again, done, and kept
            if person.filtered_domain(rule._domain()):
                task = Task._open(
                    [
                        {
                            "partner_id": person.id,
                            "company_id": rule.company_id.id,
                            "kind_id": rule.task_kind_id.id,
                            "name": rule.name,
                            "key": f"rule:{execution.id}",
                            "res_model": execution._name,
                            "res_id": execution.id,
                        }
                    ]
                )
                execution.write(
                    {"state": "done", "res_model": task._name, "res_id": task.id}
                )
            env.flush_all()
            actions += 1
    return SAMPLE / (time.perf_counter() - start), actions
