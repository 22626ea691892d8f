"""One call that sends a text to several networks, now or later; the short way beside /posts/."""

from datetime import UTC, datetime
from typing import Any, ClassVar

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.shortcuts import get_object_or_404
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Account, Membership, validate_timezone
from campaigns.models import Campaign
from platforms.registry import PLATFORMS
from publishing import scheduling, writing
from publishing.bell import ring
from publishing.models import Delivery, Media, Post, State
from publishing.writing import PostInput, Target
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.idempotency import idempotent
from snsauto.api.limits import MULTI_PLATFORM, PUBLISH, SCHEDULE
from snsauto.api.posts import check
from snsauto.api.serializers import PostSerializer
from snsauto.api.views import KEY, sent
from snsauto.api.writing import LONGEST_TEXT, CheckResultSerializer, OwnRows

ALL = "all"
CHOICES = [
    (ALL, gettext_lazy("every network that is connected")),
    *((name, p.label) for name, p in PLATFORMS.items()),
]


class VariantSerializer(serializers.Serializer[Any]):
    """What is different on one network."""

    content = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, trim_whitespace=False, max_length=LONGEST_TEXT
    )
    options = serializers.DictField(required=False, child=serializers.JSONField())


class PublishSerializer(serializers.Serializer[Any]):
    """A text and the networks it is for: on each, every connected account, or those of `accounts` alone."""

    content = serializers.CharField(trim_whitespace=False, allow_blank=True, max_length=LONGEST_TEXT)
    platforms = serializers.ListField(child=serializers.ChoiceField(choices=CHOICES), allow_empty=False)
    accounts = OwnRows(queryset=Account.objects.all(), many=True, required=False)
    variants = serializers.DictField(child=VariantSerializer(), required=False)
    media = OwnRows(queryset=Media.objects.all(), many=True, required=False)
    campaign = OwnRows(queryset=Campaign.objects.all(), required=False, allow_null=True)
    timezone = serializers.CharField(required=False, validators=[validate_timezone])
    dry_run = serializers.BooleanField(
        default=False,
        help_text=gettext_lazy("Only say what each network would say (200); nothing is stored."),
    )


class MultiPlatformSerializer(PublishSerializer):
    """The same; without `platforms` it goes to every network that is connected."""

    platforms = serializers.ListField(
        child=serializers.ChoiceField(choices=CHOICES), allow_empty=False, default=[ALL]
    )


class ScheduleWriteSerializer(PublishSerializer):
    """The same, and when."""

    scheduled_for = serializers.DateTimeField(default_timezone=UTC)


