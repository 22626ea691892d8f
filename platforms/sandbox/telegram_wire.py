"""How the Bot API says things: one method, three encodings, one envelope, and words that are no contract."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils.datastructures import MultiValueDict
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import wire
from platforms.sandbox.models import Person
from platforms.sandbox.wire import Refusal

NETWORK = "telegram"
LONGEST_TOKEN = 80
TRUE = frozenset({"true", "1", "yes", "y", "t", "on"})

WEBHOOK_IS_ACTIVE = (
    "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook "
    "first"
)
TWO_POLLERS = (
    "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
)
NOT_MODIFIED = (
    "message is not modified: specified new message content and reply markup are exactly the same as a "
    "current content and reply markup of the message"
)

# What the server says, as its source has it; tests ask for any of these by a part of the words.
SENTENCES = (
    "Bad Request: chat not found",
    "Bad Request: chat_id is empty",
    "Bad Request: message thread not found",
    "Bad Request: message text is empty",
    "Bad Request: message is too long",
    "Bad Request: message caption is too long",
    "Bad Request: can't parse entities: Can't find end of Bold entity at byte offset 4",
    f"Bad Request: {NOT_MODIFIED}",
    "Bad Request: message to edit not found",
    "Bad Request: message can't be edited",
    "Bad Request: message to delete not found",
    "Bad Request: message can't be deleted",
    "Bad Request: message to be replied not found",
    "Bad Request: message to reply not found",
    "Bad Request: wrong file identifier/HTTP URL specified",
    "Bad Request: Wrong HTTP URL specified",
    "Bad Request: failed to get HTTP URL content",
    "Bad Request: wrong type of the web page content",
    "Bad Request: can't upload file by URL",
    "Bad Request: PHOTO_INVALID_DIMENSIONS",
    "Bad Request: IMAGE_PROCESS_FAILED",
    "Bad Request: PHOTO_EXT_INVALID",
    "Bad Request: MEDIA_EMPTY",
    "Bad Request: CHAT_NOT_MODIFIED",
    "Bad Request: can't use the media of the specified type in the album",
    "Bad Request: file is too big",
    "Request Entity Too Large",
    "Bad Request: reply markup is too long",
    "Bad Request: BUTTON_DATA_INVALID",
    "Bad Request: BUTTON_URL_INVALID",
    "Bad Request: query is too old and response timeout expired or query ID is invalid",
    "Bad Request: not enough rights to send text messages to the chat",
    "Bad Request: need administrator rights in the channel chat",
    "Bad Request: CHAT_ADMIN_REQUIRED",
    "Bad Request: CHAT_WRITE_FORBIDDEN",
    "Unauthorized",
    "Forbidden: bot was blocked by the user",
    "Forbidden: user is deactivated",
    "Forbidden: bot can't initiate conversation with a user",
    "Forbidden: bot was kicked from the channel chat",
    "Forbidden: bot is not a member of the channel chat",
    "Forbidden: the group chat was deleted",
    "Not Found: method not found",
    WEBHOOK_IS_ACTIVE,
    TWO_POLLERS,
    "Misdirected Request",
    "Too Many Requests: retry after 35",
    "Internal Server Error: restart",
)
STATUSES = {
    "Bad Request": 400,
    "Unauthorized": 401,
    "Forbidden": 403,
    "Not Found": 404,
    "Conflict": 409,
    "Request Entity Too Large": 413,
    "Misdirected Request": 421,
    "Too Many Requests": 429,
    "Internal Server Error": 500,
}


def refusal(description: str, **parameters: Any) -> Refusal:
    """A refusal with its sentence; the status follows from how it begins."""
    status = STATUSES[description.partition(":")[0]]
    body: dict[str, Any] = {"ok": False, "error_code": status, "description": description}
    if parameters:
        body["parameters"] = parameters
    return Refusal(status, body)


def bad(words: str) -> Refusal:
    return refusal(f"Bad Request: {words}")


def limited(seconds: int = 35) -> Refusal:
    made = refusal(f"Too Many Requests: retry after {seconds}", retry_after=seconds)
    made.headers["Retry-After"] = str(seconds)
    return made


def refuse(code: str) -> Refusal:
    """The refusal whose sentence has these words, or whose status is this."""
    if code == "429":
        return limited()
    for sentence in SENTENCES:
        if code.lower() in sentence.lower() or code == str(STATUSES[sentence.partition(":")[0]]):
            return refusal(sentence)
    return bad(code)


DIALECT = wire.Dialect(
    NETWORK,
    limited=limited,
    broken=lambda: refusal("Internal Server Error: restart"),
    unauthorized=lambda: refusal("Unauthorized"),
    refuse=refuse,
)


@dataclass(frozen=True)
class Said:
    """A result that the server says a sentence about."""

    result: Any
    description: str


@dataclass(frozen=True)
class Visit:
    """One call of a method by a bot, whatever encoding it came in."""

    bot: Person
    root: str  # where this twin is mounted, with its host
    fields: dict[str, Any]
    files: MultiValueDict[str, Any] = field(default_factory=MultiValueDict)

    def text(self, name: str) -> str:
        value = self.fields.get(name)
        return "" if value is None else str(value)

    def number(self, name: str, default: int = 0) -> int:
        try:
            return int(self.fields.get(name, default))
        except (TypeError, ValueError) as error:
            raise bad(f"invalid parameter {name}") from error

    def flag(self, name: str) -> bool:
        return str(self.fields.get(name, "")).lower() in TRUE

    def parsed(self, name: str, kind: type = dict) -> Any:
        """A nested value: JSON text in forms and queries, itself in JSON. None where there is none."""
        value = self.fields.get(name)
        if isinstance(value, str) and value:
            try:
                value = json.loads(value)
            except ValueError as error:
                raise bad(f"can't parse {name.replace('_', ' ')} JSON object") from error
        if value in (None, ""):
            return None
        if not isinstance(value, kind):
            raise bad(f"object expected as {name.replace('_', ' ')}")
        return value


Method = Callable[[Visit], Any]
METHODS: dict[str, Method] = {}


def method(*names: str) -> Callable[[Method], Method]:
    """A method of the API; its name counts in any case."""

    def decorate(view: Method) -> Method:
        METHODS.update({name.lower(): view for name in names})
        return view

    return decorate


def fields_of(request: HttpRequest) -> dict[str, Any]:
    """The parameters of a query and of a body in any of its encodings."""
    fields: dict[str, Any] = dict(request.GET.items())
    try:
        return fields | (
            wire.payload(request)
            if request.content_type == "application/json"
            else dict(request.POST.items())
        )
    except Refusal as error:
        raise bad("can't parse request as JSON object") from error


@csrf_exempt
def bot_api(request: HttpRequest, token: str, name: str) -> HttpResponse:
    """`/bot<token>/<method>`. The token is in the path, and paths are written down: it is taken out first."""
    request.path = request.path.replace(token, f"{token.partition(':')[0]}:***")
    request.META["HTTP_AUTHORIZATION"] = f"Bot {token}"
    return _answer(request, token, name)


@wire.endpoint(DIALECT, "GET", "POST")
def _answer(request: HttpRequest, token: str, name: str) -> HttpResponse:
    if ":" not in token or token.startswith("0") or len(token) > LONGEST_TOKEN:
        raise refusal("Unauthorized: invalid token specified")
    bot = wire.grant_of(DIALECT, request).person
    assert bot is not None  # noqa: S101  (grant_of lets no other in)
    view = METHODS.get(name.lower())
    if view is None:
        raise refusal("Not Found: method not found")
    root = request.build_absolute_uri(request.path.partition("/bot")[0])
    result = view(Visit(bot, root, fields_of(request), request.FILES))
    if isinstance(result, Said):
        return JsonResponse({"ok": True, "result": result.result, "description": result.description})
    return JsonResponse({"ok": True, "result": result})


@wire.endpoint(DIALECT, "GET", "POST")
def nothing(_request: HttpRequest, **_: str) -> HttpResponse:
    raise refusal("Not Found")
