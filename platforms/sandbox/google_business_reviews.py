"""Reviews from the other side: read by those who manage the profile, and answered once each."""

import secrets
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone

from platforms.sandbox import google_business_wire as gb
from platforms.sandbox.models import Fault, Note, Person

WORDS = ("", "ONE", "TWO", "THREE", "FOUR", "FIVE")
LONGEST = 4096
ORDERS = ("rating", "rating desc", "updateTime desc")


def write(kind: str, person: Person, author: Person, text: str, stars: int, location: str) -> Note:
    """Somebody reviews a location."""
    return Note.objects.create(
        network=gb.NETWORK,
        person=person,
        author=author,
        kind=kind,
        remote_id=f"AbFvOq{secrets.token_urlsafe(40)}",
        text=text,
        body={"stars": stars, "location": location, "updated_at": gb.stamp(timezone.now())},
    )


def of_place(person: Person, location: str) -> list[Note]:
    notes = Note.objects.filter(network=gb.NETWORK, person=person, kind="review", deleted_at=None)
    return [note for note in notes.select_related("author") if note.body["location"] == location]


def reviews(request: HttpRequest, person: Person, account: str, location: str) -> HttpResponse:
    gb.only(request, "pageSize", "pageToken", "orderBy")
    gb.speaking(person, account, location)
    order = request.GET.get("orderBy", "updateTime desc")
    if order not in ORDERS:
        raise gb.invalid(3, "order_by", f"Unsupported order {order}.")
    notes = of_place(person, location)
    by_rating = order.startswith("rating")
    notes.sort(
        key=lambda note: note.body["stars"] if by_rating else note.body["updated_at"],
        reverse=order != "rating",
    )

    def show(note: Note) -> dict[str, Any]:
        return review_json(request, note, account)

    page = gb.listed(request, "reviews", notes, show, usual=50, most=50)
    if notes:
        average = sum(note.body["stars"] for note in notes) / len(notes)
        page |= {"averageRating": round(average, 1), "totalReviewCount": len(notes)}
    return JsonResponse(page)


def review(request: HttpRequest, person: Person, account: str, location: str, review_id: str) -> HttpResponse:
    return JsonResponse(review_json(request, own(person, account, location, review_id), account))


def own(person: Person, account: str, location: str, review_id: str) -> Note:
    gb.speaking(person, account, location)
    for note in of_place(person, location):
        if note.remote_id == review_id:
            return note
    raise gb.no("NOT_FOUND")


def review_json(request: HttpRequest, note: Note, account: str) -> dict[str, Any]:
    """A review; the first to see our answer still sees it waiting."""
    picture = reverse("sandbox-avatar", args=[note.network, note.author.handle])
    reply = note.body.get("reply")
    shown = {
        "name": f"accounts/{account}/locations/{note.body['location']}/reviews/{note.remote_id}",
        "reviewId": note.remote_id,
        "reviewer": {
            "profilePhotoUrl": request.build_absolute_uri(picture),
            "displayName": note.author.name,
        },
        "starRating": WORDS[note.body["stars"]],
        **({"comment": note.text} if note.text else {}),
        "createTime": gb.stamp(note.created_at),
        "updateTime": note.body["updated_at"],
        **({"reviewReply": reply} if reply else {}),
    }
    if reply and reply["reviewReplyState"] == "PENDING":
        fails = note.body.get("reply_fails")
        judged = {"reviewReplyState": "REJECTED" if fails else "APPROVED"}
        note.body["reply"] = reply | judged | ({"policyViolation": "OFF_TOPIC"} if fails else {})
        note.save(update_fields=["body"])
    return shown


def answer(request: HttpRequest, person: Person, account: str, location: str, review_id: str) -> HttpResponse:
    """Put the answer in place of the one before; Google looks at it."""
    gb.only(request)
    note = own(person, account, location, review_id)
    comment = gb.body_of(request, {"comment": str}).get("comment", "")
    if not comment.strip():
        raise gb.invalid(2, "comment", "A required value is missing.")
    if len(comment.encode()) > LONGEST:
        raise gb.invalid(3, "comment", f"The comment is longer than {LONGEST} bytes.")
    reply = {
        "comment": comment,
        "updateTime": gb.stamp(timezone.now()),
        "reviewReplyState": "PENDING",
    }
    fails = request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS
    note.body |= {"reply": reply, "reply_fails": fails}
    note.save(update_fields=["body"])
    return JsonResponse(reply)


def unanswer(
    request: HttpRequest, person: Person, account: str, location: str, review_id: str
) -> HttpResponse:
    gb.only(request)
    note = own(person, account, location, review_id)
    if not note.body.pop("reply", None):
        raise gb.no("NOT_FOUND")
    note.save(update_fields=["body"])
    return JsonResponse({})


def revise(note: Note, text: str, stars: int) -> None:
    """The reviewer thinks again."""
    note.text = text
    note.body |= {"stars": stars, "updated_at": gb.stamp(timezone.now())}
    note.save(update_fields=["text", "body"])
