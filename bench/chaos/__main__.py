"""`python -m bench.chaos`: makes a place for each run, runs it, and clears up behind it."""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import cast

from bench.chaos import databases
from bench.chaos.plan import EVERY, BlowKind, Wish
from bench.chaos.room import ROOT, Layout, free_port, tied

SKEW_SECONDS = 60.0
SECONDS_PER_DELIVERY = 0.3
GENTLE: tuple[BlowKind, ...] = ("kill worker", "kill cluster", "fault")


def main() -> int:
    asked = arguments()
    names = ("sqlite", "postgres") if asked.database == "both" else (asked.database,)
    statuses = [run(name, asked) for name in names]
    return max(statuses)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED") or 1))
    parser.add_argument("--deliveries", type=int, default=int(os.environ.get("CHAOS_DELIVERIES") or 2000))
    database = os.environ.get("CHAOS_DATABASE") or "both"
    parser.add_argument("--database", choices=("sqlite", "postgres", "both"), default=database)
    parser.add_argument("--machines", type=int, default=2, help="on PostgreSQL; on SQLite there is one")
    parser.add_argument("--seconds", type=float, default=0, help="how long it is beaten; 0: as is fit")
    parser.add_argument("--blows", default="", help="only these, separated by commas")
    parser.add_argument("--gentle", action="store_true", help="few kinds of blows, and none twice in a row")
    parser.add_argument("--keep", action="store_true", help="leave the folder with logs and databases")
    parser.add_argument("--report", type=Path, default=ROOT / "var" / "chaos")
    return parser.parse_args()


def run(name: str, asked: argparse.Namespace) -> int:
    """One run in a folder of its own; what it was is gone afterwards, unless it failed."""
    server = os.environ.get("TEST_DATABASE_URL", "postgres://127.0.0.1:5432/snsauto")
    url = databases.own_postgres(server) if name == "postgres" else ""
    folder = Path(tempfile.mkdtemp(prefix="snsauto-chaos-"))
    ports = tuple(free_port() for _ in range(asked.machines if url else 1))
    layout = Layout(folder, url, free_port(), ports, SKEW_SECONDS if asked.seed % 2 else -SKEW_SECONDS)
    database = databases.at(url, folder)
    database.make()
    try:
        status = beat(layout, name, asked)
    finally:
        database.drop()
    if status or asked.keep:
        print(f"The logs are in {folder}")
    else:
        shutil.rmtree(folder)
    return status


def beat(layout: Layout, name: str, asked: argparse.Namespace) -> int:
    """The run itself is a Django program, started with what its first machine has."""
    own = {
        "CHAOS_FOLDER": str(layout.folder),
        "CHAOS_PORTS": ",".join(str(port) for port in (layout.networks_port, *layout.ports)),
        "CHAOS_SKEW_OF_OTHERS": str(layout.skew),
        "LOG_LEVEL": "WARNING",
    }
    wished = json.dumps(asdict(wish(layout, asked)))
    command = [sys.executable, "-m", "bench.chaos.run", name, wished, str(asked.report)]
    running = subprocess.Popen(
        tied(tuple(command)), env={**os.environ, **layout.of_counting(), **own}, cwd=ROOT
    )
    try:
        return running.wait()
    except KeyboardInterrupt:
        return running.wait()  # it was told as well, and ends what it has started


def wish(layout: Layout, asked: argparse.Namespace) -> Wish:
    chosen = tuple(cast(BlowKind, kind) for kind in asked.blows.split(",") if kind)
    if unknown := set(chosen) - set(EVERY):
        sys.exit(f"There is no blow {', '.join(sorted(unknown))}; there are {', '.join(EVERY)}.")
    seconds = asked.seconds or max(60.0, asked.deliveries * SECONDS_PER_DELIVERY)
    kinds = chosen or (GENTLE if asked.gentle else kinds_for(layout))
    return Wish(asked.seed, asked.deliveries, kinds, seconds, len(layout.ports), asked.gentle)


def kinds_for(layout: Layout) -> tuple[BlowKind, ...]:
    """Every kind of blow; a file has no connections that somebody else could cut."""
    return tuple(kind for kind in EVERY if layout.database_url or kind != "cut connections")


if __name__ == "__main__":
    sys.exit(main())
