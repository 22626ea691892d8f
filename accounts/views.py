from django.http import HttpRequest, HttpResponse


def account_callback(request: HttpRequest, platform_name: str) -> HttpResponse:
    return HttpResponse(platform_name)
