"""How a status, its author and its text look to a client of a Mastodon-like server."""

import html
import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from platforms.sandbox.insights import grown
from platforms.sandbox.mastodon_media import media_json
from platforms.sandbox.mastodon_polls import poll_json
from platforms.sandbox.mastodon_server import NETWORK, Visit, iso
from platforms.sandbox.models import Entry, Note, Person

MARK = re.compile(
    r"(?P<url>https?://[^\s<>]*[^\s<>.,;:!?)])"
    r"|(?<![\w/@])@(?P<name>\w+(?:[.-]+\w+)*)(?:@[\w.-]+\w)?"
    r"|(?<![\w/#])#(?P<tag>\w*[^\W\d]\w*)"
)
# The most that a post gets of each in the end, and the words of the API for it.
LIKED = {"favourites_count": 140, "reblogs_count": 60, "quotes_count": 9}
REPLIED = 12


def named_in(text: str) -> list[str]:
    """The names that a text mentions."""
    return [match["name"] for match in MARK.finditer(text) if match["name"]]


def as_entry(note: Note) -> Entry:
    """What somebody wrote to a person, as the status that it is: it names whom it is for."""
    return Entry(
        network=NETWORK,
        person=note.author,
        remote_id=note.remote_id,
        text=f"@{note.person.handle} {note.text}",
        parent_id=note.parent_id,
        body=note.body,
        created_at=note.created_at,
    )


def counts(entry: Entry, answers: int) -> dict[str, int]:
    """What people did with a post, as its server knows it; `answers` are those that can be read here."""
    seed, since = entry.remote_id, entry.created_at
    told = {name: grown(seed, name, most, since) for name, most in LIKED.items()}
    told["favourites_count"] += len(entry.body.get("favourites", {}))
    return {**told, "replies_count": answers + grown(seed, "replies_count", REPLIED, since)}


def answers_to(entry: Entry) -> int:
    known = {"network": NETWORK, "parent_id": entry.remote_id, "deleted_at": None}
    return Entry.objects.filter(**known).count() + Note.objects.filter(**known).count()


def may_quote(person: Person | None, entry: Entry) -> bool:
    return entry.person == person or entry.body.get("quote_policy", "public") == "public"


def quoting(visit: Visit, entry: Entry) -> dict[str, Any]:
    """What only servers that know quotes tell."""
    if not visit.server.has_quotes:
        return {}
    person, policy = visit.grant.person if visit.grant else None, entry.body.get("quote_policy", "public")
    approval = {
        "automatic": [] if policy == "nobody" else [policy],
        "manual": [],
        "current_user": "automatic" if may_quote(person, entry) else "denied",
    }
    return {"quote": quote_json(visit, entry), "quote_approval": approval}


def quoted_entry(entry: Entry) -> Entry | None:
    known = {"network": NETWORK, "remote_id": entry.body["quoted"], "deleted_at": None}
    return Entry.objects.select_related("person").filter(**known).first()


def quote_json(visit: Visit, entry: Entry) -> dict[str, Any] | None:
    if not entry.body.get("quoted"):
        return None
    quoted = quoted_entry(entry)
    if quoted is None:
        return {"state": "deleted", "quoted_status": None}
    shown = None if quoted.body.get("quoted") else status_json(visit, quoted)
    return {"state": "accepted", "quoted_status": shown}


def content_of(visit: Visit, entry: Entry) -> str:
    """The text as HTML; before a quote stands its address, for programs that know no quotes."""
    quoted = quoted_entry(entry) if entry.body.get("quoted") else None
    link = f'<a href="{url_of(visit, quoted)}">{url_of(visit, quoted)}</a>' if quoted else ""
    return (f'<p class="quote-inline">RE: {link}</p>' if quoted else "") + as_html(entry.text)


def url_of(visit: Visit, entry: Entry) -> str:
    return visit.url("sandbox-post", network=NETWORK, handle=entry.person.handle, remote_id=entry.remote_id)


