"""What people write to the bakery and what it answers: at the sandbox, read and answered by the inbox.

Hours are before now. What was written is history to the inbox, so nobody is told of it and no rule answers.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.utils.timezone import now

from inbox import conversations, feeds, replying, sending
from inbox.models import Conversation, Feed, Label, Message, Reply, ReplyRule, SavedReply
from inbox.models import Note as TeamNote
from platforms.sandbox import world
from platforms.sandbox.models import Entry, Note
from platforms.sandbox.models import Person as Inhabitant
from snsauto.demo import connecting
from snsauto.demo.bakery import ADA, BEN, Who

if TYPE_CHECKING:
    from snsauto.demo.seeding import Bakery

MOST_LOOKS = 4  # until the history of a network is read
MOST_TRIES = 4  # of an answer
LABELS = {"Order": "blue", "Complaint": "red", "Praise": "green", "Press": "violet"}
SAVED = (
    ("Opening hours", "Hello {name}, we are open from 7:00 to 19:00, Monday to Saturday. See you soon!"),
    (
        "Order a cake",
        "Hello {name}, gladly! How many people, for which day, and is there anything you cannot eat?",
    ),
    ("Thank you", "Thank you, {name}! That will be read out at the oven tomorrow."),
    ("Sorry", "We are sorry, {name}. Please write to us what went wrong and when; the next one is on us."),
)


@dataclass(frozen=True)
class Customer:
    """Somebody who lives on a network; the id has the network's shape."""

    network: str
    remote_id: str
    handle: str
    name: str


@dataclass(frozen=True)
class Line:
    """`by`: who of the bakery said it; None: the customer."""

    hours: float
    text: str
    by: Who | None = None


@dataclass(frozen=True)
class Talk:
    """A conversation, and what the team made of it. `below`: it stands below the post with these words."""

    who: Customer
    kind: str
    lines: tuple[Line, ...]
    below: str = ""
    labels: tuple[str, ...] = ()
    assignee: Who | None = None
    note: str = ""
    state: str = Conversation.State.OPEN
    is_new: bool = False
    rating: int = 0


MARTA = Customer("instagram", "17841400000071001", "marta.figueiredo", "Marta Figueiredo")
RUI = Customer("instagram", "17841400000071002", "ruipaulo", "Rui Paulo")
JOANA = Customer("facebook", "71004400000000001", "joana.teixeira", "Joana Teixeira")
HENRIK = Customer("facebook", "71004400000000002", "henrik.dahl", "Henrik Dahl")
AOIFE = Customer("mastodon", "109382746152990001", "aoife", "Aoife Byrne")
KENJI = Customer("mastodon", "109382746152990002", "kenji", "Kenji Watanabe")
LENA = Customer("bluesky", "did:plc:lenakrauselisbon22222222", "lena.test", "Lena Krause")
SOFIA = Customer("x", "1304117690482369001", "sofiamelo", "Sofia Melo")
PEDRO = Customer("google_business", "71005500000000001", "pedro.antunes", "Pedro Antunes")
CLARA = Customer("google_business", "71005500000000002", "clara.v", "Clara V.")

