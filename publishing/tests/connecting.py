"""Connects accounts to the sandbox as a person would: over HTTP, through the consent page."""

from accounts import connecting
from accounts.models import Account, Membership
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Person
from platforms.sandbox.visitor import allow
from platforms.tests.connected import typed


def connect(member: Membership, platform_name: str) -> Account:
    """An account of the network's first inhabitant, connected by consent or by what is typed."""
    platform = PLATFORMS[platform_name]
    person = Person.objects.filter(network=platform_name).order_by("pk")[0]
    fields = typed(person)
    if platform.can("authorize"):
        method = next(method for method in platform.connect_methods if method.asks_consent)
        url = connecting.start(member, platform, {**method.told({}), **fields}, None)
        grant = connecting.come_back(member.user, platform, allow(url, person))
    else:
        grant = connecting.log_in(member, platform, fields, None)
    mine = [profile for profile in grant.profiles if profile.handle == person.handle] or grant.profiles[:1]
    [account] = connecting.keep(grant, tuple(mine))
    return account
