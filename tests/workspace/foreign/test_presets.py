"""Exports of other tools become the votes that they hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from humaneval.workspace.foreign.presets import PRESETS
from humaneval.workspace.foreign.problems import ForeignRefused
from humaneval.workspace.foreign.reporting import Request, analyse
from humaneval.workspace.foreign.sources import WRONG_WIDTH, Row


def wrote(path: Path, content: object) -> Path:
    """Write text, a JSON list, or JSON lines by the file's ending."""
    if path.suffix == ".jsonl":
        path.write_text("\n".join(json.dumps(one) for one in content))
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def flat(preset: str, *cells: dict) -> list[dict]:
    """Return what a preset makes of rows."""
    rows = (Row(number, one) for number, one in enumerate(cells, start=1))
    return [dict(row.cells) for row in PRESETS[preset].flatten(rows)]


def estimates(found, measure: str | None = None) -> dict[str, float]:
    rows = [
        one for one in found.report.estimates if (one.headline if measure is None else one.measure == measure)
    ]
    return {one.label: one.estimate for one in rows}


def battles() -> list[dict]:
    """Return 40 battles: A beats B 12 times of 20 with 4 ties, B beats C 15 times of 20, sides mixed."""
    outcomes = [("A", "B", "model_a")] * 7 + [("B", "A", "model_b")] * 5 + [("A", "B", "tie")] * 3
    outcomes += [("A", "B", "tie (bothbad)")] + [("B", "A", "model_a")] * 4
    outcomes += [("B", "C", "model_a")] * 15 + [("C", "B", "model_a")] * 5
    return [
        {
            "model_a": a,
            "model_b": b,
            "winner": winner,
            "judge": f"judge {number % 8}",
            "tstamp": 1.7e9 + number,
        }
        for number, (a, b, winner) in enumerate(outcomes)
    ]


@pytest.mark.parametrize("ending", ["json", "jsonl", "csv"])
def test_arena_battles_give_strengths_whichever_side_a_model_stood_on(tmp_path, ending):
    rows = battles()
    text = "\n".join([",".join(rows[0]), *(",".join(map(str, one.values())) for one in rows)])
    file = wrote(tmp_path / f"battles.{ending}", text if ending == "csv" else rows)
    found = analyse(Request(file, preset="arena"))
    assert (found.report.votes.total, found.report.raters.total, found.problems) == (40, 8, [])
    pairs = {(one.condition, one.other): one for one in found.report.ranking[0].pairs}
    assert (pairs[1, 2].wins, pairs[1, 2].ties, pairs[1, 2].losses) == (12, 4, 4)
    assert (pairs[2, 3].wins, pairs[2, 3].losses) == (15, 5)
    assert estimates(found)["A"] - estimates(found)["B"] == pytest.approx(np.log(14 / 6), rel=1e-6)


def test_battles_with_a_column_for_each_outcome_are_read_and_others_refused(tmp_path):
    marks = {"model_a": (1, 0, 0), "model_b": (0, 1, 0), "tie": (0, 0, 1), "tie (bothbad)": (0, 0, 1)}
    names = ("winner_model_a", "winner_model_b", "winner_tie")
    rows = [
        {"id": number, "model_a": one["model_a"], "model_b": one["model_b"]}
        | dict(zip(names, marks[one["winner"]], strict=True))
        for number, one in enumerate(battles())
    ]
    file = wrote(tmp_path / "train.json", rows)
    found = analyse(Request(file, preset="arena", anonymous=True))
    pairs = {(one.condition, one.other): one for one in found.report.ranking[0].pairs}
    assert (pairs[1, 2].wins, pairs[1, 2].ties, pairs[1, 2].losses) == (12, 4, 4)
    assert found.unused == ["id"]
    file = wrote(tmp_path / "submission.json", [one | {"winner_tie": 0.3} for one in rows])
    with pytest.raises(ForeignRefused, match="one outcome must be 1 and the others 0; it has winner_model_a"):
        analyse(Request(file, preset="arena", anonymous=True))


MTURK = '''\
"HITId","AssignmentId","WorkerId","AssignmentStatus","SubmitTime","WorkTimeInSeconds","Input.image","Input.model","{answer}"
"h1","a1","W1","Approved","Tue Sep 17 21:30:23 PDT 2019","12","1.png","ours","{one}"
"h1","a2","W2","Approved","Tue Sep 17 21:31:23 PDT 2019","14","1.png","ours","{two}"
"h2","a3","W1","Rejected","Tue Sep 17 21:32:23 PDT 2019","1","2.png","photos","{one}"
"h2","a4","W2","Submitted","Tue Sep 17 21:33:23 PDT 2019","16","2.png","photos","{one}"
'''  # fmt: skip


