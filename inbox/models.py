"""What people write to a workspace's accounts, and what the team makes of it."""

import uuid
from datetime import datetime, timedelta
from typing import Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Workspace, WorkspaceQuerySet
from platforms.base import Platform
from platforms.registry import PLATFORMS
from publishing.durable import DurableStep
from publishing.models import Delivery


class Kind(models.TextChoices):
    """What somebody wrote; the words of `platforms.content.MessageKind`."""

    COMMENT = "comment", _("Comment")
    MENTION = "mention", _("Mention")
    REVIEW = "review", _("Review")
    DIRECT = "direct", _("Direct message")


class Person(models.Model):
    """Somebody who wrote to one of the workspace's accounts, as their network names them."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="people")
    platform_name = models.CharField(max_length=20)
    server = models.CharField(max_length=255, blank=True)
    remote_id = models.CharField(max_length=255)
    handle = models.CharField(max_length=255, blank=True)
    name = models.CharField(max_length=255, blank=True)
    avatar_url = models.URLField(max_length=1000, blank=True)
    note = models.TextField(_("what the team should know"), blank=True)
    created_at = models.DateTimeField(default=now)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        verbose_name_plural = _("people")
        constraints = [
            models.UniqueConstraint(
                fields=["workspace", "platform_name", "server", "remote_id"], name="one_row_per_person"
            )
        ]

    def __str__(self) -> str:
        return self.name or self.handle or str(_("Somebody"))

    @property
    def platform(self) -> type[Platform]:
        return PLATFORMS[self.platform_name]


class Label(models.Model):
    """A word that a team sorts conversations by."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="labels")
    name = models.CharField(_("name"), max_length=40)
    colour = models.CharField(_("colour"), max_length=10, default="blue")

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        constraints = [models.UniqueConstraint(fields=["workspace", "name"], name="one_label_of_a_name")]

    def __str__(self) -> str:
        return self.name


class ConversationQuerySet(WorkspaceQuerySet["Conversation"]):
    def waiting(self) -> Self:
        """Open, and the last word is somebody else's."""
        return self.filter(state=Conversation.State.OPEN, needs_answer=True)

    def due_back(self, moment: datetime) -> Self:
        """Snoozed until a moment that has come."""
        return self.filter(state=Conversation.State.SNOOZED, snoozed_until__lte=moment)


class Conversation(models.Model):
    """What belongs together: a thread of comments under a post, a chat, a review with its answer.

    `key` is what keeps it together at the network. `post_id` is the network's id of the post it is about and
    `delivery` that post where it is ours. `last_in_at`: when somebody else last wrote; windows count from it.
    """

    class State(models.TextChoices):
        OPEN = "open", _("Open")
        SNOOZED = "snoozed", _("Snoozed")
        DONE = "done", _("Done")

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="conversations")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="conversations")
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices)
    key = models.CharField(max_length=300)
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="conversations")
    delivery = models.ForeignKey(
        Delivery, null=True, blank=True, on_delete=models.SET_NULL, related_name="conversations"
    )
    post_id = models.CharField(max_length=300, blank=True)
    permalink = models.URLField(max_length=1000, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.OPEN)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    labels = models.ManyToManyField(Label, blank=True, related_name="conversations")
    preview = models.CharField(max_length=200, blank=True)
    unread = models.PositiveIntegerField(default=0)
    needs_answer = models.BooleanField(default=False)
    last_at = models.DateTimeField(default=now)
    last_in_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=now)
    changed_at = models.DateTimeField(auto_now=True)

    objects = ConversationQuerySet.as_manager()

    class Meta:
        ordering = ["-last_at", "-pk"]
        constraints = [
            models.UniqueConstraint(fields=["account", "kind", "key"], name="one_conversation_of_a_key"),
            models.CheckConstraint(
                condition=~Q(state="snoozed") | Q(snoozed_until__isnull=False), name="what_is_snoozed_wakes"
            ),
        ]
        indexes = [
            # the list: open, snoozed or done, newest first
            models.Index(fields=["workspace", "state", "-last_at", "-id"], name="conversation_list"),
            # the list of everything, and what changed since a page was drawn
            models.Index(fields=["workspace", "-last_at", "-id"], name="conversation_all"),
            models.Index(fields=["workspace", "changed_at"], name="conversation_changed"),
            # the count in the rail
            models.Index(
                fields=["workspace"],
                condition=Q(state="open", needs_answer=True),
                name="conversation_waiting",
            ),
            # every minute: what wakes
            models.Index(fields=["snoozed_until"], condition=Q(state="snoozed"), name="conversation_snoozed"),
        ]

    def __str__(self) -> str:
        return f"{self.person or self.key}: {self.preview[:60]}"

    def get_absolute_url(self) -> str:
        return reverse("inbox:conversation", args=[self.pk])


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, member: object) -> Self:
        return self.filter(conversation__workspace_id=member.workspace_id)  # type: ignore[attr-defined]


