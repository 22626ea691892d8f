"""Telegram's client against its twin, over real HTTP."""

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
import time_machine
from django.test import Client as Browser

from platforms.base import Connection
from platforms.content import Draft, Incoming, Json, MediaFile, Part
from platforms.errors import (
    InvalidContent,
    MediaRejected,
    NotFound,
    OutcomeUnknown,
    PermissionMissing,
    PlatformError,
    RateLimited,
    TokenExpired,
    Unavailable,
)
from platforms.ledger import MemoryLedger
from platforms.sandbox import telegram_person
from platforms.sandbox.models import Call, Entry, Fault, Note, Person, Upload
from platforms.sandbox.telegram import CHANNEL, CREW, STORE, TALK, TOKEN
from platforms.telegram import Telegram
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import WEBHOOK_SECRET, app_at, connected, way_out
from platforms.tests.files import film, medium, paper, picture

pytestmark = pytest.mark.django_db(transaction=True)
NETWORK = "telegram"


def chat(remote_id: str) -> Person:
    return Person.objects.get(network=NETWORK, remote_id=remote_id)


def somebody(handle: str = "jonas_weber") -> Person:
    return Person.objects.get(network=NETWORK, handle=handle)


@pytest.fixture
def speaking_for(sandbox: str) -> Callable[..., Telegram]:
    """A client for one of the bakery's chats."""

    def build(remote_id: str = CHANNEL, **extra: Json) -> Telegram:
        client = connected(NETWORK, sandbox, chat(remote_id))
        assert isinstance(client, Telegram)
        assert client.token
        client.token = replace(client.token, extra={**client.token.extra, **extra})
        return client

    return build


@pytest.fixture
def client(speaking_for: Callable[..., Telegram]) -> Telegram:
    return speaking_for()


@pytest.fixture
def stranger(sandbox: str) -> Telegram:
    """A client that is not connected yet."""
    return Telegram(Connection(app_at(sandbox, NETWORK), way_out(sandbox)))


def draft(*texts: str, media: tuple[MediaFile, ...] = (), **options: Json) -> Draft:
    parts = tuple(Part(text, media if n == 0 else ()) for n, text in enumerate(texts))
    kind = Telegram.kind_for(media, options).name
    return Draft("key", datetime.now(UTC), parts, options, kind)


def bodies(method: str) -> list[Any]:
    """What was sent to a method, in order."""
    return [call.body for call in Call.objects.filter(path__endswith=f"/{method}").order_by("pk")]


def messages(remote_id: str = CHANNEL) -> list[dict[str, Any]]:
    """What stands in a chat, in order."""
    entries = Entry.objects.filter(person__remote_id=remote_id, deleted_at=None).order_by("pk")
    return [message for entry in entries for message in entry.body["messages"]]


def words(remote_id: str = CHANNEL) -> list[str]:
    return [message.get("text", message.get("caption", "")) for message in messages(remote_id)]


def fault(kind: Fault.Kind, path: str = "", **more: Any) -> None:
    Fault.objects.create(network=NETWORK, kind=kind, path=path, **more)


def findings(given: Draft, **limits: Json) -> list[tuple[str, str]]:
    found = Telegram.check(given, {"type": "channel", **limits})
    return [(finding.code, finding.field) for finding in found if finding.severity == "error"]


# --- connecting ---


def test_a_channel_is_connected_with_a_bots_token(client: Telegram, sandbox: str) -> None:
    [profile] = client.profiles()

    assert (profile.remote_id, profile.handle, profile.name) == (
        CHANNEL,
        "morgenrot_bakery",
        "Morgenrot Bakery",
    )
    assert profile.url == f"{sandbox}/sandbox/telegram/morgenrot_bakery"
    assert profile.avatar_url.endswith("/@morgenrot_bakery/avatar.png")
    assert profile.limits == {
        "type": "channel",
        "username": "morgenrot_bakery",
        "discussion": int(TALK),
        "is_forum": False,
    }
    assert client.account_limits() == profile.limits


@pytest.mark.parametrize(
    "typed",
    [
        "@morgenrot_bakery",
        "morgenrot_bakery",
        "https://t.me/morgenrot_bakery",
        " t.me/s/morgenrot_bakery ",
        CHANNEL,
    ],
)
def test_a_channel_may_be_named_in_many_ways(stranger: Telegram, typed: str) -> None:
    token = stranger.login({"token": TOKEN, "chat": typed})

    assert token.access == TOKEN
    assert token.extra["chats"] == [int(CHANNEL)]


@pytest.mark.parametrize("typed", [CREW, f"https://t.me/c/{CREW.removeprefix('-100')}/7"])
def test_a_private_group_goes_by_its_number(stranger: Telegram, typed: str) -> None:
    token = stranger.login({"token": TOKEN, "chat": typed})

    assert token.extra["chats"] == [int(CREW)]


@pytest.mark.parametrize("typed", ["+A1b2C3invite", "two words", "https://example.org/x", "@x"])
def test_what_names_no_chat_is_refused_with_advice(stranger: Telegram, typed: str) -> None:
    with pytest.raises(InvalidContent) as error:
        stranger.login({"token": TOKEN, "chat": typed})

    assert "@name" in error.value.action


