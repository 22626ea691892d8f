"""`python -m bench`: measure the engine on both databases, beside its floor, and tell whether it keeps its word."""

import argparse
import getpass
import json
import os
import subprocess
import sys
from pathlib import Path

from bench.desk import Desks, desks
from bench.values import Value

PARTS = ("throughput", "lateness", "queries", "fairness", "isolation", "drain", "restart")
DATABASES = ("sqlite", "postgres")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", choices=PARTS, action="append", help="measure this part alone")
    parser.add_argument("--number", type=int, help="measure with so many posts instead of the usual number")
    chosen = parser.parse_args()
    wanted = os.environ.get("BENCH_DATABASE", "both")
    for database in DATABASES if wanted == "both" else [wanted]:
        address = os.environ.get("TEST_DATABASE_URL") or f"postgres://{getpass.getuser()}@127.0.0.1:5432/snsauto"
        with desks(database, address) as source:
            for name in chosen.only or PARTS:
                for value in measured(source, name, chosen.number):
                    print(f"{database} {name}: {value.name} {value.value:.2f} {value.unit} floor {value.floor} ratio {value.ratio} {value.goals} {value.passes}", flush=True)


def measured(source: Desks, name: str, number: int | None) -> list[Value]:
    with source.new() as environment:
        results = Path(environment["DATA_DIR"]) / "results.json"
        numbers = [] if number is None else [str(number)]
        command = [sys.executable, "-m", "bench.part", name, str(results), *numbers]
        log = Path(environment["DATA_DIR"]) / "bench.log"
        with log.open("wb") as stream:
            status = subprocess.run(command, env=environment, stderr=stream).returncode
        if status:
            sys.exit(f"{name} ended with {status}:\n{log.read_text()[-3000:]}")
        return [Value(**row) for row in json.loads(results.read_text())]


if __name__ == "__main__":
    main()
