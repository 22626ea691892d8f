"""What goes out when: the queue as the page shows it, what is scheduled, and a month."""

from datetime import date
from typing import Any

from django.db.models import QuerySet
from django.db.models.functions import Coalesce
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from publishing.forms.planning import SHOWN, PlanFilter, QueueFilter
from publishing.models import Post, State
from publishing.month import Month
from snsauto.api.authentication import member_of
from snsauto.api.pagination import CursorPagination
from snsauto.api.serializers import PostSerializer, with_rows

EXCERPT = 80
MOST_IN_A_MONTH = 2_000


class QueuePagination(CursorPagination):
    """In the order in which the page shows them."""

    def get_ordering(self, request: Request, queryset: Any, view: Any) -> tuple[str, ...]:
        return tuple(queryset.query.order_by)


class QuestionSerializer(serializers.Serializer[Any]):
    """What narrows a plan."""

    network = serializers.CharField(required=False)
    account = serializers.IntegerField(required=False, min_value=1)
    campaign = serializers.IntegerField(required=False, min_value=1)


class QueueQuestionSerializer(QuestionSerializer):
    show = serializers.ChoiceField(choices=list(SHOWN), required=False)
    day = serializers.DateField(required=False)
    q = serializers.CharField(required=False, max_length=200)


class ScheduledQuestionSerializer(QuestionSerializer):
    day = serializers.DateField(required=False)
    q = serializers.CharField(required=False, max_length=200)


class Plan(generics.ListAPIView[Post]):
    """Posts in the order in which they go out, or went."""

    scope = "posts"
    queryset = Post.objects.all()
    serializer_class = PostSerializer
    pagination_class = QueuePagination
    filter_backends = ()
    question: type[serializers.Serializer[Any]] = QueueQuestionSerializer

    def get_queryset(self) -> QuerySet[Post]:
        form = asked_of(QueueFilter, self.question, self.request)
        posts: QuerySet[Post] = form.posts().annotate(at=Coalesce("scheduled_at", "created_at"))
        if form.shown != "drafts":  # of two that go out at once, the cursor wants no null before it
            sign = "" if form.shown == "planned" else "-"
            posts = posts.order_by(f"{sign}at", f"{sign}pk")
        return with_rows(posts)


class Queue(Plan):
    """The queue: planned (default), trouble, drafts, published, cancelled or all."""

    @extend_schema(parameters=[QueueQuestionSerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class Scheduled(Plan):
    """What waits for its time, the next one first."""

    question = ScheduledQuestionSerializer

    @extend_schema(parameters=[ScheduledQuestionSerializer])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        return super().get(request, *args, **kwargs)


class DayPostSerializer(serializers.Serializer[Any]):
    """A post as a calendar shows it."""

    id = serializers.IntegerField(source="pk")
    state = serializers.ChoiceField(choices=State.choices)
    scheduled_at = serializers.DateTimeField()
    excerpt = serializers.SerializerMethodField()
    campaign = serializers.IntegerField(source="campaign_id", allow_null=True)
    platforms = serializers.SerializerMethodField()

    def get_excerpt(self, post: Post) -> str:
        return post.text[:EXCERPT]

    def get_platforms(self, post: Post) -> list[str]:
        return [delivery.account.platform_name for delivery in post.deliveries.all()]


class DaySerializer(serializers.Serializer[Any]):
    date = serializers.DateField()
    posts = DayPostSerializer(many=True)


class MonthSerializer(serializers.Serializer[Any]):
    """Days with posts, by the workspace's clock. `is_complete`: false where there are more than 2,000."""

    month = serializers.CharField()
    timezone = serializers.CharField()
    is_complete = serializers.BooleanField()
    days = DaySerializer(many=True)


class Calendar(APIView):
    """The posts of a month."""

    scope = "posts"

    @extend_schema(
        parameters=[
            OpenApiParameter("month", str, description="2030-03; left out, the present one."),
            QuestionSerializer,
        ],
        responses=MonthSerializer,
    )
    def get(self, request: Request) -> Response:
        zone = member_of(request).workspace.zone
        month = _month(request.query_params.get("month", ""), request)
        form = asked_of(PlanFilter, QuestionSerializer, request)
        last = max(day for week in month.dates for day in week if day.month == month.first.month)
        rows = form.posts().on_days(month.first, last, zone).order_by("scheduled_at", "pk")
        posts = list(rows.with_deliveries()[: MOST_IN_A_MONTH + 1])
        days: dict[date, list[Post]] = {}
        for post in posts[:MOST_IN_A_MONTH]:
            days.setdefault(post.scheduled_at.astimezone(zone).date(), []).append(post)
        answer = {
            "month": f"{month.first:%Y-%m}",
            "timezone": zone.key,
            "is_complete": len(posts) <= MOST_IN_A_MONTH,
            "days": [{"date": day, "posts": of_day} for day, of_day in days.items()],
        }
        return Response(MonthSerializer(answer).data)


def _month(text: str, request: Request) -> Month:
    month = Month.of(text, member_of(request).workspace.zone)
    if text and f"{month.first:%Y-%m}" != text:
        raise ValidationError({"month": _("A month looks like 2030-03.")}, code="invalid")
    return month


def asked_of(form: type[PlanFilter], question: type[serializers.Serializer[Any]], request: Request) -> Any:
    """The page's own filter. It ignores what makes no sense; a program is told instead (400)."""
    question(data=request.query_params).is_valid(raise_exception=True)
    asked = form(member_of(request), request.query_params)
    if not asked.is_valid():
        found = asked.errors.get_json_data()
        raise ValidationError(
            {name: [ErrorDetail(one["message"], one["code"]) for one in of] for name, of in found.items()}
        )
    return asked
