"""What becomes of a post that TikTok was given: fetched, looked at, published, moderated; counted in looks.

The first look at a status finds it in progress, the next finds it published, the one after shows its id.
A person's `looks` and `moderation` (numbers of looks) make it slower.
"""

import secrets
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.utils import timezone

from platforms.sandbox.fetching import fetch
from platforms.sandbox.models import Entry, Grant, Person, Upload
from platforms.sandbox.probing import Probed, probe
from platforms.sandbox.tiktok_wire import NETWORK

PUBLIC = "PUBLIC_TO_EVERYONE"
VIDEO_TYPES = {"video/mp4", "video/webm", "video/quicktime"}
CODECS = {"h264", "hevc", "vp8", "vp9"}
PHOTO_TYPES = {"image/jpeg", "image/webp"}
PHOTO_BYTES = 20_000_000
PHOTO_PIXELS = 1080 * 1920
SOURCES = {"FILE_UPLOAD": "file", "PULL_FROM_URL": "url"}
DAY = timedelta(hours=24)


def open_job(person: Person, kind: str, mode: str, source: str, **facts: Any) -> Upload:
    """A post that is under way, called as TikTok calls it."""
    word = {"video": "v", "photo": "p"}[kind]
    place = {"direct": "pub", "inbox": "inbox"}[mode]
    version = "v2-1" if (kind, mode) == ("video", "direct") else "v2"
    return Upload.objects.create(
        network=NETWORK,
        person=person,
        remote_id=f"{word}_{place}_{SOURCES[source]}~{version}.{new_id()}",
        facts={
            "kind": kind,
            "mode": mode,
            "source": source,
            "state": "upload" if source == "FILE_UPLOAD" else "processing",
            "looks": person.facts.get("looks", 1),
            **facts,
        },
    )


def new_id() -> int:
    """Seconds, then bits that keep two of one moment apart: larger than a double can hold."""
    return int(timezone.now().timestamp()) << 32 | secrets.randbits(32)


def jobs_of(person: Person, mode: str) -> Iterator[Upload]:
    """What a person sent within a day and what has not failed."""
    sent = Upload.objects.filter(network=NETWORK, person=person, created_at__gt=timezone.now() - DAY)
    for job in sent.defer("content"):
        if job.facts.get("mode") == mode and job.facts["state"] not in {"failed", "upload"}:
            yield job


def look(job: Upload) -> None:
    """Time passes for a post, as much as lies between two looks."""
    facts = job.facts
    if facts["state"] == "processing":
        if facts["looks"]:
            facts["looks"] -= 1
        else:
            finish(job)
    elif facts["state"] == "complete" and facts["moderation"]:
        facts["moderation"] -= 1
        if not facts["moderation"]:
            show(job)
    job.save()


def settle(person: Person) -> None:
    """All that is under way comes to its end: whoever reads the profile comes later than whoever asks."""
    for job in Upload.objects.filter(network=NETWORK, person=person, facts__has_key="state").order_by("pk"):
        while job.facts["state"] == "processing" or job.facts.get("moderation"):
            look(job)


def finish(job: Upload) -> None:
    """Publish it, or say why not."""
    files, reason = media_of(job)
    person = Person.objects.get(pk=job.person_id)
    alive = Grant.objects.filter(network=NETWORK, person=person, revoked_at=None)
    if not alive.exists():
        reason = "auth_removed"
    reason = person.facts.pop("fails", "") or reason
    person.save(update_fields=["facts"])
    if reason:
        job.facts |= {"state": "failed", "fail_reason": reason}
        return
    publish(job, files)


def publish(job: Upload, files: list[tuple[bytes, Probed]]) -> None:
    facts, post = job.facts, job.facts.get("post_info", {})
    is_draft = facts["mode"] == "inbox"
    entry = Entry.objects.create(
        network=NETWORK,
        person=job.person,
        remote_id=str(new_id()),
        text=post.get("description") or (post.get("title", "") if facts["kind"] == "video" else ""),
        body={
            **{name: value for name, value in facts.items() if name in {"kind", "mode", "cover", "is_aigc"}},
            **post,
            "publish_id": job.remote_id,
            "seconds": round(files[0][1].seconds),
            "size": [files[0][1].width, files[0][1].height],
            "is_public": False,
        },
    )
    entry.attach(keep(job, files))
    facts |= {"state": "inbox" if is_draft else "complete", "entry": entry.pk, "moderation": 0}
    if not is_draft:
        facts["moderation"] = job.person.facts.get("moderation", 1)
        if not facts["moderation"]:
            show(job)


def show(job: Upload) -> None:
    """Moderation is through: what everyone may watch has a public id now."""
    entry = Entry.objects.get(pk=job.facts["entry"])
    entry.body["is_public"] = entry.body.get("privacy_level") == PUBLIC
    entry.save(update_fields=["body"])


def keep(job: Upload, files: list[tuple[bytes, Probed]]) -> list[Upload]:
    """The files as the profile shows them: a video is the job's own."""
    if job.facts["kind"] == "video":
        job.content, job.content_type = files[0][0], files[0][1].content_type
        job.save()
        return [job]
    return [
        Upload.objects.create(
            network=NETWORK,
            person=job.person,
            remote_id=f"{job.remote_id}.{n}",
            content=content,
            content_type=found.content_type,
        )
        for n, (content, found) in enumerate(files)
    ]


def media_of(job: Upload) -> tuple[list[tuple[bytes, Probed]], str]:
    """The files of a post, or why they cannot be used."""
    kind = job.facts["kind"]
    is_pulled = job.facts["source"] == "PULL_FROM_URL"
    contents = [fetch(url) for url in job.facts["urls"]] if is_pulled else [bytes(job.content)]
    files = []
    for content in contents:
        if content is None:
            return [], f"{kind}_pull_failed"
        found = probe(content)
        reason = wrong(kind, found, len(content), job.person.facts)
        if found is None or reason:
            return [], reason
        files.append((content, found))
    return files, ""


def wrong(kind: str, found: Probed | None, size: int, facts: dict[str, Any]) -> str:
    """Why TikTok does not publish a file, '' where it does."""
    if kind == "photo":
        if found is None or found.content_type not in PHOTO_TYPES or size > PHOTO_BYTES:
            return "file_format_check_failed"
        is_large = found.width * found.height > PHOTO_PIXELS or max(found.width, found.height) > 1920
        return "picture_size_check_failed" if is_large else ""
    if found is None or found.content_type not in VIDEO_TYPES or found.codecs[0] not in CODECS:
        return "file_format_check_failed"
    checks = (
        ("duration_check_failed", 0 < found.seconds <= facts.get("max_seconds", 300) + 0.5),
        ("frame_rate_check_failed", 23 <= round(found.fps) <= 60),
        (
            "picture_size_check_failed",
            min(found.width, found.height) >= 360 and max(found.width, found.height) <= 4096,
        ),
    )
    return next((reason for reason, holds in checks if not holds), "")
