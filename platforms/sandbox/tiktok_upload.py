"""The host that takes TikTok's bytes: pieces in order, at an address that is the permission, for an hour."""

import re
from datetime import timedelta
from secrets import compare_digest

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from platforms.sandbox import wire
from platforms.sandbox.models import Upload
from platforms.sandbox.tiktok_jobs import VIDEO_TYPES
from platforms.sandbox.tiktok_wire import DIALECT, NETWORK

LIVES = timedelta(hours=1)


@wire.endpoint(DIALECT, "PUT")
def put(request: HttpRequest) -> HttpResponse:
    """201 with the last piece, 206 before it; 416 where a piece does not follow what is stored."""
    given = request.GET.get("upload_id", "")
    job = Upload.objects.filter(network=NETWORK, pk=int(given)).first() if given.isdigit() else None
    token = request.GET.get("upload_token", "")
    if job is None or not compare_digest(job.facts.get("token", "").encode(), token.encode()) or not token:
        return HttpResponse(status=404)
    if timezone.now() - job.created_at > LIVES:
        return HttpResponse("The upload_url has expired.", status=403, content_type="text/plain")
    if job.facts["state"] != "upload":
        return HttpResponse(status=404)
    return take(request, job)


def take(request: HttpRequest, job: Upload) -> HttpResponse:
    size, piece, count = job.facts["plan"]
    stored = len(job.content)
    said = re.fullmatch(r"bytes (\d+)-(\d+)/(\d+)", request.headers.get("Content-Range", ""))
    if not said or request.content_type not in VIDEO_TYPES or int(said[3]) != size:
        return HttpResponse("The headers are invalid", status=400, content_type="text/plain")
    first, last = int(said[1]), int(said[2])
    if first != stored:
        return progress(416, stored, size)
    is_last = first == (count - 1) * piece
    if last + 1 - first != (size - first if is_last else piece):
        return HttpResponse("The chunk size is invalid", status=400, content_type="text/plain")
    content = request.read()
    if len(content) != last + 1 - first:
        return HttpResponse("The chunk size is invalid", status=400, content_type="text/plain")
    job.content = bytes(job.content) + content
    if is_last:
        job.facts["state"] = "processing"
    job.save(update_fields=["content", "facts"])
    return progress(201 if is_last else 206, len(job.content), size)


def progress(status: int, stored: int, size: int) -> HttpResponse:
    return HttpResponse(status=status, headers={"Content-Range": f"bytes 0-{stored}/{size}"})
