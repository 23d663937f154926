"""Role against action: every address of the platform, and who may use it.

`docs/roles.md` shows the same table to people; a new address must be put into it here.
"""

from __future__ import annotations

from dataclasses import dataclass

VIEWER, ANALYST, MANAGER, PAYER, OWNER = "viewer", "analyst", "manager", "manager who may pay", "owner"
MEMBERS = (VIEWER, ANALYST, MANAGER, PAYER, OWNER)

ALL = frozenset(MEMBERS)
SEES = ALL - {MANAGER, PAYER}
"""Who sees sample sets, scores and reports."""
DATA = frozenset({ANALYST, OWNER})
PROGRESS = ALL - {VIEWER}
RECRUITS = frozenset({MANAGER, PAYER, OWNER})
PAYS = frozenset({PAYER, OWNER})
OWNS = frozenset({OWNER})
NOBODY = frozenset[str]()
"""No role: superusers alone."""


@dataclass(frozen=True)
class Action:
    """What may be done, by whom, and at which addresses: ``METHOD route`` as the resolver writes routes."""

    words: str
    roles: frozenset[str]
    addresses: tuple[str, ...]


def page(route: str) -> tuple[str, ...]:
    """Return the addresses of a page that is looked at, and posted to by those who may look at it."""
    return f"GET {route}", f"POST {route}"


def pages(*routes: str) -> tuple[str, ...]:
    """Return the addresses of several pages."""
    return tuple(address for route in routes for address in page(route))


def admin(model: str, *names: str) -> tuple[str, ...]:
    """Return the addresses of a model's pages in the admin; who may save a row's page says :func:`save`."""
    base = f"admin/{model.replace('.', '/')}/"
    routes = {"list": base, "add": f"{base}add/"}
    there = pages(*(routes.get(name, f"{base}<path:object_id>/{name}/") for name in names))
    return tuple(one for one in there if not one.startswith("POST") or not one.endswith("/change/"))


def save(*models: str) -> tuple[str, ...]:
    """Return the addresses at which rows of models are changed in the admin."""
    return tuple(f"POST admin/{model.replace('.', '/')}/<path:object_id>/change/" for model in models)


LOOK = ("list", "change", "history")
API = "api/v1/"
STUDY = f"{API}^studies/(?P<slug>[-a-zA-Z0-9_]+)/"
OF_STUDY = f"{API}studies/<slug:slug>/"

