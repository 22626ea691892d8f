"""Numbers through the API: the same as on the pages, by the same choice of days and accounts."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from django.http import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import exceptions, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account
from accounts.permissions import Permission
from analytics.best_time import LEAST_POSTS, Slot, heat_map
from analytics.forms import Chosen, RangeForm
from analytics.models import AccountSnapshot
from analytics.overview import SERIES, Overview
from analytics.reading import PostLine
from analytics.stories import DeliveryNumbers, PostNumbers
from analytics.views import file_of
from publishing.models import Post
from snsauto.api.authentication import member_of

WHOSE = [
    OpenApiParameter("accounts", str, description="Ids, with commas between; left out: all."),
    OpenApiParameter("networks", str, description="Names, with commas between; left out: all."),
]
RANGE = [
    OpenApiParameter("from", OpenApiTypes.DATE, description="The first day, by the workspace's clock."),
    OpenApiParameter("to", OpenApiTypes.DATE, description="The last day; left out: today."),
    OpenApiParameter("days", int, description="So many days up to today, where `from` is left out; 28."),
    *WHOSE,
]


class BadQuery(exceptions.APIException):
    """The address asks for what cannot be."""

    status_code = status.HTTP_400_BAD_REQUEST
    default_code = "invalid"


class NumbersField(serializers.DictField):
    """Numbers by name. null: the networks do not tell it, which is never 0."""

    child = serializers.FloatField(allow_null=True)


class RangeSerializer(serializers.Serializer[Any]):
    """Days by the workspace's clock."""

    first = serializers.DateField()
    last = serializers.DateField()


class PostLineSerializer(serializers.Serializer[Any]):
    """One post on one account, with its newest numbers."""

    post = serializers.IntegerField(source="post.pk")
    delivery = serializers.IntegerField(source="delivery.pk")
    account = serializers.IntegerField(source="account.pk")
    platform = serializers.CharField(source="account.platform_name")
    text = serializers.CharField(source="delivery.effective_text")
    permalink = serializers.CharField(source="delivery.permalink")
    published_at = serializers.DateTimeField(source="delivery.published_at")
    score = serializers.FloatField()
    values = NumbersField()


class PlatformNumbersSerializer(serializers.Serializer[Any]):
    """What a range brought on one network."""

    platform = serializers.CharField()
    values = NumbersField()


class OverviewSerializer(serializers.Serializer[Any]):
    """What a range brought, against the same number of days before."""

    range = RangeSerializer()
    before = RangeSerializer()
    timezone = serializers.CharField()
    accounts = serializers.ListField(child=serializers.IntegerField())
    totals = NumbersField()
    totals_before = NumbersField()
    platforms = PlatformNumbersSerializer(many=True)
    best = PostLineSerializer(many=True)
    worst = PostLineSerializer(many=True)
    corrected_days = serializers.ListField(child=serializers.DateField())


class AccountNumbersSerializer(OverviewSerializer):
    """The same of one account. `newest`: what its network last told of the account itself."""

    account = serializers.IntegerField()
    newest = NumbersField(allow_null=True)
    newest_of_days = serializers.IntegerField()
    taken_at = serializers.DateTimeField(allow_null=True)


class SnapshotSerializer(serializers.Serializer[Any]):
    """What a network told at a moment, by our names and by its own."""

    taken_at = serializers.DateTimeField()
    values = NumbersField()
    raw = serializers.JSONField()


class DeliveryNumbersSerializer(serializers.Serializer[Any]):
    """A post on one account. `problem`: why there are no numbers, or none any more."""

    delivery = serializers.IntegerField(source="delivery.pk")
    account = serializers.IntegerField(source="account.pk")
    platform = serializers.CharField(source="account.platform_name")
    values = NumbersField()
    problem = serializers.CharField(source="sentence")
    next_look_at = serializers.SerializerMethodField()
    snapshots = SnapshotSerializer(many=True)

    @extend_schema(responses=OpenApiTypes.DATETIME)
    def get_next_look_at(self, numbers: DeliveryNumbers) -> str | None:
        due_at = numbers.look.due_at if numbers.look else None
        return due_at.isoformat() if due_at else None


class PostNumbersSerializer(serializers.Serializer[Any]):
    """A post on all of its accounts."""

    post = serializers.IntegerField(source="post.pk")
    totals = NumbersField()
    deliveries = DeliveryNumbersSerializer(many=True)


class SlotSerializer(serializers.Serializer[Slot]):
    """An hour of the week (Monday is 0). `score` 1.0 is the usual; `count`: how many posts it stands on."""

    weekday = serializers.IntegerField()
    hour = serializers.IntegerField()
    score = serializers.FloatField()
    count = serializers.IntegerField()


class OptimalTimeSerializer(serializers.Serializer[Any]):
    """When posts did best; nothing while there is not enough to say so."""

    timezone = serializers.CharField()
    posts = serializers.IntegerField()
    least_posts = serializers.IntegerField()
    is_enough = serializers.BooleanField()
    best = SlotSerializer(many=True)
    slots = SlotSerializer(many=True)


class PointSerializer(serializers.Serializer[Any]):
    day = serializers.DateField()
    value = serializers.FloatField(allow_null=True)


