"""The twin refuses what Google's business services refuse, in their words, and answers as they answer."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client as Browser
from django.utils import timezone

from platforms.sandbox import google_business as twin
from platforms.sandbox.google_business_wire import SCOPE
from platforms.sandbox.models import Call, Entry, Fault, Grant, Note, Person
from platforms.tests.village import move_in

pytestmark = pytest.mark.django_db
HOME = "/sandbox/google_business"
PLACE = "/v4/accounts/104123456789012345678/locations/987654321"
POSTS = f"{PLACE}/localPosts"
LOCATIONS = "/v1/accounts/112233445566/locations"
UPDATE = {"topicType": "STANDARD", "summary": "Rye"}
SCHEDULE = {
    "startDate": {"year": 2039, "month": 12, "day": 1},
    "startTime": {},
    "endDate": {"year": 2039, "month": 12, "day": 7},
    "endTime": {"hours": 23, "minutes": 59},
}
EVENT: dict[str, Any] = {
    "topicType": "EVENT",
    "summary": "Come",
    "event": {"title": "Oven", "schedule": SCHEDULE},
}
LATE = "2040-01-01T00:00:00Z"
Call_ = Callable[..., Any]


@pytest.fixture
def baker() -> Person:
    move_in()
    return Person.objects.get(network="google_business", handle="morgenrotbakery")


@pytest.fixture
def grant(baker: Person) -> Grant:
    soon = timezone.now() + timedelta(hours=1)
    return Grant.objects.create(
        network="google_business",
        person=baker,
        client_id="sandbox",
        scopes=[SCOPE],
        access="ya29.baker",
        access_expires_at=soon,
    )


@pytest.fixture
def call(grant: Grant) -> Call_:
    """A request as the app of the baker, and its answer."""

    def send(method: str, path: str, body: Any = None, query: str = "") -> Any:
        return Browser().generic(
            method,
            f"{HOME}{path}{query}",
            json.dumps(body) if body is not None else "",
            "application/json",
            headers={"Authorization": f"Bearer {grant.access}"},
        )

    return send


def wrong(answer: Any) -> tuple[int, int, str]:
    """The status, and what version 4 says of a field."""
    [detail] = answer.json()["error"]["details"]
    assert detail["@type"] == "type.googleapis.com/google.mybusiness.v4.ValidationError"
    [told] = detail["errorDetails"]
    return answer.status_code, told["code"], told["field"]


# --- who asks ---


def test_a_token_and_the_scope_are_wanted(call: Call_, grant: Grant) -> None:
    Grant.objects.update(scopes=["openid"])
    missing = call("GET", "/v1/accounts")
    Grant.objects.update(revoked_at=timezone.now())
    revoked = call("GET", "/v1/accounts")

    assert missing.status_code == 403
    assert missing.json()["error"]["details"][0]["reason"] == "ACCESS_TOKEN_SCOPE_INSUFFICIENT"
    assert revoked.status_code == 401
    assert revoked.json()["error"]["status"] == "UNAUTHENTICATED"


def test_a_project_that_is_not_approved_has_a_quota_of_nothing(call: Call_, baker: Person) -> None:
    baker.facts["unapproved"] = True
    baker.save()

    answer = call("GET", "/v1/accounts")

    error = answer.json()["error"]
    assert (answer.status_code, error["status"]) == (429, "RESOURCE_EXHAUSTED")
    assert error["message"].startswith("Quota exceeded for quota metric 'Requests'")
    assert error["details"][0]["reason"] == "RATE_LIMIT_EXCEEDED"
    assert error["details"][0]["metadata"]["quota_limit_value"] == "0"


def test_a_project_has_so_many_requests_and_a_profile_so_many_edits_in_a_minute(
    call: Call_, baker: Person
) -> None:
    del baker.facts["quota"]
    baker.save()
    edits = [call("POST", POSTS, UPDATE).status_code for _ in range(11)]
    baker.facts["quota"] = {"requests": 3}
    baker.save()
    Call.objects.all().delete()
    requests = [call("GET", "/v1/accounts").status_code for _ in range(4)]

    assert edits == [200] * 10 + [429]
    assert requests == [200] * 3 + [429]


# --- places ---


def test_locations_want_a_mask_and_an_account_of_one_s_own(call: Call_) -> None:
    no_mask = call("GET", LOCATIONS)
    odd = call("GET", LOCATIONS, query="?readMask=name,nonsense")
    strange = call("GET", "/v1/accounts/1/locations", query="?readMask=name")
    every = call("GET", "/v1/accounts/-/locations", query="?readMask=name")
    page = call("GET", LOCATIONS, query="?readMask=name,title&pageSize=2")

    assert no_mask.status_code == odd.status_code == 400
    assert no_mask.json()["error"]["details"][0]["fieldViolations"][0]["field"] == "read_mask"
    assert strange.json()["error"]["status"] == "PERMISSION_DENIED"
    assert len(every.json()["locations"]) == 4
    assert page.json()["totalSize"] == 3
    assert [set(place) for place in page.json()["locations"]] == [{"name", "title"}] * 2
    assert page.json()["nextPageToken"]


def test_a_page_is_never_larger_than_allowed(call: Call_) -> None:
    assert call("GET", "/v1/accounts", query="?pageSize=21").status_code == 400
    assert call("GET", POSTS, query="?pageSize=101").status_code == 400
    assert call("GET", f"{PLACE}/reviews", query="?pageSize=51").status_code == 400
    assert call("GET", POSTS, query="?pageToken=nonsense").status_code == 400


def test_a_wrong_account_in_the_path_and_an_unverified_location_are_refused(call: Call_) -> None:
    wrong_account = call("GET", "/v4/accounts/1/locations/987654321/localPosts")
    unverified = call("POST", "/v4/accounts/112233445566/locations/987654323/localPosts", UPDATE)

    assert (wrong_account.status_code, wrong_account.json()["error"]["message"]) == (
        404,
        "Requested entity was not found.",
    )
    assert unverified.json()["error"]["status"] == "FAILED_PRECONDITION"


# --- posts ---


def timed(**changes: Any) -> dict[str, Any]:
    """An event with another schedule; None leaves a part of it out."""
    schedule = {name: held for name, held in {**SCHEDULE, **changes}.items() if held is not None}
    return {**EVENT, "event": {"title": "Oven", "schedule": schedule}}


def recurring(**recurrence: Any) -> dict[str, Any]:
    return {**EVENT, "event": {**EVENT["event"], "recurrenceInfo": recurrence}}


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"summary": "Rye"}, 2, "topic_type"),
        ({**UPDATE, "topicType": "ALERT"}, 3, "topic_type"),
        ({"topicType": "STANDARD"}, 2, "summary"),
        ({**UPDATE, "summary": "x" * 1501}, 3, "summary"),
        ({**UPDATE, "event": EVENT["event"]}, 3, "event"),
        ({**UPDATE, "topicType": "OFFER"}, 2, "event"),
        ({**EVENT, "event": {"schedule": SCHEDULE}}, 2, "event.title"),
        ({**EVENT, "event": {"title": "x" * 59, "schedule": SCHEDULE}}, 3, "event.title"),
        (timed(endDate={"year": 2038}), 3, "event.schedule"),
        (timed(endDate=SCHEDULE["startDate"], endTime={}), 3, "event.schedule"),
        (timed(endTime=None), 2, "event.schedule.endTime"),
        (recurring(dailyPattern={}), 3, "event.recurrence_info"),
        (recurring(seriesEndTime=LATE), 3, "event.recurrence_info"),
        (recurring(seriesEndTime=LATE, weeklyPattern={"daysOfWeek": ["MON"]}), 3, "event.recurrence_info"),
        (recurring(seriesEndTime=LATE, monthlyPattern={"dayOfMonth": 32}), 3, "event.recurrence_info"),
        ({**UPDATE, "callToAction": {"actionType": "CALL", "url": ""}}, 3, "call_to_action.url"),
        ({**UPDATE, "callToAction": {"actionType": "SHOP"}}, 2, "call_to_action.url"),
        ({**UPDATE, "callToAction": {"actionType": "GET_OFFER"}}, 3, "call_to_action.action_type"),
        ({**UPDATE, "offer": {"couponCode": "A"}}, 3, "offer"),
        ({**UPDATE, "media": [{"mediaFormat": "VIDEO"}]}, 3, "media.media_format"),
        ({**UPDATE, "media": [{"mediaFormat": "PHOTO", "sourceUrl": "http://127.0.0.1:1/"}]}, 1000, "media"),
        ({**UPDATE, "media": [{}, {}]}, 3, "media"),
        ({**UPDATE, "scheduledTime": "tomorrow"}, 3, "scheduled_time"),
    ],
)  # fmt: skip
def test_a_post_that_google_would_refuse_is_refused(
    call: Call_, body: dict[str, Any], code: int, field: str
) -> None:
    assert wrong(call("POST", POSTS, body)) == (400, code, field)
    assert Entry.objects.count() == 0


def test_a_field_that_posts_do_not_have_is_refused(call: Call_) -> None:
    for body in ({**UPDATE, "text": "Rye"}, {**UPDATE, "summary": 1}, {**UPDATE, "media": {}}):
        assert call("POST", POSTS, body).status_code == 400


def test_an_answer_leaves_out_what_is_zero_and_the_state_moves_on_with_each_look(call: Call_) -> None:
    made = call("POST", POSTS, {**EVENT, "event": {"title": "Oven", "schedule": SCHEDULE}}).json()
    name = made["name"]

    states = [call("GET", f"/v4/{name}").json()["state"] for _ in range(2)]

    assert name.startswith("accounts/104123456789012345678/locations/987654321/localPosts/")
    assert made["state"] == "PROCESSING"
    assert made["event"]["schedule"]["startTime"] == {}
    assert made["event"]["schedule"]["endTime"] == {"hours": 23, "minutes": 59}
    assert "lpsid=" in made["searchUrl"]
    assert states == ["PROCESSING", "LIVE"]
    assert [post["name"] for post in call("GET", POSTS).json()["localPosts"]] == [name]


def test_a_post_may_be_rejected_scheduled_or_recurring(call: Call_) -> None:
    def state(body: dict[str, Any]) -> str:
        name = call("POST", POSTS, body).json()["name"]
        call("GET", f"/v4/{name}")
        return str(call("GET", f"/v4/{name}").json()["state"])

    later = (timezone.now() + timedelta(days=1)).isoformat()
    weekly = recurring(seriesEndTime=LATE, weeklyPattern={"daysOfWeek": ["MONDAY"]})
    Fault.objects.create(network="google_business", kind=Fault.Kind.PROCESSING_FAILS, path="/localPosts")

    rejected = state(UPDATE)
    scheduled = state({**UPDATE, "scheduledTime": later})
    repeating = state(weekly)

    assert (rejected, scheduled, repeating) == ("REJECTED", "SCHEDULED", "RECURRING")


def test_an_edit_changes_what_its_mask_names_and_goes_back_to_review(call: Call_) -> None:
    button = {"actionType": "SHOP", "url": "https://bread.example/"}
    name = call("POST", POSTS, {**UPDATE, "callToAction": button}).json()["name"]
    for _ in range(2):
        call("GET", f"/v4/{name}")

    no_mask = call("PATCH", f"/v4/{name}", {"summary": "Oats"})
    odd = call("PATCH", f"/v4/{name}", {}, "?updateMask=state")
    topic = call("PATCH", f"/v4/{name}", {"topicType": "OFFER"}, "?updateMask=topicType")
    changed = call("PATCH", f"/v4/{name}", {"summary": "Oats"}, "?updateMask=summary,callToAction").json()

    assert wrong(no_mask) == (400, 2, "update_mask")
    assert wrong(odd) == (400, 3, "update_mask")
    assert wrong(topic) == (400, 3, "topic_type")
    assert (changed["summary"], changed["state"]) == ("Oats", "PROCESSING")
    assert "callToAction" not in changed


def test_a_deleted_post_is_not_found(call: Call_) -> None:
    name = call("POST", POSTS, UPDATE).json()["name"]

    answers = [call("DELETE", f"/v4/{name}") for _ in range(2)]

    assert [answer.status_code for answer in answers] == [200, 404]
    assert answers[0].json() == {}
    assert call("GET", POSTS).json() == {}


# --- reviews ---


def test_reviews_are_told_with_their_average_and_answers_are_judged(call: Call_, baker: Person) -> None:
    annika = Person.objects.get(network="google_business", handle="annikavogt")
    note = twin.arrive("review", baker, annika, "Good rye.", stars=5)
    twin.arrive("review", baker, annika, "", stars=2)
    reply = f"{PLACE}/reviews/{note.remote_id}/reply"

    empty = call("PUT", reply, {"comment": " "})
    long = call("PUT", reply, {"comment": "é" * 2049})
    put = call("PUT", reply, {"comment": "Thanks"}).json()
    page = call("GET", f"{PLACE}/reviews").json()
    one = call("GET", f"{PLACE}/reviews/{note.remote_id}").json()

    assert wrong(empty) == (400, 2, "comment")
    assert wrong(long) == (400, 3, "comment")
    assert put["reviewReplyState"] == "PENDING"
    assert (page["averageRating"], page["totalReviewCount"]) == (3.5, 2)
    assert [review["starRating"] for review in page["reviews"]] == ["TWO", "FIVE"]
    assert "comment" not in page["reviews"][0]
    assert page["reviews"][1]["reviewReply"]["reviewReplyState"] == "PENDING"
    assert one["reviewReply"]["reviewReplyState"] == "APPROVED"


def test_reviews_are_sorted_as_asked_and_an_answer_is_taken_back_once(call: Call_, baker: Person) -> None:
    annika = Person.objects.get(network="google_business", handle="annikavogt")
    for stars in (3, 1, 5):
        twin.arrive("review", baker, annika, "", stars=stars)
    note = Note.objects.all()[0]
    reply = f"{PLACE}/reviews/{note.remote_id}/reply"
    call("PUT", reply, {"comment": "Thanks"})

    def stars_by(order: str) -> list[str]:
        rows = call("GET", f"{PLACE}/reviews", query=f"?orderBy={order}").json()["reviews"]
        return [row["starRating"] for row in rows]

    assert stars_by("rating") == ["ONE", "THREE", "FIVE"]
    assert stars_by("rating desc") == ["FIVE", "THREE", "ONE"]
    assert call("GET", f"{PLACE}/reviews", query="?orderBy=name").status_code == 400
    assert [call("DELETE", reply).status_code for _ in range(2)] == [200, 404]


# --- numbers ---


def test_numbers_want_known_metrics_and_days_within_reach(call: Call_) -> None:
    path = "/v1/locations/987654321:fetchMultiDailyMetricsTimeSeries"
    day, old = timezone.now().date() - timedelta(days=9), timezone.now().date() - timedelta(days=900)

    def asked(metric: str, first: Any, last: Any) -> Any:
        ends = "".join(
            f"&daily_range.{which}_date.{part}={getattr(when, part)}"
            for which, when in (("start", first), ("end", last))
            for part in ("year", "month", "day")
        )
        return call("GET", path, query=f"?dailyMetrics={metric}{ends}")

    assert asked("CALL_CLICKS", day, day).status_code == 200
    assert asked("LIKES", day, day).status_code == 400
    assert asked("CALL_CLICKS", day, day - timedelta(days=1)).json()["error"]["status"] == "OUT_OF_RANGE"
    assert asked("CALL_CLICKS", old, day).json()["error"]["status"] == "OUT_OF_RANGE"
    assert call("GET", path, query="?dailyMetrics=CALL_CLICKS").status_code == 400
    assert call("GET", path.replace("987654321", "1")).status_code == 404
