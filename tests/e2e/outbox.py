"""A hospital whose messages a journey sends, stops, kills and counts."""

from __future__ import annotations

import signal
import subprocess
import time
from collections import Counter

from .kannel import PATIENCE, wait_until
from .shell import Shell
from .world import World

SEED = """
with env.registry.cursor() as cr:
    e = env(cr=cr)
    e["ir.cron"].search([("cron_name", "=like", "HCRM:%")]).active = False
    e["ir.config_parameter"].set_param("web.base.url", {base!r})
    # the journey may run at night
    e["hcrm.message.policy"].search([]).write({{
        "hour_from": 0, "hour_to": 24, "workdays_only": False,
        "cap_day": 0, "cap_week": 0, "cap_month": 0}})
    people = e["res.partner"].create([
        {{"name": f"Journey {{n}}", "hcrm_status": "current",
          "hcrm_birthdate": "1980-01-01"}} for n in range({count})])
    e.flush_all()
    cr.execute("INSERT INTO hcrm_person_metrics (id) SELECT unnest(%s)", [people.ids])
    kind = e.ref("hcrm_core.person_class_outpatient").id
    company = e.company.id
    for person in people:
        person.hcrm_metrics_id = person.id
    e["hcrm.person.company"].create([
        {{"partner_id": p.id, "company_id": company, "class_id": kind}}
        for p in people])
    e["hcrm.contact.point"].create([
        {{"partner_id": p.id, "company_id": company, "system": "phone",
          "use": "mobile", "whose": "self", "value": f"139123{{n + 41000:05d}}"}}
        for n, p in enumerate(people)])
    e["hcrm.consent"].create([
        {{"partner_id": p.id, "company_id": company, "purpose": "marketing",
          "decision": "granted", "source": "paper"}}
        for n, p in enumerate(people) if n not in {refusing!r}])
    gateways = e["hcrm.gateway"].create({gateways!r})
    answer({{
        "people": people.ids, "company": company, "gateways": gateways.ids,
        "inbound": [gateway.inbound_url for gateway in gateways],
        "token": gateways[0].token}})
"""
QUEUE = """
with env.registry.cursor() as cr:
    rows = env(cr=cr)["hcrm.message"]._queue({vals!r})
    answer(rows.mapped("uuid"))
"""
SEND = """
env["hcrm.message"]._cron_send()
answer(True)
"""
# the sender says where it is, and stays there
PAUSE = """
import time
Message = env.registry[{model!r}]
inner = Message.{method}
def paused(self, *args):
    print("HERE", flush=True)
    {wait}
    return inner(self, *args)
Message.{method} = paused
"""
APPLY = """
import os, time
Event = env["hcrm.message.event"]
while os.path.exists({flag!r}):
    {each}._cron_{what}()
    time.sleep({pause})
answer(True)
"""


class Outbox:
    """The people, their messages, and what a journey does to their sender."""

    patience = PATIENCE

    def __init__(
        self,
        world: World,
        count: int,
        gateways: list[dict],
        optout: str = "",
        refusing=range(0),
    ):
        """
        :param gateways: values of the gateways; the first carries care
        :param optout: words that end each marketing text
        :param refusing: numbers of people who did not agree to marketing
        """
        self.world, self.optout = world, optout
        self.signature = gateways[0].get("signature", "")
        self.shell = Shell(world, world.database)
        self.base = f"http://127.0.0.1:{world.port}"
        made = self.shell.run(
            SEED.format(
                base=self.base, count=count, gateways=gateways, refusing=refusing
            )
        )
        self.people, self.company = made["people"], made["company"]
        self.gateways, self.token = made["gateways"], made["token"]
        self.inbound = made["inbound"]

    def start_applier(self, flag, what: str = "apply", pause: float = 0.05):
        """A worker that applies receipts until ``flag`` is gone."""
        flag.touch()
        each = "Event" if what == "apply" else 'env["hcrm.message"]'
        return self.shell.start(
            APPLY.format(flag=str(flag), each=each, what=what, pause=pause)
        )

    # what is asked for

    def queue(self, prefix: str, people, purpose: str = "care", text: str = "") -> dict:
        """Queue a message to each person; ``{text: uuid}`` as they would read it."""
        words = {number: f"{text} {prefix}-{number}." for number in people}
        uuids = self.shell.run(
            QUEUE.format(
                vals=[
                    {
                        "partner_id": self.people[number],
                        "company_id": self.company,
                        "channel": "sms",
                        "purpose": purpose,
                        "body": body,
                        "topic": prefix,
                    }
                    for number, body in words.items()
                ]
            )
        )
        end = self.optout if purpose == "marketing" else ""
        return {
            f"{self.signature}{body}{end}": uuid
            for body, uuid in zip(words.values(), uuids, strict=True)
        }

    def send(self) -> float:
        """Run the sender to its end."""
        start = time.monotonic()
        self.shell.run(SEND)
        return time.monotonic() - start

    def start_sender(self, method: str = "", wait: str = "time.sleep(600)"):
        """A sender that pauses before ``method``; returns once it is there."""
        return self.start_paused(SEND, "hcrm.message", method, wait)

    def start_paused(self, script: str, model: str, method: str, wait: str):
        if method:
            script = PAUSE.format(model=model, method=method, wait=wait) + script
        process = self.shell.start(script)
        if method:
            assert "HERE" in process.stdout.readline(), f"see {self.shell.log}"
        return process

    @staticmethod
    def kill(process: subprocess.Popen) -> None:
        process.send_signal(signal.SIGKILL)
        process.wait()

    def age_claims(self) -> None:
        """As if the killed sender had been silent for an hour."""
        self.world.sql(
            "UPDATE hcrm_message SET date_judged = date_judged - interval '1 hour',"
            " date_handed = date_handed - interval '1 hour' WHERE state = 'claimed'"
        )

    def hurry(self) -> None:
        """As if the time until the next try were over."""
        self.world.sql(
            "UPDATE hcrm_message SET date_planned = now() AT TIME ZONE 'UTC'"
            " WHERE state = 'queued'"
        )

    # what came of it, by our tables

    def states(self, prefix: str) -> Counter:
        return Counter(
            dict(
                self.world.sql(
                    "SELECT state, count(*) FROM hcrm_message WHERE topic = %s GROUP BY 1",
                    [prefix],
                )
            )
        )

    def wait_states(self, prefix: str, **expected: int) -> None:
        wait_until(
            lambda: self.states(prefix) == Counter(expected),
            lambda: f"{prefix}: {dict(self.states(prefix))}, expected {expected}",
            self.patience,
        )

    @staticmethod
    def number(person: int) -> str:
        return f"86139123{person + 41000:05d}"
