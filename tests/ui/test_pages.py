"""The front page, error pages, and which policy each page gets."""

from __future__ import annotations

import json
import re
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission, User
from django.core.management import call_command
from django.http import HttpResponseNotFound
from django.template import engines
from django.test import Client, RequestFactory

from humaneval.ui.navigation import sidebar
from humaneval.ui.serving import StaticFilesMiddleware
from humaneval.ui.staticfiles import minified
from tests.factories import UserFactory, member, open_study

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def staff(client: Client, db: None) -> Client:
    """Give a browser with a researcher signed in."""
    client.force_login(UserFactory())
    return client


def test_the_front_page_asks_the_database_nothing_of_a_visitor(
    client: Client, db: None, django_assert_num_queries
) -> None:
    with django_assert_num_queries(0):
        page = client.get("/")
    assert page.status_code == 200
    assert b"Sign in" in page.content


def test_the_front_page_names_no_study(client: Client, db: None) -> None:
    study = open_study()
    content = client.get("/").content.decode()
    assert study.slug not in content
    assert study.name not in content


def test_the_front_page_is_read_only(client: Client) -> None:
    assert client.post("/").status_code == 405


def test_staff_find_the_admin_on_the_front_page(staff: Client) -> None:
    assert b"Open the admin" in staff.get("/").content


@pytest.mark.parametrize("address", ["/", "/no/such/page/", "/admin/", "/admin/no/such/page/"])
def test_no_page_may_be_framed_or_load_from_elsewhere(address: str, staff: Client) -> None:
    page = staff.get(address)
    policy = page.headers["Content-Security-Policy"]
    assert "frame-ancestors 'none'" in policy
    assert "http" not in policy
    assert "script-src 'self' 'unsafe-inline'" not in policy
    assert page.headers["X-Frame-Options"] == "DENY"


def test_only_the_admin_gets_the_looser_policy(staff: Client) -> None:
    assert "'unsafe-eval'" in staff.get("/admin/").headers["Content-Security-Policy"]
    assert "unsafe" not in staff.get("/").headers["Content-Security-Policy"]


def test_what_was_made_for_somebody_is_kept_by_no_shared_cache(staff: Client) -> None:
    study = open_study(trial_count=4, samples=4)
    report = f"/studies/{study.slug}/report/"
    assert staff.get(report).headers["Cache-Control"] == "private, no-cache"
    assert staff.get("/api/v1/studies/").headers["Cache-Control"] == "private, no-cache"
    with_a_key = Client().get("/api/v1/studies/", headers={"Authorization": "Token x"})
    assert with_a_key.headers["Cache-Control"] == "private, no-cache"
    assert "Cache-Control" not in Client().get("/").headers


def test_a_missing_page_says_so(client: Client, db: None) -> None:
    page = client.get("/no/such/page/")
    assert page.status_code == 404
    assert b"There is no such page" in page.content


def test_the_page_for_errors_needs_nothing_that_may_be_broken() -> None:
    """No tag, no manifest, no request: the template itself holds all it shows."""
    source = (ROOT / "humaneval/ui/templates/500.html").read_text()
    assert "{%" not in source
    assert "{{" not in source
    assert "Something went wrong" in engines["django"].get_template("500.html").render()


def test_pages_hold_no_inline_style_or_script() -> None:
    """The strict policy would not apply them, so they would be missing without a word."""
    templates = [
        *ROOT.glob("humaneval/ui/templates/**/*.html"),
        *ROOT.glob("humaneval/rating/templates/**/*.html"),
    ]
    assert len(templates) > 8
    for template in templates:
        source = template.read_text()
        assert "style=" not in source, template
        assert "<style" not in source, template
        assert "<script>" not in source, template


FORMS = (
    "samples/sampleset",
    "samples/importrun",
    "studies/study",
    "scoring/metricrun",
    "recruitment/posting",
)


@pytest.mark.parametrize("model", FORMS)
def test_help_is_told_to_who_listens_to_a_form(model: str, staff: Client) -> None:
    page = staff.get(f"/admin/{model}/add/").content.decode()
    described = {one for ids in re.findall(r'aria-describedby="([^"]+)"', page) for one in ids.split()}
    assert described
    assert described <= set(re.findall(r' id="([^"]+)"', page))


def test_fields_in_a_table_have_names(staff: Client) -> None:
    page = staff.get("/admin/auth/user/add/").content.decode()
    for name in ("team", "role"):
        (field,) = re.findall(rf'<select name="memberships-0-{name}"[^>]*>', page)
        assert f'aria-label="{name.capitalize()}"' in field


def titles(user: User) -> dict[str, list[str]]:
    """Return the sidebar's sections and their entries as this user sees them."""
    request = RequestFactory().get("/admin/")
    request.user = user
    return {
        str(part.get("title", "")): [str(item["title"]) for item in part["items"]]
        for part in sidebar(request)
    }


