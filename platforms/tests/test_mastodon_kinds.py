"""Mastodon's videos, polls and quotes, what changes in a published post, and the numbers it gets."""

from datetime import datetime, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from platforms._mastodon_failures import FAILURES
from platforms._mastodon_server import is_same_post, limits_of, unavailable_on
from platforms.content import Draft, Json, Published
from platforms.errors import InvalidContent, MediaRejected, NotReady, OutcomeUnknown, PlatformError
from platforms.ledger import MemoryLedger
from platforms.mastodon import SETTLES, Mastodon
from platforms.sandbox.models import Call, Entry, Fault, Upload
from platforms.tests.files import film, picture
from platforms.tests.mastodon_world import draft, publish, speaking_for
from platforms.transport import Answer

pytestmark = pytest.mark.django_db(transaction=True)

FAR = "https://rivers.example/@inga/117020582917124092"
POLL: dict[str, Json] = {"poll_options": ["Rye", "Spelt"], "poll_duration": "3600"}
EVERYWHERE = ["mastodon", "pleroma", "gotosocial", "takahe", "old"]


@pytest.fixture
def client(sandbox: str) -> Mastodon:
    return speaking_for(sandbox)


def sent(path: str = "/api/v1/statuses", method: str = "POST") -> Any:
    """What the last such request said."""
    return Call.objects.filter(path__endswith=path, method=method).order_by("-pk")[0].body


def standing() -> Entry:
    return Entry.objects.get(person__handle="moonrise", deleted_at=None)


def found(plan: Draft, limits: dict[str, Json] | None = None) -> list[str]:
    return [finding.code for finding in Mastodon.check(plan, limits or {})]


# --- videos ---


@pytest.mark.parametrize("server", EVERYWHERE)
def test_a_video_goes_out_on_any_server(sandbox: str, server: str) -> None:
    file = film(alt="Loaves in an oven")

    publish(speaking_for(sandbox, server=server), "It rises", media=(file,))

    [upload] = standing().pictures
    assert (upload.content_type, upload.alt) == ("video/mp4", "Loaves in an oven")
    assert bytes(upload.content) == file.open().read()


def test_a_video_is_waited_for_without_being_sent_again(client: Mastodon) -> None:
    books, plan = MemoryLedger(), draft("It rises", media=(film(),))

    with pytest.raises(NotReady):
        client.publish(plan, books)
    assert Entry.objects.count() == 0
    client.publish(plan, books)

    assert Upload.objects.count() == 1
    assert plan.kind == "video"


def test_a_video_that_cannot_be_processed_is_rejected(client: Mastodon) -> None:
    Fault.objects.create(network="mastodon", kind=Fault.Kind.PROCESSING_FAILS, path="/media")

    with pytest.raises(MediaRejected, match="thumbnail"):
        publish(client, "It rises", media=(film(),))


def test_a_lost_answer_to_a_video_is_found(client: Mastodon) -> None:
    books, plan = MemoryLedger(), draft("It rises", media=(film(),))
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, path="/statuses")
    with pytest.raises(NotReady):
        client.publish(plan, books)
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)

    assert client.publish(plan, books).remote_id == standing().remote_id


def test_a_server_says_what_videos_it_takes(client: Mastodon) -> None:
    limits = client.account_limits()
    rules = Mastodon.rules_with(limits, {}, [film()])

    assert rules.videos.max_bytes == 103_809_024
    assert (rules.videos.max_side, rules.videos.fps) == (2880, (1, 120))
    assert rules.images.at_most == 0


def test_a_server_without_videos_takes_none() -> None:
    media = {"supported_mime_types": ["image/jpeg", "image/png"]}
    limits = limits_of({"configuration": {"media_attachments": media}})

    assert found(draft("x", media=(film(alt="x"),)), limits) == ["too_many_videos"]
    assert Mastodon.rules_for(limits).images.formats == ("image/jpeg", "image/png")


def test_an_animation_among_pictures_is_warned_of() -> None:
    media = (picture(), picture("cat.gif", kind="GIF"))

    assert found(draft("x", media=media)) == ["gif_alone"]
    assert found(draft("x", media=media[1:])) == []


