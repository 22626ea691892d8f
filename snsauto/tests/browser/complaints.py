"""What a browser complains of while a test looks at a page."""

from urllib.parse import urlsplit

from playwright.sync_api import ConsoleMessage, Page, Request

# A page that is left while it asks the desk something: the browser breaks the question off, htmx says so.
LEFT = ("htmx:sendAbort", "htmx:afterRequest")


def complaints_of(page: Page, host: str, *, refusals: bool = True) -> list[str]:
    """Grows while the page is used: faults of scripts, errors and warnings in the console (a breach of the
    content security policy is one), requests to another host; without `refusals` no answers of 4xx."""
    said: list[str] = []

    def console(message: ConsoleMessage) -> None:
        refused = "status of 4" in message.text
        if (
            message.type in {"error", "warning"}
            and not message.text.startswith(LEFT)
            and (refusals or not refused)
        ):
            said.append(f"{message.text} {message.location['url']}")

    def asked(request: Request) -> None:
        address = urlsplit(request.url)
        if address.scheme not in {"data", "blob"} and address.netloc != urlsplit(host).netloc:
            said.append(f"asked {request.url}")

    page.on("console", console)
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", asked)
    return said
