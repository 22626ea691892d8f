"""What Telegram's twin says and refuses, byte for byte, to whoever speaks plain HTTP."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import requests
import time_machine
from django.utils import timezone

from platforms.sandbox import telegram_person
from platforms.sandbox.models import Call, Entry, Fault, Person
from platforms.sandbox.telegram import BOT, CHANNEL, CREW, TALK, TOKEN
from platforms.sandbox.telegram_text import formatted
from platforms.sandbox.wire import Refusal
from platforms.tests.files import film_bytes, paper_bytes, picture_bytes

pytestmark = pytest.mark.django_db(transaction=True)
Call_ = Callable[..., Any]


@pytest.fixture
def home(sandbox: str) -> str:
    return f"{sandbox}/sandbox/telegram"


@pytest.fixture
def call(home: str) -> Call_:
    """A method, called with JSON; its result, or what is wrong with it."""

    def run(method: str, **fields: Any) -> Any:
        answer = requests.post(f"{home}/bot{TOKEN}/{method}", json=fields, timeout=10)
        body = answer.json()
        assert body["ok"] is (answer.status_code == 200)
        return body["result"] if body["ok"] else (body["error_code"], body["description"])

    return run


def person(remote_id: str) -> Person:
    return Person.objects.get(network="telegram", remote_id=remote_id)


def somebody(handle: str = "jonas_weber") -> Person:
    return Person.objects.get(network="telegram", handle=handle)


def bot() -> Person:
    return person(BOT)


# --- the envelope ---


@pytest.mark.parametrize(
    ("path", "status", "description"),
    [
        ("bot12345/getMe", 401, "Unauthorized: invalid token specified"),
        ("bot0123:abc/getMe", 401, "Unauthorized: invalid token specified"),
        (f"bot123:{'a' * 90}/getMe", 401, "Unauthorized: invalid token specified"),
        ("bot123:abc/getMe", 401, "Unauthorized"),
        (f"bot{TOKEN}/getYou", 404, "Not Found: method not found"),
        (f"bot{TOKEN}/", 404, "Not Found"),
    ],
)
def test_a_wrong_address_is_answered_in_json(home: str, path: str, status: int, description: str) -> None:
    answer = requests.get(f"{home}/{path}", timeout=10)

    assert answer.status_code == status
    assert answer.json() == {"ok": False, "error_code": status, "description": description}


def test_all_encodings_say_the_same(home: str) -> None:
    url = f"{home}/bot{TOKEN}/SENDmessage"
    keyboard = {"inline_keyboard": [[{"text": "Open", "url": "https://e.org"}]]}
    fields = {
        "chat_id": CHANNEL,
        "text": "Rye",
        "disable_notification": "true",
        "reply_markup": json.dumps(keyboard),
    }

    answers = [
        requests.get(url, params=fields, timeout=10),
        requests.post(url, data=fields, timeout=10),
        requests.post(url, files={name: (None, value) for name, value in fields.items()}, timeout=10),
        requests.post(url, json={**fields, "chat_id": int(CHANNEL), "reply_markup": keyboard}, timeout=10),
        requests.post(url.replace("/SEND", "/test/send"), json=fields, timeout=10),
    ]

    assert [answer.json()["result"]["message_id"] for answer in answers] == [2, 3, 4, 5, 6]
    assert {json.dumps(answer.json()["result"]["reply_markup"]) for answer in answers} == {
        json.dumps(keyboard)
    }
    assert all(entry.body["silent"] for entry in Entry.objects.all())


def test_nested_values_that_are_no_json_are_refused(call: Call_) -> None:
    said = call("sendMessage", chat_id=CHANNEL, text="x", reply_markup="{")

    assert said == (400, "Bad Request: can't parse reply markup JSON object")


def test_the_token_is_not_written_into_the_log_of_calls(home: str, call: Call_) -> None:
    call("getMe")
    Fault.objects.create(network="telegram", kind=Fault.Kind.LIMITED, path="getMe")
    call("getMe")
    requests.get(f"{home}/file/bot{TOKEN}/photos/x", timeout=10)

    assert [row.path.rpartition("/telegram/")[2] for row in Call.objects.order_by("pk")] == [
        f"bot{BOT}:***/getMe",
        f"bot{BOT}:***/getMe",
        "file/bot***/photos/x",
    ]


def test_a_limit_tells_when_in_body_and_header(home: str) -> None:
    Fault.objects.create(network="telegram", kind=Fault.Kind.LIMITED)

    answer = requests.post(
        f"{home}/bot{TOKEN}/sendMessage", json={"chat_id": CHANNEL, "text": "x"}, timeout=10
    )

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "35")
    assert answer.json() == {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 35",
        "parameters": {"retry_after": 35},
    }


# --- where a bot may write ---


@pytest.mark.parametrize(
    ("chat_id", "said"),
    [
        ("", (400, "Bad Request: chat_id is empty")),
        ("@nobody_there", (400, "Bad Request: chat not found")),
        ("@morgenrot_crew", (400, "Bad Request: chat not found")),
        (12345, (400, "Bad Request: chat not found")),
        (int(BOT), (400, "Bad Request: chat not found")),
    ],
)
def test_a_chat_that_cannot_be_known_is_not_found(call: Call_, chat_id: object, said: object) -> None:
    assert call("sendMessage", chat_id=chat_id, text="x") == said


def test_a_bot_writes_only_where_it_may(call: Call_) -> None:
    owner = somebody("leonie_hartmann")
    telegram_person.invite(owner, bot(), person(CHANNEL), can_edit_messages=True)
    telegram_person.remove(owner, bot(), person(TALK))
    mila = somebody("mila_novak")
    mila.facts = {}
    mila.save()
    telegram_person.block(somebody(), bot())

    assert [
        call("sendMessage", chat_id=chat, text="x")
        for chat in (CHANNEL, TALK, mila.remote_id, somebody().remote_id)
    ] == [
        (400, "Bad Request: need administrator rights in the channel chat"),
        (403, "Forbidden: bot was kicked from the supergroup chat"),
        (403, "Forbidden: bot can't initiate conversation with a user"),
        (403, "Forbidden: bot was blocked by the user"),
    ]


def test_a_group_that_moved_tells_where(home: str) -> None:
    old = {"type": "group", "migrated_to": TALK}
    Person.objects.create(network="telegram", remote_id="-77", handle="old", name="Old", facts=old)

    answer = requests.post(f"{home}/bot{TOKEN}/sendMessage", json={"chat_id": -77, "text": "x"}, timeout=10)

    assert answer.json() == {
        "ok": False,
        "error_code": 400,
        "description": "Bad Request: group chat was upgraded to a supergroup chat",
        "parameters": {"migrate_to_chat_id": int(TALK)},
    }


def test_topics_belong_to_forums(call: Call_) -> None:
    assert call("sendMessage", chat_id=CREW, text="x", message_thread_id=4)["is_topic_message"]
    for chat, topic in ((CREW, 5), (CHANNEL, 4)):
        said = call("sendMessage", chat_id=chat, text="x", message_thread_id=topic)
        assert said == (400, "Bad Request: message thread not found")


# --- texts ---


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text": "  "}, "message text is empty"),
        ({"text": "🥐" * 2049}, "message is too long"),
        ({"text": "x", "parse_mode": "BBCode"}, "unsupported parse_mode"),
        (
            {"text": "<b>x", "parse_mode": "HTML"},
            "can't parse entities: Can't find end tag corresponding to start tag \"b\"",
        ),
        (
            {"text": "é<q>x</q>", "parse_mode": "html"},
            'can\'t parse entities: Unsupported start tag "q" at byte offset 2',
        ),
        (
            {"text": "<b>x</i>", "parse_mode": "HTML"},
            'can\'t parse entities: Unmatched end tag at byte offset 4, expected "</b>", found "</i>"',
        ),
        (
            {"text": "a.b", "parse_mode": "MarkdownV2"},
            "can't parse entities: Character '.' is reserved and must be escaped with the preceding '\\'",
        ),
        (
            {"text": "*a", "parse_mode": "MarkdownV2"},
            "can't parse entities: Can't find end of Bold entity at byte offset 2",
        ),
        (
            {"text": "abc", "entities": [{"type": "bold", "offset": 1, "length": 3}]},
            "can't parse entities: an entity ends after the text",
        ),
        ({"text": "x", "reply_parameters": {"message_id": 99}}, "message to be replied not found"),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "callback_data": "ä" * 33}]]}},
            "BUTTON_DATA_INVALID",
        ),
        (
            {"text": "x", "reply_markup": {"inline_keyboard": [[{"text": "a", "url": "nowhere"}]]}},
            "inline keyboard button URL is invalid: BUTTON_URL_INVALID",
        ),
    ],
)
def test_a_message_that_is_wrong_is_refused(call: Call_, fields: dict[str, Any], said: str) -> None:
    assert call("sendMessage", chat_id=CHANNEL, **fields) == (400, f"Bad Request: {said}")
    assert not Entry.objects.exists()


@pytest.mark.parametrize(
    ("mode", "text", "read", "kinds"),
    [
        ("HTML", "<b>a <i>b</i></b> &lt;", "a b <", ["bold", "italic"]),
        ("HTML", '<pre><code class="language-py">x</code></pre>', "x", ["code", "pre"]),
        (
            "MarkdownV2",
            r"*a _b_* ||c|| \. ~d~ __e__",
            "a b c . d e",
            ["bold", "italic", "spoiler", "strikethrough", "underline"],
        ),
        ("MarkdownV2", "```py\nx\n```", "x\n", ["pre"]),
        ("Markdown", "*a* [b](https://e.org)", "a b", ["bold", "text_link"]),
        (
            "",
            "see https://e.org/a, @morgenrot_talk #rye /start",
            None,
            ["url", "mention", "hashtag", "bot_command"],
        ),
    ],
)
def test_formatting_is_read(mode: str, text: str, read: str | None, kinds: list[str]) -> None:
    made = formatted(text, mode)

    assert made.text == (text if read is None else read.strip())
    assert [entity["type"] for entity in made.entities] == kinds


def test_entities_are_counted_in_utf16_and_move_when_the_text_is_trimmed() -> None:
    made = formatted(" 🥐 rye ", "", [{"type": "bold", "offset": 4, "length": 3}])

    assert (made.text, made.entities) == ("🥐 rye", [{"type": "bold", "offset": 3, "length": 3}])
    with pytest.raises(Refusal):
        formatted("x", "", [{"type": "shiny", "offset": 0, "length": 1}])


# --- media ---


@pytest.mark.parametrize(
    ("method", "fields", "content", "said"),
    [
        ("sendPhoto", {}, b"no picture", "IMAGE_PROCESS_FAILED"),
        ("sendPhoto", {}, picture_bytes((2100, 100)), "PHOTO_INVALID_DIMENSIONS"),
        (
            "sendPhoto",
            {"photo": "attach://other"},
            b"",
            "can't parse InputMedia: file attach://other is not attached",
        ),
        ("sendPhoto", {"photo": "AgACnever"}, b"", "wrong file identifier/HTTP URL specified"),
        ("sendPhoto", {"photo": "http://127.0.0.1:9/x.jpg"}, b"", "failed to get HTTP URL content"),
        ("sendPhoto", {}, b"", "there is no photo in the request"),
        ("sendPhoto", {"caption": "a" * 1025}, picture_bytes(), "message caption is too long"),
    ],
)
def test_a_file_that_is_wrong_is_refused(
    home: str, method: str, fields: dict[str, str], content: bytes, said: str
) -> None:
    files = {"photo": ("loaf.jpg", content, "image/jpeg")} if content else None

    answer = requests.post(
        f"{home}/bot{TOKEN}/{method}", data={"chat_id": CHANNEL, **fields}, files=files, timeout=10
    )

    assert answer.json()["description"] == f"Bad Request: {said}"


def test_a_video_that_cannot_be_played_becomes_a_file(home: str) -> None:
    files = {"video": ("film.mp4", b"no film", "video/mp4")}

    answer = requests.post(f"{home}/bot{TOKEN}/sendVideo", data={"chat_id": CHANNEL}, files=files, timeout=10)

    assert "document" in answer.json()["result"]


def album(home: str, *items: tuple[str, bytes], **more: Any) -> Any:
    media = [{"type": kind, "media": f"attach://f{n}"} for n, (kind, _) in enumerate(items)]
    files = {f"f{n}": (f"file{n}", content) for n, (_, content) in enumerate(items)}
    fields = {"chat_id": CHANNEL, "media": json.dumps(media), **more}
    return requests.post(f"{home}/bot{TOKEN}/sendMediaGroup", data=fields, files=files, timeout=20).json()


def test_an_album_is_of_a_kind_and_of_a_size(home: str) -> None:
    photo, video, document = ("photo", picture_bytes()), ("video", film_bytes()), ("document", paper_bytes())

    assert album(home, photo)["description"] == "Bad Request: there must be 2 to 10 messages in the album"
    assert (
        album(home, photo, document)["description"]
        == "Bad Request: can't use the media of the specified type in the album"
    )
    made = album(
        home, photo, video, reply_markup='{"inline_keyboard":[[{"text":"a","url":"https://e.org"}]]}'
    )
    assert not any("reply_markup" in message for message in made["result"])


def test_a_file_is_known_to_its_own_bot_alone(home: str, call: Call_) -> None:
    [first, _] = album(home, ("photo", picture_bytes()), ("photo", picture_bytes(colour="navy")))["result"]
    file_id = first["photo"][-1]["file_id"]

    assert (
        call("sendPhoto", chat_id=TALK, photo=first["photo"][0]["file_id"])["photo"][-1]["file_id"] == file_id
    )
    assert call("sendVideo", chat_id=TALK, video=file_id) == (
        400,
        "Bad Request: can't use file of type Photo as Video",
    )
    path = call("getFile", file_id=file_id)["file_path"]
    assert requests.get(f"{home}/file/bot{TOKEN}/{path}", timeout=10).content.startswith(b"\xff\xd8")
    assert requests.get(f"{home}/file/bot1:x/{path}", timeout=10).status_code == 401


# --- polls, edits, deletions ---


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"question": ""}, "poll question must be non-empty"),
        ({"options": []}, "poll must have 1 to 12 options"),
        ({"options": [{"text": "a" * 101}]}, "poll options length must not exceed 100"),
        ({"is_anonymous": False}, "non-anonymous polls can't be sent to channel chats"),
        ({"type": "quiz"}, "wrong correct option ID specified"),
        ({"type": "quiz", "correct_option_ids": [2]}, "wrong correct option ID specified"),
        ({"open_period": 3}, "poll open period is invalid"),
    ],
)
def test_a_poll_that_is_wrong_is_refused(call: Call_, fields: dict[str, Any], said: str) -> None:
    given = {"question": "Rye?", "options": [{"text": "Yes"}, {"text": "No"}], **fields}

    assert call("sendPoll", chat_id=CHANNEL, **given) == (400, f"Bad Request: {said}")


def test_edits_keep_to_what_there_is(call: Call_) -> None:
    text = call("sendMessage", chat_id=CHANNEL, text="Rye")["message_id"]
    theirs = telegram_person.say(person(TALK), somebody(), "Hello").body["message"]["message_id"]

    assert call("editMessageCaption", chat_id=CHANNEL, message_id=text, caption="x") == (
        400,
        "Bad Request: there is no caption in the message to edit",
    )
    assert call("editMessageText", chat_id=CHANNEL, message_id=text, text="Rye")[1].startswith(
        "Bad Request: message is not modified"
    )
    for chat, message in ((CHANNEL, 99), (TALK, theirs)):
        said = call("editMessageText", chat_id=chat, message_id=message, text="x")
        assert said == (400, "Bad Request: message to edit not found")


def test_deleting_many_passes_over_what_is_gone(call: Call_) -> None:
    first = call("sendMessage", chat_id=CHANNEL, text="Rye")["message_id"]

    assert call("deleteMessages", chat_id=CHANNEL, message_ids=[first, 99]) is True
    assert call("deleteMessage", chat_id=CHANNEL, message_id=first) == (
        400,
        "Bad Request: message to delete not found",
    )
    assert call("deleteMessages", chat_id=CHANNEL, message_ids=[])[0] == 400


def test_what_people_wrote_is_deleted_by_those_who_may(call: Call_) -> None:
    note = telegram_person.say(person(TALK), somebody(), "Hello")
    number = note.body["message"]["message_id"]
    telegram_person.invite(somebody("leonie_hartmann"), bot(), person(TALK), can_pin_messages=True)

    assert call("deleteMessage", chat_id=TALK, message_id=number) == (
        400,
        "Bad Request: message can't be deleted",
    )
    telegram_person.invite(somebody("leonie_hartmann"), bot(), person(TALK))
    assert call("deleteMessage", chat_id=TALK, message_id=number) is True


# --- updates ---


def test_updates_wait_until_they_are_confirmed(call: Call_) -> None:
    for text in ("one", "two", "three"):
        telegram_person.arrive("direct", person(CHANNEL), somebody(), text)

    waiting = call("getUpdates")
    assert [update["message"]["text"] for update in waiting] == ["one", "two", "three"]
    assert call("getUpdates", limit=1) == waiting[:1]
    assert call("getUpdates", offset=waiting[1]["update_id"]) == waiting[1:]
    assert call("getUpdates") == waiting[1:]
    assert call("getUpdates", offset=-1) == waiting[2:]
    assert call("getUpdates", offset=waiting[2]["update_id"] + 1) == []


def test_updates_are_kept_for_a_day(call: Call_) -> None:
    telegram_person.arrive("direct", person(CHANNEL), somebody(), "old")

    with time_machine.travel(timezone.now() + timedelta(hours=25)):
        telegram_person.arrive("direct", person(CHANNEL), somebody(), "new")
        assert [update["message"]["text"] for update in call("getUpdates")] == ["new"]


def test_reactions_come_only_to_those_who_asked_for_them(call: Call_) -> None:
    number = call("sendMessage", chat_id=CHANNEL, text="Rye")["message_id"]
    telegram_person.react(person(CHANNEL), number, **{"👍": 7})
    call("getUpdates", allowed_updates=["message_reaction_count"], offset=-1)
    telegram_person.react(person(CHANNEL), number, **{"👍": 9})

    [update] = [one for one in call("getUpdates") if "message_reaction_count" in one]
    assert update["message_reaction_count"]["reactions"] == [
        {"type": {"type": "emoji", "emoji": "👍"}, "total_count": 9}
    ]


def test_a_channels_post_is_copied_into_its_discussion_group(call: Call_) -> None:
    number = call("sendMessage", chat_id=CHANNEL, text="Rye")["message_id"]

    [copy] = [update["message"] for update in call("getUpdates")]
    assert copy["chat"]["id"] == int(TALK)
    assert copy["is_automatic_forward"]
    assert (copy["forward_origin"]["chat"]["id"], copy["forward_origin"]["message_id"]) == (
        int(CHANNEL),
        number,
    )


def test_privacy_hides_what_is_not_meant_for_a_plain_member(call: Call_) -> None:
    telegram_person._join(somebody("leonie_hartmann"), bot(), person(TALK), {"status": "member"})
    call("getUpdates", offset=-1)
    start = call("getUpdates")[-1]["update_id"] + 1
    for text in ("Anybody up?", "/pending@morgenrot_desk_bot", "hello @morgenrot_desk_bot"):
        telegram_person.say(person(TALK), somebody(), text)

    told = [update["message"]["text"] for update in call("getUpdates", offset=start)]
    assert told == ["/pending@morgenrot_desk_bot", "hello @morgenrot_desk_bot"]


def test_a_long_poll_ends_when_something_comes_and_gives_way_to_a_newer_one(home: str) -> None:
    url = f"{home}/bot{TOKEN}/getUpdates"
    answers: list[Any] = []

    def poll() -> None:
        answers.append(requests.get(url, params={"timeout": "20"}, timeout=30).json())

    first = Thread(target=poll)
    first.start()
    while "poller" not in bot().facts:
        first.join(0.02)
    second = Thread(target=poll)
    second.start()
    first.join()
    telegram_person.arrive("direct", person(CHANNEL), somebody(), "Rye?")
    second.join()

    assert answers[0]["error_code"] == 409
    assert "terminated by other getUpdates request" in answers[0]["description"]
    assert [update["message"]["text"] for update in answers[1]["result"]] == ["Rye?"]


# --- webhooks ---


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"url": "http://desk.example/hook"}, "bad webhook: An HTTPS URL must be provided for webhook"),
        (
            {"url": "https://desk.example:444/hook"},
            "bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443",
        ),
        ({"url": "nonsense"}, "bad webhook: invalid webhook URL specified"),
        (
            {"url": "https://desk.example/", "secret_token": "a b"},
            "secret token contains unallowed characters",
        ),
        ({"url": "https://desk.example/", "secret_token": "a" * 257}, "secret token is too long"),
    ],
)
def test_a_webhook_that_is_wrong_is_refused(call: Call_, fields: dict[str, str], said: str) -> None:
    assert call("setWebhook", **fields) == (400, f"Bad Request: {said}")


def test_setting_and_deleting_a_webhook_says_what_was(home: str, call: Call_) -> None:
    def said(method: str, **fields: str) -> str:
        return str(
            requests.post(f"{home}/bot{TOKEN}/{method}", json=fields, timeout=10).json()["description"]
        )

    url = "https://desk.example/hook"
    assert [said("setWebhook", url=url), said("setWebhook", url=url)] == [
        "Webhook was set",
        "Webhook is already set",
    ]
    code, refused = call("getUpdates")
    assert code == 409
    assert refused.startswith("Conflict: can't use getUpdates method while webhook is active;")
    assert [said("deleteWebhook"), said("setWebhook", url="")] == [
        "Webhook was deleted",
        "Webhook is already deleted",
    ]


@pytest.fixture
def receiver() -> Iterator[tuple[str, list[Any], dict[str, Any]]]:
    """A webhook's receiver: its address, what came (secret and body), and how it answers."""
    came: list[Any] = []
    answers: dict[str, Any] = {"status": 200, "body": b""}

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            came.append((self.headers["X-Telegram-Bot-Api-Secret-Token"], body))
            self.send_response(answers["status"])
            self.end_headers()
            self.wfile.write(answers["body"])

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/hook", came, answers
    server.shutdown()
    server.server_close()


