"""Help with writing for programs: each question answered whole, or with `?stream=1` as server-sent events."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, TypeVar

from django.http import HttpResponseBase
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import exceptions, serializers
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Account
from publishing.ai import streaming
from publishing.ai.errors import AiError
from publishing.ai.helping import helper_for
from publishing.ai.values import Events, Helper, Room, whole
from publishing.forms.ai import LONGEST_BRIEF, LONGEST_MESSAGE
from publishing.models import Media
from snsauto.api.authentication import member_of
from snsauto.api.views import sent
from snsauto.api.writing import OwnRows

LONGEST_TEXT = 20_000
Method = TypeVar("Method", bound=Callable[..., HttpResponseBase])
STREAM = OpenApiParameter(
    "stream", bool, description="Answer as server-sent events `delta`, `again`, then `done` or `failed`."
)

EVENT = {  # one of the stream; `data` is JSON of its own
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["delta", "again", "done", "failed"]},
        "data": {"type": "string"},
    },
    "required": ["event", "data"],
}


class AiProblem(exceptions.APIException):
    """Why there is no answer: `ai_refused`, `ai_cut_off`, `ai_budget_spent`, `ai_unavailable`."""

    def __init__(self, error: AiError) -> None:
        super().__init__(error.message, code=error.code)
        self.status_code = error.status


class EventStreamRenderer(BaseRenderer):
    """Lets programs ask for an event stream; what is refused before it begins is JSON all the same."""

    media_type = streaming.CONTENT_TYPE
    format = "sse"
    charset = None

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return bytes(JSONRenderer().render(data))


class WritingSerializer(serializers.Serializer[Any]):
    """What each question may say: the accounts whose limits count, and whether the voice does."""

    accounts = OwnRows(queryset=Account.objects.all(), many=True, required=False)
    use_voice = serializers.BooleanField(default=True)


class BriefSerializer(WritingSerializer):
    brief = serializers.CharField(max_length=LONGEST_BRIEF)
    tone = serializers.CharField(required=False, default="", allow_blank=True, max_length=100)


class TextSerializer(WritingSerializer):
    text = serializers.CharField(max_length=LONGEST_TEXT, trim_whitespace=False)


class RewriteSerializer(serializers.Serializer[Any]):
    """The text, and the account into whose network's room it has to fit."""

    text = serializers.CharField(max_length=LONGEST_TEXT, trim_whitespace=False)
    account = OwnRows(queryset=Account.objects.all())
    options = serializers.DictField(required=False, child=serializers.JSONField())
    use_voice = serializers.BooleanField(default=True)


class AltTextSerializer(serializers.Serializer[Any]):
    media = OwnRows(queryset=Media.objects.all())


class AnswerDraftSerializer(serializers.Serializer[Any]):
    message = serializers.CharField(max_length=LONGEST_MESSAGE)
    author = serializers.CharField(required=False, default="", allow_blank=True, max_length=200)
    post_text = serializers.CharField(
        required=False, default="", allow_blank=True, max_length=LONGEST_MESSAGE
    )
    at_most = serializers.IntegerField(required=False, default=0, min_value=0)
    use_voice = serializers.BooleanField(default=True)


class ChangeSerializer(serializers.Serializer[Any]):
    """One change and its reason. `before` empty: added at the end; both empty: advice alone."""

    before = serializers.CharField()
    after = serializers.CharField()
    why = serializers.CharField()


class SuggestionSerializer(serializers.Serializer[Any]):
    """What is offered. `by`: the model, or `built-in` where `is_ai` is false; `notes` are for people."""

    text = serializers.CharField()
    hashtags = serializers.ListField(child=serializers.CharField())
    changes = ChangeSerializer(many=True)
    notes = serializers.ListField(child=serializers.CharField())
    by = serializers.CharField()
    is_ai = serializers.BooleanField()


def answers(serializer: type[serializers.Serializer[Any]]) -> Callable[[Method], Method]:
    """How such a question stands in the schema."""
    stream = OpenApiResponse(EVENT, description="With `?stream=1`: one event after the other.")
    decorate: Callable[[Method], Method] = extend_schema(
        request=serializer,
        parameters=[STREAM],
        responses={(200, "application/json"): SuggestionSerializer, (200, streaming.CONTENT_TYPE): stream},
    )
    return decorate


class Question(APIView):
    """What all questions to the helper share. Nothing is stored; what it cost counts for the workspace."""

    scope = "ai"
    renderer_classes = (JSONRenderer, EventStreamRenderer)
    serializer: ClassVar[type[serializers.Serializer[Any]]]

    def events(self, helper: Helper, asked: dict[str, Any]) -> Events:
        raise NotImplementedError

    def answer(self, request: Request) -> HttpResponseBase:
        """Whole, or as it comes."""
        asked = sent(self.serializer, request)
        helper = helper_for(member_of(request), use_voice=asked.get("use_voice", True))
        try:
            events = self.events(helper, asked)
            if request.query_params.get("stream", "").lower() in {"1", "true", "yes"}:
                return streaming.event_stream(streaming.begun(events))
            return Response(whole(events).as_json())
        except AiError as error:
            raise AiProblem(error) from error


def rooms(asked: dict[str, Any]) -> list[Room]:
    return [Room.of(account) for account in asked.get("accounts", [])]


class Generate(Question):
    """A post from a brief, within the limits of `accounts`."""

    serializer = BriefSerializer

    @answers(BriefSerializer)
    def post(self, request: Request) -> HttpResponseBase:
        return self.answer(request)

    def events(self, helper: Helper, asked: dict[str, Any]) -> Events:
        return helper.generate(asked["brief"], tone=asked["tone"], rooms=rooms(asked))


class Rewrite(Question):
    """The text so that it fits one account's network as one post."""

    serializer = RewriteSerializer

    @answers(RewriteSerializer)
    def post(self, request: Request) -> HttpResponseBase:
        return self.answer(request)

    def events(self, helper: Helper, asked: dict[str, Any]) -> Events:
        return helper.rewrite(asked["text"], Room.of(asked["account"], asked.get("options")))


class Hashtags(Question):
    """Hashtags for a text that are not in it yet."""

    serializer = TextSerializer

    @answers(TextSerializer)
    def post(self, request: Request) -> HttpResponseBase:
        return self.answer(request)

    def events(self, helper: Helper, asked: dict[str, Any]) -> Events:
        return helper.hashtags(asked["text"], rooms(asked))


class Optimize(Question):
    """Changes that make a text better, each with its reason; `text` has all of them."""

    serializer = TextSerializer

    @answers(TextSerializer)
    def post(self, request: Request) -> HttpResponseBase:
        return self.answer(request)

    def events(self, helper: Helper, asked: dict[str, Any]) -> Events:
        return helper.optimise(asked["text"], rooms(asked))


class AltText(Question):
    """What a picture of the library shows, for people who cannot see it."""

    serializer = AltTextSerializer

    @answers(AltTextSerializer)
    def post(self, request: Request) -> HttpResponseBase:
        return self.answer(request)

    def events(self, helper: Helper, asked: dict[str, Any]) -> Events:
        return helper.alt_text(asked["media"])


class Reply(Question):
    """A draft of an answer to what somebody wrote. Nothing is sent."""

    serializer = AnswerDraftSerializer

    @answers(AnswerDraftSerializer)
    def post(self, request: Request) -> HttpResponseBase:
        return self.answer(request)

    def events(self, helper: Helper, asked: dict[str, Any]) -> Events:
        return helper.draft_reply(
            asked["message"], author=asked["author"], post_text=asked["post_text"], most=asked["at_most"]
        )
