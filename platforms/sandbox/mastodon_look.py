"""How posts on Mastodon look to the public."""

from datetime import datetime
from typing import Any

from platforms.sandbox import world
from platforms.sandbox.mastodon_polls import is_over, tally
from platforms.sandbox.mastodon_server import NETWORK
from platforms.sandbox.mastodon_shown import counts, quoted_entry
from platforms.sandbox.models import Entry

DOMAIN = "mastodon.example"  # in its people's full names; a server may be reached under another one
SEEN_BY = {
    "public": "Public",
    "unlisted": "Quiet public",
    "private": "Followers only",
    "direct": "Only people mentioned",
}


def face(entry: Entry) -> world.Face:
    """How a post looks to the public."""
    visibility = entry.body.get("visibility", "public")
    quoted = quoted_entry(entry) if entry.body.get("quoted") else None
    facts = {
        "handle": full_handle(entry),
        "seen_by": SEEN_BY.get(visibility, ""),
        "poll": bars(entry) if entry.body.get("poll") else None,
        "quoted": quoted,
        "quoted_handle": full_handle(quoted) if quoted else "",
        "edited": bool(entry.body.get("edited_at")),
        **counts(entry, len(entry.notes.all())),
    }
    return world.Face(
        warning=entry.body.get("spoiler_text", ""),
        covers_pictures=bool(entry.body.get("sensitive")),
        note=SEEN_BY[visibility] if visibility in SEEN_BY and visibility != "public" else "",
        facts=facts,
    )


def full_handle(entry: Entry) -> str:
    server = entry.body.get("server", NETWORK)
    host = DOMAIN if server == NETWORK else server if "." in server else f"{server}.example"
    return f"@{entry.person.handle}@{host}"


def bars(entry: Entry) -> dict[str, Any]:
    """A poll as people see it: the answers with their share of the votes."""
    votes, poll = tally(entry), entry.body["poll"]
    over, total = is_over(poll), sum(votes)
    shown = over or not poll["hide_totals"]
    answers = [
        {"title": title, "percent": round(100 * number / total) if total and shown else 0}
        for title, number in zip(poll["options"], votes, strict=True)
    ]
    leads = max(answer["percent"] for answer in answers)
    return {
        "answers": [{**answer, "leads": bool(leads) and answer["percent"] == leads} for answer in answers],
        "votes": total,
        "over": over,
        "ends_at": datetime.fromisoformat(poll["expires_at"]),
        "multiple": poll["multiple"],
        "hidden": not shown,
    }
