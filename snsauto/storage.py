"""How static files are named in production."""

from whitenoise.storage import CompressedManifestStaticFilesStorage

OUR_MODULES = (
    "js/*.js",
    (
        (r"""(?P<matched>import\s*"(?P<url>\./[^"]+)";)""", 'import "%(url)s";'),
        (
            r"""(?P<matched>import(?P<names>\s*{[^}]*}\s*)from\s*"(?P<url>\./[^"]+)";)""",
            'import%(names)sfrom "%(url)s";',
        ),
    ),
)


class StaticStorage(CompressedManifestStaticFilesStorage):  # type: ignore[misc]
    """Names that carry the content's hash, also where one of our modules imports another.

    Django's own switch for that reads every package's scripts too, and stumbles over comments in them.
    """

    patterns = (*CompressedManifestStaticFilesStorage.patterns, OUR_MODULES)
