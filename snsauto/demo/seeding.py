"""Fills the demo: posts really go out to the sandbox, through the engine; then their times move back."""

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from socket import socket
from typing import Any
from urllib.parse import urlsplit

import structlog
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from accounts.models import Account, Membership, Notification, User, Workspace
from accounts.permissions import Role
from campaigns.models import Campaign
from platforms.sandbox import world
from platforms.sandbox.models import Entry, Fault
from publishing import circuits, engine, media, renditions, scheduling
from publishing.ahead import look_ahead
from publishing.drafts import make_draft
from publishing.engine_rows import Spend
from publishing.models import Attempt, Delivery, Media, Post, State, Step
from publishing.preflight import examine
from publishing.pump import Pump
from publishing.renditions import unfitted
from publishing.trouble import tell_of_trouble
from publishing.writing import PostInput, Target, save_post
from snsauto.demo import bakery, connecting, numbers, reporting
from snsauto.demo.bakery import ADA, BEN, Story, Who
from snsauto.demo.films import FILMS
from snsauto.demo.pictures import PICTURES

log = structlog.get_logger(__name__)

WRITTEN_BEFORE = timedelta(hours=3)  # it went out
MOST_TRIES = 12  # of a post whose outcome stays unclear, or that is processed for a while
EMAILS = (ADA.email, BEN.email)
OPEN = (State.SCHEDULED, State.PUBLISHING)


def is_there() -> bool:
    """Whether the bakery has moved in; its people get their passwords when everything stands."""
    ada = User.objects.filter(email=ADA.email).first()
    return ada is not None and ada.has_usable_password()


def is_wanted() -> bool:
    """Whether nobody is here: a desk that people use is left as it is."""
    return not User.objects.exclude(email__in=EMAILS).exists() and not is_there()


def seed(listener: socket | None = None) -> bool:
    """Fill the desk, once. False: the bakery is there already, and stays as it is."""
    world.seed()
    if is_there():
        return False
    clear()
    with quietly(), connecting.served(listener):
        Bakery().open()
    log.info("the demo is ready", posts=Post.objects.count())
    return True


def clear() -> None:
    """Take away what a seeding that was cut off has left."""
    left = Workspace.objects.filter(name=bakery.WORKSPACE, memberships__user__email=ADA.email)
    Post.objects.filter(workspace__in=left).delete()
    left.delete()
    User.objects.filter(email__in=EMAILS).delete()
    for network in world.NETWORKS:
        prepared = [handle for _id, handle in bakery.IDENTITIES.values()]
        handles = [*prepared, bakery.HANDLE, *bakery.HANDLES.values()]
        Entry.objects.filter(network=network.name, person__handle__in=handles).delete()


@contextmanager
def quietly() -> Iterator[None]:
    """Sixty posts go out and some are refused on purpose: that is no news to whoever reads the log."""
    logging.disable(logging.ERROR)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


def move(listener: socket | None = None) -> int:
    """Follow the desk to another address or port: renew the connections there, and correct old addresses."""
    workspace = Workspace.objects.filter(memberships__user__email=ADA.email, name=bakery.WORKSPACE).first()
    if workspace is None:
        return 0
    moved = [row for row in workspace.accounts.connected() if _is_elsewhere(row.url)]
    if not moved:
        return 0
    member = workspace.memberships.get(user__email=ADA.email)
    platforms = {platform.name: platform for platform in connecting.played()}
    with quietly(), connecting.served(listener):
        for account in moved:
            if account.platform_name in platforms:
                _readdress(account)
                connecting.connect(member, platforms[account.platform_name], again=account.pk)
    for delivery in Delivery.objects.filter(post__workspace=workspace).exclude(permalink=""):
        if _is_elsewhere(delivery.permalink):
            path = delivery.permalink[delivery.permalink.index("/sandbox/") :]
            Delivery.objects.filter(pk=delivery.pk).update(permalink=settings.SITE_URL + path)
    return len(moved)


