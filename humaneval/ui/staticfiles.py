"""Static files under names that carry their hash, ES module imports included; our own ones minified."""

from __future__ import annotations

from django.core.files.base import ContentFile, File
from whitenoise.storage import CompressedManifestStaticFilesStorage

OWN = {("rater/", ".js"): "application/javascript", ("styles/", ".css"): "text/css"}
"""Which files are minified, by how their names begin and end, and as what."""

NEWEST_SYNTAX = 2022
"""The ECMAScript that the modules are written for: the minifier may bring in nothing newer."""


def minified(source: str, media_type: str) -> str:
    """Return a module or style sheet without documentation and spaces, and with short local names.

    Where the minifier does not install (Apple silicon has no build of it), the source as it is. Raises
    ValueError for what is no valid JavaScript or CSS.
    """
    # Only here: the library starts Go's runtime, which no web process needs, nor outlives a fork.
    try:
        import minify
    except ImportError:
        return source
    minify.config({"js-version": NEWEST_SYNTAX})
    return minify.string(media_type, source)


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Whitenoise's storage, with the import statements of ES modules rewritten to hashed names.

    Our own files are minified first, since raters on phones have no use for their documentation.
    """

    support_js_module_import_aggregation = True
    max_post_process_passes = 12
    """More than the longest chain of modules that import one another: each pass settles one link's names."""

    def _save(self, name: str, content: File) -> str:
        for (folder, ending), media_type in OWN.items():
            if name.startswith(folder) and name.endswith(ending):
                content.open()
                content = ContentFile(minified(content.read().decode(), media_type).encode())
        return super()._save(name, content)
