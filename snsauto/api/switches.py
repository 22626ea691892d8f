"""The kill switches through the API; an account's own is `PATCH /accounts/<id>/`."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import Workspace
from accounts.permissions import Permission
from publishing.engine_rows import Switch
from snsauto.api.authentication import member_of
from snsauto.api.etags import Conditional
from snsauto.api.serializers import SwitchSerializer, WorkspaceSerializer
from snsauto.api.views import sent
from snsauto.api.writing import SwitchChangeSerializer, WorkspaceChangeSerializer


class WorkspaceDetail(Conditional, APIView):
    """The token's workspace. Paused, nothing of it goes out."""

    scope = "workspace"
    permission = Permission.MANAGE

    @extend_schema(responses=WorkspaceSerializer)
    def get(self, request: Request) -> Response:
        return Response(WorkspaceSerializer(member_of(request).workspace).data)

    def held(self) -> Any:
        rows = Workspace.objects.select_for_update()
        return WorkspaceSerializer(rows.get(pk=member_of(self.request).workspace_id)).data

    @extend_schema(request=WorkspaceChangeSerializer, responses=WorkspaceSerializer)
    def patch(self, request: Request) -> Response:
        member = member_of(request)
        member.workspace.set_paused(sent(WorkspaceChangeSerializer, request)["is_paused"], member.user)
        return Response(WorkspaceSerializer(member.workspace).data)


class Desk(Conditional, APIView):
    """The whole desk. Stopped, nothing goes out for anybody; everybody may see it, staff may change it."""

    scope = "workspace"
    permission = Permission.VIEW

    @extend_schema(responses=SwitchSerializer)
    def get(self, _request: Request) -> Response:
        return Response(SwitchSerializer(Switch.current()).data)

    def held(self) -> Any:
        Switch.objects.select_for_update().first()
        return SwitchSerializer(Switch.current()).data

    @extend_schema(request=SwitchChangeSerializer, responses=SwitchSerializer)
    def patch(self, request: Request) -> Response:
        user = member_of(request).user
        if not user.is_staff:
            raise PermissionDenied(_("Only staff may stop or start the desk."))
        asked = sent(SwitchChangeSerializer, request)
        if asked["is_stopped"]:
            Switch.stop(user, asked["reason"])
        else:
            Switch.start(user)
        return Response(SwitchSerializer(Switch.current()).data)
