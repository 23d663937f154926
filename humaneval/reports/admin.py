"""Reports as staff find them: every snapshot there is, each with a link to its page."""

from __future__ import annotations

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from humaneval.reports.models import Snapshot
from humaneval.teams.scoped import OfTeam, OwnRelatedFilter
from humaneval.ui.admin import ReadOnlyModelAdmin, display, register


@register(Snapshot)
class SnapshotAdmin(OfTeam, ReadOnlyModelAdmin):
    """Snapshots, newest first; opened, they lead to the report's page."""

    list_display = ("study", "created_at", "vote_count", "code_version", "open_page")
    list_display_links = ("created_at",)
    list_filter = (("study", OwnRelatedFilter),)
    list_select_related = ("study",)
    date_hierarchy = "created_at"
    fields = ("study", "created_at", "vote_count", "code_version", "fingerprint", "open_page")
    readonly_fields = fields

    def get_queryset(self, request: HttpRequest) -> QuerySet[Snapshot]:
        """Return snapshots without their payloads, which may be large."""
        return super().get_queryset(request).defer("payload")

    @display(description=_("Report"))
    def open_page(self, snapshot: Snapshot) -> SafeString:
        """Return a link to the page of this snapshot."""
        address = reverse("reports:page", args=[snapshot.study.slug])
        return format_html('<a href="{}?snapshot={}">{}</a>', address, snapshot.pk, _("Open"))
