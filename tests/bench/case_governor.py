"""The governor against an independent slow one, over random worlds (R21, D1)."""

from __future__ import annotations

import time

from .world import World


def run(world: World, requests: int, seed: int) -> list[dict]:
    """Judge so many random requests twice; a difference is a violation."""
    from odoo.addons.hcrm_core.tests.governor_fuzz import Fuzz

    print(f"governor: seed {seed}", flush=True)
    with world.env(world.clone("governor")) as env:
        started = time.perf_counter()
        fuzz = Fuzz(env, seed)
        differences = fuzz.run(requests)
        seconds = time.perf_counter() - started
        env.cr.rollback()
    for difference in differences[:5]:
        print(difference, flush=True)
    told = ", ".join(f"{name} {n:,}" for name, n in sorted(fuzz.verdicts.items()))
    return [
        {
            "case": f"governor: {requests:,} random requests, seed {seed}",
            "raw": "slow governor",
            "ours": f"{len(differences)} violations",
            "ratio": None,
            "target": "0 violations",
            "note": f"{told}; {seconds:.0f} s with making the worlds",
        }
    ]
