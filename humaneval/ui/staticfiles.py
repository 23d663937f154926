"""Static files under names that carry their hash, ES module imports included; our own ones minified."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from django.core.files.base import ContentFile, File
from django.core.files.storage import Storage
from whitenoise.storage import CompressedManifestStaticFilesStorage

OWN = {
    ("rater/", ".js"): "application/javascript",
    ("research/", ".js"): "application/javascript",
    ("styles/", ".css"): "text/css",
}
"""Which files are minified, by how their names begin and end, and as what."""

_DOCUMENTATION = re.compile(r"/\*\*.*?\*/", re.DOTALL)

NEWEST_SYNTAX = 2022
"""The ECMAScript that the modules are written for: the minifier may bring in nothing newer."""


def minified(source: str, media_type: str) -> str:
    """Return a module or style sheet without documentation and spaces, and with short local names.

    Where the minifier does not install (Apple silicon has no build of it), only without documentation.
    Raises ValueError for what is no valid JavaScript or CSS.
    """
    # Only here: the library starts Go's runtime, which no web process needs, nor outlives a fork.
    try:
        import minify
    except ImportError:
        return _DOCUMENTATION.sub("", source)
    minify.config({"js-version": NEWEST_SYNTAX})
    return minify.string(media_type, source)


def media_type_of(name: str) -> str:
    """Return what one of our own files is minified as; nothing for any other file."""
    kinds = (
        kind for (folder, ending), kind in OWN.items() if name.startswith(folder) and name.endswith(ending)
    )
    return next(kinds, "")


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Whitenoise's storage, with the import statements of ES modules rewritten to hashed names.

    Our own files are minified first, since raters on phones have no use for their documentation.
    """

    support_js_module_import_aggregation = True
    max_post_process_passes = 12
    """More than the longest chain of modules that import one another: each pass settles one link's names."""

    def save(self, name: str, content: File, max_length: int | None = None) -> str:
        """Save a file, minified where it is one of ours."""
        if kind := media_type_of(name):
            content.open()
            content = ContentFile(minified(content.read().decode(), kind).encode())
        return super().save(name, content, max_length)

    def post_process(
        self, paths: dict[str, tuple[Storage, str]], dry_run: bool = False, **options: Any
    ) -> Iterator[Any]:
        """Rewrite names in our own files as they were saved: the types in their comments go in circles."""
        own: dict[str, tuple[Storage, str]] = {name: (self, name) for name in paths if media_type_of(name)}
        yield from super().post_process({**paths, **own}, dry_run, **options)
