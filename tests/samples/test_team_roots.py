"""What the operator opens on the server to one team is closed to the others."""

from __future__ import annotations

import pytest

from humaneval.samples.importing import (
    ImportRefused,
    create_sample_set,
    run_queued_import,
    start_folder_import,
)
from humaneval.samples.models import ImportRun
from humaneval.samples.sources import SourceError
from humaneval.teams.models import Team
from tests.factories import UserFactory
from tests.samples.pictures import png, write

pytestmark = pytest.mark.django_db


def test_what_is_opened_to_one_team_is_closed_to_another(digits, tmp_path, settings, client):
    others = Team.objects.create(name="Cars", slug="cars")
    theirs = create_sample_set(name="Theirs", kind="real", team=others)
    for name in ("shared", "cars", "everyone"):
        write(tmp_path / name, {"0.png": png(1)})
    (tmp_path / "cars" / "prompts.csv").write_text("name,prompt\n0.png,a car\n")
    shared, cars, ours = (str(tmp_path / name) for name in ("shared", "cars", "everyone"))
    settings.IMPORT_ROOTS = [shared, f"cars={cars}", f"everyone={ours}"]
    for sample_set, open_to_it, closed in ((digits, ours, cars), (theirs, cars, ours)):
        assert start_folder_import(sample_set=sample_set, folder=shared).pk
        assert start_folder_import(sample_set=sample_set, folder=open_to_it).pk
        with pytest.raises(SourceError, match="not among what is opened for import"):
            start_folder_import(sample_set=sample_set, folder=closed)
    with pytest.raises(SourceError, match="not among what is opened for import"):
        start_folder_import(sample_set=digits, folder=ours, prompts=f"{cars}/prompts.csv")
    run = ImportRun.objects.create(sample_set=digits, source=cars)  # queued before the place was theirs alone
    with pytest.raises(ImportRefused):
        run_queued_import(run=run, progress=lambda *_: None)
    client.force_login(UserFactory())
    form = client.get("/admin/samples/sampleset/add/").content.decode()
    assert ours in form
    assert cars not in form
    words = {"team": others.pk, "name": "New", "kind": "real", "settings": "{}"}
    refused = client.post("/admin/samples/sampleset/add/", {**words, "folder": ours}).content.decode()
    assert "not among what is opened for import" in refused
    assert client.post("/admin/samples/sampleset/add/", {**words, "folder": cars}).status_code == 302
