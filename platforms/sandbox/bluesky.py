from django.urls import URLPattern

urlpatterns: list[URLPattern] = []


def people() -> None:
    """Nobody lives here yet."""
