"""TikTok's Content Posting API from the other side: what a creator may do, starting a post, its status."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from django.utils import timezone

from platforms.sandbox.consent import is_local
from platforms.sandbox.models import Entry, Person, Upload
from platforms.sandbox.tiktok_jobs import PUBLIC, jobs_of, look, open_job
from platforms.sandbox.tiktok_wire import NETWORK, Visit, endpoint, fields_of, refusal
from platforms.text import utf16_length

PRIVATE = "SELF_ONLY"
FRIENDS = "MUTUAL_FOLLOW_FRIENDS"
MOST_POSTS = 15  # of one creator in a day
MOST_DRAFTS = 5  # that wait unfinished
LEAST_PIECE, MOST_PIECE = 5_242_880, 64_000_000  # valid whether MB is 10^6 or 2^20
MOST_BYTES = 4_294_967_296
MOST_PHOTOS = 35

AUDIENCE = {
    "privacy_level": str,
    "disable_comment": bool,
    "brand_content_toggle": bool,
    "brand_organic_toggle": bool,
}
VIDEO = {
    **AUDIENCE,
    "title": str,
    "disable_duet": bool,
    "disable_stitch": bool,
    "video_cover_timestamp_ms": int,
    "is_aigc": bool,
}
PHOTO = {**AUDIENCE, "title": str, "description": str, "auto_add_music": bool}
UPLOAD = {"source": str, "video_size": int, "chunk_size": int, "total_chunk_count": int}

# --- the creator ---


@endpoint("POST", "creator_info", "video.publish", 20)
def creator_info(visit: Visit) -> dict[str, Any]:
    """What the creator may do; the refusals come inside a 200."""
    if visit.request.body:
        visit.body({})
    if code := refused_creator(visit.person):
        raise refusal(code, status=200)
    return creator(visit)


def creator(visit: Visit) -> dict[str, Any]:
    person, facts = visit.person, visit.person.facts
    is_private = facts.get("is_private", False)
    return {
        "creator_avatar_url": visit.picture,
        "creator_username": person.handle,
        "creator_nickname": person.name,
        "privacy_level_options": facts.get("privacy_level_options")
        or ["FOLLOWER_OF_CREATOR" if is_private else PUBLIC, FRIENDS, PRIVATE],
        "comment_disabled": facts.get("comment_disabled", False),
        "duet_disabled": is_private or facts.get("duet_disabled", False),
        "stitch_disabled": is_private or facts.get("stitch_disabled", False),
        "max_video_post_duration_sec": facts.get("max_seconds", 300),
    }


def refused_creator(person: Person) -> str:
    """Why the creator may not post today, '' where they may. A person's `refused` names a reason."""
    most = person.facts.get("limits", {}).get("posts", MOST_POSTS)
    is_full = len(list(jobs_of(person, "direct"))) >= most
    return str(person.facts.get("refused") or ("spam_risk_too_many_posts" if is_full else ""))


# --- starting a post ---


@endpoint("POST", "video/init", "video.publish", 6)
def video_init(visit: Visit) -> dict[str, Any]:
    body = visit.body({"post_info": dict, "source_info": dict})
    post = fields_of(body.get("post_info"), VIDEO, "post_info")
    refuse_length("title", post, 2200)
    refuse_audience(visit, post)
    return started(visit, "direct", body, post_info=post)


@endpoint("POST", "inbox/video/init", "video.upload", 6)
def inbox_init(visit: Visit) -> dict[str, Any]:
    body = visit.body({"source_info": dict})
    refuse_pending(visit.person)
    return started(visit, "inbox", body)


def started(visit: Visit, mode: str, body: dict[str, Any], **facts: Any) -> dict[str, Any]:
    """A video that is fetched, or whose bytes are waited for at an address of their own."""
    source = body.get("source_info")
    if isinstance(source, dict) and source.get("source") == "PULL_FROM_URL":
        fields_of(source, {"source": str, "video_url": str}, "source_info")
        facts["urls"] = [reachable(visit, source.get("video_url"))]
        return {"publish_id": open_job(visit.person, "video", mode, "PULL_FROM_URL", **facts).remote_id}
    facts |= {"plan": plan_of(source), "token": secrets.token_urlsafe(24)}
    job = open_job(visit.person, "video", mode, "FILE_UPLOAD", **facts)
    address = f"{visit.root}/upload/video/?upload_id={job.pk}&upload_token={facts['token']}"
    return {"publish_id": job.remote_id, "upload_url": address}


def plan_of(source: Any) -> list[int]:
    """Size, piece and number of pieces, if they fit each other."""
    given = fields_of(source, UPLOAD, "source_info")
    size, piece, count = (given.get(name, 0) for name in list(UPLOAD)[1:])
    is_whole = count == 1 and piece == size <= MOST_PIECE
    is_cut = LEAST_PIECE <= piece <= min(size, MOST_PIECE) and count == size // piece <= 1000
    if given.get("source") != "FILE_UPLOAD" or not 0 < size <= MOST_BYTES or not (is_whole or is_cut):
        raise refusal("invalid_file_upload", "The chunk size or the total chunk count is invalid")
    return [size, piece, count]


@endpoint("POST", "content/init", "user.info.basic", 6)
def content_init(visit: Visit) -> dict[str, Any]:
    known = {"media_type": str, "post_mode": str, "is_aigc": bool, "post_info": dict, "source_info": dict}
    body = visit.body(known)
    modes = {"DIRECT_POST": ("direct", "video.publish"), "MEDIA_UPLOAD": ("inbox", "video.upload")}
    if body.get("media_type") != "PHOTO" or body.get("post_mode") not in modes:
        raise refusal("invalid_params", "media_type or post_mode is invalid")
    mode, scope = modes[body["post_mode"]]
    if scope not in visit.grant.scopes:
        raise refusal("scope_not_authorized")
    post = photo_post(visit, mode, body.get("post_info"))
    urls, cover = photos_of(visit, body.get("source_info"))
    facts = {"post_info": post, "urls": urls, "cover": cover, "is_aigc": body.get("is_aigc", False)}
    return {"publish_id": open_job(visit.person, "photo", mode, "PULL_FROM_URL", **facts).remote_id}


