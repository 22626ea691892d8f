"""What the composer shows while somebody writes: each account's post as it will stand, counted, checked."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from zoneinfo import ZoneInfo

from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import Account
from campaigns.links import tags_of
from platforms.base import Notice
from platforms.content import Draft
from platforms.rules import Finding, Kind
from publishing.drafts import make_draft
from publishing.duplicates import Seeker, fingerprint, twins
from publishing.forecast import full_days
from publishing.forms.post import SKETCHES, PostForm
from publishing.models import Delivery, Media
from publishing.preflight import examine, stored_draft
from publishing.renditions import unfitted
from publishing.times import short_time
from publishing.validators import GRACE
from publishing.writing import PostInput, Target


@dataclass(frozen=True)
class Counter:
    """How much of a network's room a text takes, in the network's own way of counting."""

    used: int
    limit: int
    unit: str
    parts: int
    is_over: bool

    @property
    def left(self) -> int:
        return self.limit - self.used

    @property
    def percent(self) -> int:
        return 100 if self.parts > 1 else min(100, self.used * 100 // max(self.limit, 1))

    @property
    def is_tight(self) -> bool:
        return not self.is_over and self.parts == 1 and self.percent >= 90


@dataclass(frozen=True)
class PreviewPart:
    """One element of a thread as it will stand."""

    number: int
    of: int
    text: str
    pictures: tuple[Media, ...]


@dataclass(frozen=True)
class Preview:
    """One account's post, and what is wrong with it."""

    account: Account
    draft: Draft
    findings: tuple[Finding, ...]
    pictures: tuple[Media, ...]
    has_own_text: bool = False
    text: str = ""
    delivery: Delivery | None = None

    @cached_property
    def counter(self) -> Counter:
        draft = self.draft
        text = self.account.platform.rules_with(self.account.limits, draft.options, draft.media).text
        longest = max(text.length(part.text) for part in self.draft.parts)
        is_over = not all(text.fits(part.text) for part in self.draft.parts)
        return Counter(longest, text.limit, text.unit, len(self.draft.parts), is_over)

    @property
    def fingerprint(self) -> str:
        """Of what is written, before it is cut into parts."""
        return fingerprint(self.text, self.pictures)

    @property
    def parts(self) -> list[PreviewPart]:
        many = len(self.draft.parts)
        return [
            PreviewPart(number, many, part.text, self.pictures if number == 1 else ())
            for number, part in enumerate(self.draft.parts, 1)
        ]

    @property
    def kind(self) -> Kind:
        """The kind of post that it becomes."""
        kinds = self.account.platform.post_kinds()
        return next((kind for kind in kinds if kind.name == self.draft.kind), kinds[0])

    @property
    def notices(self) -> tuple[Notice, ...]:
        """What the network wants people to be told before they post."""
        return self.account.platform.notices(self.draft.options)

    @property
    def as_accounts(self) -> tuple[Account, ...]:
        """Its account, where a page lists several."""
        return (self.account,)

    def about(self, *fields: str) -> list[Finding]:
        """The findings about one place in the form."""
        return [finding for finding in self.findings if finding.field.partition(".")[0] in fields]

    @property
    def text_findings(self) -> list[Finding]:
        return self.about("text")

    @property
    def option_findings(self) -> list[Finding]:
        return self.about("options")

    @property
    def option_errors(self) -> list[Finding]:
        return [finding for finding in self.option_findings if finding.severity == "error"]

    @property
    def errors(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "error"]

    @property
    def warnings(self) -> list[Finding]:
        return [finding for finding in self.findings if finding.severity == "warning"]


@dataclass(frozen=True)
class Shared:
    """One sentence, and the accounts that it is about."""

    finding: Finding
    accounts: tuple[Account, ...]


def preview(content: PostInput, target: Target) -> Preview:
    """What one account would get of a post that is not written down yet."""
    text = content.text if target.text is None else target.text
    draft = make_draft(
        key="",
        created_at=now(),
        account=target.account,
        text=text,
        media=unfitted(content.media),
        options=target.options,
        tags=tags_of(content.campaign, target.account.platform_name),
    )
    findings = tuple(examine(target.account, draft))
    return Preview(target.account, draft, findings, tuple(content.media), target.text is not None, text)


def with_twins(previews: list[Preview], at: datetime, post_id: int | None) -> list[Preview]:
    """Each preview, and that the same text is on its account already, where it is; one query for all."""
    seekers = [Seeker(row.account.pk, row.fingerprint, at, post_id) for row in previews]
    found = twins(seekers)
    return [
        replace(row, findings=(*row.findings, found[seeker].finding)) if seeker in found else row
        for row, seeker in zip(previews, seekers, strict=True)
    ]