def test_chats_are_found_from_the_news_of_the_last_day(stranger: Telegram) -> None:
    bot = somebody("morgenrot_desk_bot")
    telegram_person.invite(somebody("leonie_hartmann"), bot, chat(CREW))
    telegram_person.invite(somebody("leonie_hartmann"), bot, chat(TALK))
    telegram_person.remove(somebody("leonie_hartmann"), bot, chat(TALK))

    token = stranger.login({"token": TOKEN, "chat": ""})

    assert token.extra["chats"] == [int(CREW)]


def test_without_news_the_person_is_asked_for_the_name(stranger: Telegram) -> None:
    with pytest.raises(InvalidContent, match="where this bot was added") as error:
        stranger.login({"token": TOKEN})

    assert error.value.action == "Type the channel's @name or number."


@pytest.mark.parametrize("token", ["", "hello", "0123:" + "A" * 35, "12345:short"])
def test_what_is_no_token_never_leaves(stranger: Telegram, token: str) -> None:
    with pytest.raises(InvalidContent, match="not a bot's token"):
        stranger.login({"token": token, "chat": "@morgenrot_bakery"})

    assert not Call.objects.exists()


def test_a_revoked_token_is_named_as_such(stranger: Telegram) -> None:
    with pytest.raises(PermissionMissing, match="does not know this token"):
        stranger.login({"token": "7214860935:" + "A" * 35, "chat": "@morgenrot_bakery"})


def test_a_bot_that_may_not_post_is_sent_to_the_settings(stranger: Telegram) -> None:
    telegram_person.invite(
        somebody("leonie_hartmann"), somebody("morgenrot_desk_bot"), chat(CHANNEL), can_edit_messages=True
    )

    with pytest.raises(PermissionMissing, match="may not post in Morgenrot Bakery") as error:
        stranger.login({"token": TOKEN, "chat": "@morgenrot_bakery"})

    assert "administrator" in error.value.action


def test_a_chat_that_nobody_knows_is_told_apart(stranger: Telegram) -> None:
    with pytest.raises(NotFound, match="does not know this chat"):
        stranger.login({"token": TOKEN, "chat": "@nobody_is_here"})


def test_a_person_is_no_channel(stranger: Telegram) -> None:
    with pytest.raises(NotFound):
        stranger.login({"token": TOKEN, "chat": "@jonas_weber"})


def test_a_token_that_was_revoked_later_ends_the_connection(client: Telegram) -> None:
    fault(Fault.Kind.REVOKED, "getChat")

    with pytest.raises(TokenExpired):
        client.profiles()