def photo_post(visit: Visit, mode: str, given: Any) -> dict[str, Any]:
    known: dict[str, type] = PHOTO if mode == "direct" else {"title": str, "description": str}
    post = fields_of(given, known, "post_info")
    refuse_length("title", post, 90)
    refuse_length("description", post, 4000)
    if mode == "direct":
        refuse_audience(visit, post)
    else:
        refuse_pending(visit.person)
        if visit.person.facts.get("has_old_app"):
            raise refusal("app_version_check_failed")
    return post


def photos_of(visit: Visit, given: Any) -> tuple[list[str], int]:
    known = {"source": str, "photo_cover_index": int, "photo_images": list}
    source = fields_of(given, known, "source_info")
    urls, cover = source.get("photo_images", []), source.get("photo_cover_index", 0)
    is_fit = source.get("source") == "PULL_FROM_URL" and 1 <= len(urls) <= MOST_PHOTOS
    if not is_fit or not 0 <= cover < len(urls):
        raise refusal("invalid_params", "photo_images or photo_cover_index is invalid")
    return [reachable(visit, url) for url in urls], cover


def reachable(visit: Visit, url: Any) -> str:
    """An address on a verified property: this machine's own are. https, but for addresses of this machine."""
    parts = urlsplit(url) if isinstance(url, str) else urlsplit("")
    if parts.scheme not in {"http", "https"} or (parts.scheme == "http" and not is_ours(visit, url)):
        raise refusal("invalid_params", "The URL must begin with https")
    if not is_ours(visit, url):
        raise refusal("url_ownership_unverified")
    return str(url)


def is_ours(visit: Visit, url: str) -> bool:
    return is_local(url) or urlsplit(url).netloc == visit.request.get_host()


def refuse_length(name: str, post: dict[str, Any], most: int) -> None:
    if utf16_length(post.get(name, "")) > most:
        raise refusal("invalid_params", f"The {name} exceeds {most} characters in UTF-16 runes")


def refuse_pending(person: Person) -> None:
    most = person.facts.get("limits", {}).get("drafts", MOST_DRAFTS)
    if len(list(jobs_of(person, "inbox"))) >= most:
        raise refusal("spam_risk_too_many_pending_share")


def refuse_audience(visit: Visit, post: dict[str, Any]) -> None:
    """Whether this creator may post to these people just now. A person's `unaudited` is the app's state."""
    if code := refused_creator(visit.person):
        raise refusal(code)
    level = post.get("privacy_level", "")
    if not level:
        raise refusal("invalid_params", "privacy_level is required")
    if level not in creator(visit)["privacy_level_options"]:
        raise refusal("privacy_level_option_mismatch")
    if visit.person.facts.get("unaudited") and not (
        level == PRIVATE and visit.person.facts.get("is_private")
    ):
        raise refusal("unaudited_client_can_only_post_to_private_accounts")
    if post.get("brand_content_toggle") and level == PRIVATE:
        raise refusal("invalid_params", "Branded content can not be private")


# --- status ---


@endpoint("POST", "status/fetch", "user.info.basic", 30)
def status(visit: Visit) -> dict[str, Any]:
    job = job_of(visit)
    look(job)
    facts = job.facts
    if facts["state"] in {"complete", "inbox"}:
        words = {"complete": "PUBLISH_COMPLETE", "inbox": "SEND_TO_USER_INBOX"}
        return {"status": words[facts["state"]], **moved(job), **public_id(job)}
    if facts["state"] == "failed":
        return {"status": "FAILED", "fail_reason": facts["fail_reason"], **moved(job)}
    is_upload = facts["source"] == "FILE_UPLOAD"
    return {"status": "PROCESSING_UPLOAD" if is_upload else "PROCESSING_DOWNLOAD", **moved(job)}


def job_of(visit: Visit) -> Upload:
    publish_id = visit.body({"publish_id": str}).get("publish_id", "")
    job = Upload.objects.filter(network=NETWORK, remote_id=publish_id, facts__has_key="state").first()
    if job is None:
        raise refusal("invalid_publish_id")
    if job.person_id != visit.person.pk:
        raise refusal("token_not_authorized_for_specified_publish_id")
    return job


def moved(job: Upload) -> dict[str, int]:
    name = "uploaded_bytes" if job.facts["source"] == "FILE_UPLOAD" else "downloaded_bytes"
    return {name: len(job.content)}


def public_id(job: Upload) -> dict[str, list[int]]:
    """The id of a public post, a number that is larger than a double can hold."""
    entry = Entry.objects.filter(pk=job.facts["entry"], deleted_at=None).first()
    is_public = entry is not None and entry.body["is_public"]
    return {"publicaly_available_post_id": [int(entry.remote_id)]} if entry and is_public else {}


@endpoint("POST", "cancel", "user.info.basic", 30)
def cancel(visit: Visit) -> dict[str, Any]:
    job = job_of(visit)
    if job.facts["state"] not in {"upload", "processing"}:
        raise refusal("publish_not_cancellable")
    job.facts |= {"state": "failed", "fail_reason": "publish_cancelled", "cancelled_at": str(timezone.now())}
    job.save(update_fields=["facts"])
    return {}
