"""The slow network from outside: started as a process of its own, told how to behave, asked what came."""

import json
import subprocess
import sys
import urllib.request
from types import TracebackType
from typing import Any, Self

from bench.processes import tied
from bench.slow_network import Arrival


class Network:
    """A running slow network. `environment` points the product's clients at it."""

    def __enter__(self) -> Self:
        command = tied(sys.executable, "-m", "bench.slow_network")
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.kill()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def environment(self) -> dict[str, str]:
        return {f"{name.upper()}_API_URL": f"{self.url}/{name}" for name in ("mastodon", "telegram")}

    def behave(self, network: str, kind: str = "ok", seconds: float = 0.2) -> None:
        self._ask("behaviour", {"network": network, "kind": kind, "seconds": seconds})

    def forget(self) -> None:
        self._ask("forget", {})

    def arrivals(self) -> list[Arrival]:
        """Every request to publish, in the order they came."""
        return [Arrival(**row) for row in self._ask("arrivals")]

    def _ask(self, path: str, body: object = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(f"{self.url}/{path}", content, timeout=60) as answer:
            return json.load(answer)
