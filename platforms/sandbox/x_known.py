"""Posts that X knows by an id: those of the sandbox's people, what others write to them, and older ones."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import Q, QuerySet

from platforms.sandbox.models import Entry, Note, Person
from platforms.sandbox.x_wire import EPOCH, NETWORK


@dataclass(frozen=True)
class Known:
    """A post that others may answer, quote or like."""

    remote_id: str
    person: Person
    text: str
    conversation_id: str
    created_at: datetime


def living() -> QuerySet[Entry]:
    return Entry.objects.filter(network=NETWORK, deleted_at=None).select_related("person")


def versions() -> QuerySet[Entry]:
    """The posts that stand, and what those were that have been changed."""
    every = Entry.objects.filter(network=NETWORK).select_related("person")
    return every.filter(Q(deleted_at=None) | Q(body__has_key="newer"))


def standing(remote_id: str) -> Entry | None:
    """The newest version of a post, by the id of any of them."""
    entry = versions().filter(remote_id=remote_id).first()
    return standing(entry.body["newer"]) if entry and "newer" in entry.body else entry


def notes() -> QuerySet[Note]:
    """What people wrote in public."""
    written = Note.objects.filter(network=NETWORK, kind__in=("comment", "mention"), deleted_at=None)
    return written.select_related("author", "person", "entry")


def known_post(remote_id: str) -> Known | None:
    if entry := standing(remote_id):
        conversation = entry.body["conversation_id"]
        return Known(entry.remote_id, entry.person, entry.text, conversation, entry.created_at)
    if note := notes().filter(remote_id=remote_id).first():
        return Known(remote_id, note.author, text_of(note), conversation_of(note), note.created_at)
    return archived(remote_id)


def archived(remote_id: str) -> Known | None:
    """A post of long ago, which a person's `archive` keeps."""
    for person in Person.objects.filter(network=NETWORK):
        if text := person.facts.get("archive", {}).get(remote_id):
            return Known(remote_id, person, text, remote_id, moment_of(remote_id))
    return None


def text_of(note: Note) -> str:
    """A note as X keeps it: with the name of the one it is written to."""
    name = f"@{note.person.handle}"
    return note.text if name.lower() in note.text.lower() else f"{name} {note.text}"


def conversation_of(note: Note) -> str:
    return str(note.entry.body["conversation_id"]) if note.entry else note.remote_id


def moment_of(remote_id: str) -> datetime:
    return datetime.fromtimestamp(((int(remote_id) >> 22) + EPOCH) / 1000, UTC)