def stored_preview(delivery: Delivery) -> Preview:
    """What an account got, or will get, of a post that is written down."""
    return Preview(
        delivery.account,
        stored_draft(delivery),
        (),
        tuple(delivery.pictures),
        delivery.text is not None,
        delivery.effective_text,
        delivery,
    )


class Check:
    """All that the composer says about a form."""

    def __init__(self, form: PostForm) -> None:
        self.form = form
        self._content = form.post_input() if form.is_bound else _stored_input(form)
        locked = {delivery.account_id for delivery in form.locked_deliveries}
        previews = with_twins(
            [
                preview(self._content, target)
                for target in self._content.targets
                if target.account.pk not in locked
            ],
            self._content.scheduled_at or now(),
            form.post.pk if form.post else None,
        )
        self.previews = [self._without_haste(one) for one in self._with_limits(previews)]
        self.locked = [stored_preview(delivery) for delivery in form.locked_deliveries]

    def _with_limits(self, previews: list[Preview]) -> list[Preview]:
        """With a warning where the day that was chosen has no room."""
        at, post = self._content.scheduled_at or now(), self.form.post
        drafts = [(preview.account, preview.draft) for preview in previews]
        full = full_days(drafts, at, self.form.member.workspace.zone, post.pk if post else None)
        return [replace(one, findings=(*one.findings, *full[one.account.pk])) for one in previews]

    def _without_haste(self, preview: Preview) -> Preview:
        """Nobody is told to write something before they wrote, or pressed a button."""
        is_pressed = self.form.is_bound and self.form.action not in SKETCHES
        if is_pressed or any(part.text.strip() or part.media for part in preview.draft.parts):
            return preview
        return replace(preview, findings=tuple(one for one in preview.findings if one.code != "empty"))

    @property
    def by_tightness(self) -> list[Preview]:
        """Those that share the post's text, the one with the least room left first."""
        sharing = [preview for preview in self.previews if not preview.has_own_text]
        return sorted(sharing, key=lambda preview: (preview.counter.parts > 1, preview.counter.left))

    @property
    def text_findings(self) -> list[Shared]:
        return _shared(
            (preview.account, finding)
            for preview in self.previews
            if not preview.has_own_text
            for finding in preview.about("text")
        )

    @property
    def media_findings(self) -> list[Shared]:
        return _shared(
            (preview.account, finding) for preview in self.previews for finding in preview.about("media")
        )

    @property
    def account_findings(self) -> list[Shared]:
        return _shared(
            (preview.account, finding) for preview in self.previews for finding in preview.about("account")
        )

    @property
    def note(self) -> str:
        """What is odd about the chosen time."""
        moment = self.form.moment
        if moment and moment.at < now() - GRACE:
            return _("This time is in the past.")
        return moment.note if moment else ""

    @property
    def publish_label(self) -> str:
        count = len(self.previews)
        if not count:
            return _("Publish now")
        return ngettext("Publish %(count)d post now", "Publish %(count)d posts now", count) % {"count": count}

    @property
    def schedule_label(self) -> str:
        """What the button will do: “Schedule 3 posts for Tue 09:00”."""
        count, moment = len(self.previews), self._content.scheduled_at
        if not moment:
            return _("Schedule")
        zone = ZoneInfo(self._content.timezone)
        return ngettext(
            "Schedule %(count)d post for %(when)s", "Schedule %(count)d posts for %(when)s", count
        ) % {"count": count, "when": short_time(moment, zone)}


def _shared(found: Iterable[tuple[Account, Finding]]) -> list[Shared]:
    """The same sentence once, errors first."""
    accounts: dict[tuple[str, str], list[Account]] = {}
    findings: dict[tuple[str, str], Finding] = {}
    for account, finding in found:
        key = (finding.code, finding.message)
        findings.setdefault(key, finding)
        accounts.setdefault(key, []).append(account)
    ordered = sorted(findings, key=lambda key: findings[key].severity != "error")
    return [Shared(findings[key], tuple(accounts[key])) for key in ordered]


def _stored_input(form: PostForm) -> PostInput:
    """The form as it opens."""
    initial = form.initial
    post = form.post
    return PostInput(
        text=initial.get("text", ""),
        targets=[share.stored_target() for share in form.chosen_shares],
        media=[picture.row for picture in form.pictures],
        timezone=initial["timezone"],
        campaign=form.opening_campaign,
        scheduled_at=post.scheduled_at if post else None,
    )
