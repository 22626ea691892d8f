"""What an author means (Post, Media), what an account gets (Delivery), what became of it (Step, Attempt)."""

import uuid
import zoneinfo
from collections.abc import Set
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, Q
from django.urls import reverse
from django.utils.timezone import now
from django.utils.translation import gettext_lazy as _

from accounts.models import Account, Workspace, WorkspaceQuerySet, validate_timezone
from campaigns.models import Campaign
from platforms.content import App, Published
from publishing import ai_rows, template_rows  # noqa: F401  (rows in files of their own)
from publishing.durable import DurableStep
from publishing.engine_rows import Switch
from publishing.library_rows import MediaLabel  # noqa: F401 (its table belongs to this app)


def upload_path(media: "Media | Variant", filename: str) -> str:
    """Where a file lies: by workspace, under a name that nobody can guess."""
    return f"{media.folder}/{filename}"


class Media(models.Model):
    """A picture, video or document in the library, checked by its content.

    Pictures lie there upright and free of metadata. A video lies there as it came; what is ever sent of it is
    a copy without metadata. `codecs` names those of picture and sound; `is_turned`: it is shown turned.
    """

    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="media")
    file = models.FileField(upload_to=upload_path, max_length=255)
    thumbnail = models.FileField(upload_to=upload_path, max_length=255)
    name = models.CharField(_("file name"), max_length=200)
    content_type = models.CharField(max_length=50)
    size = models.PositiveBigIntegerField(_("bytes"))
    width = models.PositiveIntegerField()
    height = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    seconds = models.FloatField(default=0.0)
    fps = models.FloatField(default=0.0)
    codecs = models.JSONField(default=list, blank=True)
    is_turned = models.BooleanField(default=False)
    pages = models.PositiveIntegerField(default=0)
    alt_text = models.CharField(_("description"), max_length=1500, blank=True)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(default=now)

    objects = WorkspaceQuerySet.as_manager()

    class Meta:
        ordering = ["-created_at", "-pk"]
        verbose_name_plural = _("media")
        # the library
        indexes = [models.Index(fields=["workspace", "-created_at"], name="media_of_workspace")]

    def __str__(self) -> str:
        return self.name

    @property
    def folder(self) -> str:
        return f"{self.workspace_id}"

    @property
    def kind(self) -> str:
        """image, video or document."""
        family = self.content_type.partition("/")[0]
        return family if family in {"image", "video"} else "document"


class Variant(models.Model):
    """A picture or video made fit for a network's limits, kept so that it is made once.

    A video takes a while: until it is ready it has no file, and whoever makes it tells how far it is
    (`progress`, in percent) and holds it until `claimed_until`. `problem`: why it cannot be made.
    """

    media = models.ForeignKey(Media, on_delete=models.CASCADE, related_name="variants")
    key = models.CharField(max_length=64)
    file = models.FileField(upload_to=upload_path, max_length=255, blank=True)
    content_type = models.CharField(max_length=50, blank=True)
    size = models.PositiveBigIntegerField(default=0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    seconds = models.FloatField(default=0.0)
    fps = models.FloatField(default=0.0)
    codecs = models.JSONField(default=list, blank=True)
    progress = models.PositiveSmallIntegerField(default=100)
    claimed_until = models.DateTimeField(null=True, blank=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["media", "key"], name="one_variant_of_a_kind")]

    def __str__(self) -> str:
        return f"{self.media} {self.key}"

    @property
    def folder(self) -> str:
        return f"{self.media.workspace_id}/variants"


class State(models.TextChoices):
    """Where a delivery stands; one word, one colour and one icon everywhere."""

    DRAFT = "draft", _("Draft")
    SCHEDULED = "scheduled", _("Scheduled")
    PUBLISHING = "publishing", _("Publishing")
    PUBLISHED = "published", _("Published")
    FAILED = "failed", _("Failed")
    UNKNOWN = "unknown", _("Unclear")
    MISSED = "missed", _("Missed")
    CANCELLED = "cancelled", _("Cancelled")


LATE = timedelta(minutes=5)  # older than this, something that is due and not terminal is an incident
TEXT_STEP = "text"  # the step that freezes the elements of a thread at the first try
TERMINAL = frozenset({State.PUBLISHED, State.CANCELLED})
NEEDS_PERSON = (State.FAILED, State.UNKNOWN, State.MISSED)
EDITABLE = frozenset({State.DRAFT, State.SCHEDULED, State.FAILED, State.MISSED, State.CANCELLED})

# A post's state is the first of these that one of its deliveries is in.
GRAVITY = (
    State.FAILED,
    State.UNKNOWN,
    State.MISSED,
    State.PUBLISHING,
    State.SCHEDULED,
    State.DRAFT,
    State.PUBLISHED,
    State.CANCELLED,
)

