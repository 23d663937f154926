"""Sample sets as staff see them: what is in each, what an import brought, and how to bring more."""

from __future__ import annotations

from typing import Any, cast

from django.contrib.admin.utils import unquote
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.core.paginator import Page, Paginator
from django.db.models import Count, Model, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from humaneval.samples.drop_page import add_files, drop_context
from humaneval.samples.duplicates import listed_pairs, start_check
from humaneval.samples.forms import ImportForm, NewSampleSetForm
from humaneval.samples.importing import create_sample_set, start_archive_import, start_folder_import
from humaneval.samples.leak_page import check_leaks, leak_context
from humaneval.samples.leakage import words
from humaneval.samples.models import ImportRun, LeakageAudit, Prompt, Sample, SampleKind, SampleSet
from humaneval.samples.removing import remove_sample_set, uses_of
from humaneval.teams.access import may, teams_for, visible
from humaneval.teams.scoped import OfTeam, OwnRelatedFilter
from humaneval.ui.admin import (
    ModelAdmin,
    ReadOnlyModelAdmin,
    TabularInline,
    display,
    register,
)

SHEET = 60
PAIRS = 24
"""Near-duplicates shown on a set's page."""
REFRESH_SECONDS = 3
KIND_COLOURS = {SampleKind.REAL: "info", SampleKind.GENERATED: "warning"}
STATE_COLOURS = {
    "queued": "info",
    "running": "warning",
    "done": "success",
    "refused": "danger",
    "interrupted": "danger",
    "failed": "danger",
}


def _address_of(run: ImportRun) -> str:
    """Return the address of an import's page."""
    return reverse("admin:samples_importrun_change", args=[run.pk])


class _Styled:
    """Brings the styles of contact sheets and problem lists to a page."""

    class Media:
        css = {"all": ("samples/admin.css",)}


class ImportRunInline(TabularInline):
    """The imports that a set was made of, newest first."""

    model = ImportRun
    fields = readonly_fields = (
        "linked_source",
        "state_in_words",
        "added",
        "unchanged",
        "rejected",
        "created_at",
    )
    extra = 0
    hide_title = True
    can_delete = False
    verbose_name_plural = _("imports")

    @display(description=_("source"))
    def linked_source(self, run: ImportRun) -> SafeString:
        """Return the source with a link to what the import brought."""
        return format_html('<a href="{}">{}</a>', _address_of(run), run.source)

    @display(description=_("state"))
    def state_in_words(self, run: ImportRun) -> str:
        """Return where the import stands."""
        return str(run.state_in_words)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportRun]:
        """Return the imports with their jobs, in one query."""
        return super().get_queryset(request).select_related("job")

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        """Return False: imports are started on a page of their own."""
        return False