def test_the_token_is_written_down_nowhere(client: Telegram, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    fault(Fault.Kind.DROP_BEFORE, "sendMessage", times=2)
    fault(Fault.Kind.HTML, "sendMessage")
    errors: list[PlatformError] = []
    ledger = MemoryLedger()

    for _ in range(3):
        with pytest.raises(PlatformError) as caught:
            client.ask("sendMessage", {"chat_id": client.chat, "text": "Rye"})
        errors.append(caught.value)
    answer = client._request("getMe", {}, {})
    client.publish(draft("Spelt"), ledger)

    secret = TOKEN.partition(":")[2]
    seen = [
        caplog.text,
        answer.url,
        json.dumps(ledger.results),
        *(f"{call.path} {call.body}" for call in Call.objects.all()),
    ]
    seen += [f"{error!r} {error.detail} {error.__cause__!r}" for error in errors]
    assert answer.url.endswith("/bot***/getMe")
    assert "/bot***/sendMessage" in caplog.text
    assert not [words for words in seen if secret in words]
    assert TOKEN not in repr(client.connection)


# --- publishing ---


def test_a_message_goes_out_with_its_formatting(client: Telegram, sandbox: str) -> None:
    published = client.publish(
        draft("🥐 **Rye** and _spelt_, [order](https://example.org/order)"), MemoryLedger()
    )

    [message] = messages()
    assert message["text"] == "🥐 Rye and spelt, order"
    assert message["entities"] == [
        {"type": "bold", "offset": 3, "length": 3},
        {"type": "italic", "offset": 11, "length": 5},
        {"type": "text_link", "offset": 18, "length": 5, "url": "https://example.org/order"},
    ]
    assert bodies("sendMessage")[0]["chat_id"] == int(CHANNEL)
    assert published.remote_id == str(message["message_id"])
    assert published.part_ids == (published.remote_id,)
    assert published.permalink == f"{sandbox}/sandbox/telegram/morgenrot_bakery/{published.remote_id}"


def test_the_permalink_leads_to_the_post_in_the_sandbox(client: Telegram) -> None:
    published = client.publish(
        draft("**Rye** <at nine>", buttons=["Order | https://example.org/order"]), MemoryLedger()
    )

    page = Browser().get(urlsplit(published.permalink).path, follow=True)

    assert page.status_code == 200
    assert "<b>Rye</b> &lt;at nine&gt;" in page.content.decode()
    assert 'href="https://example.org/order"' in page.content.decode()


def test_a_private_groups_permalink_is_for_its_members(speaking_for: Callable[..., Telegram]) -> None:
    published = speaking_for(CREW).publish(draft("Shift swap?", topic=4), MemoryLedger())

    assert f"/c/{CREW.removeprefix('-100')}/" in published.permalink
    assert Browser().get(urlsplit(published.permalink).path, follow=True).status_code == 200
    assert messages(CREW)[0]["message_thread_id"] == 4


def test_a_picture_goes_out_with_its_caption(client: Telegram) -> None:
    client.publish(
        draft(
            "Loaf **one**",
            media=(picture("loaf.jpg"),),
            spoiler=True,
            caption_above=True,
            silent=True,
            protect=True,
        ),
        MemoryLedger(),
    )

    [message] = messages()
    assert message["caption"] == "Loaf one"
    assert message["caption_entities"] == [{"type": "bold", "offset": 5, "length": 3}]
    assert message["has_media_spoiler"]
    assert message["show_caption_above_media"]
    assert message["has_protected_content"]
    assert [size["width"] for size in message["photo"]] == [90, 320, 800, 1080]
    assert Entry.objects.get().body["silent"]


def test_a_video_goes_out_to_be_streamed(client: Telegram) -> None:
    client.publish(draft("The oven", media=(film(),)), MemoryLedger())

    [message] = messages()
    assert (message["video"]["width"], message["video"]["height"], message["video"]["duration"]) == (
        540,
        960,
        3,
    )
    [sent] = bodies("sendVideo")
    assert (sent["width"], sent["height"], sent["duration"], sent["supports_streaming"]) == (
        "540",
        "960",
        "3",
        "true",
    )


def test_a_document_keeps_its_name(client: Telegram) -> None:
    client.publish(draft("The menu", media=(paper("menu.pdf"),)), MemoryLedger())

    [message] = messages()
    assert (message["document"]["file_name"], message["document"]["mime_type"]) == (
        "menu.pdf",
        "application/pdf",
    )


def test_an_album_mixes_pictures_and_videos_under_one_caption(client: Telegram) -> None:
    media = (picture("a.jpg"), film(), picture("b.jpg", colour="navy"))

    published = client.publish(draft("Our morning", media=media, spoiler=True), MemoryLedger())

    first, second, third = messages()
    assert [kind for m in (first, second, third) for kind in ("photo", "video") if kind in m] == [
        "photo",
        "video",
        "photo",
    ]
    assert first["caption"] == "Our morning"
    assert "caption" not in second
    assert "caption" not in third
    assert len({m["media_group_id"] for m in (first, second, third)}) == 1
    assert all(m["has_media_spoiler"] for m in (first, second, third))
    assert published.part_ids == ("2+3+4",)
    assert published.remote_id == "2"
    assert Upload.objects.count() == 3


def test_documents_go_out_together(client: Telegram) -> None:
    client.publish(draft("Menus", media=(paper("lunch.pdf"), paper("dinner.pdf", pages=2))), MemoryLedger())

    assert [message["document"]["file_name"] for message in messages()] == ["lunch.pdf", "dinner.pdf"]


def test_a_thread_is_a_chain_of_replies(client: Telegram) -> None:
    published = client.publish(draft("One", "Two", "Three"), MemoryLedger())

    one, two, three = messages()
    assert published.part_ids == tuple(str(m["message_id"]) for m in (one, two, three))
    assert "reply_to_message" not in one
    assert two["reply_to_message"]["message_id"] == one["message_id"]
    assert three["reply_to_message"]["message_id"] == two["message_id"]


def test_a_thread_goes_on_where_somebody_deleted_a_part(client: Telegram) -> None:
    ledger = MemoryLedger()
    client.publish(draft("One"), ledger)
    Entry.objects.update(deleted_at=datetime.now(UTC))
    ledger.results["message 1 of 2"] = ledger.results.pop("post")

    client.publish(draft("One", "Two"), ledger)

    assert words() == ["Two"]


@pytest.mark.parametrize(("place", "order"), [("before", ["text", "photo"]), ("after", ["photo", "text"])])
def test_a_long_text_may_stand_apart_from_its_media(client: Telegram, place: str, order: list[str]) -> None:
    text = "Rye. " * 600
    given = draft(
        text, media=(picture(), picture(colour="navy")), text_apart=place, buttons=["Order | https://e.org"]
    )

    client.publish(given, MemoryLedger())

    kinds = [kind for message in messages() for kind in ("text", "photo") if kind in message]
    assert list(dict.fromkeys(kinds)) == order
    assert [m["text"] for m in messages() if "text" in m] == [text.strip()]
    assert [("reply_markup" in m) for m in messages()] == [("text" in m) for m in messages()]
    assert not findings(given)


@pytest.mark.parametrize(
    ("chosen", "sent"),
    [
        ({"preview": "off", "preview_url": "https://e.org"}, {"is_disabled": True}),
        ({"preview": "small"}, {"prefer_small_media": True}),
        ({"preview": "above"}, {"prefer_large_media": True, "show_above_text": True}),
        (
            {"preview": "large", "preview_url": "https://e.org"},
            {"prefer_large_media": True, "url": "https://e.org"},
        ),
    ],
)
def test_the_link_preview_is_chosen(client: Telegram, chosen: dict[str, Json], sent: dict[str, Json]) -> None:
    client.publish(draft("https://example.org", **chosen), MemoryLedger())

    assert messages()[0]["link_preview_options"] == sent


def test_buttons_stand_below_the_message(client: Telegram) -> None:
    client.publish(
        draft("Rye", buttons=["Order | https://e.org/a?b=1|2", "Menu|https://e.org/m"]), MemoryLedger()
    )

    assert messages()[0]["reply_markup"] == {
        "inline_keyboard": [
            [{"text": "Order", "url": "https://e.org/a?b=1|2"}],
            [{"text": "Menu", "url": "https://e.org/m"}],
        ]
    }


def test_a_poll_asks_the_text(client: Telegram) -> None:
    options: dict[str, Json] = {
        "poll_options": ["Rye", "Spelt"],
        "poll_multiple": False,
        "poll_correct": 2,
        "poll_explanation": "Spelt is older.",
        "poll_minutes": 60,
        "silent": True,
    }

    client.publish(draft("Which is older?", **options), MemoryLedger())

    poll = messages()[0]["poll"]
    assert (poll["question"], poll["type"], poll["is_anonymous"]) == ("Which is older?", "quiz", True)
    assert [answer["text"] for answer in poll["options"]] == ["Rye", "Spelt"]
    assert (poll["correct_option_ids"], poll["explanation"], poll["open_period"]) == (
        [1],
        "Spelt is older.",
        3600,
    )


def test_a_groups_poll_may_show_who_voted(speaking_for: Callable[..., Telegram]) -> None:
    options: dict[str, Json] = {"poll_options": ["Yes", "No"], "poll_anonymous": False, "poll_multiple": True}

    speaking_for(TALK).publish(draft("Open on Sunday?", **options), MemoryLedger())

    poll = messages(TALK)[0]["poll"]
    assert (poll["is_anonymous"], poll["allows_multiple_answers"]) == (False, True)


@pytest.mark.parametrize(("pin", "is_silent"), [("silent", True), ("loud", False)])
def test_a_post_is_pinned_once_it_stands(client: Telegram, pin: str, is_silent: bool) -> None:
    published = client.publish(draft("Rye", pin=pin), MemoryLedger())

    assert chat(CHANNEL).facts["pinned"] == [int(published.remote_id)]
    assert bodies("pinChatMessage")[0]["disable_notification"] is is_silent


def test_a_pin_that_fails_stands_beside_the_post(client: Telegram) -> None:
    fault(Fault.Kind.REFUSED, "pinChatMessage", code="not enough rights")
    ledger = MemoryLedger()

    with pytest.raises(PermissionMissing):
        client.publish(draft("Rye", pin="silent"), ledger)

    assert ledger.standing
    assert ledger.standing.remote_id == "2"


def test_media_go_ahead_to_a_private_chat(speaking_for: Callable[..., Telegram]) -> None:
    client = speaking_for(storage=int(STORE))
    media = (picture(), film())

    client.publish(draft("Our morning", media=media), MemoryLedger())
    client.publish(draft("A loaf", media=(picture(colour="navy"),)), MemoryLedger())

    assert [m.get("caption") for m in messages()] == ["Our morning", None, "A loaf"]
    assert len(messages(STORE)) == 3
    assert "attach://" not in json.dumps(bodies("sendMediaGroup"))
    assert Upload.objects.count() == 3


def test_a_file_that_cannot_be_played_is_refused_before_the_post(
    speaking_for: Callable[..., Telegram],
) -> None:
    broken = medium("oven.mp4", b"no film at all", "video/mp4", (540, 960), seconds=3.0)

    with pytest.raises(MediaRejected, match=r"oven\.mp4"):
        speaking_for(storage=int(STORE)).publish(draft("The oven", media=(broken,)), MemoryLedger())

    assert messages() == []


def test_a_group_that_became_a_supergroup_is_followed(speaking_for: Callable[..., Telegram]) -> None:
    client = speaking_for(TALK)
    old = Person.objects.create(
        network=NETWORK,
        remote_id="-4411223",
        handle="old_talk",
        name="Talk",
        facts={"type": "group", "migrated_to": TALK},
    )
    client = Telegram(replace(client.connection, remote_id=old.remote_id))

    published = client.publish(draft("Still here"), MemoryLedger())
    telegram_person.say(chat(TALK), somebody(), "@morgenrot_desk_bot hello")

    assert words(TALK) == ["Still here"]
    assert published.remote_id == "1"
    assert [message.text for message in client.messages({}, []).messages] == ["@morgenrot_desk_bot hello"]


# --- never twice ---


def test_a_lost_answer_is_found_on_the_channels_page(client: Telegram) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("**Rye** & 🥐\n\nat nine"), ledger)

    published = client.publish(draft("**Rye** & 🥐\n\nat nine"), ledger)

    assert words() == ["Rye & 🥐\n\nat nine"]
    assert published.remote_id == str(messages()[0]["message_id"])


