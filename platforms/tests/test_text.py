"""Counting as X, Mastodon, Threads and Bluesky count, finding what they find, and cutting threads."""

import re
import time
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from platforms.text import (
    Entity,
    entities,
    forbidden_characters,
    graphemes,
    hashtags,
    mastodon_length,
    split_thread,
    threads_length,
    weighted_length,
)

FAMILY = "👨‍👩‍👧‍👦"
WORDS = [
    "Hello",
    "e.g.",
    "end.",
    "Really?!",
    "日本語の文章です。",
    "한국어",
    "Straße,",
    FAMILY,
    "🇩🇪",
    "1️⃣",
    "https://example.com/a_(b)?c=d#e",
    "example.org/path",
    "@ada.bsky.social",
    "@ada@example.org",
    "#tag",
    "#タグ",
    "$AAPL",
    "(see https://example.com).",
    "supercalifragilisticexpialidocious" * 3,
    "e\u0301",
]
GAPS = [" ", "  ", "\n", "\n\n", " \n \n"]


def prose(words: list[str] = WORDS, gaps: list[str] = GAPS, most: int = 60) -> st.SearchStrategy[str]:
    pair = st.tuples(st.sampled_from(words), st.sampled_from(gaps)).map("".join)
    return st.lists(pair, max_size=most).map("".join)


def at_most(limit: int, count: Callable[[str], int] = len) -> Callable[[str], bool]:
    return lambda text: count(text) <= limit


def without_numbers(parts: list[str]) -> list[str]:
    return [re.sub(r"\n\n\d+/\d+$", "", part) for part in parts]


def ink(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("", 0),
        ("This is a test.", 15),
        ("http://test.co", 23),
        ("Hi http://test.co", 26),
        ("test.com", 23),
        ("Test https://test.com test https://test.com test.com test", 86),
        ("https://www.twitter.com/aloha " * 10, 240),
        (f"H🐱☺{FAMILY}", 7),
        ("🙋🏽👨‍🎤", 4),
        ("😷👾😡🔥💩", 10),
        ("の" * 160, 320),
        ("A\u0301B", 2),
        ("1⃣", 2),
        ("1️⃣", 2),
        ("🇩🇪🇫🇷", 4),
        ("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", 2),
        ("© and ®", 7),
        ("©️", 2),
        ("☺︎", 4),
        ("\u2014\u2019\u2033\u200d", 4),
        ("…", 2),
        ("ᄀ", 2),
        ("\U00010000\U0010ffff", 4),
    ],
)
def test_x_counts_as_its_conformance_suite_says(text: str, length: int) -> None:
    assert weighted_length(text) == length


@pytest.mark.parametrize(
    ("text", "around"),
    [
        ("https://example.com/a/very/long/path?with=a&query=too#and-this", 0),
        ("HTTPS://EXAMPLE.COM", 0),
        ("example.com", 0),
        ("foo.co.jp", 0),
        ("example.com/path?search=foo&lang=en", 0),
        ("example.com?search=foo", len("?search=foo")),
        ("https://example.com?search=foo", 0),
        ("https://example.com:8080/x", 0),
        ("example.com.", 1),
        ("(example.com/a)", 2),
        ("https://en.wikipedia.org/wiki/Primer_(film)", 0),
        ("https://example.com/a_(b_(c)_d)!", 1),
        ("https://example.com/Русские_слова", 0),
        ("https://☃.net/", 0),
        ("https://例え.テスト.jp/", 0),
        ("http://xn--e1afmkfd.xn--p1ai", 0),
        ("https://пример.рф", 0),
        ("https://t.co/abc123", 0),
        ("https://t.co/abc123/more", len("/more")),
        ("website.com.jpg", len(".jpg")),
        ("http://test_underscore.example.com", 0),
        ("これはexample.comです", 10),
        ("👍example.com", 2),
    ],
)
def test_a_link_counts_23_and_what_stands_around_it_its_own(text: str, around: int) -> None:
    assert weighted_length(text) == 23 + around


