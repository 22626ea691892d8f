"""Who lives at the desk: workspaces with an account on every network, and the posts that they plan."""

from datetime import timedelta
from functools import cache

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.db.models import F
from django.utils.timezone import now

from accounts.models import Account, Membership, User, Workspace
from accounts.permissions import Role
from bench.chaos.plan import Batch, Order, Plan
from platforms.content import Json
from platforms.registry import PLATFORMS
from platforms.sandbox.models import Person
from publishing import media, scheduling
from publishing.models import Delivery, Media, Post
from publishing.renditions import prepare
from publishing.writing import PostInput, Target, save_post
from snsauto.demo import pictures
from snsauto.demo.connecting import connect_as
from snsauto.demo.films import UPRIGHT, drive

FAR = timedelta(days=2)  # until everything is written down, nothing is due
ROOMY = 1_000_000
# What a network allows in a day or a quarter of an hour is not what is tried here.
CALLS = ("posts", "drafts", "replies", "video/init", "inbox/video/init", "content/init", "status/fetch")
LIMITS = dict.fromkeys((*CALLS, "creator_info"), ROOMY)
LARGE: dict[str, Json] = {
    "quota": {"requests": ROOMY, "edits": ROOMY, "units": ROOMY, "videos": ROOMY},
    "posts_a_day": ROOMY,
    "calls_a_day": ROOMY,
    "daily_videos": ROOMY,
}


class Cast:
    """The workspaces of a plan, ready to write."""

    def __init__(self, plan: Plan) -> None:
        self._plan = plan
        self._members = [_member(number) for number in range(plan.workspaces)]
        self._accounts: list[dict[str, Account]] = []
        self._media: list[dict[str, list[Media]]] = []
        self._later = now() + FAR

    def move_in(self) -> None:
        """Connect every account by consent, over HTTP, and fill the libraries."""
        for name in PLATFORMS:
            _enlarge(first_person(name))
        for member in self._members:
            self._accounts.append({name: connect(member, name) for name in PLATFORMS})
            self._media.append({"words": [], "picture": [_picture(member)], "film": [_film(member)]})

    def write(self) -> list[Post]:
        """Write every post and schedule it far ahead."""
        return [self._write(batch) for batch in self._plan.batches]

    def _write(self, batch: Batch) -> Post:
        accounts = self._accounts[batch.workspace]
        content = PostInput(
            text=batch.orders[0].text,
            targets=[
                Target(accounts[order.network], order.text, options(order, accounts[order.network]))
                for order in batch.orders
            ],
            media=self._media[batch.workspace][batch.kind],
        )
        post = save_post(self._members[batch.workspace], content)
        scheduling.schedule(post, self._later + timedelta(seconds=batch.due))
        if batch.kind != "words":
            prepare(post.pk)
        return post

    def begin(self) -> None:
        """Now it starts: everything moves from far ahead to its place in the plan."""
        shift = self._later - now()
        Delivery.objects.update(due_at=F("due_at") - shift, planned_at=F("planned_at") - shift)
        Post.objects.update(scheduled_at=F("scheduled_at") - shift)
        connection.close()


def _member(number: int) -> Membership:
    user = User.objects.create(email=f"chaos{number}@example.org", name=f"Person {number}")
    workspace = Workspace.objects.create(name=f"Bakery {number}", timezone="UTC")
    return Membership.objects.create(user=user, workspace=workspace, role=Role.OWNER)


def first_person(name: str) -> Person:
    return Person.objects.using("networks").filter(network=name).order_by("pk")[0]


def _enlarge(person: Person) -> None:
    limits = {**person.facts.get("limits", {}), **LIMITS}
    person.facts = {**person.facts, **LARGE, "limits": limits}
    person.save(using="networks", update_fields=["facts"])


def connect(member: Membership, name: str) -> Account:
    """The network's first inhabitant says yes."""
    platform, person = PLATFORMS[name], first_person(name)
    return connect_as(member, platform, person, "sandbox.example")


def _picture(member: Membership) -> Media:
    upload = SimpleUploadedFile("loaf.jpg", pictures.loaf(), "image/jpeg")
    return media.take_in(member, upload)


def _film(member: Membership) -> Media:
    upload = SimpleUploadedFile("oven.mp4", _drawn(), "video/mp4")
    return media.take_in(member, upload)


@cache
def _drawn() -> bytes:
    return drive(pictures.loaf, UPRIGHT, 4)


def options(order: Order, account: Account) -> dict[str, Json]:
    """What the network cannot do without, and the first comment where one is planned."""
    platform = PLATFORMS[order.network]
    chosen: dict[str, Json] = {"first_comment": order.comment} if order.has_comment else {}
    for option in platform.options:
        if (option.required and not option.kinds) or option.name == "privacy":
            choices = [value for value, _label in option.choices_for(account.limits) if value]
            chosen[option.name] = choices[-1] if choices and option.example not in choices else option.example
    return chosen
