"""Posts, deliveries and pictures for tests and the demo."""

import io
from datetime import timedelta
from typing import Any

import factory
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone
from PIL import Image

from accounts.factories import AccountFactory, UserFactory, WorkspaceFactory
from campaigns.models import Campaign
from publishing.models import Attempt, Delivery, Media, Post, PostMedia, State, Step


def picture(
    size: tuple[int, int] = (64, 48), kind: str = "PNG", colour: Any = (200, 80, 40), **save: Any
) -> bytes:
    """A picture file of one colour."""
    mode = "RGBA" if isinstance(colour, tuple) and len(colour) == 4 else "RGB"
    buffer = io.BytesIO()
    Image.new(mode, size, colour).save(buffer, kind, **save)
    return buffer.getvalue()


def upload(
    name: str = "cake.png", content: bytes | None = None, content_type: str = "image/png"
) -> SimpleUploadedFile:
    """A file as a browser sends it."""
    return SimpleUploadedFile(name, picture() if content is None else content, content_type)


class CampaignFactory(factory.django.DjangoModelFactory[Campaign]):
    class Meta:
        model = Campaign

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"Campaign {n}")


class MediaFactory(factory.django.DjangoModelFactory[Media]):
    """A picture that lies in storage, with its thumbnail."""

    class Meta:
        model = Media

    workspace = factory.SubFactory(WorkspaceFactory)
    name = factory.Sequence(lambda n: f"picture {n}.png")
    file = factory.LazyFunction(lambda: ContentFile(picture(), "picture.png"))
    thumbnail = factory.LazyFunction(lambda: ContentFile(picture((32, 24), "WEBP"), "picture.webp"))
    content_type = "image/png"
    size = factory.LazyFunction(lambda: len(picture()))
    width = 64
    height = 48
    sha256 = factory.Sequence(lambda n: f"{n:064x}")
    alt_text = "A cake on a table"


class PostFactory(factory.django.DjangoModelFactory[Post]):
    """A post without deliveries; `PostFactory(media=[a, b])` gives it pictures in that order."""

    class Meta:
        model = Post
        skip_postgeneration_save = True

    workspace = factory.SubFactory(WorkspaceFactory)
    author = factory.SubFactory(UserFactory)
    text = factory.Sequence(lambda n: f"Fresh bread, batch {n}")
    timezone = "Europe/Berlin"

    @factory.post_generation
    def media(self: Any, create: bool, extracted: Any, **_rest: Any) -> None:
        for position, media in enumerate(extracted or []):
            PostMedia.objects.create(post=self, media=media, position=position)


class DeliveryFactory(factory.django.DjangoModelFactory[Delivery]):
    """A draft on an account of the post's workspace."""

    class Meta:
        model = Delivery

    class Params:
        scheduled = factory.Trait(
            state=State.SCHEDULED,
            due_at=factory.LazyFunction(lambda: timezone.now() + timedelta(hours=1)),
            planned_at=factory.SelfAttribute("due_at"),
        )
        publishing = factory.Trait(state=State.PUBLISHING, due_at=factory.LazyFunction(timezone.now), fence=1)
        published = factory.Trait(
            state=State.PUBLISHED,
            due_at=factory.LazyFunction(timezone.now),
            published_at=factory.LazyFunction(timezone.now),
            started_at=factory.LazyFunction(timezone.now),
            remote_id=factory.Sequence(lambda n: f"remote-post-{n}"),
            permalink=factory.LazyAttribute(lambda delivery: f"https://example.org/{delivery.remote_id}"),
            part_ids=factory.LazyAttribute(lambda delivery: [delivery.remote_id]),
        )
        failed = factory.Trait(
            state=State.FAILED,
            due_at=factory.LazyFunction(timezone.now),
            attempts_left=0,
            reason_code="invalid_content",
            reason="The network refused the text.",
            advice="Change the text or the options and try again.",
        )
        unknown = factory.Trait(
            state=State.UNKNOWN,
            due_at=factory.LazyFunction(timezone.now),
            started_at=factory.LazyFunction(timezone.now),
            reason_code="outcome_unknown",
            reason="The connection to the network broke off.",
            advice="Look on the network, then say whether it is there.",
        )
        missed = factory.Trait(
            state=State.MISSED,
            due_at=factory.LazyFunction(lambda: timezone.now() - timedelta(hours=2)),
            reason_code="missed",
            reason="It could not be sent in time.",
        )

    post = factory.SubFactory(PostFactory)
    account = factory.SubFactory(AccountFactory, workspace=factory.SelfAttribute("..post.workspace"))


class StepFactory(factory.django.DjangoModelFactory[Step]):
    class Meta:
        model = Step

    delivery = factory.SubFactory(DeliveryFactory)
    name = factory.Sequence(lambda n: f"post {n}")
    kind = Step.Kind.ONCE


class AttemptFactory(factory.django.DjangoModelFactory[Attempt]):
    class Meta:
        model = Attempt

    delivery = factory.SubFactory(DeliveryFactory)
    number = factory.Sequence(lambda n: n + 1)
    fence = 1
    owner = "a worker"
