"""The Python client against a real server over HTTP, and who may do what there."""

from __future__ import annotations

import ast
import zipfile
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from django.contrib.auth.models import Permission, User
from django.urls import reverse
from django.utils import timezone
from rest_framework.test import APIClient

from humaneval.jobs import services
from humaneval.jobs.models import Job
from humaneval.samples.models import ImportRun, SampleSet
from humaneval.studies.models import Study
from humaneval.teams.models import ApiToken
from humaneval.ui.spreadsheets import csv_lines
from humaneval.workspace import api, received, refusals, sending
from humaneval.workspace import client as client_module
from humaneval.workspace.client import Client, ClientError, NobodyWorksWarning, NotYetError, analyze
from humaneval.workspace.received import table_of, unpack
from tests.factories import TokenFactory, draft_study, member
from tests.workspace.test_commands import FILE


@pytest.fixture
def platform(live_server, worker, settings) -> Client:
    """A researcher's client of a running server."""
    settings.PUBLIC_URL = live_server.url
    return Client(live_server.url, TokenFactory().secret)


@pytest.mark.django_db(transaction=True)
def test_the_whole_way_in_a_notebook(platform, squares, tmp_path):
    brought = platform.import_samples(squares("photos"), name="photos", kind="real")
    assert brought.iloc[0].to_dict() | {"problems": []} == {
        "set": "photos", "state": "done", "added": 4, "unchanged": 0, "rejected": 0, "problems": [],
    }  # fmt: skip
    platform.import_samples(squares("x", shade=90), name="model-a", kind="generated")
    assert platform.import_samples(tmp_path / "x", name="model-a", kind="generated")["unchanged"][0] == 4
    made = platform.create(FILE)
    assert made["slug"].tolist() == ["squares"]
    sizes = platform.plan("squares", width=0.5, session=4, votes_per_trial=1)
    assert sizes["planned"].sum() == 1
    assert sizes.loc[sizes["planned"], "width"].item() <= 0.5
    trials = platform.preview("squares", 3)
    assert trials["trial"].tolist() == [0, 1, 2]
    assert trials["slots"][0][1][0].startswith("photos/")
    with pytest.raises(ClientError, match=r"strict and warns.*exclusion rules"):
        platform.launch("squares", strict=True)
    assert "exclusion rules" in " ".join(platform.status("squares")["warnings"][0])
    status = platform.launch("squares")
    assert status["state"].tolist() == ["open", "open"]
    assert "exclusion rules" in " ".join(status["warnings"][1])
    assert status["condition"].tolist() == ["photos", "model-a"]
    assert platform.status()["slug"].tolist() == ["squares"]
    tables = platform.export("squares", tmp_path / "out")
    assert isinstance(tables["votes"], pd.DataFrame)
    assert "chosen" in tables["votes"].columns
    assert "estimates" in tables
    assert (tmp_path / "out/study.yaml").read_text() == platform.study_file("squares")
    assert (tmp_path / "out/report.html").stat().st_size > 1000


def test_tables_are_read_as_they_were_written():
    lines = csv_lines(["label", "value"], [["NA", 1.5], ["=SUM(A1)", None], ["'quoted'", -2], ["None", 0.0]])
    table = table_of("".join(lines).encode())
    assert table["label"].tolist() == ["NA", "=SUM(A1)", "'quoted'", "None"]
    assert table["value"].isna().tolist() == [False, True, False, False]
    assert table["value"].sum() == -0.5


