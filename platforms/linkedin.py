"""LinkedIn: profiles and pages, through the versioned Posts API.

It knows no idempotency keys. A page's post in doubt is looked up among the page's own; a profile's cannot be
listed, so it is sent again while LinkedIn surely refuses a second one and names the first.
"""

import io
from collections.abc import Iterator, Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar, cast
from urllib.parse import urlsplit

from platforms._linkedin_inbox import LinkedInInbox
from platforms._linkedin_media import LinkedInMedia
from platforms._linkedin_numbers import LinkedInNumbers
from platforms._linkedin_people import LinkedInPeople
from platforms._linkedin_rules import (
    ALT_LENGTH,
    FACETS,
    KINDS,
    OPTIONS,
    TITLE_LENGTH,
    WITH_PICTURES,
    combinations,
)
from platforms._linkedin_text import comparable, kind_of, little, made_at, plain, post_at, quoted
from platforms.cards import Card, card_of
from platforms.content import Draft, Json, MediaFile, Published, Standing
from platforms.errors import (
    Duplicate,
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    RateLimited,
    Refused,
    Unavailable,
)
from platforms.ledger import Ledger, repeatable
from platforms.quotas import DAY, Cost, Quota
from platforms.rules import Finding
from platforms.text import entities

INDEX_LAG = timedelta(seconds=60)  # a list shows a new post late: before that, absence proves nothing
LOOKS_BACK = timedelta(minutes=2)  # clocks differ
MOST_POSTS = 500  # in one look-up; no page publishes more within minutes
SETTLES = timedelta(seconds=15)  # a server that we hung up on may still be writing the post
REMEMBERS = timedelta(minutes=9)  # LinkedIn refuses the same text for about ten minutes
LIVE_SECONDS = 900.0


