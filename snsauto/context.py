"""What the frame around every page shows."""

from typing import Any

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, Any]:
    """The signed-in person's membership; empty for visitors."""
    return {"member": request.member} if request.user.is_authenticated else {}  # type: ignore[attr-defined]
