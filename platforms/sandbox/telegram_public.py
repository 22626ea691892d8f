"""What the public sees at t.me: a channel's page, its picture, and the address of each message."""

from datetime import UTC, datetime
from html import escape

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString

from platforms.sandbox import wire
from platforms.sandbox.insights import grown
from platforms.sandbox.models import Entry, Person
from platforms.sandbox.telegram_chats import is_public, kind_of, posts_of
from platforms.sandbox.telegram_messages import Message
from platforms.sandbox.telegram_wire import DIALECT, NETWORK

ON_A_PAGE = 20
MOST_VIEWS = 4200
CREATED = (  # the first message of every channel
    '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
    '<div class="tgme_widget_message service_message js-widget_message" data-post="{handle}/1">'
    '<div class="tgme_widget_message_text js-message_text">Channel created</div>'
    '<div class="tgme_widget_message_info"><a class="tgme_widget_message_date">'
    '<time datetime="2024-03-01T06:00:00+00:00" class="time">06:00</time></a></div></div></div>'
)
TAGS = {
    "bold": "b", "italic": "i", "underline": "u", "strikethrough": "s", "code": "code", "pre": "pre",
    "blockquote": "blockquote", "expandable_blockquote": "blockquote", "mention": "strong",
    "hashtag": "strong",
}  # fmt: skip


@wire.endpoint(DIALECT, "GET")
def channel_page(request: HttpRequest, handle: str) -> HttpResponse:
    """t.me/s/name: the last posts of a public channel; other chats have no such page."""
    channel = Person.objects.filter(network=NETWORK, handle__iexact=handle).first()
    if channel is None or kind_of(channel) != "channel" or not is_public(channel):
        return redirect("telegram-home", handle)
    entries = list(posts_of(channel).order_by("-pk"))
    before = request.GET.get("before", "")
    if before.isdecimal():
        entries = [entry for entry in entries if int(entry.remote_id) < int(before)]
    shown = "".join(_post(channel, entry) for entry in reversed(entries[:ON_A_PAGE]))
    if len(entries) < ON_A_PAGE:
        shown = CREATED.format(handle=channel.handle) + shown
    return HttpResponse(
        f"<!DOCTYPE html><html><head><title>{escape(channel.name)} – Telegram</title></head><body>"
        '<div class="tgme_channel_info"><div class="tgme_channel_info_header_title">'
        f'<span dir="auto">{escape(channel.name)}</span></div></div>'
        f'<section class="tgme_channel_history js-message_history">{shown}</section></body></html>'
    )


def _post(channel: Person, entry: Entry) -> str:
    messages: list[Message] = entry.body["messages"]
    first, address = messages[0], f"https://t.me/{channel.handle}"
    is_album = len(messages) > 1
    media = "".join(_medium(message, f"{address}/{message['message_id']}", is_album) for message in messages)
    if is_album:
        media = f'<div class="tgme_widget_message_grouped_wrap">{media}</div>'
    reply = ""
    if answered := first.get("reply_to_message"):
        reply = (
            f'<a class="tgme_widget_message_reply" href="{address}/{answered["message_id"]}">'
            '<div class="tgme_widget_message_text js-message_reply_text">…</div></a>'
        )
    words = first.get("text") or first.get("caption") or ""
    text = (
        f'<div class="tgme_widget_message_text js-message_text" dir="auto">{rendered(first)}</div>'
        if words
        else ""
    )
    when = datetime.fromtimestamp(first["date"], UTC).isoformat()
    return (
        '<div class="tgme_widget_message_wrap js-widget_message_wrap">'
        '<div class="tgme_widget_message js-widget_message" '
        f'data-post="{channel.handle}/{first["message_id"]}">'
        f'<div class="tgme_widget_message_bubble">{reply}{media}{text}{_poll(first)}{_reactions(entry)}'
        f'<span class="tgme_widget_message_views">{shortened(views(entry))}</span>'
        f'<a class="tgme_widget_message_date" href="{address}/{first["message_id"]}">'
        f'<time datetime="{when}" class="time">{when[11:16]}</time></a></div></div></div>'
    )


