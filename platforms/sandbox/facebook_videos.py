"""Videos, reels and stories from the other side: sessions, windows, the stream, processing by looks."""

from datetime import timedelta
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import fetching, graph, wire
from platforms.sandbox.facebook_posts import PUBLISHES, audience, button, keep, since, text_of
from platforms.sandbox.facebook_wire import DIALECT, NETWORK, as_page, fields_of, is_true, new_id, upload_of
from platforms.sandbox.models import Entry, Fault, Person, Upload
from platforms.sandbox.probing import probe
from platforms.sandbox.wire import Refusal

WINDOW = 4_000_000  # bytes wanted at a time; a Page's `window` may set fewer
REELS_A_DAY = 30
SECONDS = {"videos": (1, 14_400), "video_reels": (3, 90), "video_stories": (3, 60)}
CATEGORIES = {
    "BEAUTY_FASHION", "BUSINESS", "CARS_TRUCKS", "COMEDY", "CUTE_ANIMALS", "ENTERTAINMENT", "FAMILY",
    "FOOD_HEALTH", "HOME", "LIFESTYLE", "MUSIC", "NEWS", "POLITICS", "SCIENCE", "SPORTS", "TECHNOLOGY",
    "VIDEO_GAMING", "OTHER",
}  # fmt: skip
ABOUT = ("title", "description", "is_ai_generated", "targeting", "published")
STEPS: dict[str, tuple[str, ...]] = {
    "videos": (
        *ABOUT, "upload_session_id", "start_offset", "file_size", "content_category", "call_to_action",
        "video_file_chunk", "source", "file_url",
    ),
    "video_reels": (*ABOUT, "video_id", "video_state", "place"),
    "video_stories": ("video_id",),
}  # fmt: skip


@as_page(*PUBLISHES)
def videos(request: HttpRequest, page: Person) -> HttpResponse:
    return phase(request, page, "videos")


@as_page(*PUBLISHES)
def video_reels(request: HttpRequest, page: Person) -> HttpResponse:
    return phase(request, page, "video_reels")


@as_page(*PUBLISHES)
def video_stories(request: HttpRequest, page: Person) -> HttpResponse:
    return phase(request, page, "video_stories")


def phase(request: HttpRequest, page: Person, edge: str) -> HttpResponse:
    wanted = fields_of(request, "upload_phase", *STEPS[edge])
    match wanted.get("upload_phase"):
        case "start":
            return start(request, page, edge, wanted)
        case "transfer" if edge == "videos":
            return transfer(request, session(page, wanted))
        case "finish":
            upload = session(page, wanted) if edge == "videos" else begun(page, edge, wanted)
            return finish(request, upload, wanted)
        case None if edge == "videos":
            return at_once(request, page, wanted)
    raise graph.error(100, "(#100) Param upload_phase must be one of {START, TRANSFER, FINISH}")


def start(request: HttpRequest, page: Person, edge: str, wanted: dict[str, Any]) -> HttpResponse:
    upload = new_video(request, page, edge)
    version = graph.VERSION
    if edge != "videos":
        place = request.build_absolute_uri(f"/sandbox/{NETWORK}/video-upload/{version}/{upload.remote_id}")
        return JsonResponse({"video_id": upload.remote_id, "upload_url": place})
    size = wanted.get("file_size")
    if not str(size).isdecimal() or not int(str(size)):
        raise graph.error(100, "(#100) Param file_size must be a positive integer")
    upload.facts |= {"size": int(str(size)), "session": new_id()}
    upload.save()
    told = {"upload_session_id": upload.facts["session"], "video_id": upload.remote_id}
    return JsonResponse({**told, **window(upload)})


def new_video(request: HttpRequest, page: Person, edge: str) -> Upload:
    facts = {"kind": "video", "edge": edge, "size": None, "state": "open", "looks": 0}
    facts["fails"] = is_to_fail(request)
    return Upload.objects.create(
        network=NETWORK, person=page, remote_id=new_id(), content_type="video/mp4", facts=facts
    )


def is_to_fail(request: HttpRequest) -> bool:
    return request.META.get("sandbox.fault") == Fault.Kind.PROCESSING_FAILS


