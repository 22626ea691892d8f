"""Measure the engine on both databases beside its floor. Ends with 1 where a goal is missed."""

import argparse
import getpass
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from bench import report
from bench.desk import Desks, desks
from bench.report import Measured
from bench.values import Value

PARTS = ("throughput", "lateness", "queries", "fairness", "isolation", "drain", "restart", "pages")
ON_POSTGRES = frozenset({"pages"})  # a large desk is made by the database itself
DATABASES = ("sqlite", "postgres")
ADDRESS = f"postgres://{getpass.getuser()}@127.0.0.1:5432/snsauto"


def main() -> int:
    chosen = arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # what was made is dropped
    measured: list[Measured] = []
    versions: dict[str, str] = {}
    for database in DATABASES if chosen.database == "both" else [chosen.database]:
        with desks(database, os.environ.get("TEST_DATABASE_URL") or ADDRESS) as source:
            versions[database] = source.version
            for one in parts(source, database, chosen):
                measured.append(one)
                print(f"{database} {one.part}: {one.values[0].told}", file=sys.stderr, flush=True)
    print(f"{report.as_text(report.rows(measured))}\n\n{report.machine(versions)}")
    if chosen.write:
        results = f"{report.as_markdown(report.rows(measured))}\n\nMeasured on {report.machine(versions)}."
        chosen.write.write_text(report.replaced(chosen.write.read_text(), results))
    missed = sum(not one.passes for one in measured)
    print(f"{missed} of {len(measured)} miss a goal." if missed else "All goals are kept.")
    return 1 if missed else 0


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    parser.add_argument("--number", type=int, help="with so many posts instead of the usual number")
    parser.add_argument("--runs", type=int, default=1, help="measure each part so often and keep the best")
    parser.add_argument("--write", type=Path, metavar="FILE", help="put the results into this document")
    parser.add_argument(
        "--database",
        choices=(*DATABASES, "both"),
        default=os.environ.get("BENCH_DATABASE", "both"),
    )
    return parser.parse_args()


def parts(source: Desks, database: str, chosen: argparse.Namespace) -> Iterator[Measured]:
    for name in chosen.only or PARTS:
        if name in ON_POSTGRES and database != "postgres":
            continue
        runs = [measure(source, name, chosen.number) for _ in range(chosen.runs)]
        yield Measured(database, name, min(runs, key=badness))


def badness(values: Sequence[Value]) -> tuple[int, float]:
    """What makes a run worse than another: goals missed, then the first value."""
    return sum(not value.passes for value in values), values[0].value


def measure(source: Desks, name: str, number: int | None) -> list[Value]:
    """One part on an empty desk, in a process of its own."""
    with source.new() as environment:
        folder = Path(environment["DATA_DIR"])
        results, log = folder / "results.json", folder / "bench.log"
        numbers = [] if number is None else [str(number)]
        command = [sys.executable, "-m", "bench.part", name, str(results), *numbers]
        with log.open("wb") as stream:
            status = subprocess.run(command, check=False, env=environment, stderr=stream).returncode
        if status:
            sys.exit(f"{name} ended with {status}:\n{log.read_text()[-3000:]}")
        return [Value(**row) for row in json.loads(results.read_text())]


if __name__ == "__main__":
    sys.exit(main())