def status_json(visit: Visit, entry: Entry, account: dict[str, Any] | None = None) -> dict[str, Any]:
    """A Status; `account` is its author's Account where that is at hand."""
    body, name = entry.body, entry.body.get("application")
    person = visit.grant.person if visit.grant else None
    edited_at = body.get("edited_at")
    marks = list(MARK.finditer(entry.text))
    return {
        "id": entry.remote_id,
        "created_at": iso(entry.created_at),
        "in_reply_to_id": entry.parent_id or None,
        "in_reply_to_account_id": author_of(entry.parent_id) if entry.parent_id else None,
        "sensitive": body["sensitive"],
        "spoiler_text": body["spoiler_text"],
        "visibility": body["visibility"],
        "language": body["language"],
        "uri": f"{visit.base}/ap/users/{entry.person.remote_id}/statuses/{entry.remote_id}",
        "url": url_of(visit, entry),
        **counts(entry, answers_to(entry)),
        "edited_at": iso(datetime.fromisoformat(edited_at)) if edited_at else None,
        "favourited": bool(person and person.remote_id in body.get("favourites", {})),
        "reblogged": False,
        "muted": False,
        "bookmarked": False,
        "pinned": False,
        "content": content_of(visit, entry),
        "filtered": [],
        "reblog": None,
        "application": {"name": name, "website": None} if name else None,
        "account": account or account_json(visit, entry.person),
        "media_attachments": [media_json(visit, upload) for upload in entry.pictures] if entry.pk else [],
        "mentions": mentions(visit, [match["name"] for match in marks if match["name"]]),
        "tags": [
            {"name": match["tag"].lower(), "url": f"{visit.base}/tags/{match['tag'].lower()}"}
            for match in marks
            if match["tag"]
        ],
        "emojis": [],
        "card": None,
        "poll": poll_json(entry, person),
        **quoting(visit, entry),
    }


def author_of(remote_id: str) -> str | None:
    entries = Entry.objects.filter(network=NETWORK, remote_id=remote_id)
    notes = Note.objects.filter(network=NETWORK, remote_id=remote_id)
    found = entries.values_list("person__remote_id", flat=True).first()
    return found or notes.values_list("author__remote_id", flat=True).first()


def mentions(visit: Visit, handles: Sequence[str]) -> list[dict[str, str]]:
    people = Person.objects.filter(network=NETWORK, handle__in=handles) if handles else ()
    return [
        {
            "id": person.remote_id,
            "username": person.handle,
            "acct": person.handle,
            "url": visit.url("sandbox-person", network=NETWORK, handle=person.handle),
        }
        for person in people
    ]


def account_json(visit: Visit, person: Person) -> dict[str, Any]:
    own = Entry.objects.filter(network=NETWORK, person=person, deleted_at=None)
    avatar = visit.url("sandbox-avatar", network=NETWORK, handle=person.handle)
    return {
        "id": person.remote_id,
        "username": person.handle,
        "acct": person.handle,
        "display_name": person.name,
        "locked": False,
        "bot": False,
        "created_at": "2024-03-01T00:00:00.000Z",
        "note": f"<p>{html.escape(person.about)}</p>",
        "url": visit.url("sandbox-person", network=NETWORK, handle=person.handle),
        "uri": f"{visit.base}/ap/users/{person.remote_id}",
        "avatar": avatar,
        "avatar_static": avatar,
        "header": avatar,
        "header_static": avatar,
        "followers_count": person.facts.get("followers", 0),
        "following_count": person.facts.get("following", 0),
        "statuses_count": own.count(),
        "last_status_at": None,
        "emojis": [],
        "fields": [],
    }


def as_html(text: str) -> str:
    """The HTML that Mastodon makes of a text: paragraphs, and links with their less telling parts hidden."""
    marked, position = "", 0
    for match in MARK.finditer(text):
        marked += html.escape(text[position : match.start()]) + link(match)
        position = match.end()
    marked += html.escape(text[position:])
    paragraphs = re.split(r"\n{2,}", marked)
    return "".join(f"<p>{paragraph.replace(chr(10), '<br />')}</p>" for paragraph in paragraphs)


def link(match: re.Match[str]) -> str:
    if match["tag"]:
        return f'<a class="mention hashtag" rel="tag">#<span>{html.escape(match["tag"])}</span></a>'
    if match["name"]:
        name = html.escape(match["name"])
        return f'<span class="h-card" translate="no"><a class="u-url mention">@<span>{name}</span></a></span>'
    href = html.escape(match["url"])
    scheme, _, rest = match["url"].partition("://")
    head, tail = html.escape(rest[:30]), html.escape(rest[30:])
    return (
        f'<a href="{href}" target="_blank" rel="nofollow noopener" translate="no">'
        f'<span class="invisible">{scheme}://</span><span class="{"ellipsis" if tail else ""}">{head}</span>'
        f'<span class="invisible">{tail}</span></a>'
    )
