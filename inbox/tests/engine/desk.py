"""One connected account at the sandbox: what people write to it, by which way it comes, what was answered."""

import json
from dataclasses import dataclass
from datetime import timedelta
from importlib import import_module
from types import ModuleType

import requests
from django.utils.timezone import now

from accounts.connections import platform_client
from accounts.factories import AccountFactory
from accounts.models import Account, Workspace
from inbox import feeds, receipts, sending
from inbox.models import Feed, Message, Reply
from platforms.ledger import MemoryLedger
from platforms.sandbox.models import Entry, Fault, Note, Person
from platforms.tests.connected import connected
from platforms.tests.contract.desk import publish
from platforms.tests.contract.drafts import Shelf, draft_of, plain_kind
from publishing.factories import DeliveryFactory, PostFactory
from publishing.models import Delivery, State

SECRET = "hook-secret"
QUESTION = "How early do you open on Sundays?"


@dataclass
class Desk:
    """`url`: where product and sandbox run."""

    name: str
    url: str
    account: Account
    person: Person

    @classmethod
    def of(cls, name: str, url: str, workspace: Workspace) -> "Desk":
        person = Person.objects.filter(network=name).order_by("pk")[0]
        client = connected(name, url, person)
        token = client.token
        assert token is not None
        account = AccountFactory.create(
            workspace=workspace,
            platform_name=name,
            remote_id=client.connection.remote_id,
            handle=client.connection.handle,
            limits=dict(client.connection.limits),
            credentials={"access": token.access, "refresh": token.refresh, "extra": dict(token.extra)},
            scopes=list(token.scopes),
            expires_at=token.expires_at,
            refresh_at=None,
            refreshed_at=now(),
        )
        return cls(name, url, account, person)

    @property
    def twin(self) -> ModuleType:
        return import_module(f"platforms.sandbox.{self.name}")

    def publish(self, shelf: Shelf) -> Delivery:
        """A post of two days ago, which our desk published."""
        client = platform_client(self.account)
        draft = draft_of(type(client), plain_kind(type(client)), self.account.limits, shelf)
        published = publish(client, draft, MemoryLedger())
        then = now() - timedelta(days=2)
        Entry.objects.filter(network=self.name).update(created_at=then)
        return DeliveryFactory.create(
            post=PostFactory.create(workspace=self.account.workspace),
            account=self.account,
            state=State.PUBLISHED,
            due_at=then,
            published_at=then,
            remote_id=published.remote_id,
            permalink=published.permalink,
            part_ids=list(published.part_ids or (published.remote_id,)),
        )

    def write(self, kind: str, text: str = QUESTION, entry: Entry | None = None) -> Note:
        """Somebody writes to the account."""
        others = Person.objects.filter(network=self.name).exclude(pk=self.person.pk).order_by("pk")
        author = self.twin.writer() if hasattr(self.twin, "writer") else others[0]
        if kind == "comment" and entry is None:
            entry = Entry.objects.filter(network=self.name, deleted_at=None).order_by("pk").first()
        note: Note = self.twin.arrive(kind, self.person, author, text, entry=entry)
        return note

    def read(self) -> int:
        """Ask the network for news, past what it has asked before."""
        feeds.ensure()
        Feed.objects.filter(account=self.account).update(due_at=now() - timedelta(seconds=1))
        return feeds.sync(60)

    def listen(self) -> None:
        """Read all that was written before, so that what comes now is news."""
        for _ in range(5):
            self.read()
            if Feed.objects.get(account=self.account).backfilled_at:
                break
        Feed.objects.filter(account=self.account).update(begun_at=now() - timedelta(hours=2))

    def call(self, note: Note, secret: str = SECRET) -> requests.Response:
        """The network calls our webhook about something."""
        headers, body = self.twin.webhook(note, secret)
        return requests.post(f"{self.url}/hooks/{self.name}/", data=body, headers=headers, timeout=10)

    def work_off(self) -> None:
        while receipts.work_off():
            pass

    def messages(self, text: str = QUESTION) -> list[Message]:
        return list(Message.objects.filter(account=self.account, text__contains=text))

    def send(self) -> None:
        """Answers that are due go out; what waits is due."""
        for _ in range(12):
            coming = Reply.objects.filter(due_at__isnull=False)
            coming.update(due_at=now() - timedelta(seconds=1), lease_until=None)
            rows = sending.claim("a test", 5)
            if not rows:
                return
            for reply in rows:
                sending.work(reply)

    def answers(self, text: str) -> int:
        """How often an answer stands at the network."""
        notes = Note.objects.filter(network=self.name, deleted_at=None)
        stands = [note.remote_id for note in notes if text in note.text or text in json.dumps(note.body)]
        entries = Entry.objects.filter(network=self.name, text__contains=text, deleted_at=None)
        return len({*stands, *entries.values_list("remote_id", flat=True)})

    def fault(self, kind: str, **rest: object) -> Fault:
        return Fault.objects.create(network=self.name, kind=kind, **rest)