# --- polls ---


def test_a_poll_is_asked_as_it_was_written(client: Mastodon) -> None:
    publish(client, "Which?", **POLL, poll_multiple=True, poll_hide_totals=True)

    assert sent()["poll"] == {
        "options": ["Rye", "Spelt"],
        "expires_in": 3600,
        "multiple": True,
        "hide_totals": True,
    }
    assert standing().body["poll"]["options"] == ["Rye", "Spelt"]


@pytest.mark.parametrize("server", EVERYWHERE)
def test_a_lost_answer_to_a_poll_is_found_on_any_server(sandbox: str, server: str) -> None:
    client, books, plan = speaking_for(sandbox, server=server), MemoryLedger(), draft("Which?", **POLL)
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, path="/statuses")
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)

    assert client.publish(plan, books).remote_id == standing().remote_id


def test_the_same_question_without_its_answers_is_another_post(client: Mastodon) -> None:
    since = timezone.now()
    publish(client, "Which?", **POLL)

    assert client.find(draft("Which?"), since) is None
    assert client.find(draft("Which?", poll_options=["Rye", "Oats"]), since) is None
    assert client.find(draft("Which?", **POLL), since)


def test_the_first_post_of_a_thread_has_the_poll(client: Mastodon) -> None:
    publish(client, "Which?", "We wonder.", **POLL)

    first, second = Entry.objects.order_by("pk")
    assert "poll" in first.body
    assert "poll" not in second.body


@pytest.mark.parametrize(
    ("options", "codes"),
    [
        ({"poll_options": ["One"]}, ["option_too_few"]),
        ({"poll_options": ["1", "2", "3", "4", "5"]}, ["option_too_many"]),
        ({"poll_options": ["x" * 51, "y"]}, ["option_too_long"]),
        ({"poll_options": ["Rye", "Rye "]}, ["poll_duplicate"]),
        ({"poll_options": ["Rye", "Spelt"], "quote": FAR}, ["quote_alone"]),
        ({"poll_options": ["Rye", "Spelt"]}, []),
    ],
)
def test_what_no_poll_may_be_is_found_before(options: dict[str, Json], codes: list[str]) -> None:
    assert found(draft("Which?", **options)) == codes


def test_a_poll_has_no_pictures_and_is_not_lost_beside_one() -> None:
    assert found(draft("Which?", media=(picture(),), **POLL)) == ["poll_with_media"]


def test_polls_keep_to_the_server(sandbox: str) -> None:
    limits = {server: speaking_for(sandbox, server=server).connection.limits for server in EVERYWHERE[:3]}
    six = draft("Which?", poll_options=[str(n) for n in range(6)])
    pleromas = limits_of({"poll_limits": {"max_options": 20, "max_option_chars": 200, "max_expiration": 60}})

    assert Mastodon.check(six, limits["gotosocial"]) == []
    assert found(six, dict(limits["mastodon"])) == ["option_too_many"]
    assert found(six, pleromas) == ["poll_duration"]
    assert found(draft("?", poll_options=["x" * 200, "y"], poll_duration="300"), pleromas) == [
        "poll_duration"
    ]


# --- quotes ---


def test_a_post_from_anywhere_is_quoted(client: Mastodon) -> None:
    published = publish(client, "Move the flour!", quote=FAR, quote_policy="nobody")

    entry = standing()
    assert sent()["quoted_status_id"] == entry.body["quoted"] == "117020582917124092"
    assert sent()["quote_approval_policy"] == "nobody"
    status = client.call("GET", f"/api/v1/statuses/{published.remote_id}").json
    assert status["quote"]["state"] == "accepted"
    assert status["quote_approval"]["automatic"] == []


def test_a_lost_answer_to_a_quote_is_found_below_the_link_that_the_server_puts_there(
    client: Mastodon,
) -> None:
    books, plan = MemoryLedger(), draft("Move the flour!", quote=FAR)
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, path="/statuses")
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)

    assert client.publish(plan, books).remote_id == standing().remote_id


