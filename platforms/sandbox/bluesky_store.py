"""Where the twin keeps records: posts as entries, all others in their owner's facts; and who is told."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.db import IntegrityError, transaction
from django.utils import timezone

from platforms.sandbox import bluesky_lexicon as lexicon
from platforms.sandbox import cids
from platforms.sandbox.bluesky_wire import NETWORK, person_called
from platforms.sandbox.models import Entry, Note, Person, Upload

LAMP_KEY = "3lamp22222222"
LAMP = {
    "$type": lexicon.POST,
    "text": "Found this one behind a theatre. New wire, old light.",
    "createdAt": "2026-03-03T18:20:00.000Z",
}


@dataclass(frozen=True)
class Stored:
    """A record, whoever wrote it."""

    uri: str
    body: dict[str, Any]
    author: Person
    at: datetime
    entry: Entry | None = None

    @property
    def reference(self) -> dict[str, str]:
        return {"uri": self.uri, "cid": cids.record_cid(self.body)}

    @property
    def key(self) -> str:
        return self.uri.rpartition("/")[2]


class Taken(Exception):
    """Another record stands under the key."""


def uri_of(person: Person, collection: str, key: str) -> str:
    return f"at://{person.remote_id}/{collection}/{key}"


def owner_of(uri: str) -> Person | None:
    return person_called(uri.removeprefix("at://").partition("/")[0])


# --- reading ---


def stored(uri: str) -> Stored | None:
    """The record at an address: a post of the desk's people, one that was only told of, or anything else."""
    if f"/{lexicon.POST}/" in uri:
        entry = Entry.objects.select_related("person").filter(network=NETWORK, remote_id=uri, deleted_at=None)
        note = Note.objects.select_related("author").filter(network=NETWORK, remote_id=uri, deleted_at=None)
        return next(iter([*map(_of_entry, entry), *map(_of_note, note)]), None) or _lamp(uri)
    owner = owner_of(uri)
    kept = owner.facts.get("records", {}).get(uri) if owner else None
    return _of_fact(cast(Person, owner), uri, kept) if kept else None


def _lamp(uri: str) -> Stored | None:
    """The one post of somebody else that has always been there, for whoever wants to quote one."""
    tomas = owner_of(uri)
    if tomas is None or uri != uri_of(tomas, lexicon.POST, LAMP_KEY) or tomas.handle != "tomas.test":
        return None
    return Stored(uri, LAMP, tomas, datetime.fromisoformat(LAMP["createdAt"]))


def listed(person: Person, collection: str) -> list[Stored]:
    """Somebody's records of a collection, newest key first."""
    if collection == lexicon.POST:
        entries = Entry.objects.select_related("person").filter(
            network=NETWORK, person=person, deleted_at=None
        )
        found = [_of_entry(entry) for entry in entries]
    else:
        kept = person.facts.get("records", {})
        found = [_of_fact(person, uri, fact) for uri, fact in kept.items() if f"/{collection}/" in uri]
    return sorted(found, key=lambda record: record.uri, reverse=True)


def marks(collection: str, uri: str) -> Iterator[Stored]:
    """Everybody's likes (or reposts) of a post, one a person."""
    for person in Person.objects.filter(network=NETWORK).order_by("pk"):
        for record in listed(person, collection):
            if record.body["subject"]["uri"] == uri:
                yield record
                break


def _of_entry(entry: Entry) -> Stored:
    return Stored(entry.remote_id, entry.body, entry.person, entry.created_at, entry)


def _of_note(note: Note) -> Stored:
    return Stored(note.remote_id, note.body, note.author, note.created_at)


def _of_fact(person: Person, uri: str, fact: dict[str, Any]) -> Stored:
    return Stored(uri, fact["body"], person, datetime.fromisoformat(fact["at"]))


# --- writing ---


def add(person: Person, uri: str, record: dict[str, Any], uploads: Iterable[Upload] = ()) -> Stored:
    """Store a new record."""
    if record["$type"] == lexicon.POST:
        made = _add_post(person, uri, record, uploads)
    else:
        made = _keep(person, uri, record, is_new=True)
    _spread(made)
    return made


def _add_post(person: Person, uri: str, record: dict[str, Any], uploads: Iterable[Upload]) -> Stored:
    try:
        with transaction.atomic():
            entry = Entry.objects.create(
                network=NETWORK,
                person=person,
                remote_id=uri,
                text=record["text"],
                parent_id=record.get("reply", {}).get("parent", {}).get("uri", ""),
                body=record,
            )
    except IntegrityError as error:
        raise Taken from error
    shown = lexicon.described(record)
    pictures = [upload for upload in uploads if upload.remote_id in shown]
    entry.attach(pictures)
    for upload in pictures:
        Upload.objects.filter(pk=upload.pk).update(alt=shown[upload.remote_id])
    return _of_entry(entry)


