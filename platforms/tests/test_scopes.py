"""What a token must allow before anything can be posted, as each network declares it."""

from datetime import UTC, datetime

import pytest

from platforms.base import Platform
from platforms.content import Draft, MediaFile, Part
from platforms.registry import PLATFORMS
from platforms.tests.files import medium


def draft(*media: MediaFile) -> Draft:
    return Draft(key="k", created_at=datetime(2030, 5, 6, tzinfo=UTC), parts=(Part("Bread", media),))


@pytest.fixture
def picture() -> MediaFile:
    return medium("a.png", b"", "image/png")


@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=list(PLATFORMS))
def test_who_grants_all_that_was_asked_for_may_post(platform: type[Platform], picture: MediaFile) -> None:
    assert platform.missing_scopes(draft(picture), platform.scopes) == ()


@pytest.mark.parametrize("platform", [row for row in PLATFORMS.values() if row.posting_scopes])
def test_who_grants_something_else_may_not(platform: type[Platform]) -> None:
    missing = platform.missing_scopes(draft(), ("something.else",))

    assert missing == tuple(group[0] for group in platform.posting_scopes)


def test_some_networks_need_more_for_media(picture: MediaFile) -> None:
    platform = PLATFORMS["x"]

    assert platform.missing_scopes(draft(), ("tweet.write",)) == ()
    assert platform.missing_scopes(draft(picture), ("tweet.write",)) == ("media.write",)


def test_a_network_that_tells_no_scopes_is_believed() -> None:
    assert PLATFORMS["x"].missing_scopes(draft(), ()) == ()
