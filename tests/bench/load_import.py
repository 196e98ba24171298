"""People through stock ``load()``: the same columns, numbers and contact points.

``load()`` is given what it is fastest with: ids instead of names to look up, values of
selections as they are stored, the batch size that suits it best, no tracking.
"""

from __future__ import annotations

import itertools
import json
import time

import psycopg2

from . import raw_import
from .world import World

HEADER = [
    "id",
    "name",
    "hcrm_gender",
    "hcrm_birthdate",
    "hcrm_birthdate_precision",
    "hcrm_status",
    "hcrm_deceased_date",
    "hcrm_other_names",
    "street",
    "city",
    "zip",
    "state_id/.id",
    "country_id/.id",
    "hcrm_class_id/id",
]
NUMBER = ["type_id/id", "value", "assigner"]
POINT = ["system", "use", "rank", "value"]
PROFILE = [
    "marital_status",
    "occupation",
    "diet",
    "preferred_time",
    "spoken_language",
]
HEADER += [f"hcrm_identifier_ids/{name}" for name in NUMBER]
HEADER += [f"hcrm_contact_point_ids/{name}" for name in POINT]
HEADER += [f"hcrm_profile_ids/{name}" for name in PROFILE]
# 500 and 2000 are slower here
BATCH = 1000

MARITAL = {"S": "single", "M": "married", "D": "divorced", "W": "widowed"}
# what both sides write, as tables; the last two are each side's own bookkeeping
TABLES = {
    "people": "res_partner",
    "files": "hcrm_person_company",
    "numbers": "hcrm_person_identifier",
    "points": "hcrm_contact_point",
    "profiles": "hcrm_person_profile",
    "tokens": "hcrm_person_search",
    "identities": "hcrm_feed_identity",
    "events": "hcrm_event",
    "external ids": "ir_model_data",
}
CELLS = ("people", "files", "numbers", "points", "profiles")


def run(world: World, folder: str, sample: int) -> dict:
    """People a second of the first ``sample`` patients, and what was written."""
    database = world.clone("load")
    source = itertools.islice(raw_import.lines(folder, "Patient"), sample)
    with world.env(database) as env:  # the registry is loaded before the clock runs
        places = _places(env)
        people = [_rows(json.loads(line), places) for line in source]
        before = contents(world, database)
        start = time.perf_counter()
        partners = env["res.partner"].with_context(
            tracking_disable=True, mail_create_nolog=True
        )
        for number in range(0, len(people), BATCH):
            rows = itertools.chain.from_iterable(people[number : number + BATCH])
            result = partners.load(HEADER, list(rows))
            if not result["ids"]:
                raise RuntimeError(result["messages"])
    rate = len(people) / (time.perf_counter() - start)  # it is committed
    return {"rate": rate, "wrote": wrote(before, contents(world, database))}


def contents(world: World, database: str) -> dict[str, tuple[int, int]]:
    """Rows and filled cells of the tables that people are written to."""
    found = {}
    with psycopg2.connect(world.dsn(database)) as cn, cn.cursor() as cr:
        for name, table in TABLES.items():
            cells = "0"
            if name in CELLS:
                cells = (
                    "sum((SELECT count(*) FROM jsonb_each_text(to_jsonb(t))"
                    " WHERE value IS NOT NULL))"
                )
            cr.execute(f"SELECT count(*), COALESCE({cells}, 0)::int FROM {table} t")
            found[name] = cr.fetchone()
    return found


def wrote(before: dict, after: dict) -> str:
    """Rows a person, and filled cells a person where both sides write the same."""
    added = {
        name: (after[name][0] - before[name][0], after[name][1] - before[name][1])
        for name in TABLES
    }
    people = added["people"][0]
    parts = [
        f"{name} {rows / people:.2f}" + (f" ({cells / people:.1f})" if cells else "")
        for name, (rows, cells) in added.items()
        if rows
    ]
    return ", ".join(parts)


def _places(env) -> dict:
    """Country code -> id, and (country code, province name) -> id."""
    countries = {c.code: c.id for c in env["res.country"].search([])}
    states = env["res.country.state"].with_context(lang="en_US").search([])
    found: dict = {code: str(known) for code, known in countries.items()}
    for state in states:
        found[state.country_id.code, _short(state.name)] = str(state.id)
    return found


def _short(name: str) -> str:
    for kind in ("壮族自治区", "回族自治区", "维吾尔自治区", "自治区", "特别行政区"):
        name = name.removesuffix(kind)
    return name.removesuffix("省").removesuffix("市")


def _rows(person: dict, places: dict) -> list[list[str]]:
    """A person as rows of an import file: one for each number or contact point."""
    own = _own(person, places)
    numbers = [
        [
            f"hcrm_core.identifier_type_{number['type']['coding'][0]['code'].lower()}",
            number["value"],
            number.get("system", ""),
        ]
        for number in person.get("identifier", ())
    ]
    points = [
        [
            point["system"],
            point.get("use", ""),
            str(point.get("rank", 1)),
            point["value"],
        ]
        for point in person.get("telecom", ())
    ]
    profile = _profile(person)
    profiles = [profile] if any(profile) else []
    blank = [[""] * len(own)]
    parts = itertools.zip_longest([own], numbers, points, profiles)
    empty = (blank[0], [""] * len(NUMBER), [""] * len(POINT), [""] * len(PROFILE))
    return [
        [cell for part, none in zip(row, empty, strict=True) for cell in part or none]
        for row in parts
    ]


def _own(person: dict, places: dict) -> list[str]:
    address = (person.get("address") or [{}])[0]
    birth = person.get("birthDate", "")
    country = address.get("country", "")
    died = person.get("deceasedDateTime", "")[:10]
    names = [name["text"] for name in person["name"]]
    return [
        f"bench.{person['id']}",
        names[0] or "?",
        person.get("gender", "unknown"),
        (birth + "-01-01"[len(birth) - 10 :])[:10] if birth else "",
        {10: "day", 7: "month", 4: "year"}.get(len(birth), ""),
        "deceased" if died else "current",
        died,
        "\n".join(names[1:]),
        " ".join(address.get("line", ())),
        address.get("city", ""),
        address.get("postalCode", ""),
        places.get((country, _short(address.get("state", ""))), ""),
        places.get(country, ""),
        "hcrm_core.person_class_prospect",
    ]


def _profile(person: dict) -> list[str]:
    told = {
        extension["url"].rpartition("/")[2]: next(
            (value for key, value in extension.items() if key != "url"), ""
        )
        for extension in person.get("extension", ())
    }
    coded = person.get("maritalStatus", {}).get("coding", [{}])[0].get("code")
    spoken = person.get("communication", [{}])[0].get("language", {})
    return [
        MARITAL.get(coded, ""),
        told.get("occupation", ""),
        told.get("diet", ""),
        told.get("preferred-time", ""),
        spoken.get("text") or spoken.get("coding", [{}])[0].get("display", ""),
    ]
