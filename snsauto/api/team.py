"""The workspace through the API: what it is called, who is in it, its keys, and what was done."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, ClassVar

from django.core.exceptions import ValidationError as Invalid
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django_filters import rest_framework as filters
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import invitations, members
from accounts.models import ApiToken, AuditEvent, Invitation, Membership, Workspace
from accounts.permissions import Permission, Role
from accounts.scopes import EVERYTHING, SCOPES, validate_scopes
from accounts.views.tokens import tokens_of
from snsauto.api.authentication import member_of, token_of
from snsauto.api.errors import Conflict
from snsauto.api.etags import Conditional
from snsauto.api.filters import MomentFilter
from snsauto.api.idempotency import idempotent
from snsauto.api.permissions import ScopeMissing
from snsauto.api.plain import PlainSerializer
from snsauto.api.views import KEY, sent


class Managed(APIView):
    """A view of what only those see who manage the workspace."""

    permission = Permission.MANAGE

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method != "OPTIONS" and not member_of(request).may(Permission.MANAGE):
            raise PermissionDenied


# --- the workspace ---


class WorkspaceSettingsSerializer(serializers.ModelSerializer[Workspace]):
    """A workspace. `week_starts_on`: 0 is Monday. `tolerance_minutes`: how late a post still goes out.

    `auto_reply`: rules of the inbox may answer.
    """

    tolerance_minutes = serializers.IntegerField(min_value=1, max_value=7 * 24 * 60)
    deletes_at = serializers.DateTimeField(read_only=True, allow_null=True)

    class Meta:
        model = Workspace
        fields = [
            "id",
            "name",
            "timezone",
            "week_starts_on",
            "tolerance_minutes",
            "brand_colour",
            "is_paused",
            "auto_reply",
            "deletes_at",
        ]

    def to_representation(self, instance: Workspace) -> dict[str, Any]:
        instance.tolerance_minutes = int(instance.tolerance.total_seconds() // 60)  # type: ignore[attr-defined]
        return dict(super().to_representation(instance))


class WorkspaceDetail(Conditional, APIView):
    """The token's workspace. Paused, nothing of it goes out."""

    scope = "workspace"
    permission = Permission.MANAGE

    @extend_schema(responses=WorkspaceSettingsSerializer)
    def get(self, request: Request) -> Response:
        return Response(WorkspaceSettingsSerializer(member_of(request).workspace).data)

    def held(self) -> Any:
        rows = Workspace.objects.select_for_update()
        return WorkspaceSettingsSerializer(rows.get(pk=member_of(self.request).workspace_id)).data

    @extend_schema(request=WorkspaceSettingsSerializer(partial=True), responses=WorkspaceSettingsSerializer)
    def patch(self, request: Request) -> Response:
        """Change what is sent, and leave the rest."""
        member = member_of(request)
        workspace = member.workspace
        form = WorkspaceSettingsSerializer(workspace, data=request.data, partial=True)
        form.is_valid(raise_exception=True)
        wanted = dict(form.validated_data)
        if not wanted:
            raise serializers.ValidationError(_("Say what shall change."), code="nothing_asked")
        paused = wanted.pop("is_paused", None)
        fields = sorted(wanted)
        if "tolerance_minutes" in wanted:
            wanted["tolerance"] = timedelta(minutes=wanted.pop("tolerance_minutes"))
        with transaction.atomic():
            if wanted:
                Workspace.objects.filter(pk=workspace.pk).update(**wanted)
                AuditEvent.record(member, "workspace.changed", workspace, fields=fields)
            if paused is not None:
                workspace.set_paused(paused, member.user)
        workspace.refresh_from_db()
        return Response(WorkspaceSettingsSerializer(workspace).data)


# --- people ---


class MemberSerializer(serializers.ModelSerializer[Membership]):
    """Somebody in the workspace."""

    name = serializers.CharField(source="user.name", read_only=True)
    email = serializers.EmailField(source="user.email", read_only=True)

    class Meta:
        model = Membership
        fields = ["id", "name", "email", "role", "created_at"]
        extra_kwargs: ClassVar[dict[str, Any]] = {"role": {"required": True}}


