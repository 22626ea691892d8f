"""Which hashtags did better: own posts with each of them, beside what is usual on their accounts."""

from collections import defaultdict
from dataclasses import dataclass
from statistics import median

from accounts.models import Workspace
from analytics.forms import Chosen
from analytics.kept import kept
from analytics.metrics import Number, added
from analytics.reading import latest_of
from analytics.usual import Did, Indexed, indexed
from platforms.text import hashtag_words

LEAST_POSTS = 2  # with a hashtag, before it is ranked
MOST = 5000
SHOWN = 50


@dataclass(frozen=True)
class TagLine:
    """A hashtag, as it was written most. `index`: the median of its posts beside what is usual (1.0)."""

    name: str
    posts: int
    index: float
    views: Number
    engagements: Number


def tag_lines(workspace: Workspace, chosen: Chosen) -> list[TagLine]:
    """The hashtags of the posts that went out in the range, the best first."""
    span = chosen.span
    asked = (span.first, span.last, span.zone.key, chosen.ids)
    return kept(workspace, chosen.edition, "tags", asked, lambda: _count(workspace, chosen))


def _count(workspace: Workspace, chosen: Chosen) -> list[TagLine]:
    columns = latest_of(workspace, chosen.span, chosen.ids).order_by("-published_at")
    rows = columns.values_list(
        "account_id", "published_at", "engagements", "views", "delivery__text", "delivery__post__text"
    )
    posts = [
        Did(account, at, done, seen, hashtag_words(whole if own is None else own))
        for account, at, done, seen, own, whole in rows[:MOST]
    ]
    tagged: dict[str, list[Indexed[list[str]]]] = defaultdict(list)
    written: dict[str, list[str]] = defaultdict(list)
    for one in indexed(posts):
        for word in dict.fromkeys(one.did.what):
            tagged[word.casefold()].append(one)
            written[word.casefold()].append(word)
    lines = [
        _line(max(written[key], key=written[key].count), ones)
        for key, ones in tagged.items()
        if len(ones) >= LEAST_POSTS
    ]
    return sorted(lines, key=lambda line: (-line.index, -line.posts, line.name.casefold()))[:SHOWN]


def _line(name: str, ones: list[Indexed[list[str]]]) -> TagLine:
    return TagLine(
        name,
        len(ones),
        median(one.index for one in ones),
        added(one.did.views for one in ones),
        added(one.did.engagements for one in ones),
    )
