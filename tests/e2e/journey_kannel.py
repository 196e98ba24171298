"""Messages go out through a real Kannel and are counted at the carrier.

What is asserted is what arrived there, not what our tables say: each allowed message
once, no refused one, through kills of the sender and of the gateway, with receipts
late, repeated and out of order, and after "stop everything".
"""

from __future__ import annotations

import hmac
import signal
import time
from collections import Counter
from urllib.parse import quote

import requests

from .kannel import PASSWORD, Carrier, Kannel, free_ports, wait_until
from .outbox import Outbox
from .world import World

PEOPLE = 620
SIGNATURE, OPTOUT = "【市立医院】", " 退订回T"
CARE_PORT, OFFER_PORT = "10690001", "10690002"
# what the carrier says of these people's messages
RECEIPTS = {
    3: [["UNDELIV", 20]],
    4: [["EXPIRED", 20]],
    5: [["REJECTD", 20]],
    6: [["DELIVRD", 3000]],
    7: [["DELIVRD", 20], ["DELIVRD", 200]],
    8: [["DELIVRD", 20], ["ENROUTE", 100], ["EXPIRED", 300]],
    9: [],
}
FAILED = {3: "not_delivered", 4: "expired", 5: "rejected", 10: "address"}
INVALID_DESTINATION = 0x0B
MANY = 100  # messages of each purpose in the steps with a kill
STOP_LIMIT = 10  # seconds until nothing more reaches the carrier (R24)


def run(world: World) -> None:
    ports = free_ports()
    carrier = Carrier(ports)
    site = None
    try:
        site = Site(world, ports, carrier)
        for step in STEPS:
            start = time.monotonic()
            note = step(site)
            seconds = time.monotonic() - start
            print(f"  {step.__doc__} {note or ''} ({seconds:.0f} s)", flush=True)
    finally:
        if site:
            site.close()
        carrier.stop()


class Site(Outbox):
    """The hospital, its gateway, the carrier, and a worker that applies receipts."""

    def __init__(self, world: World, ports: dict[str, int], carrier: Carrier):
        super().__init__(
            world,
            PEOPLE,
            [
                {
                    "name": takes,
                    "takes": takes,
                    "kind": "kannel",
                    "url": f"http://127.0.0.1:{ports['sendsms']}/cgi-bin/sendsms",
                    "login": "odoo",
                    "secret": PASSWORD,
                    "sender": sender,
                    "rate": 0,
                    "signature": SIGNATURE,
                    "optout_text": OPTOUT,
                }
                for takes, sender in (("care", CARE_PORT), ("outreach", OFFER_PORT))
            ],
            OPTOUT,
            refusing=range(50, 100),
        )
        self.carrier = carrier
        self.care_gateway, self.offer_gateway = self.gateways
        self.kannel = Kannel(ports, self.inbound[1])
        self.kannel.start()
        self._wait_bound()
        self.flag = self.kannel.home / "apply"
        self.applier = self.start_applier(self.flag)

    def _wait_bound(self) -> None:
        wait_until(lambda: self.carrier.get("state")["bound"], "Kannel does not bind")

    def close(self) -> None:
        self.flag.unlink(missing_ok=True)
        self.applier.wait(30)
        self.kannel.stop()

    def set_rate(self, rate: int) -> None:
        self.world.sql("UPDATE hcrm_gateway SET rate = %s", [rate])

    # what came of it

    def arrived(self, prefix: str) -> Counter:
        """How often each text arrived."""
        return Counter(
            text["text"]
            for text in self.carrier.texts()
            if f" {prefix}-" in text["text"]
        )

    def wait_arrived(self, prefix: str, count: int) -> Counter:
        wait_until(
            lambda: sum(self.arrived(prefix).values()) >= count,
            lambda: f"{sum(self.arrived(prefix).values())} of {count} arrived",
        )
        return self.arrived(prefix)