class Message(models.Model):
    """One thing that was written, by somebody or by us; each is there once.

    `earlier`: the texts before it was edited, oldest first. A message that was deleted at the network keeps
    its row and loses its text. `extra` is what the client needs to answer it.
    """

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="messages")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=8, choices=Kind.choices)
    remote_id = models.CharField(max_length=300)
    is_ours = models.BooleanField(default=False)
    person = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL, related_name="messages")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField(blank=True)
    earlier = models.JSONField(default=list, blank=True)
    created_at = models.DateTimeField()
    received_at = models.DateTimeField(default=now)
    read_at = models.DateTimeField(null=True, blank=True)
    edited_at = models.DateTimeField(null=True, blank=True)
    deleted_at = models.DateTimeField(null=True, blank=True)
    permalink = models.URLField(max_length=1000, blank=True)
    post_id = models.CharField(max_length=300, blank=True)
    parent_id = models.CharField(max_length=300, blank=True)
    thread_id = models.CharField(max_length=300, blank=True)
    rating = models.PositiveSmallIntegerField(null=True, blank=True)
    is_hidden = models.BooleanField(default=False)
    is_liked = models.BooleanField(default=False)
    attachments = models.JSONField(default=list, blank=True)
    extra = models.JSONField(default=dict, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        ordering = ["created_at", "pk"]
        constraints = [
            # one way of being told calls a mention what the other calls a comment: kinds do not tell apart
            models.UniqueConstraint(fields=["account", "remote_id"], name="each_message_once")
        ]
        indexes = [
            models.Index(fields=["conversation", "created_at", "id"], name="message_of_conversation"),
            models.Index(fields=["received_at"], name="message_received"),  # rules, alerts, charts of a day
        ]

    def __str__(self) -> str:
        return self.text[:60]


class Note(models.Model):
    """What the team says among itself beside a conversation."""

    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="notes")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    text = models.TextField(max_length=4000)
    created_at = models.DateTimeField(default=now)

    class Meta:
        ordering = ["created_at", "pk"]

    def __str__(self) -> str:
        return self.text[:60]


class SavedReply(models.Model):
    """An answer that is given often; `{name}` and other variables are filled in when it is used."""

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="saved_replies")
    name = models.CharField(_("name"), max_length=80)
    text = models.TextField(_("text"), max_length=4000)
    created_at = models.DateTimeField(default=now)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name_plural = _("saved replies")
        constraints = [
            models.UniqueConstraint(fields=["workspace", "name"], name="one_saved_reply_of_a_name")
        ]

    def __str__(self) -> str:
        return self.name


