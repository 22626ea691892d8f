"""Local posts from the other side: what may stand in one, Google's look at it, changing and deleting."""

import secrets
from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from platforms.sandbox import google_business_wire as gb
from platforms.sandbox.fetching import fetch
from platforms.sandbox.models import Entry, Fault, Person, Upload
from platforms.sandbox.probing import probe

DATE = {"year": int, "month": int, "day": int}
TIME = {"hours": int, "minutes": int, "seconds": int, "nanos": int}
SCHEDULE = {"startDate": DATE, "startTime": TIME, "endDate": DATE, "endTime": TIME}
RECURRENCE = {
    "seriesEndTime": str,
    "dailyPattern": {},
    "weeklyPattern": {"daysOfWeek": [str]},
    "monthlyPattern": {"dayOfMonth": int, "dayOfWeekOccurrence": {"dayOfWeek": str, "occurrence": str}},
}
SCHEMA: dict[str, Any] = {
    "languageCode": str,
    "summary": str,
    "topicType": str,
    "callToAction": {"actionType": str, "url": str},
    "event": {"title": str, "schedule": SCHEDULE, "recurrenceInfo": RECURRENCE},
    "offer": {"couponCode": str, "redeemOnlineUrl": str, "termsConditions": str},
    "media": [{"mediaFormat": str, "sourceUrl": str}],
    "scheduledTime": str,
}
TOPICS = ("STANDARD", "EVENT", "OFFER")
BUTTONS = ("BOOK", "ORDER", "SHOP", "LEARN_MORE", "SIGN_UP", "CALL")
DAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
PICTURE_BYTES = range(10_240, 5_000_001)

# --- reading ---


def of_place(person: Person, location: str) -> list[Entry]:
    entries = Entry.objects.filter(network=gb.NETWORK, person=person, deleted_at=None)
    return [entry for entry in entries if entry.body["location"] == location]


def posts(request: HttpRequest, person: Person, account: str, location: str) -> HttpResponse:
    """Newest first. A person's `index_lag` is for how many seconds a new post is not shown."""
    gb.only(request, "pageSize", "pageToken")
    gb.speaking(person, account, location)
    late = timezone.now().timestamp() - person.facts.get("index_lag", 0)
    shown = [entry for entry in of_place(person, location) if entry.created_at.timestamp() <= late]

    def show(entry: Entry) -> dict[str, Any]:
        return post_json(request, entry, account)

    return gb.answer(gb.listed(request, "localPosts", shown, show, usual=20, most=100))


def post(request: HttpRequest, person: Person, account: str, location: str, post_id: str) -> HttpResponse:
    """One post. Google's look at it is counted in looks."""
    entry = own(person, account, location, post_id)
    shown = post_json(request, entry, account)
    if entry.body["looks"]:
        entry.body["looks"] -= 1
        entry.save(update_fields=["body"])
    return JsonResponse(shown)


def own(person: Person, account: str, location: str, post_id: str) -> Entry:
    gb.speaking(person, account, location)
    for entry in of_place(person, location):
        if entry.remote_id == post_id:
            return entry
    raise gb.no("NOT_FOUND")


def post_json(request: HttpRequest, entry: Entry, account: str) -> dict[str, Any]:
    parent = f"accounts/{account}/locations/{entry.body['location']}"
    told = {name: held for name, held in entry.body["post"].items() if name != "media"}
    pictures = [
        {
            "name": f"{parent}/media/localPosts/{picture.remote_id}",
            "mediaFormat": "PHOTO",
            "googleUrl": request.build_absolute_uri(
                reverse("sandbox-upload", args=[gb.NETWORK, picture.remote_id])
            ),
        }
        for picture in entry.pictures
    ]
    shown: dict[str, Any] = gb.bare(told)
    return {
        "name": f"{parent}/localPosts/{entry.remote_id}",
        **shown,
        "state": state_of(entry),
        "createTime": gb.stamp(entry.created_at),
        "updateTime": entry.body["updated_at"],
        **({"searchUrl": address_of(request, entry)} if not entry.body.get("is_addressless") else {}),
        **({"media": pictures} if pictures else {}),
    }


def address_of(request: HttpRequest, entry: Entry) -> str:
    query = f"id={entry.body['location']}&use=posts&lpsid={entry.remote_id}"
    return request.build_absolute_uri(f"{reverse('google-business-place')}?{query}")


