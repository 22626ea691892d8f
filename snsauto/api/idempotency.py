"""`Idempotency-Key`: the same request twice has the effect, and the answer, of one."""

import hashlib
import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, Concatenate, ParamSpec, TypeVar, cast

from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.http import QueryDict
from django.utils.timezone import now
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.models import IdempotentRequest, Membership, digest
from snsauto.api.authentication import member_of
from snsauto.api.errors import Conflict

P = ParamSpec("P")
V = TypeVar("V", bound=APIView)
Action = Callable[Concatenate[V, Request, P], Response]
HEADER = "Idempotency-Key"
LONGEST = 255
_UNDER_WAY = gettext_lazy("The first request with this Idempotency-Key is still under way.")
BUSY = timedelta(minutes=2)  # an unfinished record older than this was rolled back with its server


def idempotent(action: Action[V, P]) -> Action[V, P]:
    """Answer a repeated key with the stored answer; refuse it for another request, or while one is under way.

    Only an answer of success is kept: after a failure the same key may be used again. The answer is stored as
    it was sent, so an action that tells a secret once must not be one of these.
    """

    @wraps(action)
    def answered(view: V, request: Request, *args: P.args, **kwargs: P.kwargs) -> Response:
        key = request.headers.get(HEADER, "").strip()
        if not key:
            return action(view, request, *args, **kwargs)
        if len(key) > LONGEST:
            raise ValidationError({HEADER: _("At most 255 characters.")}, code="max_length")
        fingerprint = _fingerprint(request)
        record = _begin(member_of(request), key, fingerprint)
        if record.status is not None:
            return Response(record.body, status=record.status, headers={"Idempotent-Replayed": "true"})
        is_kept = False
        try:
            with transaction.atomic():
                response = action(view, request, *args, **kwargs)
                body = json.loads(json.dumps(response.data, default=str))
                IdempotentRequest.objects.filter(pk=record.pk).update(status=response.status_code, body=body)
            is_kept = True
        finally:
            if not is_kept:
                IdempotentRequest.objects.filter(pk=record.pk).delete()
        return response

    return cast("Action[V, P]", answered)


def _fingerprint(request: Request) -> str:
    body = dict(request.data.lists()) if isinstance(request.data, QueryDict) else request.data
    sent: dict[str, Any] = {"path": request.get_full_path(), "method": request.method, "body": body}
    return hashlib.sha256(json.dumps(sent, sort_keys=True, default=_written).encode()).hexdigest()


def _written(value: object) -> object:
    """A file is its content, whatever it is called."""
    if isinstance(value, UploadedFile):
        digest = hashlib.sha256()
        for chunk in value.chunks():
            digest.update(chunk)
        value.seek(0)
        return digest.hexdigest()
    return str(value)


def stored_key(member: Membership, key: str) -> str:
    """Each person's keys are their own."""
    return digest(f"{member.user_id} {key}")


def _begin(member: Membership, key: str, fingerprint: str) -> IdempotentRequest:
    """A new record, or the finished one of the same request."""
    key = stored_key(member, key)
    rows = IdempotentRequest.objects.filter(workspace_id=member.workspace_id, key=key)
    old, dead = now() - IdempotentRequest.LIFETIME, now() - BUSY
    rows.filter(Q(created_at__lt=old) | Q(status=None, created_at__lt=dead)).delete()
    try:
        with transaction.atomic():
            return IdempotentRequest.objects.create(
                workspace_id=member.workspace_id, key=key, fingerprint=fingerprint
            )
    except IntegrityError:
        record = rows.first()
    if record is None:  # the first has failed at this very moment; the key is free again
        raise Conflict(_UNDER_WAY, code="idempotency_busy")
    if record.fingerprint != fingerprint:
        raise Conflict(_("This Idempotency-Key was used for another request."), code="idempotency_key_reused")
    if record.status is None:
        raise Conflict(_UNDER_WAY, code="idempotency_busy")
    return record