class RescheduleSerializer(serializers.Serializer[Any]):
    """Another time, another text, or both."""

    scheduled_for = serializers.DateTimeField(default_timezone=UTC, required=False)
    content = serializers.CharField(
        trim_whitespace=False, allow_blank=True, max_length=LONGEST_TEXT, required=False
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs:
            raise serializers.ValidationError({"scheduled_for": _("Say when.")}, code="required")
        return attrs


class ExecutedSerializer(serializers.Serializer[Any]):
    """How many deliveries of the workspace are due; the workers send them at once."""

    due = serializers.IntegerField()


def content_of(member: Membership, asked: dict[str, Any]) -> PostInput:
    """The wish as the composer makes it. ValidationError names a network on which nothing is connected."""
    variants = asked.get("variants", {})
    targets = []
    for account in _accounts(member, asked):
        variant = variants.get(account.platform_name, {})
        targets.append(Target(account, variant.get("content"), variant.get("options", {})))
    return PostInput(
        text=asked["content"],
        targets=targets,
        media=asked.get("media", []),
        timezone=asked.get("timezone", member.workspace.timezone),
        campaign=asked.get("campaign"),
        scheduled_at=asked.get("scheduled_for"),
    )


def _accounts(member: Membership, asked: dict[str, Any]) -> list[Account]:
    wanted = dict.fromkeys(asked["platforms"])
    rows = Account.objects.visible_to(member).connected().defer("credentials").order_by("pk")
    if "accounts" in asked:
        rows = rows.filter(pk__in=[account.pk for account in asked["accounts"]])
    found = [account for account in rows if ALL in wanted or account.platform_name in wanted]
    missing = set(wanted) - {ALL, *(account.platform_name for account in found)}
    if missing or not found:
        names = ", ".join(sorted(missing)) or ALL
        raise ValidationError(
            {"platforms": _("No account is connected: %(networks)s.") % {"networks": names}},
            code="not_connected",
        )
    return found


def _answer(request: Request, pk: int, status_code: int = status.HTTP_200_OK) -> Response:
    rows = Post.objects.visible_to(member_of(request)).prefetch_related(
        "postmedia_set__media", "deliveries__account"
    )
    return Response(PostSerializer(rows.get(pk=pk), context={"request": request}).data, status=status_code)


def _send(request: Request, asked: dict[str, Any], at: datetime | None) -> Response:
    """Write the post and give it its time, both or neither; 201. `dry_run`: what each would say; 200."""
    member = member_of(request)
    content = content_of(member, asked)
    if asked["dry_run"]:
        return Response(check(member, content))
    with transaction.atomic():
        post = writing.save_post(member, content)
        scheduling.schedule(post, at or now())
    return _answer(request, post.pk, status.HTTP_201_CREATED)


POSTED = {200: CheckResultSerializer(many=True), 201: PostSerializer}


class Publish(APIView):
    """Send a text to the accounts of some networks now."""

    scope = "posts"
    limits: ClassVar[tuple[str, ...]] = (PUBLISH,)

    @extend_schema(request=PublishSerializer, responses=POSTED, parameters=[KEY])
    @idempotent
    def post(self, request: Request) -> Response:
        return _send(request, sent(PublishSerializer, request), None)


class PublishMultiPlatform(APIView):
    """Send a text to every connected network, or to those named, in one call."""

    scope = "posts"
    limits: ClassVar[tuple[str, ...]] = (MULTI_PLATFORM,)

    @extend_schema(request=MultiPlatformSerializer, responses=POSTED, parameters=[KEY])
    @idempotent
    def post(self, request: Request) -> Response:
        return _send(request, sent(MultiPlatformSerializer, request), None)


class Schedule(APIView):
    """Send a text to the accounts of some networks at a time."""

    scope = "posts"
    limits: ClassVar[tuple[str, ...]] = (SCHEDULE,)

    @extend_schema(request=ScheduleWriteSerializer, responses=POSTED, parameters=[KEY])
    @idempotent
    def post(self, request: Request) -> Response:
        asked = sent(ScheduleWriteSerializer, request)
        return _send(request, asked, asked["scheduled_for"])


class ScheduleDetail(Conditional, APIView):
    """A post that waits for its time."""

    scope = "posts"
    limits: ClassVar[tuple[str, ...]] = (SCHEDULE,)

    def held(self) -> Any:
        Post.objects.select_for_update().filter(pk=self._post().pk).first()
        return _answer(self.request, self._post().pk).data

    def _post(self) -> Post:
        waiting = Delivery.objects.filter(post=OuterRef("pk"), state=State.SCHEDULED)
        rows: QuerySet[Post] = Post.objects.visible_to(member_of(self.request))
        return get_object_or_404(rows.filter(Exists(waiting)), pk=self.kwargs["pk"])

    @extend_schema(responses=PostSerializer)
    def get(self, request: Request, pk: int) -> Response:
        return _answer(request, self._post().pk)

    @extend_schema(request=RescheduleSerializer, responses=PostSerializer)
    def put(self, request: Request, pk: int) -> Response:
        """Another time or text for what still waits."""
        post, member = self._post(), member_of(request)
        asked = sent(RescheduleSerializer, request)
        with transaction.atomic():
            if "content" in asked:
                writing.save_post(member, writing.stored_input(post, text=asked["content"]), post)
            if "scheduled_for" in asked:
                scheduling.schedule(post, asked["scheduled_for"])
        return _answer(request, post.pk)

    @extend_schema(responses={204: None})
    def delete(self, request: Request, pk: int) -> Response:
        """What still waits shall not go out."""
        if not scheduling.cancel_post(self._post()):
            raise Conflict(_("Nothing in this post waits for its time any more."))
        return Response(status=status.HTTP_204_NO_CONTENT)


class Execute(APIView):
    """Look for what is due now; it is done every few tenths of a second anyhow, while a worker runs."""

    scope = "posts"

    @extend_schema(request=None, responses=ExecutedSerializer)
    def post(self, request: Request) -> Response:
        due = Delivery.objects.visible_to(member_of(request)).due(now()).count()
        ring()
        return Response({"due": due})