def state_of(entry: Entry) -> str:
    """Waiting for its time, being looked at, thrown out, or there for all to see."""
    told = entry.body["post"]
    if told.get("scheduledTime") and datetime.fromisoformat(told["scheduledTime"]) > timezone.now():
        return "SCHEDULED"
    if entry.body["looks"]:
        return "PROCESSING"
    if entry.body["fails"]:
        return "REJECTED"
    return "RECURRING" if told.get("event", {}).get("recurrenceInfo") else "LIVE"


# --- writing ---


def create(request: HttpRequest, person: Person, account: str, location: str) -> HttpResponse:
    gb.only(request)
    gb.speaking(person, account, location)
    gb.pace(person, location)
    told = gb.body_of(request, SCHEMA)
    refuse(told)
    picture = fetched(person, told.get("media", []))
    entry = Entry.objects.create(
        network=gb.NETWORK,
        person=person,
        remote_id=str(10**18 + secrets.randbelow(9 * 10**18)),
        text=told.get("summary", ""),
        body={
            "location": location,
            "post": told,
            "looks": person.facts.get("looks", 1),
            "fails": request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS,
            "updated_at": gb.stamp(timezone.now()),
            "is_addressless": bool(person.facts.get("addressless")),
        },
    )
    entry.attach(picture)
    shown = post_json(request, entry, account)
    entry.body.pop("is_addressless")  # the address comes a little later
    entry.save(update_fields=["body"])
    return JsonResponse(shown)


def change(request: HttpRequest, person: Person, account: str, location: str, post_id: str) -> HttpResponse:
    """Only what the mask names is changed; then Google looks at the post again."""
    gb.only(request, "updateMask")
    entry = own(person, account, location, post_id)
    gb.pace(person, location)
    sent = gb.body_of(request, SCHEMA)
    mask = [path.strip() for path in request.GET.get("updateMask", "").split(",") if path.strip()]
    if not mask:
        raise gb.invalid(2, "update_mask", "The update mask is missing.")
    told = dict(entry.body["post"])
    for path in mask:
        name = path.partition(".")[0]
        if name not in SCHEMA:
            raise gb.invalid(3, "update_mask", f"{path} is no field of a local post.")
        if name == "topicType" and sent.get(name) != told[name]:
            raise gb.invalid(3, "topic_type", "The topic type cannot be changed.")
        put(told, sent, path.split("."))
    refuse(told)
    if any(path.startswith("media") for path in mask):
        entry.uploads.clear()
        entry.attach(fetched(person, told.get("media", [])))
    fails = request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS
    entry.body |= {"post": told, "looks": 1, "fails": fails, "updated_at": gb.stamp(timezone.now())}
    entry.text = told.get("summary", "")
    entry.save(update_fields=["body", "text"])
    return JsonResponse(post_json(request, entry, account))


def put(told: dict[str, Any], sent: dict[str, Any], path: list[str]) -> None:
    """Take over what stands at a path of the mask; what is not sent there is cleared."""
    name, *rest = path
    if rest:
        told[name] = dict(told.get(name, {}))
        put(told[name], sent.get(name, {}), rest)
    elif name in sent:
        told[name] = sent[name]
    else:
        told.pop(name, None)


def delete(request: HttpRequest, person: Person, account: str, location: str, post_id: str) -> HttpResponse:
    gb.only(request)
    entry = own(person, account, location, post_id)
    gb.pace(person, location)
    Entry.objects.filter(pk=entry.pk).update(deleted_at=timezone.now())
    return JsonResponse({})


# --- what is refused ---


def refuse(told: dict[str, Any]) -> None:
    topic = told.get("topicType")
    if not topic:
        raise gb.invalid(2, "topic_type", "A required value is missing.")
    if topic not in TOPICS:
        raise gb.invalid(3, "topic_type", f"Unsupported topic type {topic}.")
    if len(told.get("summary", "")) > 1500:
        raise gb.invalid(3, "summary", "The summary is longer than 1500 characters.")
    if not told.get("summary") and not told.get("media") and topic == "STANDARD":
        raise gb.invalid(2, "summary", "A post needs a summary or media.")
    refuse_event(told.get("event"), topic)
    refuse_button(told.get("callToAction"), topic)
    refuse_offer(told.get("offer"), topic)
    if told.get("scheduledTime") and not is_time(told["scheduledTime"]):
        raise gb.invalid(3, "scheduled_time", "The time is not RFC 3339.")