def window(upload: Upload) -> dict[str, str]:
    """What is wanted next; start and end are the same where nothing is."""
    first = len(upload.content)
    last = min(first + upload.person.facts.get("window", WINDOW), upload.facts["size"])
    return {"start_offset": str(first), "end_offset": str(last)}


def session(page: Person, wanted: dict[str, Any]) -> Upload:
    found = Upload.objects.filter(
        network=NETWORK, person=page, facts__session=str(wanted.get("upload_session_id"))
    ).first()
    if found is None:
        raise graph.error(100, "(#100) Invalid upload_session_id")
    return found


def begun(page: Person, edge: str, wanted: dict[str, Any]) -> Upload:
    upload = upload_of(page, str(wanted.get("video_id")))
    if upload is None or upload.facts.get("edge") != edge:
        raise graph.error(100, "(#100) Param video_id must be a video that was begun here")
    return upload


def transfer(request: HttpRequest, upload: Upload) -> HttpResponse:
    """One window, just the one that is wanted; else where to go on."""
    wanted, piece = window(upload), request.FILES.get("video_file_chunk")
    offset = graph.wire_fields(request).get("start_offset")
    content = bytes(piece.read()) if piece else b""
    is_whole = len(content) == int(wanted["end_offset"]) - int(wanted["start_offset"])
    if upload.facts["state"] != "open" or str(offset) != wanted["start_offset"] or not is_whole:
        said = "There was a problem uploading your video. Please try again with another file."
        raise graph.error(6001, said, 1363037, error_data=wanted, is_transient=False)
    upload.content = bytes(upload.content) + content
    upload.facts["fails"] = upload.facts["fails"] or is_to_fail(request)
    upload.save()
    return JsonResponse(window(upload))


@wire.endpoint(DIALECT, "POST")
def rupload(request: HttpRequest, video_id: str) -> HttpResponse:
    """A reel's or a story's bytes, from `offset` to the end of the file."""
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    if scheme != "OAuth":
        raise upload_error("NotAuthorizedError", "Give the token as OAuth", retriable=False)
    page = graph.grant_by(NETWORK, token).person
    upload = upload_of(page, video_id) if page else None
    if upload is None or upload.facts.get("edge") == "videos" or upload.facts["state"] != "open":
        raise upload_error("NotAuthorizedError", "There is no such upload", retriable=False)
    upload.facts["fails"] = upload.facts["fails"] or is_to_fail(request)
    content, there = request.read(), len(upload.content)
    if request.headers.get("offset") != str(there):
        raise upload_error("OffsetInvalidError", f"{there} bytes are there already")
    # Servers drop header names with underscores, so `file_size` is seldom seen here.
    size = request.headers.get("file_size") or str(upload.facts["size"] or there + len(content))
    if not size.isdecimal():
        raise upload_error("OffsetInvalidError", "file_size must be a number", retriable=False)
    return received(upload, bytes(upload.content) + content, int(size))


def received(upload: Upload, content: bytes, size: int) -> HttpResponse:
    if len(content) > size:
        raise upload_error("PartialRequestError", "More bytes than file_size says", retriable=False)
    upload.content, upload.facts["size"] = content, size
    upload.save()
    if len(content) < size:  # what came is kept; the rest may follow
        said = "Partial request (did not match length of file)"
        told = {"retriable": True, "type": "PartialRequestError", "message": said}
        return JsonResponse({"debug_info": told}, status=400)
    return JsonResponse({"success": True})


def upload_error(kind: str, message: str, *, retriable: bool = True) -> Refusal:
    return Refusal(400, {"debug_info": {"retriable": retriable, "type": kind, "message": message}})


# --- finishing: from here on the public sees it, once it is processed ---


