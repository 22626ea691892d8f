"""Every network tells the numbers that it declares, and brings, answers and moderates what people write."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from platforms.base import Platform
from platforms.content import Incoming, Message, Published
from platforms.ledger import MemoryLedger
from platforms.registry import PLATFORMS
from platforms.rules import Kind
from platforms.sandbox.models import Entry, Note, Person
from platforms.tests.connected import WEBHOOK_SECRET, connected
from platforms.tests.contract import desk
from platforms.tests.contract.drafts import Shelf, draft_of, plain_kind

pytestmark = pytest.mark.django_db(transaction=True)

NETWORKS = list(PLATFORMS)
KINDS = [(name, kind) for name in NETWORKS for kind in PLATFORMS[name].message_kinds]
ANSWERED = [(name, kind) for name in NETWORKS for kind in PLATFORMS[name].replies_to]
MODERATED = [
    (name, kind, action)
    for name in NETWORKS
    for kind, actions in PLATFORMS[name].moderation.items()
    for action in actions
]
QUESTION = "How early do you open on Sundays?"


@pytest.fixture
def posted(world: str, shelf: Shelf) -> Callable[..., tuple[Platform, Published]]:
    """A client of a network, and a post of two days ago."""

    def post(name: str, kind: Kind | None = None) -> tuple[Platform, Published]:
        client = connected(name, world)
        kind = kind or plain_kind(type(client))
        draft = draft_of(type(client), kind, client.connection.limits, shelf)
        published = desk.publish(client, draft, MemoryLedger())
        Entry.objects.filter(network=name).update(created_at=timezone.now() - timedelta(days=2))
        return client, published

    return post


def written(name: str, kind: str) -> Note:
    """Somebody writes to the account."""
    person, *others = Person.objects.filter(network=name).order_by("pk")
    entry = Entry.objects.filter(network=name, deleted_at=None).order_by("pk").first()
    note: Note = desk.twin_of(name).arrive(kind, person, others[0], QUESTION, entry=entry)
    return note


def read(client: Platform, published: Published) -> list[Message]:
    return [message for message in client.messages({}, [published]).messages if message.text == QUESTION]


@pytest.mark.cell("{name}:post_metrics")
@pytest.mark.parametrize("name", [name for name in NETWORKS if PLATFORMS[name].can("post_metrics")])
def test_a_post_has_the_numbers_that_are_promised(
    name: str, posted: Callable[..., tuple[Platform, Published]]
) -> None:
    told: set[str] = set()
    grown = False

    for kind in PLATFORMS[name].post_kinds():
        client, published = posted(name, kind)
        if not published.permalink:
            continue  # a draft in somebody's app has no numbers
        values = client.post_metrics(published).values
        assert all(value >= 0 for value in values.values())
        told |= set(values)
        grown = grown or any(values.values())

    assert told == set(PLATFORMS[name].post_numbers)
    assert grown


@pytest.mark.cell("{name}:account_metrics")
@pytest.mark.parametrize("name", [name for name in NETWORKS if PLATFORMS[name].can("account_metrics")])
def test_an_account_has_the_numbers_that_are_promised(
    name: str, posted: Callable[..., tuple[Platform, Published]]
) -> None:
    client, _published = posted(name)

    metrics = client.account_metrics()

    assert set(metrics.values) == set(client.account_numbers)


@pytest.mark.parametrize("name", NETWORKS)
def test_what_is_declared_can_be_done(name: str) -> None:
    platform = PLATFORMS[name]

    assert platform.can("post_metrics") == bool(platform.post_numbers)
    assert platform.can("account_metrics") == bool(platform.account_numbers)
    assert platform.can("messages") == bool(platform.message_kinds)
    assert platform.can("reply") == bool(platform.replies_to)
    assert platform.can("moderate") == bool(platform.moderation)
    assert platform.can("verify_webhook") == platform.can("parse_webhook")
    assert platform.can("account_limits") or not any(option.choices_from for option in platform.options)


@pytest.mark.cell("{name}:messages:{kind}")
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_what_somebody_writes_arrives(
    name: str, kind: str, posted: Callable[..., tuple[Platform, Published]]
) -> None:
    client, published = posted(name)
    written(name, kind)

    [message] = read(client, published)

    assert message.kind == kind
    assert message.author.name or message.author.handle or message.author.remote_id
    assert not message.is_ours


@pytest.mark.cell("{name}:reply:{kind}")
@pytest.mark.parametrize(("name", "kind"), ANSWERED)
def test_a_message_is_answered_once(
    name: str, kind: str, posted: Callable[..., tuple[Platform, Published]]
) -> None:
    client, published = posted(name)
    written(name, kind)
    [message] = read(client, published)
    ledger = MemoryLedger()

    first = client.reply(message, "At seven, as on every day.", ledger)
    again = client.reply(message, "At seven, as on every day.", ledger)

    assert first.remote_id == again.remote_id
    assert first.is_ours


@pytest.mark.cell("{name}:moderate:{kind}:{action}")
@pytest.mark.parametrize(("name", "kind", "action"), MODERATED)
def test_a_message_is_moderated(
    name: str, kind: str, action: str, posted: Callable[..., tuple[Platform, Published]]
) -> None:
    client, published = posted(name)
    written(name, kind)
    [message] = read(client, published)

    client.moderate(message, action)  # type: ignore[arg-type]
    client.moderate(message, action)  # type: ignore[arg-type]

    if action == "delete":
        left = Note.objects.filter(text=QUESTION, deleted_at=None)
        assert not left.exists() or read(client, published) == []


@pytest.mark.cell("{name}:webhooks")
@pytest.mark.parametrize("name", [name for name in NETWORKS if hasattr(desk.twin_of(name), "webhook")])
def test_a_signed_call_is_believed_and_a_forged_one_is_not(
    name: str, posted: Callable[..., tuple[Platform, Published]]
) -> None:
    client, _published = posted(name)
    note = written(name, client.message_kinds[0]) if client.message_kinds else None
    sent, body = desk.twin_of(name).webhook(note or Entry.objects.get(network=name), WEBHOOK_SECRET)
    headers = {header.lower(): value for header, value in sent.items()}
    call = Incoming("POST", f"https://desk.example/webhooks/{name}/", headers, {}, body)
    forged = Incoming("POST", call.url, headers, {}, body.replace(b"Sundays", b"Mondays"))

    assert client.verify_webhook(call)
    assert forged.body == body or not client.verify_webhook(forged) or "token" in str(headers)
    assert not client.verify_webhook(Incoming("POST", call.url, {}, {}, body))
    events = client.parse_webhook(call)
    assert events
    if note is not None and any(event.message for event in events):
        assert QUESTION in [event.message.text for event in events if event.message]
