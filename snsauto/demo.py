"""The demo."""

from accounts.models import User

EMAIL = "ada@example.com"
PASSWORD = "harbour-and-rye"  # noqa: S105  (of a demo on one's own machine)


def is_there() -> bool:
    return User.objects.filter(email=EMAIL).exists()


def is_wanted() -> bool:
    """Whether nobody is here yet."""
    return not User.objects.exists()


def seed() -> None:
    """Fill the desk."""
