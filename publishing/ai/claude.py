"""The wire to Claude, or any server that speaks its Messages API: streams, typed answers, failures."""

import json
from collections.abc import Generator, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from queue import Empty, SimpleQueue
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2
import structlog
from django.conf import settings
from django.utils.translation import gettext as _

from publishing.ai.errors import AiError, Busy, CutOff, Declined, Unavailable
from publishing.ai.prices import Tokens

if TYPE_CHECKING:
    from anthropic import Anthropic

log = structlog.get_logger(__name__)
T = TypeVar("T")

SECONDS = 60  # the longest an answer may take
RETRIES = 2  # where it is busy, or was not reached
PULSE = 1.0  # seconds between two looks whether anybody still listens
SILENCE = 25.0  # and the longest it may say nothing
MOST_TOKENS = 4000  # of an answer, with what is thought before it
PICTURE_TOKENS = 1600
LETTERS_A_TOKEN = 3
SHARE_OF_THREADS = 4  # at most a quarter of the web's threads wait for answers


@dataclass(frozen=True)
class Ask:
    """One question."""

    task: str
    model: str
    system: list[dict[str, object]]
    messages: list[dict[str, Any]]

    def again(self, answer: str, objection: str) -> "Ask":
        """The same, after an answer that does not do."""
        more = [{"role": "assistant", "content": answer}, {"role": "user", "content": objection}]
        return replace(self, messages=[*self.messages, *more])

    @property
    def most(self) -> Tokens:
        """The most that it may use; a little too much rather than too little."""
        pictures = sum(isinstance(message["content"], list) for message in self.messages)
        said = json.dumps([self.system, [_words(message) for message in self.messages]], ensure_ascii=False)
        written = len(said.encode()) // LETTERS_A_TOKEN + PICTURE_TOKENS * pictures
        return Tokens(cache_writes=written, output=MOST_TOKENS)


def _words(message: Mapping[str, Any]) -> str:
    """What of a message is text."""
    content = message["content"]
    if isinstance(content, str):
        return content
    return " ".join(block.get("text", "") for block in content)


