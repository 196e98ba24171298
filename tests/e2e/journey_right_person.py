"""R22: the right one of many people called 王伟 is open within 8 seconds.

At the front desk of the demo hospital, in Chromium: the name is typed as a clerk types
it, the person is picked by the facts that are shown beside the name, the card opens.
The seconds of the clerk's hands and eyes are added as stated; the rest is measured.
"""

from __future__ import annotations

import json
import statistics
import time

from ..screens.shoot import Browser, session_id
from .demo import PASSWORD, demo_hospital
from .world import World

LIMIT = 8.0
NAME, TYPED = "王伟", "wangwei"
KEY_SECONDS = 0.2  # five keys a second
LOOK_SECONDS = 2.0  # to read the rows and move the hand to the right one
ROUNDS = 5
# namesakes of whom nobody else has this year of birth and these last digits
TARGETS = """
    SELECT p.id, extract(year FROM p.hcrm_birthdate)::int, right(p.phone, 4)
    FROM res_partner p JOIN hcrm_person_company f ON f.partner_id = p.id
    JOIN res_company c ON c.id = f.company_id AND c.hcrm_code = 'HQ01'
    WHERE p.name = %s AND p.hcrm_confidentiality IS NULL AND p.phone <> ''
      AND p.hcrm_birthdate IS NOT NULL ORDER BY p.id
"""
CURSOR = "!!document.activeElement?.matches('.o_hcrm_person_search input')"
ROW = """[...document.querySelectorAll('.o_hcrm_search_row')].find(
    row => row.innerText.includes('%s') && row.innerText.includes('%s'))"""
CARD = """[...document.querySelectorAll('.o_hcrm_card_action')].some(
    card => card.innerText.includes('%s') && card.querySelector('.o_hcrm_card_tabs'))"""


def run(world: World) -> None:
    with demo_hospital(world, "right_person") as (database, url):
        people = world.sql(TARGETS, [NAME], database)
        assert len(people) > 5, f"only {len(people)} people are called {NAME}"
        session = session_id(url, database, "desk", PASSWORD)
        with Browser(url, session) as browser:
            # the first page of a day builds what the browser keeps
            browser.open("/odoo/front-desk")
            browser.wait(".o_hcrm_person_search input")
            spent = [
                _open(browser, person) for person in people[:: len(people) // ROUNDS]
            ]
    hands = len(TYPED) * KEY_SECONDS + LOOK_SECONDS
    print(f"  {len(people)} people called {NAME}, {len(spent)} of them opened")
    for found, opened in spent:
        print(
            f"  rows {found:.2f} s or less after the last key, card {opened:.2f} s after "
            f"the click: {hands + found + opened:.2f} s in all"
        )
    worst = hands + max(found + opened for found, opened in spent)
    middle = hands + statistics.median(found + opened for found, opened in spent)
    print(f"  median {middle:.2f} s, worst {worst:.2f} s; hands and eyes {hands:.1f} s")
    assert worst < LIMIT, f"{worst:.1f} s to open the right {NAME}"


def _open(browser: Browser, person: tuple) -> tuple[float, float]:
    """Return seconds from the last key to the rows, and from the click to the card."""
    _id, year, tail = person
    browser.open("/odoo/front-desk")
    _until(browser, CURSOR, "the cursor is not in the search box")
    for key in TYPED:
        browser.do(f"type:{key}")
        time.sleep(KEY_SECONDS)
    start = time.perf_counter() - KEY_SECONDS  # the last key is down since then
    row = ROW % (year, tail)
    _until(browser, f"!!{row}", f"{NAME} born {year}, …{tail}, is not shown")
    found = time.perf_counter()
    browser.js(f"{row}.click()")
    _until(browser, CARD % NAME, f"the card of {NAME} did not open")
    opened = time.perf_counter()
    shown = browser.js("location.pathname")
    assert str(_id) in shown, f"another card opened: {json.dumps(shown)}"
    return found - start, opened - found


def _until(browser: Browser, expression: str, sentence: str) -> None:
    end = time.perf_counter() + LIMIT
    while time.perf_counter() < end:
        if browser.js(expression):
            return
        time.sleep(0.02)
    raise AssertionError(sentence)