@register(SampleSet)
class SampleSetAdmin(_Styled, OfTeam, ModelAdmin):
    """Sample sets: listed with counts, made with a zip, looked at as a contact sheet."""

    list_display = ("name", "coloured_kind", "samples", "sizes", "created_at")
    list_filter = ("kind", ("team", OwnRelatedFilter))
    search_fields = ("name", "description")
    change_form_outer_after_template = "samples/contact_sheet.html"
    inlines = (ImportRunInline,)

    @display(description=_("kind"), label=KIND_COLOURS, ordering="kind")
    def coloured_kind(self, sample_set: SampleSet) -> tuple[str, Any]:
        """Return the kind and its words."""
        return sample_set.kind, sample_set.get_kind_display()

    @display(description=_("kind"))
    def kind_in_words(self, sample_set: SampleSet) -> str:
        """Return the kind in words, for the set's own page."""
        return sample_set.get_kind_display()

    @display(description=_("samples"), ordering="sample_count")
    def samples(self, sample_set: Any) -> str:
        """Return how many samples the set holds."""
        return f"{sample_set.sample_count:,}"

    @display(description=_("size in pixels"))
    def sizes(self, sample_set: Any) -> str:
        """Return the smallest and largest width and height, one pair where all are equal."""
        if not sample_set.sample_count:
            return "–"
        smallest = f"{sample_set.min_width} × {sample_set.min_height}"
        largest = f"{sample_set.max_width} × {sample_set.max_height}"
        return smallest if smallest == largest else f"{smallest} … {largest}"

    def get_queryset(self, request: HttpRequest) -> QuerySet[SampleSet]:
        """Return the sets with their counts and sizes, in one query."""
        return visible(request.user, SampleSet.objects.with_extent())

    def get_urls(self) -> list[Any]:
        """Return the pages' addresses with those that dropped files and chosen sets are sent to."""
        page = path(
            "<path:object_id>/add-files/",
            self.admin_site.admin_view(add_files),
            name="samples_sampleset_add_files",
        )
        leaks = path(
            "<path:object_id>/check-leaks/",
            self.admin_site.admin_view(check_leaks),
            name="samples_sampleset_check_leaks",
        )
        return [page, leaks, *super().get_urls()]

    def get_fieldsets(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return a new set's fields with its zip, an existing one's with its numbers."""
        team = ("team",) if self.has_several_teams(request) else ()
        if obj is None:
            return (
                (None, {"fields": (*team, "name", "kind", "description")}),
                (_("Images"), {"fields": ("archive", "folder", "prompts", "strict")}),
                (_("Where it comes from"), {"fields": ("settings",)}),
            )
        fields = ("name", *team, "kind_in_words", "samples", "sizes", "description", "settings", "slug")
        return ((None, {"fields": fields}),)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return what never changes once a set is made: its team, its kind, its address and its numbers."""
        return () if obj is None else ("team", "kind_in_words", "samples", "sizes", "slug")

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """Return the form with a zip field for a new set, the plain one for an existing set."""
        if obj is None:
            home = teams_for(request.user, "samples.add_sampleset").order_by("pk").first()
            kwargs["form"] = type("NewSampleSetForm", (NewSampleSetForm,), {"home": home})
        return super().get_form(request, obj, change=change, **kwargs)

    def get_inlines(self, request: HttpRequest, obj: Any) -> Any:
        """Return the list of imports for an existing set only."""
        return self.inlines if obj else ()

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Save the set; a new one starts importing what was given with it."""
        if change:
            obj.save()
            return
        data = form.cleaned_data
        fields = {name: data[name] for name in ("name", "kind", "description", "settings", "team")}
        created = create_sample_set(**fields, user=_person(request))
        obj.pk = created.pk
        obj.refresh_from_db()
        if data.get("archive") or data.get("folder"):
            _start_import(request, created, data)

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the progress of the import that a new set began with, if it did."""
        run = obj.imports.first()
        if run is None or "_popup" in request.POST:
            return super().response_add(request, obj, post_url_continue)
        return HttpResponseRedirect(_address_of(run))

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        """Return what would go in numbers, not sample by sample, and what forbids it."""
        sets = list(objs)
        samples = Sample.objects.filter(sample_set__in=sets).count()
        counts = {str(_("sample sets")): len(sets), str(_("samples")): samples}
        needed = [
            f"{name}: {count} ({sample_set})"
            for sample_set in sets
            for name, count in uses_of(sample_set).items()
        ]
        mine = [one for one in sets if self.has_delete_permission(request, one)]
        lacking = set() if len(mine) == len(sets) else {str(_("sample set"))}
        return [str(sample_set) for sample_set in sets], counts, lacking, needed

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        """Remove a set that nothing rests on, with its samples."""
        remove_sample_set(sample_set=obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[SampleSet]) -> None:
        """Remove the chosen sets."""
        for sample_set in queryset:
            remove_sample_set(sample_set=sample_set)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the set above one page of its contact sheet."""
        sample_set = self.get_object(request, unquote(object_id))
        shown: dict[str, Any] = {"sheet": None}
        if sample_set is not None:
            shown = {
                "sheet": _sheet(sample_set, request.GET.get("sheet")),
                **_duplicates(sample_set),
                **drop_context(request, sample_set),
                **leak_context(request, sample_set),
            }
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), **shown})


def _person(request: HttpRequest) -> User:
    """Return who is signed in, as everybody in the admin is."""
    return cast(User, request.user)


def _start_import(request: HttpRequest, sample_set: SampleSet, given: dict[str, Any]) -> ImportRun:
    """Start the import that a form asks for; raises PermissionDenied, as the API does."""
    if not may(request.user, "samples.add_importrun", sample_set):
        raise PermissionDenied
    user, strict = _person(request), given["strict"]
    if given.get("folder"):
        return start_folder_import(
            sample_set=sample_set,
            folder=given["folder"],
            prompts=given["prompts"],
            strict=strict,
            user=user,
        )
    return start_archive_import(sample_set=sample_set, archive=given["archive"], strict=strict, user=user)


def _sees_all(request: HttpRequest) -> bool:
    return _person(request).is_superuser


def _duplicates(sample_set: SampleSet) -> dict[str, Any]:
    """Return what is known of a set's near-duplicates; they are looked for if nobody has yet."""
    check = start_check(sample_set)
    pairs = listed_pairs(check.result, PAIRS) if check is not None and check.result else []
    return {"duplicates": check, "like_pairs": pairs}


def _sheet(sample_set: SampleSet, number: str | None) -> Page:
    samples = sample_set.samples.select_related("prompt")
    return Paginator(samples, SHEET).get_page(number)


@register(ImportRun)
class ImportRunAdmin(_Styled, OfTeam, ModelAdmin):
    """Imports: started with a zip or a place on the server, watched, and kept with what they rejected."""

    warn_unsaved_form = False
    form = ImportForm
    list_display = ("source", "sample_set", "coloured_state", "added", "unchanged", "rejected", "created_at")
    list_select_related = ("sample_set", "job")
    list_filter = (("sample_set", OwnRelatedFilter),)
    change_form_outer_after_template = "samples/import_result.html"
    shown = (
        "sample_set",
        "source",
        "prompts",
        "strict",
        "state_in_words",
        "progress",
        "added",
        "unchanged",
        "rejected",
        "error_in_words",
        "created_by",
        "created_at",
        "finished_at",
    )

    @display(description=_("state"), label=STATE_COLOURS)
    def coloured_state(self, run: ImportRun) -> tuple[str, Any]:
        """Return the state and its words."""
        return run.state, run.state_in_words

    @display(description=_("state"))
    def state_in_words(self, run: ImportRun) -> str:
        """Return the state in words, for the import's own page."""
        return str(run.state_in_words)

    @display(description=_("progress"))
    def progress(self, run: ImportRun) -> SafeString | str:
        """Return how far the import is, with a link to its job."""
        if run.job is None:
            done, total = run.progress
            return (
                _("%(done)s of %(total)s files") % {"done": f"{done:,}", "total": f"{total:,}"}
                if total
                else "–"
            )
        address = reverse("admin:jobs_job_change", args=[run.job.pk])
        words = run.job.progress_text or _("not started yet")
        return format_html('<a href="{}">{}</a>', address, words)

    @display(description=_("error"))
    def error_in_words(self, run: ImportRun) -> str:
        """Return why nothing more came in, from the import itself or its job."""
        return run.error or (run.job.error if run.job else "") or "–"

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return the form's fields for a new import, all that is known of an old one."""
        given = ("sample_set", "archive", "folder", "prompts", "strict")
        return given if obj is None else self.shown

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Return every field of an import that has been started."""
        return () if obj is None else self.shown

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what an import did is a record."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Return False: what an import did is a record."""
        return False

    def save_model(self, request: HttpRequest, obj: Any, form: ModelForm, change: bool) -> None:
        """Start the import."""
        run = _start_import(request, form.cleaned_data["sample_set"], form.cleaned_data)
        obj.pk = run.pk
        obj.refresh_from_db()

    def response_add(
        self, request: HttpRequest, obj: Any, post_url_continue: str | None = None
    ) -> HttpResponse:
        """Show the import's progress."""
        return HttpResponseRedirect(_address_of(obj))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show an import; the page renews itself until the import has finished."""
        response = super().change_view(request, object_id, form_url, extra_context)
        run = self.get_object(request, object_id)
        if run is not None and run.is_underway:
            response["Refresh"] = str(REFRESH_SECONDS)
        return response


@register(Sample)
class SampleAdmin(_Styled, OfTeam, ReadOnlyModelAdmin):
    """Samples, to look at: they never change, since votes and scores rest on them."""

    list_display = ("thumbnail", "name", "sample_set", "size_in_pixels", "format", "mode", "prompt")
    list_display_links = ("thumbnail", "name")
    list_select_related = ("sample_set", "prompt")
    list_filter = (("sample_set", OwnRelatedFilter), "sample_set__kind", "format")
    search_fields = ("name", "prompt__text", "sha256")
    show_full_result_count = False
    list_per_page = 50
    fields = (
        "thumbnail",
        "name",
        "sample_set",
        "prompt",
        "details",
        "size_in_pixels",
        "format",
        "mode",
        "size",
        "hash",
        "import_run",
        "created_at",
    )

    @display(description=_("picture"))
    def thumbnail(self, sample: Sample) -> SafeString:
        """Return the sample's small picture, which in the list is a link to it."""
        address = reverse("sample-thumbnail", args=[sample.pk])
        picture = '<img class="sample-thumbnail" src="{}" alt="{}" loading="lazy">'
        return format_html(picture, address, sample.name)

    @display(description="SHA-256")
    def hash(self, sample: Sample) -> SafeString:
        """Return the content's hash, which may break anywhere."""
        return format_html('<code class="sample-hash">{}</code>', sample.sha256)

    @display(description=_("size in pixels"))
    def size_in_pixels(self, sample: Sample) -> str:
        """Return width and height of the upright image."""
        return f"{sample.width} × {sample.height}"


@register(Prompt)
class PromptAdmin(OfTeam, ReadOnlyModelAdmin):
    """Prompts and how many samples were generated from each."""

    list_display = ("text", "category", "sample_count")
    list_filter = ("category",)
    search_fields = ("text", "category")

    @display(description=_("samples"), ordering="sample_count")
    def sample_count(self, prompt: Any) -> int:
        """Return how many samples have this prompt."""
        count: int = prompt.sample_count
        return count

    def get_queryset(self, request: HttpRequest) -> QuerySet[Prompt]:
        """Return the prompts of one's own samples with the numbers of these, in one query."""
        sets = visible(request.user, SampleSet.objects.all())
        own = Q(samples__sample_set__in=sets) if not _sees_all(request) else Q()
        rows = Prompt.objects.annotate(sample_count=Count("samples", filter=own or None))
        return rows if _sees_all(request) else rows.filter(sample_count__gt=0)


@register(LeakageAudit)
class LeakageAuditAdmin(_Styled, OfTeam, ReadOnlyModelAdmin):
    """Whether files' trivial facts tell real from generated: the warnings first, then all figures."""

    list_display = ("sets", "standing", "created_at")
    list_filter = (("sample_sets", OwnRelatedFilter),)
    fields = ("sets", "standing", "created_at", "finished_at")
    change_form_outer_after_template = "samples/leakage.html"

    def get_queryset(self, request: HttpRequest) -> QuerySet[LeakageAudit]:
        """Return the audits with their sets and jobs, in two queries."""
        return super().get_queryset(request).select_related("job").prefetch_related("sample_sets")

    @display(description=_("sample sets"))
    def sets(self, audit: LeakageAudit) -> str:
        """Return the names of the sets compared."""
        return ", ".join(words.set_names(audit).values())

    @display(description=_("result"))
    def standing(self, audit: LeakageAudit) -> str:
        """Return what came out, or how far the audit is."""
        if audit.result is None:
            return (audit.job and (audit.job.error or audit.job.progress_text)) or "–"
        found = len(words.warnings(audit))
        return ngettext("%d warning", "%d warnings", found) % found if found else str(_("no warning"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Show the audit's warnings and tables below its fields."""
        audit = self.get_object(request, unquote(object_id))
        shown: dict[str, Any] = {}
        if audit is not None:
            shown = {"leak_warnings": words.warnings(audit), "comparisons": words.comparisons(audit)}
        return super().change_view(request, object_id, form_url, {**shown, **(extra_context or {})})
