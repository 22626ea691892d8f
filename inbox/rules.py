"""What is done by itself with what comes in: answered, labelled, given to somebody, marked as done.

A rule meets a message once (`RuleRun`), in the transaction that writes the message down. Answers of several
rules to one message: the first one's alone. Nothing here sends; an answer is a row like any other. What keeps
two machines from talking to each other: our own messages are never met, a person is answered once in a rule's
`pause`, an account gives so many answers an hour, and a conversation two before a person has written in it.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Workspace
from inbox import replying
from inbox.conversations import NotAMember, assign, close
from inbox.matching import Conditions, conditions_of
from inbox.models import Message, Reply, ReplyRule, RuleRun
from inbox.variables import fill

NEWS = timedelta(hours=1)  # what is older at its arrival is no longer waited for
MOST_AN_HOUR = 30  # automatic answers of one account
MOST_IN_A_ROW = 2  # automatic answers in a conversation before a person has written in it
DRY_RUN_MESSAGES = 5000

# Why a rule that met a message did not answer it.
SKIPPED = {
    "answered": _("Another rule answers it."),
    "old": _("It arrived more than an hour after it was written."),
    "off": _("Answering by rules is switched off."),
    "pause": _("The person had an answer of this rule a short while ago."),
    "account_hour": _("The account has given as many automatic answers as it may in an hour."),
    "in_a_row": _("Two automatic answers were given here, and no person has written since."),
    "variable": _("A name or address that the answer needs is not known."),
    "cannot_reply": _("It cannot be answered."),
}


@dataclass(frozen=True)
class Match:
    """What a rule would do, or has done, with a message; `skipped`: why it gives no answer."""

    rule: ReplyRule
    message: Message
    answer: str = ""
    skipped: str = ""

    @property
    def why(self) -> str:
        """The reason in words."""
        return str(SKIPPED.get(self.skipped, ""))


# --- acting ---


def act(account: Account, messages: Sequence[Message]) -> list[Match]:
    """Let the workspace's rules meet what has just come in."""
    moment = now()
    fresh = [message for message in messages if message.created_at > moment - NEWS]
    rules = _rules(account.workspace) if fresh else []
    return [match for message in fresh for match in _meet(rules, message)]


def _rules(workspace: Workspace) -> list[Conditions]:
    rows = ReplyRule.objects.filter(workspace=workspace, is_on=True)
    rows = rows.select_related("workspace", "label", "assignee").prefetch_related("accounts")
    return [conditions_of(rule) for rule in rows]


def _meet(rules: Iterable[Conditions], message: Message) -> list[Match]:
    done: list[Match] = []
    for conditions in rules:
        if not conditions.mean(message):
            continue
        run, is_new = RuleRun.objects.get_or_create(rule=conditions.rule, message=message)
        if is_new:
            is_answered = any(match.answer for match in done)
            match = _act(conditions.rule, message, run, is_answered=is_answered)
            done.append(match)
    return done


def _act(rule: ReplyRule, message: Message, run: RuleRun, *, is_answered: bool) -> Match:
    """Everything that one rule does with one message."""
    conversation = message.conversation
    match = _answer(rule, message, is_answered=is_answered, live=Live(rule, message))
    if match.answer:
        try:
            replying.reply(message, match.answer, None, rule=rule)
        except replying.Refused:
            match = Match(rule, message, skipped="cannot_reply")
    if match.skipped:
        RuleRun.objects.filter(pk=run.pk).update(skipped=match.skipped)
    if rule.label is not None:
        conversation.labels.add(rule.label)
    if rule.assignee is not None and conversation.assignee_id is None:
        with suppress(NotAMember):  # they have left the workspace
            assign(conversation, rule.assignee, None)
    if rule.closes:
        close(conversation)
    return match


