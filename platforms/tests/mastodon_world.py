"""Clients of the twin's servers and drafts for them."""

from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from platforms.base import Connection
from platforms.content import App, Draft, Json, MediaFile, Part, Published, Token
from platforms.ledger import MemoryLedger
from platforms.mastodon import Mastodon
from platforms.sandbox.models import Grant, Person
from platforms.tests.contract import desk
from platforms.transport import Transport


def person(handle: str = "moonrise") -> Person:
    return Person.objects.get(network="mastodon", handle=handle)


def speaking_for(url: str, handle: str = "moonrise", server: str = "mastodon", **facts: Any) -> Mastodon:
    """A client of a person on one of the twin's servers, with the server's limits."""
    home = f"{url}/sandbox/mastodon" + ("" if server == "mastodon" else f"/{server}")
    access = f"{handle}-{server}"
    grant, _ = Grant.objects.get_or_create(
        network="mastodon",
        person=person(handle),
        client_id=f"{server}-app",
        access=access,
        defaults={
            "scopes": list(Mastodon.scopes),
            "facts": {"server": server, "client_name": "SNS Auto", **facts},
        },
    )
    transport = Transport(allow=frozenset({urlsplit(url).netloc}))
    app = App("", "", "", api_url=home, auth_url=home, upload_url=home)
    [me] = Mastodon(Connection(app, transport, Token(grant.access))).profiles()
    return Mastodon(
        Connection(app, transport, Token(grant.access), me.remote_id, me.handle, limits=me.limits)
    )


def draft(*texts: str, media: tuple[MediaFile, ...] = (), key: str = "key", **options: Json) -> Draft:
    parts = tuple(Part(text, media if n == 0 else ()) for n, text in enumerate(texts))
    kind = Mastodon.kind_for(media, options).name
    return Draft(key, datetime.now(UTC), parts, options, kind)


def publish(client: Mastodon, *texts: str, **rest: Any) -> Published:
    """Publish, looking again as long as media are processed."""
    return desk.publish(client, draft(*texts, **rest), MemoryLedger())