@pytest.mark.parametrize(
    ("answer", "one", "two"),
    [
        ("Answer.judgement", "real", "fake"),
        (
            "Answer.taskAnswers",
            '[{""judgement"":{""fake"":false,""real"":true}}]',
            '[{""judgement"":{""fake"":true,""real"":false}}]',
        ),
        (
            "Answer.taskAnswers",
            '[{""judgement"":{""label"":""Real""}}]',
            '[{""judgement"":{""label"":""Fake""}}]',
        ),
        ('Answer.judgement.real","Answer.judgement.fake', 'true","false', 'false","true'),
    ],
)
def test_mturk_s_batches_are_read_without_rejected_work(tmp_path, answer, one, two):
    file = wrote(
        tmp_path / "batch.csv", MTURK.replace("{answer}", answer).replace("{one}", one).replace("{two}", two)
    )
    found = analyse(
        Request(
            file, preset="mturk", protocol="real_or_fake", columns={"item": "Input.image"}, real=["photos"]
        )
    )
    assert (found.rows, found.report.votes.total, found.report.raters.total) == (3, 3, 2)
    assert estimates(found, "share") == {"ours": 0.5, "photos": 1.0}
    assert found.report.raters.median_response_ms == 14_000


def test_buttons_of_mturk_s_forms_become_one_answer_under_their_name(tmp_path):
    points = [
        {f"Answer.quality.{point}": str(point == given).lower() for point in range(1, 6)} for given in (4, 2)
    ]
    assert [flat("mturk", one) for one in points] == [[{"Answer.quality": "4"}], [{"Answer.quality": "2"}]]
    said = {
        "Answer.scale.0.5": "true",
        "Answer.scale.1": "",
        "Answer.fooled.on": "false",
        "Answer.free": "true",
    }
    assert flat("mturk", said) == [{"Answer.free": "true", "Answer.scale": "0.5", "Answer.fooled": "false"}]
    assert flat("mturk", {"Answer.q.a": "true", "Answer.q.b": "true"}) == [{"Answer.q": "a | b"}]
    assert flat("mturk", {"Answer.q.label": "Real"}) == [{"Answer.q.label": "Real"}]
    answers = {"stars": 3, "kinds": {"labels": ["a", "b"]}, "seen": {"on": True}, "none": {"a": False}}
    assert flat("mturk", {"Answer.taskAnswers": json.dumps([answers])}) == [
        {"Answer.stars": 3, "Answer.kinds": "a | b", "Answer.seen": "true", "Answer.none": None}
    ]
    rows = [
        {"WorkerId": f"W{number % 3}", "Input.model": "ours", **points[number % 2]} for number in range(6)
    ]
    file = wrote(tmp_path / "batch.jsonl", rows)
    columns = {"answer": "Answer.quality"}
    found = analyse(Request(file, preset="mturk", protocol="likert", columns=columns, points=(1, 5)))
    assert estimates(found) == {"ours": 3.0}


def test_two_people_s_answers_in_one_cell_are_no_row():
    text = json.dumps([{"q": "real"}, {"q": "fake"}])
    (row,) = flat("mturk", {"WorkerId": "W", "Answer.taskAnswers": text})
    assert row[WRONG_WIDTH] == "Answer.taskAnswers holds no answers, or several people's"


def studio_task(number: int, *annotations: tuple[str, str, dict]) -> dict:
    made = [
        {
            "completed_by": {"id": number, "email": who},
            "lead_time": 3.5,
            "created_at": "2024-05-01T10:00:00Z",
            "was_cancelled": who == "idle",
            "result": [{"from_name": "pick", "to_name": "a,b", "type": kind, "value": value}],
        }
        for who, kind, value in annotations
    ]
    return {"id": number, "data": {"model_a": "ours", "model_b": "theirs"}, "annotations": made}


def test_label_studio_s_pairs_are_read_from_json(tmp_path):
    left, right = ("pairwise", {"selected": "left"}), ("pairwise", {"selected": "right"})
    tasks = [
        studio_task(1, ("ann", *left), ("bob", *left), ("idle", *right)),
        studio_task(2, ("ann", *right), ("bob", "choices", {"choices": ["left"]})),
    ]
    file = wrote(tmp_path / "export.json", tasks)
    found = analyse(
        Request(file, preset="label-studio", protocol="pairwise", columns={"answer": "pick", "item": "id"})
    )
    (pair,) = found.report.ranking[0].pairs
    assert (found.report.votes.total, pair.wins, pair.losses) == (4, 3, 1)
    assert found.report.raters.median_response_ms == 3500


