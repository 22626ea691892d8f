"""The kill switch of the desk through the API; those of workspaces and accounts are `is_paused` there."""

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.permissions import Permission
from publishing.engine_rows import Switch
from snsauto.api.authentication import member_of
from snsauto.api.etags import Conditional
from snsauto.api.serializers import SwitchSerializer
from snsauto.api.views import sent
from snsauto.api.writing import SwitchChangeSerializer


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
