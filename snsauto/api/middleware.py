"""What every answer of the API carries: where one stands with the limits, and a tag of its content.

And what every request that writes, of a page or of the API, leaves behind: that kept answers hold no longer.
"""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponseBase

from snsauto.api import caching, etags, limits

ROOT = "/api/"


class ApiMiddleware:
    """Adds `X-RateLimit-*` and `ETag`; answers 304 where nothing has changed. Stands behind `member`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        caching.note_writing(request)
        if request.path.startswith(ROOT):
            response = etags.conditional(request, response)
            limits.tell(request, response)
        return response