def test_who_does_not_want_to_be_quoted_is_not(sandbox: str, client: Mastodon) -> None:
    theirs = publish(speaking_for(sandbox, "tomas"), "Only mine", quote_policy="nobody")

    with pytest.raises(InvalidContent, match="does not want to be quoted") as error:
        publish(client, "Look", quote=theirs.permalink)

    assert error.value.action == "Put the address into the text instead."


def test_a_post_that_nobody_finds_is_not_quoted(client: Mastodon) -> None:
    with pytest.raises(InvalidContent, match="does not find the post"):
        publish(client, "Look", quote="https://nowhere.example/@x/1")

    assert Entry.objects.count() == 0


@pytest.mark.parametrize("server", ["pleroma", "gotosocial", "takahe", "old"])
def test_a_server_without_quotes_says_so_before_anything_is_sent(sandbox: str, server: str) -> None:
    client = speaking_for(sandbox, server=server)

    assert found(draft("Look", quote=FAR), dict(client.connection.limits)) == ["not_on_this_server"]
    with pytest.raises(InvalidContent, match="knows no quotes"):
        publish(client, "Look", quote=FAR)


def test_pixelfed_has_no_polls_and_quotes() -> None:
    instance = {"version": "3.5.3 (compatible; Pixelfed 0.12.5)"}

    assert set(unavailable_on(instance)) == {"quote", "quote_policy", "poll_options"}
    assert unavailable_on({"api_versions": {"mastodon": 7}}) == {}


def test_a_message_to_nobody_is_warned_of() -> None:
    assert found(draft("Hush", visibility="direct")) == ["nobody_mentioned"]
    assert found(draft("@tomas hush", visibility="direct")) == []


# --- changing ---


def test_a_post_is_changed_and_keeps_its_pictures(client: Mastodon) -> None:
    media = (picture("a.jpg", alt="A loaf"), picture("b.jpg", alt="Crumbs", colour="teal"))
    published = publish(client, "Rye is bakc", media=media, sensitive=True, language="en")
    ids = [upload.remote_id for upload in standing().pictures]

    again = (media[0], picture("b.jpg", alt="Crumbs on a board", colour="teal"))
    edited = client.edit(published, draft("Rye is back", media=again, spoiler_text="Bread"))

    entry = standing()
    assert (entry.text, entry.body["spoiler_text"], entry.body["sensitive"]) == ("Rye is back", "Bread", True)
    assert [upload.remote_id for upload in entry.pictures] == ids
    assert [upload.alt for upload in entry.pictures] == ["A loaf", "Crumbs on a board"]
    assert edited == published
    assert entry.body["language"] == "en"


def test_a_poll_that_is_kept_keeps_its_votes_and_its_end(sandbox: str, client: Mastodon) -> None:
    published = publish(client, "Wich?", **POLL)
    other = speaking_for(sandbox, "tomas")
    other.call("POST", f"/api/v1/polls/{published.remote_id}/votes", json={"choices": ["1"]})
    ends_at = datetime.fromisoformat(standing().body["poll"]["expires_at"])

    client.edit(published, draft("Which?", **POLL))

    poll = standing().body["poll"]
    assert poll["votes"] == {"2": [1]}
    assert abs(datetime.fromisoformat(poll["expires_at"]) - ends_at) < timedelta(seconds=3)


def test_a_poll_that_is_over_stays(client: Mastodon) -> None:
    published = publish(client, "Which?", **POLL)

    with (
        time_machine.travel(timezone.now() + timedelta(hours=2)),
        pytest.raises(InvalidContent, match="poll is over"),
    ):
        client.edit(published, draft("Which one?", **POLL))


def test_a_thread_is_changed_part_by_part(client: Mastodon) -> None:
    published = publish(client, "One", "Tow", "Three")

    assert client.edit(published, draft("One", "Two", "Three")) == published

    assert [*Entry.objects.order_by("pk").values_list("text", flat=True)] == ["One", "Two", "Three"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        (draft("One", "Two"), "number of posts"),
        (draft("One", media=(picture(),)), "stay as they are"),
        (draft("One", visibility="private"), "Who sees"),
        (draft("One", quote=FAR), "quote"),
    ],
)
def test_what_cannot_be_changed_is_said_and_nothing_is(client: Mastodon, plan: Draft, words: str) -> None:
    published = publish(client, "One")

    with pytest.raises(InvalidContent, match=words):
        client.edit(published, plan)

    assert "edited_at" not in standing().body


