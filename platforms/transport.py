"""One way out: time-outs, size caps, guarded addresses, and an honest word on what may have happened."""

import ipaddress
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import cached_property
from typing import IO, Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter
from requests_toolbelt import MultipartEncoder
from urllib3.exceptions import MaxRetryError, NameResolutionError, NewConnectionError, SSLError

from platforms.content import Json
from platforms.errors import OutcomeUnknown, PlatformError, Refused, Unavailable

CONNECT_SECONDS = 10.0
READ_SECONDS = 40.0
ANSWER_SECONDS = 60.0
ANSWER_BYTES = 10_000_000
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
NEVER_SENT = (NewConnectionError, NameResolutionError, SSLError)

_may_write: ContextVar[Callable[[], bool]] = ContextVar("may_write", default=lambda: True)


def refuse_late_writes() -> None:
    """Raise Unavailable where nothing may be written any more: whoever worked here has been replaced."""
    if not _may_write.get()():
        raise Unavailable("The worker was held up for too long; nothing was sent.")


@contextmanager
def writing_while(check: Callable[[], bool]) -> Iterator[None]:
    """On this thread a write leaves only while `check` holds; else Unavailable, and nothing has left."""
    kept = _may_write.set(check)
    try:
        yield
    finally:
        _may_write.reset(kept)


@dataclass(frozen=True)
class Answer:
    """What came back, read to its end."""

    method: str
    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    @property
    def doubtful(self) -> type[PlatformError]:
        """What an answer that makes no sense means: nothing for a read, an unknown outcome for a write."""
        return Unavailable if self.method in SAFE else OutcomeUnknown

    @cached_property
    def json(self) -> dict[str, Any]:
        """The body as a JSON object; one that is none (HTML, half, nothing) raises what `doubtful` says."""
        parsed = self.maybe_json
        if not isinstance(parsed, dict):
            raise self.doubtful(
                "The network answered something that cannot be read.", status=self.status, detail=self.text
            )
        return parsed

    @cached_property
    def maybe_json(self) -> Any:
        """The body as JSON, or None where it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None


class Transport:
    """Sends one request, once. Redirects are never followed; private addresses are refused unless listed.

    `allow` lists what may be private (`host` or `host:port`): what was configured, never what was typed.
    One instance serves many threads; connections are pooled.
    """

    def __init__(
        self, *, allow: frozenset[str] = frozenset(), user_agent: str = "SNSAuto/1", pool: int = 64
    ) -> None:
        self._allow = allow
        self._user_agent = user_agent
        self._open = self._session(HTTPAdapter(pool_connections=16, pool_maxsize=pool))
        self._guarded = requests.Session()
        self._guarded.trust_env = False
        for scheme, is_https in (("http://", False), ("https://", True)):
            adapter = IPFilterAdapter(is_https_proto=is_https)
            adapter.init_poolmanager(16, pool)
            self._guarded.mount(scheme, adapter)

    @staticmethod
    def _session(adapter: HTTPAdapter) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.mount("http://", adapter)
        session.mount("https://", adapter)
        return session

    def allowed(self, url: str) -> bool:
        """Whether an address may be reached even if it is private."""
        parts = urlsplit(url)
        return parts.netloc in self._allow or (parts.hostname or "") in self._allow

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | list[tuple[str, str]] | None = None,
        json: Json = None,
        form: Mapping[str, str] | list[tuple[str, str]] | None = None,
        files: Mapping[str, tuple[str, IO[bytes], str]] | None = None,
        body: IO[bytes] | bytes | MultipartEncoder | None = None,
        auth: tuple[str, str] | None = None,
        read_seconds: float = READ_SECONDS,
        most_bytes: int = ANSWER_BYTES,
    ) -> Answer:
        """Send and read to the end. Raises Unavailable (not sent, or a failed read) or OutcomeUnknown."""
        self._refuse_odd(url)
        session = self._open if self.allowed(url) else self._guarded
        doubtful = Unavailable if method in SAFE else OutcomeUnknown
        if files:  # sent piece by piece: a file never lies in memory as a whole
            multipart = MultipartEncoder([*_pairs(form), *files.items()])
            body, headers = multipart, {**(headers or {}), "Content-Type": multipart.content_type}
        if method not in SAFE:
            refuse_late_writes()
        try:
            response = session.request(
                method,
                url,
                headers={"User-Agent": self._user_agent, "Accept": "application/json", **(headers or {})},
                params=params,
                json=json,
                data=body if body is not None else form,
                auth=auth,
                timeout=(CONNECT_SECONDS, read_seconds),
                allow_redirects=False,
                stream=True,
            )
            with response:
                content = _read(response, most_bytes)
        except InvalidIPAddress as error:
            raise Refused("This address is inside a private network and may not be reached.") from error
        except requests.ConnectTimeout as error:
            raise Unavailable("The network could not be reached in time.") from error
        except requests.ConnectionError as error:
            raise _connection_error(error, doubtful) from error
        except (requests.RequestException, TimeoutError) as error:
            raise doubtful("The network did not answer in time.") from error
        return Answer(method, url, response.status_code, response.headers, content)

    @staticmethod
    def _refuse_odd(url: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
            raise Refused("This is not an address that can be reached.")


def _pairs(form: Mapping[str, str] | list[tuple[str, str]] | None) -> list[tuple[str, str]]:
    return list(form.items()) if isinstance(form, Mapping) else form or []


def _read(response: requests.Response, most_bytes: int) -> bytes:
    """The body, bounded in size and in time as a whole (a time-out of requests counts each piece alone)."""
    deadline = time.monotonic() + ANSWER_SECONDS
    content = bytearray()
    for piece in response.iter_content(65_536):
        content += piece
        if len(content) > most_bytes or time.monotonic() > deadline:
            raise requests.ReadTimeout("answer too long")
    return bytes(content)


def _connection_error(error: requests.ConnectionError, doubtful: type[PlatformError]) -> PlatformError:
    cause = error.args[0] if error.args else None
    reason = cause.reason if isinstance(cause, MaxRetryError) else cause
    if isinstance(reason, (*NEVER_SENT, str)) or isinstance(error, requests.exceptions.SSLError):
        return Unavailable("The network could not be reached.")
    return doubtful("The connection to the network broke off.")


def is_private_host(host: str) -> bool:
    """Whether a host is plainly not a public one (a private address, a local name), without asking DNS."""
    bare = (
        host.rsplit(":", 1)[0].strip("[]")
        if not host.startswith("[")
        else host.split("]", maxsplit=1)[0].strip("[")
    )
    try:
        return not ipaddress.ip_address(bare).is_global
    except ValueError:
        return "." not in bare or bare.endswith((".local", ".internal", ".localhost"))
