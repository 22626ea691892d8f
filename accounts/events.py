"""Everything that people can be told: the one list. Pages, the API, mails and the chat read it."""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise

DESK, MAIL, CHAT = "desk", "mail", "chat"  # the channels of a person
CHANNELS = (DESK, MAIL, CHAT)

POSTS, CONNECTIONS, PEOPLE, RESULTS, HOUSE = (
    _("Posts"),
    _("Connections and limits"),
    _("People"),
    _("Results"),
    _("The desk itself"),
)

AUTHOR, WRITERS, OWNERS, ASSIGNEE, ANSWERERS, ASKER, EVERYBODY, STAFF = (
    _("the author"),
    _("who writes in the workspace"),
    _("who manages connections"),
    _("whom it was given to"),
    _("who may answer"),
    _("who asked for it"),
    _("everybody in it"),
    _("staff"),
)


@dataclass(frozen=True)
class Event:
    """Something that people are told, and how unless they say otherwise.

    `is_urgent`: it breaks through quiet hours and waits for no digest. `is_for_operators`: it goes to the
    operators' chat as well, where there is one. `webhook`: what programs are told when it happens.
    """

    name: str
    label: Words
    sentence: Words
    group: Words
    told: Words
    icon: str
    tone: str
    channels: frozenset[str] = frozenset(CHANNELS)
    is_urgent: bool = False
    is_for_operators: bool = False
    webhook: str = ""


EVENTS = {
    event.name: event
    for event in (
        Event(
            "failed", _("A post failed"), _("A network refused it, or could not be reached."), POSTS, WRITERS,
            "circle-x", "red", is_urgent=True, is_for_operators=True, webhook="post.failed",
        ),
        Event(
            "unknown", _("A post is unclear"), _("It may be on the network; somebody must look."), POSTS,
            WRITERS, "help-circle", "amber", is_urgent=True, is_for_operators=True, webhook="post.unknown",
        ),
        Event(
            "missed", _("A post was missed"), _("It could not be sent in time; somebody must decide."), POSTS,
            WRITERS, "clock-exclamation", "amber", is_urgent=True, is_for_operators=True,
            webhook="post.missed",
        ),
        Event(
            "ahead", _("A post will not go out as it stands"), _("Seen an hour before its time."), POSTS,
            WRITERS, "alert-triangle", "amber", is_urgent=True,
        ),
        Event(
            "published", _("A post is out"), _("With its address on every network."), POSTS, AUTHOR,
            "circle-check", "green", frozenset({DESK, CHAT}), webhook="post.published",
        ),
        Event(
            "tomorrow_empty", _("Nothing is planned for tomorrow"), _("Said in the evening."), POSTS, WRITERS,
            "calendar-off", "grey", frozenset({DESK, CHAT}),
        ),
        Event(
            "connection_expiring", _("A connection ends soon"), _("A week and a day before."), CONNECTIONS,
            OWNERS, "plug-connected", "amber", webhook="account.expiring",
        ),
        Event(
            "connection_expired", _("A connection has ended"), _("Nothing goes out there any more."),
            CONNECTIONS, OWNERS, "plug-connected-x", "red", is_urgent=True, is_for_operators=True,
            webhook="account.expired",
        ),
        Event(
            "quota_full", _("A day is full"), _("A network's limit for a day of the next week is used up."),
            CONNECTIONS, WRITERS, "gauge", "amber", frozenset({DESK, CHAT}),
        ),
        Event(
            "message_received", _("Somebody wrote"), _("Comments, mentions, reviews and direct messages."),
            PEOPLE, ANSWERERS, "message", "blue", frozenset({DESK, CHAT}), webhook="message.received",
        ),
        Event(
            "assigned", _("A conversation was given to you"), _("A colleague asks you to answer it."), PEOPLE,
            ASSIGNEE, "user-check", "blue",
        ),
        Event(
            "milestone", _("A milestone was reached"), _("Followers, views or likes passed a round number."),
            RESULTS, WRITERS, "trophy", "green", frozenset({DESK, CHAT}),
        ),
        Event(
            "report_ready", _("A report is ready"), _("One that was asked for or planned."), RESULTS,
            WRITERS, "report", "blue", frozenset({DESK, CHAT}), webhook="report.ready",
        ),
        Event(
            "ai_budget", _("The month's money for AI runs out"), _("Nearly, or wholly, spent."),
            CONNECTIONS, OWNERS, "sparkles", "amber", frozenset({DESK, MAIL}),
        ),
        Event(
            "webhook_failing", _("A webhook was switched off"), _("Its address did not answer for days."),
            HOUSE, OWNERS, "webhook", "red",
        ),
        Event(
            "export_ready", _("An export is ready"), _("The files of a workspace that somebody asked for."),
            HOUSE, ASKER, "download", "blue",
        ),
        Event(
            "farewell", _("Something will be deleted"), _("A workspace, or your own account, in seven days."),
            HOUSE, EVERYBODY, "trash", "red", is_urgent=True,
        ),
        Event(
            "incident", _("Something is wrong with the desk"),
            _("Posts are late, a network is silent, no worker is there."), HOUSE, STAFF, "urgent", "red",
            is_urgent=True, is_for_operators=True,
        ),
        Event(
            "over", _("It is over"), _("What was wrong with the desk is mended."), HOUSE, STAFF,
            "circle-check", "green", is_for_operators=True,
        ),
    )
}  # fmt: skip