def test_a_control_used_twice_says_both_and_is_no_answer():
    two = [{"from_name": "stars", "value": {"rating": stars}} for stars in (4, 2)]
    (row,) = flat("label-studio", {"id": 1, "annotations": [{"completed_by": 1, "result": two}]})
    assert row["stars"] == "4 | 2"


def test_label_studio_s_ratings_are_read_from_csv_and_json_min(tmp_path):
    rated = ["1,1,4,ours", '2,2,"[{""rating"": 2}]",ours', "1,3,5,theirs", "2,4,3,theirs"]
    text = "\n".join(["annotator,annotation_id,stars,system", *rated])
    rows = [
        {"annotator": 1, "stars": 4, "system": "ours"},
        {"annotator": 2, "stars": [{"rating": 2}], "system": "ours"},
        {"annotator": 1, "stars": {"rating": 5}, "system": "theirs"},
        {"annotator": 2, "stars": "3", "system": "theirs"},
    ]
    for file in (wrote(tmp_path / "export.csv", text), wrote(tmp_path / "export.json", rows)):
        found = analyse(
            Request(
                file, preset="label-studio", protocol="likert", columns={"answer": "stars"}, points=(1, 5)
            )
        )
        assert estimates(found) == {"ours": 3.0, "theirs": 4.0}


def test_potato_s_instances_are_read_from_json_lines_and_csv(tmp_path):
    chosen = {("u1", "i1"): "4", ("u2", "i1"): "2", ("u1", "i2"): "5", ("u2", "i2"): "3"}
    lines = [
        {
            "user_id": user,
            "instance_id": item,
            "label_annotations": {"quality": {f"scale_{point}": point}},
            "behavioral_data": {"time_string": "Time spent: 0d 0h 1m 5s "},
        }
        for (user, item), point in chosen.items()
    ]
    points = ",".join(f"quality:::scale_{point}" for point in "2345")
    header = f"user_id,instance_id,displayed_text,{points}"
    table = [
        ",".join([user, item, "text", *(point if point == one else "" for one in "2345")])
        for (user, item), point in chosen.items()
    ]
    items = wrote(tmp_path / "items.csv", "instance_id,system\ni1,ours\ni2,theirs\n")
    for file in (
        wrote(tmp_path / "annotated.jsonl", lines),
        wrote(tmp_path / "annotated.csv", "\n".join([header, *table])),
        wrote(tmp_path / "version-2.csv", "\n".join([header.replace(":::", "."), *table])),
    ):
        request = Request(
            file,
            preset="potato",
            protocol="likert",
            columns={"answer": "quality"},
            items=items,
            points=(1, 5),
        )
        assert estimates(analyse(request)) == {"ours": 3.0, "theirs": 4.0}
    assert flat("potato", lines[0])[0]["seconds"] == 65
    labels = {"pick": {"A": "true", "B": None}, "note": {"text_box": "fine"}}
    assert flat("potato", {"label_annotations": labels})[0] == {"pick": "A", "note": "text_box"}


def test_several_answers_of_a_potato_schema_come_each_under_its_own_name():
    labels = {"rate": {"realism": "4", "appeal": "5"}}
    assert flat("potato", {"label_annotations": labels})[0] == {
        "rate": "4 | 5",
        "rate.realism": "4",
        "rate.appeal": "5",
    }
    assert flat("potato", {"rate.realism": "4", "rate.appeal": "5"})[0]["rate.appeal"] == "5"


def test_counts_of_a_rater_are_as_good_as_the_votes(tmp_path):
    given = ((1, 6, 10), (2, 2, 10), (3, 4, 5))
    lines = [f"{rater},ours,{yes},{total}" for rater, yes, total in given]
    counts = wrote(tmp_path / "counts.csv", "\n".join(["rater,condition,successes,trials", *lines]))
    votes = [f"{rater},ours,{int(n < yes)}" for rater, yes, total in given for n in range(total)]
    single = wrote(tmp_path / "votes.csv", "\n".join(["rater,condition,answer", *votes]))
    one = analyse(Request(counts, preset="aggregates")).report.estimates[0]
    other = analyse(Request(single, protocol="real_or_fake")).report.estimates[0]
    assert (one.estimate, one.votes, one.raters) == (pytest.approx(12 / 25), 25, 3)
    assert (one.interval, one.naive) == (other.interval, other.naive)
