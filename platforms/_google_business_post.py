"""A draft as Google's business profiles want to be told of it: rules, options, and the local post."""

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from platforms.content import Draft, Json
from platforms.languages import LANGUAGES
from platforms.options import Option
from platforms.rules import Finding, Images, Kind, Rules, Text
from platforms.text import entities

LEAST_BYTES = 10_240
TIMED = ("event", "offer")
TOPICS = {"update": "STANDARD", "event": "EVENT", "offer": "OFFER"}
BUTTONS = (
    ("", "None"),
    ("BOOK", "Book"),
    ("ORDER", "Order online"),
    ("SHOP", "Buy"),
    ("LEARN_MORE", "Learn more"),
    ("SIGN_UP", "Sign up"),
    ("CALL", "Call now"),
)
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
WESTERNMOST = timedelta(hours=12)  # there it is as much earlier than in UTC
DATE = r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}"
PHONE = re.compile(rf"(?<![\w/.:-])(?!{DATE})(?:\+|0|\()[\d(][\d ()/-]{{6,}}\d(?![\w:])")

RULES = Rules(
    text=Text(1500, count=len),
    images=Images(at_most=1, max_bytes=5_000_000, alt_text=0, min_width=400, min_height=300),
)
KINDS = (
    Kind("update", "Update", RULES, help="One picture at most, best 1200×900 (4:3)."),
    Kind("event", "Event", RULES, by_choice=True, help="With a title, a beginning and an end."),
    Kind("offer", "Offer", RULES, by_choice=True, help="With a title, a time, and what it takes to get it."),
)
OPTIONS = (
    Option(
        "kind",
        "Kind of post",
        "choice",
        default="update",
        choices=tuple((kind.name, kind.label) for kind in KINDS),
    ),
    Option("event_title", "Title", "text", max_length=58, required=True, kinds=TIMED, example="Rye week"),
    Option(
        "starts", "Begins", "moment", required=True, kinds=TIMED, help="By the clock where the business is."
    ),
    Option("ends", "Ends", "moment", required=True, kinds=TIMED, example="2039-12-24T18:30"),
    Option(
        "repeat",
        "Repeats",
        "choice",
        choices=(("", "Never"), ("daily", "Every day"), ("weekly", "Every week"), ("monthly", "Every month")),
        kinds=("event",),
        help="On the weekday, or the day of the month, on which it begins.",
        example="weekly",
    ),
    Option(
        "repeat_until",
        "Repeats until",
        "moment",
        required=True,
        kinds=("event",),
        shown_with="repeat",
        example="2040-12-24T18:30",
    ),
    Option("coupon", "Coupon code", "text", max_length=58, kinds=("offer",), example="ROGGEN10"),
    Option(
        "redeem_url",
        "Where to redeem it online",
        "url",
        kinds=("offer",),
        example="https://bread.example/rye",
        is_pressed=True,
    ),
    Option("terms", "Terms", "lines", max_length=5000, kinds=("offer",), example="While the oven is warm."),
    Option(
        "button",
        "Button",
        "choice",
        choices=BUTTONS,
        kinds=("update", "event"),
        help="Links in the text cannot be pressed. “Call now” dials the profile's phone number.",
        example="LEARN_MORE",
    ),
    Option(
        "button_url",
        "Where the button leads",
        "url",
        kinds=("update", "event"),
        shown_with="button",
        help="Without one, the first link of the text is taken, else the profile's website.",
        example="https://bread.example/menu",
        is_pressed=True,
    ),
    Option(
        "language",
        "Language of the post",
        "choice",
        choices=(("", "The profile's own"), *LANGUAGES),
        example="de",
    ),
)


def body_of(draft: Draft, limits: Mapping[str, Json]) -> dict[str, Json]:
    """The local post that a draft becomes on a profile."""
    body: dict[str, Json] = {"topicType": TOPICS.get(draft.kind, "STANDARD"), "summary": draft.text.strip()}
    if chosen := draft.option("language") or limits.get("language"):
        body["languageCode"] = chosen
    if draft.kind in TIMED:
        body["event"] = event_of(draft)
    if draft.kind == "offer":
        named = {"couponCode": "coupon", "redeemOnlineUrl": "redeem_url", "termsConditions": "terms"}
        body["offer"] = {
            theirs: draft.option(ours).strip() for theirs, ours in named.items() if draft.option(ours)
        }
    elif button := draft.option("button"):
        address: dict[str, Json] = {"url": address_of(draft, limits)} if button != "CALL" else {}
        body["callToAction"] = {"actionType": button, **address}
    if draft.media:
        body["media"] = [{"mediaFormat": "PHOTO", "sourceUrl": file.url} for file in draft.media]
    return body


def address_of(draft: Draft, limits: Mapping[str, Json]) -> str:
    """Where the button leads: the chosen address, else the first link of the text, else the website."""
    found = (entity.value for entity in entities(draft.text) if entity.kind == "link")
    return draft.option("button_url").strip() or next(found, str(limits.get("website") or ""))


