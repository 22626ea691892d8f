"""Google's own client with the discovery documents that come with it, pointed at the sandbox."""

import json
from pathlib import Path
from typing import Any

import googleapiclient
from google.oauth2.credentials import Credentials
from googleapiclient.discovery import build_from_document

from platforms.base import Platform
from platforms.sandbox.models import Person
from platforms.tests.connected import token_of

DOCUMENTS = Path(googleapiclient.__file__).parent / "discovery_cache" / "documents"


def credentials_of(platform: type[Platform], url: str, person: Person) -> Credentials:
    """What a person grants, as Google's library keeps it."""
    token = token_of(platform, url, person)
    return Credentials(
        token.access,
        refresh_token=token.refresh,
        token_uri=f"{url}/sandbox/{platform.name}/token",
        client_id="sandbox",
        client_secret="sandbox-secret",
        scopes=list(token.scopes),
    )


def service_at(address: str, name: str, credentials: Credentials) -> Any:
    """A service by its discovery document; only the address in it is changed."""
    document = json.loads((DOCUMENTS / f"{name}.json").read_text())
    document.pop("mtlsRootUrl", None)
    document["rootUrl"] = f"{address}/"
    document["baseUrl"] = document["rootUrl"] + document["servicePath"]
    return build_from_document(document, credentials=credentials)
