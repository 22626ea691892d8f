"""How the networks fetch media from addresses that they are given: publicly, without following redirects."""

import requests
from requests.exceptions import RequestException

MOST_BYTES = 64_000_000


def fetch(url: str) -> bytes | None:
    """What lies at an address, None where it cannot be fetched as a network would."""
    try:
        with requests.get(
            url, timeout=10, allow_redirects=False, stream=True, headers={"User-Agent": "sandbox-fetcher/1"}
        ) as answer:
            if answer.status_code != 200:
                return None
            content = answer.raw.read(MOST_BYTES + 1, decode_content=True)
    except (RequestException, ValueError):
        return None
    return content if len(content) <= MOST_BYTES else None