def test_an_archives_folders_are_kept_and_none_leads_out(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("faces/report.html", "faces/tables/scores.tex", "faces/../../evil.txt"):
            archive.writestr(name, "x")
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        unpack(archive, tmp_path / "out")
    found = {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()}
    assert found == {"a.zip", "out/report.html", "out/tables/scores.tex", "out/evil.txt"}


@pytest.mark.django_db(transaction=True)
def test_a_folder_goes_in_parts_and_goes_on_where_it_was_broken_off(platform, squares, monkeypatch):
    monkeypatch.setattr(sending, "PART_FILES", 3)
    monkeypatch.setattr(sending, "CHUNK", 100)
    folder = squares("photos", count=7)
    rows = [f"{number}.png,a {number},{number}" for number in range(7)]
    (folder / "prompts.csv").write_text("\n".join(["name,prompt,seed", *rows]))
    (folder / ".hidden.png").write_bytes(b"no picture")
    send, sent, told = Client._send, [], []

    def breaking(self, part, *rest):
        if len(sent) == 1:
            sent.append([])
            raise ClientError("cannot be reached")
        sent.append([one.name for one in part.content])
        return send(self, part, *rest)

    monkeypatch.setattr(Client, "_send", breaking)
    given = {"name": "photos", "kind": "real", "progress": lambda *words: told.append(words)}
    with pytest.raises(ClientError, match="cannot be reached"):
        platform.import_samples(folder, **given)
    samples = SampleSet.objects.get(slug="photos").samples
    assert samples.count() == 3
    brought = platform.import_samples(folder, **given)
    assert brought[["added", "unchanged", "rejected"]].to_numpy().tolist() == [[4, 3, 0]]
    assert sent[2:] == [["3.png", "4.png", "5.png"], ["6.png", "prompts.csv"]]
    assert {one.prompt.text: one.details["seed"] for one in samples.select_related("prompt")} == {
        f"a {number}": str(number) for number in range(7)
    }
    assert len([words for words in told if words[0] == "sending"]) > 10
    assert ("importing", 1, 1) in told
    (folder / "0.png").write_bytes((folder / "1.png").read_bytes())
    changed = platform.import_samples(folder, **given)
    assert (changed["unchanged"][0], "other content" in changed["problems"][0][0]["reason"]) == (6, True)
    assert sent[-1] == ["0.png", "prompts.csv"]


@pytest.mark.django_db(transaction=True)
def test_the_server_imports_what_it_reaches_itself(platform, squares, settings, tmp_path):
    settings.IMPORT_ROOTS = [str(tmp_path)]
    (tmp_path / "list.csv").write_text("Prompts,Category\na cat,Animals\na cube,Colors\n")
    given = {"name": "model-a", "kind": "generated"}
    folder, table = str(squares("a")), str(tmp_path / "list.csv")
    brought = platform.import_from_server(folder, prompts=table, **given)
    assert brought[["set", "state", "added"]].to_numpy().tolist() == [["model-a", "done", 4]]
    assert SampleSet.objects.get().samples.filter(prompt__category="Animals").count() == 1
    with pytest.raises(ClientError, match=r"s3://pictures/a is not among what is opened for import"):
        platform.import_samples("s3://pictures/a", **given)
    with pytest.raises(ClientError, match="There is no folder"):
        platform.import_from_server(str(tmp_path / "none"), **given)
    with pytest.raises(ClientError, match="There is no folder"):
        platform.import_from_server(str(tmp_path / "none"), name="new", kind="generated")
    assert not SampleSet.objects.filter(slug="new").exists()


@pytest.mark.django_db(transaction=True)
def test_a_set_made_for_a_refused_import_is_taken_away_and_one_that_was_there_stays(platform, tmp_path):
    SampleSet.objects.create(name="there", slug="there", kind="real")
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/1.png").write_bytes(b"no picture")
    (tmp_path / "cut.zip").write_bytes(b"PK no archive")
    (tmp_path / "none").mkdir()
    for name in ("new", "there"):
        given = {"name": name, "kind": "real"}
        with pytest.raises(ClientError, match=r"met 1 bad file.\n1.png: not an image"):
            platform.import_samples(tmp_path / "bad", strict=True, **given)
        with pytest.raises(ClientError, match="not a zip archive"):
            platform.import_samples(tmp_path / "cut.zip", **given)
        with pytest.raises(ClientError, match="no files in the folder"):
            platform.import_samples(tmp_path / "none", **given)
    assert SampleSet.objects.values_list("slug", flat=True).get() == "there"


@pytest.mark.django_db(transaction=True)
def test_an_import_that_is_underway_is_followed_and_not_begun_again(
    live_server, squares, settings, tmp_path, monkeypatch
):
    settings.IMPORT_ROOTS = [str(tmp_path)]
    platform, folder = Client(live_server.url, TokenFactory().secret), str(squares("a"))
    given = {"name": "model-a", "kind": "generated"}
    with pytest.raises(NotYetError, match=r"Still queued after 0 seconds.*The same call made again waits"):
        platform.import_from_server(folder, wait=0, **given)
    run = ImportRun.objects.get()
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    with (
        pytest.warns(NobodyWorksWarning, match="none has looked into the queue “long” yet") as warned,
        pytest.raises(NotYetError, match=r"Start one where the platform runs: `make serve`"),
    ):
        platform.import_from_server(folder, wait=0, **given)
    assert warned[0].filename == __file__
    monkeypatch.setattr(client_module.time, "sleep", lambda _seconds: services.run(run.job_id))
    with pytest.warns(NobodyWorksWarning):
        assert platform.import_from_server(folder, **given)["added"].tolist() == [4]
    assert ImportRun.objects.count() == 1
    assert platform.import_samples(folder, **given)["unchanged"].tolist() == [4]
    assert ImportRun.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_rules_invitations_payments_and_latents_from_a_notebook(platform):
    study = draft_study(slug="squares")
    platform.declare_rules("squares", {"late": {}}, name="Late")
    assert platform.rules("squares")["name"].tolist() == ["Late"]
    invited = platform.invite("squares", ["ann", "bob"])
    assert invited["name"].tolist() == ["ann", "bob"]
    assert invited["link"].str.contains("invitation=").all()
    assert platform.ledger("squares").empty
    made = study.conditions.last().sample_set.slug
    kept = platform.keep_latents(made, source="vae.npz", count=10, variance=[0.7, 0.0])
    assert kept["variance"].tolist() == [0.7, 0.0]


def test_votes_from_elsewhere_are_analysed_on_this_machine(tmp_path):
    lines = [
        f"r{rater},{model},{(rater + place) % 2}" for rater in range(6) for place, model in enumerate("abab")
    ]
    votes = tmp_path / "judged.csv"
    votes.write_text("\n".join(["worker,model,label", *lines]))
    columns = {"rater": "worker", "condition": "model", "answer": "label"}
    found = analyze(votes, protocol="real_or_fake", columns=columns, real=["a"], skip_bad=True)
    assert set(found["estimates"]["condition"]) == {"a", "b"}
    with pytest.raises(ClientError, match="There is no file"):
        analyze(tmp_path / "none.csv")
    with pytest.raises(ClientError, match=r"^unrecognized arguments: --colums"):
        analyze(votes, colums=columns)


@pytest.mark.django_db(transaction=True)
def test_refusals_are_sentences(platform, squares, tmp_path, live_server):
    with pytest.raises(ClientError, match=r"line 6: trials: must be a whole number") as caught:
        platform.create(FILE.replace("trials: 4", "trials: four"))
    assert "No study can be made from this file" in str(caught.value)
    with pytest.raises(ClientError, match="there is no sample set “photos”"):
        platform.create(FILE)
    with pytest.raises(ClientError, match="There is no folder or archive"):
        platform.import_samples(tmp_path / "nowhere", name="a", kind="real")
    with pytest.raises(ClientError, match="There is no study “nothing” on this platform that you may see"):
        platform.status("nothing")
    with pytest.raises(ClientError, match="cannot be launched as it is"):
        platform.launch(draft_study(samples=0).slug)
    with pytest.raises(ClientError, match="no power to plan for"):
        platform.plan(draft_study(protocol="duplicates", generated=1).slug, power=0.9)
    (tmp_path / "bad").mkdir()
    (tmp_path / "bad/1.png").write_bytes(b"no picture")
    with pytest.raises(ClientError, match="strict"):
        platform.import_samples(tmp_path / "bad", name="bad", kind="real", strict=True)
    with pytest.raises(ClientError, match=r"kind: .*not a valid choice"):
        platform.import_samples(tmp_path / "bad", name="bad", kind="reel")
    with pytest.raises(ClientError, match="Did you mean “power”"):
        platform.plan(draft_study().slug, pwer=0.9)
    with pytest.raises(ClientError, match="two_afc follows from “rise”"):
        platform.plan(draft_study().slug, rise=2)
    with pytest.raises(ClientError, match=r"study file .*none.yaml cannot be read"):
        platform.create(tmp_path / "none.yaml")
    with pytest.raises(ClientError, match="answered 302 and is no platform"):
        Client(f"{live_server.url}/admin", "wrong").status()
    with pytest.raises(ClientError, match="Invalid token"):
        Client(live_server.url, "wrong").status()
    with pytest.raises(ClientError, match="cannot be reached"):
        Client("http://127.0.0.1:9", "x", timeout=1).status()


def test_the_client_imports_nothing_of_the_platform():
    own = {one.__name__: one for one in (client_module, sending, received, refusals)}
    for module in own.values():
        tree = ast.parse(Path(module.__file__).read_text())
        names = [node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
        names += [
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        ]
        others = {name.split(".")[0] for name in names if name and name not in own}
        assert not others & {"django", "humaneval", "rest_framework"}


ADDRESSES = ("study-file", "study-status", "study-preview-trials", "study-export", "study-bundle")


@pytest.mark.django_db
@pytest.mark.parametrize("name", ADDRESSES)
def test_only_staff_read_a_study(name):
    address = reverse(name, args=[draft_study().slug])
    assert APIClient().get(address).status_code == 401
    person = APIClient()
    person.force_authenticate(User.objects.create_user("rater"))
    assert person.get(address).status_code == 403
    person.force_authenticate(member(role="analyst"))
    assert person.get(address).status_code == 200


@pytest.mark.django_db
def test_only_who_may_add_studies_makes_them_from_files():
    viewer = member(username="viewer")
    person = APIClient()
    person.credentials(HTTP_AUTHORIZATION=f"Token {ApiToken.objects.create(user=viewer).secret}")
    study = draft_study(samples=4)
    text = person.get(reverse("study-file", args=[study.slug])).content.decode()
    body = {"yaml": text, "slug": "copy"}
    assert person.post(reverse("study-files"), body, format="json").status_code == 403
    viewer.user_permissions.add(Permission.objects.get(codename="add_study"))
    answer = person.post(reverse("study-files"), body, format="json")
    assert (answer.status_code, answer.data["slug"], answer.data["owner"]) == (201, "copy", "viewer")
    assert Study.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("count", ["0", "x", "1001"])
def test_a_preview_has_a_sane_length(count, admin_user):
    person = APIClient()
    person.force_authenticate(admin_user)
    address = reverse("study-preview-trials", args=[draft_study().slug])
    assert person.get(address, {"count": count}).status_code == 400


@pytest.mark.django_db
def test_the_admin_hands_out_the_study_file(admin_client):
    study = draft_study()
    button = reverse("admin:studies_study_study_file", args=(study.pk,))
    answer = admin_client.get(button, follow=True)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{study.slug}.yaml"'
    assert answer.content.decode().splitlines()[1] == "humaneval: 1"


@pytest.mark.django_db
def test_a_study_of_many_votes_is_left_to_a_worker(admin_user, monkeypatch):
    monkeypatch.setattr(api, "DIRECT_VOTES", -1)
    person, study = APIClient(), draft_study()
    person.force_authenticate(admin_user)
    for name in ("study-export", "study-bundle"):
        answer = person.get(reverse(name, args=[study.slug]))
        assert answer.status_code == 409
        assert f"/api/v1/studies/{study.slug}/exports/" in answer.data["detail"]
