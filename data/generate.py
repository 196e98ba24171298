#!/usr/bin/env python3
"""Write the demo hospital as FHIR R4 NDJSON.

    python3 data/generate.py --patients 2000 --seed 7 --out /tmp/hospital

The same arguments give the same records on every machine and with any number of
processes. The truth about what was planted goes beside the folder, not into it:
the CRM reads the folder.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import date, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from hospital import build, noise  # noqa: E402


def arguments(argv=None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--patients", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--out", type=Path, required=True, help="folder of the records")
    parser.add_argument(
        "--until",
        type=date.fromisoformat,
        default=date.today() - timedelta(days=1),
        help="last day with facts, by default yesterday",
    )
    parser.add_argument(
        "--facts", type=float, default=10.0, help="facts per patient, on average"
    )
    parser.add_argument("--noise", choices=noise.LEVELS, default="normal")
    parser.add_argument("--error-model", choices=noise.MODELS, default="typing")
    parser.add_argument("--processes", type=int, default=min(8, os.cpu_count() or 1))
    parser.add_argument(
        "--truth", type=Path, help="by default <out>.truth.json.gz beside the folder"
    )
    return parser.parse_args(argv)


def main(argv=None) -> int:
    args = arguments(argv)
    if args.patients < build.MINIMUM:
        print(
            f"The planted cases need at least {build.MINIMUM} patients.",
            file=sys.stderr,
        )
        return 2
    plan = build.Plan(
        args.patients, args.seed, args.until, args.facts, args.noise, args.error_model
    )
    truth = args.truth or args.out.with_name(args.out.name + ".truth.json.gz")
    started = time.monotonic()
    totals = build.build(plan, args.out, args.processes, truth)
    people = totals["Patient"]
    facts = sum(totals.values()) - sum(
        totals[k]
        for k in (
            "Organization",
            "Location",
            "Practitioner",
            "Patient",
            "RelatedPerson",
        )
    )
    for kind, count in totals.items():
        print(f"{kind:20} {count:9,}")
    print(
        f"{people:,} patients, {facts:,} facts ({facts / people:.1f} each) "
        f"in {time.monotonic() - started:.1f} s"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
