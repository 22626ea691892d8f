"""Marks in a text become Telegram's entities, counted in UTF-16 units."""

import pytest

from platforms._telegram_preview import number, page_of
from platforms._telegram_text import marked, shown_length
from platforms.transport import Answer


def read(text: str) -> tuple[str, list[tuple[str, str]]]:
    """A text as people read it, and which words of it are special in which way."""
    found = marked(text)
    raw = found.text.encode("utf-16-le")
    return found.text, [
        (entity.type, raw[entity.offset * 2 : (entity.offset + entity.length) * 2].decode("utf-16-le"))
        for entity in found.entities
    ]


@pytest.mark.parametrize(
    ("text", "shown", "special"),
    [
        ("**rye**", "rye", [("bold", "rye")]),
        ("_rye_", "rye", [("italic", "rye")]),
        ("__rye__", "rye", [("underline", "rye")]),
        ("~~rye~~", "rye", [("strikethrough", "rye")]),
        ("||rye||", "rye", [("spoiler", "rye")]),
        ("`rye **x**`", "rye **x**", [("code", "rye **x**")]),
        ("```python\nx = 1\n```", "x = 1", [("pre", "x = 1")]),
        ("[the menu](https://e.org/a_(b)_c)", "the menu", [("text_link", "the menu")]),
        ("> one\n> two\n\nthree", "one\ntwo\n\nthree", [("blockquote", "one\ntwo")]),
        (
            "**rye and _spelt_**",
            "rye and spelt",
            [("bold", "rye and spelt"), ("italic", "spelt")],
        ),
        ("🥐 **🥖 rye** 🍞 _x_", "🥐 🥖 rye 🍞 x", [("bold", "🥖 rye"), ("italic", "x")]),
        ("[**rye**](https://e.org)", "rye", [("text_link", "rye"), ("bold", "rye")]),
        ("  **rye**\n", "rye", [("bold", "rye")]),
        ("**https://e.org/a_b**", "https://e.org/a_b", [("bold", "https://e.org/a_b")]),
        ("_https://e.org/a_b_", "https://e.org/a_b", [("italic", "https://e.org/a_b")]),
        ("**a _b** c_", "a _b c_", [("bold", "a _b")]),
        ("||**a**||", "a", [("spoiler", "a"), ("bold", "a")]),
        ("> **a**\n> _b_", "a\nb", [("blockquote", "a\nb"), ("bold", "a"), ("italic", "b")]),
    ],
)
def test_a_mark_becomes_what_it_says(text: str, shown: str, special: list[tuple[str, str]]) -> None:
    assert read(text) == (shown, special)


@pytest.mark.parametrize(
    "text",
    [
        "2 * 3 ** 2",
        "snake_case_name and _ alone",
        "https://e.org/_foo_/__bar__?q=a*b",
        "a ** b ** c",
        "**open\nend**",
        "[no link](javascript:alert)",
        "#tag_one_ @some_name_",
        "a > b",
    ],
)
def test_what_is_no_mark_stays_as_it_is(text: str) -> None:
    assert read(text) == (text, [])


def test_a_backslash_takes_the_meaning_from_a_mark() -> None:
    assert read(r"\*\*rye\*\* and \_x\_") == ("**rye** and _x_", [])


def test_a_link_keeps_its_address_and_code_its_language() -> None:
    [link, code] = marked("[menu](https://e.org/m?a=1&b=2) ```css\na{}\n```").json

    assert link == {"type": "text_link", "offset": 0, "length": 4, "url": "https://e.org/m?a=1&b=2"}
    assert code == {"type": "pre", "offset": 5, "length": 3, "language": "css"}


def test_the_length_is_that_of_the_words() -> None:
    assert shown_length("**🥐**") == 2
    assert shown_length("[x](https://example.org/a/long/address)") == 1


def test_many_open_marks_are_read_in_no_time() -> None:
    assert shown_length("**a _b __c " * 3000) > 20_000


PAGE = """
<div class="tgme_channel_info"></div>
<div class="tgme_widget_message_wrap"><div class="tgme_widget_message" data-post="bakery/12">
  <a class="tgme_widget_message_reply" href="https://t.me/bakery/9"><div class="tgme_widget_message_text
  js-message_reply_text" dir="auto">Older</div></a>
  <div class="tgme_widget_message_grouped_wrap">
    <a class="tgme_widget_message_photo_wrap blured" href="https://t.me/bakery/13"><i></i></a>
    <a class="tgme_widget_message_photo_wrap" href="https://t.me/bakery/13?single"></a>
    <a class="tgme_widget_message_video_player" href="https://t.me/bakery/12?single"><time>0:29</time></a>
  </div>
  <div class="tgme_widget_message_text js-message_text" dir="auto"><div class="tgme_widget_message_text
  js-message_text" dir="auto">Rye &amp; <b>spelt</b> <i class="emoji"><b>🥐</b></i><br/>at
  <a href="https://e.org">nine</a></div></div>
  <div class="tgme_widget_message_reactions">
  <span class="tgme_reaction"><i class="emoji"><b>👍</b></i>1.2K</span>
  <span class="tgme_reaction"><i class="emoji"><b>🔥</b></i>7</span></div>
  <span class="tgme_widget_message_views">16.4M</span>
  <a class="tgme_widget_message_date" href="https://t.me/bakery/12"><time datetime="2026-11-25T09:00:00+00:00"
  class="time">09:00</time></a>
</div></div>
"""


def answer(html: str, status: int = 200) -> Answer:
    return Answer("GET", "https://t.me/s/bakery", status, {}, html.encode())


def test_a_channels_page_is_read() -> None:
    page = page_of(answer(PAGE))

    [post] = page.posts
    assert page.is_channel
    assert (post.ids, post.answers, post.words) == ([12, 13], 9, "Rye & spelt 🥐 at nine")
    assert sorted(post.media.values()) == ["image", "video"]
    assert post.at is not None
    assert post.at.isoformat() == "2026-11-25T09:00:00+00:00"
    assert (number(post.views), post.reactions.split()) == (16_400_000, ["👍1.2K", "🔥7"])
    assert not page_of(answer(PAGE, 302)).is_channel
    assert not page_of(answer("<html>Telegram</html>")).is_channel
