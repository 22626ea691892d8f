"""Texts with formatting as Telegram reads it: HTML, MarkdownV2, Markdown or entities, counted in UTF-16."""

import html
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from platforms.sandbox.telegram_wire import Visit, bad
from platforms.text import utf16_length

Entity = dict[str, Any]
TAGS = {
    "b": "bold", "strong": "bold", "i": "italic", "em": "italic", "u": "underline", "ins": "underline",
    "s": "strikethrough", "strike": "strikethrough", "del": "strikethrough", "tg-spoiler": "spoiler",
    "span": "spoiler", "code": "code", "pre": "pre", "a": "text_link", "blockquote": "blockquote",
    "tg-emoji": "custom_emoji",
}  # fmt: skip
KINDS = {
    *TAGS.values(), "text_mention", "expandable_blockquote", "mention", "hashtag", "cashtag", "bot_command",
    "url", "email", "phone_number", "date_time",
}  # fmt: skip
RESERVED = set("_*[]()~`>#+-=|{}.!")
MARKS = (("__", "underline"), ("||", "spoiler"), ("*", "bold"), ("_", "italic"), ("~", "strikethrough"))
LEGACY_MARKS = (("*", "bold"), ("_", "italic"))
AUTOMATIC = re.compile(
    r"(?P<url>https?://\S+?(?=[.,;:!?)]*(?:\s|$)))|(?P<mention>(?<!\w)@[A-Za-z]\w{3,31})"
    r"|(?P<hashtag>(?<!\w)#\w+)|(?P<bot_command>(?<![\w/])/[a-zA-Z0-9_]{1,64}(?:@\w+)?)"
)


@dataclass
class Formatted:
    """A text and its entities."""

    text: str = ""
    entities: list[Entity] = field(default_factory=list)

    def begin(self) -> int:
        return utf16_length(self.text)

    def mark(self, kind: str, start: int, **extra: Any) -> None:
        length = self.begin() - start
        if length:
            self.entities.append({"offset": start, "length": length, "type": kind, **extra})


def read(visit: Visit, name: str = "text", entities: str = "entities") -> Formatted:
    """What a call says in one of its texts, trimmed, with what Telegram finds by itself."""
    return formatted(visit.text(name), visit.text("parse_mode"), visit.parsed(entities, list))


def formatted(text: str, mode: str = "", entities: list[Entity] | None = None) -> Formatted:
    match mode.lower():
        case "html":
            made = _html(text)
        case "markdownv2":
            made = _markdown(text, MARKS)
        case "markdown":
            made = _markdown(text, LEGACY_MARKS)
        case "":
            made = Formatted(text, list(_checked(entities or [], text)))
        case _:
            raise bad("unsupported parse_mode")
    return _with_automatic(_trimmed(made))


def _checked(entities: list[Entity], text: str) -> Iterator[Entity]:
    end = utf16_length(text)
    for entity in entities:
        kind, offset, length = entity.get("type"), entity.get("offset"), entity.get("length")
        if kind not in KINDS:
            raise bad("can't parse entities: unsupported type of entity")
        if not isinstance(offset, int) or not isinstance(length, int) or offset < 0 or length <= 0:
            raise bad("can't parse entities: receive an entity with incorrect offset or length")
        if offset + length > end:
            raise bad("can't parse entities: an entity ends after the text")
        if kind == "text_link" and not str(entity.get("url", "")).startswith(("http", "tg:", "mailto:")):
            raise bad("can't parse entities: an entity has no URL")
        yield entity


def _trimmed(made: Formatted) -> Formatted:
    """Without the white space around, which Telegram takes away."""
    cut = utf16_length(made.text) - utf16_length(made.text.lstrip())
    text = made.text.strip()
    entities = []
    for entity in made.entities:
        start = max(entity["offset"] - cut, 0)
        end = min(entity["offset"] + entity["length"] - cut, utf16_length(text))
        if end > start:
            entities.append({**entity, "offset": start, "length": end - start})
    return Formatted(text, entities)


def _with_automatic(made: Formatted) -> Formatted:
    taken = [
        range(entity["offset"], entity["offset"] + entity["length"])
        for entity in made.entities
        if entity["type"] in {"code", "pre", "text_link", "text_mention"}
    ]
    for found in AUTOMATIC.finditer(made.text):
        start = utf16_length(made.text[: found.start()])
        if found.lastgroup and not any(start in stretch for stretch in taken):
            length = utf16_length(found[0])
            made.entities.append({"offset": start, "length": length, "type": found.lastgroup})
    made.entities.sort(key=lambda entity: (entity["offset"], -entity["length"]))
    return made


# --- HTML ---