def _answer(rule: ReplyRule, message: Message, *, is_answered: bool, live: "Guards") -> Match:
    """What the rule answers, or why it does not."""
    if not rule.reply.strip():
        return Match(rule, message)
    if is_answered:
        return Match(rule, message, skipped="answered")
    if why := live.why_not():
        return Match(rule, message, skipped=why)
    filled = fill(rule.reply, message.conversation, message)
    if filled.missing:
        return Match(rule, message, skipped="variable")
    return Match(rule, message, answer=filled.text)


class Guards:
    """What keeps a rule from answering."""

    def __init__(self, rule: ReplyRule, message: Message) -> None:
        self.rule, self.message = rule, message

    def why_not(self) -> str:
        """The first reason against an answer, '' where there is none."""
        return self.history() if self.rule.workspace.auto_reply else "off"

    def history(self) -> str:
        """Reasons that lie in what was answered before."""
        raise NotImplementedError


class Live(Guards):
    """As things stand now, by the answers that were given."""

    def history(self) -> str:
        moment, message = now(), self.message
        automatic = Reply.objects.filter(rule__isnull=False).exclude(state=Reply.State.CANCELLED)
        to_person = automatic.filter(rule=self.rule, created_at__gt=moment - self.rule.pause)
        whose = Q(conversation_id=message.conversation_id)
        if message.person_id:
            whose = Q(message__person_id=message.person_id)
        if to_person.filter(whose).exists():
            return "pause"
        of_account = automatic.filter(message__account_id=message.account_id)
        if of_account.filter(created_at__gt=moment - timedelta(hours=1)).count() >= MOST_AN_HOUR:
            return "account_hour"
        here = automatic.filter(conversation_id=message.conversation_id)
        if (by_person := _last_by_person(message.conversation_id)) is not None:
            here = here.filter(created_at__gt=by_person.created_at)
        return "in_a_row" if here.count() >= MOST_IN_A_ROW else ""


def _last_by_person(conversation_id: int) -> Message | None:
    """What somebody of the team last wrote in a conversation, here or elsewhere."""
    ours = Message.objects.filter(conversation_id=conversation_id, is_ours=True)
    automatic = Reply.objects.filter(conversation_id=conversation_id, rule__isnull=False)
    return ours.exclude(pk__in=automatic.filter(answer__isnull=False).values("answer")).last()


# --- trying out ---


class Imagined(Guards):
    """As it would have been: by the answers that the dry run itself imagines."""

    def __init__(self, rule: ReplyRule, message: Message, given: list[Message]) -> None:
        super().__init__(rule, message)
        self.given = given

    def history(self) -> str:
        at, message = self.message.created_at, self.message
        whose = "person_id" if message.person_id else "conversation_id"
        mine = [one for one in self.given if getattr(one, whose) == getattr(message, whose)]
        if any(one.created_at > at - self.rule.pause for one in mine):
            return "pause"
        hour = [one for one in self.given if one.account_id == message.account_id]
        if sum(one.created_at > at - timedelta(hours=1) for one in hour) >= MOST_AN_HOUR:
            return "account_hour"
        here = [one for one in self.given if one.conversation_id == message.conversation_id]
        return "in_a_row" if len(here) >= MOST_IN_A_ROW else ""


def dry_run(rule: ReplyRule, days: int = 7) -> list[Match]:
    """What the rule would have done with the last days' messages, oldest first. It changes nothing."""
    conditions = conditions_of(rule)
    since = now() - timedelta(days=days)
    rows = Message.objects.filter(
        conversation__workspace_id=rule.workspace_id, is_ours=False, created_at__gte=since
    )
    rows = rows.select_related(
        "account", "conversation__account", "conversation__delivery", "person"
    ).order_by("-created_at", "-pk")
    given: list[Message] = []
    matches = []
    for message in reversed(rows[:DRY_RUN_MESSAGES]):
        if not conditions.mean(message):
            continue
        match = _answer(rule, message, is_answered=False, live=Imagined(rule, message, given))
        if match.answer:
            given.append(message)
        matches.append(match)
    return matches
