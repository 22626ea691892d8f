"""Connects accounts to the sandbox as a person would: over HTTP, through the consent page."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from accounts import connecting
from accounts.models import Account, Membership
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Person


def connect(member: Membership, platform_name: str) -> Account:
    """An account of the network's first inhabitant, connected by consent."""
    platform = PLATFORMS[platform_name]
    person = Person.objects.filter(network=platform_name).order_by("pk")[0]
    url = connecting.start(member, platform, {"handle": person.handle, "server": "sandbox.example"}, None)
    grant = connecting.come_back(member.user, platform, allow(url, person))
    [account] = connecting.keep(grant, grant.profiles)
    return account


def allow(url: str, person: Person, answer: str = "allow") -> Mapping[str, str]:
    """What the network sends back to our callback once the person has pressed Allow (or the other button)."""
    session = requests.Session()
    page = session.get(url, timeout=10)
    page.raise_for_status()
    [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page.text))
    form = {"csrfmiddlewaretoken": token, "person": str(person.pk), "answer": answer}
    response = session.post(
        page.url, data=form, headers={"Referer": page.url}, timeout=10, allow_redirects=False
    )
    back = urlsplit(urljoin(page.url, response.headers["Location"]))
    return dict(parse_qsl(back.query))
