"""What a bot is told: a queue that it empties by asking, or that is posted to its webhook."""

import ipaddress
import json
import re
import secrets
import time
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import requests
from django.db import transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from platforms.sandbox import wire
from platforms.sandbox.models import Grant, Person
from platforms.sandbox.telegram_chats import changed
from platforms.sandbox.telegram_wire import (
    METHODS,
    NETWORK,
    TWO_POLLERS,
    WEBHOOK_IS_ACTIVE,
    Said,
    Visit,
    bad,
    bot_api,
    fields_of,
    method,
    refusal,
)
from platforms.sandbox.wire import Refusal

KEPT = timedelta(hours=24)
LONGEST_POLL = 50
PORTS = {443, 80, 88, 8443}
ON_REQUEST = {"chat_member", "message_reaction", "message_reaction_count"}
FIRST = 10_001
LOOKS_EVERY = 0.2


def push(bot: Person, kind: str, content: dict[str, Any]) -> dict[str, Any] | None:
    """Tell a bot something, if it wants to hear of such; to its webhook as soon as it is written down."""
    with changed(bot) as facts:
        allowed = facts.get("allowed_updates") or []
        if kind not in allowed and (allowed or kind in ON_REQUEST):
            return None
        number = facts.get("next_update", FIRST)
        facts["next_update"] = number + 1
        update = {"update_id": number, kind: content}
        oldest = (timezone.now() - KEPT).timestamp()
        kept = [one for one in facts.get("updates", []) if one["at"] > oldest]
        facts["updates"] = [*kept, {"at": timezone.now().timestamp(), "update": update}]
    transaction.on_commit(lambda: deliver(bot))
    return update


def waiting(bot: Person) -> list[dict[str, Any]]:
    return [one["update"] for one in bot.facts.get("updates", [])]


# --- asking ---


@method("getUpdates")
def get_updates(visit: Visit) -> list[dict[str, Any]]:
    if visit.bot.facts.get("webhook"):
        raise refusal(WEBHOOK_IS_ACTIVE)
    offset, limit = visit.number("offset"), visit.number("limit", 100)
    with changed(visit.bot) as facts:
        _allow(visit, facts)
        queue = facts.get("updates", [])
        if offset < 0:
            queue = queue[offset:]
        elif offset:
            queue = [one for one in queue if one["update"]["update_id"] >= offset]
        facts["updates"] = queue
    return [one["update"] for one in queue[: min(max(limit, 1), 100)]]


def _allow(visit: Visit, facts: dict[str, Any]) -> None:
    allowed = visit.parsed("allowed_updates", list)
    if allowed is not None:
        facts["allowed_updates"] = allowed


@csrf_exempt
def answer_call(request: HttpRequest, token: str, name: str) -> HttpResponseBase:
    """Any method; one that waits for news waits here, outside of every transaction."""
    seconds = 0
    if name.lower() == "getupdates":
        given = fields_of_or_none(request).get("timeout", 0)
        seconds = min(int(given), LONGEST_POLL) if str(given).isdecimal() else 0
    if seconds and (refused := _wait(token, seconds, fields_of_or_none(request))):
        return wire.answer(refused)
    return bot_api(request, token=token, name=name)


def fields_of_or_none(request: HttpRequest) -> dict[str, Any]:
    try:
        return fields_of(request)
    except Refusal:
        return {}


def _wait(token: str, seconds: int, fields: dict[str, Any]) -> Refusal | None:
    """Wait until there is something new; of two who wait, the first is sent away."""
    grant = Grant.objects.filter(network=NETWORK, access=token, revoked_at=None).first()
    if grant is None or grant.person is None:
        return None
    offset = int(fields.get("offset") or 0)
    me = secrets.token_hex(8)
    with changed(grant.person) as facts:
        facts["poller"] = me
    ends_at = time.monotonic() + seconds
    while time.monotonic() < ends_at:
        bot = Person.objects.get(pk=grant.person.pk)
        if bot.facts.get("poller") != me:
            return refusal(TWO_POLLERS)
        if bot.facts.get("webhook") or any(u["update_id"] >= offset for u in waiting(bot)):
            return None
        time.sleep(LOOKS_EVERY)
    return None