ACTIONS = (
    Action(
        "See sample sets, samples, prompts, imports and checks for leaks",
        SEES,
        (
            f"GET {API}^sample-sets/$",
            f"GET {API}^sample-sets/(?P<slug>[^/.]+)/$",
            f"GET {API}^sample-sets/(?P<slug>[^/.]+)/duplicates/$",
            f"POST {API}^sample-sets/(?P<slug>[^/.]+)/duplicates/$",
            f"GET {API}sample-sets/<slug:slug>/^samples/$",
            f"GET {API}sample-sets/<slug:slug>/^imports/$",
            f"GET {API}sample-sets/<slug:slug>/^imports/(?P<pk>[^/.]+)/$",
            f"GET {STUDY}leakage/$",
            "GET samples/<int:sample_id>/thumbnail.webp",
            *admin("samples.sampleset", *LOOK),
            *admin("samples.sample", *LOOK),
            *admin("samples.prompt", *LOOK),
            *admin("samples.importrun", *LOOK),
            *admin("samples.leakageaudit", *LOOK),
        ),
    ),
    Action(
        "Make sample sets, import into them, check two of them for leaks, delete them",
        OWNS,
        (
            f"POST {API}^sample-sets/$",
            f"DELETE {API}^sample-sets/(?P<slug>[^/.]+)/$",
            f"POST {API}sample-sets/<slug:slug>/^imports/$",
            *admin("samples.sampleset", "add", "delete", "add-files", "check-leaks"),
            *save("samples.sampleset"),
            *admin("samples.importrun", "add"),
        ),
    ),
    Action(
        "See studies: settings, preview, progress, study file",
        ALL,
        (
            f"GET {API}^studies/$",
            f"GET {STUDY}$",
            f"GET {OF_STUDY}preview/",
            f"GET {OF_STUDY}preview/images/<int:sample_id>/",
            f"GET {OF_STUDY}study.yaml",
            f"GET {OF_STUDY}status/",
            "GET s/<slug:slug>/preview/",
            "GET studies/<slug:slug>/live/",
            "GET studies/<slug:slug>/plan/",
            f"GET {OF_STUDY}plan/",
            *admin("studies.study", *LOOK, "preview", "plan", "study-file"),
        ),
    ),
    Action(
        "See trials, and which sample stands where in them",
        SEES,
        (f"GET {STUDY}trials/$", f"GET {OF_STUDY}preview-trials/", *admin("studies.trial", *LOOK)),
    ),
    Action(
        "Make, change, launch, pause, close and delete studies; let simulated raters vote",
        OWNS,
        (
            f"POST {API}^studies/$",
            f"POST {API}study-files/",
            f"PATCH {STUDY}$",
            f"DELETE {STUDY}$",
            *(
                f"POST {STUDY}{move}/$"
                for move in (
                    "launch",
                    "cancel-launch",
                    "pause",
                    "resume",
                    "close",
                    "gold",
                    "pairs",
                    "leakage",
                )
            ),
            f"POST {OF_STUDY}plan/",
            *admin("studies.study", "add", "delete", "gold", "pairs", "launch", "cancel-launch"),
            *admin("studies.study", "pause", "resume", "close"),
            *save("studies.study"),
            "POST studies/<slug:slug>/plan/",
        ),
    ),
    Action(
        "See reports, their tables and the intervals so far",
        SEES,
        (
            f"GET {OF_STUDY}report/",
            f"GET {OF_STUDY}estimates.csv",
            f"GET {OF_STUDY}exclusions.csv",
            f"GET {OF_STUDY}scores.csv",
            f"GET {OF_STUDY}correlations.csv",
            f"GET {OF_STUDY}snapshots/",
            f"GET {OF_STUDY}snapshots/<int:pk>/",
            "GET studies/<slug:slug>/report/",
            "GET studies/<slug:slug>/report/download/",
            "GET studies/<slug:slug>/report/files/",
            *admin("reports.snapshot", *LOOK),
            *admin("studies.study", "report"),
            *admin("rating.course", *LOOK),
        ),
    ),
    Action(
        "Take a new snapshot of a report",
        DATA,
        ("POST studies/<slug:slug>/report/refresh/", f"POST {OF_STUDY}snapshots/"),
    ),
    Action(
        "Take votes and sessions away: tables, archives",
        DATA,
        (
            f"GET {OF_STUDY}votes.csv",
            f"GET {OF_STUDY}sessions.csv",
            f"GET {OF_STUDY}export.zip",
            f"GET {OF_STUDY}bundle.zip",
            f"GET {OF_STUDY}exports/",
            f"POST {OF_STUDY}exports/",
            f"GET {OF_STUDY}exports/<int:number>/",
            f"GET {OF_STUDY}exports/<int:number>/file.zip",
            "GET studies/<slug:slug>/exports/",
            "POST studies/<slug:slug>/exports/",
            *admin("studies.study", "exports"),
            *admin("rating.vote", *LOOK),
        ),
    ),
    Action(
        "See exclusion rules, and what they leave out and why",
        ALL,
        (
            f"GET {OF_STUDY}rule-sets/",
            f"GET {OF_STUDY}rule-sets/<int:version>/exclusions/",
            "GET studies/<slug:slug>/rules/",
            *admin("rating.ruleset", *LOOK),
            *admin("studies.study", "rules"),
        ),
    ),
    Action(
        "Declare exclusion rules",
        DATA,
        (f"POST {OF_STUDY}rule-sets/", "POST studies/<slug:slug>/rules/"),
    ),
    Action(
        "See scores and metric runs",
        SEES,
        (
            f"GET {API}^metric-runs/$",
            f"GET {API}^metric-runs/(?P<pk>[^/.]+)/$",
            f"GET {API}^scores/$",
            f"GET {API}^scores/(?P<pk>[^/.]+)/$",
            f"GET {API}sample-sets/<slug:slug>/latents/",
            *admin("scoring.metricrun", *LOOK),
            *admin("scoring.score", *LOOK),
        ),
    ),
    Action(
        "Start, retry and cancel metric runs; keep what is known of latent spaces",
        DATA,
        (
            f"POST {API}^metric-runs/$",
            f"POST {API}^metric-runs/(?P<pk>[^/.]+)/cancel/$",
            f"POST {API}^metric-runs/(?P<pk>[^/.]+)/retry/$",
            f"PUT {API}sample-sets/<slug:slug>/latents/",
            *admin("scoring.metricrun", "add"),
            *save("scoring.metricrun"),
        ),
    ),
    Action("Delete metric runs", OWNS, admin("scoring.metricrun", "delete")),
    Action(
        "See raters (by pseudonym) and their sessions",
        PROGRESS,
        (*admin("rating.rater", *LOOK), *admin("rating.session", *LOOK)),
    ),
    Action(
        "See recruitment: postings, people on panels, what was paid, calls to panels",
        RECRUITS,
        (
            f"GET {OF_STUDY}recruitment/",
            f"GET {OF_STUDY}recruitment/ledger/",
            f"GET {OF_STUDY}recruitment/raters/",
            f"GET {API}recruitment/money/",
            f"GET {OF_STUDY}link/",
            f"GET {OF_STUDY}recruitment/reconciliation/",
            f"GET {API}postings/<int:pk>/cost/",
            f"GET {API}panel-calls/<int:pk>/",
            "GET studies/<slug:slug>/recruitment/",
            "GET studies/<slug:slug>/recruitment/ledger.csv",
            "GET studies/<slug:slug>/recruitment/raters.csv",
            "GET recruitment/money/",
            "POST postings/<int:pk>/look/",
            *admin("recruitment.linksettings", *LOOK),
            *admin("recruitment.posting", *LOOK, "recruitment"),
            *admin("recruitment.submission", *LOOK),
            *admin("recruitment.intent", *LOOK),
            *admin("recruitment.ledgerentry", *LOOK),
            *admin("studies.study", "recruitment"),
        ),
    ),
    Action(
        "Look after links, invitations and postings: draft, delete drafts, pause, stop",
        RECRUITS,
        (
            f"POST {OF_STUDY}recruitment/postings/",
            f"PATCH {OF_STUDY}link/",
            f"GET {OF_STUDY}invitations/",
            f"POST {OF_STUDY}invitations/",
            f"POST {API}^postings/(?P<pk>[0-9]{{1,18}})/(?P<move>pause|resume|stop)/$",
            *page("studies/<slug:slug>/invitations/"),
            "GET studies/<slug:slug>/invitations/links.csv",
            *pages("postings/<int:pk>/pause/", "postings/<int:pk>/stop/"),
            *admin("recruitment.linksettings", "add"),
            *admin("recruitment.posting", "add", "delete"),
            *save("recruitment.linksettings", "recruitment.posting"),
        ),
    ),
    Action("Keep a person of a panel out of later postings", RECRUITS, page("submissions/<int:pk>/block/")),
    Action("Delete link settings", OWNS, admin("recruitment.linksettings", "delete")),
    Action(
        "Read archived results of a panel into a study",
        OWNS,
        page("studies/<slug:slug>/mturk-archive/"),
    ),
    Action(
        "Publish postings, open them again, add places, delete them at the panel",
        PAYS,
        (
            f"POST {API}postings/<int:pk>/publish/",
            *pages("postings/<int:pk>/publish/", "postings/<int:pk>/resume/"),
            *page("postings/<int:pk>/release/"),
            *pages("postings/<int:pk>/remove/", "postings/<int:pk>/places/"),
        ),
    ),
    Action(
        "Approve, reject and pay people; say what became of a call that costs money",
        PAYS,
        (
            f"POST {API}postings/<int:pk>/approve/",
            f"POST {API}postings/<int:pk>/bonuses/",
            *pages("postings/<int:pk>/approve/", "postings/<int:pk>/top-up/"),
            *pages("submissions/<int:pk>/approve/", "submissions/<int:pk>/reject/"),
            *pages("submissions/<int:pk>/overturn/", "submissions/<int:pk>/bonus/"),
            *pages("intents/<int:pk>/resolve/", "intents/<int:pk>/again/"),
        ),
    ),
    Action("See background jobs of the team", DATA, admin("jobs.job", *LOOK)),
    Action("Retry and cancel background jobs of the team", OWNS, save("jobs.job")),
    Action(
        "See the team and its name",
        ALL,
        (f"GET {API}^teams/$", f"GET {API}^teams/(?P<slug>[^/.]+)/$", *admin("teams.team", *LOOK)),
    ),
    Action(
        "Change the team's members and their roles (on the team's page); read the team's audit log",
        OWNS,
        (
            f"GET {API}^teams/(?P<slug>[^/.]+)/members/$",
            f"GET {API}^teams/(?P<slug>[^/.]+)/audit/$",
            *admin("teams.auditentry", *LOOK),
            *save("teams.team"),
        ),
    ),
    Action(
        "Make and delete teams, accounts, groups and API tokens",
        NOBODY,
        (
            *admin("teams.team", "add"),
            *admin("auth.user", *LOOK, "add", "delete"),
            *page("admin/auth/user/<id>/password/"),
            *save("auth.user", "auth.group", "teams.apitoken"),
            *admin("auth.group", *LOOK, "add", "delete"),
            *admin("teams.apitoken", *LOOK, "add", "delete"),
        ),
    ),
)