def change(there: Stored, record: dict[str, Any]) -> Stored:
    """Put another version in a record's place."""
    if there.entry is not None:
        there.entry.body, there.entry.text = record, record["text"]
        there.entry.save(update_fields=["body", "text"])
        return _of_entry(there.entry)
    changed = _keep(there.author, there.uri, record, is_new=False)
    _spread(changed)
    return changed


def remove(there: Stored) -> None:
    now = timezone.now()
    Entry.objects.filter(network=NETWORK, remote_id=there.uri, deleted_at=None).update(deleted_at=now)
    Note.objects.filter(network=NETWORK, remote_id=there.uri).update(deleted_at=now)
    owner = Person.objects.select_for_update().get(pk=there.author.pk)
    if owner.facts.get("records", {}).pop(there.uri, None):
        owner.save(update_fields=["facts"])
        _spread(there)


def _keep(person: Person, uri: str, record: dict[str, Any], *, is_new: bool) -> Stored:
    owner = Person.objects.select_for_update().get(pk=person.pk)
    records = owner.facts.setdefault("records", {})
    if is_new and uri in records:
        raise Taken
    records[uri] = {"body": record, "at": timezone.now().isoformat()}
    owner.save(update_fields=["facts"])
    return _of_fact(owner, uri, records[uri])


# --- what a record does beyond itself ---


def _spread(made: Stored) -> None:
    match made.body["$type"]:
        case lexicon.POST:
            tell(made.author, made.uri, made.body)
        case lexicon.LIKE:
            liked = made.body["subject"]["uri"]
            notes = Note.objects.filter(network=NETWORK, remote_id=liked)
            notes.update(likes=sum(1 for _ in marks(lexicon.LIKE, liked)))
        case lexicon.THREADGATE:
            hidden = made.body.get("hiddenReplies", [])
            below = Note.objects.filter(network=NETWORK, entry__remote_id=made.body["post"])
            below.update(is_hidden=False)
            below.filter(remote_id__in=hidden).update(is_hidden=True)


def tell(author: Person, uri: str, record: dict[str, Any]) -> Note | None:
    """The note by which somebody learns of a post that answers, quotes or names them; None: nobody does."""
    kind, person = _concerned(author, record)
    if person is None or not _may_reply(author, record):
        return None
    above = record.get("reply", {})
    root = Entry.objects.filter(network=NETWORK, remote_id=above.get("root", {}).get("uri", "-"))
    quoted = lexicon.quoted_in(record).get("uri", "") if kind == "quote" else ""
    return Note.objects.create(
        network=NETWORK,
        person=person,
        author=author,
        kind=kind,
        remote_id=uri,
        text=record["text"],
        entry=root.filter(deleted_at=None).first(),
        parent_id=above.get("parent", {}).get("uri", "") or quoted,
        body=record,
    )


def _concerned(author: Person, record: dict[str, Any]) -> tuple[str, Person | None]:
    above = record.get("reply", {})
    answered = [above[name]["uri"] for name in ("parent", "root") if name in above]
    quoted = [ref["uri"] for ref in (lexicon.quoted_in(record),) if ref]
    for kind, addresses in (("comment", answered), ("quote", quoted), ("mention", named_in(record))):
        for address in addresses:
            person = owner_of(address)
            if person is not None and person != author:
                return kind, person
    return "", None


def _may_reply(author: Person, record: dict[str, Any]) -> bool:
    """Replies that a thread's gate does not let in are there, and shown to nobody."""
    root = stored(record.get("reply", {}).get("root", {}).get("uri", ""))
    gate = gate_of(root) if root else None
    if root is None or gate is None or "allow" not in gate.body or root.author == author:
        return True
    rules = {rule["$type"].partition("#")[2] for rule in gate.body["allow"]}
    is_named = author.remote_id in named_in(root.body)
    return bool(rules - {"mentionRule"}) or ("mentionRule" in rules and is_named)


def named_in(record: dict[str, Any]) -> list[str]:
    """The DIDs of those whom a post names."""
    features = [feature for facet in record.get("facets", []) for feature in facet["features"]]
    return [feature["did"] for feature in features if "did" in feature]


def gate_of(post: Stored, collection: str = lexicon.THREADGATE) -> Stored | None:
    """The record beside a post that says who may reply to it (or who may quote it)."""
    return stored(uri_of(post.author, collection, post.key))
