"""One shape for everything that goes wrong (RFC 9457): a stable `code`, a sentence, the fields concerned."""

from collections.abc import Iterator
from typing import Any

from django.core.exceptions import PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.http import Http404
from django.utils.translation import gettext as _
from rest_framework import exceptions, status
from rest_framework.response import Response
from rest_framework.serializers import as_serializer_error
from rest_framework.views import exception_handler as rest_exception_handler

from accounts.connecting import ConnectionLost
from platforms.errors import PlatformError
from publishing.preflight import Refusal
from publishing.storage import StorageAway
from snsauto.api.limits import DEFAULT, spend

PROBLEM = "application/problem+json"
FIELDS = {"time": "scheduled_at"}  # what the composer calls otherwise than the API


class Conflict(exceptions.APIException):
    """The row is not where the request expected it: somebody was faster, or it is final."""

    status_code = status.HTTP_409_CONFLICT
    default_detail = "This has changed meanwhile; load it again."
    default_code = "conflict"


class NetworkRefused(exceptions.APIException):
    """The network, not we, said no."""

    status_code = status.HTTP_422_UNPROCESSABLE_ENTITY
    default_code = "platform_error"


class StorageAwayNow(exceptions.APIException):
    """The place where files are kept does not answer; nothing was written."""

    status_code = status.HTTP_503_SERVICE_UNAVAILABLE
    default_code = StorageAway.code


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Any error a request may cause, as a problem; a fault of ours is left to Django."""
    if isinstance(error, DjangoValidationError):
        error = exceptions.ValidationError(as_serializer_error(error))
    if isinstance(error, Refusal):
        error = refused(error)
    if isinstance(error, StorageAway):
        error = StorageAwayNow(error.message)
    if isinstance(error, ConnectionLost):
        error = Conflict(str(error), code="connection_lost")
    if isinstance(error, PlatformError):
        error = NetworkRefused(error.message, code=error.code)
    error = _counted(error, context)
    response = rest_exception_handler(error, context)
    if response is None:
        return None
    response.data = problem(_as_api_exception(error))
    response.content_type = PROBLEM
    return response


def _counted(error: Exception, context: dict[str, Any]) -> Exception:
    """Who is let in nowhere is counted too: then it is refused before the limits are asked."""
    if not isinstance(error, exceptions.NotAuthenticated | exceptions.AuthenticationFailed):
        return error
    try:
        spend(context["request"], DEFAULT)
    except exceptions.Throttled as too_often:
        return too_often
    return error


def refused(refusal: Refusal) -> exceptions.ValidationError:
    """What a preflight found, as field errors; those of one account under `accounts.<id>`."""
    details: dict[str, list[exceptions.ErrorDetail]] = {}
    for obstacle in refusal.obstacles:
        finding = obstacle.finding
        name = FIELDS.get(finding.field, finding.field)
        field = f"accounts.{obstacle.account.pk}.{name}" if obstacle.account else name
        details.setdefault(field or "non_field_errors", []).append(
            exceptions.ErrorDetail(finding.message, code=finding.code)
        )
    return exceptions.ValidationError(details)


def _as_api_exception(error: Exception) -> exceptions.APIException:
    if isinstance(error, Http404):
        return exceptions.NotFound()
    if isinstance(error, PermissionDenied):
        return exceptions.PermissionDenied()
    if isinstance(error, exceptions.APIException):
        return error
    raise error


def problem(error: exceptions.APIException) -> dict[str, Any]:
    """The body of an error answer."""
    body: dict[str, Any] = {"type": "about:blank", "status": error.status_code}
    if isinstance(error, exceptions.ValidationError):
        errors = list(_flatten(error.get_full_details()))
        body |= {"code": "invalid", "title": _("The request is not valid."), "errors": errors}
        body["detail"] = errors[0]["message"] if errors else body["title"]
    else:
        code, said = getattr(error.detail, "code", error.default_code), str(error.detail)
        body |= {"code": code, "title": said, "detail": said, "errors": []}
    return body


def _flatten(details: Any, field: str = "") -> Iterator[dict[str, str]]:
    """Nested error details as one list of field, code and message."""
    if isinstance(details, dict) and set(details) == {"code", "message"}:
        yield {"field": field, "code": details["code"], "message": str(details["message"])}
    elif isinstance(details, dict):
        for name, inner in details.items():
            outer = "" if name == "non_field_errors" else str(name)
            yield from _flatten(inner, ".".join(filter(None, (field, outer))))
    elif isinstance(details, list):
        for inner in details:
            yield from _flatten(inner, field)