TALKS = (
    Talk(
        MARTA,
        "direct",
        (
            Line(5.2, "Hello! Could you bake a cake for twelve by Saturday? My mother turns seventy."),
            Line(4.6, "How lovely! Gladly. Anything she likes especially, or cannot eat?", BEN),
            Line(0.4, "Pears, and no nuts please. Could it say “Rosa, 70”? And when can I fetch it?"),
        ),
        labels=("Order",),
        assignee=ADA,
        note="Pear cake for 12, Saturday. The big round tin is free.",
        is_new=True,
    ),
    Talk(
        RUI,
        "comment",
        (Line(1.1, "Do you still have the Harbour loaf at half past five? I come from work only then."),),
        below="six hundred Harbour loaves",
        is_new=True,
    ),
    Talk(
        JOANA,
        "comment",
        (
            Line(
                2.3,
                "My tarts were burnt underneath, and nobody at the counter listened. It was a birthday.",
            ),
        ),
        below="Saturday is tart day",
        labels=("Complaint",),
        assignee=ADA,
        note="She is right: tray four on Tuesday. Ben saw it too late.",
        is_new=True,
    ),
    Talk(
        HENRIK,
        "direct",
        (
            Line(52, "Do you deliver to offices? We are nineteen people near Cais do Sodré."),
            Line(51, "We do, from ten breads on, before nine. Shall I send you the list?", ADA),
            Line(50, "Yes please, to henrik@dahl.example. Thank you!"),
            Line(49.5, "On its way.", ADA),
        ),
        labels=("Order",),
        state=Conversation.State.DONE,
    ),
    Talk(
        AOIFE,
        "comment",
        (
            Line(74, "Reading this with a slice of it in my hand. The crust really does sing!"),
            Line(73, "Then you were there at ten past seven. Thank you, Aoife!", ADA),
        ),
        below="Why does the crust crackle",
        labels=("Praise",),
        state=Conversation.State.DONE,
    ),
    Talk(
        KENJI,
        "mention",
        (
            Line(
                8.5,
                "Is the rye of @harbourandrye all rye? My partner cannot eat wheat.",
            ),
        ),
        is_new=True,
    ),
    Talk(
        LENA,
        "comment",
        (Line(20, "Is there a seat left at the long table? I can bring the wine."),),
        below="the ovens stay warm",
        assignee=BEN,
        state=Conversation.State.SNOOZED,
    ),
    Talk(
        SOFIA,
        "mention",
        (
            Line(
                3.4,
                "I write about breakfast for the Lisbon Weekly, @harbourandrye. May I come by at five?",
            ),
        ),
        labels=("Press",),
        is_new=True,
    ),
    Talk(
        PEDRO,
        "review",
        (
            Line(96, "The best rye on this side of the river. They know my dog by name.", None),
            Line(95, "He is always welcome, and so are you. Thank you, Pedro!", BEN),
        ),
        labels=("Praise",),
        state=Conversation.State.DONE,
        rating=5,
    ),
    Talk(
        CLARA,
        "review",
        (
            Line(
                12,
                "Good bread, but I stood in line for twenty minutes and two of three were sold out.",
            ),
        ),
        labels=("Complaint",),
        is_new=True,
        rating=3,
    ),
)


