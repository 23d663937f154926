"""Every address against every kind of person: the table beside says who may, all others may not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.apps import apps
from django.contrib.admin import site
from django.contrib.auth.models import Group, Permission, User
from django.db import transaction
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver

from humaneval.jobs.models import Job
from humaneval.rating.exclusions import default_rules
from humaneval.rating.models import Course, RuleSet
from humaneval.recruitment.models import Intent, LedgerEntry, LinkSettings, Posting, Submission
from humaneval.reports import figures, folder
from humaneval.samples import views
from humaneval.samples.models import LeakageAudit, Sample
from humaneval.scoring.models import LatentUse
from humaneval.studies.models import Study, StudyState
from humaneval.teams.access import team_to_use
from humaneval.teams.audit import record_action
from humaneval.teams.models import DEFAULT_TEAM, ApiToken, AuditEntry, Membership, Team
from humaneval.teams.roles import PAYMENT, PERMISSIONS, Role, covers
from tests.factories import (
    AnswerFactory,
    AssignmentFactory,
    ImportRunFactory,
    MetricRunFactory,
    RaterFactory,
    ScoreFactory,
    SessionFactory,
    SnapshotFactory,
    TeamFactory,
    TokenFactory,
    UserFactory,
    VoteFactory,
    draft_study,
    member,
    opened,
    set_state,
)
from tests.rating.conftest import ApiRater
from tests.teams import table

pytestmark = pytest.mark.django_db
LABELS = "|".join(["auth", "teams", "jobs", "samples", "studies", "rating", "scoring", "recruitment"])


@dataclass
class World:
    """One study with a row of everything, and what addresses call it."""

    study: Study
    rows: dict[str, Any]

    def address(self, route: str) -> str:
        """Return the address of a route for the rows that there are."""
        words = re.sub(r"\(\?P<move>[^)]*\)", "pause", route)
        words = words.replace("(?P<app_label>LABELS)", "studies").replace("(?P<url>.*)", "no/such/page/")
        words = re.sub(r"\(\?P<(\w+)>[^()]*\)", r"<\1>", words).replace("^", "").replace("$", "")
        return "/" + re.sub(r"<(?:\w+:)?(\w+)>", lambda found: str(self._value(found[1], words)), words)

    def _value(self, name: str, route: str) -> Any:
        if name == "slug":
            of = {"sample-sets": "samples.sampleset", "teams": "teams.team"}
            return self.rows[of.get(route.split("/")[2], "studies.study")].slug
        if name in {"object_id", "id"}:
            row = self.rows.get(".".join(route.split("/")[1:3]))
            return row.pk if row is not None else 0
        if name in {"pk", "posting_id"}:
            return self.rows[_MODEL_OF[route.removeprefix("api/v1/").split("/")[0]]].pk
        given = {"sample_id": self.rows["samples.sample"].pk, "version": 1, "content_type_id": 0}
        given["number"] = self.rows["jobs.job"].pk
        return given.get(name, "x")


_MODEL_OF = {
    "sample-sets": "samples.importrun",
    "studies": "reports.snapshot",
    "metric-runs": "scoring.metricrun",
    "scores": "scoring.score",
    "postings": "recruitment.posting",
    "panels": "recruitment.posting",
    "submissions": "recruitment.submission",
    "intents": "recruitment.intent",
    "panel-calls": "recruitment.intent",
}


@pytest.fixture
def world(settings: Any) -> World:
    """Give a row of every model, all of the default team."""
    settings.METRICS_WORKERS = 1
    study = opened(draft_study(trial_count=4, samples=4, prompts=1))
    rows = [study, *_of_samples(study), *_of_rating(study), *_of_recruitment(study), *_of_scores(study)]
    user = UserFactory()
    record_action(action="look", subject=study, user=user)
    group = Group.objects.create(name="group")
    rows += [user, group, ApiToken.objects.create(user=user), AuditEntry.objects.get()]
    export = {"kind": "workspace.export", "args": {"study": study.pk, "form": "files"}}
    job = Job.objects.create(key=f"workspace.export:{study.pk}:x", team_id=DEFAULT_TEAM, **export)
    rows += [Team.objects.get(pk=DEFAULT_TEAM), job]
    set_state(study, StudyState.CLOSED)
    return World(study, {row._meta.label_lower: row for row in rows})


def _of_samples(study: Study) -> list[Any]:
    sample = Sample.objects.filter(sample_set__conditions__study=study).select_related("prompt").first()
    assert sample is not None
    audit = LeakageAudit.objects.create(digest="x")
    audit.sample_sets.add(sample.sample_set)
    return [sample, sample.sample_set, sample.prompt, ImportRunFactory(sample_set=sample.sample_set), audit]


def _of_rating(study: Study) -> list[Any]:
    session = SessionFactory(study=study, rater=RaterFactory())
    trial = study.trials.first()
    vote = VoteFactory(assignment=AssignmentFactory(session=session, trial=trial))
    AnswerFactory(vote=vote, question=study.questions.first())
    rules = RuleSet.objects.create(
        study=study, version=1, name="rules", rules=default_rules(), before_launch=True
    )
    return [session.rater, session, trial, vote, rules, Course.objects.create(study=study)]


def _of_recruitment(study: Study) -> list[Any]:
    posting = Posting.objects.create(
        study=study, panel="prolific", title="t", description="d", places=1, reward=1
    )
    submission = Submission.objects.create(posting=posting, external_id="x")
    intent = Intent.objects.create(
        posting=posting, kind="bonus", key="x", state="unclear", args={"lines": []}
    )
    entry = LedgerEntry.objects.create(
        posting=posting, submission=submission, kind="base", amount=1, currency="USD"
    )
    return [posting, submission, intent, entry, LinkSettings.objects.create(study=study)]


def _of_scores(study: Study) -> list[Any]:
    real, generated = (condition.sample_set for condition in study.conditions.all()[:2])
    run = MetricRunFactory(reference=real)
    run.generated.add(generated)
    for sample_set in (real, generated):
        LatentUse.objects.create(sample_set=sample_set, count=1, kl=[1.0], threshold=0.0, kl_threshold=0.0)
    return [run, ScoreFactory(run=run, sample_set=generated), SnapshotFactory(study=study)]


# --- addresses ------------------------------------------------------------------------------------------


def routes(resolver: URLResolver | None = None, before: str = "") -> Iterator[tuple[str, Any]]:
    """Yield every route of the platform with its view."""
    for pattern in (resolver or get_resolver()).url_patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLPattern):
            yield route, pattern.callback
        else:
            yield from routes(pattern, route)


def methods(view: Any) -> list[str]:
    """Return the methods that a view of the API says it answers; pages have to be asked."""
    actions: dict[str, str] | None = getattr(view, "actions", None)
    kind = getattr(view, "cls", None)
    if actions is not None:
        allowed = kind.http_method_names
        return [name.upper() for name in actions if name in allowed and name != "head"]
    if kind is not None and not hasattr(view, "view_class"):
        return [name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(kind, name)]
    if hasattr(view, "cls"):
        return [name.upper() for name in ("get", "post", "put", "patch", "delete") if hasattr(view.cls, name)]
    return []


def answered(client: Client, address: str) -> list[str]:
    """Return to which of looking and posting a page answers somebody who may do everything."""
    return [method for method in ("GET", "POST") if ask(client, address, method).status_code != 405]


def known() -> dict[str, frozenset[str]]:
    """Return who may use each address that is a team's."""
    return {address: action.roles for action in table.ACTIONS for address in action.addresses}