class MemberViewSet(
    Conditional, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Membership]
):
    """The members: see them, change a role, take somebody out. New ones are invited."""

    scope = "workspace"
    permission = Permission.MANAGE
    queryset = Membership.objects.all()
    serializer_class = MemberSerializer
    filterset_fields: ClassVar[list[str]] = ["role"]

    def get_queryset(self) -> QuerySet[Membership]:
        return Membership.objects.visible_to(member_of(self.request)).select_related("user", "workspace")

    def partial_update(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Give a member another role."""
        membership = self.get_object()
        role = sent(MemberSerializer, request)["role"]
        with refusals():
            members.change_role(member_of(request), membership, role)
        return Response(self.get_serializer(self.get_object()).data)

    def destroy(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Take a member out."""
        membership = self.get_object()
        with refusals():
            members.remove_member(member_of(request), membership)
        return Response(status=status.HTTP_204_NO_CONTENT)


class refusals:  # noqa: N801  (used as a statement)
    """What members.py refuses is a conflict, in its words."""

    def __enter__(self) -> None:
        """Nothing to prepare."""

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, members.OwnersMatter):
            raise PermissionDenied(str(error), code="owners_matter") from error
        if isinstance(error, members.LastOwner):
            raise Conflict(str(error), code="last_owner") from error
        if isinstance(error, members.NotAllowed):
            raise Conflict(str(error), code="not_possible") from error


class InvitationSerializer(serializers.ModelSerializer[Invitation]):
    """Somebody who may join. `mailed_at` is null until the mail has left."""

    email = serializers.EmailField()
    role = serializers.ChoiceField(choices=Role.choices, default=Role.EDITOR)

    class Meta:
        model = Invitation
        fields = ["id", "email", "role", "created_at", "expires_at", "mailed_at"]
        read_only_fields = ["created_at", "expires_at", "mailed_at"]