def refuse_event(event: dict[str, Any] | None, topic: str) -> None:
    if (event is None) != (topic == "STANDARD"):
        raise gb.invalid(2 if event is None else 3, "event", f"Wrong for the topic type {topic}.")
    if event is None:
        return
    if not event.get("title") or len(event["title"]) > 58:
        raise gb.invalid(3 if event.get("title") else 2, "event.title", "1 to 58 characters.")
    schedule = event.get("schedule", {})
    for name in SCHEDULE:
        if name not in schedule:
            raise gb.invalid(2, f"event.schedule.{name}", "A required value is missing.")
    try:
        starts, ends = moment(schedule, "start"), moment(schedule, "end")
    except ValueError as error:
        raise gb.invalid(3, "event.schedule", str(error)) from error
    if ends <= starts:
        raise gb.invalid(3, "event.schedule", "The time range is inverted.")
    if recurrence := event.get("recurrenceInfo"):
        refuse_recurrence(recurrence, topic)


def moment(schedule: dict[str, Any], which: str) -> datetime:
    day, clock = schedule[f"{which}Date"], schedule[f"{which}Time"]
    date = (day.get("year", 0), day.get("month", 0), day.get("day", 0))
    return datetime(*date, clock.get("hours", 0), clock.get("minutes", 0), clock.get("seconds", 0))  # noqa: DTZ001  (local)


def refuse_recurrence(recurrence: dict[str, Any], topic: str) -> None:
    where = "event.recurrence_info"
    patterns = [name for name in recurrence if name.endswith("Pattern")]
    if topic != "EVENT" or len(patterns) != 1:
        raise gb.invalid(3, where, "Events recur by exactly one pattern.")
    if not is_time(recurrence.get("seriesEndTime", "")):
        raise gb.invalid(3, where, "seriesEndTime is not RFC 3339.")
    days = recurrence.get("weeklyPattern", {}).get("daysOfWeek", ["MONDAY"])
    if not days or not set(days) <= set(DAYS):
        raise gb.invalid(3, where, "daysOfWeek")
    if "monthlyPattern" in recurrence and not 1 <= recurrence["monthlyPattern"].get("dayOfMonth", 1) <= 31:
        raise gb.invalid(3, where, "dayOfMonth")


def is_time(written: str) -> bool:
    try:
        return datetime.fromisoformat(written).tzinfo is not None
    except ValueError:
        return False


def refuse_button(button: dict[str, Any] | None, topic: str) -> None:
    """A button leads somewhere, but for the one that calls; in offers none is heeded."""
    if button is None or topic == "OFFER":
        return
    action, url = button.get("actionType"), button.get("url", "")
    if action not in BUTTONS:
        raise gb.invalid(3, "call_to_action.action_type", f"Unsupported action type {action}.")
    if action == "CALL" and "url" in button:
        raise gb.invalid(3, "call_to_action.url", "The url must be empty for CALL.")
    if action != "CALL" and not url.startswith(("http://", "https://")):
        raise gb.invalid(3 if url else 2, "call_to_action.url", "A url is required.")


def refuse_offer(offer: dict[str, Any] | None, topic: str) -> None:
    if offer is None:
        return
    if topic != "OFFER":
        raise gb.invalid(3, "offer", f"Wrong for the topic type {topic}.")
    for name, most in (("couponCode", 58), ("termsConditions", 5000)):
        if len(offer.get(name, "")) > most:
            raise gb.invalid(3, f"offer.{name}", f"At most {most} characters.")
    url = offer.get("redeemOnlineUrl", "")
    if url and not url.startswith(("http://", "https://")):
        raise gb.invalid(3, "offer.redeemOnlineUrl", "Not a url.")


def fetched(person: Person, media: list[dict[str, Any]]) -> list[Upload]:
    """The picture, read from its address during the call."""
    if len(media) > 1:
        raise gb.invalid(3, "media", "Too many items: 1 at most.")
    uploads = []
    for item in media:
        if item.get("mediaFormat") != "PHOTO":
            raise gb.invalid(3, "media.media_format", "Unsupported media format.")
        content = fetch(item.get("sourceUrl", ""))
        if content is None:
            raise gb.no("1000")
        found = probe(content)
        is_picture = found is not None and found.content_type in {"image/jpeg", "image/png"}
        is_fit = is_picture and found is not None and found.width >= 400 and found.height >= 300
        if found is None or not is_fit or len(content) not in PICTURE_BYTES:
            raise gb.no("1001")
        uploads.append(
            Upload.objects.create(
                network=gb.NETWORK,
                person=person,
                remote_id=f"AF1Q{secrets.token_urlsafe(24)}",
                content=content,
                content_type=found.content_type,
            )
        )
    return uploads
