"""What every operation has, said once in the schema: log-in, refusals, tags, limits.

Imported by the addresses, so that it is registered.
"""

from typing import Any, Literal

from drf_spectacular.extensions import OpenApiAuthenticationExtension, OpenApiSerializerFieldExtension
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.plumbing import is_list_serializer
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers
from rest_framework.generics import GenericAPIView

from accounts.scopes import READ, WRITE
from snsauto.api.errors import PROBLEM
from snsauto.api.etags import WRITING, Conditional

WORDS = {
    "400": "The request is not valid; `errors` says where. Nothing was written.",
    "401": "No token, or none that is valid.",
    "403": "The role does not allow it, or the token lacks the scope (`scope_missing`).",
    "404": "There is no such row in this workspace.",
    "409": "Not possible as it stands, or somebody was faster.",
    "412": "It is not what `If-Match` names any more (`changed_meanwhile`).",
    "415": "The body is in a form that is not taken here.",
    "422": "The network refused, or could not be reached.",
    "429": "Too often; `Retry-After` says when to come back.",
    "503": "The place where files are kept does not answer; nothing was written.",
}
TAG = OpenApiParameter(
    "If-None-Match", str, "header", description="An `ETag`: 304 while nothing has changed."
)
MATCH = OpenApiParameter("If-Match", str, "header", description="An `ETag`: 412 where something has changed.")
HEADERS = {
    "X-RateLimit-Limit": "Of the limit that is nearest to its end.",
    "X-RateLimit-Remaining": "How many requests are left of it.",
    "X-RateLimit-Reset": "Seconds until it begins anew.",
}


class FieldErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(allow_blank=True)
    code = serializers.CharField()
    message = serializers.CharField()


class ProblemSerializer(serializers.Serializer[Any]):
    """What went wrong (RFC 9457); programs read `code` and `errors[].code`, sentences may change."""

    type = serializers.CharField()
    status = serializers.IntegerField()
    code = serializers.CharField()
    title = serializers.CharField()
    detail = serializers.CharField()
    errors = FieldErrorSerializer(many=True)  # type: ignore[assignment]


class Schema(AutoSchema):
    """Documents what views need not repeat."""

    def get_override_parameters(self) -> list[Any]:
        given = list(super().get_override_parameters())
        if self.method == "GET":
            given.append(TAG)
        if self.method in WRITING and isinstance(self.view, Conditional):
            given.append(MATCH)
        return given

    def _is_list_view(self, serializer: Any = None) -> bool:
        """What answers with one thing is no list for being called one."""
        if not isinstance(self.view, GenericAPIView):
            return bool(is_list_serializer(serializer))
        return bool(super()._is_list_view(serializer))

    def get_tags(self) -> list[str]:
        return [getattr(self.view, "scope", "") or super().get_tags()[0]]

    def get_description(self) -> str:  # type: ignore[override]
        way = READ if self.method == "GET" else WRITE
        scope = getattr(self.view, "scope", "")
        return f"{super().get_description() or ''}\n\nScope: `{scope}:{way}`.".strip()

    def _get_response_bodies(self, direction: Literal["request", "response"] = "response") -> dict[str, Any]:
        bodies: dict[str, Any] = super()._get_response_bodies(direction)
        if self.method == "GET":
            bodies.setdefault("304", {"description": "Nothing has changed since the tag."})
        for code in self._refusals():
            answer = self._get_response_for_code(ProblemSerializer, code, [PROBLEM])  # type: ignore[no-untyped-call]
            bodies.setdefault(code, {**answer, "description": WORDS[code]})
        for body in bodies.values():
            body.setdefault("headers", {}).update(
                {name: {"schema": {"type": "string"}, "description": said} for name, said in HEADERS.items()}
            )
        return bodies

    def _refusals(self) -> list[str]:
        codes = ["400", "401", "403", "404", "429"]
        if self.method != "GET":
            codes += ["409", "415", "422", "503"]
        if self.method in WRITING and isinstance(self.view, Conditional):
            codes.append("412")
        return codes


class WallTime(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]
    """A time of a clock on a wall. The format `time` of JSON Schema would want an offset."""

    target_class = "rest_framework.fields.TimeField"

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, str]:
        hour, sixty = "([01][0-9]|2[0-3])", "[0-5][0-9]"
        return {
            "type": "string",
            "pattern": f"^{hour}:{sixty}(:{sixty}(\\.[0-9]{{1,6}})?)?$",
            "example": "08:00",
        }


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """`Authorization: Token …`; `Bearer …` is taken as well."""

    target_class = "snsauto.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "description": "An API token from Settings."}


class SessionScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """The dashboard's own session."""

    target_class = "snsauto.api.authentication.SessionAuthentication"
    name = "session"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "apiKey", "in": "cookie", "name": "sessionid"}