def finish(request: HttpRequest, upload: Upload, wanted: dict[str, Any]) -> HttpResponse:
    edge, facts = upload.facts["edge"], upload.facts
    if facts["size"] is None or len(upload.content) < facts["size"]:
        raise graph.error(6000, "The video was not uploaded whole.", 1363031)
    if facts["state"] != "open":
        raise graph.error(100, "(#100) This video was finished already")
    facts["fails"] = facts["fails"] or is_to_fail(request)
    if edge == "video_reels" and wanted.get("video_state") != "PUBLISHED":
        raise graph.error(100, "(#100) Param video_state must be one of {PUBLISHED}; drafts are not played")
    refuse_too_many(upload)
    facts["about"] = about(wanted)
    facts |= {"state": "finished", "looks": 0}
    upload.save()
    if edge != "video_stories":
        return JsonResponse({"success": True})
    if facts["fails"]:
        raise graph.error(390, "(#390) The video could not be processed.")
    if trouble := trouble_of(upload):
        raise graph.error(100, trouble[1], trouble[0])
    return JsonResponse({"success": True, "post_id": go_live(upload).remote_id.partition("_")[2]})


def about(wanted: dict[str, Any]) -> dict[str, Any]:
    """What a video is published with."""
    if not is_true(wanted.get("published"), default=True):
        raise graph.error(100, "(#100) The sandbox plays no unpublished videos")
    if wanted.get("content_category", "OTHER") not in CATEGORIES:
        raise graph.error(100, "(#100) Param content_category is none of the categories")
    return {
        "text": text_of(wanted, "description"),
        "title": text_of(wanted, "title", 255),
        "category": wanted.get("content_category", ""),
        "is_ai_generated": is_true(wanted.get("is_ai_generated"), default=False),
        **audience(wanted),
        **button(wanted),
    }


def refuse_too_many(upload: Upload) -> None:
    day = timezone.now() - timedelta(hours=24)
    reels = Entry.objects.filter(network=NETWORK, person=upload.person, created_at__gt=day, body__kind="reel")
    most = upload.person.facts.get("reels_a_day", REELS_A_DAY)
    if upload.facts["edge"] == "video_reels" and reels.count() >= most:
        raise graph.error(368, "You're posting too fast. Try again later.", 1390008)


def trouble_of(upload: Upload) -> tuple[int, str] | None:
    """What is wrong with a video, found while it is processed."""
    found, (least, most) = probe(bytes(upload.content)), SECONDS[upload.facts["edge"]]
    if found is None or not found.is_video:
        return 2069019, "The file is not a video."
    if not least <= found.seconds <= most + 0.5:
        return 1363128, f"The video must last from {least} to {most} seconds."
    if upload.facts["edge"] == "videos":
        return None
    if found.width < 540 or found.height < 960:
        return 1363127, "Resolution too low. Video must have a minimum resolution of 540p."
    if abs(found.width / found.height - 9 / 16) > 0.01:
        return 1363040, "The aspect ratio must be 9:16."
    return None if 23.5 <= found.fps <= 60.5 else (1363129, "The frame rate must be from 24 to 60.")


def go_live(upload: Upload) -> Entry:
    told = upload.facts["about"]
    kind = {"videos": "video", "video_reels": "reel", "video_stories": "story"}[upload.facts["edge"]]
    facts = {**{name: value for name, value in told.items() if name != "text"}, "video_id": upload.remote_id}
    entry = keep(upload.person, kind, told["text"], facts, [upload])
    upload.facts |= {"state": "live", "post_id": entry.remote_id.partition("_")[2]}
    upload.save()
    return entry


def at_once(request: HttpRequest, page: Person, wanted: dict[str, Any]) -> HttpResponse:
    """A video in one request."""
    source = request.FILES.get("source")
    content = source.read() if source else fetching.fetch(str(wanted.get("file_url", "")))
    if not content:
        raise graph.error(100, "(#100) No video file was given", 1363041)
    upload = new_video(request, page, "videos")
    upload.content = content
    upload.facts |= {"size": len(content), "session": new_id()}
    upload.save()
    finish(request, upload, wanted)
    return JsonResponse({"id": upload.remote_id})


# --- how far a video is: the first look after "finish" finds it at work, the next finds it done ---


