"""Settings through the API: sections, each with its own reading, writing and right.

A section that another part of the house adds stands in SECTIONS; `GET` shows all, `PATCH` changes those sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import AuditEvent, Membership, User, Workspace
from accounts.permissions import Permission
from snsauto.api.authentication import member_of
from snsauto.api.etags import Conditional


class ProfileSettings(serializers.ModelSerializer[User]):
    """The person's own."""

    class Meta:
        model = User
        fields = ["name"]

    @staticmethod
    def row(member: Membership) -> User:
        return User.objects.select_for_update().get(pk=member.user_id)


class WorkspaceSection(serializers.ModelSerializer[Workspace]):
    """The workspace's. `tolerance`: how late a post may still go out by itself (`00:30:00`)."""

    class Meta:
        model = Workspace
        fields = ["name", "timezone", "tolerance", "week_starts_on", "brand_colour", "auto_reply"]

    @staticmethod
    def row(member: Membership) -> Workspace:
        return Workspace.objects.select_for_update().get(pk=member.workspace_id)


@dataclass(frozen=True)
class Section:
    """`serializer.row(member)` is what it shows and writes, held where a transaction is open."""

    serializer: Any
    permission: Permission


SECTIONS: dict[str, Section] = {
    "profile": Section(ProfileSettings, Permission.VIEW),
    "workspace": Section(WorkspaceSection, Permission.MANAGE),
}
FIELDS = {name: section.serializer(required=False) for name, section in SECTIONS.items()}
SHAPE = inline_serializer("Settings", FIELDS)


class Settings(Conditional, APIView):
    """Preferences of the person and of the workspace, in sections."""

    scope = "settings"
    permission = Permission.VIEW  # each section asks for its own

    @extend_schema(responses=SHAPE)
    def get(self, request: Request) -> Response:
        return Response(self.held())

    @transaction.atomic
    def held(self) -> dict[str, Any]:
        member = member_of(self.request)
        return {name: one.serializer(one.serializer.row(member)).data for name, one in SECTIONS.items()}

    @extend_schema(request=SHAPE, responses=SHAPE)
    def patch(self, request: Request) -> Response:
        """Change the sections that are sent, all of them or none; what is left out stays."""
        member, asked = member_of(request), request.data
        if not isinstance(asked, Mapping):
            raise ValidationError(_("Send an object of sections."), code="invalid")
        with transaction.atomic():
            for name, values in asked.items():
                self._write(member, name, values)
        return Response(self.held())

    @staticmethod
    def _write(member: Membership, name: str, values: Any) -> None:
        section = SECTIONS.get(name)
        if section is None:
            raise ValidationError({name: _("There is no such section.")}, code="unknown_section")
        if not member.may(section.permission):
            raise PermissionDenied(_("Your role does not allow changing %(section)s.") % {"section": name})
        serializer = section.serializer(section.serializer.row(member), data=values, partial=True)
        if not serializer.is_valid():
            raise ValidationError({name: serializer.errors})
        serializer.save()
        AuditEvent.record(member, f"{name}.changed", fields=sorted(serializer.validated_data))
