"""Numbers that grow with a post's age, the same whenever they are asked for at the same moment."""

import hashlib
import math
from datetime import datetime

from django.utils import timezone

SETTLED_HOURS = 72.0  # by then a post has nearly all it will ever have


def grown(seed: object, name: str, most: int, since: datetime) -> int:
    """How much of a number there is: it climbs fast at first, then slowly, up to something below `most`."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    ceiling = most * (0.35 + 0.65 * digest[0] / 255)
    hours = max((timezone.now() - since).total_seconds(), 0) / 3600
    return int(ceiling * (1 - math.exp(-3 * hours / SETTLED_HOURS)))
