"""Forms that lead to a network's consent page."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec
from urllib.parse import urlsplit

from django.conf import settings
from django.http import HttpResponse

P = ParamSpec("P")


def leads_to_networks(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
    """A page whose forms may end at a network.

    Chromium applies `form-action` to where a form is redirected to as well, so `'self'` alone would stop the
    person on the way to the consent page.
    """

    @wraps(view)
    def widened(*args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        response = view(*args, **kwargs)
        response._csp_update = {"form-action": ["https:", *consent_origins()]}  # type: ignore[attr-defined]
        return response

    return widened


def consent_origins() -> list[str]:
    """Where the configured networks' consent pages live."""
    urls = (urlsplit(network["auth_url"]) for network in settings.NETWORKS.values())
    return sorted({f"{url.scheme}://{url.netloc}" for url in urls if url.netloc and "{" not in url.netloc})
