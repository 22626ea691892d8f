"""The inbox: conversations, messages, answers, and what an inbox is set up with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException
from rest_framework.request import Request
from rest_framework.response import Response

from inbox import conversations, moderating, replying
from inbox.forms.filters import ConversationFilter
from inbox.models import Conversation, Label, Message, Note, Reply, ReplyRule, SavedReply
from inbox.rules import dry_run
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.idempotency import idempotent
from snsauto.api.inbox_rows import (
    AnswerSerializer,
    ArrivedSerializer,
    ConversationChangeSerializer,
    ConversationQuestionSerializer,
    ConversationSerializer,
    LabelSerializer,
    MatchSerializer,
    MessageSerializer,
    ModerateSerializer,
    NoteSerializer,
    ReplyRuleSerializer,
    ReplySerializer,
    SavedReplySerializer,
)
from snsauto.api.pagination import CursorPagination
from snsauto.api.views import KEY, sent

GONE = {"gone": "message_gone"}
PAST = frozenset({"window_closed", "message_gone", "key_used"})  # true once and not any more: 409
METHODS = ["get", "post", "patch", "delete", "head", "options"]


class Unanswerable(APIException):
    """What cannot be answered or done: 409 where it once could be, 422 where it never can."""

    def __init__(self, refusal: replying.Refused) -> None:
        code = GONE.get(refusal.code, refusal.code)
        self.status_code = status.HTTP_409_CONFLICT if code in PAST else status.HTTP_422_UNPROCESSABLE_ENTITY
        super().__init__(f"{refusal.message} {refusal.advice}".strip(), code)


@contextmanager
def answering() -> Iterator[None]:
    try:
        yield
    except replying.Refused as refusal:
        raise Unanswerable(refusal) from refusal


class NewestFirst(CursorPagination):
    """By when something was last written."""

    ordering = ("-last_at", "-pk")  # type: ignore[assignment]


class LastWritten(CursorPagination):
    """The last message first."""

    ordering = ("-created_at", "-pk")  # type: ignore[assignment]


class ConversationViewSet(
    Conditional, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Conversation]
):
    """Conversations: list them, read them, answer them, put them away."""

    scope = "inbox"
    queryset = Conversation.objects.all()
    serializer_class = ConversationSerializer
    pagination_class = NewestFirst
    http_method_names = METHODS

    def get_queryset(self) -> QuerySet[Conversation]:
        rows: QuerySet[Conversation] = Conversation.objects.visible_to(member_of(self.request))
        if self.action == "list":
            asked = ConversationQuestionSerializer(data=self.request.query_params)
            asked.is_valid(raise_exception=True)
            shown = {"show": "all", **asked.validated_data}
            rows = ConversationFilter(member_of(self.request), shown).conversations()
        return self._with_all(rows)

    @staticmethod
    def _with_all(rows: QuerySet[Conversation]) -> QuerySet[Conversation]:
        return (
            rows.select_related("account", "person", "workspace")
            .prefetch_related("labels")
            .defer("account__credentials")
        )

    @extend_schema(parameters=[ConversationQuestionSerializer])
    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().list(request, *args, **kwargs)

    @extend_schema(request=ConversationChangeSerializer, responses=ConversationSerializer)
    def partial_update(self, request: Request, pk: str) -> Response:
        """Mark as done, reopen, snooze, give to somebody (null: to nobody), set all labels."""
        row, asked = self.get_object(), sent(ConversationChangeSerializer, request)
        if asked.get("state") == Conversation.State.SNOOZED:
            self._snooze(row, asked["snoozed_until"])
        elif "state" in asked:
            change = (
                conversations.close if asked["state"] == Conversation.State.DONE else conversations.reopen
            )
            change(row)
        if "assignee" in asked:
            conversations.assign(row, asked["assignee"], member_of(request).user)
        if "labels" in asked:
            row.labels.set(asked["labels"])
            row.save(update_fields=["changed_at"])
        return Response(self.get_serializer(self.get_object()).data)

    @staticmethod
    def _snooze(row: Conversation, until: Any) -> None:
        try:
            conversations.snooze(row, until)
        except ValueError as error:
            raise serializers.ValidationError({"snoozed_until": str(error)}, "past") from error

    @extend_schema(responses=MessageSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=LastWritten)
    def messages(self, request: Request, pk: str) -> Response:
        """What was written, the last first."""
        rows = self.get_object().messages.select_related("person", "account").defer("account__credentials")
        page: Any = self.paginate_queryset(rows)  # type: ignore[arg-type]
        return self.get_paginated_response(MessageSerializer(page, many=True).data)

    @extend_schema(request=AnswerSerializer, responses={202: ReplySerializer}, parameters=[KEY])
    @action(detail=True, methods=["post"], pagination_class=None)
    @idempotent
    def reply(self, request: Request, pk: str) -> Response:
        """Answer. It is sent soon, at most once; `/replies/<id>/` tells what became of it."""
        row, asked = self.get_object(), sent(AnswerSerializer, request)
        message = self._message(row, asked.get("message"))
        with answering():
            reply = replying.reply(message, asked["text"], member_of(request).user)
        return Response(ReplySerializer(reply).data, status=status.HTTP_202_ACCEPTED)

    @staticmethod
    def _message(row: Conversation, pk: int | None) -> Message:
        if pk is None:
            message = replying.last_to_answer(row)
        else:
            message = row.messages.filter(pk=pk).first()
            if message is None:
                said = {"message": _("That message is not part of this conversation.")}
                raise serializers.ValidationError(said, "does_not_exist")
        if message is None:
            raise Conflict(_("There is nothing here to answer."), code="message_gone")
        message.conversation = row
        return message

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], pagination_class=None)
    def read(self, request: Request, pk: str) -> Response:
        """All that was written is read."""
        conversations.mark_read(self.get_object(), member_of(request).user)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses=ConversationSerializer)
    @action(detail=True, methods=["post"], pagination_class=None)
    def unread(self, request: Request, pk: str) -> Response:
        """The last thing that somebody wrote is unread again."""
        conversations.mark_unread(self.get_object())
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(methods=["get"], responses=NoteSerializer(many=True))
    @extend_schema(methods=["post"], request=NoteSerializer, responses={201: NoteSerializer})
    @action(detail=True, methods=["get", "post"], pagination_class=None)
    def notes(self, request: Request, pk: str) -> Response:
        """What the team says among itself, oldest first; and another note."""
        row = self.get_object()
        if request.method != "POST":
            return Response(NoteSerializer(row.notes.all(), many=True).data)
        note: Note = row.notes.create(user=member_of(request).user, **sent(NoteSerializer, request))
        row.save(update_fields=["changed_at"])
        return Response(NoteSerializer(note).data, status=status.HTTP_201_CREATED)


class MessageViewSet(mixins.RetrieveModelMixin, viewsets.GenericViewSet[Message]):
    """One message, and what may be done with it on its network."""

    scope = "inbox"
    queryset = Message.objects.all()
    serializer_class = MessageSerializer

    def get_queryset(self) -> QuerySet[Message]:
        rows = Message.objects.visible_to(member_of(self.request))
        return rows.select_related("person", "account", "conversation")

    @extend_schema(request=ModerateSerializer, responses=MessageSerializer)
    @action(detail=True, methods=["post"])
    def moderate(self, request: Request, pk: str) -> Response:
        """Like, hide or delete it, on the network and here. `actions` says what is offered."""
        row = self.get_object()
        with answering():
            moderating.moderate(row, sent(ModerateSerializer, request)["action"], member_of(request).user)
        return Response(self.get_serializer(self.get_object()).data)


class ReplyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Reply]):
    """Answers on their way: what became of each, and what a person decides about it."""

    scope = "inbox"
    queryset = Reply.objects.all()
    serializer_class = ReplySerializer
    filterset_fields = ["state", "conversation"]

    def get_queryset(self) -> QuerySet[Reply]:
        rows = Reply.objects.filter(conversation__workspace_id=member_of(self.request).workspace_id)
        return rows.select_related("message__conversation__account")

    def _decide(self, reply: Reply, decide: Callable[[Reply], bool]) -> Response:
        with answering():
            if not decide(reply):
                raise Conflict(_("This is not possible in its state, or somebody was faster."))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses=ReplySerializer, parameters=[KEY])
    @action(detail=True, methods=["post"], filterset_fields=None)
    @idempotent
    def retry(self, request: Request, pk: str) -> Response:
        """Send what failed once more."""
        return self._decide(self.get_object(), replying.retry)

    @extend_schema(request=ArrivedSerializer, responses=ReplySerializer, parameters=[KEY])
    @action(detail=True, methods=["post"], filterset_fields=None)
    @idempotent
    def confirm(self, request: Request, pk: str) -> Response:
        """A person has looked at an unclear one: it is there, or it is not and is sent again."""
        reply, arrived = self.get_object(), sent(ArrivedSerializer, request)["arrived"]
        return self._decide(reply, lambda reply: replying.confirm(reply, arrived=arrived))

    @extend_schema(request=None, responses=ReplySerializer)
    @action(detail=True, methods=["post"], filterset_fields=None)
    def cancel(self, request: Request, pk: str) -> Response:
        """Take back what was not sent, or drop what failed."""
        return self._decide(self.get_object(), replying.cancel)


class Own(Conditional, viewsets.ModelViewSet[Any]):
    """Rows that a workspace sets its inbox up with."""

    scope = "inbox"
    http_method_names = METHODS

    def get_queryset(self) -> QuerySet[Any]:
        rows: QuerySet[Any] = super().get_queryset()
        return rows.visible_to(member_of(self.request))  # type: ignore[attr-defined, no-any-return]

    def perform_create(self, serializer: Any) -> None:
        serializer.save(workspace_id=member_of(self.request).workspace_id)


class SavedReplyViewSet(Own):
    """Answers that are given often."""

    queryset = SavedReply.objects.all()
    serializer_class = SavedReplySerializer


class LabelViewSet(Own):
    """Words that conversations are sorted by."""

    queryset = Label.objects.all()
    serializer_class = LabelSerializer


class ReplyRuleViewSet(Own):
    """What is done by itself with what comes in."""

    queryset = ReplyRule.objects.prefetch_related("accounts").select_related("workspace", "label", "assignee")
    serializer_class = ReplyRuleSerializer

    @extend_schema(responses=MatchSerializer(many=True))
    @action(detail=True, methods=["get"], url_path="dry-run", pagination_class=None)
    def dry_run(self, request: Request, pk: str) -> Response:
        """What it would have done with the last 7 days' messages, oldest first. Nothing is sent."""
        rule = get_object_or_404(self.get_queryset(), pk=pk)
        return Response(MatchSerializer(dry_run(rule), many=True).data)
