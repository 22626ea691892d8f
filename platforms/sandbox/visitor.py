"""A person before a consent page, for the demo and for tests: over HTTP, as a browser would."""

import re
from urllib.parse import parse_qsl, urljoin, urlsplit

import requests

from platforms.sandbox.models import Person

TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')


def allow(url: str, person: Person, answer: str = "allow") -> dict[str, str]:
    """What the network sends back to our callback once the person has pressed Allow (or the other button)."""
    with requests.Session() as browser:
        page = browser.get(url, timeout=10)
        page.raise_for_status()
        [token] = set(TOKEN.findall(page.text))
        pressed = browser.post(
            page.url,
            data={"csrfmiddlewaretoken": token, "person": str(person.pk), "answer": answer},
            headers={"Referer": page.url},
            allow_redirects=False,
            timeout=10,
        )
    back = urlsplit(urljoin(page.url, pressed.headers["Location"]))
    return dict(parse_qsl(back.query))