@pytest.mark.parametrize("method", ["sendPhoto", "sendMediaGroup", "sendPoll", "sendDocument"])
def test_every_kind_is_found_again(client: Telegram, method: str) -> None:
    given = {
        "sendPhoto": draft("", media=(picture(),)),
        "sendMediaGroup": draft("Two", media=(picture(), film())),
        "sendPoll": draft("Which?", poll_options=["Rye", "Spelt"]),
        "sendDocument": draft("Menu", media=(paper(),)),
    }[method]
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, method)
    with pytest.raises(OutcomeUnknown):
        client.publish(given, ledger)

    published = client.publish(given, ledger)

    assert Entry.objects.count() == 1
    assert published.part_ids == ("+".join(str(m["message_id"]) for m in messages()),)


def test_what_never_arrived_is_sent_once_the_page_is_surely_up_to_date(client: Telegram) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), ledger)

    with pytest.raises(OutcomeUnknown, match="may still appear"):
        client.publish(draft("Rye"), ledger)
    ledger.intents["post"] -= timedelta(minutes=3)
    client.publish(draft("Rye"), ledger)

    assert words() == ["Rye"]


@pytest.mark.parametrize("remote_id", [TALK, CREW])
def test_where_nobody_can_look_a_person_is_asked(
    speaking_for: Callable[..., Telegram], remote_id: str
) -> None:
    client, ledger = speaking_for(remote_id), MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), ledger)
    ledger.intents["post"] -= timedelta(days=1)

    with pytest.raises(OutcomeUnknown, match="bots cannot read"):
        client.publish(draft("Rye"), ledger)

    assert words(remote_id) == ["Rye"]