def rendered(message: Message) -> SafeString:
    """A message's words with their formatting."""
    raw = str(message.get("text") or message.get("caption") or "").encode("utf-16-le")
    entities = message.get("entities") or message.get("caption_entities") or []
    tags: dict[int, list[str]] = {}
    for entity in entities:  # sorted from outer to inner
        begin, end = _tags(entity, _stretch(raw, entity))
        tags.setdefault(entity["offset"], []).append(begin)
        tags.setdefault(entity["offset"] + entity["length"], []).insert(0, end)
    made, position = "", 0
    for place in sorted({*tags, len(raw) // 2}):
        made += escape(raw[position * 2 : place * 2].decode("utf-16-le"))
        position = place
        made += "".join(tags.get(place, []))
    lines = made.replace("</blockquote>\n", "</blockquote>").replace("\n", "<br/>")
    return SafeString(lines)  # escaped above, piece by piece


def _stretch(raw: bytes, entity: Message) -> str:
    return raw[entity["offset"] * 2 : (entity["offset"] + entity["length"]) * 2].decode("utf-16-le")


def _tags(entity: Message, words: str) -> tuple[str, str]:
    kind = entity["type"]
    if kind in {"url", "text_link"}:
        address = str(entity.get("url") or words)
        return f'<a href="{escape(address)}" rel="nofollow noopener noreferrer">', "</a>"
    if kind == "spoiler":
        return '<span class="tg-spoiler">', "</span>"
    tag = TAGS.get(kind)
    return (f"<{tag}>", f"</{tag}>") if tag else ("", "")


def _medium(message: Message, address: str, is_album: bool) -> str:
    single = "?single" if is_album else ""
    if "photo" in message:
        return f'<a class="tgme_widget_message_photo_wrap" href="{address}{single}"></a>'
    if "video" in message:
        return f'<a class="tgme_widget_message_video_player" href="{address}{single}"></a>'
    if "document" in message:
        name = escape(message["document"]["file_name"])
        return (
            f'<a class="tgme_widget_message_document_wrap" href="{address}">'
            f'<div class="tgme_widget_message_document_title">{name}</div></a>'
        )
    return ""


def _poll(message: Message) -> str:
    if "poll" not in message:
        return ""
    answers = "".join(
        f'<div class="tgme_widget_message_poll_option_text">{escape(option["text"])}</div>'
        for option in message["poll"]["options"]
    )
    question = escape(message["poll"]["question"])
    return (
        '<div class="tgme_widget_message_poll">'
        f'<div class="tgme_widget_message_poll_question">{question}</div>'
        f"{answers}</div>"
    )


def _reactions(entry: Entry) -> str:
    shown = "".join(
        f'<span class="tgme_reaction"><i class="emoji"><b>{emoji}</b></i>{shortened(count)}</span>'
        for emoji, count in reactions(entry).items()
    )
    return f'<div class="tgme_widget_message_reactions js-message_reactions">{shown}</div>' if shown else ""


def reactions(entry: Entry) -> dict[str, int]:
    """What people think of it: as tests say, else growing with its age."""
    if "reactions" in entry.body:
        return dict(entry.body["reactions"])
    counts = {
        emoji: grown(entry.pk, emoji, most, entry.created_at) for emoji, most in (("👍", 80), ("🔥", 30))
    }
    return {emoji: count for emoji, count in counts.items() if count}


def views(entry: Entry) -> int:
    return 1 + grown(entry.pk, "views", MOST_VIEWS, entry.created_at)


def shortened(count: int) -> str:
    """As the page writes a count: 1.2K."""
    if count < 1000:
        return str(count)
    return f"{count / 1000:.1f}".removesuffix(".0") + "K"


def home(request: HttpRequest, handle: str) -> HttpResponse:
    """t.me/name: who it is; of a bot, where a person presses Start (t.me/bot?start=payload)."""
    chat = get_object_or_404(Person, network=NETWORK, handle__iexact=handle)
    if not is_public(chat):
        raise Http404("This chat is private.")
    if kind_of(chat) == "bot":
        people = [one for one in Person.objects.filter(network=NETWORK) if kind_of(one) == "private"]
        context = {"bot": chat, "people": people, "payload": request.GET.get("start", "")}
        return render(request, "sandbox/telegram_bot.html", context)
    picture = request.build_absolute_uri(reverse("sandbox-avatar", args=[NETWORK, chat.handle]))
    page = reverse("sandbox-person", args=[NETWORK, chat.handle])
    return HttpResponse(
        f'<!DOCTYPE html><html><head><meta property="og:title" content="{escape(chat.name)}">'
        f'<meta property="og:image" content="{picture}"></head>'
        f'<body><a href="{page}">{escape(chat.name)}</a></body></html>'
    )


def message_page(_request: HttpRequest, message_id: int, handle: str = "", number: str = "") -> HttpResponse:
    """t.me/name/12, or t.me/c/123/12 for members of a private chat."""
    named = {"handle__iexact": handle} if handle else {"remote_id": f"-100{number}"}
    chat = get_object_or_404(Person, network=NETWORK, **named)
    entry = get_object_or_404(posts_of(chat), remote_id=str(message_id))
    return redirect("sandbox-post", NETWORK, chat.handle, entry.remote_id)