def video_body(upload: Upload, asked: set[str]) -> dict[str, Any]:
    if "status" in asked:
        look(upload)
    entry = Entry.objects.filter(network=NETWORK, body__video_id=upload.remote_id, deleted_at=None).first()
    body: dict[str, Any] = {
        "id": upload.remote_id,
        "status": status(upload),
        "published": entry is not None,
        "description": entry.text if entry else upload.facts.get("about", {}).get("text", ""),
        "title": upload.facts.get("about", {}).get("title", ""),
        "created_time": graph.graph_time(upload.created_at),
        "updated_time": graph.graph_time(upload.created_at),
        "from": {"id": upload.person.remote_id, "name": upload.person.name},
    }
    if entry:
        is_reel = upload.facts["edge"] == "video_reels"
        path = (
            f"/reel/{upload.remote_id}/"
            if is_reel
            else f"/{upload.person.remote_id}/videos/{upload.remote_id}/"
        )
        body |= {"permalink_url": path, "post_id": upload.facts["post_id"]}
    return {name: value for name, value in body.items() if name in asked or name == "id"}


def look(upload: Upload) -> None:
    facts = upload.facts
    is_whole = facts["size"] is not None and len(upload.content) == facts["size"]
    if not is_whole or facts["state"] in {"live", "failed"}:
        return
    facts["looks"] += 1
    if facts["state"] == "finished" and facts["looks"] > 1:
        trouble = trouble_of(upload)
        if facts["fails"] or trouble:
            facts |= {"state": "failed", "trouble": trouble or (390, "The video could not be processed.")}
        else:
            go_live(upload)
    upload.save()


def status(upload: Upload) -> dict[str, Any]:
    facts = upload.facts
    state, size = facts["state"], facts["size"] or 0
    is_whole = facts["size"] is not None and len(upload.content) == size
    # A stream is looked through for a moment after its last byte.
    is_settled = is_whole and (facts["edge"] != "video_stories" or facts["looks"] > 1 or state != "open")
    uploading = {
        "status": "complete" if is_settled else "in_progress" if upload.content else "not_started",
        "bytes_transferred": len(upload.content),
        "source_file_size": size,
    }
    words = {
        "open": ("upload_complete" if is_settled else "uploading", "not_started", "not_started", "draft"),
        "finished": ("processing", "in_progress", "not_started", "published"),
        "live": ("ready", "complete", "complete", "published"),
        "failed": ("error", "error", "error", "error"),
    }
    video, processing, publishing, publish = words[state]
    told: dict[str, Any] = {
        "video_status": video,
        "uploading_phase": uploading,
        "processing_phase": {"status": processing},
        "publishing_phase": {"status": publishing, "publish_status": publish},
    }
    if state == "failed":
        code, said = facts["trouble"]
        told["processing_phase"]["errors"] = [{"code": code, "message": said}]
    return told


@as_page("pages_read_engagement")
def list_videos(request: HttpRequest, page: Person) -> HttpResponse:
    return listed(request, page, "videos")


@as_page("pages_read_engagement")
def list_reels(request: HttpRequest, page: Person) -> HttpResponse:
    return listed(request, page, "video_reels")


def listed(request: HttpRequest, page: Person, edge: str) -> HttpResponse:
    uploads = Upload.objects.filter(
        network=NETWORK, person=page, facts__edge=edge, facts__state__in=["finished", "live"]
    )
    rows = since(request, list(uploads.select_related("person").order_by("-pk")))
    asked = graph.asked_fields(request, "id,description,updated_time") - {"status"}
    return graph.page_of(rows, request, lambda upload: video_body(upload, asked))


def change_video(upload: Upload, wanted: dict[str, Any]) -> HttpResponse:
    entry = Entry.objects.filter(network=NETWORK, body__video_id=upload.remote_id, deleted_at=None).first()
    if entry is None:
        raise graph.error(100, "(#100) This video is not published")
    entry.text = text_of(wanted, "description").strip()
    if "name" in wanted:
        entry.body["title"] = text_of(wanted, "name", 255)
    entry.save()
    return JsonResponse({"success": True})


def invite(upload: Upload, wanted: dict[str, Any]) -> HttpResponse:
    """Ask another Page to share a reel."""
    guest = Person.objects.filter(network=NETWORK, remote_id=str(wanted.get("target_id"))).first()
    entry = Entry.objects.filter(network=NETWORK, body__video_id=upload.remote_id, deleted_at=None).first()
    if guest is None or not guest.facts.get("pages") or entry is None or entry.body["kind"] != "reel":
        raise graph.error(100, "(#100) Param target_id must be a Page, and the video a reel")
    entry.body["collaborator"] = guest.name
    entry.save()
    return JsonResponse({"success": True})