class LinkedIn(LinkedInPeople, LinkedInMedia, LinkedInInbox, LinkedInNumbers):
    icon = "brand-linkedin"
    colour = "#0a66c2"
    rules = WITH_PICTURES
    kinds = KINDS
    options = OPTIONS
    quotas: ClassVar[tuple[Quota, ...]] = (
        Quota("requests", 150, DAY, cost=(Cost(1),), zone="UTC"),
        Quota("requests", 100_000, DAY, "app", (Cost(1),), "UTC"),
    )
    reading: ClassVar[Mapping[str, float]] = {"requests": 5}  # a profile's numbers are asked one by one

    @classmethod
    def check(cls, draft: Draft, limits: Mapping[str, Json]) -> list[Finding]:
        kind = cls.kind_for(draft.media, draft.options).name
        return [*super().check(draft, limits), *combinations(draft, kind, limits)]

    # --- publishing ---

    def publish(self, draft: Draft, ledger: Ledger) -> Published:
        sending = Sending(self, self._body(draft, self._content(draft, ledger)))
        post = ledger.once("post", sending.send, find=sending.find)
        published = self._published(str(post["urn"]))
        if self.is_page:
            live = partial(self._is_live, published.remote_id)
            ledger.wait("published", live, every=5, at_most=LIVE_SECONDS)
        ledger.stands(published)
        if draft.flag("no_comments"):
            ledger.repeat("comments closed", partial(self._close_comments, published.remote_id))
        if draft.option("first_comment"):
            self.comment(ledger, "first comment", published.remote_id, draft.option("first_comment"))
        return published

    def _published(self, urn: str) -> Published:
        return Published(urn, f"{self.app.auth_url}/feed/update/{urn}/", (urn,))

    def _body(self, draft: Draft, content: dict[str, Json]) -> dict[str, Json]:
        body: dict[str, Json] = {
            "author": self.connection.remote_id,
            "commentary": little(draft.text),
            "visibility": draft.option("visibility") or "PUBLIC",
            "distribution": {
                "feedDistribution": "MAIN_FEED",
                "targetEntities": audience(draft.items("audience")),
                "thirdPartyDistributionChannels": [],
            },
            "lifecycleState": "PUBLISHED",
            "isReshareDisabledByAuthor": draft.flag("no_reshares"),
        }
        if content:
            body["content"] = content
        if self.kind_for(draft.media, draft.options).name == "reshare":
            body["reshareContext"] = {"parent": post_at(draft.option("reshare"))}
        return body

    def _content(self, draft: Draft, ledger: Ledger) -> dict[str, Json]:
        """What hangs on the post, all of it with LinkedIn already."""
        match self.kind_for(draft.media, draft.options).name:
            case "image":
                return {"media": self._pictures(draft, ledger)[0]}
            case "images":
                return {"multiImage": {"images": self._pictures(draft, ledger)}}
            case "video":
                urn = self.video(ledger, draft.media[0], draft.option("captions"))
                return {"media": {"id": urn, "title": title_of(draft)}}
            case "document":
                urn = self.uploaded(ledger, "document", "document", draft.media[0])
                return {"media": {"id": urn, "title": title_of(draft)}}
            case "poll":
                return {"poll": poll(draft)}
            case "link":
                return self._article(draft, ledger, draft.option("link"))
            case "text" if draft.flag("card") and (link := first_link(draft.text)):
                return self._article(draft, ledger, link)
            case _:
                return {}

    def _pictures(self, draft: Draft, ledger: Ledger) -> list[Json]:
        pictures: list[Json] = []
        for number, file in enumerate(draft.media, 1):
            picture: dict[str, Json] = {"id": self.uploaded(ledger, "image", f"picture {number}", file)}
            pictures.append(picture | ({"altText": file.alt[:ALT_LENGTH]} if file.alt else {}))
        return pictures

    def _article(self, draft: Draft, ledger: Ledger, link: str) -> dict[str, Json]:
        """The link's card. A link in the text whose page cannot be read goes without one."""
        card = ledger.repeat("card", partial(self._card, link))
        asked = draft.option("link")
        if not (card["title"] or asked):
            return {}
        own = {name: draft.option(f"link_{name}") if asked else "" for name in ("title", "description")}
        article: dict[str, Json] = {
            "source": link,
            "title": own["title"] or str(card["title"])[:TITLE_LENGTH] or urlsplit(link).netloc,
        }
        if description := own["description"] or str(card["description"])[:ALT_LENGTH]:
            article["description"] = description
        if card["picture"]:
            with suppress(MediaRejected):  # a card without a picture is still a card
                article["thumbnail"] = self.processed(ledger, "card's picture", card["picture"])
        return {"article": article}

    def _card(self, link: str) -> dict[str, Any]:
        card = card_of(self.connection.transport, link) or Card(link, "")
        size = len(card.picture)
        file = MediaFile("card.jpg", "image/jpeg", size, 0, 0, lambda: io.BytesIO(card.picture))
        picture = None
        with suppress(MediaRejected):
            picture = self.upload("image", file) if size else None
        return {"title": card.title, "description": card.description, "picture": picture}

    def _is_live(self, urn: str) -> bool:
        """Whether LinkedIn shows the post. It takes videos first and works on them afterwards."""
        try:
            state = self.post(urn).get("lifecycleState")
        except (NotFound, Unavailable):
            return False
        except (PermissionMissing, RateLimited):
            return True  # it was taken; nobody says more
        if state == "PUBLISH_FAILED":
            message = "LinkedIn took the post and then could not publish it."
            raise MediaRejected(message, action="Make a copy of the post with another file.")
        return bool(state != "PUBLISH_REQUESTED")

    def _close_comments(self, urn: str) -> bool:
        path = f"/socialMetadata/{quoted(urn)}?actor={quoted(self.connection.remote_id)}"
        patch: Json = {"patch": {"$set": {"commentsState": "CLOSED"}}}
        self.rest("POST", path, action="PARTIAL_UPDATE", json=patch)
        return True

    # --- looking, changing, deleting ---

    def find(self, draft: Draft, since: datetime) -> Published | None:
        """A profile's posts are shown to nobody; among a page's, pictures alone are not told apart."""
        if not self.is_page:
            raise OutcomeUnknown("LinkedIn shows this desk no posts of profiles.")
        if not draft.text.strip():
            raise OutcomeUnknown("Without a text only a person can tell which post it is.")
        urn = self.look(draft.text, None, since)
        return self._published(urn) if urn else None

    def look(self, text: str, content: frozenset[str] | None, since: datetime) -> str | None:
        """The page's post with this text, and this content where it is known."""
        for post in self._own_posts(since - LOOKS_BACK):
            is_text = comparable(plain(post.get("commentary") or "")) == comparable(text)
            if is_text and (content is None or marks(post) == content):
                return str(post["id"])
        if datetime.now(UTC) - since < INDEX_LAG:
            raise OutcomeUnknown("LinkedIn may have the post and not show it yet.")
        return None

    def _own_posts(self, since: datetime) -> Iterator[Mapping[str, Any]]:
        """What the page published since then, newest first."""
        query = f"q=author&author={quoted(self.connection.remote_id)}&sortBy=CREATED"
        for post in self.elements(f"/posts?{query}", MOST_POSTS):
            if post.get("createdAt", 0) < since.timestamp() * 1000:
                return
            yield post

    def post(self, urn: str) -> dict[str, Any]:
        return self.rest("GET", f"/posts/{quoted(urn)}?viewContext=AUTHOR").json

    def recognise(self, permalink: str) -> Json:
        urn = post_at(permalink)
        if not urn:
            raise InvalidContent("This is not the address of a post on LinkedIn.")
        if self.is_page and kind_of(urn) != "activity":
            author = self.post(urn).get("author")
            if author != self.connection.remote_id:
                raise InvalidContent("This is not a post of this page.")
        return {"urn": urn}

    def recent(self, since: datetime) -> list[Standing]:
        if not self.is_page:
            raise Refused(
                "LinkedIn shows this desk no posts of profiles.", action="Copy the address from the post."
            )
        return [
            Standing(
                self._published(str(post["id"])).permalink,
                plain(post.get("commentary") or ""),
                datetime.fromtimestamp(post.get("createdAt", 0) / 1000, UTC),
            )
            for post in self._own_posts(since)
        ]

    def edit(self, published: Published, draft: Draft) -> Published:
        """LinkedIn changes the text only."""
        patch: Json = {"patch": {"$set": {"commentary": little(draft.text)}}}
        path = f"/posts/{quoted(published.remote_id)}"
        repeatable(partial(self.rest, "POST", path, action="PARTIAL_UPDATE", json=patch))
        return published

    def delete(self, published: Published) -> None:
        path = f"/posts/{quoted(published.remote_id)}"
        with suppress(NotFound):
            repeatable(partial(self.rest, "DELETE", path, action="DELETE"))


