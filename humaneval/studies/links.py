"""Addresses of a study's pages. Those of raters and reports are fixed names that others script against."""

from __future__ import annotations

from django.conf import settings

from humaneval.studies.models import Study


def rater_url(study: Study) -> str:
    """Return the full address that raters open."""
    return f"{settings.PUBLIC_URL}/s/{study.slug}/"


def preview_path(study: Study) -> str:
    """Return the path of the page that shows staff the trials as raters see them."""
    return f"/s/{study.slug}/preview/"


def preview_url(study: Study) -> str:
    """Return the full address of that page, to be written where nobody knows which server it is on."""
    return f"{settings.PUBLIC_URL}{preview_path(study)}"


def rules_path(study: Study) -> str:
    """Return the path of the page where rules of exclusion are read and declared."""
    return f"/studies/{study.slug}/rules/"


def report_path(study: Study) -> str:
    """Return the path of the study's report."""
    return f"/studies/{study.slug}/report/"


def study_file_path(study: Study) -> str:
    """Return the path of the study as a study file."""
    return f"/api/v1/studies/{study.slug}/study.yaml"


def exports_path(study: Study) -> str:
    """Return the path of the page where the study's archives are made and taken away."""
    return f"/studies/{study.slug}/exports/"


def plan_path(study: Study) -> str:
    """Return the path of the page that plans how large the study needs to be."""
    return f"/studies/{study.slug}/plan/"


def recruitment_path(study: Study) -> str:
    """Return the path of the page where the study is posted to panels and its raters are paid."""
    return f"/studies/{study.slug}/recruitment/"