# Which states each state may be entered from. What is not listed cannot happen.
SOURCES: dict[State, tuple[State, ...]] = {
    State.DRAFT: (State.SCHEDULED, State.FAILED, State.MISSED, State.CANCELLED),
    State.SCHEDULED: (State.DRAFT, State.SCHEDULED, State.FAILED, State.MISSED, State.CANCELLED),
    State.PUBLISHING: (State.SCHEDULED, State.PUBLISHING, State.UNKNOWN, State.FAILED),
    State.PUBLISHED: (State.PUBLISHING, State.UNKNOWN),
    State.FAILED: (State.PUBLISHING,),
    State.UNKNOWN: (State.PUBLISHING,),
    State.MISSED: (State.SCHEDULED,),
    State.CANCELLED: (State.DRAFT, State.SCHEDULED, State.FAILED, State.MISSED, State.UNKNOWN),
}


def gravest(states: Set[str]) -> State:
    """What a post is whose deliveries stand so."""
    return next((state for state in GRAVITY if state in states), State.DRAFT)


class PostQuerySet(WorkspaceQuerySet["Post"]):
    """Posts as lists and calendars want them."""

    def on_days(self, first: date, last: date, zone: zoneinfo.ZoneInfo) -> Self:
        """What is planned for the days from first to last, as a clock in the zone counts days."""
        begin = datetime.combine(first, time.min, zone)
        end = datetime.combine(last + timedelta(days=1), time.min, zone)
        return self.filter(scheduled_at__gte=begin, scheduled_at__lt=end)

    def with_deliveries(self) -> Self:
        """With what a list shows of deliveries and accounts, in one more query for any number of posts."""
        shown = ("post_id", "state", "warning", "account__platform_name", "account__handle", "account__name")
        deliveries = Delivery.objects.select_related("account").only(*shown)
        ordered = deliveries.order_by("account__platform_name", "pk")
        return self.prefetch_related(models.Prefetch("deliveries", ordered))

    def with_pictures(self) -> Self:
        """With pictures, in two more queries for any number of posts."""
        return self.prefetch_related("postmedia_set__media")

    def with_cover(self) -> Self:
        """With the key of the first picture as `cover`, in no query more: for rows of a list."""
        first = PostMedia.objects.filter(post=models.OuterRef("pk")).order_by("position")
        return self.annotate(cover=models.Subquery(first.values("media_id")[:1]))


class Post(models.Model):
    """What the author means: text, pictures, when, in which zone."""

    # Made with the form that writes the post: the same form sent twice is one post.
    key = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    workspace = models.ForeignKey(Workspace, on_delete=models.CASCADE, related_name="posts")
    author = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="posts"
    )
    campaign = models.ForeignKey(
        Campaign, null=True, blank=True, on_delete=models.SET_NULL, related_name="posts"
    )
    text = models.TextField(_("text"), blank=True)
    media = models.ManyToManyField(Media, through="PostMedia", related_name="posts")
    scheduled_at = models.DateTimeField(_("goes out"), null=True, blank=True)
    timezone = models.CharField(_("time zone"), max_length=64, validators=[validate_timezone])
    created_at = models.DateTimeField(default=now, editable=False)
    updated_at = models.DateTimeField(auto_now=True)

    objects = PostQuerySet.as_manager()

    class Meta:
        ordering = ["-scheduled_at", "-pk"]
        indexes = [
            models.Index(
                fields=["workspace", "scheduled_at"], name="post_calendar"
            ),  # calendar and queue of a month
        ]

    def __str__(self) -> str:
        return self.text[:60] or str(_("(pictures only)"))

    def get_absolute_url(self) -> str:
        return reverse("publishing:post-detail", args=[self.pk])

    @property
    def zone(self) -> zoneinfo.ZoneInfo:
        return zoneinfo.ZoneInfo(self.timezone)

    @property
    def pictures(self) -> list[Media]:
        """The pictures in their order; prefetch `postmedia_set__media` where there are many posts."""
        return [row.media for row in self.postmedia_set.all()]

    @property
    def warnings(self) -> list["Delivery"]:
        """The deliveries of which the look ahead says something; prefetch `deliveries`."""
        return [delivery for delivery in self.deliveries.all() if delivery.is_warned]

    @property
    def state(self) -> State:
        """What the deliveries say, the gravest word first; prefetch `deliveries` where posts are many."""
        return gravest({delivery.state for delivery in self.deliveries.all()})