def test_a_private_channels_post_is_found_in_its_discussion_group(
    speaking_for: Callable[..., Telegram],
) -> None:
    client, ledger = speaking_for(), MemoryLedger()
    client = Telegram(replace(client.connection, limits={**client.connection.limits, "username": ""}))
    fault(Fault.Kind.DROP_AFTER, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), ledger)

    published = client.publish(draft("Rye"), ledger)

    assert words() == ["Rye"]
    assert published.remote_id == "2"


def test_an_older_post_with_the_same_words_is_not_taken_for_it(client: Telegram) -> None:
    with time_machine.travel(datetime.now(UTC) - timedelta(hours=1)):
        client.publish(draft("Rye"), MemoryLedger())
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), ledger)
    ledger.intents["post"] -= timedelta(minutes=4)

    client.publish(draft("Rye"), ledger)

    assert words() == ["Rye", "Rye"]


def test_a_page_that_looks_odd_proves_nothing(client: Telegram) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), ledger)
    ledger.intents["post"] -= timedelta(hours=1)
    fault(Fault.Kind.HTML, "/s/")

    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), ledger)

    assert words() == []


def test_two_pictures_without_words_are_not_told_apart(client: Telegram) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "sendPhoto")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("", media=(picture(),)), ledger)
    client.publish(draft("", media=(picture(colour="navy"),)), MemoryLedger())

    with pytest.raises(OutcomeUnknown, match="several"):
        client.publish(draft("", media=(picture(),)), ledger)


@pytest.mark.chaos
@pytest.mark.parametrize("dies_at", range(12))
def test_a_worker_that_dies_anywhere_leaves_one_of_each(client: Telegram, dies_at: int) -> None:
    given = draft("One", "Two", media=(picture(),), pin="silent")
    ledger = MortalLedger(dies_at)

    for _ in range(4):
        for name in ledger.intents:
            ledger.intents[name] -= timedelta(minutes=4)
        try:
            client.publish(given, ledger)
        except Killed:
            continue
        break

    assert words() == ["One", "Two"]
    assert chat(CHANNEL).facts["pinned"] == [2]


def test_a_draft_is_found_among_what_stands(client: Telegram) -> None:
    since = datetime.now(UTC)
    client.publish(draft("One", "Two"), MemoryLedger())

    found = client.find(draft("One", "Two"), since)

    begun = client.find(draft("One", "More"), since)

    assert found
    assert found.part_ids == ("2", "3")
    assert begun
    assert begun.part_ids == ("2",)
    with pytest.raises(OutcomeUnknown, match="none is surely this one"):
        client.find(draft("Three"), since - timedelta(minutes=4))


def test_what_is_not_there_is_sure_only_where_nothing_else_was_posted(client: Telegram) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_BEFORE, "sendMessage")
    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), ledger)
    client.publish(draft("Spelt"), MemoryLedger())
    ledger.intents["post"] -= timedelta(hours=1)

    with pytest.raises(OutcomeUnknown, match="none is surely this one"):
        client.publish(draft("Rye"), ledger)

    assert words() == ["Spelt"]


def test_an_address_given_by_a_person_is_recognised(client: Telegram) -> None:
    published = client.publish(draft("Rye"), MemoryLedger())

    assert client.recognise(published.permalink) == {"ids": [2], "chat": int(CHANNEL)}
    assert client.recognise("https://t.me/Morgenrot_Bakery/2?single") == {"ids": [2], "chat": int(CHANNEL)}
    for wrong in (
        "https://t.me/other/1",
        "https://t.me/morgenrot_bakery",
        "https://t.me/morgenrot_bakery/99",
        "x",
    ):
        with pytest.raises(InvalidContent):
            client.recognise(wrong)


