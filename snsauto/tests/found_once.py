"""Static files are looked for once in a run, though each browser of a test makes the middleware anew."""

from typing import Any

from whitenoise.middleware import WhiteNoiseMiddleware

FOUND: dict[tuple[object, ...], dict[str, Any]] = {}


def find_static_files_once() -> None:
    """What the finders find stays the same, and looking for it costs as much as many a test."""
    look = WhiteNoiseMiddleware.add_files_from_finders

    def remember(middleware: WhiteNoiseMiddleware) -> None:
        told = (middleware.static_prefix, middleware.max_age, middleware.static_root)
        if told not in FOUND:
            look(middleware)
            FOUND[told] = dict(middleware.files)
        middleware.files.update(FOUND[told])

    WhiteNoiseMiddleware.add_files_from_finders = remember
