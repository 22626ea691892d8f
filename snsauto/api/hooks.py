"""Webhooks through the API: where programs are told what happens, and what they were told."""

from typing import Any, ClassVar

from django.core.exceptions import ValidationError as Invalid
from django.db.models import QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts import webhook_sending, webhooks
from accounts.models import Dispatch, Webhook
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.plain import PlainSerializer
from snsauto.api.team import Managed
from snsauto.api.views import sent


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    """A webhook. `failing_since`: nothing has arrived since; after five days of it, it is switched off."""

    events = serializers.ListField(child=serializers.ChoiceField(choices=webhooks.EVENTS), min_length=1)

    class Meta:
        model = Webhook
        fields = ["id", "url", "events", "is_on", "failing_since", "problem", "created_at"]
        read_only_fields = ["failing_since", "problem", "created_at"]

    def validate_url(self, value: str) -> str:
        try:
            webhooks.validate_target(value)
        except Invalid as error:
            raise serializers.ValidationError(error.messages, code=error.code) from error
        return value

    def validate_events(self, value: list[str]) -> list[str]:
        return list(dict.fromkeys(value))


class SecretSerializer(WebhookSerializer):
    """With the secret that signs, told when it is made."""

    secret = serializers.CharField()

    class Meta(WebhookSerializer.Meta):
        fields = [*WebhookSerializer.Meta.fields, "secret"]


class TrySerializer(serializers.Serializer[Any]):
    """One try at a message; `status` is null where there was no answer."""

    at = serializers.DateTimeField()
    status = serializers.IntegerField(allow_null=True)
    answer = serializers.CharField()
    milliseconds = serializers.IntegerField()


class DispatchSerializer(PlainSerializer[Dispatch]):
    """A message to a webhook: `body` is what is sent, `message` its `webhook-id`."""

    message = serializers.SerializerMethodField()
    event = serializers.CharField(source="happening.event")
    body = serializers.SerializerMethodField()
    tries = TrySerializer(source="history", many=True)
    due_at = serializers.DateTimeField(allow_null=True)

    class Meta:
        model = Dispatch
        fields = [
            "id",
            "webhook",
            "message",
            "event",
            "state",
            "due_at",
            "done_at",
            "http_status",
            "tries",
            "body",
        ]

    def get_message(self, dispatch: Dispatch) -> str:
        return webhook_sending.message_id(dispatch)

    def get_body(self, dispatch: Dispatch) -> dict[str, Any]:
        return webhook_sending.told(dispatch)


class WebhookViewSet(
    Managed,
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Webhook],
):
    """Webhooks: make, change, test and delete them."""

    scope = "webhooks"
    queryset = Webhook.objects.all()
    serializer_class = WebhookSerializer
    filterset_fields: ClassVar[list[str]] = ["is_on"]

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.visible_to(member_of(self.request))

    @extend_schema(responses={201: SecretSerializer})
    def create(self, request: Request) -> Response:
        """Make a webhook. Its secret is told this once, which is why no answer is kept for a repeated key."""
        asked = sent(WebhookSerializer, request)
        try:
            hook = webhooks.create(member_of(request), asked["url"], asked["events"])
        except webhooks.TooMany as error:
            raise Conflict(str(error), code="too_many") from error
        return Response(SecretSerializer(hook).data, status=status.HTTP_201_CREATED)

    def partial_update(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Change the address or the events, or switch it on or off."""
        hook = self.get_object()
        asked = sent(WebhookSerializer, request, partial=True)
        kept: dict[str, Any] = {"url": hook.url, "events": hook.events, "is_on": hook.is_on}
        webhooks.change(member_of(request), hook, **{**kept, **asked})
        return Response(self.get_serializer(hook).data)

    def destroy(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        webhooks.delete(member_of(request), self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses={202: DispatchSerializer})
    @action(detail=True, methods=["post"], pagination_class=None, filterset_fields=None)
    def test(self, request: Request, pk: str) -> Response:
        """Send something to receive; what comes back stands in the message's log."""
        hook = self.get_object()
        if not hook.is_on:
            raise Conflict(code="webhook_is_off")
        dispatch = webhooks.send_test(member_of(request), hook)
        return Response(DispatchSerializer(dispatch).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(request=None, responses=SecretSerializer)
    @action(detail=True, methods=["post"], pagination_class=None, filterset_fields=None)
    def secret(self, request: Request, pk: str) -> Response:
        """A new secret, told this once. The old one signs beside it for a day."""
        hook = self.get_object()
        webhooks.rotate(member_of(request), hook)
        return Response(SecretSerializer(hook).data)


class DispatchViewSet(
    Managed, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Dispatch]
):
    """What webhooks were sent in the last thirty days, and what they answered."""

    scope = "webhooks"
    queryset = Dispatch.objects.all()
    serializer_class = DispatchSerializer
    filterset_fields: ClassVar[list[str]] = ["webhook", "state"]

    def get_queryset(self) -> QuerySet[Dispatch]:
        return Dispatch.objects.visible_to(member_of(self.request)).select_related("happening", "webhook")

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], pagination_class=None, filterset_fields=None)
    def redeliver(self, request: Request, pk: str) -> Response:
        """Send it again under the same id; 409 while it is on its way anyhow, or its webhook is off."""
        dispatch = self.get_object()
        if not dispatch.webhook.is_on:
            raise Conflict(code="webhook_is_off")
        if not webhooks.redeliver(member_of(request), dispatch):
            raise Conflict(code="on_its_way")
        return Response(self.get_serializer(self.get_object()).data)
