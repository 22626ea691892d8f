"""Reports and the plans that make them."""

from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpResponse
from django.utils.timezone import now
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.models import Account, Membership
from accounts.permissions import Permission
from analytics import reports
from analytics.report_forms import MOST_ADDRESSES, fault_of_days
from analytics.report_models import Report, ReportPlan
from analytics.report_views import attached
from campaigns.models import Campaign
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.filters import FilterSet, IdFilter
from snsauto.api.idempotency import idempotent
from snsauto.api.plain import PlainSerializer
from snsauto.api.views import KEY, sent
from snsauto.api.writing import OwnRows


class ReportSerializer(PlainSerializer[Report]):
    """A report. `rows` are its numbers once it is ready; `link` needs no log-in, while it is shared."""

    link = serializers.SerializerMethodField()

    class Meta:
        model = Report
        fields = [
            "id",
            "name",
            "first_day",
            "last_day",
            "zone",
            "campaign",
            "account_ids",
            "plan",
            "state",
            "problem",
            "rows",
            "link",
            "link_until",
            "created_at",
            "made_at",
        ]
        read_only_fields = fields

    def get_link(self, report: Report) -> str | None:
        return report.link if report.is_shared else None


class ReportLineSerializer(ReportSerializer):
    """The same in lists, without the numbers."""

    class Meta(ReportSerializer.Meta):
        fields = [name for name in ReportSerializer.Meta.fields if name != "rows"]
        read_only_fields = fields


class ReportWriteSerializer(serializers.Serializer[Any]):
    """What a report shall be about; days from first to last, by the workspace's clock."""

    name = serializers.CharField(max_length=80)
    first_day = serializers.DateField()
    last_day = serializers.DateField()
    campaign = OwnRows(queryset=Campaign.objects.all(), required=False, allow_null=True, default=None)
    accounts = OwnRows(queryset=Account.objects.all(), many=True, required=False, default=list)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        today = now().astimezone(member_of(self.context["request"]).workspace.zone).date()
        if fault := fault_of_days(attrs["first_day"], attrs["last_day"], today):
            raise serializers.ValidationError({"last_day": fault}, code="invalid_days")
        return attrs


class ReportFilter(FilterSet):
    """Reports by state, plan and campaign."""

    plan = IdFilter()
    campaign = IdFilter()

    class Meta:
        model = Report
        fields = ["state"]


class ReportViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[Report],
):
    """Reports: make one, read it, download it as PDF or CSV, share it by a link."""

    queryset = Report.objects.all()
    serializer_class = ReportSerializer
    scope = "reports"
    permission = Permission.WRITE
    filterset_class = ReportFilter
    http_method_names = ["get", "post", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[Report]:
        rows = Report.objects.visible_to(member_of(self.request)).select_related("workspace")
        return rows.defer("rows") if self.action == "list" else rows

    def get_serializer_class(self) -> type[ReportSerializer]:
        return ReportLineSerializer if self.action == "list" else ReportSerializer

    @extend_schema(request=ReportWriteSerializer, responses={202: ReportSerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        """Made in the background: look at `state` until it is `ready`."""
        asked, member = sent(ReportWriteSerializer, request), member_of(request)
        report = Report.objects.create(
            workspace=member.workspace,
            name=asked["name"],
            first_day=asked["first_day"],
            last_day=asked["last_day"],
            zone=member.workspace.timezone,
            campaign=asked["campaign"],
            account_ids=sorted(account.pk for account in asked["accounts"]),
            created_by=member.user,
        )
        reports.ring()
        return Response(self.get_serializer(report).data, status=status.HTTP_202_ACCEPTED)

    @extend_schema(
        parameters=[OpenApiParameter("kind", str, OpenApiParameter.PATH, enum=list(reports.FILES))],
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    @action(
        detail=True,
        methods=["get"],
        url_path=r"download/(?P<kind>pdf|csv)",
        pagination_class=None,
        filterset_class=None,
    )
    def download(self, request: Request, pk: str, kind: str) -> HttpResponse:
        """The file: PDF or CSV."""
        report = self.get_object()
        if not report.is_ready:
            raise Conflict(_("The report is not ready."), code="report_not_ready")
        return attached(report, kind)

    @extend_schema(request=None, responses=ReportSerializer)
    @action(detail=True, methods=["post"])
    def share(self, request: Request, pk: str) -> Response:
        """A new link for thirty days; an older one works no longer."""
        report = self.get_object()
        if not report.is_ready:
            raise Conflict(_("The report is not ready."), code="report_not_ready")
        report.share()
        return Response(self.get_serializer(report).data)

    @extend_schema(request=None, responses=ReportSerializer)
    @action(detail=True, methods=["post"])
    def unshare(self, request: Request, pk: str) -> Response:
        """The link works no longer."""
        report = self.get_object()
        report.unshare()
        return Response(self.get_serializer(report).data)


class ReportPlanSerializer(serializers.ModelSerializer[ReportPlan]):
    """A plan; `members` are ids of memberships, `addresses` other e-mail addresses. `weekday` 0 is Monday."""

    campaign = OwnRows(queryset=Campaign.objects.all(), required=False, allow_null=True)
    accounts = OwnRows(queryset=Account.objects.all(), many=True, required=False)
    members = OwnRows(queryset=Membership.objects.all(), many=True, required=False)
    addresses = serializers.ListField(
        child=serializers.EmailField(), required=False, max_length=MOST_ADDRESSES
    )

    class Meta:
        model = ReportPlan
        fields = [
            "id",
            "name",
            "kind",
            "weekday",
            "month_day",
            "at",
            "campaign",
            "accounts",
            "members",
            "addresses",
            "with_pdf",
            "with_csv",
            "is_on",
            "due_at",
            "zone",
            "created_at",
        ]
        read_only_fields = ["due_at", "zone", "created_at"]

    def validate_addresses(self, addresses: list[str]) -> list[str]:
        return list(dict.fromkeys(address.lower() for address in addresses))

    @transaction.atomic
    def create(self, validated_data: dict[str, Any]) -> ReportPlan:
        """With its first time, which is always ahead."""
        lists = {name: validated_data.pop(name) for name in ("accounts", "members") if name in validated_data}
        plan = ReportPlan(**validated_data)
        plan.set_due(now())
        plan.save()
        for name, rows in lists.items():
            getattr(plan, name).set(rows)
        return plan

    @transaction.atomic
    def update(self, instance: ReportPlan, validated_data: dict[str, Any]) -> ReportPlan:
        """With its next time counted afresh."""
        plan = super().update(instance, validated_data)
        plan.set_due(now())
        plan.save(update_fields=["due_at", "zone"])
        return plan


class ReportPlanViewSet(
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    mixins.UpdateModelMixin,
    mixins.DestroyModelMixin,
    viewsets.GenericViewSet[ReportPlan],
):
    """Plans: reports that make themselves each day, week or month. Deleting one keeps its reports."""

    queryset = ReportPlan.objects.all()
    serializer_class = ReportPlanSerializer
    scope = "reports"
    permission = Permission.WRITE
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]

    def get_queryset(self) -> QuerySet[ReportPlan]:
        rows = ReportPlan.objects.visible_to(member_of(self.request))
        return rows.select_related("workspace").prefetch_related("accounts", "members")

    @extend_schema(request=ReportPlanSerializer, responses={201: ReportPlanSerializer}, parameters=[KEY])
    @idempotent
    def create(self, request: Request) -> Response:
        serializer, member = self.get_serializer(data=request.data), member_of(request)
        serializer.is_valid(raise_exception=True)
        serializer.save(workspace=member.workspace, created_by=member.user)
        return Response(serializer.data, status=status.HTTP_201_CREATED)