def _is_elsewhere(url: str) -> bool:
    return "/sandbox/" in url and not url.startswith(f"{settings.SITE_URL}/")


def _readdress(account: Account) -> None:
    """Where a network's ids or names carry its server's address, they carry the new one."""
    old, new = urlsplit(account.url).netloc, urlsplit(settings.SITE_URL).netloc
    for column in ("remote_id", "handle", "server"):
        setattr(account, column, getattr(account, column).replace(old, new))
    account.save(update_fields=["remote_id", "handle", "server"])


class Bakery:
    """The desk of Harbour & Rye while it is being filled."""

    def __init__(self) -> None:
        self.now = now()
        self._pump = Pump(threads=1)
        self._moves: list[Move] = []

    def open(self) -> None:
        with transaction.atomic():
            self._move_in()
            self._drives()
        self.accounts = [connecting.connect(self.members[ADA], network) for network in connecting.played()]
        self._hang_pictures()
        try:
            self._post()
        finally:
            self._pump.leave()
        numbers.fill(self.workspace, self.now)
        reporting.fill(self.members[ADA], self.campaigns[bakery.LOAF], self.now)
        for member in self.members.values():
            member.user.set_password(bakery.PASSWORD)
            member.user.save(update_fields=["password"])

    # --- who and what is there ---

    def _move_in(self) -> None:
        self.workspace = Workspace.objects.create(name=bakery.WORKSPACE, timezone=bakery.ZONE)
        roles = {ADA: Role.OWNER, BEN: Role.EDITOR}
        self.members = {who: self._member(who, role) for who, role in roles.items()}

    def _member(self, who: Who, role: Role) -> Membership:
        runs_it = who is ADA  # the demo is for looking at everything: operations and admin too
        user = User.objects.create_user(
            who.email,
            name=who.name,
            current_workspace=self.workspace,
            is_staff=runs_it,
            is_superuser=runs_it,
        )
        return Membership.objects.create(user=user, workspace=self.workspace, role=role)

    def _drives(self) -> None:
        today = self.now.astimezone(self.workspace.zone).date()
        self.campaigns = {
            drive: Campaign.objects.create(
                workspace=self.workspace,
                name=drive.name,
                goal=drive.goal,
                colour=drive.colour,
                starts_on=today + timedelta(days=drive.starts),
                ends_on=today + timedelta(days=drive.ends),
                goal_metric=drive.metric,
                goal_target=drive.target,
                budget=drive.budget,
                spent=drive.spent,
                tags_links=drive.tags_links,
            )
            for drive in (bakery.LOAF, bakery.HOURS, bakery.SUPPER)
        }

    def _hang_pictures(self) -> None:
        self.pictures = {name: self._medium(name, *drawn) for name, drawn in {**PICTURES, **FILMS}.items()}

    def _medium(self, name: str, draw: Callable[[], bytes], description: str) -> Media:
        medium = media.take_in(self.members[BEN], SimpleUploadedFile(name, draw()))
        medium.alt_text = description
        medium.save(update_fields=["alt_text"])
        return medium

    # --- posts ---

    def _post(self) -> None:
        for story in (*bakery.PUBLISHED, bakery.REFUSED):
            self._published(story)
        self._in_doubt(bakery.IN_DOUBT)
        for move in self._moves:
            move.make()
        for story in bakery.SCHEDULED:
            scheduling.schedule(self._written(story), self._moment(story))
        scheduling.schedule(self._written(bakery.NEXT), self.now + bakery.SOON)
        scheduling.schedule(self._written(bakery.AGAIN), self.now + bakery.LATER)
        for story in bakery.DRAFTS:
            self._written(story)
        self._tell()

    def _tell(self) -> None:
        """What is wrong is told as it always is; nobody there reads mails."""
        tell_of_trouble()
        look_ahead()
        Notification.objects.filter(workspace=self.workspace).update(mailed_at=self.now)

    def _moment(self, story: Story) -> datetime:
        day = self.now.astimezone(self.workspace.zone).date() + timedelta(days=story.day)
        return datetime.combine(day, story.at, self.workspace.zone)

    def _written(self, story: Story) -> Post:
        shown = [self.pictures[name] for name in (*story.pictures, *story.films)]
        content = PostInput(
            text=story.text,
            targets=[target for account in self.accounts if (target := self._target(story, account, shown))],
            media=shown,
            timezone=bakery.ZONE,
            campaign=self.campaigns[story.campaign] if story.campaign else None,
        )
        return save_post(self.members[story.author], content)

    def _target(self, story: Story, account: Account, shown: list[Media]) -> Target | None:
        """The account, where its network takes such a post, with what it cannot do without."""
        if story.only and account.platform_name not in story.only:
            return None
        kind = account.platform.kind_for(unfitted(shown), {}).name
        options = {
            option.name: option.example or option.choices_for(account.limits)[0][0]
            for option in account.platform.options
            if option.required and option.applies(kind, {})
        }
        draft = make_draft(
            key="",
            created_at=self.now,
            account=account,
            text=story.text,
            media=unfitted(shown),
            options=options,
        )
        wrong = [finding for finding in examine(account, draft) if finding.severity == "error"]
        return None if wrong else Target(account, None, options)

    def _published(self, story: Story) -> None:
        """Sent now; in the end it is as if that had been at its own time."""
        begun = now()
        self._pump.sit()  # the bell stays quiet while this is the pump
        post = self._written(story)
        scheduling.publish_now(post)
        renditions.prepare(post.pk)
        self._work(post)
        # so that what belongs to many days is not paced as one minute's
        Spend.objects.filter(delivery__post=post).update(at=self._moment(story))
        self._moves.append(Move(post, begun, now(), self._moment(story)))

    def _in_doubt(self, story: Story) -> None:
        """The connection breaks after the text was accepted, and nobody can look for it either."""
        network = story.only[0]
        lost = Fault(network=network, kind=Fault.Kind.DROP_AFTER, method="POST")
        blind = Fault(
            network=network, kind=Fault.Kind.DROP_BEFORE, method="GET", path=f"/{network}/", times=100
        )
        faults = Fault.objects.bulk_create([lost, blind])
        try:
            self._published(story)
        finally:
            Fault.objects.filter(pk__in=[fault.pk for fault in faults]).delete()
            for account in self.accounts:
                if account.platform_name == network:
                    circuits.close(circuits.key_of(account))

    def _work(self, post: Post) -> None:
        """What a pump would do with the post, without its pauses."""
        for _ in range(MOST_TRIES):
            waiting = post.deliveries.filter(state__in=OPEN)
            if not waiting.update(due_at=now()):
                return
            for delivery in engine.claim("demo", len(self.accounts), now()):
                engine.work(delivery)


@dataclass(frozen=True)
class Move:
    """What happened to a post in a stretch of time, to be moved to an earlier moment."""

    post: Post
    begun: datetime
    ended: datetime
    to: datetime

    def make(self) -> None:
        deliveries = Delivery.objects.filter(post=self.post)
        self._shift(deliveries, "due_at", "planned_at", "started_at", "give_up_at", "published_at")
        self._shift(Step.objects.filter(delivery__post=self.post), "first_sent_at", "sent_at", "done_at")
        self._shift(Attempt.objects.filter(delivery__post=self.post), "started_at", "finished_at")
        self._shift(Entry.objects.filter(created_at__range=(self.begun, self.ended)), "created_at")
        Post.objects.filter(pk=self.post.pk).update(created_at=self.to - WRITTEN_BEFORE, scheduled_at=self.to)

    def _shift(self, rows: QuerySet[Any], *columns: str) -> None:
        found = list(rows)
        for row in found:
            for column in columns:
                moment = getattr(row, column)
                setattr(row, column, moment - (self.begun - self.to) if moment else None)
        rows.model._default_manager.bulk_update(found, columns)