@pytest.mark.usefixtures("unrendered")
def test_every_address_is_in_the_table_once(world: World) -> None:
    there, user = set(), world.rows["auth.user"]
    client = client_of(user)
    for written, view in routes():
        route = re.sub(r"<app_label>[a-z|]+", "<app_label>LABELS", written)
        if not re.fullmatch(r"admin/\w+/\w+/<path:object_id>/", route):  # leads to the page of changes
            given = methods(view) or answered(client, world.address(route))
            there |= {f"{method} {route}" for method in given}
        if route.endswith("logout/"):
            client = client_of(user)
    listed = [address for action in table.ACTIONS for address in action.addresses]
    listed += [*table.OPEN, *table.TOKENS, *table.SIGNED, *table.STAFF, *table.NEVER]
    assert sorted(there - set(listed)) == [], "put these into tests/teams/table.py"
    assert sorted(set(listed) - there) == [], "these are in tests/teams/table.py and nowhere else"
    assert len(listed) == len(set(listed))


# --- people ---------------------------------------------------------------------------------------------

PAYMENTS = tuple(name.partition(".")[2] for name in PAYMENT)


def people() -> dict[str, User]:
    """Return somebody of every kind, all with the same study before them."""
    return {
        table.VIEWER: member(role=Role.VIEWER),
        table.ANALYST: member(role=Role.ANALYST),
        table.MANAGER: member(role=Role.MANAGER),
        table.PAYER: member(*PAYMENTS, role=Role.MANAGER),
        table.OWNER: member(role=Role.OWNER),
        "superuser": UserFactory(),
        "foreigner": member(role=Role.OWNER, team=TeamFactory()),
        "teamless": UserFactory(is_superuser=False),
        "plain": UserFactory(is_superuser=False, is_staff=False),
    }


