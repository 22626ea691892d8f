"""A real browser goes to a consent page on another host: Chromium applies `form-action` to redirects too."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, expect
from pytest_django.fixtures import Settings

from accounts.factories import client_of
from accounts.models import Account, User
from platforms.registry import PLATFORMS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
NETWORK = next(iter(PLATFORMS))


@pytest.fixture(scope="session", autouse=True)
def _a_loop_runs_in_this_thread() -> Iterator[None]:
    """Playwright's; Django is not to mind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def consent_host(sandbox: str, settings: Settings) -> str:
    """The same sandbox under another name: another origin for the browser."""
    host = f"localhost:{urlsplit(sandbox).port}"
    network = {**settings.NETWORKS[NETWORK], "auth_url": f"http://{host}/sandbox/{NETWORK}"}
    settings.NETWORKS = {**settings.NETWORKS, NETWORK: network}
    settings.ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
    return host


def test_connecting_leads_to_another_host_and_back(
    page: Page, sandbox: str, consent_host: str, ada: User
) -> None:
    cookie = client_of(ada).cookies["sessionid"].value
    page.context.add_cookies([{"name": "sessionid", "value": cookie, "url": sandbox}])

    page.goto(f"{sandbox}/accounts/")
    page.locator(f"form[action$='/connect/{NETWORK}/oauth/'] button").click()
    expect(page.locator("button[value=allow]")).to_be_visible()
    went_to = urlsplit(page.url).netloc
    page.locator("button[value=allow]").click()
    expect(page.locator(".account")).to_have_count(1)

    assert went_to == consent_host
    assert Account.objects.get().platform_name == NETWORK