@pytest.mark.parametrize(
    "text",
    [
        "@example.com",
        "#example.com",
        "$example.com",
        "ada@example.com",
        "first.last@example.com",
        "-example.com",
        "/example.com",
        "e.g. this",
        "picture.jpg",
        "https://localhost/a",
        "http://www.-example.com/",
        "http://example-.com/",
        f"{'random' * 10}urls.com",
        f"https://t.co/{'a' * 41}",
        "https://example.notatld/a",
        f"https://example.com/{'a' * 4096}",
    ],
)
def test_what_only_looks_like_a_link_counts_in_full(text: str) -> None:
    assert weighted_length(text) == len(text)


@given(prose(), prose())
@settings(max_examples=50, deadline=None)
def test_the_weights_of_two_lines_add_up(one: str, other: str) -> None:
    together = weighted_length(f"{one}\n{other}")

    assert together == weighted_length(one) + 1 + weighted_length(other)


@given(
    prose(
        words=[
            f"{before}{core}{after}"
            for before in ("", "(", "“", "@", "-", "a.")
            for core in (
                "example.com",
                "http://t.co/ab",
                "https://a.co.uk/b_(c)?d=e",
                "b.jp/x.y",
                "日本",
                FAMILY,
            )
            for after in ("", ".", ")", "/", "…", "日本", "!?", "@", "#x", "🇩🇪")
        ],
        gaps=[" ", "\n"],
        most=8,
    )
)
@settings(max_examples=50, deadline=None)
def test_x_counts_as_an_independent_port_of_its_library(text: str) -> None:
    port = pytest.importorskip("twitter_text")

    assert weighted_length(text) == port.parse_tweet(text).weightedLength


@pytest.mark.parametrize("character", ["\ufffe", "\ufeff", "\uffff"])
def test_x_forbids_three_characters(character: str) -> None:
    assert forbidden_characters(f"a{character}b")


def test_x_forbids_nothing_else() -> None:
    assert not forbidden_characters(f"a\x00é日\u200d{FAMILY}\ufffd")


@pytest.mark.parametrize(
    ("text", "seen"),
    [("", 0), ("abc", 3), ("a\r\nb", 3), ("e\u0301", 1), (FAMILY, 1), ("🇩🇪🇫🇷", 2), ("각", 1), ("日本", 2)],
)
def test_graphemes_are_what_a_person_sees(text: str, seen: int) -> None:
    assert graphemes(text) == seen


@pytest.mark.parametrize(
    ("text", "length"),
    [
        (f"Hi {FAMILY}", 4),
        ("https://example.org/a/very/long/path/indeed hi", 26),
        ("http://a.co", 23),
        ("(https://example.org/a).", 26),
        ("https://ja.wikipedia.org/wiki/モーニング娘。?x=日本", 23),
        ("example.org/path", 16),
        ("https://localhost/abc", 21),
        ("@ada@example.org hi", 7),
        ("@ada @ben@example.org, @cho", 15),
        ("ada@example.org", 15),
        ("@ada@example.org@other", 22),
        ("https://example.org/@ada@example.com", 23),
    ],
)
def test_mastodon_counts_links_and_remote_mentions_short(text: str, length: int) -> None:
    assert mastodon_length(text) == length


