"""The composer's form. What stands in it is kept, whatever is wrong with it."""

import uuid
from collections.abc import Iterable, Mapping
from datetime import time
from functools import cached_property
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts import timezones
from accounts.models import Account, Membership
from campaigns.models import Campaign
from publishing.forms.fields import LinesField
from publishing.forms.shares import PictureForm, ShareForm
from publishing.models import Delivery, Media, Post, State
from publishing.preflight import Obstacle
from publishing.validators import LocalTime, local_time
from publishing.writing import PostInput, Target

SKETCHES = frozenset({"autosave", "check"})  # looked at while somebody is still typing


class PostForm(forms.Form):
    """A whole post: text, accounts with their shares, pictures, campaign, and when."""

    key = forms.UUIDField(widget=forms.HiddenInput)
    seen = forms.CharField(
        required=False, widget=forms.HiddenInput
    )  # which state of the post it was made from
    text = LinesField(label=_("Text"))
    accounts = forms.Field(required=False, label=_("Accounts"))
    media = forms.Field(required=False, label=_("Pictures"))  # type: ignore[assignment]  # form.media stays
    campaign = forms.ModelChoiceField(
        Campaign.objects.none(), required=False, label=_("Campaign"), empty_label=_("No campaign")
    )
    date = forms.DateField(
        required=False, label=_("Date"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    time = forms.TimeField(
        required=False, label=_("Time"), widget=forms.TimeInput({"type": "time"}, format="%H:%M")
    )
    timezone = forms.ChoiceField(label=_("Time zone"), widget=forms.Select({"class": "select select--small"}))

    def __init__(
        self,
        member: Membership,
        post: Post | None = None,
        data: QueryDict | None = None,
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        self.member = member
        self.post = post
        self.action = data.get("action", "draft") if data is not None else ""
        self.moment: LocalTime | None = None
        self.is_stale = False
        self.deliveries = {row.account_id: row for row in _deliveries(post)}
        super().__init__(
            data, initial={**self._stored(), **(initial or {})}, auto_id="id_%s", label_suffix=""
        )
        self.fields["campaign"].queryset = self._campaigns()  # type: ignore[attr-defined]
        self.fields["timezone"].choices = self._zones()  # type: ignore[attr-defined]

    def _stored(self) -> dict[str, Any]:
        """What the post says now, as the form says it."""
        post = self.post
        if post is None:
            return {"key": uuid.uuid4(), "timezone": self.member.workspace.timezone}
        local = post.scheduled_at if self.is_draft or self.is_planned else None
        local = local and local.astimezone(ZoneInfo(post.timezone))
        return {
            "key": post.key,
            "seen": post.updated_at.isoformat(),
            "text": post.text,
            "accounts": [
                pk for pk, row in self.deliveries.items() if row.is_editable and row.state != State.CANCELLED
            ],
            "media": [media.pk for media in post.pictures],
            "campaign": post.campaign_id,
            "date": local and local.date(),
            "time": local and local.time().replace(microsecond=0),
            "timezone": post.timezone,
        }

    def _campaigns(self) -> QuerySet[Campaign]:
        """Those that are open, and the one that the post is in; each with what tags its links."""
        rows = Campaign.objects.visible_to(self.member).select_related("workspace")
        return rows.filter(Q(archived_at=None) | Q(pk=self.post.campaign_id if self.post else None))

    @property
    def opening_campaign(self) -> Campaign | None:
        """The campaign that the form opens with."""
        pk = self.initial.get("campaign")
        return self._campaigns().filter(pk=pk).first() if pk else None

    def _zones(self) -> list[Any]:
        """All zones; one that is not offered but stored stays choosable."""
        zones = list(timezones.choices())
        stored = str(self.initial.get("timezone", ""))
        listed = {
            name for zone in zones for name in ([zone[0]] if isinstance(zone[1], str) else dict(zone[1]))
        }
        return zones if stored in listed or not stored else [(stored, stored), *zones]

    # --- what can be chosen, and what is ---

    @cached_property
    def offered_accounts(self) -> list[Account]:
        """The connected accounts, and those the post is for already."""
        rows = Account.objects.visible_to(self.member)
        return list(rows.filter(~Q(state=Account.State.DISCONNECTED) | Q(pk__in=self.deliveries)))

    @property
    def locked_deliveries(self) -> list[Delivery]:
        """What is out or on its way, which this form does not touch."""
        return [row for row in self.deliveries.values() if not row.is_editable]

    @cached_property
    def shares(self) -> list[ShareForm]:
        """One for each account that may still be chosen."""
        locked = {row.account_id for row in self.locked_deliveries}
        return [
            ShareForm(
                account, self.deliveries.get(account.pk), self._bound_data(), self.initial.get("wished")
            )
            for account in self.offered_accounts
            if account.pk not in locked
        ]

    @cached_property
    def chosen_shares(self) -> list[ShareForm]:
        """Those of the accounts that are ticked."""
        return [share for share in self.shares if str(share.account.pk) in self._ticked("accounts")]

    @cached_property
    def pictures(self) -> list[PictureForm]:
        """The pictures in their order, as far as they are there."""
        order = self._ticked("media")
        wanted = [int(pk) for pk in order if pk.isdecimal() and len(pk) < 19]
        found = Media.objects.visible_to(self.member).in_bulk(wanted)
        return [PictureForm(found[pk], self._bound_data()) for pk in wanted if pk in found]

    def _ticked(self, name: str) -> list[str]:
        if self.is_bound:
            values: Iterable[Any] = self.data.getlist(name)  # type: ignore[attr-defined]
        else:
            values = self.initial.get(name, [])
        return list(dict.fromkeys(str(value) for value in values))

    def _bound_data(self) -> QueryDict | None:
        return self.data if self.is_bound else None  # type: ignore[return-value]

    @property
    def is_planned(self) -> bool:
        """Whether something in the post waits for its time."""
        return any(row.state == State.SCHEDULED for row in self.deliveries.values())

    @property
    def is_draft(self) -> bool:
        """Whether nothing in the post has a time yet: then it may be saved while somebody types."""
        return all(row.state in {State.DRAFT, State.CANCELLED} for row in self.deliveries.values())

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to keep yet."""
        return not (self.cleaned_data.get("text", "").strip() or self.pictures)

    # --- checking ---

    def clean(self) -> dict[str, Any]:
        if len(self.chosen_shares) < len(set(self._ticked("accounts")) - self._locked_ids()):
            self.add_error("accounts", _("One of the accounts is not connected any more. Choose again."))
        if len(self.pictures) < len(self._ticked("media")):
            self.add_error("media", _("One of the pictures is not in the library any more."))
        if not all(share.is_valid() for share in self.chosen_shares):
            self.add_error("accounts", _("Look at the options of the accounts below."))
        if not all(picture.is_valid() for picture in self.pictures if picture.is_bound):
            self.add_error("media", _("A description is too long."))
        self._clean_time()
        self._clean_seen()
        return self.cleaned_data

    def _locked_ids(self) -> set[str]:
        return {str(row.account_id) for row in self.locked_deliveries}

    def _clean_time(self) -> None:
        day, clock = self.cleaned_data.get("date"), self.cleaned_data.get("time")
        zone = self.cleaned_data.get("timezone")
        if day and clock and zone:
            try:
                self.moment = local_time(day, clock, ZoneInfo(zone))
            except ValidationError as error:
                self.add_error("time", error)
        elif (day or clock or self.action == "schedule") and not {"date", "time"} & set(self.errors):
            self.add_error("time", _("Choose a date and a time."))

    def _clean_seen(self) -> None:
        """Two people at one post: the later one is told before anything of the earlier one is replaced."""
        post = self.post
        text = self.cleaned_data.get("text", "")
        if post and self.cleaned_data.get("seen") != post.updated_at.isoformat() and text != post.text:
            self.is_stale = True
            raise ValidationError(
                _("This post was changed meanwhile. Save again to replace that, or open it afresh."),
                code="stale",
            )

    @property
    def time_text(self) -> str:
        """The time as a browser's time field takes it; seconds only where there are some."""
        value = self["time"].value()
        if isinstance(value, time):
            return value.strftime("%H:%M:%S" if value.second else "%H:%M")
        return value or ""

    @property
    def seen_state(self) -> str:
        """What the next save names as the state it was made from; who was told may go on."""
        if self.post and self.is_stale and self.action not in SKETCHES:
            return self.post.updated_at.isoformat()
        return str(self["seen"].value() or "")

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.action in SKETCHES:
            for name in ("date", "time", "accounts", "media"):
                self.errors.pop(name, None)

    @property
    def odd_errors(self) -> list[str]:
        """What is wrong with values that a person does not type."""
        named = [
            str(error) for name in ("key", "timezone", "campaign") for error in self.errors.get(name, [])
        ]
        return [*map(str, self.non_field_errors()), *named]

    @property
    def time_errors(self) -> list[str]:
        """What is wrong with when it shall go out, until the time is looked at again."""
        return [str(error) for name in ("date", "time") for error in self.errors.get(name, [])]

    def place(self, obstacles: Iterable[Obstacle]) -> None:
        """Show what stands in the way of the post as a whole, and beside it what concerns an account."""
        for obstacle in obstacles:
            field = obstacle.finding.field
            self.add_error(field if field in self.fields and not obstacle.account else None, str(obstacle))

    # --- what it says ---

    def post_input(self) -> PostInput:
        """The post as far as the form can be read."""
        cleaned = self.cleaned_data
        return PostInput(
            text=cleaned.get("text", ""),
            targets=[*(share.target() for share in self.chosen_shares), *self._locked_targets()],
            media=[picture.described() for picture in self.pictures],
            timezone=cleaned.get("timezone") or self.member.workspace.timezone,
            campaign=cleaned.get("campaign"),
            scheduled_at=self.moment.at if self.moment else None,
            key=cleaned.get("key") or uuid.uuid4(),
        )

    def _locked_targets(self) -> list[Target]:
        return [Target(row.account, row.text, row.options) for row in self.locked_deliveries]


def _deliveries(post: Post | None) -> list[Delivery]:
    if post is None:
        return []
    rows = post.deliveries.select_related("account").prefetch_related("steps", "deliverymedia_set__media")
    deliveries = list(rows.order_by("pk"))
    for delivery in deliveries:
        delivery.post = post
    return deliveries
