"""What the API's views share, and the address that is none."""

from typing import Any

from django.http import Http404
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    description="The same key again gives the same answer and has no second effect.",
)


def sent(serializer: type[Any], request: Request, **rest: Any) -> dict[str, Any]:
    """The validated body."""
    validated = serializer(data=request.data, context={"request": request}, **rest)
    validated.is_valid(raise_exception=True)
    return dict(validated.validated_data)


class NotHere(APIView):
    """Any other address under the API."""

    permission_classes = []

    @extend_schema(exclude=True)
    def get(self, _request: Request, *_args: Any, **_kwargs: Any) -> Response:
        raise Http404

    post = put = patch = delete = get