class Sending:
    """One post on its way. After a doubt, LinkedIn's refusal of the same text names the one that stands."""

    def __init__(self, client: LinkedIn, body: dict[str, Json]) -> None:
        self.client = client
        self.body = body
        self.earlier: datetime | None = None

    def send(self) -> dict[str, Json]:
        try:
            answer = self.client.rest("POST", "/posts", json=self.body)
        except Duplicate as error:
            urn = post_at(error.detail)
            # One made before our own try is somebody else's.
            if self.earlier is None or not urn or made_at(urn) < self.earlier - LOOKS_BACK:
                raise
            return {"urn": urn}
        urn = answer.headers.get("x-restli-id") or answer.headers.get("x-linkedin-id") or ""
        if not urn:
            raise OutcomeUnknown("LinkedIn did not say which post it made.", detail=answer.text)
        return {"urn": urn}

    def find(self, since: datetime) -> dict[str, Json] | None:
        self.earlier = since
        text = plain(str(self.body["commentary"]))
        if self.client.is_page:
            urn = self.client.look(text, marks(self.body), since)
            return {"urn": urn} if urn else None
        # Nobody has seen LinkedIn refuse a second poll or repost.
        content = self.body.get("content") or {}
        is_plain = "reshareContext" not in self.body and "poll" not in cast(dict[str, Json], content)
        if text.strip() and is_plain and SETTLES < datetime.now(UTC) - since < REMEMBERS:
            return None  # safe to send again: a second one is refused
        raise OutcomeUnknown("LinkedIn may have the post, and shows this desk no posts of profiles.")


def marks(post: Mapping[str, Any]) -> frozenset[str]:
    """What tells a post from others with the same text: its media, link, question or the reposted post."""
    content = post.get("content") or {}
    media = [content.get("media") or {}, *((content.get("multiImage") or {}).get("images") or [])]
    found = [
        *(medium.get("id") for medium in media),
        (content.get("article") or {}).get("source"),
        (content.get("poll") or {}).get("question"),
        (post.get("reshareContext") or {}).get("parent"),
    ]
    return frozenset(str(mark) for mark in found if mark)


def audience(urns: list[str]) -> list[Json]:
    """One target that meets every facet; within a facet any will do."""
    facets: dict[str, Json] = {}
    for name, facet in FACETS.items():
        if chosen := [urn for urn in urns if kind_of(urn) == name]:
            facets[facet] = list[Json](chosen)
    return [facets] if facets else []


def title_of(draft: Draft) -> str:
    return (draft.option("title") or draft.media[0].name)[:TITLE_LENGTH]


def poll(draft: Draft) -> dict[str, Json]:
    return {
        "question": draft.option("poll_question"),
        "options": [{"text": answer} for answer in draft.items("poll_options")],
        "settings": {
            "duration": draft.option("poll_duration") or "THREE_DAYS",
            "voteSelectionType": "SINGLE_VOTE",
            "isVoterVisibleToAuthor": True,
        },
    }


def first_link(text: str) -> str:
    return next((entity.value for entity in entities(text) if entity.kind == "link"), "")
