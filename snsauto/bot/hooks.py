"""Where the bot's network calls us, if it is to: what came is written down for the bot's process."""

import hmac
import json

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseForbidden
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from accounts import chats
from snsauto.bot import updates

MOST_BYTES = 1_000_000


@csrf_exempt
@require_POST
def bot_hook(request: HttpRequest, name: str) -> HttpResponse:
    """Only who knows the secret is heard; the same news twice are one."""
    bot, secret = chats.bot(), settings.CHAT_BOT["webhook_secret"]
    if bot is None or not secret or bot.name != name:
        raise Http404
    if not hmac.compare_digest(bot.signature(request.headers).encode(), secret.encode()):
        return HttpResponseForbidden()
    if int(request.headers.get("Content-Length") or 0) > MOST_BYTES:
        return HttpResponse(status=413)
    try:
        raw = json.loads(request.body)
        updates.keep(bot, [raw])
    except (ValueError, KeyError, TypeError, AttributeError):
        return HttpResponse(status=400)
    return HttpResponse()