def _many(site: Site) -> str:
    """300 care, 50 offers with consent, 20 without:"""
    plans = {site.number(n): {"receipts": said} for n, said in RECEIPTS.items()}
    plans[site.number(10)] = {"answer": INVALID_DESTINATION}
    site.carrier.order("plan", **plans)
    expected = site.queue(
        "zh", range(150), text="请于明天上午九点到门诊三楼复诊，带好证件和病历"
    )
    expected |= site.queue("en", range(150, 300), text="Visit at 9:00 [desk @3_b] ~5 $")
    offers = site.queue("offer", range(50), "marketing", "体检套餐" * 20)
    refused = site.queue("no", range(50, 70), "marketing", "体检套餐")
    site.send()
    expected |= offers
    expected = {text: uuid for text, uuid in expected.items() if " zh-10." not in text}
    expected = {
        text: uuid for text, uuid in expected.items() if " offer-10." not in text
    }
    wait_until(
        lambda: site.carrier.count() >= len(expected),
        lambda: f"{site.carrier.count()} of {len(expected)} arrived",
    )
    texts = site.carrier.texts()
    assert Counter(t["text"] for t in texts) == Counter(list(expected)), (
        Counter(t["text"] for t in texts) - Counter(list(expected)),
        Counter(list(expected)) - Counter(t["text"] for t in texts),
    )
    assert not {t["text"] for t in texts} & set(refused)
    ports = {(OPTOUT in t["text"], t["from"]) for t in texts}
    assert ports == {(False, CARE_PORT), (True, OFFER_PORT)}, ports
    assert {t["to"] for t in texts if " zh-11." in t["text"]} == {site.number(11)}
    site.wait_states("no", refused=20)
    # two of each of the planned people: care and offer
    site.wait_states("zh", delivered=145, failed=4, accepted=1)
    site.wait_states("offer", delivered=45, failed=4, accepted=1)
    site.wait_states("en", delivered=150)
    said = dict(
        site.world.sql(
            "SELECT partner_id, failure FROM hcrm_message"
            " WHERE topic = 'zh' AND state = 'failed'"
        )
    )
    assert said == {site.people[n]: code for n, code in FAILED.items()}, said
    seconds = (texts[-1]["at"] - texts[0]["at"]) / 1000
    parts = site.carrier.get("state")["submits"]
    return f"{len(texts)} texts, {parts} parts, {len(texts) / seconds:.0f} texts/s"


def _plain(site: Site) -> None:
    """An English signature: GSM-7 with its escapes, one part:"""
    site.world.sql("UPDATE hcrm_gateway SET signature = '[City Hospital]'")
    words = "Visit at 9:00 {desk 3_b} ~5 $ @ ^ | é ñ \\\\"
    care = site.queue("gsm", range(70, 75), text=words)
    site.send()
    expected = [text.replace(SIGNATURE, "[City Hospital]") for text in care]
    assert site.wait_arrived("gsm", 5) == Counter(expected), site.arrived("gsm")
    texts = [t for t in site.carrier.texts() if " gsm-" in t["text"]]
    assert {(t["coding"], t["parts"]) for t in texts} == {(0, 1)}, texts[0]
    # not in that alphabet: it would arrive as a question mark
    site.queue("tick", [70], text="Say `yes`")
    site.send()
    (text,) = site.wait_arrived("tick", 1)
    assert text == "[City Hospital]Say `yes` tick-70.", text
    site.world.sql("UPDATE hcrm_gateway SET signature = %s", [SIGNATURE])


def _receipts_again(site: Site) -> None:
    """Receipts repeated, reordered and forged change nothing:"""
    ((uuid, secret, events),) = site.world.sql(
        "SELECT m.uuid, g.callback_secret,"
        " (SELECT count(*) FROM hcrm_message_event) FROM hcrm_message m"
        " JOIN hcrm_gateway g ON g.id = m.gateway_id"
        " WHERE m.topic = 'zh' AND m.state = 'delivered' AND g.id = %s LIMIT 1",
        [site.care_gateway],
    )
    signature = hmac.new(secret.encode(), uuid.encode(), "sha256").hexdigest()[:32]
    url = f"{site.base}/hcrm/gateway/{site.token}"
    for kind, reply in ((1, ""), (8, ""), (2, "stat:EXPIRED err:001"), (1, "")):
        answer = requests.get(
            f"{url}?u={uuid}&s={signature}&t={kind}&r={quote(reply)}", timeout=30
        )
        assert answer.status_code == 200, answer.status_code
    forged = requests.get(f"{url}?u={uuid}&s={'0' * 32}&t=2", timeout=30)
    assert forged.status_code == 403, forged.status_code
    wait_until(
        lambda: site.world.sql(
            "SELECT 1 WHERE NOT EXISTS (SELECT FROM hcrm_message_event"
            " WHERE date_applied IS NULL)"
        ),
        "receipts are not applied",
    )
    ((state, failure, now),) = site.world.sql(
        "SELECT state, failure, (SELECT count(*) FROM hcrm_message_event)"
        " FROM hcrm_message WHERE uuid = %s",
        [uuid],
    )
    assert (state, failure, now) == ("delivered", None, events + 2), (state, now)


