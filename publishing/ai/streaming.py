"""An answer on its way to a browser or a program, as server-sent events."""

import json
from collections.abc import Iterator
from itertools import chain
from typing import cast

from django.http import HttpResponse, StreamingHttpResponse

from platforms.content import Json
from publishing.ai.errors import AiError
from publishing.ai.values import Again, Delta, Done, Event, Events, Waiting

CONTENT_TYPE = "text/event-stream"


def begun(events: Events) -> Events:
    """The same events, after the first one has come: what is refused at once is raised here."""
    first = next(events)
    return _closing(chain([first], events), events)


def _closing(whole: Iterator[Event], source: Events) -> Events:
    try:
        yield from whole
    finally:
        source.close()


def event_stream(events: Events) -> HttpResponse:
    """Events `delta`, `again`, then `done` or `failed`. Whoever goes away closes the answer at its source."""
    response = StreamingHttpResponse(_written(events), content_type=CONTENT_TYPE)
    response["Cache-Control"] = "no-store"
    response["X-Accel-Buffering"] = "no"  # nginx would hold the words back
    return cast(HttpResponse, response)  # its streaming sister


def failed(error: AiError) -> HttpResponse:
    """A stream that only says why there is none."""
    return event_stream(_raising(error))


def _raising(error: AiError) -> Events:
    yield Waiting()
    raise error


def _written(events: Events) -> Iterator[bytes]:
    try:
        for event in events:
            yield _as_bytes(event)
    except AiError as error:
        yield _named("failed", {"code": error.code, "message": error.message})
    finally:
        events.close()


def _as_bytes(event: Event) -> bytes:
    match event:
        case Delta(text):
            return _named("delta", {"text": text})
        case Again(reason):
            return _named("again", {"reason": reason})
        case Done(suggestion):
            return _named("done", suggestion.as_json())
        case _:
            return b": still at it\n\n"  # a comment; it shows whether anybody listens


def _named(name: str, content: dict[str, Json]) -> bytes:
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n".encode()
