"""Connects accounts to the sandbox as a person would: over HTTP, through the consent page."""

from accounts import connecting
from accounts.models import Account, Membership
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Person
from platforms.sandbox.visitor import allow


def connect(member: Membership, platform_name: str) -> Account:
    """An account of the network's first inhabitant, connected by consent."""
    platform = PLATFORMS[platform_name]
    person = Person.objects.filter(network=platform_name).order_by("pk")[0]
    url = connecting.start(member, platform, {"handle": person.handle, "server": "sandbox.example"}, None)
    grant = connecting.come_back(member.user, platform, allow(url, person))
    [account] = connecting.keep(grant, grant.profiles)
    return account
