"""What stands on the page of a conversation, in few queries whatever there is."""

from dataclasses import dataclass
from datetime import datetime

from accounts.models import Membership
from inbox.models import Conversation, ConversationQuerySet, Kind, Message, Reply, SavedReply
from inbox.moderating import actions_for
from inbox.variables import Filled, fill, unfilled
from inbox.windows import is_closed, why_closed, window_of
from platforms.base import Moderation
from publishing.forms.ai import LONGEST_AUTHOR, LONGEST_MESSAGE

MOST_MESSAGES = 200
MOST_HISTORY = 8
PENDING = frozenset({Reply.State.WAITING, Reply.State.SENDING})


@dataclass(frozen=True)
class Line:
    """One thing in a thread: a message, or an answer that is none yet."""

    at: datetime
    message: Message | None = None
    reply: Reply | None = None
    actions: tuple[Moderation, ...] = ()
    is_answerable: bool = False


@dataclass(frozen=True)
class Thread:
    """What was written, oldest first; `earlier`: how much stands before it and is not shown."""

    lines: list[Line]
    earlier: int
    last_in: Message | None

    @property
    def is_pending(self) -> bool:
        """Whether an answer is on its way: then the page looks again soon."""
        return any(line.reply and line.reply.state in PENDING for line in self.lines)


def conversations_of(member: Membership) -> ConversationQuerySet:
    """The workspace's, with all that a page says of one."""
    rows: ConversationQuerySet = Conversation.objects.visible_to(member)
    return rows.select_related("account", "workspace", "person", "assignee", "delivery__post").defer(
        "account__credentials"
    )


def thread_of(conversation: Conversation) -> Thread:
    """The newest messages and answers of a conversation."""
    newest = conversation.messages.select_related("person", "user").order_by("-created_at", "-pk")
    messages = list(newest[: MOST_MESSAGES + 1])
    earlier = conversation.messages.count() - MOST_MESSAGES if len(messages) > MOST_MESSAGES else 0
    messages = messages[:MOST_MESSAGES]
    for message in messages:
        message.conversation, message.account = conversation, conversation.account
    on_the_way = conversation.replies.filter(answer=None).exclude(state=Reply.State.CANCELLED)
    lines = [Line(row.created_at, reply=row) for row in on_the_way.select_related("user", "rule", "message")]
    lines += [_line(conversation, message) for message in messages]
    lines.sort(key=lambda line: line.at)
    theirs = (message for message in messages if not message.is_ours and not message.deleted_at)
    return Thread(lines, earlier, next(theirs, None))


def _line(conversation: Conversation, message: Message) -> Line:
    platform = conversation.account.platform
    is_there = not message.is_ours and message.deleted_at is None
    return Line(
        message.created_at,
        message=message,
        actions=() if message.is_ours else actions_for(message),
        is_answerable=is_there and message.kind in platform.replies_to,
    )


@dataclass(frozen=True)
class Window:
    """Until when an answer may be sent, whether that is over, and the sentence that says so."""

    until: datetime | None
    is_closed: bool
    sentence: str

    @classmethod
    def of(cls, conversation: Conversation) -> "Window":
        closed = is_closed(conversation)
        return cls(window_of(conversation), closed, why_closed(conversation) if closed else "")


def history_of(conversation: Conversation) -> list[Conversation]:
    """The other conversations of the same person, newest first."""
    if conversation.person_id is None:
        return []
    others = Conversation.objects.filter(
        workspace_id=conversation.workspace_id, person_id=conversation.person_id
    ).exclude(pk=conversation.pk)
    return list(others.select_related("account", "person").defer("account__credentials")[:MOST_HISTORY])


def saved_for(conversation: Conversation) -> list[tuple[SavedReply, Filled]]:
    """The saved replies, each filled in for this conversation."""
    rows = SavedReply.objects.filter(workspace_id=conversation.workspace_id)
    return [(row, fill(row.text, conversation)) for row in rows]


@dataclass(frozen=True)
class Checked:
    """What is to be said of an answer that is being written. `limit` 0: the network names none for it."""

    length: int
    limit: int
    missing: tuple[str, ...]

    @property
    def over(self) -> int:
        """By how much it is too long."""
        return max(0, self.length - self.limit) if self.limit else 0


def check_answer(conversation: Conversation, text: str) -> Checked | None:
    """Counted as the network counts posts: a public answer is one. None where nothing is written."""
    if not text.strip():
        return None
    rules = conversation.account.platform.rules_for(conversation.account.limits).text
    return Checked(rules.length(text), limit_of(conversation), unfilled(text))


def limit_of(conversation: Conversation) -> int:
    """How long an answer may be; 0 where the network names no length: only public answers are posts."""
    if conversation.kind not in {Kind.COMMENT, Kind.MENTION}:
        return 0
    return conversation.account.platform.rules_for(conversation.account.limits).text.limit


@dataclass(frozen=True)
class Asked:
    """What a draft of an answer is made from."""

    text: str
    author: str
    post: str
    most: int

    @classmethod
    def of(cls, conversation: Conversation, message: Message | None) -> "Asked | None":
        if message is None:
            return None
        delivery = conversation.delivery
        post = delivery.effective_text if delivery else ""
        author = str(message.person) if message.person else ""
        texts = (message.text[:LONGEST_MESSAGE], author[:LONGEST_AUTHOR], post[:LONGEST_MESSAGE])
        return cls(*texts, most=limit_of(conversation))
