"""YouTube's push notifications, by a PubSubHubbub hub: what a channel uploaded, changed or deleted."""

import hashlib
import hmac
from collections.abc import Iterator
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

from platforms._google import Google
from platforms.content import Event, Incoming

FEEDS = frozenset({"/feeds/videos.xml", "/xml/feeds/videos.xml"})
ATOM = "{http://www.w3.org/2005/Atom}"
YT = "{http://www.youtube.com/xml/schemas/2015}"
DELETED = "{http://purl.org/atompub/tombstones/1.0}deleted-entry"


class YouTubePush(Google):
    """The hub signs with the secret that we gave it. It says no time: a notification only bids us look."""

    def greet_webhook(self, request: Incoming) -> str | None:
        asked = request.query
        topic = urlsplit(asked.get("hub.topic", ""))
        is_ours = topic.hostname == "www.youtube.com" and topic.path in FEEDS
        token = asked.get("hub.verify_token", self.app.webhook_secret)
        is_known = hmac.compare_digest(token.encode(), self.app.webhook_secret.encode())
        if asked.get("hub.mode") in {"subscribe", "unsubscribe"} and is_ours and is_known:
            return asked.get("hub.challenge")
        return None

    def verify_webhook(self, request: Incoming) -> bool:
        secret = self.app.webhook_secret.encode()
        expected = "sha1=" + hmac.new(secret, request.body, hashlib.sha1).hexdigest()
        given = request.headers.get("x-hub-signature", "")
        return bool(secret) and hmac.compare_digest(expected.encode(), given.encode())

    def parse_webhook(self, request: Incoming) -> list[Event]:
        return list(events_in(request.body))


def events_in(body: bytes) -> Iterator[Event]:
    """What a feed tells. One with a document type is none of YouTube's: entities could blow it up."""
    if b"<!DOCTYPE" in body:
        return
    try:
        feed = ET.fromstring(body)  # noqa: S314  (its signature was checked, and there is no DTD)
    except ET.ParseError:
        return
    for entry in feed.iter(f"{ATOM}entry"):
        yield Event(
            "post_published",
            account_id=entry.findtext(f"{YT}channelId", ""),
            remote_id=entry.findtext(f"{YT}videoId", ""),
            extra={name: entry.findtext(f"{ATOM}{name}", "") for name in ("title", "published", "updated")},
        )
    for gone in feed.iter(DELETED):
        channel = next((uri.text or "" for uri in gone.iter(f"{ATOM}uri")), "")
        remote_id = gone.get("ref", "").rpartition(":")[2]
        yield Event("other", channel.rpartition("/")[2], remote_id, extra={"what": "deleted"})