class SeriesSerializer(serializers.Serializer[Any]):
    """One number, day by day."""

    metric = serializers.CharField()
    points = PointSerializer(many=True)


class AnalyticsViewSet(viewsets.ViewSet):
    """Numbers of posts and accounts."""

    scope = "analytics"
    permission = Permission.VIEW

    @extend_schema(parameters=RANGE, responses=OverviewSerializer)
    def list(self, request: Request) -> Response:
        """What a range of days brought to all accounts, or to some."""
        shown = Overview(member_of(request).workspace, asked(request))
        return Response(OverviewSerializer(_told(shown)).data)

    @extend_schema(parameters=RANGE[:3], responses=AccountNumbersSerializer)
    @action(detail=False, url_path="accounts/(?P<pk>[^/.]+)", url_name="account")
    def account(self, request: Request, pk: str) -> Response:
        """The same of one account, and what its network tells of the account itself."""
        found = get_object_or_404(Account.objects.visible_to(member_of(request)), pk=_id(pk))
        chosen = asked(request, [found.pk])
        newest = AccountSnapshot.objects.filter(account=found).order_by("-taken_at").first()
        told = {
            **_told(Overview(member_of(request).workspace, chosen)),
            "account": found.pk,
            "newest": newest.values if newest else None,
            "newest_of_days": found.platform.account_days,
            "taken_at": newest.taken_at if newest else None,
        }
        return Response(AccountNumbersSerializer(told).data)

    @extend_schema(responses=PostNumbersSerializer)
    @action(detail=False, url_path="posts/(?P<pk>[^/.]+)", url_name="post")
    def post_numbers(self, request: Request, pk: str) -> Response:
        """A post on each of its accounts, with all that was ever told of it."""
        found = get_object_or_404(Post.objects.visible_to(member_of(request)), pk=_id(pk))
        return Response(PostNumbersSerializer(PostNumbers(found)).data)

    @extend_schema(parameters=WHOSE, responses=OptimalTimeSerializer)
    @action(detail=False, url_path="optimal-time")
    def optimal_time(self, request: Request) -> Response:
        """The hours of the week in which posts did best."""
        workspace, chosen = member_of(request).workspace, asked(request)
        heat = heat_map(workspace, chosen.ids if chosen.is_narrowed else None)
        told = {
            "timezone": workspace.timezone,
            "posts": heat.posts,
            "least_posts": LEAST_POSTS,
            "is_enough": heat.is_enough,
            "best": heat.best(3),
            "slots": [slot for _place, slot in sorted(heat.slots.items())] if heat.is_enough else [],
        }
        return Response(OptimalTimeSerializer(told).data)

    @extend_schema(parameters=[OpenApiParameter("metric", enum=SERIES), *RANGE], responses=SeriesSerializer)
    @action(detail=False)
    def series(self, request: Request) -> Response:
        """One number day by day, as the chart shows it."""
        metric = request.query_params.get("metric", SERIES[0])
        if metric not in SERIES:
            raise BadQuery(_("There is no such number."), code="unknown_metric")
        chosen = asked(request)
        values = Overview(member_of(request).workspace, chosen).figures.series[metric]
        points = [{"day": day, "value": value} for day, value in zip(chosen.span.days, values, strict=True)]
        return Response(SeriesSerializer({"metric": metric, "points": points}).data)

    @extend_schema(
        parameters=[
            OpenApiParameter("as", enum=["csv", "xlsx"]),
            OpenApiParameter("what", enum=["days", "posts"], description="For CSV; a workbook has both."),
            *RANGE,
        ],
        responses={(200, "text/csv"): OpenApiTypes.BINARY},
    )
    @action(detail=False)
    def export(self, request: Request) -> HttpResponseBase:
        """The rows of a range as a file."""
        kind = request.query_params.get("as", "csv")
        if kind not in {"csv", "xlsx"}:
            raise BadQuery(_("A file is csv or xlsx."), code="unknown_format")
        return file_of(
            member_of(request).workspace, kind, asked(request), request.query_params.get("what", "")
        )


def asked(request: Request, ids: Sequence[int] | None = None) -> Chosen:
    """The days and accounts that the address names (or these ids); 400 with a code where it cannot be."""
    form = RangeForm(member_of(request), request.query_params)
    if not form.is_valid():
        error = next(iter(form.errors.as_data().values()))[0]
        raise BadQuery(" ".join(error.messages), code=error.code)
    if ids is None:
        return form.chosen
    return replace(form.chosen, accounts=[account for account in form.everyone if account.pk in ids])


def _id(pk: str) -> int:
    return int(pk) if pk.isdecimal() and len(pk) < 19 else 0


def _told(shown: Overview) -> dict[str, Any]:
    span, figures = shown.chosen.span, shown.figures
    best: list[PostLine] = shown.best
    return {
        "range": span,
        "before": span.before(),
        "timezone": span.zone.key,
        "accounts": shown.chosen.ids,
        "totals": figures.now,
        "totals_before": figures.before,
        "platforms": [{"platform": name, "values": values} for name, values in figures.networks],
        "best": best,
        "worst": shown.worst,
        "corrected_days": figures.corrected,
    }