def _killed_before(site: Site) -> None:
    """The sender is killed between claim and hand-over:"""
    care = site.queue("kc", range(100, 140))
    offers = site.queue("ko", range(100, 140), "marketing")
    site.kill(site.start_sender("_send_batch"))
    assert site.states("kc") == {"claimed": 40}, site.states("kc")
    assert not site.arrived("kc") and not site.arrived("ko")
    site.age_claims()
    site.send()
    assert site.wait_arrived("kc", 40) == Counter(list(care))
    assert site.wait_arrived("ko", 40) == Counter(list(offers))
    site.wait_states("kc", delivered=40)
    site.wait_states("ko", delivered=40)


def _killed_after(site: Site) -> str:
    """The sender is killed between hand-over and result:"""
    silent = range(160, 180)
    site.carrier.order("plan", **{site.number(n): {"receipts": []} for n in silent})
    offers = site.queue("ao", range(140, 180), "marketing")
    site.kill(site.start_sender("_write_results"))
    care = site.queue("ac", range(140, 180))
    site.kill(site.start_sender("_write_results"))
    site.wait_arrived("ac", 40)
    site.wait_states("ac", delivered=20, claimed=20)
    site.age_claims()
    site.send()
    site.hurry()
    site.send()
    twice = site.wait_arrived("ac", 60)
    assert set(twice) == set(care)
    assert Counter(twice.values()) == {1: 20, 2: 20}, twice
    assert site.arrived("ao") == Counter(list(offers))
    site.wait_states("ao", delivered=20, unknown=20)
    return "care without a receipt twice, offers once;"


def _killed_anywhere(site: Site) -> str:
    """The sender is killed in the middle of its work:"""
    site.set_rate(20)
    care = site.queue("mc", range(180, 180 + MANY))
    offers = site.queue("mo", range(180, 180 + MANY), "marketing")
    for share in (20, 110):
        sender = site.start_sender()
        wait_until(
            lambda share=share: (
                sum((site.arrived("mc") + site.arrived("mo")).values()) >= share
            ),
            "nothing arrives",
        )
        site.kill(sender)
        time.sleep(1)  # receipts on their way
        site.age_claims()
    site.set_rate(0)
    site.send()
    site.hurry()
    site.send()
    time.sleep(2)
    got_care, got_offers = site.arrived("mc"), site.arrived("mo")
    assert set(got_care) == set(care), f"{len(got_care)} of {MANY} care"
    assert max(got_offers.values()) == 1, "an offer went out twice"
    unknown = site.states("mo")["unknown"]
    assert len(got_offers) + unknown >= MANY, (len(got_offers), site.states("mo"))
    assert set(got_offers) <= set(offers)
    again = sum(got_care.values()) - MANY
    return f"{again} care twice, {len(got_offers)} offers once;"


def _optout(site: Site) -> None:
    """退订 in UCS-2 ends offers, care goes on:"""
    site.carrier.order(
        "mo", **{"from": site.number(20), "to": OFFER_PORT, "text": "退订"}
    )
    words = "明天几点来？谢谢 @医生"
    site.carrier.order(
        "mo", **{"from": site.number(21), "to": CARE_PORT, "text": words}
    )
    plain = "See you at 9 [desk_3] & thanks +1"
    site.carrier.order(
        "mo", **{"from": site.number(22), "to": CARE_PORT, "text": plain}
    )
    wait_until(
        lambda: site.world.sql("SELECT 1 FROM hcrm_inbound HAVING count(*) = 3"),
        "the texts from people do not arrive",
    )
    got = site.world.sql(
        "SELECT partner_id, body, meaning FROM hcrm_inbound ORDER BY partner_id"
    )
    assert got == [
        (site.people[20], "退订", "optout"),
        (site.people[21], words, "text"),
        (site.people[22], plain, "text"),
    ], got
    site.queue("xo", [20], "marketing")
    care = site.queue("xc", [20])
    site.send()
    assert site.wait_arrived("xc", 1) == Counter(list(care))
    assert not site.arrived("xo")
    ((state, reason),) = site.world.sql(
        "SELECT state, reason_code FROM hcrm_message WHERE topic = 'xo'"
    )
    assert (state, reason) == ("refused", "withdrawn"), (state, reason)


