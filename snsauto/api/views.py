"""The REST API: the same rows and the same methods as the dashboard."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import connecting
from accounts.models import Account, AuditEvent, Membership
from accounts.permissions import Permission
from platforms.base import ConnectMethod, Platform
from platforms.registry import PLATFORMS
from platforms.rules import Finding
from publishing import media as pictures
from publishing import scheduling, writing
from publishing.deciding import Decision, decide, undo, undoable
from publishing.forecast import Forecast, full_days, month_of
from publishing.models import Delivery, Media, Post, State
from publishing.previews import Preview, preview, with_twins
from publishing.recent import can_list, recent_posts
from snsauto.api.authentication import member_of
from snsauto.api.bulk import (
    BulkResultSerializer,
    BulkSerializer,
    StandingSerializer,
    UndoneSerializer,
    UndoSerializer,
    chosen,
    told,
)
from snsauto.api.errors import Conflict
from snsauto.api.idempotency import idempotent
from snsauto.api.serializers import (
    AccountSerializer,
    DeliveryDetailSerializer,
    DeliverySerializer,
    MediaSerializer,
    MeSerializer,
    PlatformSerializer,
    PostSerializer,
    UsageSerializer,
)
from snsauto.api.writing import (
    AccountChangeSerializer,
    CheckResultSerializer,
    ConfirmSerializer,
    ConnectSerializer,
    MediaUploadSerializer,
    PostWriteSerializer,
    ScheduleSerializer,
    post_input,
)

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key again gives the same answer and has no second effect.",
)


def sent(serializer: type[Any], request: Request, **rest: Any) -> dict[str, Any]:
    """The validated body."""
    validated = serializer(data=request.data, context={"request": request}, **rest)
    validated.is_valid(raise_exception=True)
    return dict(validated.validated_data)


class Me(APIView):
    """Who the token speaks for."""

    @extend_schema(responses=MeSerializer)
    def get(self, request: Request) -> Response:
        return Response(MeSerializer(member_of(request)).data)


class PlatformList(APIView):
    """The networks: limits, options, and how to connect."""

    @extend_schema(responses=PlatformSerializer(many=True))
    def get(self, _request: Request) -> Response:
        return Response(PlatformSerializer(PLATFORMS.values(), many=True).data)


class AccountViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Account],
):
    """Connected accounts: list, connect, pause, disconnect."""

    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    permission = Permission.CONNECT
    filterset_fields: ClassVar[list[str]] = ["state", "is_paused", "platform_name"]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Account]:
        return Account.objects.visible_to(member_of(self.request)).defer("credentials")

    @extend_schema(request=AccountChangeSerializer, responses=AccountSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        account = self.get_object()
        account.is_paused = sent(AccountChangeSerializer, request)["is_paused"]
        account.save(update_fields=["is_paused"])
        AuditEvent.record(
            member_of(request), "account.paused" if account.is_paused else "account.resumed", account
        )
        return Response(self.get_serializer(account).data)

    def perform_destroy(self, instance: Account) -> None:
        connecting.disconnect(member_of(self.request), instance)

    @extend_schema(responses=UsageSerializer)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_fields=None)
    def quotas(self, request: Request, pk: str) -> Response:
        """What is used, planned and left of the network's limits of a day, today; and money this month."""
        account, zone = self.get_object(), member_of(request).workspace.zone
        forecast = Forecast([account], *month_of(zone), zone)
        today = now().astimezone(zone).date()
        usage = {"day": today, "quotas": forecast.on(account, today), "money": forecast.money(account)}
        return Response(UsageSerializer(usage).data)

    @extend_schema(
        request=ConnectSerializer,
        responses={200: {"type": "object", "properties": {"authorize_url": {"type": "string"}}}},
    )
    @action(detail=False, methods=["post"], pagination_class=None)
    def connect(self, request: Request) -> Response:
        """By consent: where to send the person. `password`: the account that what was typed connected."""
        asked = sent(ConnectSerializer, request)
        platform = PLATFORMS.get(asked["platform"])
        if platform is None:
            raise ValidationError({"platform": _("There is no such network.")}, code="unknown_platform")
        method = self._method(platform, asked["method"])
        return self._connect(member_of(request), platform, method, self._typed(method, asked))

    def _connect(
        self, member: Membership, platform: type[Platform], method: ConnectMethod, typed: dict[str, str]
    ) -> Response:
        if method.asks_consent:
            told = method.told(typed)
            return Response({"authorize_url": connecting.start(member, platform, told, None)})
        grant = connecting.log_in(member, platform, typed, None)
        accounts = connecting.keep(grant, grant.profiles)
        return Response(self.get_serializer(accounts, many=True).data, status=status.HTTP_201_CREATED)

    @staticmethod
    def _method(platform: type[Platform], name: str) -> ConnectMethod:
        for method in platform.connect_methods:
            if method.name == name:
                return method
        raise ValidationError({"method": _("There is no such way to connect.")}, code="unknown_method")

    @staticmethod
    def _typed(method: ConnectMethod, asked: dict[str, Any]) -> dict[str, str]:
        """What was typed for the method, its defaults filled in."""
        typed = asked.get("fields", {})
        missing = [
            field for field in method.fields if field.required and not typed.get(field.name, field.default)
        ]
        if missing:
            raise ValidationError(
                {f"fields.{field.name}": _("This is needed.") for field in missing}, code="required"
            )
        return {field.name: typed.get(field.name) or field.default for field in method.fields}


class MediaViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Media],
):
    """The library: upload (multipart `file`), describe, delete what no post holds."""

    queryset = Media.objects.all()
    serializer_class = MediaSerializer
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Media]:
        return Media.objects.visible_to(member_of(self.request))

    @extend_schema(request={"multipart/form-data": MediaUploadSerializer}, responses={201: MediaSerializer})
    def create(self, request: Request) -> Response:
        upload = sent(MediaUploadSerializer, request)
        media = pictures.take_in(member_of(request), upload["file"])
        if "alt_text" in upload:
            media.alt_text = upload["alt_text"]
            media.save(update_fields=["alt_text"])
        return Response(self.get_serializer(media).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance: Media) -> None:
        if pictures.in_use(instance):
            raise Conflict(_("A post holds this picture."), code="media_in_use")
        pictures.remove(instance)


class PostFilter(filters.FilterSet):  # type: ignore[misc]
    """Posts by state of a delivery, account, campaign and time."""

    state = filters.ChoiceFilter(field_name="deliveries__state", choices=State.choices, distinct=True)
    account = filters.NumberFilter(field_name="deliveries__account", distinct=True)
    scheduled_after = filters.IsoDateTimeFilter(field_name="scheduled_at", lookup_expr="gte")
    scheduled_before = filters.IsoDateTimeFilter(field_name="scheduled_at", lookup_expr="lt")
    q = filters.CharFilter(field_name="text", lookup_expr="icontains")

    class Meta:
        model = Post
        fields = ["campaign"]


