"""The twin's video service, and the tokens by which a person's server lets other services act for them."""

import time
from datetime import timedelta
from typing import Any, cast
from urllib.parse import unquote

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone

from platforms.sandbox import bluesky_blobs
from platforms.sandbox.bluesky_sessions import authorised, may_chat
from platforms.sandbox.bluesky_wire import (
    NETWORK,
    auth_missing,
    invalid,
    new_tid,
    opened,
    parameter,
    person_called,
    refuse,
    server_did,
    sign,
)
from platforms.sandbox.cids import blob_cid
from platforms.sandbox.models import Fault, Person, Upload
from platforms.sandbox.probing import probe
from platforms.sandbox.wire import Refusal, bearer

SERVICE = "did:web:video.bsky.app"
TAKES = {"video/mp4", "video/mpeg", "video/webm", "video/quicktime", "image/gif"}
MOST_BYTES, MOST_SECONDS, DAILY = 300_000_000, 600, 25
UPLOAD, LIMITS = "com.atproto.repo.uploadBlob", "app.bsky.video.getUploadLimits"


# --- tokens for other services ---


def get_service_auth(request: HttpRequest) -> HttpResponse:
    """A token for one service and, if it shall last longer than a minute, one method."""
    grant = authorised(request, "rpc:*?aud=*")
    audience, method = parameter(request, "aud"), parameter(request, "lxm", "")
    now = int(time.time())
    if not audience.startswith("did:"):
        raise invalid(f'Invalid DID (got "{audience}") at $.aud')
    try:
        ends = int(parameter(request, "exp", str(now + 60)))
    except ValueError as error:
        raise invalid("Expected integer value type at $.exp") from error
    if ends < now:
        raise refuse(400, "BadExpiration", "expiration is in past")
    if ends > now + 3600:
        raise too_far("a token", "an hour")
    if not method and ends > now + 60:
        raise too_far("a method-less token", "a minute")
    if method.startswith("chat.bsky."):
        may_chat(grant, method)
    claims = {"iss": cast(Person, grant.person).remote_id, "aud": audience, "exp": ends, "jti": new_tid()}
    return JsonResponse({"token": sign("JWT", {**claims, **({"lxm": method} if method else {})})})


def too_far(what: str, most: str) -> Refusal:
    said = f"cannot request {what} with an expiration more than {most} in the future"
    return refuse(400, "BadExpiration", said)


def sent_for(request: HttpRequest, audience: str, method: str) -> Person:
    """Whom a service token speaks for, if it was made for this."""
    if not bearer(request):
        raise auth_missing()
    kind, claims = opened(bearer(request))
    person = person_called(str(claims.get("iss", "")))
    if kind != "JWT" or person is None:
        raise refuse(401, "BadJwt", "poorly formatted jwt")
    if unquote(str(claims["aud"])) != unquote(audience):
        raise refuse(401, "BadJwtAudience", "jwt audience does not match service did")
    if claims.get("lxm") != method:
        raise refuse(401, "BadJwtLexiconMethod", f"bad jwt lexicon method; must match: {method}")
    if claims["exp"] < time.time():
        raise refuse(401, "JwtExpired", "jwt expired")
    return person


# --- the service ---


def get_upload_limits(request: HttpRequest) -> HttpResponse:
    person = sent_for(request, SERVICE, LIMITS)
    if person.facts.get("unconfirmed"):
        said = {"error": "unconfirmed_email", "message": "Please verify your email to upload videos."}
        return JsonResponse({"canUpload": False, **said})
    left = max(_daily(person) - _sent_today(person), 0)
    told = {"canUpload": left > 0, "remainingDailyVideos": left, "remainingDailyBytes": left * MOST_BYTES}
    return JsonResponse(told)


def upload_video(request: HttpRequest) -> HttpResponse:
    """Take a video in; what is made of it is put on the person's server when somebody looks."""
    person = sent_for(request, server_did(request), UPLOAD)
    if parameter(request, "did") != person.remote_id:
        raise refuse(401, "BadJwt", "jwt issuer does not match did")
    if not parameter(request, "name"):
        raise invalid('Missing required key "name" at $')
    if request.content_type not in TAKES:
        raise refuse(400, "UnsupportedContentType", f"Unsupported content type: {request.content_type}")
    content = request.read(MOST_BYTES + 1)
    _refuse_unfit(person, content)
    name = blob_cid(content)
    known = _jobs(person).filter(facts__source=name).exclude(facts__fails=True).first()
    if known is not None:
        told = {"error": "already_exists", "message": "Video already processed"}
        return JsonResponse({**_status(known), **told}, status=409)
    fails = request.META["sandbox.fault"] == Fault.Kind.PROCESSING_FAILS
    job = Upload.objects.create(
        network=NETWORK,
        person=person,
        remote_id=f"job-{new_tid()}",
        content=content,
        content_type="video/job",
        facts={"source": name, "looks": 0, "fails": fails},
    )
    return JsonResponse({"jobStatus": _status(job)})


def _refuse_unfit(person: Person, content: bytes) -> None:
    found = probe(content)
    if _sent_today(person) >= _daily(person):
        raise refuse(400, "DailyLimitExceeded", "Daily video upload limit exceeded")
    if len(content) > MOST_BYTES:
        raise refuse(400, "VideoTooLarge", f"Video is larger than {MOST_BYTES} bytes")
    if found is None or not found.is_video:
        raise refuse(400, "UnsupportedContentType", "The file is no video")
    if found.seconds > MOST_SECONDS:
        raise refuse(400, "VideoTooLong", f"Video is longer than {MOST_SECONDS} seconds")


def get_job_status(request: HttpRequest) -> HttpResponse:
    """How far a video is. The first look sees it under way, the second sees it done."""
    job = Upload.objects.select_related("person").filter(
        network=NETWORK, remote_id=parameter(request, "jobId"), content_type="video/job"
    )
    found = job.first()
    if found is None:
        raise invalid("Job not found")
    found.facts["looks"] += 1
    if found.facts["looks"] > 1 and not found.facts["fails"]:
        # Made anew by the service, so other bytes: an empty box at the end changes nothing for players.
        made = bytes(found.content) + b"\0\0\0\x08free"
        found.facts["blob"] = bluesky_blobs.keep(found.person, made, "video/mp4")
    found.save(update_fields=["facts"])
    return JsonResponse({"jobStatus": _status(found)})


def _status(job: Upload) -> dict[str, Any]:
    told: dict[str, Any] = {"jobId": job.remote_id, "did": job.person.remote_id}
    if "blob" in job.facts:
        return {**told, "state": "JOB_STATE_COMPLETED", "progress": 100, "blob": job.facts["blob"]}
    if job.facts["looks"] > 1:
        why = {"error": "encoding failed", "failureCode": "encoding_failure", "message": "Encoding failed"}
        return {**told, "state": "JOB_STATE_FAILED", **why}
    if job.facts["looks"]:
        return {**told, "state": "JOB_STATE_ENCODING", "progress": 40}
    return {**told, "state": "JOB_STATE_CREATED", "progress": 0}


def _jobs(person: Person) -> Any:
    return Upload.objects.filter(network=NETWORK, person=person, content_type="video/job")


def _sent_today(person: Person) -> int:
    return int(_jobs(person).filter(created_at__gt=timezone.now() - timedelta(days=1)).count())


def _daily(person: Person) -> int:
    return int(person.facts.get("daily_videos", DAILY))