class InvitationViewSet(
    Managed,
    Conditional,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Invitation],
):
    """Invitations: ask somebody in by mail, again, and take it back."""

    scope = "workspace"
    queryset = Invitation.objects.all()
    serializer_class = InvitationSerializer
    filterset_fields: ClassVar[list[str]] = ["role"]

    def get_queryset(self) -> QuerySet[Invitation]:
        return Invitation.objects.visible_to(member_of(self.request))

    @extend_schema(parameters=[KEY], responses={201: InvitationSerializer})
    @idempotent
    def create(self, request: Request) -> Response:
        """Ask somebody in: a mail with a link follows, good once and for seven days."""
        asked = sent(InvitationSerializer, request)
        with refusals():
            invitation = invitations.invite(member_of(request), asked["email"], asked["role"])
        return Response(self.get_serializer(invitation).data, status=status.HTTP_201_CREATED)

    @extend_schema(request=None)
    @action(detail=True, methods=["post"], pagination_class=None, filterset_fields=None)
    def resend(self, request: Request, pk: str) -> Response:
        """Another mail with another link."""
        with refusals():
            invitations.resend(member_of(request), self.get_object())
        return Response(self.get_serializer(self.get_object()).data)

    def destroy(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        invitations.withdraw(member_of(request), self.get_object())
        return Response(status=status.HTTP_204_NO_CONTENT)


# --- keys ---


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A key for a program; the key itself is told once, when it is made."""

    owner = serializers.CharField(source="user.email", read_only=True)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), max_length=len(SCOPES))

    class Meta:
        model = ApiToken
        fields = ["id", "name", "hint", "owner", "scopes", "created_at", "expires_at", "last_used_at"]
        read_only_fields = ["created_at", "last_used_at"]


class TokenWriteSerializer(serializers.Serializer[Any]):
    """What a new key is for. Left out: all that its owner may do, without an end (of the key that asks)."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(child=serializers.CharField(max_length=40), default=[EVERYTHING])
    expires_at = serializers.DateTimeField(required=False, allow_null=True, default=None)

    def validate_scopes(self, value: list[str]) -> list[str]:
        try:
            validate_scopes(value)
        except Invalid as error:
            raise serializers.ValidationError(error.messages, code=error.code) from error
        return value

    def validate_expires_at(self, value: Any) -> Any:
        if value and value <= now():
            raise serializers.ValidationError(_("This has passed."), code="past")
        return value


class NewTokenSerializer(TokenSerializer):
    key = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = [*TokenSerializer.Meta.fields, "key"]


class TokenViewSet(
    Conditional, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[ApiToken]
):
    """Keys for programs: one's own; those who manage the workspace see and revoke everybody's."""

    scope = "workspace"
    permission = Permission.VIEW
    queryset = ApiToken.objects.all()
    serializer_class = TokenSerializer

    def get_queryset(self) -> QuerySet[ApiToken]:
        return tokens_of(member_of(self.request))

    @extend_schema(request=TokenWriteSerializer, responses={201: NewTokenSerializer})
    def create(self, request: Request) -> Response:
        """Make a key, told this once. A key makes none that may do more than itself, or for longer."""
        asked, member = sent(TokenWriteSerializer, request), member_of(request)
        self._refuse_more(request, asked["scopes"])
        ends = self._end(request, asked["expires_at"])
        with transaction.atomic():
            token, key = ApiToken.issue(member, asked["name"], ends, asked["scopes"])
            AuditEvent.record(member, "token.created", token, hint=token.hint)
        token.key = key  # type: ignore[attr-defined]
        return Response(NewTokenSerializer(token).data, status=status.HTTP_201_CREATED)

    @staticmethod
    def _refuse_more(request: Request, scopes: Iterable[str]) -> None:
        own = token_of(request)
        for scope in scopes:
            if own and not own.grants(scope):
                raise ScopeMissing(scope)

    @staticmethod
    def _end(request: Request, wanted: datetime | None) -> datetime | None:
        """When a new key ends: with the key that makes it at the latest."""
        own = token_of(request)
        if own is None or own.expires_at is None:
            return wanted
        if wanted and wanted > own.expires_at:
            said = _("This is later than the end of the key that asks.")
            raise serializers.ValidationError({"expires_at": said}, code="too_late")
        return wanted or own.expires_at

    def destroy(self, request: Request, *_args: Any, **_kwargs: Any) -> Response:
        """Revoke it: it stops working at once."""
        token = self.get_object()
        with transaction.atomic():
            AuditEvent.record(member_of(request), "token.revoked", token, hint=token.hint)
            token.delete()
        return Response(status=status.HTTP_204_NO_CONTENT)


# --- what was done ---


class AuditSerializer(PlainSerializer[AuditEvent]):
    """Who did what, when. `user` is null where the person is gone."""

    user = serializers.EmailField(source="user.email", allow_null=True, default=None)

    class Meta:
        model = AuditEvent
        fields = ["id", "created_at", "user", "action", "subject", "details"]


class AuditFilter(filters.FilterSet):  # type: ignore[misc]
    """By kind, person (e-mail) and time."""

    user = filters.CharFilter(field_name="user__email", lookup_expr="iexact")
    after = MomentFilter(field_name="created_at", lookup_expr="gte")
    before = MomentFilter(field_name="created_at", lookup_expr="lt")

    class Meta:
        model = AuditEvent
        fields = ["action"]


class AuditViewSet(Managed, mixins.ListModelMixin, viewsets.GenericViewSet[AuditEvent]):
    """What was done in the workspace."""

    scope = "workspace"
    queryset = AuditEvent.objects.all()
    serializer_class = AuditSerializer
    filterset_class = AuditFilter

    def get_queryset(self) -> QuerySet[AuditEvent]:
        return AuditEvent.objects.visible_to(member_of(self.request)).select_related("user")
