"""Many posts in one request: each is done or refused for itself, and answers for itself."""

from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

from django.db import models, transaction
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.utils import extend_schema
from rest_framework import exceptions, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from publishing import scheduling, writing
from publishing.models import Post
from publishing.preflight import Refusal
from snsauto.api.authentication import member_of
from snsauto.api.errors import problem, refused
from snsauto.api.idempotency import idempotent
from snsauto.api.limits import PUBLISH, SCHEDULE, spend
from snsauto.api.posts import LIMITS, go
from snsauto.api.views import KEY, sent
from snsauto.api.writing import PostWriteSerializer, post_input

MOST = 100


class Bulk(models.TextChoices):
    """What may be done with many posts."""

    CREATE = "create", gettext_lazy("Create")
    PUBLISH = "publish", gettext_lazy("Publish now")
    SCHEDULE = "schedule", gettext_lazy("Schedule")
    UNSCHEDULE = "unschedule", gettext_lazy("Back to a draft")
    CANCEL = "cancel", gettext_lazy("Cancel")
    DELETE = "delete", gettext_lazy("Delete")


COUNTED = {Bulk.PUBLISH: (PUBLISH,), Bulk.SCHEDULE: (SCHEDULE,)}


class BulkItemWriteSerializer(serializers.Serializer[Any]):
    """A post that is there, and for `schedule` its own time."""

    id = serializers.IntegerField(min_value=1, max_value=2**63 - 1)
    scheduled_at = serializers.DateTimeField(default_timezone=UTC, required=False)


class BulkPostsSerializer(serializers.Serializer[Any]):
    """`create` takes `posts`, all else `items`; `scheduled_at`: for items without a time of their own."""

    action = serializers.ChoiceField(choices=Bulk.choices)
    posts = serializers.ListField(child=serializers.DictField(), required=False, max_length=MOST)
    items = serializers.ListField(child=BulkItemWriteSerializer(), required=False, max_length=MOST)
    scheduled_at = serializers.DateTimeField(default_timezone=UTC, required=False)
    dry_run = serializers.BooleanField(
        default=False, help_text=gettext_lazy("Do all of it, tell what came of it, and take it back.")
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        wanted = "posts" if attrs["action"] == Bulk.CREATE else "items"
        if not attrs.get(wanted):
            raise serializers.ValidationError({wanted: _("Name at least one.")}, code="required")
        if attrs["action"] == Bulk.SCHEDULE and "scheduled_at" not in attrs:
            for item in attrs["items"]:
                if "scheduled_at" not in item:
                    raise serializers.ValidationError({"scheduled_at": _("Say when.")}, code="required")
        return attrs


class BulkPostSerializer(serializers.Serializer[Any]):
    """What became of one: `code` is empty where it was done, else as an error of a single request."""

    index = serializers.IntegerField()
    id = serializers.IntegerField(allow_null=True)
    code = serializers.CharField(allow_blank=True)
    detail = serializers.CharField(allow_blank=True)
    errors = serializers.ListField(child=serializers.DictField())  # type: ignore[assignment]
    state = serializers.CharField(allow_blank=True)


class BulkPostsResultSerializer(serializers.Serializer[Any]):
    done = serializers.IntegerField()
    failed = serializers.IntegerField()
    dry_run = serializers.BooleanField()
    results = BulkPostSerializer(many=True)


class BulkPosts(APIView):
    """Create, publish, schedule, unschedule, cancel or delete up to 100 posts."""

    scope = "posts"

    @extend_schema(request=BulkPostsSerializer, responses=BulkPostsResultSerializer, parameters=[KEY])
    @idempotent
    def post(self, request: Request) -> Response:
        asked = sent(BulkPostsSerializer, request)
        spend(request, *_limits(asked))
        with transaction.atomic():
            results = list(_each(request, asked))
            if asked["dry_run"]:
                transaction.set_rollback(True)
        done = sum(not result["code"] for result in results)
        answer = {
            "done": done,
            "failed": len(results) - done,
            "dry_run": asked["dry_run"],
            "results": results,
        }
        return Response(BulkPostsResultSerializer(answer).data)


def _limits(asked: dict[str, Any]) -> list[str]:
    """A request counts once, however many posts it names; trying it counts for nothing but a request."""
    if asked["dry_run"]:
        return []
    if asked["action"] != Bulk.CREATE:
        return list(COUNTED.get(asked["action"], ()))
    ways = {str(post.get("publish")) for post in asked["posts"]}
    return sorted({limit for way in ways for limit in LIMITS.get(way, ())})


def _each(request: Request, asked: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if asked["action"] == Bulk.CREATE:
        for index, body in enumerate(asked["posts"]):
            yield _one(index, None, lambda body=body: _create(request, body), is_kept=not asked["dry_run"])  # type: ignore[misc]
        return
    rows = Post.objects.visible_to(member_of(request)).prefetch_related("deliveries")
    posts = {post.pk: post for post in rows.filter(pk__in=[item["id"] for item in asked["items"]])}
    for index, item in enumerate(asked["items"]):
        at = item.get("scheduled_at", asked.get("scheduled_at"))
        post = posts.get(item["id"])
        yield _one(index, item["id"], lambda post=post, at=at: _act(asked["action"], post, at))  # type: ignore[misc]


def _one(
    index: int, pk: int | None, act: Callable[[], Post | None], *, is_kept: bool = True
) -> dict[str, Any]:
    """Do it, all of it or nothing; what is refused says so, and the others go on."""
    try:
        with transaction.atomic():
            post = act()
    except Refusal as error:
        return _refused(index, pk, refused(error))
    except exceptions.APIException as error:
        return _refused(index, pk, error)
    state = Post.objects.prefetch_related("deliveries").get(pk=post.pk).state if post else ""
    known = (post.pk if post else pk) if is_kept else None
    return {"index": index, "id": known, "code": "", "detail": "", "errors": [], "state": state}


def _refused(index: int, pk: int | None, error: exceptions.APIException) -> dict[str, Any]:
    told = problem(error)
    kept = {name: told[name] for name in ("code", "detail", "errors")}
    return {"index": index, "id": pk, "state": "", **kept}


def _create(request: Request, body: dict[str, Any]) -> Post:
    serializer = PostWriteSerializer(data=body, context={"request": request})
    serializer.is_valid(raise_exception=True)
    asked = dict(serializer.validated_data)
    post = writing.save_post(member_of(request), post_input(member_of(request), asked))
    go(post, asked)
    return post


def _act(action: str, post: Post | None, at: Any) -> Post | None:
    if post is None:
        raise exceptions.NotFound
    match action:
        case Bulk.PUBLISH:
            scheduling.publish_now(post)
        case Bulk.SCHEDULE:
            scheduling.schedule(post, at)
        case Bulk.UNSCHEDULE:
            scheduling.unschedule(post)
        case Bulk.CANCEL:
            scheduling.cancel_post(post)
        case Bulk.DELETE:
            writing.delete_post(post)
            return None
    return post