def test_an_albums_address_stands_for_the_whole_album(client: Telegram) -> None:
    published = client.publish(draft("Two", media=(picture(), film())), MemoryLedger())

    assert client.recognise(published.permalink) == {"ids": [2, 3], "chat": int(CHANNEL)}


# --- afterwards ---


def test_an_edit_changes_what_is_said_and_twice_is_no_fault(client: Telegram) -> None:
    first = client.publish(draft("Rye", "at nine", buttons=["Order | https://e.org"]), MemoryLedger())
    second = client.publish(draft("Loaf", media=(picture(), film())), MemoryLedger())

    for _ in range(2):
        client.edit(first, draft("**Spelt**", "at ten", buttons=["Order | https://e.org"]))
        client.edit(second, draft("Loaves", media=(picture(), film())))

    assert words() == ["Spelt", "at ten", "Loaves", ""]
    assert messages()[0]["entities"] == [{"type": "bold", "offset": 0, "length": 5}]
    assert "reply_markup" in messages()[0]


def test_an_edit_does_not_change_how_much_there_is(client: Telegram) -> None:
    published = client.publish(draft("Rye"), MemoryLedger())
    poll = client.publish(draft("Which?", poll_options=["a", "b"]), MemoryLedger())

    for standing, wanted in (
        (published, draft("Rye", "and more")),
        (published, draft("Rye", media=(picture(), film()))),
        (poll, draft("What?", poll_options=["a", "b"])),
    ):
        with pytest.raises(InvalidContent) as error:
            client.edit(standing, wanted)
        assert error.value.action

    assert words() == ["Rye", ""]


def test_deleting_takes_every_part_and_twice_is_no_fault(client: Telegram) -> None:
    published = client.publish(draft("One", "Two", media=(picture(), film())), MemoryLedger())
    assert len(messages()) == 3

    client.delete(published)
    client.delete(published)

    assert messages() == []
    assert Browser().get(urlsplit(published.permalink).path).status_code == 404


def test_the_numbers_of_the_channel_and_of_a_post(client: Telegram) -> None:
    published = client.publish(draft("Rye"), MemoryLedger())
    telegram_person.react(chat(CHANNEL), 2, **{"👍": 1240, "🔥": 7})

    account, post = client.account_metrics(), client.post_metrics(published)

    assert account.values == {"followers": 1845}
    assert post.values == {"views": 1, "likes": 1207}
    client.delete(published)
    with pytest.raises(NotFound):
        client.post_metrics(published)


def test_what_nobody_tells_is_left_out(speaking_for: Callable[..., Telegram]) -> None:
    client = speaking_for(TALK)

    assert client.post_metrics(client.publish(draft("Rye"), MemoryLedger())).values == {}


# --- what people write ---


def test_comments_mentions_and_direct_messages_arrive_once(client: Telegram) -> None:
    published = client.publish(draft("Rye"), MemoryLedger())
    entry = Entry.objects.get()
    jonas, mila = somebody(), somebody("mila_novak")
    telegram_person.arrive("comment", chat(CHANNEL), jonas, "Is it vegan?", entry)
    telegram_person.arrive("mention", chat(CHANNEL), mila, "Are you open on Sunday?")
    telegram_person.arrive("direct", chat(CHANNEL), jonas, "Two loaves, please")
    telegram_person.start(mila, somebody("morgenrot_desk_bot"))

    inbox = client.messages({}, [published])
    again = client.messages(inbox.cursor, [published])

    comment, mention, direct = inbox.messages
    assert [m.kind for m in inbox.messages] == ["comment", "mention", "direct"]
    assert (comment.text, comment.post_id, comment.author.name) == ("Is it vegan?", "2", "Jonas Weber")
    assert comment.permalink == f"https://t.me/morgenrot_talk/{comment.remote_id.partition('/')[2]}"
    assert (mention.text, mention.author.handle) == ("Are you open on Sunday?", "mila_novak")
    assert (direct.text, direct.thread_id, direct.permalink) == ("Two loaves, please", jonas.remote_id, "")
    assert again.messages == ()


def test_an_answer_to_a_comment_is_known_to_be_about_the_post(client: Telegram) -> None:
    client.publish(draft("Rye"), MemoryLedger())
    first = telegram_person.arrive("comment", chat(CHANNEL), somebody(), "Is it vegan?")
    client_cursor = client.messages({}, []).cursor
    telegram_person.say(
        chat(TALK), somebody("mila_novak"), "It is!", answers=first.body["message"], about=chat(CHANNEL)
    )

    [answer] = client.messages(client_cursor, []).messages

    assert (answer.kind, answer.post_id, answer.parent_id) == ("comment", "2", first.remote_id)


def test_what_people_chat_among_themselves_is_not_for_us(client: Telegram) -> None:
    telegram_person.say(chat(TALK), somebody(), "Anybody up for coffee?")
    telegram_person.say(chat(CREW), somebody(), "@morgenrot_desk_bot hello")

    assert client.messages({}, []).messages == ()


def test_two_accounts_of_one_bot_do_not_take_news_from_each_other(
    client: Telegram, speaking_for: Callable[..., Telegram]
) -> None:
    crew = speaking_for(CREW)
    telegram_person.say(chat(CREW), somebody(), "@morgenrot_desk_bot hello")

    client.messages({}, [])
    client.messages({}, [])

    assert [message.text for message in crew.messages({}, []).messages] == ["@morgenrot_desk_bot hello"]


