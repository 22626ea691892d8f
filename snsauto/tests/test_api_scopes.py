"""What a token may do: its scopes, of what its owner's role allows, for as long as it lives."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
import time_machine
from django.core.exceptions import ValidationError
from django.urls import get_resolver
from django.utils.timezone import now
from rest_framework.test import APIClient
from rest_framework.views import APIView

from accounts.factories import client_of
from accounts.models import ApiToken, AuditEvent, User
from accounts.scopes import ANY, AREAS, SCOPES, validate_scopes
from publishing.models import Post
from publishing.template_rows import Template

pytestmark = pytest.mark.django_db
API = "/api/v1"


def limited(user: User, *scopes: str) -> APIClient:
    """A program of the person's that was made for something."""
    _token, key = ApiToken.issue(user.memberships.get(), "a test", scopes=scopes)
    return with_key(key)


def with_key(key: str) -> APIClient:
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Token {key}")
    return client


def views() -> Iterator[type[APIView]]:
    for entry in get_resolver("snsauto.api.urls").url_patterns:
        for pattern in getattr(entry, "url_patterns", [entry]):
            callback = pattern.callback
            view = getattr(callback, "cls", getattr(callback, "view_class", None))
            if view.__module__.startswith("snsauto.") and view.__name__ != "NotHere":
                yield view


def test_every_view_of_the_api_has_a_scope() -> None:
    found = list(views())

    without = {view.__qualname__ for view in found if getattr(view, "scope", "") not in {*AREAS, ANY}}

    assert len(found) > 8
    assert without == set(), "give each an area of accounts/scopes.py as `scope`"


@pytest.mark.parametrize(
    ("scopes", "reads", "writes"),
    [
        (["posts:read"], 200, 403),
        (["posts:write"], 200, 201),
        (["*"], 200, 201),
        (["media:write", "accounts:read"], 403, 403),
    ],
)
def test_a_token_does_what_its_scopes_name(ada: User, scopes: list[str], reads: int, writes: int) -> None:
    client = limited(ada, *scopes)

    assert client.get(f"{API}/posts/").status_code == reads
    assert client.post(f"{API}/posts/", {"text": "Bread"}).status_code == writes


def test_what_is_missing_is_named(ada: User) -> None:
    answer = limited(ada, "posts:read").get(f"{API}/accounts/")

    body = answer.json()
    assert (answer.status_code, body["code"]) == (403, "scope_missing")
    assert "accounts:read" in body["detail"]


def test_scopes_give_no_more_than_the_role(vic: User) -> None:
    answer = limited(vic, "posts:write").post(f"{API}/posts/", {"text": "Bread"})

    assert (answer.status_code, answer.json()["code"]) == (403, "permission_denied")


def test_a_session_may_do_all_that_its_role_allows(ada: User) -> None:
    assert client_of(ada).get(f"{API}/accounts/").status_code == 200


def test_a_token_tells_what_it_may_do(ada: User) -> None:
    assert limited(ada, "posts:read").get(f"{API}/me/").json()["token"]["scopes"] == ["posts:read"]
    assert client_of(ada).get(f"{API}/me/").json()["token"] is None


@pytest.mark.parametrize(("scopes", "code"), [([], "required"), (["posts:erase"], "unknown_scope")])
def test_only_scopes_that_exist_are_taken(scopes: list[str], code: str) -> None:
    with pytest.raises(ValidationError) as refused:
        validate_scopes(scopes)

    assert refused.value.code == code
    validate_scopes(list(SCOPES))


# --- short lives ---


@pytest.fixture
def moment() -> Iterator[time_machine.Traveller]:
    with time_machine.travel("2030-03-04T09:00:00Z", tick=False) as traveller:
        yield traveller


def test_a_token_is_refreshed_by_the_program_itself(ada: User, moment: time_machine.Traveller) -> None:
    day = timedelta(days=1)
    _token, key = ApiToken.issue(ada.memberships.get(), "laptop", now() + day, ["posts:read"])
    moment.shift(timedelta(hours=23))

    answer = with_key(key).post(f"{API}/me/refresh/")

    fresh = with_key(answer.json()["key"])
    assert answer.status_code == 201
    assert answer.json()["scopes"] == ["posts:read"]
    moment.shift(timedelta(hours=23))
    assert fresh.get(f"{API}/posts/").status_code == 200
    assert fresh.post(f"{API}/posts/", {"text": "x"}).status_code == 403
    assert AuditEvent.objects.filter(action="token.refreshed").exists()


def test_the_old_key_works_a_minute_longer(ada: User, moment: time_machine.Traveller) -> None:
    _token, key = ApiToken.issue(ada.memberships.get(), "laptop")
    client = with_key(key)
    client.post(f"{API}/me/refresh/")

    moment.shift(timedelta(seconds=59))
    assert client.get(f"{API}/me/").status_code == 200
    moment.shift(timedelta(seconds=2))
    assert client.get(f"{API}/me/").status_code == 401


def test_a_key_that_was_replaced_cannot_live_on_by_being_refreshed_again(
    ada: User, moment: time_machine.Traveller
) -> None:
    _token, key = ApiToken.issue(ada.memberships.get(), "laptop", now() + timedelta(days=1))
    client = with_key(key)
    client.post(f"{API}/me/refresh/")
    ends = ApiToken.objects.order_by("pk")[0].expires_at
    moment.shift(timedelta(seconds=30))

    client.post(f"{API}/me/refresh/")

    assert ApiToken.objects.order_by("pk")[0].expires_at == ends


def test_a_session_has_nothing_to_refresh(ada: User) -> None:
    answer = client_of(ada).post(f"{API}/me/refresh/")

    assert (answer.status_code, answer.json()["code"]) == (409, "no_token")


def test_template_becomes_a_draft_only_for_who_may_write_posts(ada: User) -> None:
    template = Template.objects.create(workspace=ada.memberships.get().workspace, name="Hello", text="Hello")
    address = f"{API}/templates/{template.pk}/use/"

    refused = limited(ada, "templates:write").post(address, {})
    tried = limited(ada, "templates:write").post(address, {"save": False})
    made = limited(ada, "templates:write", "posts:write").post(address, {})

    assert [answer.status_code for answer in (refused, tried, made)] == [403, 200, 201]
    assert "posts:write" in refused.json()["detail"]
    assert Post.objects.count() == 1
