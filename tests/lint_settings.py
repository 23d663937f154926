"""The platform's settings with the linter of migrations, for ``make lint``.

A migration runs while servers of the former release still answer raters: it may neither take from them what
they read and write, nor lock a table for long. docs/operate.md says how a change that must is split in two.
"""

from humaneval.config.settings import *  # noqa: F403

OURS = [name.rpartition(".")[2] for name in INSTALLED_APPS if name.startswith("humaneval.")]  # noqa: F405
INSTALLED_APPS = [*INSTALLED_APPS, "django_migration_linter"]  # noqa: F405

MIGRATION_LINTER_OPTIONS = {
    "sql_analyser": "postgresql",
    "no_cache": True,
    "include_apps": OURS,
    "ignore_initial_migrations": True,
    "warnings_as_errors": ["CREATE_INDEX", "CREATE_INDEX_EXCLUSIVE", "DROP_INDEX", "REINDEX"],
    # Of before the first release, when nothing old could run beside them. Nothing is to be added here.
    "ignore_name": [
        "0002_job_team",
        "0004_gold_is_a_trials_own",
        "0005_lanes_and_seats",
        "0007_practice_answers",
        "0009_totals_in_seals",
        "0003_sample_details",
        "0005_team",
        "0003_quotas",
        "0004_steering",
        "0005_practice_trials",
        "0007_team",
        "0002_audit_log",
        "0006_received",
    ],
}
