"""What posts on Mastodon-like servers may be: kinds, options, and what their servers' own limits change."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, cast

from platforms.content import Draft, Json
from platforms.languages import LANGUAGES
from platforms.options import Option
from platforms.rules import Finding, Images, Kind, Rules, Text, Videos
from platforms.text import mastodon_length, mentions

TEXT = Text(500, count=mastodon_length)
MOST_PARTS = 100
POST = Rules(
    text=TEXT,
    images=Images(
        at_most=4,
        formats=("image/jpeg", "image/png", "image/gif", "image/webp"),
        max_bytes=16_777_216,
        max_pixels=33_177_600,
        alt_text=1500,
    ),
    thread_at_most=MOST_PARTS,
)
VIDEO = Rules(
    text=TEXT,
    videos=Videos(
        max_bytes=103_809_024,
        max_side=2880,  # 8,294,400 pixels a frame, whatever its shape
        fps=(1.0, 120.0),
        alt_text=1500,
    ),
    thread_at_most=MOST_PARTS,
    media_at_least=1,
)
POLL = Rules(text=TEXT, thread_at_most=MOST_PARTS)
KINDS = (
    Kind("poll", "Poll", POLL, option="poll_options", help="A question with two to four answers."),
    Kind("post", "Post", POST),
    Kind("video", "Video", VIDEO),
)

ACCOUNT_DECIDES = ("", "As set on the account")
DURATIONS = (
    ("300", "5 minutes"),
    ("1800", "30 minutes"),
    ("3600", "1 hour"),
    ("21600", "6 hours"),
    ("43200", "12 hours"),
    ("86400", "1 day"),
    ("259200", "3 days"),
    ("604800", "7 days"),
    ("1209600", "14 days"),
    ("2592000", "30 days"),
)
OPTIONS = (
    Option(
        "visibility",
        "Who sees it",
        "choice",
        choices=(
            ACCOUNT_DECIDES,
            ("public", "Everyone"),
            ("unlisted", "Everyone, but not in public timelines"),
            ("private", "Followers only"),
            ("direct", "Only people mentioned"),
        ),
        help="The later posts of a public thread stay out of public timelines.",
    ),
    Option(
        "spoiler_text",
        "Content warning",
        "text",
        max_length=500,
        help="Shown instead of the text until somebody opens it; counts towards the length.",
    ),
    Option("sensitive", "Hide the pictures until pressed", "flag", default=False),
    Option(
        "language",
        "Language",
        "choice",
        choices=(ACCOUNT_DECIDES, *LANGUAGES),
        help="Readers filter and translate by it.",
    ),
    Option(
        "poll_options",
        "Poll: the answers",
        "list",
        least=2,
        most=4,
        max_length=50,
        help="One answer per line; the text is the question. A poll goes without pictures and videos.",
        example=["Rye", "Spelt"],
    ),
    Option(
        "poll_duration",
        "Poll: open for",
        "choice",
        default="86400",
        choices=DURATIONS,
        kinds=("poll",),
        shown_with="poll_options",
    ),
    Option(
        "poll_multiple",
        "Poll: several answers may be chosen",
        "flag",
        default=False,
        kinds=("poll",),
        shown_with="poll_options",
    ),
    Option(
        "poll_hide_totals",
        "Poll: show the votes only when it is over",
        "flag",
        default=False,
        kinds=("poll",),
        shown_with="poll_options",
    ),
    Option(
        "quote",
        "Quote a post",
        "url",
        kinds=("post",),
        help="Its address, on whatever server it is. A quote goes without pictures, videos and polls.",
        example="https://rivers.example/@inga/117020582917124092",
    ),
    Option(
        "quote_policy",
        "Who may quote it",
        "choice",
        choices=(
            ACCOUNT_DECIDES,
            ("public", "Everyone"),
            ("followers", "Followers only"),
            ("nobody", "Nobody"),
        ),
    ),
)


def limited(rules: Rules, limits: Mapping[str, Json]) -> Rules:
    """Rules with a server's own numbers."""
    rules = rules.with_limits(
        text=cast(int | None, limits.get("text")),
        images=_own(limits, "images") if rules.images.at_most else None,
        videos=_own(limits, "videos") if rules.videos.at_most else None,
    )
    if "url_length" in limits:
        count = partial(mastodon_length, url_length=cast(int, limits["url_length"]))
        rules = replace(rules, text=replace(rules.text, count=count))
    return replace(rules, media_at_least=1) if limits.get("needs_media") and rules.accepts else rules


def _own(limits: Mapping[str, Json], kind: str) -> dict[str, Any]:
    own = cast(Mapping[str, Json], limits.get(kind) or {})
    return {name: tuple(value) if isinstance(value, list) else value for name, value in own.items()}


def options_for(limits: Mapping[str, Json]) -> tuple[Option, ...]:
    """The options, with what a server allows a poll."""
    polls = polls_of(limits)

    def own(option: Option) -> Option:
        if option.name != "poll_options":
            return option
        most, longest = (
            polls.get("options", option.most),
            polls.get("characters", option.max_length),
        )
        return replace(option, most=most, max_length=longest)

    return tuple(own(option) for option in OPTIONS)


def polls_of(limits: Mapping[str, Json]) -> Mapping[str, int]:
    return cast(Mapping[str, int], limits.get("polls") or {})


def check_options(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    """What does not go together, or not on this server."""
    unavailable = cast(Mapping[str, str], limits.get("unavailable") or {})
    for name, why in unavailable.items():
        if draft.options.get(name):
            yield Finding("not_on_this_server", f"{why} Leave it empty.", f"options.{name}")
    answers = draft.items("poll_options")
    if answers:
        yield from _check_poll(draft, answers, polls_of(limits))
    if draft.option("quote") and (answers or draft.media):
        message = "A quote goes without pictures, videos and polls here; take out one of the two."
        yield Finding("quote_alone", message, "options.quote")
    if len(draft.media) > 1 and any(file.content_type == "image/gif" for file in draft.media):
        message = "An animated GIF goes alone into a post here; keep only it, or take it out."
        yield Finding("gif_alone", message, "media", "warning")
    if draft.option("visibility") == "direct" and not any(mentions(part.text) for part in draft.parts):
        message = "Only people mentioned would see this, and nobody is mentioned. Mention somebody."
        yield Finding("nobody_mentioned", message, severity="warning")


def _check_poll(draft: Draft, answers: list[str], polls: Mapping[str, int]) -> Iterator[Finding]:
    if draft.media:
        message = "A poll goes without pictures and videos here; take out one of the two."
        yield Finding("poll_with_media", message, "options.poll_options")
    if len({answer.strip() for answer in answers}) < len(answers):
        message = "Two answers of the poll are the same; change one."
        yield Finding("poll_duplicate", message, "options.poll_options")
    seconds = poll_seconds(draft)
    if not polls.get("least", 300) <= seconds <= polls.get("most", 2_629_746):
        message = "This server does not keep a poll open for that long or that short; choose another time."
        yield Finding("poll_duration", message, "options.poll_duration")


def poll_seconds(draft: Draft) -> int:
    """How long the poll is open."""
    return int(draft.option("poll_duration") or "86400")