class Talks:
    """The bakery's inbox while it is being filled."""

    def __init__(self, desk: "Bakery") -> None:
        self.desk = desk
        self.workspace = desk.workspace
        self.accounts = {account.platform_name: account for account in desk.accounts}
        self.talks = [talk for talk in TALKS if talk.who.network in self.accounts]

    def open(self) -> None:
        self._set_up()
        written = [(talk, self._write(talk)) for talk in self.talks]
        self._read()
        for talk, notes in written:
            self._follow(talk, notes)

    def _set_up(self) -> None:
        self.labels = {
            name: Label.objects.create(workspace=self.workspace, name=name, colour=colour)
            for name, colour in LABELS.items()
        }
        SavedReply.objects.bulk_create(
            SavedReply(workspace=self.workspace, name=name, text=text) for name, text in SAVED
        )
        ReplyRule.objects.create(
            workspace=self.workspace,
            name="Opening hours",
            kinds=["comment", "mention", "direct"],
            words=["open", "opening hours", "what time"],
            reply="Hello {name}, the door is open from 7:00 to 19:00, Monday to Saturday.",
        )
        ReplyRule.objects.create(
            workspace=self.workspace,
            name="Poor reviews to Ada",
            is_on=True,
            position=1,
            kinds=["review"],
            most_stars=3,
            label=self.labels["Complaint"],
            assignee=self.desk.members[ADA].user,
        )

    # --- at the sandbox ---

    def _write(self, talk: Talk) -> list[Note]:
        """What the customer says, where the network keeps it."""
        who, twin = talk.who, world.by_name(talk.who.network).twin
        author = world.person(who.network, who.remote_id, who.handle, who.name)
        bakery_there = connecting.identity(self.accounts[who.network].platform)
        below = self._below(talk, bakery_there)
        stars = {"stars": talk.rating} if talk.rating else {}
        return [
            twin.arrive(talk.kind, bakery_there, author, line.text, entry=below, **stars)
            for line in talk.lines
            if line.by is None
        ]

    @staticmethod
    def _below(talk: Talk, bakery_there: Inhabitant) -> Entry | None:
        """The post on which somebody comments."""
        if talk.kind != "comment":
            return None
        mine = Entry.objects.filter(network=talk.who.network, person=bakery_there, deleted_at=None)
        named = mine.filter(text__contains=talk.below).order_by("created_at").first()
        return named or mine.order_by("-created_at").first()

    # --- in the inbox ---

    def _read(self) -> None:
        """Have the networks of the talks read, as the inbox does it; it is history, so nobody is told."""
        feeds.ensure()
        names = {talk.who.network for talk in self.talks}
        mine = Feed.objects.filter(account__workspace=self.workspace, account__platform_name__in=names)
        mine.update(begun_at=now())
        for _ in range(MOST_LOOKS):
            for feed in mine.filter(backfilled_at=None).select_related("account__workspace"):
                if feeds.claim(feed):
                    feeds.work(feed)

    def _follow(self, talk: Talk, notes: list[Note]) -> None:
        """What the team has made of it: answered, labelled, put away; in the end each at its own time."""
        account, theirs = self.accounts[talk.who.network], iter(notes)
        heard: list[tuple[Note, Message, datetime]] = []
        for line in talk.lines:
            at = self.desk.now - timedelta(hours=line.hours)
            if line.by is None:
                note = next(theirs)
                heard.append((note, Message.objects.get(account=account, text__contains=note.text), at))
            else:
                self._answer(heard[-1][1], line, at)
        for note, message, at in heard:  # only now: networks take no answer to what is old
            Note.objects.filter(pk=note.pk).update(created_at=at)
            Message.objects.filter(pk=message.pk).update(created_at=at, received_at=at)
        self._settle(talk, heard[-1][1], heard[-1][2])

    def _answer(self, message: Message, line: Line, at: datetime) -> None:
        """Answered for real, and then as long ago as it shall have been."""
        begun = now()
        user = self.desk.members[line.by].user if line.by else None
        reply = replying.reply(message, line.text, user)
        for _ in range(MOST_TRIES):
            for row in sending.claim("demo"):
                sending.work(row)
            reply.refresh_from_db()
            if reply.state == Reply.State.SENT:
                break
        for model in (Note, Entry):
            model.objects.filter(created_at__range=(begun, now())).update(created_at=at)
        Reply.objects.filter(pk=reply.pk).update(created_at=at, sent_at=at)
        Message.objects.filter(account=message.account, is_ours=True, text=line.text).update(
            created_at=at, received_at=at
        )

    def _settle(self, talk: Talk, last: Message, at: datetime) -> None:
        row = Conversation.objects.filter(pk=last.conversation_id)
        is_snoozed = talk.state == Conversation.State.SNOOZED
        row.update(
            state=talk.state,
            snoozed_until=self.desk.now + timedelta(days=1) if is_snoozed else None,
            assignee=self.desk.members[talk.assignee].user if talk.assignee else None,
        )
        for name in talk.labels:
            row[0].labels.add(self.labels[name])
        if talk.note:
            at += timedelta(minutes=20)
            TeamNote.objects.create(
                conversation=row[0], user=self.desk.members[BEN].user, text=talk.note, created_at=at
            )
        if talk.is_new:
            Message.objects.filter(pk=last.pk).update(read_at=None)
        conversations.recount([last.conversation_id])
