"""The helper that is an AI: it asks the model, checks what comes by the networks' rules, counts the cost."""

import base64
from collections.abc import Generator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TypeVar, cast

from django.conf import settings
from django.utils.translation import gettext as _

from accounts.models import Membership
from platforms.errors import PlatformError
from platforms.rules import Images
from publishing import pictures, storage
from publishing.ai import budget, claude, prompting
from publishing.ai.claude import Ask, Meter
from publishing.ai.errors import AiError, Unavailable
from publishing.ai.shortening import shorten
from publishing.ai.values import Again, Change, Delta, Done, Event, Events, Room, Suggestion, Waiting
from publishing.ai.words import as_tag, forbidden_in, hashtags_in, without_repeats
from publishing.ai_rows import AiProfile, AiUse
from publishing.models import Media, Post

T = TypeVar("T")
Task = AiUse.Task
Writing = Generator[Event, None, str]

SMALL_PICTURE = Images(1, formats=("image/jpeg",), max_bytes=1_000_000, max_side=1024)
MOST_TAGS = 8
LOOKED_AT = 200  # of the workspace's posts, for hashtags it has used


@dataclass(frozen=True)
class Tags:
    """What the model answers when it is asked for hashtags."""

    hashtags: list[str]


@dataclass(frozen=True)
class Improvement:
    """One change as the model names it."""

    before: str
    after: str
    why: str


@dataclass(frozen=True)
class Improvements:
    """What the model answers when it is asked to make a text better."""

    changes: list[Improvement]


class Assistant:
    """Claude, speaking in the workspace's voice, on the workspace's budget."""

    def __init__(self, member: Membership, *, use_voice: bool = True) -> None:
        self.member = member
        self.use_voice = use_voice
        self.profile = AiProfile.of(member.workspace)

    # --- what can be asked ---

    def generate(self, brief: str, *, tone: str = "", rooms: Sequence[Room] = ()) -> Events:
        """A post from a brief."""
        wanted = prompting.fenced("tone", tone) if tone else ""
        ask = self._ask(Task.GENERATE, prompting.asked("brief", brief, wanted, rooms=rooms))
        return self._written(ask, rooms)

    def rewrite(self, text: str, room: Room) -> Events:
        """The text so that it fits a network as one post."""
        ask = self._ask(Task.REWRITE, prompting.asked("text", text, rooms=[room]))
        return self._written(ask, [room])

    def draft_reply(self, message: str, *, author: str = "", post_text: str = "", most: int = 0) -> Events:
        """An answer to what somebody wrote; `most` characters where the network limits it."""
        about = [prompting.fenced("author", author)] if author else []
        about += [prompting.fenced("post", post_text)] if post_text else []
        about += [f"At most {most} characters."] if most else []
        ask = self._ask(Task.REPLY, prompting.asked("message", message, *about))
        return self._written(ask, most=most)

    def hashtags(self, text: str, rooms: Sequence[Room] = ()) -> Events:
        """Hashtags for a text that are not in it yet."""
        used = used_hashtags(self.member)[:40]
        ours = prompting.fenced("used_before", " ".join(used)) if used else ""
        ask = self._ask(Task.HASHTAGS, prompting.asked("text", text, ours), settings.AI_MODEL_FAST)
        answer = yield from self._typed(ask, Tags)
        tags = [as_tag(tag.lstrip("#")) for tag in answer.hashtags]
        free = [tag for tag in tags if not forbidden_in(tag, self.profile.forbidden_words)]
        yield Done(tagged(free, text, rooms, ask.model).noting(self._month_note()))

    def optimise(self, text: str, rooms: Sequence[Room] = ()) -> Events:
        """Changes with their reasons; the suggestion's text has all of them."""
        ask = self._ask(Task.OPTIMISE, prompting.asked("text", text, rooms=rooms))
        answer = yield from self._typed(ask, Improvements)
        yield Done(self._improved(text, answer.changes, rooms, ask.model).noting(self._month_note()))

    def alt_text(self, media: Media, most: int = 300) -> Events:
        """What a picture shows, for people who cannot see it."""
        content_type, data = _small(media)
        words = (
            f"At most {min(most, 300)} characters. The file is called: {prompting.fenced('name', media.name)}"
        )
        ask = Ask(
            Task.ALT_TEXT,
            settings.AI_MODEL_FAST,
            prompting.system(Task.ALT_TEXT, self.profile, use_voice=False),
            claude.picture(content_type, data, words),
        )
        return self._written(ask, most=most)

    # --- asking ---

    def _ask(self, task: Task, words: str, model: str = "") -> Ask:
        system = prompting.system(task, self.profile, use_voice=self.use_voice)
        return Ask(task, model or settings.AI_MODEL, system, claude.texts(words))

    def _written(self, ask: Ask, rooms: Sequence[Room] = (), most: int = 0) -> Events:
        """Words as they come; once more where they do not do; then checked."""
        text = yield from self._streamed(ask)
        if faults := self._faults(text, rooms, most):
            yield Again(faults[0])
            with suppress(AiError):  # the first answer is whole, and is offered as far as it does
                text = yield from self._streamed(ask.again(text, prompting.not_yet(faults)))
        yield Done(self._checked(text, rooms, most, ask.model).noting(self._month_note()))

    def _streamed(self, ask: Ask) -> Writing:
        meter = Meter()
        text = yield from self._counted(ask, meter, claude.stream(ask, meter))
        return prompting.unfenced(text).strip()

    def _counted(self, ask: Ask, meter: Meter, answer: Generator[str, None, T]) -> Generator[Event, None, T]:
        """The answer's words as events, its cost set aside before and settled after, however it ends."""
        use = budget.reserve(self.member, ask.task, ask.model, ask.most)
        outcome, detail = AiUse.Outcome.FAILED, ""
        try:
            whole = yield from _events(answer)
            outcome = AiUse.Outcome.DONE
        except AiError as error:
            outcome, detail = error.outcome, error.detail
            raise
        except GeneratorExit:
            outcome = AiUse.Outcome.CANCELLED
            raise
        finally:
            answer.close()
            budget.settle(use, outcome, meter.total, detail)
        return whole

    def _typed(self, ask: Ask, shape: type[T]) -> Generator[Event, None, T]:
        """A typed answer; of its words nothing is shown."""
        meter = Meter()
        answer = self._counted(ask, meter, claude.typed(ask, shape, meter))
        value: T = yield from _silent(answer)
        return value

    # --- checking ---

    def _faults(self, text: str, rooms: Sequence[Room], most: int) -> list[str]:
        """Why an answer does not do, for people and for the model."""
        found = [f"{room.platform.label}: {fault.message}" for room in rooms for fault in room.faults(text)]
        if most and len(text) > most:
            found.append(
                _("It has %(count)d characters; %(most)d at most.") % {"count": len(text), "most": most}
            )
        used = forbidden_in(text, self.profile.forbidden_words)
        return [
            *found,
            *(_("It says “%(word)s”, which is never used here.") % {"word": word} for word in used),
        ]

    def _checked(self, text: str, rooms: Sequence[Room], most: int, model: str) -> Suggestion:
        """What is offered in the end, and what a person should know of it."""

        def fits(candidate: str) -> bool:
            return all(room.fits(candidate) for room in rooms) and not (most and len(candidate) > most)

        offered, notes = text, []
        if not fits(text):
            offered = shorten(text, fits) or text
            notes.append(
                _("It was still too long, so it was cut: read how it ends.")
                if offered != text
                else _("It does not fit yet: make it shorter by hand.")
            )
        used = forbidden_in(offered, self.profile.forbidden_words)
        notes += [
            _("It says “%(word)s”, which is never used here. Replace it.") % {"word": word} for word in used
        ]
        return Suggestion(offered, model, notes=tuple(notes))

    def _improved(
        self, text: str, named: Sequence[Improvement], rooms: Sequence[Room], model: str
    ) -> Suggestion:
        """Only changes that can be made: their passage stands there, and they bring nothing forbidden."""
        changes, better = [], text
        for one in named:
            change = Change(*(prompting.unfenced(part).strip() for part in (one.before, one.after, one.why)))
            is_possible = not change.is_advice and change.before != change.after and change.before in better
            if is_possible and not forbidden_in(change.after, self.profile.forbidden_words):
                changes.append(change)
                better = change.applied(better)
        notes = [_("Nothing to change: it is good as it is.")] if not changes else []
        over = [room.platform.label for room in rooms if not room.fits(better) and room.fits(text)]
        if over:
            networks = ", ".join(dict.fromkeys(over))
            notes.append(_("With all changes it is too long for %(networks)s.") % {"networks": networks})
        return Suggestion(better, model, changes=tuple(changes), notes=tuple(notes))

    def _month_note(self) -> str:
        return budget.month_of(self.member.workspace, self.profile).warning