def test_a_full_queue_is_read_to_its_end(client: Telegram) -> None:
    bot, jonas = somebody("morgenrot_desk_bot"), somebody()
    told = {"from": telegram_person.user_json(jonas), "chat": telegram_person.chat_json(jonas)}
    now = int(datetime.now(UTC).timestamp())
    bot.facts["updates"] = [
        {
            "at": now,
            "update": {
                "update_id": 10_001 + n,
                "message": {**told, "message_id": n + 1, "date": now + n, "text": f"Loaf {n}"},
            },
        }
        for n in range(230)
    ]
    bot.save()

    inbox = client.messages({}, [])

    assert [message.text for message in inbox.messages] == [f"Loaf {n}" for n in range(230)]
    assert 50 <= len(somebody("morgenrot_desk_bot").facts["updates"]) < 100


def test_a_reply_answers_the_comment_once(client: Telegram) -> None:
    client.publish(draft("Rye"), MemoryLedger())
    telegram_person.arrive("comment", chat(CHANNEL), somebody(), "Is it vegan?")
    [comment] = client.messages({}, []).messages

    ours = client.reply(comment, "It **is**.", MemoryLedger())

    [answer] = messages(TALK)
    assert answer["text"] == "It is."
    assert f"{TALK}/{answer['reply_to_message']['message_id']}" == comment.remote_id
    assert (ours.is_ours, ours.parent_id, ours.post_id, ours.text) == (True, comment.remote_id, "2", "It is.")


def test_a_reply_whose_answer_is_lost_is_left_to_a_person(client: Telegram) -> None:
    telegram_person.arrive("direct", chat(CHANNEL), somebody(), "Two loaves, please")
    [direct] = client.messages({}, []).messages
    ledger = MemoryLedger()
    fault(Fault.Kind.DROP_AFTER, "sendMessage")

    for _ in range(2):
        with pytest.raises(OutcomeUnknown):
            client.reply(direct, "They wait for you.", ledger)

    assert words(somebody().remote_id) == ["They wait for you."]


def test_a_blocked_bot_says_so(client: Telegram) -> None:
    telegram_person.arrive("direct", chat(CHANNEL), somebody(), "Two loaves, please")
    [direct] = client.messages({}, []).messages
    telegram_person.block(somebody(), somebody("morgenrot_desk_bot"))

    with pytest.raises(PermissionMissing, match="blocked the bot"):
        client.reply(direct, "They wait for you.", MemoryLedger())


def test_comments_are_liked_and_deleted(client: Telegram) -> None:
    client.publish(draft("Rye"), MemoryLedger())
    note = telegram_person.arrive("comment", chat(CHANNEL), somebody(), "Spam!")
    [comment] = client.messages({}, []).messages

    client.moderate(comment, "like")
    assert Note.objects.get().likes == 1
    client.moderate(comment, "unlike")
    assert Note.objects.get().likes == 0
    client.moderate(comment, "delete")
    client.moderate(comment, "delete")

    note.refresh_from_db()
    assert note.deleted_at
    with pytest.raises(InvalidContent):
        client.moderate(comment, "hide")


# --- webhooks ---


def incoming(headers: dict[str, str], body: bytes) -> Incoming:
    return Incoming("POST", "https://desk.example/hooks/telegram/", headers, {}, body)


def test_a_webhook_call_is_known_by_its_secret(client: Telegram) -> None:
    client.publish(draft("Rye"), MemoryLedger())
    note = telegram_person.arrive("comment", chat(CHANNEL), somebody(), "Is it vegan?")
    good = incoming(*telegram_person.webhook(note, WEBHOOK_SECRET))

    [event] = client.parse_webhook(good)

    assert client.verify_webhook(good)
    assert not client.verify_webhook(incoming(*telegram_person.webhook(note, "guessed")))
    assert not client.verify_webhook(incoming({}, good.body))
    assert (event.kind, event.account_id) == ("message", CHANNEL)
    assert event.message
    assert (event.message.text, event.message.post_id) == ("Is it vegan?", "2")


def test_without_a_secret_nothing_is_believed(client: Telegram) -> None:
    app = replace(client.app, webhook_secret="")
    open_client = Telegram(replace(client.connection, app=app))

    assert not open_client.verify_webhook(incoming({"x-telegram-bot-api-secret-token": ""}, b"{}"))


def test_other_news_come_as_events(client: Telegram) -> None:
    here = {"id": int(CHANNEL), "type": "channel", "title": "Morgenrot Bakery"}
    told = {
        "post_published": {"channel_post": {"message_id": 7, "date": 1, "chat": here, "text": "Hi"}},
        "revoked": {"my_chat_member": {"chat": here, "new_chat_member": {"status": "kicked"}}},
        "other": {
            "message_reaction_count": {"chat": here, "message_id": 7, "reactions": [{"total_count": 5}]}
        },
    }

    events = [client.parse_webhook(incoming({}, json.dumps(update).encode()))[0] for update in told.values()]

    assert [event.kind for event in events] == list(told)
    assert {event.account_id for event in events} == {CHANNEL}
    assert events[2].extra == {"likes": 5}


