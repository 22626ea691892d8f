"""One run on one database: set up, beat, wait, count, tell. Its environment is made by `bench.chaos`."""

import json
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import DatabaseError, connection  # noqa: E402

from bench.chaos import count, databases, report  # noqa: E402
from bench.chaos.monkey import Monkey  # noqa: E402
from bench.chaos.people import Cast  # noqa: E402
from bench.chaos.plan import Plan, Wish, make_plan  # noqa: E402
from bench.chaos.room import Layout, Room  # noqa: E402

PATIENCE_SECONDS = 1500.0  # after the last blow: looks, second tries and limits take minutes
MOST_STORIES = 20


def main() -> int:
    name, wished, folder = sys.argv[1:]
    layout, wish = layout_from_environment(), wish_from(wished)
    plan = make_plan(wish)
    database = databases.at(layout.database_url, layout.desk(0) / "snsauto.sqlite3")
    say(
        f"Chaos on {name}: seed {wish.seed}, {wish.deliveries} deliveries in {len(plan.batches)} posts, "
        f"{len(plan.blows)} blows in {wish.seconds:.0f} s, machines: {wish.machines}"
    )
    with Room(layout, database) as room:
        monkey = act(room, plan)
        results = count.outcomes(plan.orders)
        tell(plan, monkey, results, name, Path(folder))
    return 0 if report.is_good(results) else 1


def wish_from(written: str) -> Wish:
    fields = json.loads(written)
    return Wish(**{**fields, "kinds": tuple(fields["kinds"])})


def layout_from_environment() -> Layout:
    networks_port, *ports = (int(port) for port in os.environ["CHAOS_PORTS"].split(","))
    skew = float(os.environ["CHAOS_SKEW_OF_OTHERS"])
    folder, url = Path(os.environ["CHAOS_FOLDER"]), os.environ["DATABASE_URL"]
    return Layout(folder, url, networks_port, tuple(ports), skew)


def act(room: Room, plan: Plan) -> Monkey:
    """Set up, publish and beat, until everything is over or with a person."""
    call_command("migrate", interactive=False, verbosity=0)
    room.start()
    people = Cast(plan)
    people.move_in()
    people.write()
    people.begin()
    say("Everything is written down; it begins.")
    started = time.monotonic()
    monkey = Monkey(room, started)
    monkey.rage(plan.blows)
    wait_for_the_end(monkey, plan)
    say(f"Over after {time.monotonic() - started:.0f} s.")
    room.end()
    return monkey


def wait_for_the_end(monkey: Monkey, plan: Plan) -> None:
    """Until nothing is open, as long as that takes a desk whose waits are minutes."""
    deadline = monkey.started + plan.wish.seconds + PATIENCE_SECONDS
    told = time.monotonic()
    while (left := steadily(count.open_deliveries)) and time.monotonic() < deadline:
        monkey.mend()
        if time.monotonic() - told > 30:
            told = time.monotonic()
            say(f"{left} are still open")
        time.sleep(1)


def steadily(ask: Callable[[], int]) -> int:
    """An answer of a database that may be away for a while."""
    for _ in range(60):
        try:
            return ask()
        except DatabaseError:
            time.sleep(1)
        finally:
            connection.close()
    return ask()


def tell(plan: Plan, monkey: Monkey, results: list[count.Outcome], name: str, folder: Path) -> None:
    """Print the tables; where something is wrong, also what is known of it."""
    for lines in (report.blows(monkey.done), report.table(results, monkey.done), report.reasons(results)):
        say("")
        for line in lines:
            say(line)
    wrong = [outcome for outcome in results if outcome.is_wrong]
    for outcome in wrong[:MOST_STORIES]:
        say("")
        for line in count.story(outcome):
            say(line)
    file = folder / f"{name}-{plan.wish.seed}.json"
    report.write(file, name, plan, monkey, results)
    say(f"\nWritten to {file}")


def say(words: str) -> None:
    print(words, flush=True)


if __name__ == "__main__":
    sys.exit(main())
