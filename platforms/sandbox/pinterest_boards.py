"""Boards and their sections from the other side. They are kept in their owner's facts."""

from datetime import datetime
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse

from platforms.sandbox.models import Entry, Grant, Person
from platforms.sandbox.pinterest_wire import NETWORK, asks, invalid, no, page, person_of

Board = dict[str, Any]
Pins = list[tuple[str, datetime]]


def board_of(grant: Grant, board_id: str) -> tuple[Person, Board]:
    """A board and its owner, if it may be used: one's own, or a group board that was joined."""
    person = person_of(grant)
    for owner in Person.objects.filter(network=NETWORK):
        for board in owner.facts.get("boards", []):
            if board["id"] == board_id:
                if owner != person and board_id not in person.facts.get("joined", []):
                    raise no("401/7")
                return owner, board
    raise no("404/40")


def section_of(board: Board, section_id: str) -> dict[str, str]:
    sections: list[dict[str, str]] = board.get("sections", [])
    for section in sections:
        if section["id"] == section_id:
            return section
    raise no("404/2031")


@asks("org_read", "boards:read")
def boards(request: HttpRequest, grant: Grant) -> HttpResponse:
    """One's own and those joined; secret ones only for apps that asked for them."""
    privacy = request.GET.get("privacy", "ALL")
    if privacy not in {"ALL", "PUBLIC", "PROTECTED", "SECRET", "PUBLIC_AND_SECRET"}:
        raise invalid(f"privacy: {privacy!r} is not one of the enum")
    person = person_of(grant)
    own = [(person, board) for board in person.facts.get("boards", [])]
    joined = [board_of(grant, board_id) for board_id in person.facts.get("joined", [])]
    seen = [
        (owner, board)
        for owner, board in [*own, *joined]
        if (board["privacy"] != "SECRET" or "boards:read_secret" in grant.scopes)
        and (privacy == "ALL" or board["privacy"] in privacy.split("_AND_"))
    ]
    pins = all_pins()
    return page(request, seen, lambda row: board_body(row[0], row[1], pins))


def all_pins() -> Pins:
    """The board of every Pin and when it was made, newest first."""
    living = Entry.objects.filter(network=NETWORK, deleted_at=None).order_by("-created_at")
    return list(living.values_list("body__board_id", "created_at"))


def board_body(owner: Person, board: Board, pins: Pins) -> Board:
    moments = [made_at for board_id, made_at in pins if board_id == board["id"]]
    return {
        "id": board["id"],
        "name": board["name"],
        "description": board.get("description", ""),
        "privacy": board["privacy"],
        "owner": {"username": owner.handle},
        "pin_count": len(moments),
        "follower_count": 13,
        "collaborator_count": 0,
        "is_ads_only": bool(board.get("is_ads_only")),
        "created_at": "2020-01-01T20:10:40Z",
        "board_pins_modified_at": moments[0].isoformat() if moments else "2020-01-01T20:10:40Z",
        "media": {"image_cover_url": None, "pin_thumbnail_urls": []},
    }


@asks("org_read", "boards:read")
def one_board(_request: HttpRequest, grant: Grant, board_id: str) -> HttpResponse:
    return JsonResponse(board_body(*board_of(grant, board_id), all_pins()))


@asks("org_read", "boards:read")
def sections(request: HttpRequest, grant: Grant, board_id: str) -> HttpResponse:
    _, board = board_of(grant, board_id)
    return page(request, board.get("sections", []), lambda section: section)
