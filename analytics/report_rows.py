"""What a report holds, read once and kept: page, PDF, CSV and mail are drawn from these rows alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, cast
from zoneinfo import ZoneInfo

from analytics.metrics import Number, change
from analytics.reading import PostLine, Range, best_posts, by_day, by_platform, totals
from analytics.report_bars import Bars, Trend, bars, trend
from analytics.report_models import Report
from analytics.report_words import change_words, label, words
from platforms.registry import PLATFORMS

KEY = ("views", "engagements", "engagement_rate", "clicks", "new_followers", "followers", "posts")
OF_CAMPAIGNS = ("views", "engagements", "engagement_rate", "clicks", "comments", "shares", "posts")
SERIES = ("views", "engagements")
OF_NETWORKS = ("posts", "views", "engagements", "engagement_rate", "new_followers")
OF_BEST = ("views", "engagements", "likes", "comments")
BEST = 5
TEXT = 280


def gather(report: Report) -> dict[str, Any]:
    """All the numbers of a report, as JSON keeps them; None stays None."""
    span = Range(report.first_day, report.last_day, ZoneInfo(report.zone))
    narrowed: dict[str, Any] = {"accounts": report.account_ids or None, "campaign": report.campaign}
    now_values = totals(report.workspace, span, **narrowed).values
    before = totals(report.workspace, span.before(), **narrowed).values
    return {
        "key": [[name, now_values.get(name), before.get(name)] for name in _key(report)],
        "series": {
            name: [
                [day.isoformat(), value] for day, value in by_day(report.workspace, span, name, **narrowed)
            ]
            for name in SERIES
        },
        "networks": [
            [line.platform.name, line.accounts, [line.totals.values.get(name) for name in OF_NETWORKS]]
            for line in by_platform(report.workspace, span, **narrowed)
        ],
        "best": [_best(line) for line in best_posts(report.workspace, span, count=BEST, **narrowed)],
        "before": [span.before().first.isoformat(), span.before().last.isoformat()],
        "campaign": report.campaign.name if report.campaign else "",
    }


def _key(report: Report) -> tuple[str, ...]:
    """Followers belong to accounts, not to campaigns."""
    return OF_CAMPAIGNS if report.campaign_id else KEY


def _best(line: PostLine) -> dict[str, Any]:
    pictures = line.delivery.pictures
    published = line.delivery.published_at
    return {
        "post": line.post.pk,
        "text": line.delivery.effective_text[:TEXT],
        "network": line.account.platform_name,
        "handle": line.account.handle,
        "permalink": _web(line.delivery.permalink),
        "published_at": published.isoformat() if published else "",
        "media": pictures[0].pk if pictures else None,
        "values": [line.values.get(name) for name in OF_BEST],
    }


@dataclass(frozen=True)
class Stat:
    """One number as it is shown."""

    name: str
    value: Number

    @property
    def label(self) -> str:
        return label(self.name)

    @property
    def said(self) -> str:
        return words(self.name, self.value)


@dataclass(frozen=True)
class KeyNumber(Stat):
    """One of the numbers at the top, and by what share it differs from the days before."""

    before: Number

    @property
    def said_before(self) -> str:
        return words(self.name, self.before)

    @property
    def change(self) -> Number:
        return change(self.value, self.before)

    @property
    def said_change(self) -> str:
        return change_words(self.change)


@dataclass(frozen=True)
class NetworkRow:
    """A network's share."""

    name: str
    label: str
    accounts: int
    values: tuple[Number, ...]

    @property
    def said(self) -> list[str]:
        return [words(name, value) for name, value in zip(OF_NETWORKS, self.values, strict=True)]


@dataclass(frozen=True)
class BestRow:
    """One of the best posts."""

    post: int
    text: str
    network: str
    network_label: str
    handle: str
    permalink: str
    published_at: str
    media: int | None
    values: tuple[Number, ...]

    @property
    def said(self) -> list[tuple[str, str]]:
        return [(label(name), words(name, value)) for name, value in zip(OF_BEST, self.values, strict=True)]


@dataclass(frozen=True)
class Content:
    """A report's rows in the shape in which they are drawn."""

    key: list[KeyNumber]
    charts: list[Bars]
    networks: list[NetworkRow]
    best: list[BestRow]
    before: tuple[date, date]
    campaign: str = ""
    points: dict[str, list[tuple[date, Number]]] = field(default_factory=dict)

    @property
    def trend(self) -> Trend:
        """The series as the page's table."""
        return trend(self.points)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was told of any number."""
        return all(row.value in {None, 0} for row in self.key) and not self.best

    @property
    def network_heads(self) -> list[str]:
        return [label(name) for name in OF_NETWORKS]


def content(rows: Mapping[str, Any]) -> Content:
    """What was kept, to be drawn."""
    points = {
        name: [(date.fromisoformat(day), cast(Number, value)) for day, value in series]
        for name in SERIES
        if (series := rows["series"].get(name)) is not None
    }
    first, last = rows["before"]
    return Content(
        key=[KeyNumber(*row) for row in rows["key"]],
        charts=[bars(name, points[name]) for name in SERIES if points.get(name)],
        networks=[
            NetworkRow(name, _label(name), count, tuple(values)) for name, count, values in rows["networks"]
        ],
        best=[
            BestRow(**{**row, "values": tuple(row["values"]), "network_label": _label(row["network"])})
            for row in rows["best"]
        ],
        before=(date.fromisoformat(first), date.fromisoformat(last)),
        campaign=rows["campaign"],
        points=points,
    )


def _web(address: str) -> str:
    """An address as a network told it, which strangers may follow: on the web, or none."""
    return address if address.startswith(("https://", "http://")) else ""


def _label(network: str) -> str:
    """A network's name, of one too that this desk no longer knows."""
    return PLATFORMS[network].label if network in PLATFORMS else network
