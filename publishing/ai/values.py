"""What goes into a question to the helper, and what comes out: frozen values."""

from collections.abc import Generator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Protocol

from accounts.models import Account
from platforms.base import Platform
from platforms.content import Draft, Json, MediaFile, Part
from platforms.rules import Finding, Rules
from publishing.models import Media

BUILT_IN = "built-in"


@dataclass(frozen=True)
class Room:
    """A network's room for a text: what it allows, and its own check of what was written."""

    platform: type[Platform]
    limits: dict[str, Json] = field(default_factory=dict)
    options: dict[str, Json] = field(default_factory=dict)
    media: tuple[MediaFile, ...] = ()

    @classmethod
    def of(
        cls, account: Account, options: dict[str, Json] | None = None, media: Sequence[MediaFile] = ()
    ) -> "Room":
        return cls(account.platform, dict(account.limits), options or {}, tuple(media))

    @property
    def rules(self) -> Rules:
        return self.platform.rules_with(self.limits, self.options, self.media)

    def faults(self, text: str) -> list[Finding]:
        """What the network would refuse of a text as one post, found by the rules that publishing asks."""
        kind = self.platform.kind_for(self.media, self.options).name
        defaults: dict[str, Json] = {option.name: option.default for option in self.platform.options}
        draft = Draft(
            key="",
            created_at=datetime.now(UTC),
            parts=(Part(text, self.media),),
            options={**defaults, **self.options},
            kind=kind,
        )
        found = self.platform.check(draft, self.limits)
        return [
            one for one in found if one.field == "text" and one.severity == "error" and one.code != "empty"
        ]

    def fits(self, text: str) -> bool:
        return not self.faults(text)

    def __str__(self) -> str:
        text = self.rules.text
        most = "" if text.hashtags is None else f", {text.hashtags} hashtags"
        return f"{self.platform.label}: at most {text.limit} {text.unit}{most}"


@dataclass(frozen=True)
class Change:
    """One improvement and its reason. `before` "": it is added at the end; both "": advice alone."""

    before: str
    after: str
    why: str

    @property
    def is_advice(self) -> bool:
        return not (self.before or self.after)

    def applied(self, text: str) -> str:
        if self.is_advice:
            return text
        if not self.before:
            return f"{text.rstrip()}\n\n{self.after}"
        return text.replace(self.before, self.after, 1)


@dataclass(frozen=True)
class Suggestion:
    """What the helper offers. `by`: the model, or "built-in"; `notes`: what a person should know of it."""

    text: str
    by: str
    hashtags: tuple[str, ...] = ()
    changes: tuple[Change, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def is_ai(self) -> bool:
        return self.by != BUILT_IN

    def noting(self, *notes: str) -> "Suggestion":
        return replace(self, notes=(*self.notes, *(note for note in notes if note)))

    def as_json(self) -> dict[str, Json]:
        return {
            "text": self.text,
            "hashtags": list(self.hashtags),
            "changes": [
                {"before": change.before, "after": change.after, "why": change.why} for change in self.changes
            ],
            "notes": list(self.notes),
            "by": self.by,
            "is_ai": self.is_ai,
        }


@dataclass(frozen=True)
class Waiting:
    """Nothing to show yet."""


@dataclass(frozen=True)
class Delta:
    """A few more words."""

    text: str


@dataclass(frozen=True)
class Again:
    """What was written so far does not do, and why; it is written anew."""

    reason: str


@dataclass(frozen=True)
class Done:
    """The whole of it."""

    suggestion: Suggestion


Event = Waiting | Delta | Again | Done
Events = Generator[Event, None, None]


class Helper(Protocol):
    """Who helps. Each answer is a stream of events that ends with Done, or raises AiError."""

    def generate(self, brief: str, *, tone: str = "", rooms: Sequence[Room] = ()) -> Events: ...

    def rewrite(self, text: str, room: Room) -> Events: ...

    def hashtags(self, text: str, rooms: Sequence[Room] = ()) -> Events: ...

    def optimise(self, text: str, rooms: Sequence[Room] = ()) -> Events: ...

    def alt_text(self, media: Media, most: int = 300) -> Events: ...

    def draft_reply(
        self, message: str, *, author: str = "", post_text: str = "", most: int = 0
    ) -> Events: ...


def whole(events: Events) -> Suggestion:
    """The suggestion at the end of a stream, for whoever does not watch it come."""
    for event in events:
        if isinstance(event, Done):
            return event.suggestion
    raise AssertionError("a stream of events ends with Done or raises")
