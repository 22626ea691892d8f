"""Where a message belongs: which conversation it is a part of, and which of our posts it is about.

A conversation is what one person waits in for an answer. Where a network calls everything below a post one
thread, each comment right below the post begins a conversation of its own.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from accounts.models import Account
from inbox.models import Conversation, Message
from platforms.content import Message as Told
from publishing.models import Delivery

RECENT_POSTS = 200
LONGEST = 300

Slot = tuple[str, str]  # kind and key


@dataclass
class Places:
    """What is known before some messages are placed; it grows while they are."""

    posts: Mapping[str, int]  # our posts, by the id of each part: their deliveries
    begun: dict[str, Slot] = field(default_factory=dict)  # messages that are placed already

    def slot(self, told: Told) -> Slot:
        """The conversation of a message; the messages before it were asked for before."""
        slot = self._slot(told)
        self.begun[told.remote_id] = slot
        return slot

    def _slot(self, told: Told) -> Slot:
        if told.kind == "direct":
            return told.kind, shortened(told.thread_id or told.author.remote_id or told.remote_id)
        parent, thread = told.parent_id, told.thread_id
        if parent in self.begun:
            return self.begun[parent]
        is_whole_post = thread == told.post_id or thread in self.posts
        if thread and not is_whole_post:
            return self.begun.get(thread, (told.kind, shortened(thread)))
        is_first = not parent or parent == told.post_id or parent in self.posts
        return told.kind, shortened(told.remote_id if is_first else parent)

    def delivery_of(self, told: Told) -> int | None:
        """Our post that a message is about."""
        ids = (told.post_id, told.parent_id, told.thread_id)
        return next((self.posts[one] for one in ids if one and one in self.posts), None)


def places_for(account: Account, messages: Sequence[Told]) -> Places:
    """What must be known to place these: our posts, and what they answer."""
    above = {one for told in messages for one in (told.parent_id, told.thread_id) if one}
    rows = Message.objects.filter(account=account, remote_id__in=above).exclude(kind="direct")
    begun = rows.values_list("remote_id", "conversation__kind", "conversation__key")
    return Places(posts_of(account, messages), {one: (kind, key) for one, kind, key in begun})


def posts_of(account: Account, messages: Iterable[Told]) -> dict[str, int]:
    """Our posts on the account by each id they have there: the latest, and those that are named."""
    named = {told.post_id for told in messages if told.post_id}
    ours = Delivery.objects.filter(account=account).exclude(remote_id="")
    columns = ("pk", "remote_id", "part_ids")
    latest = list(ours.order_by("-published_at", "-pk").values_list(*columns)[:RECENT_POSTS])
    older = list(ours.filter(remote_id__in=named).values_list(*columns)) if named else []
    return {part: pk for pk, remote_id, parts in [*older, *latest] for part in (remote_id, *parts)}


def shortened(key: str) -> str:
    return key if len(key) <= LONGEST else hashlib.sha256(key.encode()).hexdigest()


def conversations(
    account: Account, wanted: Mapping[Slot, Told], places: Places, people: Mapping[str, int]
) -> tuple[dict[Slot, Conversation], set[int]]:
    """The conversations of these slots, made where there was none; and the numbers of the new ones.

    `wanted`: the first message of each; `people`: the number of the person whom each is with.
    """
    there = _there(account, wanted)
    missing = sorted(slot for slot in wanted if slot not in there)
    if not missing:
        return there, set()
    before = {conversation.pk for conversation in there.values()}
    Conversation.objects.bulk_create(
        [
            Conversation(
                workspace_id=account.workspace_id,
                account=account,
                kind=kind,
                key=key,
                person_id=people.get(key),
                delivery_id=places.delivery_of(wanted[kind, key]),
                post_id=shortened(wanted[kind, key].post_id),
                permalink=wanted[kind, key].permalink[:1000],
                last_at=wanted[kind, key].created_at,
            )
            for kind, key in missing
        ],
        ignore_conflicts=True,
    )
    there = _there(account, wanted)
    return there, {conversation.pk for conversation in there.values()} - before


def _there(account: Account, slots: Iterable[Slot]) -> dict[Slot, Conversation]:
    by_kind: dict[str, list[str]] = {}
    for kind, key in slots:
        by_kind.setdefault(kind, []).append(key)
    wanted = Q(pk=None)
    for kind, keys in by_kind.items():
        wanted |= Q(kind=kind, key__in=keys)
    return {(row.kind, row.key): row for row in Conversation.objects.filter(wanted, account=account)}
