"""Speed as ratios to raw PostgreSQL in the same run.

``python -m tests.bench --conf odoo.conf --template DB [--people N] [--million N]
[--only import,million,search,access]``; ``DB`` is a database in which hcrm_core is installed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from . import (
    case_access,
    case_governor,
    case_import,
    case_messages,
    case_rules,
    case_search,
    million_files,
)
from .world import World, machine_line

ROOT = Path(__file__).resolve().parents[2]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--conf", required=True, help="odoo.conf of the server")
    parser.add_argument("--template", required=True, help="database with hcrm_core")
    parser.add_argument("--people", type=int, default=100_000)
    parser.add_argument("--million", type=int, default=1_000_000)
    parser.add_argument("--load-sample", type=int, default=2_000)
    parser.add_argument(
        "--only", default="import,search,access,rules,governor,messages"
    )
    parser.add_argument("--folder", help="FHIR files to import instead of making them")
    parser.add_argument("--fuzz", type=int, default=10_000, help="random requests")
    parser.add_argument("--seed", type=int, default=20261125)
    parser.add_argument("--out", help="write the table as JSON to this file")
    options = parser.parse_args()
    world = World(options.conf, options.template)
    rows = []
    try:
        if "import" in options.only:
            with tempfile.TemporaryDirectory(prefix="hcrm_bench_") as made:
                folder = options.folder or _generate(made, options.people)
                rows += _told(case_import.run(world, folder, options.load_sample))
        if "million" in options.only:
            with tempfile.TemporaryDirectory(prefix="hcrm_bench_") as made:
                print(f"writing {options.million:,} patients ...", flush=True)
                million_files.write(made, options.million)
                rows += _told(case_import.loads(world, made))
        if "search" in options.only:
            rows += _told(case_search.run(world, options.million))
        if "access" in options.only:
            rows += _told(case_access.run(world))
        if "governor" in options.only:
            rows += _told(case_governor.run(world, options.fuzz, options.seed))
        if "messages" in options.only:
            rows += _told(case_messages.run(world, options.million))
        if "rules" in options.only:
            rows += _told(case_rules.run(world))
    finally:
        world.close()
    print(f"\n{date.today()} · {machine_line()}\n")
    print(_table(rows))
    if options.out:
        Path(options.out).write_text(json.dumps(rows, indent=1, ensure_ascii=False))
    return 0


def _generate(folder: str, people: int) -> str:
    print(f"making {people:,} patients ...", flush=True)
    script = ROOT / "data" / "generate.py"
    command = [sys.executable, str(script), "--patients", str(people), "--seed", "7"]
    subprocess.run([*command, "--out", folder], check=True)
    return folder


def _told(rows: list[dict]) -> list[dict]:
    """Show what is known already: the whole table comes at the end."""
    print(_table(rows), flush=True)
    return rows


def _table(rows: list[dict]) -> str:
    lines = [
        "| case | raw | ours | ratio | target | note |",
        "|---|---|---|---|---|---|",
    ]
    for row in rows:
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        lines.append(
            f"| {row['case']} | {row['raw']} | {row['ours']} | {ratio} | {row['target']} "
            f"| {row['note']} |"
        )
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main())