class PostViewSet(
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Post],
):
    """Posts: write, check, schedule, publish, cancel, delete."""

    queryset = Post.objects.all()
    serializer_class = PostSerializer
    filterset_class = PostFilter

    def get_queryset(self) -> QuerySet[Post]:
        rows = Post.objects.visible_to(member_of(self.request))
        return rows.prefetch_related("postmedia_set__media", "deliveries__account")

    def _answer(self, post: Post, status_code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=post.pk)).data, status=status_code)

    @extend_schema(request=PostWriteSerializer, responses={201: PostSerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        asked = sent(PostWriteSerializer, request)
        with transaction.atomic():
            post = writing.save_post(member_of(request), post_input(member_of(request), asked))
            self._go(post, asked)
        return self._answer(post, status.HTTP_201_CREATED)

    @extend_schema(request=PostWriteSerializer, responses=PostSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        post = self.get_object()
        asked = sent(PostWriteSerializer, request)
        with transaction.atomic():
            writing.save_post(member_of(request), post_input(member_of(request), asked, post), post)
            self._go(post, asked)
        return self._answer(post)

    @staticmethod
    def _go(post: Post, asked: dict[str, Any]) -> None:
        if asked["publish"] == "now":
            scheduling.publish_now(post)
        elif asked["publish"] == "schedule":
            scheduling.schedule(post, asked["scheduled_at"])

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        writing.delete_post(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=PostSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def publish(self, request: Request, pk: str) -> Response:
        """Everything that is still open goes out now."""
        post = self.get_object()
        scheduling.publish_now(post)
        return self._answer(post)

    @extend_schema(request=ScheduleSerializer, responses=PostSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def schedule(self, request: Request, pk: str) -> Response:
        """Everything that is still open goes out at `scheduled_at`."""
        post = self.get_object()
        scheduling.schedule(post, sent(ScheduleSerializer, request)["scheduled_at"])
        return self._answer(post)

    @extend_schema(request=None, responses=PostSerializer)
    @action(detail=True, methods=["post"])
    def unschedule(self, request: Request, pk: str) -> Response:
        """Back to a draft."""
        post = self.get_object()
        scheduling.unschedule(post)
        return self._answer(post)

    @extend_schema(request=None, responses=PostSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """What is not out shall not go out."""
        post = self.get_object()
        scheduling.cancel_post(post)
        return self._answer(post)

    @extend_schema(request=PostWriteSerializer, responses=CheckResultSerializer(many=True))
    @action(detail=False, methods=["post"], pagination_class=None, filterset_class=None)
    def check(self, request: Request) -> Response:
        """The preflight alone: what each network would say. Nothing is stored."""
        member = member_of(request)
        content = post_input(member, sent(PostWriteSerializer, request))
        at = content.scheduled_at or now()
        previews = with_twins([preview(content, target) for target in content.targets], at, None)
        full = full_days([(row.account, row.draft) for row in previews], at, member.workspace.zone)
        return Response([_checked(row, full[row.account.pk]) for row in previews])


def _checked(row: Preview, full: list[Finding]) -> dict[str, Any]:
    """What one account's network would say."""
    rules = row.account.platform.rules_with(row.account.limits, row.draft.options, row.draft.media)
    return {
        "account": row.account.pk,
        "kind": row.draft.kind,
        "length": rules.text.length(row.text),
        "limit": rules.text.limit,
        "parts": [part.text for part in row.draft.parts],
        "findings": [
            {
                "code": finding.code,
                "message": str(finding.message),
                "field": finding.field,
                "severity": finding.severity,
                "part": finding.part,
            }
            for finding in (*row.findings, *full)
        ],
    }


class DeliveryFilter(filters.FilterSet):  # type: ignore[misc]
    """Deliveries by state, account, network, post and time."""

    state = filters.MultipleChoiceFilter(choices=State.choices)
    platform = filters.CharFilter(field_name="account__platform_name")
    due_after = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="gte")
    due_before = filters.IsoDateTimeFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields = ["account", "post", "reason_code"]


class DeliveryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Delivery]):
    """Deliveries: the queue, each one's steps and attempts, and what a person may decide."""

    queryset = Delivery.objects.all()
    filterset_class = DeliveryFilter

    def get_queryset(self) -> QuerySet[Delivery]:
        rows = Delivery.objects.visible_to(member_of(self.request)).select_related("account", "post")
        return rows if self.action == "list" else rows.prefetch_related("steps", "attempts")

    def get_serializer_class(self) -> type[DeliverySerializer]:
        return DeliverySerializer if self.action == "list" else DeliveryDetailSerializer

    def _decide(self, decide: Callable[[Delivery], bool]) -> Response:
        delivery = self.get_object()
        if not decide(delivery):
            raise Conflict(_("This is not possible in its state, or somebody was faster."))
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=None, responses=DeliveryDetailSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"])
    @idempotent
    def retry(self, request: Request, pk: str) -> Response:
        """Send it now after it failed or was missed; steps that are done stay done."""
        return self._decide(scheduling.retry)

    @extend_schema(request=None, responses=DeliveryDetailSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"], url_path="continue")
    @idempotent
    def go_on(self, request: Request, pk: str) -> Response:
        """Try again what belongs beside a published post (a first comment, a playlist) and failed."""
        return self._decide(scheduling.go_on)

    @extend_schema(request=None, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """It shall not go out."""
        return self._decide(scheduling.cancel)

    @extend_schema(request=BulkSerializer, responses=BulkResultSerializer, parameters=[KEY])
    @action(detail=False, methods=["post"], pagination_class=None, filterset_class=None)
    @idempotent
    def bulk(self, request: Request) -> Response:
        """Decide about up to 1,000 that were missed or failed; each answers for itself."""
        asked = sent(BulkSerializer, request)
        rows = chosen(member_of(request), asked)
        decided, event = decide(member_of(request), rows, Decision(asked["action"]))
        return Response(BulkResultSerializer(told(asked, rows, decided, event)).data)

    @extend_schema(request=UndoSerializer, responses=UndoneSerializer)
    @action(detail=False, methods=["post"], pagination_class=None, filterset_class=None)
    def undo(self, request: Request) -> Response:
        """Put back what one's own bulk request moved or dropped, within ten minutes."""
        events = undoable(member_of(request), sent(UndoSerializer, request)["undo"])
        return Response({"undone": undo(get_object_or_404(events))})

    @extend_schema(request=ConfirmSerializer, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"])
    def confirm(self, request: Request, pk: str) -> Response:
        """“It is there”: a person has looked."""
        permalink = sent(ConfirmSerializer, request).get("permalink", "")
        return self._decide(lambda delivery: scheduling.confirm_published(delivery, permalink))

    @extend_schema(responses=StandingSerializer(many=True))
    @action(detail=True, methods=["get"], pagination_class=None, filterset_class=None)
    def recent(self, request: Request, pk: str) -> Response:
        """Unclear: the account's posts of the time in question; `confirm` takes the permalink of one."""
        delivery = self.get_object()
        if not can_list(delivery):
            raise Conflict(_("Only for unclear ones, and where the network lists posts."))
        return Response(StandingSerializer(recent_posts(delivery), many=True).data)

    @extend_schema(request=None, responses=DeliveryDetailSerializer)
    @action(detail=True, methods=["post"], url_path="look-again")
    def look_again(self, request: Request, pk: str) -> Response:
        """Search the network once more; it is sent only if it surely is not there."""
        return self._decide(scheduling.look_again)

    @extend_schema(request=None, responses=DeliveryDetailSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"], url_path="send-again")
    @idempotent
    def send_again(self, request: Request, pk: str) -> Response:
        """“It is not there”: a person has looked, and wants it sent."""
        return self._decide(scheduling.send_again)


class NotHere(APIView):
    """Any other address under the API."""

    permission_classes = []

    @extend_schema(exclude=True)
    def get(self, _request: Request, *_args: Any, **_kwargs: Any) -> Response:
        raise Http404

    post = put = patch = delete = get