def event_of(draft: Draft) -> dict[str, Json]:
    """Title and schedule. The times have no zone: they are those of the place."""
    event: dict[str, Json] = {"title": draft.option("event_title").strip()}
    starts, ends = moment_of(draft, "starts"), moment_of(draft, "ends")
    if starts and ends:
        event["schedule"] = {
            "startDate": date_of(starts),
            "startTime": time_of(starts),
            "endDate": date_of(ends),
            "endTime": time_of(ends),
        }
    if starts and draft.kind == "event" and draft.option("repeat"):
        event["recurrenceInfo"] = recurrence_of(draft, starts)
    return event


def recurrence_of(draft: Draft, starts: datetime) -> dict[str, Json]:
    patterns: dict[str, dict[str, Json]] = {
        "daily": {"dailyPattern": {}},
        "weekly": {"weeklyPattern": {"daysOfWeek": [DAYS[starts.weekday()]]}},
        "monthly": {"monthlyPattern": {"dayOfMonth": starts.day}},
    }
    until = moment_of(draft, "repeat_until")
    # Unverified: Google prints the name of this field and not its form; its other “…Time” are RFC 3339.
    end: dict[str, Json] = {"seriesEndTime": until.strftime("%Y-%m-%dT%H:%M:%SZ")} if until else {}
    return {**end, **patterns.get(draft.option("repeat"), {})}


def moment_of(draft: Draft, name: str) -> datetime | None:
    """A chosen wall time, None where there is none that can be read."""
    try:
        return datetime.fromisoformat(draft.option(name)).replace(tzinfo=None)
    except ValueError:
        return None


def date_of(moment: datetime) -> dict[str, Json]:
    return {"year": moment.year, "month": moment.month, "day": moment.day}


def time_of(moment: datetime) -> dict[str, Json]:
    return {"hours": moment.hour, "minutes": moment.minute, "seconds": 0, "nanos": 0}


# --- what stands ---


def bare(value: Any) -> Any:
    """A value as Google gives it back: without what is zero or empty."""
    if isinstance(value, dict):
        inner = {name: bare(held) for name, held in value.items()}
        return {name: held for name, held in inner.items() if held not in (0, "", None, {}, [])}
    return [bare(held) for held in value] if isinstance(value, list) else value


def is_same(post: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Whether a post that stands is the one that was to be made."""
    return likeness(post) == likeness(wanted)


def likeness(post: Mapping[str, Any]) -> tuple[object, ...]:
    """All that Google gives back as it was told: words, kind, button, and the event's title and times."""
    event = bare(post.get("event") or {})
    return (
        str(post.get("summary") or "").split(),
        post.get("topicType"),
        (post.get("callToAction") or {}).get("url"),
        event.get("title"),
        event.get("schedule"),
    )


def changed(standing: Mapping[str, Any], wanted: Mapping[str, Json]) -> list[str]:
    """The fields in which a post that stands differs from what it shall be."""
    fields = [
        field
        for field in ("summary", "event", "offer", "callToAction")
        if bare(standing.get(field) or "") != bare(wanted.get(field) or "")
    ]
    if wanted.get("languageCode", standing.get("languageCode")) != standing.get("languageCode"):
        fields.append("languageCode")
    # A picture that stands cannot be told from another one, so one that is wanted is sent again.
    if wanted.get("media") or standing.get("media"):
        fields.append("media")
    return fields


# --- the preflight ---


def check_post(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    """What Google refuses beside counts and lengths, and what it does not do."""
    for file in draft.media:
        if file.size < LEAST_BYTES:
            message = f"“{file.name}” has less than 10 KB. Use a larger picture."
            yield Finding("media_too_few_bytes", message, "media")
        if not file.url:
            message = (
                "Google fetches pictures from a public https address, and this installation has none. "
                "Ask whoever runs it, or post without a picture."
            )
            yield Finding("media_unreachable", message, "media")
    if PHONE.search(draft.text):
        message = (
            "Google may reject a post with a phone number in its text. Use the button “Call now” instead."
        )
        yield Finding("phone_number", message, severity="warning")
    if draft.kind in TIMED:
        yield from check_times(draft)
    if draft.kind != "offer":
        yield from check_button(draft, limits)


def check_button(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    button = draft.option("button")
    if button == "CALL":
        if limits.get("has_phone") is False:
            message = "The profile has no phone number to call. Add one at business.google.com."
            yield Finding("phone_missing", message, "options.button", "warning")
        if draft.option("button_url"):
            message = "“Call now” dials the profile's phone number; the address is left out."
            yield Finding("address_unused", message, "options.button_url", "warning")
    elif button and not address_of(draft, limits):
        message = "The button needs an address to lead to. Fill it in, or put a link into the text."
        yield Finding("option_required", message, "options.button_url")


def check_times(draft: Draft) -> Iterator[Finding]:
    starts, ends = moment_of(draft, "starts"), moment_of(draft, "ends")
    if starts and ends and ends <= starts:
        yield Finding("times_inverted", "It ends before it begins. Choose a later end.", "options.ends")
    elif ends and ends < datetime.now(UTC).replace(tzinfo=None) - WESTERNMOST:
        yield Finding("time_past", "It is over already. Choose a later end.", "options.ends")
    until = moment_of(draft, "repeat_until") if draft.option("repeat") else None
    if starts and until and until < starts:
        message = "It stops repeating before it begins. Choose a later time."
        yield Finding("times_inverted", message, "options.repeat_until")
