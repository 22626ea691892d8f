"""Tags of content: what has not changed is not sent again, what has changed is not overwritten."""

import hashlib
from typing import Any, cast

from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response, patch_cache_control, patch_vary_headers
from django.utils.http import parse_etags, quote_etag
from django.utils.translation import gettext_lazy as _
from rest_framework import exceptions, status, views
from rest_framework.generics import GenericAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request

WRITING = frozenset({"PUT", "PATCH", "DELETE"})


class ChangedMeanwhile(exceptions.APIException):
    """The row is not what the caller read."""

    status_code = status.HTTP_412_PRECONDITION_FAILED
    default_detail = _("This has changed since you read it; load it again.")
    default_code = "changed_meanwhile"


def etag_of(body: bytes) -> str:
    """A weak tag: the same content in other words (its indentation, say) may have another."""
    return f"W/{quote_etag(hashlib.sha256(body).hexdigest()[:32])}"


def conditional(request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
    """With its tag; or 304 without a body, where the caller has this content already."""
    if request.method not in {"GET", "HEAD"} or response.status_code != status.HTTP_200_OK:
        return response
    if not isinstance(response, HttpResponse) or response.get("ETag"):
        return response
    response["ETag"] = etag_of(response.content)
    patch_cache_control(response, private=True, no_cache=True)
    patch_vary_headers(response, ["Authorization", "Cookie"])
    return get_conditional_response(request, etag=response["ETag"], response=response) or response


class Conditional(views.APIView):
    """A view whose rows are written under `If-Match` only while they are what the caller read.

    The row is held while its tag is compared and the change is made; 412 `changed_meanwhile` otherwise. What
    reaches out to a network (`reaches_out`) is let go of in between, so that nobody waits for that network.
    """

    reaches_out: frozenset[str] = frozenset()

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.method not in WRITING - self.reaches_out or "If-Match" not in request.headers:
            return super().dispatch(request, *args, **kwargs)
        with transaction.atomic():
            response = super().dispatch(request, *args, **kwargs)
            if response.status_code >= status.HTTP_400_BAD_REQUEST:
                transaction.set_rollback(True)
        return response

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        if request.method not in WRITING or "If-Match" not in request.headers:
            return
        tags = parse_etags(request.headers["If-Match"])
        with transaction.atomic():
            present = etag_of(JSONRenderer().render(self.held()))
        if tags != ["*"] and present not in {weak(tag) for tag in tags}:
            raise ChangedMeanwhile

    def held(self) -> Any:
        """What reading the row would answer now; nobody changes it before this transaction ends."""
        view = cast("GenericAPIView[Any]", self)
        row = view.get_object()
        type(row)._default_manager.select_for_update().filter(pk=row.pk).first()
        return view.get_serializer(view.get_object()).data


def weak(tag: str) -> str:
    """Proxies may drop the mark of a weak tag, or callers; it names the same content."""
    return tag if tag.startswith("W/") else f"W/{tag}"
