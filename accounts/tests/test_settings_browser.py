"""The settings in a real browser: free of faults in both themes and widths; passkeys made and used."""

from collections.abc import Callable, Iterator
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import BrowserContext, Page, expect
from pytest_django.fixtures import Settings
from pytest_django.live_server_helper import LiveServer

from accounts import invitations, webhooks
from accounts.factories import PASSWORD, client_of
from accounts.models import ApiToken, User
from accounts.permissions import Role
from snsauto.tests.browser.complaints import complaints_of

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PAGE = "/accounts/settings/"
AXE = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}
WIDE, PHONE = (1440, 900), (390, 844)


@pytest.fixture(scope="session", autouse=True)
def _a_loop_runs_in_this_thread() -> Iterator[None]:
    """Playwright's; Django is not to mind."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture
def full(ada: User, ben: User) -> str:
    """A workspace with something in every part of its settings; the page of its webhook."""
    member = ada.memberships.get()
    invitations.invite(member, "somebody.with.a.long.name@a-long-domain.example.org", Role.EDITOR)
    ApiToken.issue(member, "Nightly script", scopes=["posts:write", "media:read", "analytics:read"])
    hook = webhooks.create(member, f"https://example.org/{'long/' * 12}", ["post.failed", "post.published"])
    webhooks.send_test(member, hook)
    return f"{PAGE}webhooks/{hook.pk}/"


@pytest.mark.parametrize(("size", "theme"), [(WIDE, "light"), (PHONE, "dark")])
def test_every_page_is_free_of_faults_and_fits(
    live_server: LiveServer,
    new_context: Callable[..., BrowserContext],
    ada: User,
    full: str,
    size: tuple[int, int],
    theme: str,
) -> None:
    context = new_context(
        base_url=live_server.url, viewport={"width": size[0], "height": size[1]}, color_scheme=theme
    )
    cookie = client_of(ada).cookies["sessionid"].value
    context.add_cookies([{"name": "sessionid", "value": cookie, "url": live_server.url}])
    page = context.new_page()
    said = complaints_of(page, live_server.url)
    parts = ("", "security/", "workspace/", "members/", "tokens/", "webhooks/", "data/", "audit/")

    for path in (*[PAGE + part for part in parts], full):
        page.goto(path)
        results = Axe().run(page, options=AXE)

        assert results.violations_count == 0, f"{path}\n{results.generate_report()}"
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), path
    assert said == []


class TestPasskeys:
    @pytest.fixture
    def at(self, live_server: LiveServer, settings: Settings, page: Page) -> str:
        """The desk under a name that browsers allow passkeys for, and a device that has a finger on it."""
        cache.clear()
        settings.ALLOWED_HOSTS = ["localhost"]
        settings.MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = True
        device = page.context.new_cdp_session(page)
        device.send("WebAuthn.enable")
        options = {
            "protocol": "ctap2",
            "transport": "internal",
            "hasResidentKey": True,
            "hasUserVerification": True,
            "isUserVerified": True,
            "automaticPresenceSimulation": True,
        }
        device.send("WebAuthn.addVirtualAuthenticator", {"options": options})
        return f"http://localhost:{urlsplit(live_server.url).port}"

    def make(self, page: Page, at: str, user: User, *, alone: bool) -> None:
        page.goto(f"{at}/auth/login/?next={PAGE}security/")
        page.get_by_label("E-mail").fill(user.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in", exact=True).click()
        page.get_by_role("link", name="Add a passkey").click()
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Confirm").click()
        page.get_by_label("Name").fill("Work laptop")
        page.get_by_label("Log in with it alone").set_checked(alone)
        page.get_by_role("button", name="Add", exact=True).click()
        expect(page.get_by_role("heading", name="Recovery codes")).to_be_visible()
        page.context.clear_cookies()

    def test_passkey_is_made_and_logs_in_alone(self, page: Page, at: str, ada: User) -> None:
        self.make(page, at, ada, alone=True)

        page.goto(f"{at}/auth/login/?next={PAGE}security/")
        page.get_by_role("button", name="Log in with a passkey").click()

        expect(page.get_by_role("link", name="Rename Work laptop")).to_be_visible()
        expect(page.get_by_text("Logs in alone")).to_be_visible()

    def test_passkey_is_the_second_step(self, page: Page, at: str, ada: User) -> None:
        self.make(page, at, ada, alone=False)

        page.goto(f"{at}/auth/login/?next={PAGE}security/")
        page.get_by_label("E-mail").fill(ada.email)
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("button", name="Log in", exact=True).click()
        expect(page.get_by_role("heading", name="Second step")).to_be_visible()
        page.get_by_role("button", name="Use a passkey").click()

        expect(page.get_by_text("As second step · Last used")).to_be_visible()

    def test_nobody_without_it_gets_in_and_it_is_said(self, page: Page, at: str, ada: User) -> None:
        page.goto(f"{at}/auth/login/")

        page.get_by_role("button", name="Log in with a passkey").click()

        expect(page.get_by_role("alert")).to_have_text("That was not done. Try again, or use another way.")