@dataclass
class Meter:
    """What a question has used so far; `is_unknown`: it was sent, and nothing was heard of it."""

    tokens: Tokens = field(default_factory=Tokens)
    is_unknown: bool = False
    written: int = 0  # letters

    def read(self, usage: Any) -> None:
        if usage is None:  # of a server that is not Anthropic's
            return
        self.tokens = Tokens(
            input=usage.input_tokens or 0,
            output=usage.output_tokens or 0,
            cached=usage.cache_read_input_tokens or 0,
            cache_writes=usage.cache_creation_input_tokens or 0,
        )

    @property
    def total(self) -> Tokens | None:
        """None where nobody knows. An answer that did not end is counted by its letters."""
        if self.is_unknown:
            return None
        return replace(self.tokens, output=max(self.tokens.output, self.written // LETTERS_A_TOKEN))


class Slots:
    """How many answers this process waits for, each of which holds a thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.taken = 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Raises Busy where as many wait as may."""
        with self._lock:
            if self.taken >= max(1, settings.WEB_THREADS // SHARE_OF_THREADS):
                raise Busy
            self.taken += 1
        try:
            yield
        finally:
            with self._lock:
                self.taken -= 1


slots = Slots()


@cache
def _client(key: str, url: str) -> "Anthropic":
    """One for each key and address, so that connections are kept. Importing the package takes a second."""
    import anthropic  # noqa: PLC0415  (a second, and 75 MB)

    timeout = anthropic.Timeout(SECONDS, connect=5.0, read=SILENCE)
    return anthropic.Anthropic(api_key=key, base_url=url, timeout=timeout, max_retries=RETRIES)


def _request(ask: Ask, schema: Mapping[str, Any] | None) -> dict[str, Any]:
    config: dict[str, Any] = {} if settings.AI_EFFORT == "none" else {"effort": settings.AI_EFFORT}
    if schema:
        config["format"] = {"type": "json_schema", "schema": schema}
    return {
        "model": ask.model,
        "max_tokens": MOST_TOKENS,
        "system": ask.system,
        "messages": ask.messages,
        **({"output_config": config} if config else {}),
    }


def stream(ask: Ask, meter: Meter, schema: Mapping[str, Any] | None = None) -> Generator[str, None, str]:
    """The answer word by word ("" while it is being thought); returns the whole. Closing it ends the answer.

    Raises AiError where it is refused, breaks off or takes too long.
    """
    began, text, has_begun = monotonic(), "", False
    with slots.one(), _failures(meter):
        client = _client(settings.ANTHROPIC_API_KEY, settings.ANTHROPIC_BASE_URL)
        meter.is_unknown = True
        with client.messages.stream(**_request(ask, schema)) as events:
            meter.is_unknown = False
            for event in _each_second(events):
                if monotonic() - began > SECONDS:
                    raise CutOff(_("The answer took longer than a minute, so it was stopped. Try again."))
                if event is None:
                    yield ""
                    continue
                if event.type == "message_start":
                    has_begun = True
                    meter.read(event.message.usage)
                piece = event.text if event.type == "text" else ""
                text += piece
                meter.written = len(text)
                yield piece
            if not has_begun:
                raise CutOff(detail="a stream without a beginning")
            message = events.get_final_message()
            meter.read(message.usage)
    _require_whole(message.stop_reason, text)
    return text


def _each_second(events: Any) -> Iterator[Any]:
    """Each event as it comes, and None for every second without one: whoever is gone shows only then.

    The service's own signs of life are swallowed by its package, so a thread of its own reads.
    """
    arrived: SimpleQueue[Any] = SimpleQueue()
    pool = ThreadPoolExecutor(1)

    def read() -> None:
        for event in events:
            arrived.put(event)

    reading = pool.submit(read)
    reading.add_done_callback(lambda _reading: arrived.put(None))
    try:
        while True:
            try:
                event = arrived.get(timeout=PULSE)
            except Empty:
                yield None
                continue
            if event is None:
                reading.result()  # raises what ended it, where that was no end
                return
            yield event
    finally:
        pool.shutdown(wait=False)


def typed(ask: Ask, shape: type[T], meter: Meter) -> Generator[str, None, T]:
    """The answer as a value of a dataclass, returned at the end of the stream. Raises AiError.

    `messages.parse` would do this in one call, but where the answer is cut off it raises without saying what
    stopped it and what it cost; and a stream can be closed.
    """
    import pydantic  # noqa: PLC0415  (comes with anthropic)
    from anthropic import transform_schema  # noqa: PLC0415

    adapter = pydantic.TypeAdapter(shape)
    text = yield from stream(ask, meter, transform_schema(adapter.json_schema()))
    try:
        return adapter.validate_json(text)
    except ValueError as error:
        raise CutOff(detail=f"unreadable answer: {type(error).__name__}") from error


def _require_whole(stop_reason: str | None, text: str) -> None:
    if stop_reason == "refusal":
        raise Declined
    if stop_reason not in {"end_turn", "stop_sequence"}:
        raise CutOff(detail=f"stopped by {stop_reason}")
    if not text.strip():
        raise CutOff(detail="an empty answer")


@contextmanager
def _failures(meter: Meter) -> Iterator[None]:
    """The package's errors as ours."""
    import anthropic  # noqa: PLC0415

    try:
        yield
    except anthropic.APIStatusError as error:
        meter.is_unknown = False
        log.warning("the AI service said no", status=error.status_code, error=type(error).__name__)
        raise _said_no(error.status_code, str(error.message)) from error
    except anthropic.APITimeoutError as error:
        raise Unavailable(_("The AI service did not answer in time. Try again in a minute.")) from error
    except (anthropic.APIConnectionError, httpx2.ConnectError) as error:
        meter.is_unknown = False
        raise Unavailable(detail=str(error.__cause__ or error)) from error
    except (httpx2.TransportError, anthropic.APIError, json.JSONDecodeError) as error:
        raise CutOff(detail=type(error).__name__) from error


def _said_no(status: int, detail: str) -> AiError:
    """What an answer that is no success means to the person who asked."""
    if status in {401, 403}:
        sentence = _("The AI service does not accept this desk's key. Whoever runs the desk must look at it.")
    elif status == 402:
        sentence = _("The AI service wants to be paid first. Whoever runs the desk must look at it.")
    elif status == 404:
        sentence = _("The AI service does not know the model. Whoever runs the desk must look at AI_MODEL.")
    elif status in {400, 413, 422}:
        sentence = _("The AI service did not take the question. Make it shorter, or ask in other words.")
    else:
        sentence = _("The AI service has too much to do just now. Try again in a minute.")
    return Unavailable(sentence, detail=f"{status} {detail}")


def texts(*parts: str) -> list[dict[str, Any]]:
    """A question in words."""
    return [{"role": "user", "content": "\n\n".join(parts)}]


def picture(content_type: str, data: str, words: str) -> list[dict[str, Any]]:
    """A question about a picture, given in base64."""
    source = {"type": "base64", "media_type": content_type, "data": data}
    return [
        {"role": "user", "content": [{"type": "image", "source": source}, {"type": "text", "text": words}]}
    ]


def is_ready() -> bool:
    """Whether this desk has a key."""
    return bool(settings.ANTHROPIC_API_KEY)
