"""Whether the product is alive and ready, for load balancers and the launcher."""

from django.http import HttpRequest, JsonResponse


def alive(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})


def ready(_request: HttpRequest) -> JsonResponse:
    return JsonResponse({"status": "ok"})
