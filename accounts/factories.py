"""People, workspaces and connected accounts for tests."""

from datetime import timedelta
from functools import cache
from typing import Any

import factory
from django.contrib.auth.hashers import make_password
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Membership, User, Workspace
from accounts.permissions import Role
from platforms.registry import PLATFORMS

PASSWORD = "correct horse battery staple"  # noqa: S105  (of people who live in a test database)


@cache
def hashed_password() -> str:
    """Hashing is slow by design; the tests' people share one hash."""
    return make_password(PASSWORD)


class WorkspaceFactory(factory.django.DjangoModelFactory[Workspace]):
    class Meta:
        model = Workspace

    name = factory.Sequence(lambda n: f"Workspace {n}")
    timezone = "UTC"


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A person who can log in with PASSWORD."""

    class Meta:
        model = User

    name = factory.Sequence(lambda n: f"Person {n}")
    email = factory.LazyAttribute(lambda user: f"{user.name.lower().replace(' ', '.')}@example.org")
    password = factory.LazyFunction(hashed_password)


class MembershipFactory(factory.django.DjangoModelFactory[Membership]):
    """A role in a workspace, which becomes the person's current one."""

    class Meta:
        model = Membership
        skip_postgeneration_save = True

    user = factory.SubFactory(UserFactory)
    workspace = factory.SubFactory(WorkspaceFactory)
    role = Role.OWNER

    @factory.post_generation
    def current(self: Any, create: bool, _extracted: Any, **_rest: Any) -> None:
        if create:
            self.user.current_workspace = self.workspace
            self.user.save(update_fields=["current_workspace"])


class AccountFactory(factory.django.DjangoModelFactory[Account]):
    """A connected account of the first network, with a token that is good for an hour."""

    class Meta:
        model = Account

    workspace = factory.SubFactory(WorkspaceFactory)
    platform_name = factory.LazyFunction(lambda: next(iter(PLATFORMS)))
    remote_id = factory.Sequence(lambda n: f"remote-{n}")
    handle = factory.Sequence(lambda n: f"person{n}")
    name = factory.LazyAttribute(lambda account: account.handle.title())
    credentials = factory.LazyFunction(
        lambda: {"access": "access-of-a-test", "refresh": "refresh-of-a-test", "extra": {}}
    )
    expires_at = factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1))
    refresh_at = factory.LazyFunction(lambda: timezone.now() + timedelta(minutes=40))


def client_of(user: User) -> Client:
    """A browser in which the person is logged in."""
    client = Client()
    client.force_login(user)
    return client