def test_a_webhook_is_called_again_until_it_takes_what_came(
    call: Call_, receiver: tuple[str, list[Any], dict[str, Any]]
) -> None:
    url, came, answers = receiver
    call("setWebhook", url=url, secret_token="s3cret")
    answers["status"] = 500
    telegram_person.arrive("direct", person(CHANNEL), somebody(), "one")
    told = call("getWebhookInfo")
    answers["status"] = 200
    telegram_person.arrive("direct", person(CHANNEL), somebody(), "two")

    assert told["pending_update_count"] == 1
    assert told["last_error_message"] == "Wrong response from the webhook: 500 Internal Server Error"
    assert [body["message"]["text"] for _, body in came] == ["one", "one", "two"]
    assert {secret for secret, _ in came} == {"s3cret"}
    assert call("getWebhookInfo")["pending_update_count"] == 0


def test_a_webhooks_answer_may_be_a_call(
    call: Call_, receiver: tuple[str, list[Any], dict[str, Any]]
) -> None:
    url, _, answers = receiver
    call("setWebhook", url=url)
    jonas = somebody()
    answers["body"] = json.dumps(
        {"method": "sendMessage", "chat_id": int(jonas.remote_id), "text": "Hello"}
    ).encode()

    telegram_person.start(jonas, bot())

    assert [entry.text for entry in Entry.objects.filter(person=jonas)] == ["Hello"]