class ReplyRule(models.Model):
    """What is done by itself with what comes in: answer, label, assign, close.

    Empty conditions narrow nothing. `words`: any of them, as whole words. `days` are 0 (Monday) to 6;
    `from_time` to `until_time` by the workspace's clock, over midnight where it ends before it begins;
    `is_outside_hours` turns the hours round. It answers one person at most once in `pause`.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="reply_rules")
    name = models.CharField(_("name"), max_length=80)
    is_on = models.BooleanField(_("on"), default=False)
    position = models.PositiveSmallIntegerField(default=0)
    accounts = models.ManyToManyField(Account, blank=True, related_name="+")
    platforms = models.JSONField(default=list, blank=True)
    kinds = models.JSONField(default=list, blank=True)
    words = models.JSONField(default=list, blank=True)
    days = models.JSONField(default=list, blank=True)
    from_time = models.TimeField(null=True, blank=True)
    until_time = models.TimeField(null=True, blank=True)
    is_outside_hours = models.BooleanField(default=False)
    most_stars = models.PositiveSmallIntegerField(null=True, blank=True)
    reply = models.TextField(_("answer"), max_length=4000, blank=True)
    label = models.ForeignKey(Label, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    closes = models.BooleanField(_("mark as done"), default=False)
    pause = models.DurationField(default=timedelta(days=1))
    created_at = models.DateTimeField(default=now)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["position", "pk"]

    def __str__(self) -> str:
        return self.name


class RuleRun(models.Model):
    """A rule met a message and acts on it only once. `skipped` says why it did not answer."""

    rule = models.ForeignKey(ReplyRule, on_delete=models.CASCADE, related_name="runs")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="+")
    skipped = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField(default=now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["rule", "message"], name="one_run_per_message")]

    def __str__(self) -> str:
        return f"{self.rule_id} on {self.message_id}"


class Reply(models.Model):
    """An answer on its way. Sent at most once: the same ledger as posts, on its own steps.

    `message` is what it answers, `answer` the message that it became. `due_at` is its only clock.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Sending soon")
        SENDING = "sending", _("Sending")
        SENT = "sent", _("Sent")
        FAILED = "failed", _("Failed")
        UNKNOWN = "unknown", _("Unclear")
        CANCELLED = "cancelled", _("Cancelled")

    # Made with the form that writes the answer: the same form sent twice is one answer.
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    conversation = models.ForeignKey(Conversation, on_delete=models.CASCADE, related_name="replies")
    message = models.ForeignKey(Message, on_delete=models.CASCADE, related_name="replies")
    answer = models.OneToOneField(Message, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    rule = models.ForeignKey(
        ReplyRule, null=True, blank=True, on_delete=models.SET_NULL, related_name="replies"
    )
    text = models.TextField()
    state = models.CharField(max_length=10, choices=State.choices, default=State.WAITING)
    due_at = models.DateTimeField(null=True, default=now)
    fence = models.PositiveIntegerField(default=0, editable=False)
    owner = models.CharField(max_length=80, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    attempts_left = models.PositiveSmallIntegerField(default=3)
    crashes = models.PositiveSmallIntegerField(default=0, editable=False)
    looks = models.PositiveSmallIntegerField(default=0, editable=False)
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(max_length=500, blank=True)
    advice = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(default=now)
    queued_at = models.DateTimeField(default=now, editable=False)  # when somebody last said: send it
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["created_at", "pk"]
        verbose_name_plural = _("replies")
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=["waiting", "sending"]) | Q(due_at__isnull=False),
                name="an_answer_on_its_way_has_a_clock",
            )
        ]
        indexes = [
            # what is to be sent now
            models.Index(fields=["due_at"], condition=Q(state__in=["waiting", "sending"]), name="reply_due"),
        ]

    def __str__(self) -> str:
        return self.text[:60]


class ReplyStep(DurableStep):
    """One durable step of an answer."""

    reply = models.ForeignKey(Reply, on_delete=models.CASCADE, related_name="steps")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["reply", "name"], name="one_reply_step_of_a_name")]


class Feed(models.Model):
    """Where we stand in what one account is told: the cursor to ask with, and when to ask next.

    `begun_at`: when we first listened; what was written before is history. `backfilled_at`: when the thirty
    days before were all there; until then `backlog` holds the ids of posts that are still to be read.
    `posts`: those written elsewhere, as last listed. `problem`: why it stands still.
    """

    account = models.OneToOneField(Account, on_delete=models.CASCADE, related_name="feed")
    cursor = models.JSONField(default=dict, blank=True)
    due_at = models.DateTimeField(default=now)
    fence = models.PositiveIntegerField(default=0, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    failures = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    hooked_at = models.DateTimeField(null=True, blank=True)  # when its webhook last told something
    backfilled_at = models.DateTimeField(null=True, blank=True)
    begun_at = models.DateTimeField(default=now)
    backlog = models.JSONField(null=True, blank=True, editable=False)  # None: not listed yet
    posts = models.JSONField(default=list, blank=True, editable=False)
    posts_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta:
        indexes = [models.Index(fields=["due_at"], name="feed_due")]  # whom to ask now

    def __str__(self) -> str:
        return str(self.account_id)


class Receipt(models.Model):
    """A verified request that a network sent to our webhook, kept until it is worked off.

    `digest` of what was signed: the same request again is known, and changes nothing.
    """

    LIFETIME = timedelta(days=7)

    platform_name = models.CharField(max_length=20)
    digest = models.CharField(max_length=64)
    body = models.TextField(default="")
    # The account that the address named, where what calls us does not say which it is about.
    account = models.ForeignKey(Account, null=True, blank=True, on_delete=models.CASCADE, related_name="+")
    received_at = models.DateTimeField(default=now, db_index=True)
    due_at = models.DateTimeField(null=True, default=now)  # None: it is worked off
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["platform_name", "digest"], name="each_receipt_once")]
        # what is to be worked off
        indexes = [models.Index(fields=["due_at"], condition=Q(due_at__isnull=False), name="receipt_due")]

    def __str__(self) -> str:
        return f"{self.platform_name} {self.received_at:%H:%M:%S}"
