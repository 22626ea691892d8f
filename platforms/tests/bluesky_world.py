"""What the tests of Bluesky share: a client pointed at a server, sign-in, drafts, and a ledger that dies."""

import io
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from PIL import Image
from pytest_django.live_server_helper import LiveServer

from platforms.base import Connection
from platforms.bluesky import Bluesky
from platforms.content import App, Authorization, Draft, Json, MediaFile, Part, Published, RateLimit, Token
from platforms.errors import NotReady
from platforms.ledger import Find, MemoryLedger
from platforms.sandbox.bluesky import APP_PASSWORD, people
from platforms.transport import Transport

REDIRECT = "http://127.0.0.1:8000/accounts/bluesky/callback/"


def home(live_server: LiveServer) -> str:
    """The twin with its people; where it stands."""
    people()
    return f"{live_server.url}/sandbox/bluesky"


def client(
    server: str,
    token: Token | None = None,
    *,
    registry: str = "",
    redirect_uri: str = REDIRECT,
    client_secret: str = "",
    video_service: str = "",
    also_reaches: str = "",
    observe: Callable[[RateLimit], None] = lambda _: None,
) -> Bluesky:
    """A client of ours whose network is the one at `server` (and the registry, where that is another)."""
    app = App(
        client_id="",
        client_secret=client_secret,
        redirect_uri=redirect_uri,
        api_url=server,
        auth_url=registry or server,
        upload_url=video_service,
    )
    allow = frozenset(urlsplit(url).netloc for url in (app.api_url, app.auth_url, also_reaches) if url)
    return Bluesky(Connection(app, Transport(allow=allow), token=token, observe=observe))


def consent(authorization: Authorization, answer: str = "allow") -> dict[str, str]:
    """Go to the twin's consent page as a browser would, press a button, and return the answer."""
    browser = requests.Session()
    page = browser.get(authorization.url)
    assert page.status_code == 200, page.text
    fields = dict(_fields(page.text), answer=answer)
    sent_back = browser.post(page.url, data=fields, headers={"Referer": page.url}, allow_redirects=False)
    assert sent_back.status_code == 302, sent_back.text
    return dict(parse_qsl(urlsplit(sent_back.headers["Location"]).query))


def _fields(html: str) -> dict[str, str]:
    """The hidden field of the form, and the first person who may sign in."""
    csrf = html.partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]
    person = html.partition('name="person" value="')[2].partition('"')[0]
    return {"csrfmiddlewaretoken": csrf, "person": person}


def sign_in(server: str, handle: str = "moonrise.test") -> Token:
    """The whole way through OAuth."""
    way = client(server).authorize("a-state", {"handle": handle})
    return client(server).exchange(consent(way), way.kept)


def log_in(server: str, handle: str = "moonrise.test", password: str = APP_PASSWORD) -> Token:
    return client(server).login({"handle": handle, "password": password, "server": ""})


def in_time(desk: Bluesky, sent: Draft, ledger: MemoryLedger | None = None) -> Published:
    """Publish as the engine does: what is being processed is looked at again."""
    books = ledger or MemoryLedger()
    for _ in range(9):
        with suppress(NotReady):
            return desk.publish(sent, books)
    raise AssertionError("it was never ready")


def picture(name: str = "loaf.jpg", *, alt: str = "A loaf", size: tuple[int, int] = (64, 48)) -> MediaFile:
    drawn = io.BytesIO()
    Image.new("RGB", size, "#d9822b").save(drawn, "PNG" if name.endswith(".png") else "JPEG")
    content = drawn.getvalue()
    kind = "image/png" if name.endswith(".png") else "image/jpeg"
    return MediaFile(name, kind, len(content), *size, open=lambda: io.BytesIO(content), alt=alt)


def draft(*parts: str | Part, key: str = "delivery-1", **options: Json) -> Draft:
    made = tuple(Part(part) if isinstance(part, str) else part for part in parts)
    return Draft(key, datetime.now(UTC), made, options)


class Killed(Exception):
    """The worker died here."""


class DyingLedger(MemoryLedger):
    """Books that survive their worker, which dies at one step: before it, in its middle, or right after."""

    def __init__(self, step: str, moment: str) -> None:
        super().__init__()
        self.step, self.moment = step, moment

    def repeat(self, name: str, do: Callable[[], Any]) -> Any:
        self._die(name, "before")
        result = super().repeat(name, partial(self._do, name, do))
        self._die(name, "after")
        return result

    def once(self, name: str, do: Callable[[], Any], *, find: Find) -> Any:
        self._die(name, "before")
        result = super().once(name, partial(self._do, name, do), find=find)
        self._die(name, "after")
        return result

    def _do(self, name: str, do: Callable[[], Any]) -> Any:
        result = do()
        self._die(name, "during")
        return result

    def _die(self, name: str, moment: str) -> None:
        if (name, moment) == (self.step, self.moment):
            self.step = ""
            raise Killed
