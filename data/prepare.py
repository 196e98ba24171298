#!/usr/bin/env python3
"""Copy the shipped demo hospital so that it ends yesterday.

    python3 data/prepare.py --out .local/demo

Does nothing when the folder holds the set for that day already.
"""

from __future__ import annotations

import argparse
import gzip
import json
import sys
from datetime import date, timedelta
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE))

from shift import Shifter, shift_file  # noqa: E402

DEMO = HERE / "demo"
TRUTH = HERE / "demo.truth.json.gz"
HISTORY_DAYS = 3 * 365


def shipped_until(truth: Path = TRUTH) -> date:
    with gzip.open(truth, "rt", encoding="utf-8") as file:
        return date.fromisoformat(json.load(file)["until"])


def prepare(out: Path, until: date, source: Path = DEMO, truth: Path = TRUTH) -> int:
    """Write the set of ``source`` ending on ``until``; return the days it moved."""
    ends = shipped_until(truth)
    days = (until - ends).days
    stamp = out.with_name(out.name + ".until")
    mark = f"{until} {ends}\n"
    if stamp.exists() and stamp.read_text() == mark:
        return days
    out.mkdir(parents=True, exist_ok=True)
    # whatever stands half written is written again
    stamp.unlink(missing_ok=True)
    shifter = Shifter(days, ends - timedelta(days=HISTORY_DAYS))
    for path in sorted(source.glob("*.ndjson.gz")):
        shift_file(path, out / path.name, shifter)
    # beside the folder: whoever reads the folder never reads the truth
    shift_file(truth, out.with_name(out.name + ".truth.json.gz"), shifter)
    stamp.write_text(mark)
    return days


def main(argv=None) -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--source", type=Path, default=DEMO)
    parser.add_argument("--truth", type=Path, default=TRUTH)
    parser.add_argument("--until", default="yesterday", help="YYYY-MM-DD or yesterday")
    args = parser.parse_args(argv)
    if args.until == "yesterday":
        until = date.today() - timedelta(days=1)
    else:
        until = date.fromisoformat(args.until)
    days = prepare(args.out, until, args.source, args.truth)
    print(f"Demo hospital in {args.out}, ending {until} (moved by {days} days).")
    return 0


if __name__ == "__main__":
    sys.exit(main())
