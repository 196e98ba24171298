"""A real GNU Health is fed, changed, merged and read again; it is never written to.

Card by card, what our card reads is what SQL says in GNU Health (F17): after the
first load, after a day of changes read as changes, and after deletions found by
comparing what exists.
"""

from __future__ import annotations

import json
import os
import time

from .gnuhealth.his import READER, SECRET, Gnuhealth, gnuhealth
from .world import World

PATIENCE = 300  # seconds
GROUPS = ("group_clinical_all", "group_register", "group_confidential")


def run(world: World) -> None:
    with gnuhealth(world) as his:
        made = his.seed()
        his.let_read()
        his.check_reader()
        journey = Journey(world, his)
        journey.first_load()
        journey.read_again()
        journey.day_of_changes(made)
        journey.deletions(made)
        journey.read_again()


class Journey:
    """The steps, each on what the one before left."""

    def __init__(self, world: World, his: Gnuhealth):
        self.world, self.his = world, his
        self.client = world.rpc()
        self.source = self.client.env["hcrm.feed.source"].create(
            {
                "name": "GNU Health",
                "kind": "gnuhealth_sql",
                "host": os.environ.get("PGHOST", ""),
                "port": int(os.environ.get("PGPORT", "5432")),
                "database": his.database,
                "auth_login": READER,
                "auth_secret": SECRET,
                # all of it was made a moment ago: an overlap would read it all again
                "overlap_minutes": 0,
            }
        )
        self.carer = self._carer()

    # ------------------------------------------------------------------
    # STEPS
    # ------------------------------------------------------------------

    def first_load(self) -> None:
        run = self._run("full")
        assert run["count_quarantined"] == 1, "one medication names no patient"
        self._compare("after the first load")

    def read_again(self) -> None:
        """Nothing changed there, so nothing changes here."""
        run = self._run("delta")
        changed = run["count_new"], run["count_changed"]
        assert changed == (0, 0), f"read again, {changed} were new and changed"

    def day_of_changes(self, made: dict) -> None:
        ended = self._end_of_stay(made["stays"]["done"])
        self.his.script("change", json.dumps(made))
        run = self._run("delta")
        assert run["count_read"] < 40, f"{run['count_read']} records for a few changes"
        # deletions leave no trace for a delta run; what they leave behind here is
        # taken away by the comparison of what exists
        self._compare("after a day of changes", but=("problems", "next_visits"))
        later = self._end_of_stay(made["stays"]["done"])
        assert ended and later == ended, f"a cleaned bed moved {ended} to {later}"
        freed = self._state("Appointment", "gnuhealth_appointment", 1)
        assert freed == "cancelled", f"an appointment set free is {freed}"

    def deletions(self, made: dict) -> None:
        """Gone at the source: found by comparing ids, kept here as a state."""
        for _twice in range(2):
            self._run("reconcile")
        self._compare("after comparing what exists")
        gone = made["patients"][9], made["appointments"]["no_show"]
        patient = self._identity("Patient", f"gnuhealth_patient:{gone[0]}")
        appointment = self._identity("Appointment", f"gnuhealth_appointment:{gone[1]}")
        assert (patient, appointment) == ("gone", "gone"), (
            f"the deleted patient is {patient}, the appointment {appointment}"
        )
        self._check_merge(made["patients"][11], made["patients"][7])

    def _check_merge(self, loser: int, winner: int) -> None:
        ids = [
            self._person(f"gnuhealth_patient:{number}") for number in (loser, winner)
        ]
        assert ids[0] == ids[1], f"merged there, two people here: {ids}"
        state = self._identity("Patient", f"gnuhealth_patient:{loser}")
        assert state == "redirected", f"the merged patient is {state}"

    # ------------------------------------------------------------------
    # RUNS
    # ------------------------------------------------------------------

    def _run(self, mode: str) -> dict:
        """Have the schedule start a run; GNU Health's tables are as they were."""
        before = self.his.writes()
        start = time.monotonic()
        last = self._runs()[:1]
        self._make_due(mode)
        run = self._wait(last[0] if last else 0)
        counts = {
            key[6:]: value
            for key, value in run.items()
            if key.startswith("count_") and value
        }
        print(f"  {mode}: {time.monotonic() - start:.0f} s, {counts}")
        assert run["mode"] == mode, f"the schedule started {run['mode']}, not {mode}"
        assert run["state"] == "done", f"the run is {run['state']}: {run['message']}"
        after = self.his.writes()
        moved = {table for table in after if after[table] != before.get(table)}
        assert not moved, f"the feed wrote to tables of GNU Health: {sorted(moved)}"
        return run

    def _make_due(self, mode: str) -> None:
        """Age what was read, then let the scheduled action look what is due."""
        Source = self.client.env["hcrm.feed.source"]
        hours = 24 if mode == "reconcile" else 0
        Source.write([self.source], {"interval_minutes": 1, "reconcile_hours": hours})
        self.world.sql(
            "UPDATE hcrm_feed_run SET date_end = date_end - interval '2 days'"
            " WHERE source_id = %s",
            (self.source,),
        )
        cron = self.world.sql(
            "SELECT res_id FROM ir_model_data WHERE model = 'ir.cron'"
            " AND module = 'hcrm_core' AND name = 'ir_cron_feed_pull'"
        )
        self.client.env["ir.cron"].method_direct_trigger([cron[0][0]])

    def _runs(self) -> list[int]:
        domain = [("source_id", "=", self.source)]
        return self.client.env["hcrm.feed.run"].search(domain, order="id desc")

    def _wait(self, last: int) -> dict:
        names = ["mode", "state", "message", "count_read", "count_new", "count_changed"]
        names += ["count_quarantined", "count_waiting", "count_skipped"]
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            runs = self._runs()
            if runs and runs[0] > last:
                (run,) = self.client.env["hcrm.feed.run"].read([runs[0]], names)
                if run["state"] not in ("queued", "running"):
                    # nothing more is started until the next step wants it
                    self.client.env["hcrm.feed.source"].write(
                        [self.source], {"interval_minutes": 0}
                    )
                    return run
            time.sleep(1)
        raise AssertionError(f"no run of GNU Health ended within {PATIENCE} s")

    # ------------------------------------------------------------------
    # CARDS
    # ------------------------------------------------------------------

    def _carer(self):
        """Somebody of the hospital who may read every card."""
        names = tuple(GROUPS)
        groups = self.world.sql(
            "SELECT res_id FROM ir_model_data WHERE model = 'res.groups'"
            " AND module = 'hcrm_core' AND name IN %s",
            (names,),
        )
        Users = self.client.env["res.users"]
        user = {"name": "Carer", "login": "gnuhealth-carer", "password": "carer-2026"}
        Users.create({**user, "group_ids": [(4, row[0]) for row in groups]})
        return self.world.rpc(user["login"], user["password"])

    def _compare(self, when: str, but: tuple = ()) -> None:
        wanted = self.his.cards()
        wrong = []
        for ext_id, card in wanted.items():
            ours = self._card(self._person(ext_id))
            for key, value in card.items():
                if key not in but and ours[key] != value:
                    wrong.append(f"{ext_id} {key}: there {value}, here {ours[key]}")
        assert not wrong, f"{when}:\n  " + "\n  ".join(wrong)
        print(f"  {when}: {len(wanted)} cards say what GNU Health says")

    def _card(self, partner: int) -> dict:
        """What a carer sees of a person, in the words of the comparison."""
        env = self.carer.env
        card = env["res.partner"].hcrm_get_card(partner)
        (told,) = env["res.partner"].read([partner], ["phone"])
        mine = [("partner_id", "=", partner)]
        medication = env["hcrm.medication"].search_read(mine, ["name", "state"])
        results = env["hcrm.observation"].search_read(
            [*mine, ("category", "=", "laboratory"), ("has_value", "=", True)],
            ["name", "value"],
        )
        charges = self.world.sql(
            "SELECT state, amount::float FROM hcrm_charge WHERE partner_id = %s",
            (partner,),
        )
        head = card["head"]
        # what the source no longer tells stays on the card, marked as old
        contacts = [one for one in card["contacts"] if not one["is_old"]]
        return {
            **{key: head[key] for key in ("name", "sex", "birthdate", "status", "mrn")},
            "city": head["city"],
            "phone": told["phone"],
            "contacts": sorted((one["system"], one["number"]) for one in contacts),
            "not_own": sorted(
                one["number"] for one in contacts if one["whose"] != "self"
            ),
            "problems": sorted(one["code"] for one in card["problems"]),
            "allergies": sorted(one["name"] for one in card["allergies"]),
            "medication": sorted((one["name"], one["state"]) for one in medication),
            "results": sorted((one["name"], one["value"]) for one in results),
            "stay": card["stay"]["place"] if card["stay"] else False,
            "next_visits": [one["date"] for one in card["next_visits"]],
            "last_visits": [one["date"] for one in card["last_visits"]],
            "charges": sorted(charges),
        }

    def _person(self, ext_id: str) -> int:
        rows = self._identities("Patient", ext_id)
        assert rows and rows[0][0], f"{ext_id} of GNU Health is nobody here"
        return rows[0][0]

    def _identity(self, res_type: str, ext_id: str) -> str:
        rows = self._identities(res_type, ext_id)
        return rows[0][1] if rows else "unknown"

    def _identities(self, res_type: str, ext_id: str) -> list:
        return self.world.sql(
            "SELECT res_id, state FROM hcrm_feed_identity"
            " WHERE source_id = %s AND res_type = %s AND ext_id = %s",
            (self.source, res_type, ext_id),
        )

    def _state(self, res_type: str, table: str, number: int) -> str:
        (found, _state), *_rest = self._identities(res_type, f"{table}:{number}")
        return self.world.sql(
            "SELECT state FROM hcrm_appointment WHERE id = %s", (found,)
        )[0][0]

    def _end_of_stay(self, number: int) -> str | None:
        ext_id = f"gnuhealth_inpatient_registration:{number}"
        (found, _state), *_rest = self._identities("Encounter", ext_id)
        rows = self.world.sql(
            "SELECT date_end::text FROM hcrm_encounter WHERE id = %s", (found,)
        )
        return rows[0][0]