def test_while_a_webhook_is_set_nothing_is_fetched(client: Telegram) -> None:
    client.ask("setWebhook", {"url": "https://desk.example/hooks/telegram/"})

    assert client.messages({"last": 5, "threads": {}}, []).cursor == {"last": 5, "threads": {}}


# --- before sending ---


def test_lengths_are_counted_as_telegram_counts(client: Telegram) -> None:
    assert not findings(draft("**" + "🥐" * 2048 + "**"))
    assert findings(draft("🥐" * 2048 + "a")) == [("text_too_long", "text")]
    assert findings(draft("a" * 1025, media=(picture(),))) == [("text_too_long", "text")]
    assert findings(draft("a" * 301, poll_options=["a", "b"])) == [("text_too_long", "text")]


@pytest.mark.parametrize(
    ("given", "found"),
    [
        (draft(""), ("empty", "text")),
        (draft("x", buttons=["Order"]), ("button_invalid", "options.buttons")),
        (draft("x", buttons=["| https://e.org"]), ("button_invalid", "options.buttons")),
        (
            draft("x", media=(picture(), picture()), buttons=["O | https://e.org"]),
            ("buttons_impossible", "options.buttons"),
        ),
        (draft("x", topic=4), ("topic_impossible", "options.topic")),
        (draft("x", poll_options=["one"]), ("option_too_few", "options.poll_options")),
        (draft("x", poll_options=["a", "a"]), ("poll_answers_equal", "options.poll_options")),
        (
            draft("x", poll_options=["a", "b"], poll_anonymous=False),
            ("poll_not_anonymous", "options.poll_anonymous"),
        ),
        (draft("x", poll_options=["a", "b"], poll_correct=3), ("poll_correct", "options.poll_correct")),
        (draft("x", poll_options=["a", "b"], media=(picture(),)), ("poll_media", "media")),
        (draft("x", media=(paper(), picture())), ("mixed_media", "media")),
        (draft("x", media=tuple(picture() for _ in range(11))), ("too_many_images", "media")),
        (draft("x", media=(picture(size=(2100, 100)),)), ("media_ratio", "media")),
        (draft("x", *["y"] * 20), ("thread_too_long", "text")),
    ],
)
def test_what_would_be_refused_is_found_first(given: Draft, found: tuple[str, str]) -> None:
    assert found in findings(given)


def test_each_kind_is_picked_by_what_it_carries() -> None:
    picked = {
        "text": draft("x"),
        "photo": draft("x", media=(picture(),)),
        "video": draft("x", media=(film(),)),
        "album": draft("x", media=(film(), picture())),
        "document": draft("x", media=(paper(),)),
        "documents": draft("x", media=(paper(), paper())),
        "poll": draft("x", poll_options=["a", "b"]),
    }

    assert [given.kind for given in picked.values()] == list(picked)
    assert not [found for given in picked.values() for found in findings(given)]


# --- what refusals mean ---


def test_every_refusal_is_understood(client: Telegram) -> None:
    for failure in Telegram.failures:
        fault(Fault.Kind.REFUSED, "sendMessage", code=failure.code or failure.words)

        with pytest.raises(failure.kind) as error:
            client.ask("sendMessage", {"chat_id": client.chat, "text": "Rye"})

        assert error.value.message == failure.message


def test_a_limit_says_when_to_go_on(client: Telegram) -> None:
    fault(Fault.Kind.LIMITED, "sendMessage")

    with pytest.raises(RateLimited) as error:
        client.publish(draft("Rye"), MemoryLedger())

    assert error.value.retry_at
    assert timedelta(seconds=30) < error.value.retry_at - datetime.now(UTC) <= timedelta(seconds=35)


def test_too_many_messages_in_a_minute_are_refused_whole(client: Telegram) -> None:
    channel = chat(CHANNEL)
    channel.facts["per_minute"] = 2
    channel.save()

    with pytest.raises(RateLimited):
        client.publish(draft("Three", media=(picture(), film(), picture())), MemoryLedger())

    assert messages() == []


def test_a_refused_post_may_be_sent_again_without_looking(client: Telegram) -> None:
    ledger = MemoryLedger()
    fault(Fault.Kind.REFUSED, "sendMessage", code="chat_write_forbidden")
    with pytest.raises(PermissionMissing):
        client.publish(draft("Rye"), ledger)

    client.publish(draft("Rye"), ledger)

    assert words() == ["Rye"]


@pytest.mark.parametrize("kind", [Fault.Kind.BROKEN, Fault.Kind.HTML, Fault.Kind.HALF, Fault.Kind.EMPTY])
def test_an_answer_that_makes_no_sense_is_unknown(client: Telegram, kind: Fault.Kind) -> None:
    fault(kind, "sendMessage")

    with pytest.raises(OutcomeUnknown):
        client.publish(draft("Rye"), MemoryLedger())


def test_a_read_that_breaks_is_merely_unavailable(client: Telegram) -> None:
    fault(Fault.Kind.BROKEN, "getChatMemberCount")

    with pytest.raises(Unavailable):
        client.account_metrics()
