"""The table of pairs for a study of duplicates, and the whole way from it to a report."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext

from humaneval.rating.models import Assignment
from humaneval.reports import report
from humaneval.studies.design import design_of, problems_of
from humaneval.studies.pairs import import_pairs
from tests.factories import draft_study, opened
from tests.rating.conftest import ApiRater, vote_for

pytestmark = pytest.mark.django_db


def pair_study(samples: int = 20, **fields):
    """Return a draft about duplicates in one generated set, without pairs."""
    given = {"votes_per_trial": 1, "settings": {"batch_size": 50}, **fields}
    return draft_study(protocol="duplicates", generated=1, samples=samples, **given)


def rows_of(study, batches: int) -> list[dict[str, object]]:
    """Return one pair a batch, of neighbours in the order of names."""
    sample_set = study.conditions.get().sample_set
    names = list(sample_set.samples.order_by("name").values_list("name", flat=True))
    return [
        {"sample_set": sample_set.slug, "batch": n, "first": names[2 * n], "second": names[2 * n + 1]}
        for n in range(batches)
    ]


def test_pairs_become_the_studys_trials_one_each():
    study = pair_study()
    assert problems_of(study, design_of(study)) == ["The study has no pairs to show: import a table of them."]
    assert import_pairs(study=study, rows=rows_of(study, 6)) == 6
    assert study.trial_count == 6
    assert problems_of(study, design_of(study)) == []
    assert opened(study).trials.count() == 6


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"sample_set": "other"}, "does not compare the set “other”"),
        ({"first": "none.png"}, "the set “.*” has no sample “none.png”"),
        ({"first": "none.png", "second": "nor.png"}, "has no sample “none.png” and no “nor.png”"),
        ({"second": ""}, "second is empty"),
        ({"dist": 3}, "nothing is called “dist”; there are sample_set"),
        ({"batch": "-1"}, "batch must be a whole number"),
        ({"distance": "nan"}, "distance must be a number"),
    ],
)
def test_a_wrong_row_is_named_and_nothing_is_stored(change, reason):
    study = pair_study()
    rows = rows_of(study, 3)
    rows[1] |= change
    with pytest.raises(ValidationError, match=f"Row 2: .*{reason}"):
        import_pairs(study=study, rows=rows)
    assert study.duplicatepairs.count() == 0


def test_it_is_said_how_many_more_rows_are_wrong():
    study = pair_study()
    rows = [{**row, "batch": "x"} for row in rows_of(study, 8)]
    with pytest.raises(ValidationError) as refusal:
        import_pairs(study=study, rows=rows)
    assert len(refusal.value.messages) == 6
    assert refusal.value.messages[-1] == "3 more rows are wrong."


def test_blanks_around_a_name_do_not_matter_and_one_sample_is_no_pair():
    study = pair_study()
    row = rows_of(study, 1)[0]
    assert import_pairs(study=study, rows=[{**row, "second": f" {row['second']} "}]) == 1
    with pytest.raises(ValidationError, match=f"the same sample, “{row['first']}”"):
        import_pairs(study=study, rows=[{**row, "second": f" {row['first']}"}])


def test_a_pair_counts_once_whichever_comes_first():
    study = pair_study()
    row = rows_of(study, 1)[0]
    turned = {**row, "first": row["second"], "second": row["first"]}
    with pytest.raises(ValidationError, match="Row 2: comes twice"):
        import_pairs(study=study, rows=[row, turned])


def test_a_launched_studys_pairs_do_not_change():
    study = pair_study()
    import_pairs(study=study, rows=rows_of(study, 3))
    study = opened(study)
    with pytest.raises(ValidationError, match="may not change once it is launched"):
        import_pairs(study=study, rows=rows_of(study, 4))


def test_a_study_of_another_protocol_takes_no_pairs_and_keeps_its_trials(api):
    study = draft_study(protocol="two_afc", trial_count=12)
    row = {"sample_set": "any", "batch": 0, "first": "a", "second": "b"}
    answer = api.post(f"/api/v1/studies/{study.slug}/pairs/", {"pairs": [row]}, format="json")
    assert answer.status_code == 400
    assert "two_afc shows no pairs" in answer.json()["pairs"][0]
    study.refresh_from_db()
    assert (study.trial_count, study.duplicatepairs.count()) == (12, 0)


def test_a_table_is_read_from_a_file_by_command(tmp_path: Path):
    study = pair_study()
    table = tmp_path / "pairs.csv"
    lines = ["sample_set,batch,first,second,distance"]
    lines += ["{sample_set},{batch},{first},{second},0.5".format(**row) for row in rows_of(study, 4)]
    table.write_text("\n".join(lines))
    call_command("import_pairs", study.slug, str(table), stdout=io.StringIO())
    assert study.duplicatepairs.filter(distance=0.5).count() == 4
    table.write_text("sample_set,batch,first\n")
    with pytest.raises(CommandError, match="no column second"):
        call_command("import_pairs", study.slug, str(table))
    with pytest.raises(CommandError, match="There is no study “none”"):
        call_command("import_pairs", "none", str(table))


def test_a_table_is_taken_by_the_api(api):
    study = pair_study()
    answer = api.post(f"/api/v1/studies/{study.slug}/pairs/", {"pairs": rows_of(study, 5)}, format="json")
    assert (answer.status_code, answer.json()["trial_count"]) == (200, 5)
    wrong = [{**rows_of(study, 1)[0], "first": "none.png"}]
    answer = api.post(f"/api/v1/studies/{study.slug}/pairs/", {"pairs": wrong}, format="json")
    assert answer.status_code == 400
    assert "Row 1" in answer.json()["pairs"][0]
    misspelt = [{**rows_of(study, 1)[0], "dist": 3}]
    answer = api.post(f"/api/v1/studies/{study.slug}/pairs/", {"pairs": misspelt}, format="json")
    assert answer.json() == {"pairs": {"0": {"dist": ["There is no such name."]}}}


def test_importing_costs_the_same_queries_for_more_pairs():
    costs = []
    for batches in (2, 9):
        study = pair_study()
        with CaptureQueriesContext(
            connection,
        ) as queries:
            import_pairs(study=study, rows=rows_of(study, batches))
        costs.append(len(queries))
    assert costs[0] == costs[1]


def test_a_known_support_is_recovered_from_votes_through_the_whole_path():
    """13 of 40 batches of 50 hold a duplicate: 50 * 49 / 2 / -ln(1 - 13/40) is about 3,117 images."""
    study = pair_study(samples=80, assignments_per_session=40)
    import_pairs(study=study, rows=rows_of(study, 40))
    study = opened(study)
    batch_of = {pair.first_id: pair.batch for pair in study.duplicatepairs.all()}
    rater = ApiRater(study)
    rater.arrive()
    while block := rater.block():
        for shown in block:
            first = Assignment.objects.get(pk=shown["id"]).trial.slots[0][0]
            said = "same" if batch_of[first] < 13 else "different"
            rater.results(vote_for(shown, answers={"same": said}))
    found = {one["measure"]: one for one in report.build(study)["estimates"]}
    assert found["batches_with_duplicate"]["estimate"] == pytest.approx(13 / 40)
    support = found["support_size"]
    assert support["estimate"] == pytest.approx(3117, rel=0.02)
    assert support["interval"]["low"] < 3117 < support["interval"]["high"]
