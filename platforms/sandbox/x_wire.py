"""How X says things: problems, scopes, buckets of fifteen minutes, and its two vocabularies."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.models import Grant, Person
from platforms.sandbox.wire import Refusal
from platforms.sandbox.x_sayings import BAD, DETAILS, NOT_PERMITTED, REASONS, SENTENCES, TITLES

NETWORK = "x"
PROBLEMS = "https://api.twitter.com/2/problems/"
WINDOW_SECONDS = 900
EPOCH = 1_288_834_974_657  # milliseconds
View = Callable[..., HttpResponse]

# --- problems ---


def problem(status: int, title: str, detail: str, kind: str = "", **more: Any) -> Refusal:
    type_ = PROBLEMS + kind if kind else "about:blank"
    return Refusal(status, {**more, "title": title, "detail": detail, "type": type_, "status": status})


def invalid(name: str, value: Any, message: str) -> Refusal:
    """A 400 that names the parameter and the sentence."""
    values = [str(item) for item in value] if isinstance(value, list) else [str(value)]
    return problem(
        400,
        "Invalid Request",
        "One or more parameters to your request was invalid.",
        "invalid-request",
        errors=[{"parameters": {name: values}, "message": message}],
    )


def forbidden(detail: str) -> Refusal:
    return problem(403, "Forbidden", detail)


def unauthorized() -> Refusal:
    return problem(401, "Unauthorized", "Unauthorized")


def limited(limit: int = 100, reset: int | None = None) -> Refusal:
    refusal = problem(429, "Too Many Requests", "Too Many Requests")
    refusal.headers = bucket_headers(limit, 0, reset or seconds_now() + WINDOW_SECONDS)
    return refusal


def broken() -> Refusal:
    return problem(500, "Internal Server Error", "Something is broken.", "internal-error")


def not_found(kind: str, name: str, value: str) -> dict[str, Any]:
    """The partial error of a thing that is not there: it comes inside a 200."""
    return {
        "value": value,
        "detail": f"Could not find {kind} with {name}: [{value}].",
        "title": "Not Found Error",
        "resource_type": kind,
        "parameter": name,
        "resource_id": value,
        "type": PROBLEMS + "resource-not-found",
    }


def refuse(code: str) -> Refusal:
    if code in TITLES:
        status, title = TITLES[code]
        return problem(status, title, DETAILS.get(code, f"{title}."), code)
    if code in REASONS:
        said = "When authenticating requests to the Twitter API v2 endpoints, you must use keys from an app."
        return problem(403, "Client Forbidden", said, "client-forbidden", reason=code)
    if code == "88":
        return Refusal(429, {"errors": [{"code": 88, "message": "Rate limit exceeded"}]})
    by_status = {
        "401": unauthorized(),
        "429": limited(),
        "409": problem(409, "Conflict", "Conflict."),
        "413": problem(413, "Payload Too Large", "The segment is too large."),
    }
    return by_status.get(code) or by_words(code)


def by_words(words: str) -> Refusal:
    for sentence in BAD:
        if words in sentence.lower():
            return invalid("text", "", sentence)
    sentence = next((each for each in SENTENCES if words in each.lower()), NOT_PERMITTED)
    return forbidden(sentence)


DIALECT = wire.Dialect(NETWORK, limited=limited, broken=broken, unauthorized=unauthorized, refuse=refuse)

# --- one address, several methods; each metered by itself ---


def endpoint(**views: View) -> View:
    """The view of an address, from a view for each method it knows."""

    @wire.endpoint(DIALECT, *views)
    def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return views[request.method or ""](request, *args, **kwargs)

    return serve


def metered(bucket: str, limit: int, *scopes: str) -> Callable[[View], View]:
    """Asks for a live token with the scopes; counts the call, refused or not, in the grant's bucket."""

    def decorate(view: View) -> View:
        @wraps(view)
        def serve(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            grant = wire.grant_of(DIALECT, request)
            headers = count(grant, bucket, limit)
            try:
                require(grant, scopes)
                with transaction.atomic():
                    response = view(request, grant, *args, **kwargs)
            except Refusal as refusal:
                response = wire.answer(refusal)
            for name, value in {**headers, "api-version": "2.168"}.items():
                response[name] = value
            return response

        return serve

    return decorate


def require(grant: Grant, scopes: tuple[str, ...]) -> None:
    if missing := set(scopes) - set(grant.scopes):
        raise problem(
            403,
            "Unsupported Authentication",
            f"The token lacks the scopes {sorted(missing)}.  Supported authentication types are "
            "[OAuth 1.0a User Context, OAuth 2.0 User Context].",
            "unsupported-authentication",
        )


def count(grant: Grant, bucket: str, limit: int) -> dict[str, str]:
    """Take one from the bucket. A person's `limits` may make it smaller."""
    limit = person_of(grant).facts.get("limits", {}).get(bucket, limit)
    locked = Grant.objects.select_for_update().get(pk=grant.pk)
    now = seconds_now()
    started, used = locked.facts.get("buckets", {}).get(bucket, (now, 0))
    if now - started >= WINDOW_SECONDS:
        started, used = now, 0
    if used >= limit:
        raise limited(limit, started + WINDOW_SECONDS)
    locked.facts.setdefault("buckets", {})[bucket] = (started, used + 1)
    locked.save(update_fields=["facts"])
    return bucket_headers(limit, limit - used - 1, started + WINDOW_SECONDS)


def bucket_headers(limit: int, remaining: int, reset: int) -> dict[str, str]:
    return {
        "x-rate-limit-limit": str(limit),
        "x-rate-limit-remaining": str(remaining),
        "x-rate-limit-reset": str(reset),
    }


def seconds_now() -> int:
    return int(timezone.now().timestamp())


def person_of(grant: Grant) -> Person:
    if grant.person is None:
        raise unauthorized()
    return grant.person


def has_all_access(person: Person) -> bool:
    """Whether the app that speaks for this person has what self-serve apps lost in April 2026."""
    return bool(person.facts.get("access") == "enterprise")


def root(request: HttpRequest) -> str:
    """Where this twin is mounted."""
    return request.path.partition("/2/")[0]


def new_id() -> str:
    """A snowflake: milliseconds since X's epoch, then bits that keep two of one moment apart, in order."""
    milliseconds, micro = divmod(int(timezone.now().timestamp() * 1_000_000), 1000)
    return str(milliseconds - EPOCH << 22 | micro << 12 | secrets.randbits(12))


# --- what a read may ask for ---

BOTH = {
    "attachments", "context_annotations", "conversation_id", "created_at", "edit_controls", "entities", "geo",
    "id", "lang", "non_public_metrics", "organic_metrics", "possibly_sensitive", "promoted_metrics",
    "public_metrics", "reply_settings", "source", "text", "withheld",
}  # fmt: skip
POST_FIELDS = BOTH | {"note_post", "display_text_range", "community_id", "media_metadata", "card_uri"}
TWEET_FIELDS = BOTH | {
    "author_id", "edit_history_tweet_ids", "in_reply_to_user_id", "note_tweet", "referenced_tweets",
}  # fmt: skip
USER_FIELDS = {
    "created_at", "description", "entities", "id", "location", "most_recent_tweet_id", "name",
    "pinned_tweet_id", "profile_image_url", "protected", "public_metrics", "subscription_type", "url",
    "username", "verified", "verified_type", "withheld",
}  # fmt: skip
MEDIA_FIELDS = {
    "alt_text", "duration_ms", "height", "media_key", "non_public_metrics", "organic_metrics",
    "preview_image_url", "promoted_metrics", "public_metrics", "type", "url", "variants", "width",
}  # fmt: skip
NEW_EXPANSIONS = {
    "attachments.media_keys", "attachments.poll_ids", "author_id", "edit_history_post_ids",
    "in_reply_to_user_id", "pinned_post_id", "referenced_posts",
}  # fmt: skip
OLD_EXPANSIONS = {
    "attachments.media_keys", "attachments.poll_ids", "author_id", "edit_history_tweet_ids",
    "in_reply_to_user_id", "pinned_tweet_id", "referenced_tweets.id", "referenced_tweets.id.author_id",
}  # fmt: skip
LISTS = {
    "post.fields": POST_FIELDS,
    "tweet.fields": TWEET_FIELDS,
    "user.fields": USER_FIELDS,
    "media.fields": MEDIA_FIELDS,
    "poll.fields": {"duration_minutes", "end_datetime", "id", "options", "voting_status"},
    "place.fields": {
        "contained_within",
        "country",
        "country_code",
        "full_name",
        "geo",
        "id",
        "name",
        "place_type",
    },
    "expansions": NEW_EXPANSIONS | OLD_EXPANSIONS,
}


@dataclass(frozen=True)
class Asked:
    """The fields and expansions of a read, and the words to answer in."""

    lists: dict[str, set[str]]
    is_new: bool

    def __contains__(self, field: str) -> bool:
        """Whether a post's field was asked for, under either name or as an expansion."""
        fields = ("post.fields", "tweet.fields", "expansions")
        return any(field in self.lists.get(name, ()) for name in fields)

    def wants(self, kind: str) -> set[str]:
        return self.lists.get(kind, set())


def asked(request: HttpRequest, person: Person, *own: str) -> Asked:
    """What a read asks for, besides its `own` parameters. A person's `vocabulary` leaves one of two away."""
    spoken = person.facts.get("vocabulary")
    known = {**LISTS}
    if spoken:
        known.pop("post.fields" if spoken == "tweet" else "tweet.fields")
        known["expansions"] = OLD_EXPANSIONS if spoken == "tweet" else NEW_EXPANSIONS
    for name, value in request.GET.items():
        if name not in known and name not in own:
            names = ",".join(sorted({*known, *own}))
            raise invalid(name, value, f"The query parameter [{name}] is not one of [{names}]")
    lists = {name: words(request, name, known[name]) for name in known if name in request.GET}
    is_new = "post.fields" in lists or bool(
        lists.get("expansions", set()) & (NEW_EXPANSIONS - OLD_EXPANSIONS)
    )
    return Asked(lists, is_new)


def words(request: HttpRequest, name: str, allowed: set[str]) -> set[str]:
    found = {word for word in request.GET[name].split(",") if word}
    for word in sorted(found - allowed):
        among = ",".join(sorted(allowed))
        raise invalid(name, word, f"The `{name}` query parameter value [{word}] is not one of [{among}]")
    return found
