"""The helper of a desk without a key: what it does, and that it says what it is."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from accounts.models import Account, Membership
from publishing.ai.assistant import Assistant
from publishing.ai.built_in import BuiltIn
from publishing.ai.helping import helper_for
from publishing.ai.shortening import sentences, shorten
from publishing.ai.values import Room, whole
from publishing.ai.words import as_tag, forbidden_in, hashtags_in, key_words
from publishing.ai_rows import AiProfile, AiUse
from publishing.factories import MediaFactory, PostFactory
from publishing.tests.ai.fake import FakeClaude


@pytest.fixture
def built_in(member: Membership) -> BuiltIn:
    return BuiltIn(member)


def test_without_a_key_the_built_in_helper_helps(member: Membership) -> None:
    assert isinstance(helper_for(member), BuiltIn)


def test_with_a_key_the_assistant_does(member: Membership, claude: FakeClaude) -> None:
    assert isinstance(helper_for(member), Assistant)


def test_whatever_it_says_it_says_that_it_is_no_ai_and_costs_nothing(
    built_in: BuiltIn, terse: Account
) -> None:
    media = MediaFactory(workspace=terse.workspace, name="harbour_loaf-2.png")
    answers = [
        built_in.generate("A new loaf."),
        built_in.rewrite("This is much too long for it.", Room.of(terse)),
        built_in.hashtags("Sourdough bread with honey"),
        built_in.optimise("Bread."),
        built_in.alt_text(media),
        built_in.draft_reply("Open on Sunday?", author="Maria Lopes"),
    ]

    suggestions = [whole(answer) for answer in answers]

    assert all("built-in helper" in " ".join(one.notes) and not one.is_ai for one in suggestions)
    assert not AiUse.objects.exists()


def test_an_outline_has_the_brief_s_own_words_and_names_the_gaps(built_in: BuiltIn) -> None:
    text = whole(built_in.generate("Rye and honey loaf. Friday to Sunday. 5.20 € each.")).text

    assert text.startswith("Rye and honey loaf.\n\n• Friday to Sunday.\n• 5.20 € each.\n\n[")
    assert set(hashtags_in(text)) <= {"honey", "loaf"}


def test_a_text_is_cut_after_a_sentence(built_in: BuiltIn, terse: Account) -> None:
    assert whole(built_in.rewrite("It fits. But this does not fit.", Room.of(terse))).text == "It fits."


def test_a_text_that_fits_stays(built_in: BuiltIn, terse: Account) -> None:
    assert whole(built_in.rewrite("It fits.", Room.of(terse))).notes == ("It fits as it is.",)


def test_hashtags_come_from_earlier_posts_first(built_in: BuiltIn) -> None:
    for text in ("Old #sourdough", "Older #sourdough #ryebread", "#football is on"):
        PostFactory(workspace=built_in.member.workspace, text=text)

    tags = whole(built_in.hashtags("Our sourdough has honey in it, the sourdough of the week")).hashtags

    assert tags[0] == "sourdough"
    assert "honey" in tags
    assert "football" not in tags


@pytest.mark.parametrize(
    ("text", "advice"),
    [
        ("Bread is out.", "Ask something"),
        ("Bread? " * 5 + "#a1 #b1 #c1 #d1 #e1 #f1", "Take out some hashtags"),
        ("ALL THE BREAD IS OUT OF THE OVEN", "capitals"),
        ("word " * 31, "Cut the longest sentence"),
        ("x" * 130, "Make the first line shorter"),
        ("Cheap bread", "Replace “cheap”"),
    ],
)
def test_simple_checks_find_what_they_say(
    profile: AiProfile, member: Membership, text: str, advice: str
) -> None:
    suggestion = whole(BuiltIn(member).optimise(text))

    assert any(advice in change.why for change in suggestion.changes)
    assert suggestion.text == text


def test_a_picture_is_only_its_name(built_in: BuiltIn) -> None:
    media = MediaFactory(workspace=built_in.member.workspace, name="harbour_loaf-2.png")

    suggestion = whole(built_in.alt_text(media))

    assert suggestion.text == "harbour loaf 2"
    assert "cannot see" in suggestion.notes[0]


def test_an_answer_is_a_frame(built_in: BuiltIn) -> None:
    assert whole(built_in.draft_reply("Open?", author="Maria Lopes")).text.startswith(
        "Thank you for asking, Maria!"
    )
    assert whole(built_in.draft_reply("Great loaf")).text.startswith("Thank you!")


# --- words ---


@pytest.mark.parametrize(
    ("text", "found"),
    [("Cheap!", ["cheap"]), ("cheaper", []), ("a must  have", ["must have"]), ("musthave", []), ("", [])],
)
def test_forbidden_words_are_whole_words_in_any_case(text: str, found: list[str]) -> None:
    assert forbidden_in(text, ["cheap", "must have", " "]) == found


@pytest.mark.parametrize(
    ("word", "tag"), [("rye", "rye"), ("rye bread", "RyeBread"), ("café!", "café"), ("2030", ""), ("!", "")]
)
def test_a_word_becomes_a_hashtag(word: str, tag: str) -> None:
    assert as_tag(word) == tag


def test_small_words_are_no_key_words() -> None:
    assert key_words("The bread and the butter, because bread is what we have") == ["bread", "butter"]


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60))
def test_sentences_joined_are_the_text(text: str) -> None:
    assert "".join(sentences(text)) == text


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=60), st.integers(1, 100))
def test_what_is_shortened_fits_and_is_a_beginning(text: str, most: int) -> None:
    cut = shorten(text, lambda one: len(one) <= most)

    assert len(cut) <= most
    assert text.strip().startswith(cut.removesuffix("…"))


def test_long_text_is_shortened_in_no_time() -> None:
    asked = 0

    def fits(one: str) -> bool:
        nonlocal asked
        asked += 1
        return len(one) <= 280

    assert len(shorten("to be " * 3000, fits)) > 270
    assert asked < 60