class PostMedia(models.Model):
    """A picture's place in a post."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE)
    media = models.ForeignKey(Media, on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["post", "position"], name="one_picture_per_place")]

    def __str__(self) -> str:
        return f"{self.post_id} #{self.position}"


UNEMITTED = Q(state__in=(State.PUBLISHED, *NEEDS_PERSON), emitted_fence__lt=models.F("fence"))


class DeliveryQuerySet(WorkspaceQuerySet["Delivery"]):
    def visible_to(self, member: Any) -> Self:
        return self.filter(post__workspace_id=member.workspace_id)

    def due(self, moment: datetime) -> Self:
        """What may be claimed: its time has come, nobody holds it, and nobody holds it back.

        What was begun more than a day ago is let through all the same, to be given up in words.
        """
        return self.filter(
            Q(lease_until=None) | Q(lease_until__lte=moment),
            ~held_back(moment) | Q(give_up_at__lte=moment),
            state__in=(State.SCHEDULED, State.PUBLISHING),
            due_at__lte=moment,
        )

    def late(self, moment: datetime) -> Self:
        """What should be out for five minutes and is not, with nothing that says why it is held back."""
        return self.filter(
            ~held_back(moment),
            state__in=(State.SCHEDULED, State.PUBLISHING),
            due_at__lt=moment - LATE,
        )

    def warned(self) -> Self:
        """What waits for its time and will not go out as it stands."""
        return self.filter(state=State.SCHEDULED).exclude(warning="")

    def untold(self) -> Self:
        """What needs a person, in a state that nobody was told of yet."""
        return self.filter(state__in=NEEDS_PERSON, told_fence__lt=models.F("fence"))


def held_back(moment: datetime) -> Q:
    """Deliveries whose account is rate limited, or which somebody has paused: account, workspace or desk."""
    limited = Q(account__limited_until__isnull=False, account__limited_until__gt=moment)
    paused = Q(account__is_paused=True) | Q(post__workspace__is_paused=True)
    return limited | paused | Q(Exists(Switch.objects.filter(is_stopped=True)))


class Delivery(models.Model):
    """One post on one account. `due_at` is its only clock; each move is one UPDATE under its fence."""

    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="deliveries")
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="deliveries")
    text = models.TextField(_("own text"), null=True, blank=True, help_text=_("Empty: the post's text."))  # noqa: DJ001
    options = models.JSONField(default=dict, blank=True)
    has_own_media = models.BooleanField(_("own pictures"), default=False)
    own_media = models.ManyToManyField(Media, through="DeliveryMedia", related_name="deliveries")
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.DRAFT)
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    planned_at = models.DateTimeField(_("planned for"), null=True, blank=True)

    # who works on it: owner, until when, and the number that makes late writes hit no row
    fence = models.PositiveIntegerField(default=0, editable=False)
    owner = models.CharField(max_length=80, blank=True, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True, editable=False)

    attempts_left = models.PositiveSmallIntegerField(default=3)
    crashes = models.PositiveSmallIntegerField(default=0, editable=False)
    looks = models.PositiveSmallIntegerField(default=0, editable=False)
    started_at = models.DateTimeField(_("first try"), null=True, blank=True, editable=False)
    give_up_at = models.DateTimeField(_("given up"), null=True, blank=True, editable=False)

    remote_id = models.CharField(_("id at the network"), max_length=255, blank=True)
    part_ids = models.JSONField(default=list, blank=True)
    permalink = models.URLField(_("address"), max_length=1000, blank=True)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)

    # why it waits, or what went wrong: a code for programs, a sentence and what to do for people
    reason_code = models.CharField(max_length=40, blank=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    advice = models.CharField(_("what to do"), max_length=300, blank=True)

    # what the look ahead found, an hour before its time; "" where all is well
    checked_at = models.DateTimeField(_("looked at ahead"), null=True, blank=True, editable=False)
    warning_code = models.CharField(max_length=40, blank=True)
    warning = models.CharField(_("warning"), max_length=500, blank=True)
    # what its links got at the first try (campaigns/links.py); none before that, and without a campaign
    link_tags = models.JSONField(null=True, blank=True, editable=False)
    # of text and media: the same again on the same account is worth a warning
    fingerprint = models.CharField(max_length=16, blank=True, editable=False)
    costs = models.JSONField(default=dict, blank=True, editable=False)  # out of quotas by name, and money
    # the fence under which it last came to need a person, or was out, and people were told
    told_fence = models.PositiveIntegerField(default=0, editable=False)
    emitted_fence = models.PositiveIntegerField(default=0, editable=False)  # the same, to webhooks

    objects = DeliveryQuerySet.as_manager()

    # what a claim brings along for the worker
    attempt: "Attempt"
    app: App | None = None
    known_steps: "list[Step] | None" = None
    is_probe = was_scheduled = False

    class Meta:
        verbose_name_plural = _("deliveries")
        constraints = [
            models.UniqueConstraint(fields=["post", "account"], name="one_delivery_per_account"),
            models.CheckConstraint(
                condition=~Q(state__in=["scheduled", "publishing"]) | Q(due_at__isnull=False),
                name="what_is_not_done_has_a_clock",
            ),
            models.CheckConstraint(
                condition=~Q(state="published") | ~Q(remote_id=""), name="published_has_a_remote_id"
            ),
        ]
        indexes = [
            # the pump: what is due, many times a second
            models.Index(
                fields=["due_at"], condition=Q(state__in=["scheduled", "publishing"]), name="delivery_due"
            ),
            # home and queue: what needs a person
            models.Index(fields=["state", "due_at"], name="delivery_state"),
            # the preflight: the same text on the same account
            models.Index(
                fields=["account", "fingerprint"],
                condition=~Q(fingerprint=""),
                name="delivery_fingerprint",
            ),
            # every minute: what came to need a person since
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=NEEDS_PERSON, told_fence__lt=models.F("fence")),
                name="delivery_untold",
            ),
            # every minute: what webhooks are to be told of
            models.Index(fields=["id"], condition=UNEMITTED, name="delivery_unemitted"),
        ]

    def __str__(self) -> str:
        return f"{self.post} → {self.account}"

    @property
    def effective_text(self) -> str:
        return self.post.text if self.text is None else self.text

    @property
    def pictures(self) -> list[Media]:
        """The pictures this account gets: its own, or the post's."""
        if not self.has_own_media:
            return self.post.pictures
        return [row.media for row in self.deliverymedia_set.all()]

    @property
    def is_warned(self) -> bool:
        """Whether it waits for its time and will not go out as it stands."""
        return self.state == State.SCHEDULED and bool(self.warning)

    @property
    def is_partly_out(self) -> bool:
        """Whether a step that the public sees was done, or may have been."""
        return any(step.is_public for step in self.steps.all())

    @property
    def is_editable(self) -> bool:
        """Whether text, pictures and options may still change: nothing of it can be on the network."""
        return self.state in EDITABLE and not self.is_partly_out

    @property
    def published(self) -> Published:
        """What was published, as the clients want it."""
        return Published(self.remote_id, self.permalink, tuple(self.part_ids))

    def move(self, to: State, **changes: object) -> bool:
        """Enter a state in one UPDATE. False if the row is not where we left it: somebody was faster."""
        rows = Delivery.objects.filter(pk=self.pk, state__in=SOURCES[to], fence=self.fence)
        return rows.update(state=to, **changes) == 1


