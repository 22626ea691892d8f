"""The sign of life of what `manage.py run` runs here, for health checks: `python -m snsauto.alive`.

Plain Python without Django: asked every few seconds, it must cost nothing. It ends with 0 where all that was
started here runs, and answers if it is the web; else with 1 and one line.
"""

import http.client
import json
import os
import sys
import time
from collections.abc import Mapping
from contextlib import closing, suppress
from pathlib import Path

FILE = "alive.json"
EVERY_SECONDS = 5.0
FRESH_SECONDS = 60.0  # a database that is slow to answer holds the launcher up
ANSWER_SECONDS = 3


class Sign:
    """Written by the launcher, again and again; that of an earlier start counts no more.

    `web`: where its web server answers, and for which host.
    """

    def __init__(self, folder: Path, web: Mapping[str, str | int] | None) -> None:
        self._path = folder / FILE
        self._path.unlink(missing_ok=True)
        self._web = web
        self._written_at = -EVERY_SECONDS

    def give(self) -> None:
        if time.monotonic() - self._written_at >= EVERY_SECONDS:
            self._written_at = time.monotonic()
            draft = self._path.with_suffix(".new")
            with suppress(OSError):  # a full disk is seen by the missing sign, and ends nothing
                draft.write_text(json.dumps({"at": time.time(), "pid": os.getpid(), "web": self._web}))
                draft.replace(self._path)


def trouble(folder: Path) -> str:
    """What is wrong here, '' where nothing is."""
    try:
        sign = json.loads((folder / FILE).read_text())
    except FileNotFoundError:
        return "nothing was started here yet"
    if not _runs(sign["pid"]):
        return "the launcher is gone"
    silent = time.time() - sign["at"]
    if silent > FRESH_SECONDS:
        return f"no sign of life for {silent:.0f} s"
    return _no_answer(**sign["web"]) if sign["web"] else ""


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _no_answer(address: str, port: int, host: str) -> str:
    with closing(http.client.HTTPConnection(address, port, timeout=ANSWER_SECONDS)) as link:
        try:
            link.request("GET", "/health", headers={"Host": host})
            status = link.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"the web server does not answer: {error}"
    return "" if status == http.HTTPStatus.OK else f"the web server answers {status}"


def main() -> None:
    here = Path(__file__).resolve().parent.parent
    said = trouble(Path(os.environ.get("DATA_DIR") or here / "var"))
    sys.exit(said or 0)


if __name__ == "__main__":
    main()