@pytest.fixture
def unrendered(monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the admin's pages, pictures and charts undrawn: whether they open is decided before."""
    monkeypatch.setattr(SimpleTemplateResponse, "rendered_content", "")
    monkeypatch.setattr(views, "render_thumbnail", lambda sample: b"")
    monkeypatch.setattr(folder, "_figure_files", lambda *_: iter(()))
    monkeypatch.setattr(figures, "svg_of", lambda *_: "<svg></svg>")


def client_of(user: User | None) -> Client:
    """Return a browser in which somebody has signed in; what breaks behind the door is for other tests."""
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
    return client


def ask(client: Client, address: str, method: str, **headers: str) -> Any:
    """Return the answer to an empty request, and undo what it did."""
    call: Callable[..., Any] = getattr(client, method.lower())
    sends = {} if method == "GET" else {"data": "{}", "content_type": "application/json"}
    if not address.startswith("/api/") and method != "GET":
        sends = {"data": {}}
    with transaction.atomic():
        answer = call(address, headers=headers, **sends)
        transaction.set_rollback(True)
    return answer


def verdict(answer: Any) -> str:
    """Return what an answer says of the person: in, sign in, forbidden or not there."""
    there = answer.headers.get("Location", "")
    if answer.status_code == 401 or there.startswith("/admin/login/"):
        return "sign in"
    if answer.status_code == 404 or there == "/admin/":
        return "not there"
    return "forbidden" if answer.status_code == 403 else "in"


def wrong(
    world: World, who: str, client: Client, expected: Callable[[str, frozenset[str]], set[str]]
) -> list[str]:
    """Return the addresses that answer somebody otherwise than expected."""
    found = []
    for address, roles in known().items():
        method, _space, route = address.partition(" ")
        said = verdict(ask(client, world.address(route), method))
        if said not in expected(address, roles):
            found.append(f"{who}: {address} is {said}")
    return "\n".join(found)


@pytest.mark.usefixtures("unrendered")
@pytest.mark.parametrize("who", [*table.MEMBERS, "superuser"])
def test_members_may_do_what_the_table_says_and_nothing_else(world: World, who: str) -> None:
    client = client_of(people()[who])

    def expected(address: str, roles: frozenset[str]) -> set[str]:
        return {"in"} if who == "superuser" or who in roles else {"forbidden", "not there"}

    assert wrong(world, who, client, expected) == ""


@pytest.mark.usefixtures("unrendered")
def test_the_owner_of_another_team_finds_nothing(world: World) -> None:
    client = client_of(people()["foreigner"])

    def expected(address: str, roles: frozenset[str]) -> set[str]:
        if "<" not in address:
            return {"in"} if roles else {"forbidden"}
        return {"not there"} if roles else {"forbidden", "not there"}

    assert wrong(world, "foreigner", client, expected) == ""


@pytest.mark.usefixtures("unrendered")
def test_who_is_in_no_team_finds_nothing(world: World) -> None:
    client = client_of(people()["teamless"])
    assert wrong(world, "teamless", client, lambda address, roles: {"forbidden", "not there"}) == ""


@pytest.mark.parametrize("who", ["anonymous", "plain"])
def test_strangers_and_accounts_that_are_not_staff_are_sent_away(world: World, who: str) -> None:
    client = client_of(people().get(who))

    def expected(address: str, roles: frozenset[str]) -> set[str]:
        in_api = address.partition(" ")[2].startswith("api/")
        return {"forbidden"} if who == "plain" and in_api else {"sign in"}

    assert wrong(world, who, client, expected) == ""


@pytest.mark.usefixtures("unrendered")
@pytest.mark.parametrize("who", ["anonymous", "plain"])
def test_what_is_for_all_staff_is_for_nobody_else(world: World, who: str) -> None:
    for address in table.STAFF:
        method, _space, route = address.partition(" ")
        assert verdict(ask(client_of(people().get(who)), world.address(route), method)) == "sign in", address


def test_a_raters_token_opens_nothing_but_its_own_session(world: World) -> None:
    rater = ApiRater(opened(draft_study(samples=4, trial_count=4)))
    rater.arrive()
    header = f"Session {rater.token}"
    for address in known():
        method, _space, route = address.partition(" ")
        assert verdict(ask(Client(), world.address(route), method, Authorization=header)) == "sign in", (
            address
        )


@pytest.mark.parametrize("address", table.TOKENS)
def test_no_role_opens_a_raters_session(world: World, address: str) -> None:
    method, _space, route = address.partition(" ")
    for user in (None, people()["superuser"]):
        assert verdict(ask(client_of(user), world.address(route), method)) == "sign in"


@pytest.mark.usefixtures("unrendered")
def test_records_are_added_changed_and_deleted_by_nobody(world: World) -> None:
    for who in ("superuser", table.OWNER):
        client = client_of(people()[who])
        for address in table.NEVER:
            method, _space, route = address.partition(" ")
            assert verdict(ask(client, world.address(route), method)) == "forbidden", address


@pytest.mark.parametrize("address", [one for one in table.OPEN if "stimulus" not in one and "i/<" not in one])
def test_what_is_open_needs_nobody(world: World, address: str) -> None:
    method, _space, route = address.partition(" ")
    answer = ask(Client(), world.address(route), method)
    assert answer.status_code not in {401, 403}
    assert not answer.headers.get("Location", "").startswith("/admin/login/?next=")


def test_tokens_of_the_api_act_with_their_persons_roles(world: World) -> None:
    votes, report = (f"/api/v1/studies/{world.study.slug}/{page}" for page in ("votes.csv", "report/"))
    some = people()
    for who, statuses in (
        (table.ANALYST, (200, 200)),
        (table.VIEWER, (403, 200)),
        (table.MANAGER, (403, 403)),
        ("foreigner", (404, 404)),
        ("teamless", (404, 404)),
    ):
        header = {"Authorization": f"Token {TokenFactory(user=some[who]).secret}"}
        found = tuple(Client().get(address, headers=header).status_code for address in (votes, report))
        assert found == statuses, who


# --- what lists, choices and searches show --------------------------------------------------------------


def test_lists_of_the_api_hold_nothing_of_other_teams(world: World) -> None:
    person = people()["foreigner"]
    foreigner = client_of(person)
    for address in ("sample-sets", "studies", "metric-runs", "scores"):
        assert foreigner.get(f"/api/v1/{address}/").json()["count"] == 0, address
    assert foreigner.get("/api/v1/recruitment/money/").json() == {"studies": [], "totals": []}
    teams = foreigner.get("/api/v1/teams/").json()["results"]
    assert [one["slug"] for one in teams] == [
        Membership.objects.get(user__pk=foreigner.session["_auth_user_id"]).team.slug
    ]
    owner = client_of(people()[table.OWNER])
    assert owner.get("/api/v1/studies/").json()["count"] == 1


@pytest.mark.usefixtures("unrendered")
def test_lists_of_the_admin_hold_nothing_of_other_teams(world: World) -> None:
    foreigner = client_of(people()["foreigner"])
    for model, row in world.rows.items():
        answer = foreigner.get(f"/admin/{model.replace('.', '/')}/")
        if answer.status_code != 403:
            assert row not in answer.context_data["cl"].queryset, model


def test_every_model_in_the_admin_is_a_teams_or_a_superusers() -> None:
    general = {"auth.user", "auth.group", "teams.apitoken"}
    for model in site._registry:
        assert hasattr(model, "team_path") or model._meta.label_lower in general, model


def test_choices_filters_and_searches_offer_nothing_of_other_teams(world: World) -> None:
    foreigner = client_of(people()["foreigner"])
    names = {str(world.study), *(str(condition.sample_set) for condition in world.study.conditions.all())}
    names |= set(User.objects.filter(memberships__team=DEFAULT_TEAM).values_list("username", flat=True))
    pages = [f"{model.replace('.', '/')}/" for model in world.rows]
    pages += ["studies/study/add/", "samples/importrun/add/", "scoring/metricrun/add/"]
    pages += ["recruitment/posting/add/", "recruitment/linksettings/add/", "samples/sampleset/add/"]
    pages += [f"search/?s={world.study.name}", "search/?s=sample"]
    for page in pages:
        text = foreigner.get(f"/admin/{page}").content.decode()
        assert [name for name in names if name in text] == [], page


def test_no_autocompletion_tells_of_other_teams(world: World) -> None:
    foreigner = client_of(people()["foreigner"])
    for model, options in site._registry.items():
        for field in options.autocomplete_fields:
            asked = {
                "app_label": model._meta.app_label, "model_name": model._meta.model_name, "field_name": field
            }  # fmt: skip
            answer = foreigner.get("/admin/autocomplete/", asked)
            assert answer.status_code == 403 or answer.json()["results"] == []


# --- in between teams -----------------------------------------------------------------------------------


def test_a_study_takes_no_sample_set_of_another_team(world: World) -> None:
    owner = people()["foreigner"]
    slug = world.rows["samples.sampleset"].slug
    body = {"name": "x", "protocol": "two_afc", "conditions": [{"sample_set": slug}]}
    answer = client_of(owner).post("/api/v1/studies/", body, content_type="application/json")
    assert answer.status_code == 400
    assert "does not exist" in str(answer.json())
    assert Study.objects.count() == 1


def test_who_looks_after_one_team_only_looks_at_another(world: World) -> None:
    """An owner elsewhere who is a viewer here changes nothing here."""
    person = member(role=Role.OWNER, team=TeamFactory())
    Membership.objects.create(team_id=DEFAULT_TEAM, user=person, role=Role.VIEWER)
    client = client_of(person)
    study = f"/api/v1/studies/{world.study.slug}/"
    assert client.get(study).status_code == 200
    assert client.delete(study).status_code == 403
    assert client.get(f"/admin/studies/study/{world.study.pk}/delete/").status_code == 403
    assert client.post(f"/admin/studies/study/{world.study.pk}/change/", {}).status_code == 403
    job = world.rows["jobs.job"]
    client.post("/admin/jobs/job/", {"action": "cancel_chosen", "_selected_action": [job.pk]})
    job.refresh_from_db()
    assert job.state == "queued"
    posting = client.get("/admin/recruitment/posting/add/").content.decode()
    assert str(world.study) not in posting


def test_what_is_new_belongs_to_ones_own_team(db: None) -> None:
    team = TeamFactory()
    owner = member(role=Role.OWNER, team=team)
    body = {"name": "Photos", "kind": "real"}
    answer = client_of(owner).post("/api/v1/sample-sets/", body, content_type="application/json")
    assert (answer.status_code, answer.json()["team"]) == (201, team.slug)
    Membership.objects.create(team=TeamFactory(slug="second"), user=owner, role=Role.OWNER)
    with pytest.raises(ValueError, match="Say which team"):
        team_to_use(User.objects.get(pk=owner.pk), "samples.add_sampleset")
    answer = client_of(owner).post("/api/v1/sample-sets/", body, content_type="application/json")
    assert answer.status_code == 400
    answer = client_of(owner).post(
        "/api/v1/sample-sets/",
        {**body, "name": "More photos", "team": "second"},
        content_type="application/json",
    )
    assert (answer.status_code, answer.json()["team"]) == (201, "second")


def test_a_permission_that_no_model_has_would_be_a_slip() -> None:
    rows = Permission.objects.select_related("content_type")
    there = {f"{one.content_type.app_label}.{one.codename}" for one in rows}
    named = {name for given in PERMISSIONS.values() for name in given}
    assert sorted(name for name in named - there if not name.endswith(".*")) == []
    wild = {name.removesuffix(".*") for name in named if name.endswith(".*")}
    assert wild <= {config.label for config in apps.get_app_configs()}
    others = (PERMISSIONS[role] for role in (Role.VIEWER, Role.ANALYST, Role.MANAGER))
    assert not any(covers(given, name) for given in others for name in PAYMENT)
