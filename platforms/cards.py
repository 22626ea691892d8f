"""Link cards made by us, for networks that make none: what a page says of itself, read through the guard."""

import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from PIL import Image, UnidentifiedImageError

from platforms.errors import PlatformError
from platforms.transport import Answer, Transport

MOST_HOPS = 4
PAGE_BYTES = 2_000_000
PICTURE_BYTES = 10_000_000
THUMBNAIL = (1200, 1200)


@dataclass(frozen=True)
class Card:
    """What a link leads to. `picture` is a JPEG, b'' where the page has none that can be read."""

    url: str
    title: str
    description: str = ""
    picture: bytes = field(default=b"", repr=False)


def card_of(transport: Transport, url: str, *, most_bytes: int = 1_000_000) -> Card | None:
    """The card of a page, None where it cannot be read: a link without a card is still a link."""
    page = _get(transport, url, PAGE_BYTES)
    if page is None or "html" not in page.headers.get("Content-Type", ""):
        return None
    reader = _Reader()
    reader.feed(page.text[:PAGE_BYTES])
    said = reader.said
    title = said.get("og:title") or said.get("twitter:title") or reader.title.strip() or url
    description = said.get("og:description") or said.get("description") or ""
    address = said.get("og:image") or said.get("twitter:image") or ""
    picture = _picture(transport, urljoin(page.url, address), most_bytes) if address else b""
    return Card(url, title[:300], description[:1000], picture)


def _get(transport: Transport, url: str, most_bytes: int) -> Answer | None:
    """A page, following a few redirects; each hop passes the guard anew."""
    for _ in range(MOST_HOPS):
        try:
            answer = transport.request(
                "GET", url, headers={"Accept": "text/html,image/*;q=0.9,*/*;q=0.5"}, most_bytes=most_bytes
            )
        except PlatformError:
            return None
        if answer.status in {301, 302, 303, 307, 308} and answer.headers.get("Location"):
            url = urljoin(url, answer.headers["Location"])
            continue
        return answer if answer.ok else None
    return None


def _picture(transport: Transport, url: str, most_bytes: int) -> bytes:
    answer = _get(transport, url, PICTURE_BYTES)
    if answer is None:
        return b""
    try:
        with Image.open(io.BytesIO(answer.body), formats=("JPEG", "PNG", "WEBP", "GIF")) as image:
            image.thumbnail(THUMBNAIL)
            plain = image.convert("RGB")
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError, SyntaxError):
        return b""
    for quality in (88, 75, 60):
        buffer = io.BytesIO()
        plain.save(buffer, "JPEG", quality=quality)
        if buffer.tell() <= most_bytes:
            return buffer.getvalue()
    return b""


class _Reader(HTMLParser):
    """The title and the `meta` properties of a page; the first of each name counts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.said: dict[str, str] = {}
        self.title = ""
        self._in_title = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "meta":
            self._meta({name: value or "" for name, value in attrs})
        self._in_title = tag == "title" and not self.title

    def handle_endtag(self, tag: str) -> None:
        self._in_title = False

    def handle_data(self, data: str) -> None:
        if self._in_title:
            self.title += data

    def _meta(self, attributes: Mapping[str, str]) -> None:
        name = (attributes.get("property") or attributes.get("name") or "").lower()
        content = attributes.get("content", "").strip()
        if name and content:
            self.said.setdefault(name, content)
