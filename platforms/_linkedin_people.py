"""Connecting to LinkedIn: a profile, and with a reviewed app the pages that it manages."""

from collections.abc import Iterator, Mapping
from typing import Any

from platforms._linkedin_text import quoted
from platforms._linkedin_wire import LinkedInWire
from platforms.base import ConnectMethod, Field
from platforms.content import Authorization, Json, Profile, Token
from platforms.errors import InvalidContent, PermissionMissing, Refused

# The product "Community Management API", which stands alone on its app.
PAGES = (
    "r_basicprofile",
    "w_member_social",
    "w_member_social_feed",
    "r_member_social_feed",
    "r_member_postAnalytics",
    "r_member_profileAnalytics",
    "w_organization_social",
    "r_organization_social",
    "w_organization_social_feed",
    "r_organization_social_feed",
    "rw_organization_admin",
)
# The self-serve products "Sign In with LinkedIn using OpenID Connect" and "Share on LinkedIn".
PROFILE = ("openid", "profile", "w_member_social")
ROLES = {"ADMINISTRATOR", "CONTENT_ADMIN", "CONTENT_ADMINISTRATOR", "DIRECT_SPONSORED_CONTENT_POSTER"}
PICTURE = "profilePicture(displayImage~:playableStreams)"
MOST_PAGES = 1000


class LinkedInPeople(LinkedInWire):
    scopes = PAGES
    posting_scopes = (("w_member_social", "w_organization_social"),)
    connect_methods = (
        ConnectMethod(
            "oauth",
            "Connect",
            fields=(
                Field(
                    "access",
                    "What to connect",
                    "“pages”: your profile and the pages that you manage; the app needs the Community "
                    "Management API. “profile”: your profile alone; any app with Share on LinkedIn.",
                    default="pages",
                    required=False,
                ),
            ),
        ),
    )

    def authorize(self, state: str, fields: Mapping[str, str]) -> Authorization:
        wanted = (fields.get("access") or "pages").strip().lower()
        if wanted not in {"pages", "profile"}:
            raise InvalidContent(
                "What to connect is either “pages” or “profile”.", action="Type one of them."
            )
        scopes = PAGES if wanted == "pages" else PROFILE
        return self.authorization(state, scopes, pkce=self.oauth.pkce)

    def exchange(self, answer: Mapping[str, str], kept: Mapping[str, Json]) -> Token:
        if answer.get("error") == "unauthorized_scope_error":
            raise PermissionMissing(
                "This installation's app at LinkedIn was not given what was asked for.",
                detail=answer.get("error_description", ""),
                action="Connect again with “profile”, or ask whoever runs this installation to look at the "
                "app's products.",
            )
        return super().exchange(answer, kept)

    def profiles(self) -> list[Profile]:
        return [self._profile(), *self._pages()]

    def _profile(self) -> Profile:
        if self.may("openid"):
            told = self.call("GET", "/v2/userinfo").json
            return _person(told["sub"], told["name"], told.get("picture", ""))
        told = self.call(
            "GET", f"/v2/me?projection=(id,localizedFirstName,localizedLastName,vanityName,{PICTURE})"
        ).json
        name = f"{told.get('localizedFirstName', '')} {told.get('localizedLastName', '')}".strip()
        return _person(
            told["id"], name, _largest(told.get("profilePicture") or {}), told.get("vanityName", "")
        )

    def _pages(self) -> Iterator[Profile]:
        if not self.may("rw_organization_admin"):
            return
        path = "/organizationAcls?q=roleAssignee&state=APPROVED"
        roles = list(self.elements(path, MOST_PAGES))
        ids = dict.fromkeys(_page_of(role) for role in roles if role.get("role") in ROLES)
        if not ids:
            return
        numbers = ",".join(urn.rpartition(":")[2] for urn in ids)
        told = self.rest("GET", f"/organizations?ids=List({numbers})", action="BATCH_GET").json
        for urn in ids:
            page = told.get("results", {}).get(urn.rpartition(":")[2])
            if page:
                yield self._page(urn, page)

    def _page(self, urn: str, page: Mapping[str, Any]) -> Profile:
        handle = page.get("vanityName") or urn.rpartition(":")[2]
        logo = (page.get("logoV2") or {}).get("original") or ""
        return Profile(
            remote_id=urn,
            handle=handle,
            name=page.get("localizedName") or handle,
            avatar_url=self._logo(logo) if logo else "",
            url=f"{self.app.auth_url}/company/{handle}",
            limits={"kind": "organization"},
        )

    def _logo(self, urn: str) -> str:
        """Where a page's logo lies, '' where LinkedIn does not tell."""
        image = urn.replace(":digitalmediaAsset:", ":image:")
        try:
            return str(self.rest("GET", f"/images/{quoted(image)}").json.get("downloadUrl") or "")
        except Refused:
            return ""


def _person(number: str, name: str, picture: str, vanity: str = "") -> Profile:
    """A profile; a self-serve app is told neither its handle nor its address."""
    return Profile(
        remote_id=f"urn:li:person:{number}",
        handle=vanity or name,
        name=name,
        avatar_url=picture,
        url=f"https://www.linkedin.com/in/{vanity}" if vanity else "",
        limits={"kind": "member"},
    )


def _largest(picture: Mapping[str, Any]) -> str:
    """The last and largest of a picture's renderings."""
    renderings = (picture.get("displayImage~") or {}).get("elements") or []
    found = (renderings[-1].get("identifiers") or []) if renderings else []
    return str(found[0].get("identifier", "")) if found else ""


def _page_of(role: Mapping[str, Any]) -> str:
    names = ("organization", "organizationTarget", "organizationalTarget")
    return next((str(role[name]) for name in names if role.get(name)), "")
