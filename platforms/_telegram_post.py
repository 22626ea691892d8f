"""How a draft becomes messages: what each call says and carries."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from platforms._telegram_text import marked, shown_length
from platforms.content import Draft, Json, MediaFile
from platforms.options import Option
from platforms.rules import Documents, Finding, Images, Kind, Rules, Text, Videos
from platforms.text import utf16_length

MESSAGE = Text(4096, count=shown_length)
CAPTION = Text(1024, count=shown_length)
MOST_PARTS = 20  # what one chat takes in a minute
PICTURES = Images(
    at_most=1,
    formats=("image/jpeg", "image/png", "image/webp"),
    max_bytes=10_000_000,
    max_side=5000,  # both sides together 10,000
    alt_text=0,
    ratio=(1 / 20, 20.0),
)
VIDEOS = Videos(at_most=1, max_bytes=50_000_000, seconds=(0.0, 6 * 3600.0))
DOCUMENTS = Documents(at_most=1, max_bytes=50_000_000, max_pages=100_000)
_BUTTON = re.compile(r"(?P<words>.*?\S)\s*\|\s*(?P<address>(?:https?|tg)://\S+)")
WITH_MEDIA = ("photo", "video", "album", "document", "documents")

KINDS = (
    Kind(
        "poll",
        "Poll",
        Rules(Text(300, count=utf16_length), needs_text=True),
        option="poll_options",
        help="The text is the question.",
    ),
    Kind("text", "Message", Rules(MESSAGE, thread_at_most=MOST_PARTS)),
    Kind("photo", "Photo", Rules(CAPTION, images=PICTURES, media_at_least=1, thread_at_most=MOST_PARTS)),
    Kind("video", "Video", Rules(CAPTION, videos=VIDEOS, media_at_least=1, thread_at_most=MOST_PARTS)),
    Kind(
        "album",
        "Album",
        Rules(
            CAPTION,
            images=replace(PICTURES, at_most=10),
            videos=replace(VIDEOS, at_most=10),
            media_at_least=2,
            media_at_most=10,
            mixed=True,
            thread_at_most=MOST_PARTS,
        ),
    ),
    Kind(
        "document",
        "Document",
        Rules(CAPTION, documents=DOCUMENTS, media_at_least=1, thread_at_most=MOST_PARTS),
    ),
    Kind(
        "documents",
        "Documents",
        Rules(CAPTION, documents=replace(DOCUMENTS, at_most=10), media_at_least=2, thread_at_most=MOST_PARTS),
    ),
)

OPTIONS = (
    Option("silent", "Send without a sound", "flag", default=False),
    Option("protect", "Forbid forwarding and saving", "flag", default=False),
    Option(
        "text_apart",
        "Text as a message of its own",
        "choice",
        choices=(("", "No, under the media"), ("before", "Before the media"), ("after", "After the media")),
        help="It may then be 4,096 characters long instead of 1,024.",
        kinds=WITH_MEDIA,
        example="after",
    ),
    Option("caption_above", "Text above the media", "flag", default=False, kinds=("photo", "video", "album")),
    Option(
        "spoiler", "Cover the media until pressed", "flag", default=False, kinds=("photo", "video", "album")
    ),
    Option(
        "preview",
        "Link preview",
        "choice",
        choices=(
            ("", "As Telegram likes"),
            ("small", "Small picture"),
            ("large", "Large picture"),
            ("above", "Large picture above the text"),
            ("off", "None"),
        ),
        kinds=("text",),
        example="above",
    ),
    Option(
        "preview_url",
        "Preview of another address",
        "url",
        help="Shown instead of the first link in the text.",
        kinds=("text",),
        example="https://example.org/bread",
        is_pressed=True,
    ),
    Option(
        "buttons",
        "Buttons",
        "list",
        most=10,
        max_length=2048,
        help="One a line, below the message: Text | https://...",
        kinds=("text", "photo", "video", "document", "poll"),  # albums have none
        example=["Order online | https://example.org/order"],
    ),
    Option(
        "pin",
        "Pin it",
        "choice",
        choices=(("", "No"), ("silent", "Yes, without a sound"), ("loud", "Yes, and notify everybody")),
        example="silent",
    ),
    Option(
        "topic",
        "Topic",
        "number",
        default=None,
        least=1,
        help="Groups with topics only: the number in the topic's link, t.me/group/7.",
    ),
    Option(
        "poll_options",
        "Answers of a poll",
        "list",
        least=2,
        most=12,
        max_length=100,
        help="One a line; the text becomes the question.",
        example=["Rye", "Spelt"],
    ),
    Option(
        "poll_multiple",
        "Several answers allowed",
        "flag",
        default=False,
        kinds=("poll",),
        shown_with="poll_options",
    ),
    Option(
        "poll_anonymous",
        "Nobody sees who chose what",
        "flag",
        default=True,
        help="Channels have no other polls.",
        kinds=("poll",),
        shown_with="poll_options",
    ),
    Option(
        "poll_correct",
        "Right answer",
        "number",
        default=None,
        least=1,
        most=12,
        help="Its place in the list; makes the poll a quiz.",
        kinds=("poll",),
        shown_with="poll_options",
        example=1,
    ),
    Option(
        "poll_explanation",
        "Explanation",
        "text",
        max_length=200,
        help="Shown to whoever answers the quiz wrongly.",
        kinds=("poll",),
        shown_with="poll_correct",
        example="Rye needs no kneading.",
    ),
    Option(
        "poll_minutes",
        "Minutes until it closes",
        "number",
        default=None,
        least=1,
        most=43_800,
        kinds=("poll",),
        shown_with="poll_options",
        example=60,
    ),
)


@dataclass(frozen=True)
class Sending:
    """One call that makes one message, or an album of several. `said` is its text as people read it."""

    step: str
    method: str
    said: str = ""
    fields: Mapping[str, Json] = field(default_factory=dict)
    common: Mapping[str, Json] = field(default_factory=dict)  # what every way of sending knows
    media: tuple[MediaFile, ...] = ()
    items: tuple[Mapping[str, Json], ...] = ()  # what is said of each medium

    def body(self, files: Sequence[str]) -> dict[str, Json]:
        """The fields of the call; `files` are where the media are: ids, or names of attachments."""
        items = [{**item, "media": file} for item, file in zip(self.items, files, strict=True)]
        if len(items) > 1:
            items[0] |= self.fields
            return {**self.common, "media": cast(Json, items)}
        merged = {**self.common, **self.fields}
        for item in items:
            kind, file = str(item.pop("type")), item.pop("media")
            merged |= {**item, kind: file}
        return merged

    @property
    def edit(self) -> tuple[str, dict[str, Json]]:
        """The call that makes a standing message say the same; ('', {}) where none can."""
        if self.method == "sendPoll":
            return "", {}
        return "editMessageCaption" if self.media else "editMessageText", dict(self.fields)


def sendings(draft: Draft) -> list[Sending]:
    """The calls that a draft becomes, in order."""
    if draft.items("poll_options"):
        return [_poll(draft)]
    pieces = list(_pieces(draft))
    many = len(pieces)
    names = ["post"] if many == 1 else [f"message {number} of {many}" for number in range(1, many + 1)]
    made = [_message(draft, name, *piece) for name, piece in zip(names, pieces, strict=True)]
    place = next((n for n, one in enumerate(made) if one.said), 0)
    if (keyboard := _keyboard(draft)) and len(made[place].media) < 2:
        made[place] = replace(made[place], fields={**made[place].fields, **keyboard})
    return made


def _pieces(draft: Draft) -> Iterator[tuple[str, tuple[MediaFile, ...]]]:
    where = draft.option("text_apart")
    for number, part in enumerate(draft.parts):
        if number or not (where and part.media and part.text.strip()):
            yield part.text, part.media
        elif where == "before":
            yield from ((part.text, ()), ("", part.media))
        else:
            yield from (("", part.media), (part.text, ()))


def _message(draft: Draft, step: str, text: str, media: tuple[MediaFile, ...]) -> Sending:
    shown = marked(text)
    named = ("caption", "caption_entities") if media else ("text", "entities")
    fields: dict[str, Json] = {named[0]: shown.text} if shown.text else {}
    if shown.entities:
        fields[named[1]] = shown.json
    if not media:
        return Sending(step, "sendMessage", shown.text, {**fields, **_preview(draft)}, _common(draft))
    items = tuple(_item(draft, file) for file in media)
    if draft.flag("caption_above") and items[0]["type"] != "document":
        fields["show_caption_above_media"] = True
    kind = str(items[0]["type"])
    method = "sendMediaGroup" if len(media) > 1 else f"send{kind.capitalize()}"
    return Sending(step, method, shown.text, fields, _common(draft), media, items)


def _item(draft: Draft, file: MediaFile) -> dict[str, Json]:
    if file.kind == "document":
        return {"type": "document"}
    item: dict[str, Json] = {"type": "photo" if file.kind == "image" else "video"}
    if file.kind == "video":
        item |= {"width": file.width, "height": file.height, "duration": round(file.seconds)}
        item["supports_streaming"] = True
    if draft.flag("spoiler"):
        item["has_spoiler"] = True
    return item


def _poll(draft: Draft) -> Sending:
    fields: dict[str, Json] = {
        "question": draft.text.strip(),
        "options": [{"text": answer} for answer in draft.items("poll_options")],
        "is_anonymous": draft.options.get("poll_anonymous") is not False,
    }
    if draft.flag("poll_multiple"):
        fields["allows_multiple_answers"] = True
    if right := draft.number("poll_correct"):
        fields |= {"type": "quiz", "correct_option_ids": [right - 1]}
        if draft.option("poll_explanation"):
            fields["explanation"] = draft.option("poll_explanation")
    if minutes := draft.number("poll_minutes"):
        fields["open_period"] = minutes * 60
    return Sending("post", "sendPoll", draft.text.strip(), {**fields, **_keyboard(draft)}, _common(draft))


def _common(draft: Draft) -> dict[str, Json]:
    common: dict[str, Json] = {}
    if draft.flag("silent"):
        common["disable_notification"] = True
    if draft.flag("protect"):
        common["protect_content"] = True
    if topic := draft.number("topic"):
        common["message_thread_id"] = topic
    return common


def _preview(draft: Draft) -> dict[str, Json]:
    ways: dict[str, dict[str, Json]] = {
        "": {},
        "small": {"prefer_small_media": True},
        "large": {"prefer_large_media": True},
        "above": {"prefer_large_media": True, "show_above_text": True},
        "off": {"is_disabled": True},
    }
    chosen = dict(ways.get(draft.option("preview"), {}))
    if draft.option("preview_url") and "is_disabled" not in chosen:
        chosen["url"] = draft.option("preview_url")
    return {"link_preview_options": chosen} if chosen else {}


def _keyboard(draft: Draft) -> dict[str, Json]:
    rows: list[Json] = []
    for line in draft.items("buttons"):
        text, url = button(line)
        rows.append([{"text": text, "url": url}])
    return {"reply_markup": {"inline_keyboard": rows}} if rows else {}


def button(line: str) -> tuple[str, str]:
    """The words and the address of a button that was written as "Words | https://..."."""
    found = _BUTTON.fullmatch(line.strip())
    return (found["words"], found["address"]) if found else ("", "")


def findings(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    """What is wrong with a draft beyond its lengths and numbers."""
    yield from _button_findings(draft)
    if draft.items("poll_options"):
        yield from _poll_findings(draft, limits)
    if draft.number("topic") and not limits.get("is_forum"):
        message = "This chat has no topics. Leave the topic empty."
        yield Finding("topic_impossible", message, "options.topic")
    for number, part in enumerate(draft.parts, 1):
        if draft.kind != "poll" and part.text.strip() and not part.media and not marked(part.text).text:
            yield Finding("empty", "Nothing is left of this text without its marks.", part=number)


def _button_findings(draft: Draft) -> Iterator[Finding]:
    for line in draft.items("buttons"):
        if not button(line)[0]:
            message = f"“{line[:40]}” is no button. Write: Text | https://..."
            yield Finding("button_invalid", message, "options.buttons")
    if draft.items("buttons") and len(draft.media) > 1 and not draft.option("text_apart"):
        message = "Telegram shows no buttons under an album. Send the text as a message of its own."
        yield Finding("buttons_impossible", message, "options.buttons")


def _poll_findings(draft: Draft, limits: Mapping[str, Json]) -> Iterator[Finding]:
    answers, right = draft.items("poll_options"), draft.number("poll_correct")
    if any(part.media for part in draft.parts):
        message = "A poll carries no media. Take them out, or take out the answers."
        yield Finding("poll_media", message, "media")
    if len(set(answers)) < len(answers):
        yield Finding("poll_answers_equal", "Two answers are the same. Change one.", "options.poll_options")
    if draft.options.get("poll_anonymous") is False and limits.get("type") == "channel":
        message = "Polls in a channel are anonymous. Switch it on."
        yield Finding("poll_not_anonymous", message, "options.poll_anonymous")
    if right and right > len(answers):
        message = f"There is no answer {right}. Choose 1 to {len(answers)}."
        yield Finding("poll_correct", message, "options.poll_correct")