def _html(text: str) -> Formatted:
    made, position = Formatted(), 0
    opened: list[tuple[str, int, dict[str, Any]]] = []
    for tag in re.finditer(r"<(/?)([a-zA-Z-]*)([^<>]*)>", text):
        _plain_html(made, text, position, tag.start())
        position, at = tag.end(), len(text[: tag.start()].encode())
        closing, name = bool(tag[1]), tag[2].lower()
        if not closing:
            if name not in TAGS:
                raise bad(f'can\'t parse entities: Unsupported start tag "{name}" at byte offset {at}')
            opened.append((name, made.begin(), _attributes(name, tag[3])))
            continue
        if not opened:
            raise bad(f"can't parse entities: Unexpected end tag at byte offset {at}")
        expected, start, extra = opened.pop()
        if name and name != expected:
            raise bad(
                f"can't parse entities: Unmatched end tag at byte offset {at}, expected "
                f'"</{expected}>", found "</{name}>"'
            )
        made.mark(TAGS[expected], start, **extra)
    _plain_html(made, text, position, len(text))
    if opened:
        raise bad(f"can't parse entities: Can't find end tag corresponding to start tag \"{opened[-1][0]}\"")
    return made


def _plain_html(made: Formatted, text: str, start: int, end: int) -> None:
    piece = text[start:end]
    if "<" in piece:
        at = len(text[: start + piece.index("<")].encode())
        raise bad(f"can't parse entities: Unclosed start tag at byte offset {at}")
    made.text += html.unescape(piece)


def _attributes(name: str, written: str) -> dict[str, Any]:
    found = dict(re.findall(r"""([\w-]+)\s*=\s*["']([^"']*)["']""", written))
    if name == "a" and "href" in found:
        return {"url": html.unescape(found["href"])}
    if name == "tg-emoji":
        return {"custom_emoji_id": found.get("emoji-id", "")}
    if name == "code" and found.get("class", "").startswith("language-"):
        return {"language": found["class"].removeprefix("language-")}
    return {}


# --- Markdown ---


def _markdown(text: str, marks: tuple[tuple[str, str], ...]) -> Formatted:
    return _Markdown(text, marks).read()


class _Markdown:
    def __init__(self, text: str, marks: tuple[tuple[str, str], ...]) -> None:
        self.text, self.marks = text, marks
        self.is_strict = marks is MARKS
        self.made = Formatted()
        self.at = 0
        self.opened: list[tuple[str, str, int]] = []

    def read(self) -> Formatted:
        while self.at < len(self.text):
            if not (self._escaped() or self._code() or self._marked() or self._link()):
                self._plain()
        if self.opened:
            raise self._no_end(self.opened[-1][1])
        return self.made

    def _no_end(self, kind: str) -> Exception:
        at = len(self.text[: self.at].encode())
        return bad(f"can't parse entities: Can't find end of {kind.capitalize()} entity at byte offset {at}")

    def _escaped(self) -> bool:
        following = self.text[self.at + 1 : self.at + 2]
        if self.text[self.at] != "\\" or not following or ord(following) > 126:
            return False
        self.made.text += following
        self.at += 2
        return True

    def _code(self) -> bool:
        fence = next((f for f in ("```", "`") if self.text.startswith(f, self.at)), "")
        if not fence:
            return False
        end = self.text.find(fence, self.at + len(fence))
        if end < 0:
            raise self._no_end("pre" if fence == "```" else "code")
        inner, extra = self.text[self.at + len(fence) : end], {}
        if fence == "```" and (language := re.match(r"([\w-]+)\n", inner)):
            inner, extra = inner[language.end() :], {"language": language[1]}
        start = self.made.begin()
        self.made.text += re.sub(r"\\(.)", r"\1", inner)
        self.made.mark("pre" if fence == "```" else "code", start, **extra)
        self.at = end + len(fence)
        return True

    def _marked(self) -> bool:
        found = next(((m, k) for m, k in self.marks if self.text.startswith(m, self.at)), None)
        if found is None:
            return False
        mark, kind = found
        if self.opened and self.opened[-1][0] == mark:
            self.made.mark(kind, self.opened.pop()[2])
        else:
            self.opened.append((mark, kind, self.made.begin()))
        self.at += len(mark)
        return True

    def _link(self) -> bool:
        found = re.compile(r"\[((?:\\.|[^\]\\])+)\]\(((?:\\.|[^)\\])+)\)").match(self.text, self.at)
        if not found:
            return False
        inner = _Markdown(found[1], self.marks).read()
        start = self.made.begin()
        self.made.text += inner.text
        shifted = [{**entity, "offset": entity["offset"] + start} for entity in inner.entities]
        self.made.entities += shifted
        self.made.mark("text_link", start, url=re.sub(r"\\(.)", r"\1", found[2]))
        self.at = found.end()
        return True

    def _plain(self) -> None:
        character = self.text[self.at]
        if self.is_strict and character in RESERVED:
            raise bad(
                f"can't parse entities: Character '{character}' is reserved and must be escaped with the "
                "preceding '\\'"
            )
        self.made.text += character
        self.at += 1