class DeliveryMedia(models.Model):
    """A picture's place in what one account gets, where that is not (or no longer) the post's pictures."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE)
    media = models.ForeignKey(Media, on_delete=models.PROTECT)
    position = models.PositiveSmallIntegerField()

    class Meta:
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["delivery", "position"], name="one_own_picture_per_place")
        ]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.position}"


class Step(DurableStep):
    """One durable step of a delivery."""

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="steps")

    class Meta:
        ordering = ["pk"]
        constraints = [models.UniqueConstraint(fields=["delivery", "name"], name="one_step_of_a_name")]


class Attempt(models.Model):
    """One try at a delivery, for the history. Without an outcome after its lease, its worker died."""

    class Outcome(models.TextChoices):
        PUBLISHED = "published", _("Published")
        WAITING = "waiting", _("Waiting")
        RETRY = "retry", _("Will be tried again")
        REFUSED = "refused", _("Refused")
        UNKNOWN = "unknown", _("Unclear")
        CRASHED = "crashed", _("Cut off")

    delivery = models.ForeignKey(Delivery, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveSmallIntegerField()
    fence = models.PositiveIntegerField()
    owner = models.CharField(max_length=80)
    started_at = models.DateTimeField(default=now)
    finished_at = models.DateTimeField(null=True)
    outcome = models.CharField(max_length=10, choices=Outcome.choices, blank=True)
    error_code = models.CharField(max_length=40, blank=True)
    message = models.CharField(max_length=500, blank=True)
    detail = models.TextField(blank=True)
    http_status = models.PositiveSmallIntegerField(null=True)

    class Meta:
        ordering = ["number"]
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="one_attempt_of_a_number")]
        # operations and metrics: what came of the tries of the last hour
        indexes = [models.Index(fields=["finished_at"], name="attempt_finished")]

    def __str__(self) -> str:
        return f"{self.delivery_id} #{self.number}"

    @property
    def duration(self) -> timedelta | None:
        return self.finished_at - self.started_at if self.finished_at else None