def test_a_server_may_reserve_another_length_for_links() -> None:
    assert mastodon_length("See https://example.org/long/path", url_length=30) == 34


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("Grüße aus 東京", 12),
        ("🥖", 4),
        (f"Hi {FAMILY}!", 4 + len(FAMILY.encode())),
        ("❤️ ©", 6 + 2),
        ("🇩🇪 1️⃣", 8 + 1 + 7),
        ("line\nline", 9),
    ],
)
def test_threads_counts_characters_and_the_bytes_of_emoji(text: str, length: int) -> None:
    assert threads_length(text) == length


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no entity, not@right, not.. a..url ..here", []),
        ("@handle.com middle", [("mention", "@handle.com", "handle.com")]),
        ("(@full123-chars.test)", [("mention", "@full123-chars.test", "full123-chars.test")]),
        ("@handle.com!@#$chars", [("mention", "@handle.com", "handle.com")]),
        ("👨‍👩‍👧 @handle.comさん", [("mention", "@handle.com", "handle.com")]),
        ("@ada @ada.notatld", []),
        ("see https://a.com/b?c=d#e.", [("link", "https://a.com/b?c=d#e", "https://a.com/b?c=d#e")]),
        ("(https://foo.com)", [("link", "https://foo.com", "https://foo.com")]),
        ("(https://foo.com/a).", [("link", "https://foo.com/a", "https://foo.com/a")]),
        ("https://foo.com/a_(b)", [("link", "https://foo.com/a_(b)", "https://foo.com/a_(b)")]),
        ("middle.com/foo, x", [("link", "middle.com/foo", "https://middle.com/foo")]),
        ("my-bakery.com", [("link", "my-bakery.com", "https://my-bakery.com")]),
        ("httpbin.org", [("link", "httpbin.org", "https://httpbin.org")]),
        ("https://... e.g. e.g./foo a-b.jpg website.com.jpg/foo Done.It", []),
        ("first.me@example.com", []),
        ("#tag, #1 #_ # ##", [("tag", "#tag", "tag")]),
        ("#a_b- #1a! ＃全角。", [("tag", "#a_b", "a_b"), ("tag", "#1a", "1a"), ("tag", "＃全角", "全角")]),
        ("#🦋 x#y #️⃣", [("tag", "#🦋", "🦋")]),
        ("a.com/b#header", [("link", "a.com/b#header", "https://a.com/b#header")]),
        ("($aapl) $100 $TOOLONG", [("tag", "$aapl", "$AAPL")]),
        ("#a(@ada.com #b", [("tag", "#a(@ada.com", "a(@ada.com"), ("tag", "#b", "b")]),
    ],
)
def test_entities_are_found_as_bluesky_finds_them(text: str, found: list[tuple[str, str, str]]) -> None:
    shown = [
        (entity.kind, text.encode()[entity.start_byte : entity.end_byte].decode(), entity.value)
        for entity in entities(text)
    ]

    assert shown == found


def test_entities_are_placed_by_bytes() -> None:
    assert entities("é 🦋 #日本 a.io") == [
        Entity("tag", 8, 15, "日本"),
        Entity("link", 16, 20, "https://a.io"),
    ]


@given(prose())
@settings(max_examples=50, deadline=None)
def test_entities_stand_in_order_and_show_their_value(text: str) -> None:
    found = entities(text)

    shown = [text.encode()[entity.start_byte : entity.end_byte].decode() for entity in found]
    edges = [edge for entity in found for edge in (entity.start_byte, entity.end_byte)]
    assert edges == sorted(edges)
    assert all(entity.value.endswith(text.lstrip("@#＃")) for entity, text in zip(found, shown, strict=True))


def test_a_text_that_fits_stays_whole_and_has_no_number() -> None:
    assert split_thread("Short.\n\nBut two paragraphs.", at_most(280)) == ["Short.\n\nBut two paragraphs."]


def test_a_line_of_three_hyphens_begins_a_new_part() -> None:
    parts = split_thread("One -- two\n---\nThree --- four\n ---\r\n\n---\nFive\n---", at_most(280))

    assert parts == ["One -- two\n\n1/3", "Three --- four\n\n2/3", "Five\n\n3/3"]


def test_a_break_without_a_second_part_is_left_out() -> None:
    assert split_thread("---\nOne\n---\n", at_most(280)) == ["One"]


@pytest.mark.parametrize("text", ["", " \n", "---"])
def test_nothing_is_one_empty_part(text: str) -> None:
    assert split_thread(text, at_most(280)) == [""]


