"""One part of the bench, in a process of its own: `python -m bench.part NAME RESULTS [NUMBER]`."""

import importlib
import json
import os
import sys
from dataclasses import asdict
from pathlib import Path

import django

from bench.network import Network


def main(name: str, results: str, *numbers: str) -> None:
    with Network() as network:
        os.environ.update(network.environment)
        django.setup()
        part = importlib.import_module(f"bench.parts.{name}")
        values = part.measure(network, *map(int, numbers))
    Path(results).write_text(json.dumps([asdict(value) for value in values]))


if __name__ == "__main__":
    main(*sys.argv[1:])
