"""What a run prints and what it writes down."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from statistics import quantiles

from bench.chaos.count import MAY_ASK, Outcome, Tally, tallies
from bench.chaos.monkey import MISSED, Done, Monkey
from bench.chaos.plan import Plan

COLUMNS = (
    *("network", "deliveries", "published", "unclear", "failed", "missed"),
    *("duplicates", "lost", "stuck", "faults", "half late", "most late"),
)


def is_good(results: Sequence[Outcome]) -> bool:
    return not any(outcome.is_wrong for outcome in results)


def table(results: Sequence[Outcome], done: Sequence[Done]) -> Iterator[str]:
    """A line for each network, and one for all."""
    suffered = Counter(blow.blow.network for blow in done if blow.blow.kind == "fault")
    lines = tallies(results)
    yield _row(COLUMNS)
    for name in sorted(lines):
        yield _row(_cells(name, lines[name], suffered[name]))
    total = Tally()
    for outcome in results:
        total.add(outcome)
    yield _row(_cells("all", total, suffered.total()))


def _cells(name: str, tally: Tally, faults: int) -> tuple[object, ...]:
    verdicts = tally.verdicts
    middle = quantiles(tally.lates, n=2)[0] if len(tally.lates) > 1 else 0.0
    return (
        *(name, tally.deliveries, verdicts["published"], verdicts["unclear"], verdicts["failed"]),
        *(verdicts["missed"], tally.duplicates, tally.lost, tally.stuck, faults),
        *(f"{middle:.1f} s", f"{max(tally.lates, default=0.0):.0f} s"),
    )


def _row(cells: Sequence[object]) -> str:
    first, *rest = (str(cell) for cell in cells)
    return f"{first:<16}" + "".join(f"{cell:>11}" for cell in rest)


def blows(done: Sequence[Done]) -> Iterator[str]:
    """What was done, by kind."""
    kinds = Counter(one.blow.kind for one in done)
    failed = Counter(one.blow.kind for one in done if one.what.startswith(MISSED))
    faults = Counter(str(one.blow.fault["kind"]) for one in done if one.blow.kind == "fault")
    for kind, count in sorted(kinds.items()):
        beside = f" ({failed[kind]} hit nothing)" if failed[kind] else ""
        which = f": {', '.join(f'{name} {n}' for name, n in faults.most_common())}" if kind == "fault" else ""
        yield f"{kind:<16} × {count}{which}{beside}"


def reasons(results: Sequence[Outcome]) -> Iterator[str]:
    """Why something failed or had to be asked."""
    said = Counter(
        (outcome.verdict, outcome.order.network, outcome.reason)
        for outcome in results
        if outcome.verdict != "published"
    )
    for (verdict, network, reason), count in said.most_common():
        beside = " (may be asked here)" if verdict == "unclear" and network in MAY_ASK else ""
        yield f"{count:>5} × {verdict} on {network}: {reason}{beside}"


def write(file: Path, database: str, plan: Plan, monkey: Monkey, results: Sequence[Outcome]) -> None:
    """The same for programs, with every blow."""
    found = {
        name: {**tally.verdicts, "duplicates": tally.duplicates, "lost": tally.lost, "stuck": tally.stuck}
        for name, tally in tallies(results).items()
    }
    told = {
        "seed": plan.wish.seed,
        "database": database,
        "deliveries": len(results),
        "seconds": plan.wish.seconds,
        "networks": found,
        "blows": monkey.table(),
    }
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(json.dumps(told, indent=1, default=str))