def test_paragraphs_are_kept_together_first() -> None:
    text = "One. Two. Three.\n\nFour. Five. Six. Seven."

    assert split_thread(text, at_most(35)) == ["One. Two. Three.\n\n1/2", "Four. Five. Six. Seven.\n\n2/2"]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("It rains today. Take an umbrella with you, please.", "It rains today."),
        ("“Is it raining?” Nobody knows it before the end.", "“Is it raining?”"),
        ("We sell many things, e.g. Bread. Cakes, as well as pretzels.", "We sell many things, e.g. Bread."),
        ("It was Dr. Smith. Nobody else would have dared it.", "It was Dr. Smith."),
        ("A list of it:\nbread and cakes and many more nice things", "A list of it:"),
        (
            "雨です。傘を持って。お願いします。よろしくお願いいたします、皆さま。",
            "雨です。傘を持って。お願いします。",
        ),
        ("「雨ですか？」と聞いた人がいましたが、誰も知らなかったようですから、待ちました", "「雨ですか？」"),
    ],
)
def test_sentences_are_kept_whole_next(text: str, first: str) -> None:
    parts = split_thread(text, at_most(len(first) + 12))

    assert without_numbers(parts)[0] == first


def test_words_are_kept_whole_next() -> None:
    parts = split_thread("alpha beta gamma delta epsilon zeta", at_most(22))

    assert without_numbers(parts) == ["alpha beta gamma", "delta epsilon", "zeta"]


def test_a_very_early_end_of_a_sentence_does_not_waste_a_part() -> None:
    parts = split_thread("Hi! alpha beta gamma delta epsilon zeta", at_most(30))

    assert without_numbers(parts)[0] == "Hi! alpha beta gamma"


@pytest.mark.parametrize(
    "kept",
    [
        "https://example.com/娘。日本/x",
        "@ada.bsky.social",
        "#日本語のタグ",
        "example.com/some/path",
        "supercalifragil",
    ],
)
def test_what_belongs_together_is_not_broken(kept: str) -> None:
    parts = split_thread(f"日本語の文章 {kept} そして日本語の文章", at_most(len(kept) + 7))

    assert sum(kept in part for part in parts) == 1


def test_a_word_that_is_too_long_alone_is_broken_between_graphemes() -> None:
    parts = split_thread(FAMILY * 30, at_most(14, graphemes))

    assert without_numbers(parts) == [FAMILY * 9] * 3 + [FAMILY * 3]


def test_numbers_of_two_and_three_digits_fit_too() -> None:
    for words in (40, 400):
        parts = split_thread("seven77 " * words, at_most(21))

        assert parts[-1].endswith(f"\n\n{len(parts)}/{len(parts)}")
        assert all(len(part) <= 21 for part in parts)


def test_a_text_is_split_even_where_nothing_fits() -> None:
    assert without_numbers(split_thread("a👍🏽b", at_most(0))) == ["a", "👍🏽", "b"]


@given(prose(), st.integers(40, 150), st.sampled_from([len, weighted_length, graphemes, mastodon_length]))
@settings(max_examples=100, deadline=None)
def test_parts_fit_and_nothing_is_lost(text: str, limit: int, count: Callable[[str], int]) -> None:
    fits = at_most(limit, count)

    parts = split_thread(text, fits)

    assert all(fits(part) for part in parts)
    assert ink("".join(without_numbers(parts))) == ink(text)


@given(prose(), st.integers(40, 150))
@settings(max_examples=50, deadline=None)
def test_no_part_begins_inside_a_link_or_a_character(text: str, limit: int) -> None:
    parts = split_thread(text, at_most(limit))

    for whole in ("https://example.com/a_(b)?c=d#e", "@ada.bsky.social", "#タグ", FAMILY, "🇩🇪", "e\u0301"):
        assert sum(part.count(whole) for part in parts) == text.count(whole)


@pytest.mark.parametrize(
    "text", ["Bread and cakes. " * 1500, "日本語の文章です。" * 2800, "あ" * 25_000, "a." * 12_500]
)
def test_a_very_long_text_needs_few_looks(text: str) -> None:
    looked_at = 0

    def fits(part: str) -> bool:
        nonlocal looked_at
        looked_at += len(part)
        return len(part) <= 280

    split_thread(text, fits)

    assert looked_at < 100 * len(text)


@pytest.mark.parametrize("text", ["#" * 50_000, "#1" * 25_000, "#_" * 25_000])
def test_hashtags_of_the_longest_text_are_counted_at_once(text: str) -> None:
    begun = time.process_time()

    assert hashtags(text) == 0
    assert time.process_time() - begun < 3  # it took 40 seconds
