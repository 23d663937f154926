"""Pages of the admin on which a draft takes a table: its gold trials, its pairs."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from humaneval.studies.admin_buttons import shows_pairs, study_for
from humaneval.studies.gold_words import gold_example, gold_in_words
from humaneval.studies.models import Study
from humaneval.studies.pair_words import MOST_SHOWN, pairs_example, pairs_in_words
from humaneval.studies.states import is_draft
from humaneval.studies.table_forms import GoldTableForm, PairsForm
from humaneval.ui.admin import ModelAdmin, action


class StudyTables(ModelAdmin):
    """The buttons of pages that take a table."""

    @action(
        description=gettext_lazy("Gold trials"), url_path="gold", icon="verified", permissions=("change",)
    )
    def gold(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show a study's gold trials, and take a table of them while it is a draft."""
        study = study_for(request, object_id)
        form = GoldTableForm(request.POST or None, request.FILES or None, study=study)
        if request.method == "POST" and form.is_valid():
            done = ngettext("The study has %d gold trial.", "The study has %d gold trials.", form.count)
            messages.success(request, done % form.count)
            self.log_change(request, study, _("Gold trials"))
            return HttpResponseRedirect(request.path)
        page = {"title": _("Gold trials of “%(study)s”"), "example": gold_example(study)}
        return self._table(request, study, "gold", form=form, rows=gold_in_words(study), **page)

    @action(description=gettext_lazy("Pairs"), url_path="pairs", icon="join", permissions=("change",))
    def pairs(self, request: HttpRequest, object_id: int) -> HttpResponse:
        """Show the pairs of a study of duplicates, and take a table of them while it is a draft."""
        study = study_for(request, object_id)
        if not shows_pairs(study):
            messages.error(request, _("This study shows no pairs: its protocol has none."))
            return HttpResponseRedirect(reverse("admin:studies_study_change", args=(study.pk,)))
        form = PairsForm(request.POST or None, request.FILES or None, study=study)
        if request.method == "POST" and form.is_valid():
            done = ngettext(
                "The study has %d pair, and as many trials.",
                "The study has %d pairs, and as many trials.",
                form.count,
            )
            messages.success(request, done % form.count)
            self.log_change(request, study, _("Pairs"))
            return HttpResponseRedirect(request.path)
        page = {"title": _("Pairs of “%(study)s”"), "example": pairs_example(study)}
        counts = {"count": study.duplicatepairs.count(), "most": MOST_SHOWN}
        return self._table(request, study, "pairs", form=form, rows=pairs_in_words(study), **page, **counts)

    def _table(self, request: HttpRequest, study: Study, name: str, **page: Any) -> HttpResponse:
        """Draw one of these pages."""
        context = {
            **self.admin_site.each_context(request),
            **page,
            "title": page["title"] % {"study": study},
            "opts": self.opts,
            "original": study,
            "is_draft": is_draft(study),
            "back": reverse("admin:studies_study_change", args=(study.pk,)),
        }
        return TemplateResponse(request, f"studies/admin/{name}.html", context)
