"""Polls of Mastodon-like servers: what is accepted, votes that come by themselves, and those of people."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from platforms.sandbox.insights import grown
from platforms.sandbox.mastodon_server import Visit, is_true, iso
from platforms.sandbox.models import Entry, Person

LONGEST = 50
LEAST, MOST = 300, 2_629_746
FIELDS = {"options", "expires_in", "multiple", "hide_totals"}
VOTERS = 90  # for each answer, in the end


def poll_of(visit: Visit, asked: Any) -> dict[str, Any]:
    """A poll that keeps all rules of its server, as it is kept; `expires_at` is ISO 8601."""
    if not isinstance(asked, Mapping) or set(asked) - FIELDS:
        raise visit.refusal("field", name="poll")
    answers = asked.get("options")
    if not isinstance(answers, list) or not all(isinstance(answer, str) for answer in answers):
        raise visit.refusal("field", name="poll")
    if len(answers) < 2 or not all(answer.strip() for answer in answers):
        raise visit.refusal("poll_few")
    if len(answers) > visit.server.answers:
        raise visit.refusal("poll_many", limit=visit.server.answers)
    if any(len(answer) > LONGEST for answer in answers):
        raise visit.refusal("poll_long", limit=LONGEST)
    if len(set(answers)) < len(answers):
        raise visit.refusal("poll_same")
    return {
        "options": answers,
        "expires_at": (timezone.now() + timedelta(seconds=seconds_of(visit, asked))).isoformat(),
        "multiple": is_true(asked.get("multiple", False)),
        "hide_totals": is_true(asked.get("hide_totals", False)),
        "votes": {},
    }


def seconds_of(visit: Visit, asked: Mapping[str, Any]) -> int:
    written = str(asked.get("expires_in", ""))
    if not written.isdecimal():
        raise visit.refusal("field", name="poll")
    if not LEAST <= int(written) <= MOST:
        raise visit.refusal("poll_soon" if int(written) < LEAST else "poll_far")
    return int(written)


def is_over(poll: Mapping[str, Any]) -> bool:
    return datetime.fromisoformat(poll["expires_at"]) <= timezone.now()


def tally(entry: Entry) -> list[int]:
    """The votes of each answer."""
    poll = entry.body["poll"]
    given = [choice for choices in poll["votes"].values() for choice in choices]
    return [
        grown(entry.pk, f"answer {n}", VOTERS, entry.created_at) + given.count(n)
        for n in range(len(poll["options"]))
    ]


def poll_json(entry: Entry, person: Person | None) -> dict[str, Any] | None:
    poll = entry.body.get("poll")
    if not poll:
        return None
    votes, over = tally(entry), is_over(poll)
    own = poll["votes"].get(person.remote_id, []) if person else []
    shown = over or not poll["hide_totals"]
    return {
        "id": entry.remote_id,
        "expires_at": iso(datetime.fromisoformat(poll["expires_at"])),
        "expired": over,
        "multiple": poll["multiple"],
        "votes_count": sum(votes),
        "voters_count": sum(votes),
        "options": [
            {"title": title, "votes_count": number if shown else None}
            for title, number in zip(poll["options"], votes, strict=True)
        ],
        "emojis": [],
        "voted": bool(own) or bool(person and person == entry.person),
        "own_votes": own,
    }


def vote(visit: Visit, entry: Entry, choices: Any) -> None:
    poll = entry.body["poll"]
    picked = [int(choice) for choice in choices or [] if str(choice).isdecimal()]
    if is_over(poll):
        raise visit.refusal("poll_over")
    if entry.person == visit.person:
        raise visit.refusal("poll_own")
    if visit.person.remote_id in poll["votes"]:
        raise visit.refusal("poll_voted")
    if not picked or max(picked) >= len(poll["options"]) or (len(picked) > 1 and not poll["multiple"]):
        raise visit.refusal("poll_choice")
    poll["votes"][visit.person.remote_id] = picked
    entry.save(update_fields=["body"])
