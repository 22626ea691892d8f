"""Campaigns: what posts have in common, and what they brought."""

from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.permissions import Permission
from analytics.report_campaign import CampaignNumbers, states_of
from campaigns.models import Campaign
from campaigns.validators import faults
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.idempotency import idempotent
from snsauto.api.plain import PlainSerializer
from snsauto.api.views import KEY

WRITTEN = (
    "name", "goal", "colour", "starts_on", "ends_on", "goal_metric", "goal_target", "budget", "spent",
    "currency", "tags_links", "utm_source", "utm_medium", "utm_campaign", "utm_term", "utm_content",
)  # fmt: skip


class CampaignSerializer(PlainSerializer[Campaign]):
    """A campaign; `phase` is where it stands today by the workspace's clock."""

    phase = serializers.CharField(read_only=True)

    class Meta:
        model = Campaign
        fields = ["id", *WRITTEN, "phase", "created_at", "archived_at"]
        read_only_fields = ["created_at", "archived_at"]

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        """The same faults as in the form, of the campaign as it would stand."""
        standing = self.instance or Campaign()
        whole = {name: attrs.get(name, getattr(standing, name)) for name in WRITTEN}
        workspace = member_of(self.context["request"]).workspace
        if found := faults(workspace, whole, standing.pk):
            raise serializers.ValidationError(
                {name: [serializers.ErrorDetail(said, code)] for name, (code, said) in found.items()}
            )
        return attrs


class CampaignCostSerializer(serializers.Serializer[Any]):
    """Money by results; `basis`: what was spent where that was typed, else the budget."""

    basis = serializers.ChoiceField(choices=["spent", "budget"])
    amount = serializers.DecimalField(max_digits=12, decimal_places=2)
    currency = serializers.CharField()
    metric = serializers.CharField()
    results = serializers.FloatField(allow_null=True)
    each = serializers.DecimalField(max_digits=16, decimal_places=4, allow_null=True)


class CampaignProgressSerializer(serializers.Serializer[Any]):
    metric = serializers.CharField()
    value = serializers.FloatField(allow_null=True)
    target = serializers.IntegerField()
    percent = serializers.IntegerField(allow_null=True)


class CampaignMetricsSerializer(serializers.Serializer[Any]):
    """What a campaign's posts brought since its first day; null is not available, which is never 0."""

    first_day = serializers.DateField(allow_null=True)
    last_day = serializers.DateField(allow_null=True)
    posts_by_state = serializers.DictField(child=serializers.IntegerField())
    totals = serializers.DictField(child=serializers.FloatField(allow_null=True))
    progress = CampaignProgressSerializer(allow_null=True)
    cost_per_result = CampaignCostSerializer(allow_null=True)
    days = serializers.ListField(child=serializers.DictField())


class CampaignViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Campaign],
):
    """Campaigns: list, create, change, archive, delete, and what they brought. Posts outlive them."""

    queryset = Campaign.objects.all()
    serializer_class = CampaignSerializer
    scope = "campaigns"
    permission = Permission.WRITE
    filterset_fields = {"archived_at": ["isnull"]}
    http_method_names = ["get", "post", "put", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Campaign]:
        return Campaign.objects.visible_to(member_of(self.request)).select_related("workspace")

    @extend_schema(request=CampaignSerializer, responses={201: CampaignSerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        serializer = self.get_serializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        serializer.save(workspace=member_of(request).workspace)
        return Response(serializer.data, status=status.HTTP_201_CREATED)

    @extend_schema(responses=CampaignMetricsSerializer)
    @action(detail=True, methods=["get"], pagination_class=None, filterset_fields=None)
    def metrics(self, request: Request, pk: str) -> Response:
        """Totals, days, progress to the target, cost per result, and how many posts stand in each state."""
        campaign = self.get_object()
        return Response(CampaignMetricsSerializer(_metrics(campaign)).data)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def archive(self, request: Request, pk: str) -> Response:
        """No post is put into it any more; those it has go on."""
        campaign = self.get_object()
        if not campaign.archive():
            raise Conflict(_("It is in the archive already."), code="archived")
        return Response(self.get_serializer(campaign).data)

    @extend_schema(request=None, responses=CampaignSerializer)
    @action(detail=True, methods=["post"])
    def restore(self, request: Request, pk: str) -> Response:
        """Out of the archive again."""
        campaign = self.get_object()
        if not campaign.restore():
            raise Conflict(_("It is not in the archive."), code="not_archived")
        return Response(self.get_serializer(campaign).data)


def _metrics(campaign: Campaign) -> dict[str, Any]:
    numbers = CampaignNumbers(campaign)
    span, cost, trend = numbers.span, numbers.cost, numbers.trend
    return {
        "first_day": span and span.first,
        "last_day": span and span.last,
        "posts_by_state": {str(state): count for state, count in states_of(campaign)},
        "totals": numbers.totals.values,
        "progress": numbers.progress,
        "cost_per_result": cost
        and {
            "basis": "spent" if cost.is_spent else "budget",
            "amount": cost.amount,
            "currency": cost.currency,
            "metric": cost.metric,
            "results": cost.results,
            "each": None if cost.each is None else round(cost.each, 4),
        },
        "days": [
            {"first_day": row.first, "last_day": row.last, **dict(row.values)}
            for row in (trend.rows if trend else ())
        ],
    }