def test_a_lost_answer_to_a_change_may_be_repeated(client: Mastodon) -> None:
    published = publish(client, "One")
    Fault.objects.create(kind=Fault.Kind.DROP_AFTER, method="PUT", path="/statuses")
    with pytest.raises(PlatformError):
        client.edit(published, draft("Uno"))

    client.edit(published, draft("Uno"))

    assert standing().text == "Uno"


def test_a_server_that_cannot_change_posts_says_so(sandbox: str) -> None:
    client = speaking_for(sandbox, server="old")
    published = publish(client, "One")

    with pytest.raises(InvalidContent, match="cannot change a published post"):
        client.edit(published, draft("Uno"))


# --- numbers ---


def test_numbers_are_those_of_the_first_post(client: Mastodon) -> None:
    published = publish(client, "One", "Two")

    numbers = client.post_metrics(published)

    assert numbers.values == {"likes": 0, "comments": 0, "reposts": 0, "quotes": 0}
    assert numbers.raw["replies_count"] == 1


def test_a_server_that_counts_no_quotes_tells_none() -> None:
    class Told(Mastodon):
        def call(self, method: str, path: str, **request: Any) -> Answer:
            body = b'{"id": "1", "favourites_count": 3, "replies_count": 0, "reblogs_count": null}'
            return Answer(method, path, 200, {}, body)

    told = Told.__new__(Told).post_metrics(Published("1", ""))

    assert told.values == {"likes": 3, "comments": 0}


def test_an_account_has_followers_and_posts(client: Mastodon) -> None:
    publish(client, "One")

    assert client.account_metrics().values == {"followers": 1204, "posts": 1}


def test_votes_are_told_with_the_numbers(client: Mastodon) -> None:
    published = publish(client, "Which?", **POLL)
    Entry.objects.update(created_at=timezone.now() - timedelta(days=2))

    poll: Any = client.post_metrics(published).raw["poll"]

    assert poll["votes_count"] > 0


# --- what is refused ---


@pytest.mark.parametrize("failure", FAILURES, ids=lambda failure: f"{failure.code} {failure.words}")
def test_every_refusal_is_understood_by_its_words(failure: Any) -> None:
    status = int(failure.code[:3]) if failure.code[:3].isdecimal() else 400
    said = failure.words or failure.code
    headers = {"Retry-After": "30"} if failure.code == "503/later" else {}
    answer = Answer(
        "POST",
        "https://m.example/api/v1/statuses",
        status,
        headers,
        f'{{"error": "{said.capitalize() if failure.words else said}"}}'.encode(),
    )

    error = Mastodon.classify(answer)

    assert (type(error), error.message) == (failure.kind, failure.message)
    assert error.action


def test_a_poll_and_a_plain_post_are_not_the_same() -> None:
    status = {
        "content": "<p>Which?</p>",
        "poll": {"options": [{"title": "Rye &amp; oats"}, {"title": "Spelt"}]},
    }
    poll: Json = {"options": ["Rye & oats", "Spelt"]}

    assert is_same_post(status, {"status": "Which?", "poll": poll}, "SNS Auto")
    assert not is_same_post(status, {"status": "Which?"}, "SNS Auto")
    assert not is_same_post(status, {"status": "Which?", "poll": {"options": ["Oats"]}}, "SNS Auto")
    assert is_same_post({"content": "<p>Which?</p>"}, {"status": "Which?", "poll": poll}, "SNS Auto"), "lost"


def test_after_a_while_absence_is_sure(client: Mastodon) -> None:
    books, plan = MemoryLedger(), draft("Which?", **POLL)
    Fault.objects.create(kind=Fault.Kind.DROP_BEFORE, path="/statuses")
    with pytest.raises(OutcomeUnknown):
        client.publish(plan, books)
    books.intents["post"] -= SETTLES

    client.publish(plan, books)

    assert standing().text == "Which?"
