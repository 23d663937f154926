"""Which of a study's images the cells of a batch result file name: by path or address, down to the set."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from django.utils.translation import gettext as _

from humaneval.samples.models import Sample
from humaneval.studies.models import Study

COLUMN = re.compile(r"{([^{}]+)}")


class Pictures:
    """Finds samples of a study's sets by what a file calls them.

    ``https://bucket/model-a/cat.png?x=1`` is the sample ``cat.png`` of the set ``model-a``: as much of the
    end of the path as is needed to tell it from others. A set goes by its slug, its name or its label in
    the study; a file type may be left out.
    """

    def __init__(self, study: Study) -> None:
        self._known: dict[str, set[int]] = defaultdict(set)
        sets = {}
        for condition in study.conditions.select_related("sample_set"):
            chosen = condition.sample_set
            sets[chosen.pk] = {"", f"{chosen.slug}/", f"{chosen.name}/", f"{condition}/"}
        samples = Sample.objects.filter(sample_set__in=sets).order_by()
        for pk, sample_set, name in samples.values_list("pk", "sample_set_id", "name").iterator():
            stem = name.removesuffix(PurePosixPath(name).suffix)
            for key in {f"{prefix}{part}" for prefix in sets[sample_set] for part in (name, stem)}:
                self._known[key].add(pk)

    def find(self, cell: str) -> int:
        """Return the id of the sample that a cell names; raises ValueError for none, or for several."""
        path = unquote(urlsplit(cell.strip()).path).strip("/")
        parts = path.split("/")
        for start in range(len(parts)):
            found = self._known.get("/".join(parts[start:]), set())
            if len(found) == 1:
                return next(iter(found))
            if found:
                text = _("“%(cell)s” is in several of the study's sets: name the set in the path, set/file")
                raise ValueError(text % {"cell": cell})
        raise ValueError(_("the study's sets have no image “%(cell)s”") % {"cell": cell})


def cell_of(raw: Mapping[str, str], source: str) -> str:
    """Return the cell of a column, or several put together: ``{Input.model}/{Input.file}``."""
    if "{" not in source:
        return raw.get(source) or ""
    return COLUMN.sub(lambda match: (raw.get(match[1]) or "").strip(), source)


def columns_of(sources: Iterable[str]) -> list[str]:
    """Return the columns that sources of images are read from."""
    return [name for source in sources for name in (COLUMN.findall(source) if "{" in source else [source])]
