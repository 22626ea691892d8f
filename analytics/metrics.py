"""The words of numbers: which there are of posts and accounts, how they are called, what follows from them.

A number that a network does not tell is None, never 0; whatever is counted from numbers keeps to that.
"""

from collections.abc import Iterable, Mapping
from typing import get_args

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from platforms.content import Metric

Number = float | None

OF_POSTS: tuple[Metric, ...] = (
    "views", "reach", "likes", "comments", "shares", "reposts", "quotes", "saves", "clicks", "profile_clicks",
    "engagements", "watch_seconds", "average_watch_seconds", "new_followers", "profile_views",
)  # fmt: skip
OF_ACCOUNTS: tuple[Metric, ...] = (
    "followers", "new_followers", "posts", "views", "reach", "likes", "comments", "shares", "reposts",
    "quotes", "saves", "clicks", "engagements", "watch_seconds", "average_watch_seconds", "profile_views",
)  # fmt: skip
# What people do with a post; together, as far as a network tells them, they are its engagements.
DEEDS = ("likes", "comments", "shares", "reposts", "quotes", "saves", "clicks")
# What a day gains, as sums over posts. `seen` is views, or reach where a network tells no views, and
# `seen_engagements` what was done with those posts: a rate compares only what belongs together.
GAINED = ("views", "reach", *DEEDS, "engagements", "watch_seconds", "seen", "seen_engagements")

LABELS: dict[str, Promise] = {
    "views": _("Views"),
    "reach": _("Reach"),
    "likes": _("Likes"),
    "comments": _("Comments"),
    "shares": _("Shares"),
    "reposts": _("Reposts"),
    "quotes": _("Quotes"),
    "saves": _("Saves"),
    "clicks": _("Clicks"),
    "profile_clicks": _("Clicks on the profile"),
    "engagements": _("Engagements"),
    "engagement_rate": _("Engagement rate"),
    "watch_seconds": _("Watched"),
    "average_watch_seconds": _("Watched on average"),
    "followers": _("Followers"),
    "new_followers": _("New followers"),
    "profile_views": _("Visits to the profile"),
    "posts": _("Posts"),
}
assert set(OF_POSTS) | set(OF_ACCOUNTS) == set(get_args(Metric))  # noqa: S101  (a new word is not forgotten here)


def engagements(values: Mapping[str, Number]) -> Number:
    """What people did, as far as it is told; the network's own sum where it tells nothing else."""
    told = [value for name in DEEDS if (value := values.get(name)) is not None]
    return sum(told) if told else values.get("engagements")


def seen(values: Mapping[str, Number]) -> Number:
    """How often something was seen: views, or reach where there are no views."""
    views = values.get("views")
    return values.get("reach") if views is None else views


def counted(values: Mapping[str, Number]) -> dict[str, Number]:
    """A post's numbers so far in the words that days gain; None stays None."""
    done, base = engagements(values), seen(values)
    is_rated = done is not None and base is not None
    return {
        **{name: values.get(name) for name in ("views", "reach", *DEEDS, "watch_seconds")},
        "engagements": done,
        "seen": base if is_rated else None,
        "seen_engagements": done if is_rated else None,
    }


def rate(done: Number, base: Number) -> Number:
    """Engagements by views, from 0 to 1. None where one is missing, or where they do not fit together.

    More engagements than views cannot be: one of the two is told late, and a rate of 392 % says nothing.
    """
    if done is None or base is None or base <= 0 or done < 0 or done > base:
        return None
    return done / base


def added(numbers: Iterable[Number]) -> Number:
    """The sum of what is known; None where nothing is."""
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def change(value: Number, before: Number) -> Number:
    """By what share a number differs from the one before; None where that says nothing."""
    if value is None or before is None or before <= 0:
        return None
    return (value - before) / before
