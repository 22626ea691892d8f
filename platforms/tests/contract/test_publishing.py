"""Every network publishes every kind of post it declares, once, whatever becomes of the answers."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
import requests
from _pytest.mark import ParameterSet

from platforms.base import Platform
from platforms.content import Draft, Json, MediaFile
from platforms.errors import OutcomeUnknown, PlatformError
from platforms.ledger import MemoryLedger
from platforms.options import Option
from platforms.registry import PLATFORMS
from platforms.rules import Kind
from platforms.sandbox.models import Call, Entry, Fault
from platforms.tests.books import Killed, MortalLedger
from platforms.tests.connected import connected
from platforms.tests.contract import desk
from platforms.tests.contract.drafts import SENTENCE, Shelf, another, draft_of, errors, example, plain_kind

pytestmark = pytest.mark.django_db(transaction=True)

# Here a lost start cannot be told from one that never arrived: a person is asked, and nothing is sent twice.
MAY_ASK = {("tiktok", "photos"), ("tiktok", "draft")}
SPOILED = (("", Fault.Kind.LIMITED), ("", Fault.Kind.BROKEN), ("", Fault.Kind.HALF), ("GET", Fault.Kind.HALF))
KINDS = [(name, kind.name) for name, platform in PLATFORMS.items() for kind in platform.post_kinds()]
EDITABLE = [name for name, platform in PLATFORMS.items() if platform.can("edit")]


def plain_or_chaos(name: str, kind: str) -> ParameterSet:
    """The most ordinary kind in every run; the others, which take long, with what kills workers."""
    marks = [] if kind == plain_kind(PLATFORMS[name]).name else [pytest.mark.chaos]
    return pytest.param(name, kind, marks=marks)


def kind_of(name: str, kind: str) -> Kind:
    return next(declared for declared in PLATFORMS[name].post_kinds() if declared.name == kind)


@pytest.fixture
def drafted(shelf: Shelf) -> Callable[..., Draft]:
    """A draft of a kind for a connected client."""

    def draft(client: Platform, kind: str, key: str = "one", more: int = 0, **chosen: Json) -> Draft:
        declared = kind_of(client.name, kind)
        return draft_of(type(client), declared, client.connection.limits, put_once, key, more, **chosen)

    known: dict[MediaFile, MediaFile] = {}

    def put_once(file: MediaFile) -> MediaFile:
        return known.setdefault(file, shelf(file)) if file not in known else known[file]

    return draft


@pytest.mark.cell("{name}:publish:{kind}")
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_a_post_of_every_kind_goes_out_and_is_there_for_all_to_see(
    name: str, kind: str, world: str, drafted: Callable[..., Draft]
) -> None:
    client, ledger = connected(name, world), MemoryLedger()
    draft = drafted(client, kind)

    assert draft.kind == kind
    assert errors(type(client), draft, client.connection.limits) == []
    published = desk.publish(client, draft, ledger)

    assert published.remote_id
    assert desk.standing(name) >= 1
    if published.permalink:
        assert requests.get(published.permalink, timeout=10).status_code == 200


@pytest.mark.parametrize(("name", "kind"), [plain_or_chaos(name, kind) for name, kind in KINDS])
def test_an_answer_that_is_lost_makes_no_second_post(
    name: str, kind: str, world: str, drafted: Callable[..., Draft]
) -> None:
    assert wrong_with(name, kind, Fault.Kind.DROP_AFTER, "", world, drafted) == []


@pytest.mark.chaos
@pytest.mark.parametrize(("method", "spoiled"), SPOILED)
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_whatever_comes_instead_of_an_answer_makes_no_failure_and_no_second_post(
    name: str, kind: str, method: str, spoiled: Fault.Kind, world: str, drafted: Callable[..., Draft]
) -> None:
    assert wrong_with(name, kind, spoiled, method, world, drafted) == []


def wrong_with(
    name: str, kind: str, spoiled: Fault.Kind, method: str, world: str, drafted: Callable[..., Draft]
) -> list[str]:
    """What went wrong where one answer was spoiled, each in its turn: to whatever writes, or to a method."""
    client = connected(name, world)
    Call.objects.all().delete()
    desk.publish(client, drafted(client, kind, "zero"), MemoryLedger())
    calls = Call.objects.filter(network=name, method=method).count() if method else len(desk.writes(name))
    once, wrong = desk.standing(name), []
    for number in range(calls):
        desk.clear()
        client, which = connected(name, world), f"answer {number + 1} of {calls}"
        try:
            with desk.fault(name, spoiled, skip=number, method=method):
                published = desk.persevere(client, drafted(client, kind, f"n{number}"), MemoryLedger())
        except PlatformError as error:
            wrong.append(f"{which}: {error!r}")
            continue
        stands = desk.standing(name)
        is_told = published is not None or not client.can("find") or not once
        if (stands != once or not is_told) and not (published is None and (name, kind) in MAY_ASK):
            wrong.append(f"{which}: {stands} stand, {published}")
    return wrong


@pytest.mark.chaos
@pytest.mark.parametrize(("name", "kind"), KINDS)
def test_killed_at_every_moment_it_goes_on_to_exactly_one_post(
    name: str, kind: str, world: str, drafted: Callable[..., Draft]
) -> None:
    client, wrong, moment = connected(name, world), [], 0
    desk.publish(client, drafted(client, kind, "zero"), MemoryLedger())
    once = desk.standing(name)

    while True:
        desk.clear()
        client, ledger = connected(name, world), MortalLedger(moment)
        draft = drafted(client, kind, f"m{moment}")
        try:
            desk.publish(client, draft, ledger)
            break
        except Killed:
            desk.age(ledger)
            published = desk.persevere(client, draft, ledger)
        is_asked = published is None and ((name, kind) in MAY_ASK or not client.can("find"))
        if not is_asked and (published is None or desk.standing(name) != once):
            wrong.append(f"killed at moment {moment}: {desk.standing(name)} stand, {published}")
        moment += 1

    assert moment >= 3
    assert wrong == []


# What every post of the kind has is shown by publishing it; what stands here needs more than a plain draft.
SHOWN_ELSEWHERE = {
    ("x", "tagged"),  # needs a picture, which such posts have not: test_x_kinds
    ("linkedin", "card"),  # reads a page: test_linkedin
    ("linkedin", "visibility"),  # only people have a choice, and the first account is a page: test_linkedin
    ("threads", "spoiler_words"),  # hides words of the text, which the example cannot know: test_threads
    ("telegram", "topic"),  # the first chat is a channel, and only groups have topics: test_telegram
    ("telegram", "poll_anonymous"),  # in a channel every poll is anonymous: test_telegram
    ("bluesky", "card"),  # reads a page: test_bluesky
}


def is_in_every_post(platform: type[Platform], option: Option) -> bool:
    kinds = {kind.option for kind in platform.post_kinds()}
    return option.name in {"kind", *kinds} or (option.required and option.kind not in {"choice", "flag"})


OPTIONS = [
    (name, option.name)
    for name, platform in PLATFORMS.items()
    for option in platform.options
    if not is_in_every_post(platform, option) and (name, option.name) not in SHOWN_ELSEWHERE
]


@pytest.mark.parametrize(("name", "option"), OPTIONS)
def test_every_option_reaches_the_network(
    name: str, option: str, world: str, drafted: Callable[..., Draft]
) -> None:
    platform, client = PLATFORMS[name], connected(name, world)
    declared = next(known for known in platform.options if known.name == option)
    kinds = [plain_kind(platform), *platform.post_kinds()]
    kind = next(kind.name for kind in kinds if not declared.kinds or kind.name in declared.kinds)
    value = another(declared, client.connection.limits)

    differs = any(
        has_effect(client, drafted, kind, declared, value, more)
        for more in (0, 1)
        if allows(kind, platform, more)
    )

    assert differs, "nothing that was sent differs"


def allows(kind: str, platform: type[Platform], more: int) -> bool:
    rules = kind_of(platform.name, kind).rules
    return not more or rules.images.at_most > rules.media_at_least > 0


def has_effect(
    client: Platform, drafted: Callable[..., Draft], kind: str, option: Option, value: Json, more: int
) -> bool:
    """Whether what is sent with the option differs from what is sent without it, twice."""
    beside = beside_of(client, kind, option, value, drafted)
    wished = drafted(client, kind, more=more, **{**beside, option.name: value})
    if not more and errors(type(client), wished, client.connection.limits):
        return False  # it means something only where there is more
    known = (client.name, kind, more, repr(sorted(beside.items())))
    if known not in PLAIN:
        PLAIN[known] = [said_with(client, drafted, kind, f"{n}{more}", more, beside) for n in ("one", "two")]
    (plain, raw), (again, _raw) = PLAIN[known]
    key = f"{option.name} {more}"
    different, said = said_with(client, drafted, kind, key, more, {**beside, option.name: value})
    is_named = isinstance(value, str) and value in said and value not in raw
    return is_named or bool(different - plain - again) or bool((plain & again) - different)


# What plain posts say is the same whatever option is tried next to them: said once in a run.
PLAIN: dict[tuple[object, ...], list[tuple[set[str], str]]] = {}


def said_with(
    client: Platform, drafted: Callable[..., Draft], kind: str, key: str, more: int, options: dict[str, Json]
) -> tuple[set[str], str]:
    """What a post with these options says to the network, compared and as it was."""
    Call.objects.all().delete()
    desk.publish(client, drafted(client, kind, key, more=more, **options), MemoryLedger())
    raw = " ".join(f"{call.path} {call.body}" for call in desk.writes(client.name))
    return spoken(client.name), raw


def beside_of(
    client: Platform, kind: str, option: Option, value: Json, drafted: Callable[..., Draft]
) -> dict[str, Json]:
    """What must be chosen beside an option so that the network takes it."""
    platform, limits = type(client), client.connection.limits
    beside: dict[str, Json] = {}
    if option.shown_with:
        other = next(known for known in platform.options if known.name == option.shown_with)
        shown = example(other, limits)
        beside = {**beside_of(client, kind, other, shown, drafted), other.name: shown}
    others = [other for other in platform.options if other.name not in {"kind", option.name}]
    for more in ({}, *({other.name: example(other, limits)} for other in others)):
        tried = {**beside, **more, option.name: value}
        if not errors(platform, drafted(client, kind, **tried), limits):
            return {name: chosen for name, chosen in tried.items() if name != option.name}
    return beside


def spoken(name: str) -> set[str]:
    """What was said to a network: which calls, and which values, but for what always differs."""
    said: Counter[str] = Counter()
    for call in desk.writes(name):
        said[LONG.sub("*", call.path)] += 1
        for key, value in flat(call.body):
            said[f"{key}={LONG.sub('*', value)}"] += 1
    return {f"{count} × {words}" for words, count in said.items() if SENTENCE not in words}


LONG = re.compile(r"[\w.~:%-]{15,}|\d{5,}")


def flat(body: Json, prefix: str = "") -> list[tuple[str, str]]:
    if isinstance(body, dict):
        return [pair for key, value in body.items() for pair in flat(value, f"{prefix}.{key}")]
    if isinstance(body, list):
        return [pair for value in body for pair in flat(value, prefix)]
    return [(prefix, str(body))]


@pytest.mark.cell("{name}:find")
@pytest.mark.parametrize("name", [name for name, platform in PLATFORMS.items() if platform.can("find")])
def test_what_was_published_is_found_again(name: str, world: str, drafted: Callable[..., Draft]) -> None:
    client = connected(name, world)
    draft = drafted(client, plain_kind(PLATFORMS[name]).name)
    published = desk.publish(client, draft, MemoryLedger())

    found = desk.looked_up(client, draft)

    assert found is not None
    assert found.remote_id == published.remote_id


@pytest.mark.cell("{name}:recent")
@pytest.mark.parametrize("name", [name for name, platform in PLATFORMS.items() if platform.can("recent")])
def test_what_stands_is_listed_for_a_person_to_pick_from(
    name: str, world: str, drafted: Callable[..., Draft]
) -> None:
    client = connected(name, world)
    since = datetime.now(UTC) - timedelta(minutes=5)
    draft = drafted(client, plain_kind(PLATFORMS[name]).name)
    ledger = MemoryLedger()
    published = desk.publish(client, draft, ledger)

    listed = client.recent(since)

    assert [row.permalink for row in listed] == [published.permalink]
    assert draft.text[:20] in listed[0].text
    assert listed[0].at > draft.created_at - timedelta(minutes=5)
    assert client.recognise(listed[0].permalink) in ledger.results.values()


@pytest.mark.cell("{name}:delete")
@pytest.mark.parametrize("name", [name for name, platform in PLATFORMS.items() if platform.can("delete")])
def test_a_post_is_taken_down_and_taking_it_down_twice_is_no_fault(
    name: str, world: str, drafted: Callable[..., Draft]
) -> None:
    client = connected(name, world)
    published = desk.publish(client, drafted(client, plain_kind(PLATFORMS[name]).name), MemoryLedger())

    client.delete(published)
    client.delete(published)

    assert desk.standing(name) == 0


@pytest.mark.cell("{name}:edit")
@pytest.mark.parametrize("name", EDITABLE)
def test_a_published_post_is_changed(name: str, world: str, drafted: Callable[..., Draft]) -> None:
    client = connected(name, world)
    kind = plain_kind(PLATFORMS[name]).name
    published = desk.publish(client, drafted(client, kind), MemoryLedger())
    before = Entry.objects.get(network=name, deleted_at=None)

    client.edit(published, drafted(client, kind, "corrected"))

    after = Entry.objects.get(network=name, deleted_at=None)
    assert "corrected" in f"{after.text} {after.body}"
    assert "corrected" not in f"{before.text} {before.body}"


@pytest.mark.parametrize("name", list(PLATFORMS))
def test_a_network_that_breaks_off_leaves_nothing_in_doubt_for_ever(
    name: str, world: str, drafted: Callable[..., Draft]
) -> None:
    client, ledger = connected(name, world), MemoryLedger()
    draft = drafted(client, plain_kind(PLATFORMS[name]).name)

    with desk.fault(name, Fault.Kind.BROKEN):
        published = desk.persevere(client, draft, ledger)

    assert published is not None or not client.can("find")
    assert desk.standing(name) <= 1
    if published is None:
        with pytest.raises(OutcomeUnknown):
            desk.publish(client, draft, ledger)
