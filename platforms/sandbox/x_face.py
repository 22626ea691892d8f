"""How a post looks on X: who answers whom, what it quotes, its poll, labels and counts."""

from typing import Any

from django.utils.dateparse import parse_datetime

from platforms.sandbox.models import Entry, Person
from platforms.sandbox.world import Face
from platforms.sandbox.x_known import known_post
from platforms.sandbox.x_numbers import public_metrics, votes
from platforms.sandbox.x_wire import NETWORK

WHO_REPLIES = {
    "following": "accounts they follow can reply",
    "verified": "verified accounts can reply",
    "subscribers": "subscribers can reply",
    "mentionedUsers": "only accounts they mention can reply",
}
LABELS = {"made_with_ai": "Made with AI", "paid_partnership": "Paid partnership"}
BADGES = {"blue": "Verified", "business": "Verified organisation", "government": "Government account"}


def face(entry: Entry) -> Face:
    body = entry.body
    counts = public_metrics(entry, new=True)
    tagged = body.get("about_media", {}).get("tagged_user_ids", [])
    people = Person.objects.filter(network=NETWORK, remote_id__in=[*tagged, body.get("answers", "")])
    known = {person.remote_id: person for person in people}
    answers = known.get(body.get("answers", ""))
    facts: dict[str, Any] = {
        "badge": BADGES.get(entry.person.facts.get("verified_type", ""), ""),
        "kind_of_badge": entry.person.facts.get("verified_type", ""),
        "answers": answers.handle if answers and answers.pk != entry.person_id else "",
        "quote": known_post(body["quote"]) if body.get("quote") else None,
        "poll": poll_of(entry) if body.get("poll") else None,
        "labels": [words for name, words in LABELS.items() if body.get(name)],
        "community": entry.person.facts.get("communities", {}).get(body.get("community_id"), ""),
        "place": body.get("geo", {}).get("place_id", ""),
        "tagged": [known[remote_id].name for remote_id in tagged if remote_id in known],
        "about_media": body.get("about_media", {}),
        "is_edited": bool(body.get("history")),
        "counts": (
            ("Replies", "reply", counts["reply_count"]),
            ("Reposts", "repost", counts["repost_count"] + counts["quote_count"]),
            ("Likes", "like", counts["like_count"]),
            ("Views", "views", counts["impression_count"]),
            ("Bookmarks", "bookmark", counts["bookmark_count"]),
        ),
    }
    return Face(note=WHO_REPLIES.get(body.get("reply_settings", ""), ""), facts=facts)


def poll_of(entry: Entry) -> dict[str, Any]:
    """The answers with their shares in percent, and how many people chose."""
    counted = votes(entry)
    total = sum(counted)
    shares = [round(100 * count / total) if total else 0 for count in counted]
    most = max(shares)
    answers = [
        {"label": label, "share": share, "leads": bool(share) and share == most}
        for label, share in zip(entry.body["poll"]["options"], shares, strict=True)
    ]
    return {"answers": answers, "votes": total, "until": parse_datetime(entry.body["poll"]["end_datetime"])}
