"""Taking in what networks tell, however it came: each message once, edits and deletions followed.

Two may be told the same at once, by a webhook and by a look. Both lock the people who wrote, then the
conversations, in the same order, and see then what the other has written; the unique id of a message does the
rest. So two rules never answer one person at once either.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from django.db import transaction
from django.utils.timezone import now

from accounts.models import Account
from inbox import outcome, people, rules, telling
from inbox.conversations import locked, recount
from inbox.models import Conversation, Message, Person, Reply
from inbox.places import Slot, conversations, places_for, shortened
from platforms.content import Message as Told

OPEN, DONE = Conversation.State.OPEN, Conversation.State.DONE


@transaction.atomic
def take(account: Account, told: Sequence[Told], *, heard_from: datetime | None = None) -> list[Message]:
    """Write down what people wrote on an account; what somebody else wrote and was not known comes back.

    What was written before `heard_from` is history: it is there to be read, and nobody is told of it.
    """
    wanted = {one.remote_id: one for one in sorted(told, key=lambda one: one.created_at) if one.remote_id}
    if not wanted:
        return []
    persons = people.known(account, wanted.values())
    _adopt(account, wanted)
    _follow(account, wanted)
    known = _known(account, wanted)
    fresh = [one for key, one in wanted.items() if key not in known]
    made = _add(account, fresh, persons, heard_from) if fresh else []
    news = [row for row in made if not row.is_ours and row.read_at is None]
    telling.received(account, news)
    rules.act(account, news)
    return news


@transaction.atomic
def remove(account: Account, remote_ids: Iterable[str]) -> int:
    """Follow deletions: the row stays, its words do not. How many were there."""
    ids = list(remote_ids)
    gone = Message.objects.filter(account=account, remote_id__in=ids, deleted_at=None)
    touched = sorted(set(gone.values_list("conversation_id", flat=True)))
    if not touched:
        return 0
    locked(touched)
    count = gone.update(deleted_at=now(), text="", attachments=[], earlier=[])
    recount(touched)
    return count


def _known(account: Account, ids: Iterable[str]) -> set[str]:
    rows = Message.objects.filter(account=account, remote_id__in=list(ids))
    return set(rows.values_list("remote_id", flat=True))


# --- what is new ---


def _add(
    account: Account, fresh: list[Told], persons: Mapping[str, Person], heard_from: datetime | None
) -> list[Message]:
    """Place what is new in its conversations. Those among it that nobody else has written meanwhile."""
    places = places_for(account, fresh)
    slots = [places.slot(one) for one in fresh]
    first: dict[Slot, Told] = {}
    whose: dict[str, int] = {}
    for slot, one in zip(slots, fresh, strict=True):
        first.setdefault(slot, one)
        if (person := persons.get(people.id_of(one)[:255])) and not one.is_ours:
            whose.setdefault(slot[1], person.pk)
    there, new = conversations(account, first, places, whose)
    touched = sorted({conversation.pk for conversation in there.values()})
    locked(touched)
    moment, known = now(), _known(account, (one.remote_id for one in fresh))
    rows = [
        _row(there[slot], account, one, persons.get(people.id_of(one)[:255]), moment, heard_from)
        for slot, one in zip(slots, fresh, strict=True)
        if one.remote_id not in known
    ]
    rows.sort(key=lambda row: row.remote_id)  # two at once meet each other in the same order
    Message.objects.bulk_create(rows, ignore_conflicts=True)
    made = list(_made(account, rows, moment))
    _open(made, new)
    recount(touched)
    _settle(made)
    current = Conversation.objects.in_bulk(touched)
    for row in made:
        row.conversation = current[row.conversation_id]
        row.account = row.conversation.account = account
    return made


def _row(
    conversation: Conversation,
    account: Account,
    told: Told,
    person: Person | None,
    moment: datetime,
    heard_from: datetime | None,
) -> Message:
    is_history = heard_from is not None and told.created_at < heard_from
    return Message(
        conversation=conversation,
        account=account,
        kind=told.kind,
        remote_id=told.remote_id,
        is_ours=told.is_ours,
        person=None if told.is_ours else person,
        text=told.text,
        created_at=told.created_at,
        received_at=moment,
        read_at=moment if told.is_ours or is_history else None,
        permalink=told.permalink[:1000],
        post_id=shortened(told.post_id),
        parent_id=shortened(told.parent_id),
        thread_id=shortened(told.thread_id),
        rating=told.rating,
        is_hidden=told.is_hidden,
        attachments=list(told.attachments),
        extra=dict(told.extra),
    )


def _made(account: Account, rows: Sequence[Message], moment: datetime) -> Iterable[Message]:
    """The rows that we have written ourselves; what came in another way at once has another moment."""
    ids = [row.remote_id for row in rows]
    mine = Message.objects.filter(account=account, remote_id__in=ids, received_at=moment)
    return mine.select_related("person").order_by("created_at", "pk")


def _open(made: Sequence[Message], new: set[int]) -> None:
    """Somebody has written: what was done or put away wants a look again. What only we began is done."""
    theirs = {row.conversation_id for row in made if not row.is_ours and row.read_at is None}
    asleep = Conversation.objects.filter(pk__in=theirs).exclude(state=OPEN)
    asleep.update(state=OPEN, snoozed_until=None)
    with_person = {row.conversation_id: row.person_id for row in made if row.person_id}
    for conversation in Conversation.objects.filter(pk__in=with_person, person=None):
        Conversation.objects.filter(pk=conversation.pk).update(person_id=with_person[conversation.pk])
    only_ours = new - {row.conversation_id for row in made if not row.is_ours}
    Conversation.objects.filter(pk__in=only_ours).update(state=DONE)


# --- what was ours ---


def _words(text: str) -> str:
    return " ".join(text.split())


def _adopt(account: Account, wanted: dict[str, Told]) -> None:
    """A person had said that an answer arrived; now it comes in, and its row learns its id."""
    ours = {_words(one.text): key for key, one in wanted.items() if one.is_ours}
    if not ours:
        return
    nameless = Message.objects.filter(account=account, remote_id__startswith=outcome.PLACEHOLDER)
    for row in nameless.select_related("conversation"):
        key = ours.get(_words(row.text), "")
        if not key or _is_elsewhere(account, wanted[key], row):
            continue
        if not Message.objects.filter(account=account, remote_id=key).exists():
            Message.objects.filter(pk=row.pk).update(remote_id=key, permalink=wanted[key].permalink[:1000])


def _is_elsewhere(account: Account, told: Told, row: Message) -> bool:
    """Whether it belongs to another conversation that we know: the same words are said to many."""
    kind, key = places_for(account, [told]).slot(told)
    there = Conversation.objects.filter(account=account, kind=kind, key=key)
    return there.exclude(pk=row.conversation_id).exists()


def _settle(made: Sequence[Message]) -> None:
    """An answer in doubt that comes in by itself is in doubt no longer."""
    ours = [row for row in made if row.is_ours]
    if not ours:
        return
    touched = {row.conversation_id for row in ours}
    doubtful = Reply.objects.filter(conversation__in=touched, state=Reply.State.UNKNOWN)
    for reply in doubtful.select_related("conversation__account", "message"):
        row = next((row for row in ours if _is_answer(row, reply)), None)
        if row is not None:
            ours.remove(row)
            outcome.stands(reply, found=row)


def _is_answer(row: Message, reply: Reply) -> bool:
    """The same words in the same conversation, not older than the answer."""
    same = row.conversation_id == reply.conversation_id and _words(row.text) == _words(reply.text)
    return same and row.created_at >= reply.created_at - outcome.CLOCKS_DIFFER


# --- what has changed ---


def _follow(account: Account, wanted: dict[str, Told]) -> None:
    """Take over what changed in messages that are known: their words, stars, and whether they are hidden."""
    rows = Message.objects.filter(account=account, remote_id__in=wanted, deleted_at=None)
    touched = sorted({row.conversation_id for row in rows if _has_changed(row, wanted[row.remote_id])})
    if not touched:
        return
    locked(touched)
    # Read again: it may have been deleted, read or hidden before the lock, and nothing of that is undone.
    held = rows.filter(conversation__in=touched).select_for_update(of=("self",), no_key=True)
    changed = [row for row in held if _has_changed(row, wanted[row.remote_id])]
    fields = ["text", "earlier", "edited_at", "read_at", "rating", "is_hidden", "attachments", "extra"]
    Message.objects.bulk_update(changed, fields)
    recount(touched)


def _has_changed(row: Message, told: Told) -> bool:
    """Whether the network tells something new of it; the row has it then."""
    is_edited = bool(told.text) and _words(told.text) != _words(row.text) and row.user_id is None
    is_rated = told.rating is not None and told.rating != row.rating
    is_moved = told.is_hidden != row.is_hidden
    if is_edited or is_rated:
        row.earlier = [*row.earlier, row.text] if is_edited else row.earlier
        row.text, row.edited_at = told.text or row.text, now()
        row.rating = told.rating if is_rated else row.rating
        row.attachments = list(told.attachments) or row.attachments
        row.read_at = row.read_at if row.is_ours else None
    if is_moved:
        row.is_hidden = told.is_hidden
    has_more = bool(told.extra) and dict(told.extra) != row.extra
    if has_more:
        row.extra = {**row.extra, **told.extra}
    return is_edited or is_rated or is_moved or has_more
