"""The platform's settings with the linter of migrations, for ``make lint``.

A migration runs while servers of the former release still answer raters: it may neither take from them what
they read and write, nor lock a table for long. docs/operate.md says how a change that must is split in two.
"""

from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

from humaneval.config.settings import *  # noqa: F403

# Of before the first release, when nothing old could run beside them. Nothing is to be added here.
BEFORE_RELEASE = {
    "jobs": ("0002_job_team",),
    "rating": (
        *("0004_gold_is_a_trials_own", "0005_lanes_and_seats", "0007_practice_answers"),
        "0009_totals_in_seals",
    ),
    "samples": ("0003_sample_details", "0005_team", "0006_received"),
    "studies": ("0003_quotas", "0004_steering", "0005_practice_trials", "0007_team"),
    "teams": ("0002_audit_log",),
}


def ignored(apps: Path = BASE_DIR / "humaneval") -> list[str]:  # noqa: F405
    """Return their names, which is all that the linter asks; refuse a namesake in another app."""
    for app, names in BEFORE_RELEASE.items():
        for name in names:
            found = {path.parts[-3] for path in apps.glob(f"*/migrations/{name}.py")}
            if others := found - {app}:
                raise ImproperlyConfigured(
                    f"The migration {name} of {', '.join(sorted(others))} would not be linted, for {app} has "
                    "one of that name from before the first release: give it another name."
                )
    return [name for names in BEFORE_RELEASE.values() for name in names]


OURS = [name.rpartition(".")[2] for name in INSTALLED_APPS if name.startswith("humaneval.")]  # noqa: F405
INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]  # noqa: F405

MIGRATION_LINTER_OPTIONS = {
    "sql_analyser": "postgresql",
    "no_cache": True,
    "include_apps": OURS,
    "ignore_initial_migrations": True,
    "warnings_as_errors": ["CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"],
    "ignore_name": ignored(),
}