RECORDS = (
    "samples.sample",
    "samples.prompt",
    "samples.leakageaudit",
    "studies.trial",
    "rating.rater",
    "rating.session",
    "rating.vote",
    "rating.ruleset",
    "rating.course",
    "scoring.score",
    "reports.snapshot",
    "recruitment.submission",
    "recruitment.intent",
    "recruitment.ledgerentry",
    "teams.auditentry",
)
"""Kept by the platform: nobody adds or deletes them by hand, not even a superuser."""

NEVER = (
    *(address for model in RECORDS for address in admin(model, "add", "delete")),
    *save(*RECORDS, "samples.importrun"),
    *admin("jobs.job", "add", "delete"),
    *admin("samples.importrun", "delete"),
    *admin("teams.team", "delete"),  # of the team that is always there
)

OPEN = (
    "GET ",
    *pages("healthz", "readyz"),
    "GET api/schema/",
    "GET i/<str:token>.webp",
    "GET s/<slug:slug>/",
    *pages("admin/login/", "account/sign-in/code/", "account/sign-in/enrol/"),
    "POST admin/logout/",
    f"POST {API}rating/sessions/",
    "GET panels/mturk/<int:posting_id>/",
)
"""For anybody."""

TOKENS = (
    f"GET {API}rating/session/",
    f"POST {API}rating/session/assignments/",
    f"POST {API}rating/session/votes/",
    f"POST {API}rating/session/comprehension/",
    f"GET {API}rating/session/practice/",
    f"POST {API}rating/session/practice/",
    f"POST {API}rating/session/closing/",
    f"POST {API}rating/session/complete/",
)
"""For the rater whose token it is, and for nobody else, whatever their role."""

SIGNED = (
    "POST panels/prolific/events/",
    "GET panels/mturk/hand-in/<str:token>/",
    "GET metrics",
    "GET metrics/installation",
)
"""For whoever holds our signature, the panel's, or METRICS_TOKEN: tests/recruitment/test_webhooks.py,
tests/recruitment/test_mturk.py, tests/monitoring/test_metrics.py."""

STAFF = (
    *pages("admin/", "admin/search/", "admin/password_change/"),
    *pages("account/security/", "account/security/enrol/"),
    "POST account/security/codes/",
    "POST account/security/remove/",
    "GET admin/password_change/done/",
    "GET admin/jsi18n/",
    "GET admin/autocomplete/",
    *page("admin/r/<path:content_type_id>/<path:object_id>/"),
    *page("admin/^(?P<app_label>LABELS)/$"),
    *page("admin/(?P<url>.*)$"),
)
"""For all who may sign in to the admin; what stands on the page is by role (see the tests beside)."""