# --- being told ---


@method("setWebhook")
def set_webhook(visit: Visit) -> Said:
    url, secret = visit.text("url"), visit.text("secret_token")
    if not url:
        return _forget_webhook(visit)
    _refuse_address(url)
    if len(secret) > 256:
        raise bad("secret token is too long")
    if not re.fullmatch(r"[A-Za-z0-9_-]*", secret):
        raise bad("secret token contains unallowed characters")
    wanted = {"url": url, "secret": secret, "most": visit.number("max_connections", 40)}
    with changed(visit.bot) as facts:
        _allow(visit, facts)
        was = facts.get("webhook") or {}
        facts["webhook"] = wanted
        if visit.flag("drop_pending_updates"):
            facts["updates"] = []
    if {name: was.get(name) for name in wanted} == wanted:
        return Said(True, "Webhook is already set")
    transaction.on_commit(lambda: deliver(visit.bot))
    return Said(True, "Webhook was set")


def _refuse_address(url: str) -> None:
    """As the public server does; an address of this machine passes, as on a server of one's own (--local)."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if not host:
        raise bad("bad webhook: invalid webhook URL specified")
    if host == "localhost" or _is_loopback(host):
        return
    if parts.scheme != "https":
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@method("deleteWebhook")
def delete_webhook(visit: Visit) -> Said:
    return _forget_webhook(visit)


def _forget_webhook(visit: Visit) -> Said:
    with changed(visit.bot) as facts:
        was = facts.pop("webhook", None)
        if visit.flag("drop_pending_updates"):
            facts["updates"] = []
    return Said(True, "Webhook was deleted" if was else "Webhook is already deleted")


@method("getWebhookInfo")
def get_webhook_info(visit: Visit) -> dict[str, Any]:
    facts = visit.bot.facts
    webhook = facts.get("webhook") or {}
    told: dict[str, Any] = {
        "url": webhook.get("url", ""),
        "has_custom_certificate": False,
        "pending_update_count": len(waiting(visit.bot)),
    }
    if webhook:
        told["max_connections"] = webhook["most"]
    if webhook.get("error"):
        told |= {"last_error_date": webhook["error_at"], "last_error_message": webhook["error"]}
    if facts.get("allowed_updates"):
        told["allowed_updates"] = facts["allowed_updates"]
    return told


def deliver(bot: Person) -> None:
    """Post what is waiting to the webhook, in order, until one is not taken; the rest waits."""
    bot.refresh_from_db()
    webhook = bot.facts.get("webhook")
    while webhook and (updates := waiting(bot)):
        error, said = _post(webhook, updates[0])
        with changed(bot) as facts:
            if error and facts.get("webhook"):
                facts["webhook"] |= {"error": error, "error_at": int(timezone.now().timestamp())}
            if not error:
                done = updates[0]["update_id"]
                facts["updates"] = [one for one in facts["updates"] if one["update"]["update_id"] != done]
        if error:
            return
        _obey(bot, said)


def _post(webhook: dict[str, Any], update: dict[str, Any]) -> tuple[str, Any]:
    """What went wrong ('' for nothing), and what the receiver answered."""
    headers = {"X-Telegram-Bot-Api-Secret-Token": webhook["secret"]} if webhook["secret"] else {}
    try:
        answer = requests.post(
            webhook["url"], json=update, headers=headers, timeout=10, allow_redirects=False
        )
    except requests.RequestException:
        return "Connection refused", None
    if not answer.ok:
        return f"Wrong response from the webhook: {answer.status_code} {answer.reason}", None
    try:
        return "", answer.json()
    except ValueError:
        return "", None


def _obey(bot: Person, said: Any) -> None:
    """An answer may itself be a call; nobody hears what became of it."""
    name = str(said.get("method", "")) if isinstance(said, dict) else ""
    view = METHODS.get(name.lower())
    if view is None or name.lower().startswith("get") or name.lower() == "setwebhook":
        return
    try:
        with transaction.atomic():
            view(Visit(bot, "", json.loads(json.dumps(said))))
    except Refusal:
        return
