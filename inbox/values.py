"""A message's row as the clients know it."""

from typing import cast

from inbox.models import Message
from platforms.content import Author, MessageKind
from platforms.content import Message as Told


def told_of(row: Message) -> Told:
    """What the network told, with what the client needs to answer or moderate it."""
    person = row.person
    who = Author(person.remote_id, person.handle, person.name, person.avatar_url) if person else Author()
    return Told(
        remote_id=row.remote_id,
        kind=cast(MessageKind, row.kind),
        text=row.text,
        author=who,
        created_at=row.created_at,
        permalink=row.permalink,
        post_id=row.post_id,
        parent_id=row.parent_id,
        thread_id=row.thread_id,
        rating=row.rating,
        is_ours=row.is_ours,
        is_hidden=row.is_hidden,
        attachments=tuple(row.attachments),
        extra=row.extra,
    )
