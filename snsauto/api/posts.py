"""Posts through the API: written, checked, scheduled, published, taken back."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Membership
from platforms.rules import Finding
from publishing import scheduling, writing
from publishing.forecast import full_days
from publishing.models import Post, State
from publishing.previews import Preview, preview, with_twins
from publishing.writing import PostInput, locked_deliveries
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.filters import FilterSet, IdFilter, MomentFilter
from snsauto.api.idempotency import idempotent
from snsauto.api.limits import PUBLISH, SCHEDULE, spend
from snsauto.api.serializers import PostSerializer, with_rows
from snsauto.api.views import KEY, sent
from snsauto.api.writing import CheckResultSerializer, PostWriteSerializer, ScheduleSerializer, post_input

LIMITS: dict[str, tuple[str, ...]] = {"draft": (), "schedule": (SCHEDULE,), "now": (PUBLISH,)}


class PostFilter(FilterSet):
    """Posts by state of a delivery, account, campaign and time."""

    state = filters.ChoiceFilter(field_name="deliveries__state", choices=State.choices, distinct=True)
    account = IdFilter(field_name="deliveries__account", distinct=True)
    scheduled_after = MomentFilter(field_name="scheduled_at", lookup_expr="gte")
    scheduled_before = MomentFilter(field_name="scheduled_at", lookup_expr="lt")
    q = filters.CharFilter(field_name="text", lookup_expr="icontains")

    class Meta:
        model = Post
        fields = ["campaign"]


class PostViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Post],
):
    """Posts: write, check, schedule, publish, cancel, delete."""

    scope = "posts"
    limits: tuple[str, ...] = ()
    queryset = Post.objects.all()
    serializer_class = PostSerializer
    filterset_class = PostFilter

    def get_queryset(self) -> QuerySet[Post]:
        rows = Post.objects.visible_to(member_of(self.request))
        if self.action == "list":
            return with_rows(rows)
        return rows.prefetch_related("postmedia_set__media", "deliveries__account")

    def _answer(self, post: Post, status_code: int = status.HTTP_200_OK) -> Response:
        return Response(self.get_serializer(self.get_queryset().get(pk=post.pk)).data, status=status_code)

    @extend_schema(request=PostWriteSerializer, responses={201: PostSerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        asked = self._sent(request)
        with transaction.atomic():
            post = writing.save_post(member_of(request), post_input(member_of(request), asked))
            go(post, asked)
        return self._answer(post, status.HTTP_201_CREATED)

    @extend_schema(request=PostWriteSerializer, responses=PostSerializer)
    def update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Written anew: what is left out is emptied. What is out is never touched."""
        return self._rewrite(request, keep=False)

    @extend_schema(request=PostWriteSerializer, responses=PostSerializer)
    def partial_update(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Changed: what is left out stays. What is out is never touched."""
        return self._rewrite(request, keep=True)

    def _rewrite(self, request: Request, *, keep: bool) -> Response:
        post, member = self.get_object(), member_of(request)
        asked = self._sent(request)
        with transaction.atomic():
            writing.save_post(member, post_input(member, asked, post if keep else None), post)
            go(post, asked)
        return self._answer(post)

    @staticmethod
    def _sent(request: Request) -> dict[str, Any]:
        """The validated body; counted, where it sends or schedules."""
        asked = sent(PostWriteSerializer, request)
        spend(request, *LIMITS[asked["publish"]])
        return asked

    def destroy(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        writing.delete_post(self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)

    @extend_schema(request=None, responses=PostSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"], limits=(PUBLISH,))
    @idempotent
    def publish(self, request: Request, pk: str) -> Response:
        """Everything that is still open goes out now."""
        post = self.get_object()
        scheduling.publish_now(post)
        return self._answer(post)

    @extend_schema(request=ScheduleSerializer, responses=PostSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"], limits=(SCHEDULE,))
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

    @extend_schema(request=None, responses=PostSerializer, parameters=[KEY])
    @action(detail=True, methods=["post"], limits=(PUBLISH,))
    @idempotent
    def retry(self, request: Request, pk: str) -> Response:
        """Send again now what failed or was missed; steps that are done stay done."""
        post = self.get_object()
        with transaction.atomic():
            tried = [scheduling.retry(delivery) for delivery in locked_deliveries(post)]
        if not any(tried):
            raise Conflict(_("Nothing in this post has failed or was missed."))
        return self._answer(post)

    @extend_schema(request=PostWriteSerializer, responses=CheckResultSerializer(many=True))
    @action(detail=False, methods=["post"], pagination_class=None, filterset_class=None)
    def check(self, request: Request) -> Response:
        """The preflight alone: what each network would say. Nothing is stored."""
        member = member_of(request)
        return Response(check(member, post_input(member, sent(PostWriteSerializer, request))))


def go(post: Post, asked: dict[str, Any]) -> None:
    """What shall happen once the post is saved."""
    if asked["publish"] == "now":
        scheduling.publish_now(post)
    elif asked["publish"] == "schedule":
        scheduling.schedule(post, asked["scheduled_at"])


def check(member: Membership, content: PostInput) -> list[dict[str, Any]]:
    """What each network would say of a post that is not written down."""
    at = content.scheduled_at or now()
    previews = with_twins([preview(content, target) for target in content.targets], at, None)
    full = full_days([(row.account, row.draft) for row in previews], at, member.workspace.zone)
    return [_checked(row, full[row.account.pk]) for row in previews]


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
