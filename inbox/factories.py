"""Conversations, messages and rules for tests and the demo."""

from datetime import timedelta
from typing import Any

import factory
from django.utils import timezone

from accounts.factories import AccountFactory, WorkspaceFactory
from inbox.conversations import recount
from inbox.models import (
    Conversation,
    Feed,
    Kind,
    Label,
    Message,
    Note,
    Person,
    Reply,
    ReplyRule,
    SavedReply,
)


class PersonFactory(factory.django.DjangoModelFactory[Person]):
    """Somebody who writes."""

    class Meta:
        model = Person

    workspace = factory.SubFactory(WorkspaceFactory)
    platform_name = "mastodon"
    server = ""
    remote_id = factory.Sequence(lambda n: f"writer-{n}")
    handle = factory.Sequence(lambda n: f"writer{n}")
    name = factory.LazyAttribute(lambda person: person.handle.title())


class LabelFactory(factory.django.DjangoModelFactory[Label]):
    class Meta:
        model = Label

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"label {n}")


class ConversationFactory(factory.django.DjangoModelFactory[Conversation]):
    """A conversation without messages; `ConversationFactory(said=["Hello?", "Anybody?"])` gives it some of
    the person's, a minute apart, unread and waiting for an answer."""

    class Meta:
        model = Conversation
        skip_postgeneration_save = True

    account = factory.SubFactory(AccountFactory, platform_name="mastodon")
    workspace = factory.SelfAttribute("account.workspace")
    kind = Kind.COMMENT
    key = factory.Sequence(lambda n: f"thread-{n}")
    person = factory.SubFactory(
        PersonFactory,
        workspace=factory.SelfAttribute("..workspace"),
        platform_name=factory.SelfAttribute("..account.platform_name"),
    )

    @factory.post_generation
    def said(self: Any, create: bool, extracted: list[str] | None, **_rest: Any) -> None:
        for n, text in enumerate(extracted or []):
            age = timedelta(minutes=len(extracted or []) - n)
            MessageFactory.create(conversation=self, text=text, created_at=timezone.now() - age)
        if extracted:
            recount([self.pk])
            self.refresh_from_db()


class MessageFactory(factory.django.DjangoModelFactory[Message]):
    """What the conversation's person wrote. `recount` afterwards where the conversation's sums matter."""

    class Meta:
        model = Message

    class Params:
        ours = factory.Trait(is_ours=True, person=None, read_at=factory.LazyFunction(timezone.now))

    conversation = factory.SubFactory(ConversationFactory)
    account = factory.SelfAttribute("conversation.account")
    kind = factory.SelfAttribute("conversation.kind")
    person = factory.SelfAttribute("conversation.person")
    remote_id = factory.Sequence(lambda n: f"message-{n}")
    thread_id = factory.SelfAttribute("conversation.key")
    text = factory.Sequence(lambda n: f"Do you have rye bread, number {n}?")
    created_at = factory.LazyFunction(timezone.now)


class ReplyFactory(factory.django.DjangoModelFactory[Reply]):
    """An answer that waits to be sent; `sent`, `failed` and `unknown` are further on."""

    class Meta:
        model = Reply

    class Params:
        sent = factory.Trait(state=Reply.State.SENT, due_at=None, sent_at=factory.LazyFunction(timezone.now))
        failed = factory.Trait(
            state=Reply.State.FAILED,
            due_at=None,
            attempts_left=0,
            reason_code="not_found",
            reason="The comment is no longer there.",
            advice="Look on the network: it may have been deleted there.",
        )
        unknown = factory.Trait(
            state=Reply.State.UNKNOWN,
            due_at=None,
            reason_code="outcome_unknown",
            reason="The connection to the network broke off.",
            advice="Look on the network, then say whether it is there.",
        )

    message = factory.SubFactory(MessageFactory)
    conversation = factory.SelfAttribute("message.conversation")
    text = "Yes, from seven in the morning."


class NoteFactory(factory.django.DjangoModelFactory[Note]):
    class Meta:
        model = Note

    conversation = factory.SubFactory(ConversationFactory)
    text = "She is the mayor."


class SavedReplyFactory(factory.django.DjangoModelFactory[SavedReply]):
    class Meta:
        model = SavedReply

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"Opening hours {n}")
    text = "Hello {name}, we are open from seven."


class ReplyRuleFactory(factory.django.DjangoModelFactory[ReplyRule]):
    """A rule that is on and answers everything."""

    class Meta:
        model = ReplyRule

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"rule {n}")
    is_on = True
    reply = "Thank you, {name}!"


class FeedFactory(factory.django.DjangoModelFactory[Feed]):
    """A feed whose thirty days were read."""

    class Meta:
        model = Feed

    account = factory.SubFactory(AccountFactory, platform_name="mastodon")
    begun_at = factory.LazyFunction(lambda: timezone.now() - timedelta(days=1))
    backlog = factory.LazyFunction(list)
    backfilled_at = factory.LazyFunction(timezone.now)