# --- the person's side ---


def test_people_act_over_http_as_well(home: str, call: Call_) -> None:
    def act(action: str, **fields: Any) -> requests.Response:
        who = {"person": "jonas_weber", "bot": "morgenrot_desk_bot", **fields}
        return requests.post(f"{home}/control/{action}", json=who, timeout=10)

    assert act("start", payload="token-1").json() == {"ok": True}
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "a:1"}]]}
    asked = call("sendMessage", chat_id=somebody().remote_id, text="Rye?", reply_markup=keyboard)[
        "message_id"
    ]
    assert act("press", message_id=asked, data="a:1").ok
    assert (
        act("press", message_id=asked, data="z").json()["description"]
        == "Bad Request: there is no such button"
    )
    assert act("say", text="Thanks").ok
    assert act("say", text="Hello all /help", chat="morgenrot_talk").ok
    assert act("remove", chat="morgenrot_talk").ok
    assert act("block").ok
    assert act("dance").status_code == 422
    assert act("say").status_code == 422

    kinds = [next(name for name in update if name != "update_id") for update in call("getUpdates")]
    assert kinds == ["message", "callback_query", "message", "message", "my_chat_member", "my_chat_member"]


def test_a_person_presses_start_and_a_button_in_the_pages(home: str, call: Call_) -> None:
    page = requests.get(f"{home}/morgenrot_desk_bot?start=token-1", timeout=10).text
    assert 'name="payload" value="token-1"' in page
    pressed = {"person": "mila_novak", "bot": "morgenrot_desk_bot", "payload": "token-1"}
    requests.post(f"{home}/control/start", data=pressed, timeout=10)
    keyboard = {"inline_keyboard": [[{"text": "Approve", "callback_data": "a:1"}]]}
    mila = somebody("mila_novak")
    asked = call("sendMessage", chat_id=mila.remote_id, text="Rye?", reply_markup=keyboard)["message_id"]

    chat = requests.post(
        f"{home}/control/press", data={**pressed, "message_id": asked, "data": "a:1"}, timeout=10
    ).text

    assert '<button name="data" value="a:1">Approve</button>' in chat
    started, query = call("getUpdates")
    assert started["message"]["text"] == "/start token-1"
    assert query["callback_query"]["data"] == "a:1"