def _events(answer: Generator[str, None, T]) -> Generator[Event, None, T]:
    """The wire's words as events; returns the whole."""
    while True:
        try:
            piece = next(answer)
        except StopIteration as end:
            return cast(T, end.value)
        yield Delta(piece) if piece else Waiting()


def _silent(events: Generator[Event, None, T]) -> Generator[Event, None, T]:
    """The same answer, of which no words are shown."""
    try:
        while True:
            next(events)
            yield Waiting()
    except StopIteration as end:
        return cast(T, end.value)
    finally:
        events.close()


def _small(media: Media) -> tuple[str, str]:
    """A picture of the medium that is small enough to send: its kind, and its bytes in base64."""
    try:
        if media.kind == "image":
            with storage.opened(media.file.storage, str(media.file.name)) as file:
                content = pictures.fit(cast("IO[bytes]", file), SMALL_PICTURE).content
            return "image/jpeg", base64.b64encode(content).decode()
        with storage.opened(media.thumbnail.storage, str(media.thumbnail.name)) as file:
            return "image/webp", base64.b64encode(file.read()).decode()
    except PlatformError as error:
        raise Unavailable(error.message) from error


def used_hashtags(member: Membership) -> list[str]:
    """Those of the workspace's last posts, the most used first."""
    rows = Post.objects.visible_to(member).filter(text__contains="#").order_by("-pk")
    counts: dict[str, int] = {}
    names: dict[str, str] = {}
    for text in rows.values_list("text", flat=True)[:LOOKED_AT]:
        for tag in hashtags_in(text):
            names.setdefault(tag.lower(), tag)
            counts[tag.lower()] = counts.get(tag.lower(), 0) + 1
    return [names[tag] for tag in sorted(counts, key=lambda tag: -counts[tag])]


def tagged(tags: Sequence[str], text: str, rooms: Sequence[Room], by: str) -> Suggestion:
    """Hashtags as a suggestion: each once, none that the text has, no more than the networks take."""
    allowed = [most for room in rooms if (most := room.rules.text.hashtags) is not None]
    have = len(hashtags_in(text))
    most = max(0, min([MOST_TAGS, *(limit - have for limit in allowed)]))
    kept = tuple(without_repeats(tags, text)[:most])
    notes = () if kept else (_("No hashtag was found that is not in the text already."),)
    if not most:
        notes = (_("The text has as many hashtags as its networks take."),)
    return Suggestion(" ".join(f"#{tag}" for tag in kept), by, hashtags=kept, notes=notes)