def test_the_sidebar_follows_the_order_of_the_work(db: None) -> None:
    sections = list(titles(UserFactory()))
    work = ["", "Samples", "Studies", "Rating", "Scores", "Reports", "Administration"]
    assert [title for title in sections if title in work] == work


def test_the_sidebar_shows_only_what_a_user_may_see(db: None) -> None:
    user = member(role="manager")
    assert set(titles(user)) == {"", "Studies", "Recruitment", "Rating", "Administration"}
    assert titles(user)["Administration"] == ["Teams"]
    stranger = UserFactory(is_superuser=False)
    stranger.user_permissions.add(Permission.objects.get(codename="view_study"))
    assert titles(stranger) == {"": ["Overview"], "Studies": ["Studies"]}


@pytest.mark.parametrize("address", ["auth/user/", "auth/user/add/", "auth/group/", "teams/apitoken/"])
def test_people_groups_and_tokens_are_shown_in_the_theme(address: str, staff: Client) -> None:
    Group.objects.create(name="raters' friends")
    page = staff.get(f"/admin/{address}")
    assert page.status_code == 200
    assert b"nav-sidebar-apps" in page.content


def test_modules_leave_documentation_and_names_behind_and_keep_what_they_mean() -> None:
    pytest.importorskip("minify", reason="the minifier has no build for this machine")
    source = """/** @param {string} given */
    import { el } from "./el.js";
    export const greet = (given) => el(`a ${given ? `c  { ${given} }` : "e"} f`); // why"""
    assert minified(source, "application/javascript") == (
        'import{el}from"./el.js";export const greet=e=>el(`a ${e?`c  { ${e} }`:"e"} f`)'
    )
    with pytest.raises(ValueError, match="unexpected"):
        minified("const a = ;", "application/javascript")


def test_declarations_stay_in_their_order() -> None:
    """Versions of the minifier have moved a destructuring before the names that it reads."""
    pytest.importorskip("minify", reason="the minifier has no build for this machine")
    source = "export function f(a) { const b = a[0]; const { c } = g(b); const d = c + b; return d * d; }"
    small = minified(source, "application/javascript")
    assert small == "export function f(e){const t=e[0],{c:s}=g(t),n=s+t;return n*n}"


def test_style_sheets_leave_comments_and_spaces_behind() -> None:
    pytest.importorskip("minify", reason="the minifier has no build for this machine")
    source = "/* why */\n.a > b:hover {\n  margin: 0 -1px;\n}\n"
    source += "@media (min-width: 4rem) { p { width: calc(1px + 2px); } }\n"
    source += 'p::before { content: "a , b"; }'
    small = ".a>b:hover{margin:0 -1px}@media(min-width:4rem){p{width:calc(1px + 2px)}}"
    small += 'p::before{content:"a , b"}'
    assert minified(source, "text/css") == small


def test_where_the_minifier_is_not_there_only_documentation_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "minify", None)
    source = '/**\n * @param {import("./a.js").A} a\n */\na = 1; // why'
    assert minified(source, "application/javascript") == "\na = 1; // why"


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> dict[str, str]:
    """Collect our own files, without the minifier; give the name that each is served under."""
    monkeypatch.setitem(sys.modules, "minify", None)
    settings.STATICFILES_FINDERS = ["django.contrib.staticfiles.finders.FileSystemFinder"]
    settings.STATIC_ROOT = tmp_path
    backend = {"BACKEND": "humaneval.ui.staticfiles.HashedStaticFilesStorage"}
    settings.STORAGES = {**settings.STORAGES, "staticfiles": backend}
    call_command("collectstatic", interactive=False, verbosity=0)
    return json.loads((tmp_path / "staticfiles.json").read_text())["paths"]


def test_our_modules_are_collected_without_the_minifier_too(names: dict[str, str], tmp_path: Path) -> None:
    main = (tmp_path / names["rater/main.js"]).read_text()
    assert re.search(r'import .* from "\./session\.[0-9a-f]{12}\.js";', main)


def test_a_page_of_another_release_gets_the_file_of_this_one(
    names: dict[str, str], rf: RequestFactory
) -> None:
    serve = StaticFilesMiddleware(lambda request: HttpResponseNotFound())
    ours = serve(rf.get(f"/static/{names['rater/main.js']}"))
    theirs = serve(rf.get("/static/rater/main.0123456789ab.js"))
    with closing(ours), closing(theirs):
        assert ours.getvalue() == theirs.getvalue() != b""
    assert theirs["Content-Type"] == ours["Content-Type"]
    assert "immutable" in ours["Cache-Control"]
    assert theirs["Cache-Control"] == "no-store"
    for missing in (
        "/static/rater/main.js.map",
        "/static/rater/none.0123456789ab.js",
        "/main.0123456789ab.js",
    ):
        assert serve(rf.get(missing)).status_code == 404