def test_a_press_must_be_answered_soon(call: Call_) -> None:
    keyboard = {"inline_keyboard": [[{"text": "Yes", "callback_data": "a:1"}]]}
    asked = call("sendMessage", chat_id=somebody().remote_id, text="Rye?", reply_markup=keyboard)[
        "message_id"
    ]
    query = telegram_person.press(somebody(), bot(), somebody(), asked, "a:1")

    with time_machine.travel(timezone.now() + timedelta(seconds=16)):
        said = call("answerCallbackQuery", callback_query_id=query)

    assert said == (400, "Bad Request: query is too old and response timeout expired or query ID is invalid")


def test_commands_belong_to_a_scope(call: Call_) -> None:
    scope = {"type": "all_private_chats"}
    commands = [{"command": "pending", "description": "Posts that wait"}]

    assert call("setMyCommands", commands=commands, scope=scope) is True
    assert (call("getMyCommands", scope=scope), call("getMyCommands")) == (commands, [])
    assert call("deleteMyCommands", scope=scope) is True
    assert call("getMyCommands", scope=scope) == []
    assert call("setMyCommands", commands=[{"command": "No!", "description": "x"}]) == (
        400,
        "Bad Request: BOT_COMMAND_INVALID",
    )


# --- what the public sees ---


def test_only_a_public_channel_has_a_page(home: str, call: Call_) -> None:
    call("sendMessage", chat_id=CHANNEL, text="Rye & <spelt>")

    page = requests.get(f"{home}/s/morgenrot_bakery", timeout=10)
    group = requests.get(f"{home}/s/morgenrot_talk", timeout=10, allow_redirects=False)

    assert 'data-post="morgenrot_bakery/2"' in page.text
    assert "Rye &amp; &lt;spelt&gt;" in page.text
    assert group.status_code == 302
    assert requests.get(f"{home}/morgenrot_crew", timeout=10).status_code == 404


def test_the_page_goes_back_in_steps(home: str, call: Call_) -> None:
    for n in range(22):
        call("sendMessage", chat_id=CHANNEL, text=f"Loaf {n}")

    newest = requests.get(f"{home}/s/morgenrot_bakery", timeout=10).text
    older = requests.get(f"{home}/s/morgenrot_bakery", params={"before": "4"}, timeout=10).text

    assert (newest.count("data-post="), older.count("data-post=")) == (20, 3)