def _stopped(site: Site) -> str:
    """Stop everything while 200 offers go out:"""
    site.set_rate(20)
    offers = site.queue("so", range(300, 500), "marketing")
    stops = site.world.rpc().env["hcrm.message.stop"]
    sender = site.start_sender()
    site.wait_arrived("so", 50)
    pressed = time.time()
    stop_id = stops.create({"reason": "A wrong text"})
    answered = time.time() - pressed
    site.shell.wait(sender)
    time.sleep(3)
    texts = [t for t in site.carrier.texts() if " so-" in t["text"]]
    quiet = max(0.0, texts[-1]["at"] / 1000 - pressed)
    assert quiet < STOP_LIMIT, f"{quiet:.1f} s until nothing more went out"
    assert 50 <= len(texts) < len(offers), f"{len(texts)} went out"
    states = site.states("so")
    assert states["refused"] == len(offers) - len(texts), (len(texts), states)
    lied = site.world.sql(
        "SELECT count(*) FROM hcrm_message WHERE state = 'refused' AND uuid = ANY(%s)",
        [[offers[t["text"]] for t in texts]],
    )
    assert lied == [(0,)], f"{lied[0][0]} that went out are called refused"
    site.set_rate(0)
    care = site.queue("sc", range(300, 310))
    site.send()
    assert site.wait_arrived("sc", 10) == Counter(list(care))
    stops.browse(stop_id).action_lift()
    return (
        f"{len(texts)} were out, quiet {quiet:.2f} s after the button"
        f" (answered in {answered:.2f} s);"
    )


def _died(site: Site) -> None:
    """Reported deceased between claim and hand-over:"""
    gate = site.kannel.home / "gate"
    gate.touch()
    wait = f"import os\n    while os.path.exists({str(gate)!r}): time.sleep(0.05)"
    care = site.queue("dc", range(500, 510))
    sender = site.start_sender("_mark_handed", wait)
    site.world.rpc().env["hcrm.person.report"].create(
        {"partner_id": site.people[503], "kind": "deceased", "source": "relative"}
    )
    gate.unlink()
    site.shell.wait(sender)
    expected = Counter(text for text in care if " dc-503." not in text)
    assert site.wait_arrived("dc", 9) == expected
    site.wait_states("dc", delivered=9, refused=1)


def _kept(site: Site) -> None:
    """The carrier is gone, Kannel is killed with texts in its store:"""
    site.carrier.order("close")
    care = site.queue("fc", range(510, 530))
    site.send()
    site.wait_states("fc", accepted=20)
    assert not site.arrived("fc")
    site.kannel.stop(signal.SIGKILL)
    site.kannel.start()
    site.carrier.order("open")
    assert site.wait_arrived("fc", 20) == Counter(list(care))
    site.wait_states("fc", delivered=20)


def _down(site: Site) -> str:
    """Kannel is down for a while:"""
    site.kannel.stop()
    care = site.queue("bc", range(530, 550))
    offers = site.queue("bo", range(530, 550), "marketing")
    for _try in range(8):
        site.send()
        site.hurry()
        site.world.sql(
            "UPDATE hcrm_gateway SET date_breaker = NULL WHERE fail_count > 3"
        )
    ((count,),) = site.world.sql(
        "SELECT count(*) FROM hcrm_gateway WHERE fail_count >= 3"
    )
    assert count == 2, f"{count} of 2 gateways rest"
    assert site.states("bc") == {"queued": 20}, site.states("bc")
    site.kannel.start()
    site._wait_bound()
    site.world.sql(
        "UPDATE hcrm_gateway SET date_breaker = date_breaker - interval '1 day'"
    )
    site.hurry()
    site.send()
    assert site.wait_arrived("bc", 20) == Counter(list(care))
    assert site.wait_arrived("bo", 20) == Counter(list(offers))
    ((fails,),) = site.world.sql("SELECT sum(fail_count) FROM hcrm_gateway")
    assert not fails
    return "the breaker opened, nothing was lost;"


def _rate(site: Site) -> str:
    """200 care texts as fast as it goes:"""
    care = site.queue("rc", range(11, 211))
    site.send()
    assert site.wait_arrived("rc", 200) == Counter(list(care))
    times = sorted(t["at"] for t in site.carrier.texts() if " rc-" in t["text"])
    rate = len(times) / max((times[-1] - times[0]) / 1000, 0.001)
    state = site.carrier.get("state")
    return f"{rate:.0f} texts/s; all in all {state['texts']} texts, {state['submits']} parts"


STEPS = (
    _many,
    _plain,
    _receipts_again,
    _killed_before,
    _killed_after,
    _killed_anywhere,
    _optout,
    _stopped,
    _died,
    _kept,
    _down,
    _rate,
)
