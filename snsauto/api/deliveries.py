"""Deliveries through the API: the queue, what became of each, and what a person decides."""

from collections.abc import Callable

from django.db.models import QuerySet
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from publishing import scheduling
from publishing.deciding import Decision, decide, undo, undoable
from publishing.models import Delivery, State
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
from snsauto.api.filters import FilterSet, MomentFilter
from snsauto.api.idempotency import idempotent
from snsauto.api.serializers import DeliveryDetailSerializer, DeliverySerializer
from snsauto.api.views import KEY, sent
from snsauto.api.writing import ConfirmSerializer


class DeliveryFilter(FilterSet):
    """Deliveries by state, account, network, post and time."""

    state = filters.MultipleChoiceFilter(choices=State.choices)
    platform = filters.CharFilter(field_name="account__platform_name")
    due_after = MomentFilter(field_name="due_at", lookup_expr="gte")
    due_before = MomentFilter(field_name="due_at", lookup_expr="lt")

    class Meta:
        model = Delivery
        fields = ["account", "post", "reason_code"]


class DeliveryViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Delivery]):
    """Deliveries: the queue, each one's steps and attempts, and what a person may decide."""

    scope = "posts"
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
