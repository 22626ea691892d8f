"""The same again: a fingerprint of text and media, so that nobody posts it twice in a day without knowing."""

import hashlib
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext as _

from accounts.templatetags.interface import distance
from platforms.rules import Finding
from publishing.models import Delivery, Media, State
from publishing.times import short_time

WITHIN = timedelta(hours=24)


def fingerprint(text: str, media: Iterable[Media]) -> str:
    """The same for what a reader would call the same text, with the same media; "" for nothing."""
    words = " ".join(unicodedata.normalize("NFKC", text).casefold().split())
    parts = [words, *(row.sha256 for row in media)]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16] if any(parts) else ""


def stamp(deliveries: Iterable[Delivery]) -> None:
    """Note what these carry now. What was found out about their former text or time counts no more."""
    rows = list(deliveries)
    for row in rows:
        row.fingerprint = fingerprint(row.effective_text, row.pictures)
        row.checked_at, row.warning_code, row.warning = None, "", ""
    Delivery.objects.bulk_update(rows, ["fingerprint", "checked_at", "warning_code", "warning"])


@dataclass(frozen=True)
class Seeker:
    """What is about to go out on an account, and when; a post is no twin of itself."""

    account_id: int
    fingerprint: str
    at: datetime
    post_id: int | None = None

    def is_like(self, row: Delivery) -> bool:
        near = abs(_moment(row) - self.at) < WITHIN
        same = (row.account_id, row.fingerprint) == (self.account_id, self.fingerprint)
        return near and same and row.post_id != self.post_id


@dataclass(frozen=True)
class Twin:
    """A delivery of the same content on the same account: when it went out, or will."""

    at: datetime
    is_out: bool
    zone: ZoneInfo

    @property
    def sentence(self) -> str:
        told = {"ago": distance(self.at - now()), "when": short_time(self.at, self.zone)}
        if self.is_out:
            return _("The same text went out on this account %(ago)s.") % told
        return _("The same text is planned on this account for %(when)s.") % told

    @property
    def finding(self) -> Finding:
        """Worth a look, and no more: who means it goes on."""
        return Finding("same_text", self.sentence, "text", severity="warning")


def twins(seekers: Iterable[Seeker], *, only_earlier: bool = False) -> dict[Seeker, Twin]:
    """The nearest twin of each within a day; one query. `only_earlier`: of two, the later one has a twin."""
    wanted = [seeker for seeker in seekers if seeker.fingerprint]
    rows = _candidates(wanted) if wanted else []
    found = {}
    for seeker in wanted:
        like = [row for row in rows if seeker.is_like(row)]
        if only_earlier:
            like = [row for row in like if _moment(row) <= seeker.at]
        if like:
            found[seeker] = _twin(min(like, key=lambda row: abs(_moment(row) - seeker.at)))
    return found


def _candidates(seekers: Sequence[Seeker]) -> list[Delivery]:
    moments = [seeker.at for seeker in seekers]
    span = (min(moments) - WITHIN, max(moments) + WITHIN)
    out = Q(state=State.PUBLISHED, published_at__range=span)
    to_come = Q(state__in=(State.SCHEDULED, State.PUBLISHING, State.UNKNOWN), due_at__range=span)
    rows = Delivery.objects.filter(
        out | to_come,
        account__in={seeker.account_id for seeker in seekers},
        fingerprint__in={seeker.fingerprint for seeker in seekers},
    )
    return list(
        rows.select_related("post")
        .only("account_id", "post__timezone", "state", "due_at", "published_at", "fingerprint")
        .order_by("pk")
    )


def _moment(row: Delivery) -> datetime:
    """When it went out or will; `_candidates` have one or the other."""
    return cast("datetime", row.published_at if row.state == State.PUBLISHED else row.due_at)


def _twin(row: Delivery) -> Twin:
    return Twin(_moment(row), row.state == State.PUBLISHED, row.post.zone)
