"""Messages go out through a real gammu-smsd and are counted at the modem.

The modem is played (tests/e2e/modem.py), the daemon and its PostgreSQL spool are
real. Nothing is lost and nothing goes twice, through kills of the sender and of the
daemon, with receipts late, repeated and out of order.
"""

from __future__ import annotations

import signal
import time
from collections import Counter
from contextlib import closing

import psycopg2

from . import modem as modem_, pdu
from .kannel import wait_until
from .modem import Modem, Plan, Smsd
from .outbox import Outbox
from .world import World

PEOPLE = 120
SIGNATURE, OPTOUT = "【市立医院】", " 退订回T"
SPOOL_LIMIT = 15
SLOW = 120  # seconds a modem may take
DEAD_LINE = 38  # +CMS ERROR: network out of order
LONG = (
    "请于明天上午九点到门诊三楼复诊，带好身份证、医保卡和上次的检查单；如有发热请先联系我们。"
    * 3
)
# what Odoo's role may do in the spool; readme/GATEWAYS.md tells the same
GRANTS = """
GRANT SELECT, INSERT ON outbox, outbox_multipart TO "{role}";
GRANT USAGE ON SEQUENCE "outbox_ID_seq" TO "{role}";
GRANT SELECT ON sentitems, inbox, phones TO "{role}";
GRANT UPDATE ("Processed") ON inbox TO "{role}";
CREATE INDEX sentitems_creator ON sentitems ("CreatorID");
CREATE INDEX sentitems_updated ON sentitems ("UpdatedInDB");
CREATE INDEX outbox_creator ON outbox ("CreatorID");
"""
POLL = """
env["hcrm.message"]._cron_poll()
answer(True)
"""


def run(world: World) -> None:
    home = modem_.home()
    with closing(Spool(world)) as spool:
        modem = Modem(home)
        site = None
        try:
            site = Site(world, spool, modem, home)
            for step in STEPS:
                start = time.monotonic()
                note = step(site)
                seconds = time.monotonic() - start
                print(f"  {step.__doc__} {note or ''} ({seconds:.0f} s)", flush=True)
        finally:
            if site:
                site.close()
            modem.stop()


class Spool:
    """The daemon's own database, and a narrow role in it for Odoo."""

    def __init__(self, world: World):
        self.world = world
        self.name = f"{world.database}_smsd"
        self.role = f"{world.database}_gate"
        self._drop()
        world.sql(f'CREATE DATABASE "{self.name}"', database="postgres")
        world.sql(f'CREATE ROLE "{self.role}" LOGIN', database="postgres")
        self.sql(modem_.schema())
        self.sql(GRANTS.format(role=self.role))
        with closing(psycopg2.connect(dbname=self.name)) as connection:
            info = connection.info
            self.host, self.port = info.host, info.port
            self.owner = info.user

    def sql(self, statement: str, params=None) -> list:
        return self.world.sql(statement, params, self.name)

    def close(self) -> None:
        self._drop()

    def _drop(self) -> None:
        drop = f'DROP DATABASE IF EXISTS "{self.name}" WITH (FORCE)'
        self.world.sql(drop, database="postgres")
        self.world.sql(f'DROP ROLE IF EXISTS "{self.role}"', database="postgres")


class Site(Outbox):
    """The hospital, the daemon on its modem, and a worker that asks the spool."""

    patience = SLOW

    def __init__(self, world: World, spool: Spool, modem: Modem, home):
        common = {
            "kind": "smsd",
            "host": spool.host,
            "port": spool.port,
            "database": spool.name,
            "login": spool.role,
            "signature": SIGNATURE,
            "optout_text": OPTOUT,
            "options": f'{{"phone_id": "desk", "spool_limit": {SPOOL_LIMIT}}}',
        }
        super().__init__(world, PEOPLE, [{"name": "Modem", **common}], OPTOUT)
        self.spool, self.modem = spool, modem
        host = spool.host
        if not host.startswith("/"):
            host = f"{host}:{spool.port}"
        self.smsd = Smsd(
            modem,
            home,
            host=host,
            user=spool.owner,
            password="",
            database=spool.name,
            phone="desk",
        )
        self.smsd.start()
        self.flag = home / "apply"
        self.poller = self.start_applier(self.flag, "poll", 0.3)

    def close(self) -> None:
        self.flag.unlink(missing_ok=True)
        self.poller.wait(30)
        self.smsd.stop()

    def send_all(self, *prefixes: str) -> int:
        """Run the sender until nothing waits with us; how often it took."""
        for turn in range(1, 40):
            self.send()
            if not any(self.states(prefix)["queued"] for prefix in prefixes):
                return turn
            self.wait_spool(below=SPOOL_LIMIT // 2)
            self.hurry()
        raise AssertionError(f"{prefixes} are not sent")

    def wait_spool(self, below: int = 1) -> None:
        wait_until(
            lambda: self.spooled() < below, lambda: f"{self.spooled()} wait", SLOW
        )

    def spooled(self) -> int:
        return self.spool.sql("SELECT count(*) FROM outbox")[0][0]

    def arrived(self, prefix: str) -> Counter:
        """How often each text was given to the air."""
        return Counter(
            text.text for text in self.modem.texts() if f" {prefix}-" in text.text
        )

    def wait_arrived(self, prefix: str, count: int) -> Counter:
        wait_until(
            lambda: sum(self.arrived(prefix).values()) >= count,
            lambda: f"{sum(self.arrived(prefix).values())} of {count} arrived",
            SLOW,
        )
        return self.arrived(prefix)

    def plan(self, **plans: Plan) -> None:
        for person, plan in plans.items():
            self.modem.plans[self.number(int(person.lstrip("_")))] = plan


def _many(site: Site) -> str:
    """Long Chinese, plain English, refusals, all kinds of receipts:"""
    site.plan(
        _3=Plan(receipts=[(pdu.EXPIRED, 0.2)]),
        _4=Plan(receipts=[]),
        _5=Plan(refused=DEAD_LINE),
        _6=Plan(receipts=[(pdu.PENDING, 0.2), (pdu.DELIVERED, 3)]),
        _7=Plan(receipts=[(pdu.DELIVERED, 0.2), (pdu.DELIVERED, 2)]),
        _8=Plan(receipts=[(pdu.DELIVERED, 0.2), (pdu.PENDING, 2), (pdu.EXPIRED, 3)]),
    )
    expected = site.queue("zh", range(12), text=LONG)
    expected |= site.queue("face", range(12, 16), text="早上好😀" * 20)
    offers = site.queue("offer", range(12, 20), "marketing", "体检套餐" * 20)
    turns = site.send_all("zh", "face", "offer")
    site.wait_spool()
    words = [text for text in (expected | offers) if " zh-5." not in text]
    assert Counter(t.text for t in site.modem.texts()) == Counter(words), (
        site.arrived("zh"),
        site.arrived("face"),
    )
    site.wait_states("zh", delivered=9, accepted=1, failed=2)
    site.wait_states("face", delivered=4)
    site.wait_states("offer", delivered=8)
    failed = site.world.sql(
        "SELECT partner_id, failure FROM hcrm_message WHERE state = 'failed'"
        " ORDER BY partner_id"
    )
    assert failed == [
        (site.people[3], "not_delivered"),
        (site.people[5], "rejected"),
    ], failed
    parts = len(site.modem.sent)
    return (
        f"{len(words)} texts, {parts} parts, spool of {SPOOL_LIMIT} in {turns} turns;"
    )


def _plain(site: Site) -> None:
    """An English signature: GSM-7 with its escapes, whole and in parts:"""
    site.world.sql("UPDATE hcrm_gateway SET signature = '[City Hospital]'")
    for prefix, words in (
        ("short", "Visit at 9:00 {desk 3_b} ~5 $ @ ^ | é ñ"),
        ("long", "Bring [papers] and {cards} at 9:00 " * 6),
    ):
        care = site.queue(prefix, range(20, 23), text=words)
        site.send()
        expected = [text.replace(SIGNATURE, "[City Hospital]") for text in care]
        got = site.wait_arrived(prefix, 3)
        assert got == Counter(expected), got
    wide = {t.is_wide for t in site.modem.texts() if "[City Hospital]" in t.text}
    assert wide == {False}
    site.world.sql("UPDATE hcrm_gateway SET signature = %s", [SIGNATURE])


def _sender_killed(site: Site) -> None:
    """The sender is killed before and after it spooled:"""
    care = site.queue("kc", range(30, 34), text=LONG)
    offers = site.queue("ko", range(30, 34), "marketing")
    site.kill(site.start_sender("_send_batch"))
    assert not site.arrived("kc") and not site.arrived("ko")
    site.age_claims()
    site.kill(site.start_sender("_write_results"))
    site.age_claims()
    site.send_all("kc", "ko")
    site.wait_arrived("kc", 4)
    site.wait_arrived("ko", 4)
    site.wait_states("kc", delivered=4)
    site.wait_states("ko", delivered=4)
    assert site.arrived("kc") == Counter(list(care)), site.arrived("kc")
    assert site.arrived("ko") == Counter(list(offers)), site.arrived("ko")


def _daemon_killed(site: Site) -> str:
    """The daemon is killed again and again while texts go out:"""
    site.modem.pace = 0.3
    care = site.queue("dc", range(40, 48), text=LONG)
    offers = site.queue("do", range(40, 48), "marketing")
    kills = 0
    for _turn in range(40):
        site.send()
        for _kill in range(3):
            if not site.spooled():
                break
            time.sleep(2.5)
            site.smsd.stop(signal.SIGKILL)
            kills += 1
            site.smsd.start()
        site.hurry()
        if not site.spooled() and not (site.states("dc") + site.states("do"))["queued"]:
            break
        site.wait_spool(below=SPOOL_LIMIT // 2)
    site.modem.pace = 0
    site.wait_spool()
    got_care, got_offers = site.arrived("dc"), site.arrived("do")
    assert set(got_care) == set(care), f"{len(got_care)} of {len(care)} care"
    assert set(got_offers) == set(offers), f"{len(got_offers)} of {len(offers)} offers"
    # the text that was on the line when the daemon died: only the modem knows of it
    again = sum((got_care + got_offers).values()) - len(care) - len(offers)
    assert again <= kills, f"{again} texts twice after {kills} kills"
    assert not (site.states("dc") + site.states("do"))["failed"]
    return f"{kills} kills, nothing lost, {again} on the line at that moment twice;"


def _late(site: Site) -> None:
    """Receipts that come after the daemon was restarted, repeated and reordered:"""
    late = Plan(receipts=[(pdu.DELIVERED, 12), (pdu.DELIVERED, 13), (pdu.PENDING, 14)])
    site.plan(_60=late, _61=late)
    care = site.queue("lc", range(60, 64), text=LONG)
    site.send()
    site.wait_states("lc", delivered=2, accepted=2)
    site.smsd.stop()
    time.sleep(2)
    site.smsd.start()
    site.wait_states("lc", delivered=4)
    time.sleep(4)
    site.wait_states("lc", delivered=4)
    assert site.arrived("lc") == Counter(list(care))


def _inbound(site: Site) -> None:
    """Texts from people, long ones in any order, while readers are killed:"""
    words = "医生您好，我昨天回家以后伤口有点疼，今天早上换药的时候看到有一点渗血，" * 4
    parts = pdu.deliver("+" + site.number(70), words, 7)
    assert len(parts) > 2
    site.poller.terminate()
    site.poller.wait()
    site.modem.receive(*reversed(parts), *pdu.deliver("+" + site.number(71), "退订"))
    wait_until(
        lambda: site.spool.sql("SELECT count(*) FROM inbox") == [(len(parts) + 1,)],
        lambda: f"the modem's texts are not read: {site.spool.sql('TABLE inbox')}",
        SLOW,
    )
    # stored, and killed before the spool hears of it
    killed = "odoo.addons.hcrm_core.providers.smsd"
    script = (
        f"import {killed}\nfrom {killed} import Smsd\nimport time\n"
        "def confirm(self, events):\n    print('HERE', flush=True)\n"
        "    time.sleep(600)\nSmsd.confirm = confirm\n"
    )
    process = site.shell.start(script + POLL)
    assert "HERE" in process.stdout.readline(), f"see {site.shell.log}"
    site.kill(process)
    site.poller = site.start_applier(site.flag, "poll", 0.3)
    wait_until(
        lambda: (
            site.spool.sql('SELECT count(*) FROM inbox WHERE NOT "Processed"') == [(0,)]
        ),
        "the spool does not hear that its texts were taken",
        SLOW,
    )
    got = site.world.sql(
        "SELECT partner_id, body, meaning FROM hcrm_inbound ORDER BY partner_id"
    )
    assert got == [
        (site.people[70], words, "text"),
        (site.people[71], "退订", "optout"),
    ], got
    refused = site.queue("xo", [71], "marketing")
    care = site.queue("xc", [71])
    site.send()
    assert site.wait_arrived("xc", 1) == Counter(list(care))
    assert not set(site.arrived("xo")) & set(refused)


def _silent(site: Site) -> str:
    """The modem takes a text and falls silent:"""
    site.plan(_80=Plan(is_silent=True))
    care = site.queue("sc", range(80, 83))
    site.send()
    site.wait_arrived("sc", 1)
    site.modem.plans.clear()
    time.sleep(3)
    site.smsd.stop(signal.SIGKILL)
    site.smsd.start()
    got = site.wait_arrived("sc", 3)
    site.wait_spool()
    got = site.arrived("sc")
    assert set(got) == set(care), got
    site.wait_states("sc", delivered=3)
    return f"{sum(got.values()) - 3} twice;"


STEPS = (
    _many,
    _plain,
    _sender_killed,
    _daemon_killed,
    _late,
    _inbound,
    _silent,
)
