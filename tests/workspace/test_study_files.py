"""Study files: what is written makes an equal study, and what is wrong is said with line and key."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

import pytest

from humaneval.protocols.base import QuestionSpec
from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.exclusions import declare_rules, declared_before_launch, default_rules
from humaneval.recruitment.models import LinkSettings, Posting
from humaneval.samples.models import SampleSet
from humaneval.studies.authoring import create_study, update_study
from humaneval.studies.design import preview_trials
from humaneval.studies.gold_tables import import_gold
from humaneval.studies.models import Study
from humaneval.studies.pairs import import_pairs
from humaneval.workspace.study_files import writing
from humaneval.workspace.study_files.located import StudyFileError, from_words, load
from humaneval.workspace.study_files.making import make_study
from humaneval.workspace.study_files.shapes import check, place_of, study_fields
from humaneval.workspace.study_files.writing import write_study
from tests.factories import SampleSetFactory, UserFactory, filled_set

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = re.search(r"```yaml\n(.*?)```", (ROOT / "docs/study-file.md").read_text(), re.S)[1]

SLOTS = {"two_afc": 2, "pairwise": 2, "ranking": 3, "duplicates": 2}


@pytest.fixture
def sets(db) -> list[SampleSet]:
    """One real and three generated sets, without files."""
    made = [filled_set(kind="real", count=6, slug="photos", name="Photos")]
    return made + [filled_set(kind="generated", count=6, slug=f"model-{x}", name=f"Model {x}") for x in "abc"]


def study_of(protocol: str, sets: list[SampleSet]) -> Study:
    """Return a draft of a protocol with words and numbers that are easily mistaken."""
    kind = PROTOCOLS[protocol]
    least, most = kind.real_sets
    real = sets[:1] if most is None or most > 0 else []
    questions = [
        QuestionSpec("real", "Which: “real” or not?", 7, "not at all", "", "entirely")
        if kind.uses_scale
        else QuestionSpec("real", "Which is it?")
    ]
    settings = {one.name: (not one.default) for one in kind.settings if one.name in {"cannot_tell"}}
    assert least <= len(real)
    generated = sets[1 : 1 + (kind.generated_sets[1] or 3)]
    study = create_study(
        name=f"Ünusual: {protocol} #1",
        protocol=protocol,
        conditions=[*real, *generated],
        questions=questions,
        settings=settings,
        seed=11,
        slug="original",
        trial_count=6,
        votes_per_trial=5,
        assignments_per_session=9,
        repeats_per_session=0 if kind.timed else 2,
        lease_minutes=17,
        display_width=123,
        title="yes",
        instructions="First line.\n\n  Indented: a line with a colon.\n",
        consent_text="1234",
        thanks_text="Merci — 谢谢",
        completion_code="00012345",
        flow={"break_every": 4, "closing": [{"key": "age", "kind": "number", "text": "Your age?"}]},
    )
    if kind.uses_pairs:
        rows = [
            {"sample_set": one.slug, "batch": number, "first": names[0], "second": names[1], "distance": 0.25}
            for one in [*real, *generated]
            for number, names in enumerate([list(one.samples.values_list("name", flat=True))])
        ]
        import_pairs(study=study, rows=rows)
    return study


@pytest.mark.parametrize("protocol", sorted(PROTOCOLS))
def test_a_study_made_from_its_own_file_is_equal(protocol, sets):
    study = study_of(protocol, sets)
    text = write_study(study)
    again = make_study(text, slug="again")
    assert write_study(again) == text.replace("slug: original", "slug: again")
    for field in study_fields():
        if field not in {"slug", "flow"}:
            assert getattr(again, field) == getattr(study, field), field
    assert preview_names(again) == preview_names(study)


def preview_names(study: Study) -> list:
    """Return a study's trials without the ids of its own rows."""
    labels = dict(study.conditions.values_list("pk", "sample_set__slug"))
    return [
        (t.number, labels[t.condition], labels.get(t.other), t.prompt, t.slots, t.turn)
        for t in preview_trials(study, 6)
    ]


def test_every_field_that_a_study_can_be_given_is_in_the_file(sets):
    study = study_of("likert", sets)
    document = load(write_study(study))
    for field in study_fields():
        assert place_of(field) in document.lines, field
    editable = {
        field.name for field in Study._meta.concrete_fields if field.editable and not field.primary_key
    }
    others = {"name", "protocol", "settings", "owner", "team", "created_at"}
    assert editable - others == set(study_fields()), "authoring must take every editable field"


def test_rules_panels_and_labels_make_the_round_trip(sets):
    study = create_study(name="Faces", protocol="two_afc", conditions=sets, slug="original")
    study.conditions.filter(sample_set=sets[1]).update(label="GAN: the first")
    declare_rules(study=study, name="strict", rules=default_rules())
    LinkSettings.objects.create(study=study, person_parameter="pid", return_url="https://x.example/?c={code}")
    Posting.objects.create(
        study=study, panel="prolific", title="Look", description="At images.\nTwice.", places=30,
        reward=Decimal("1.10"), currency="GBP", budget=Decimal("99.99"), options={"filters": [1, "two"]},
    )  # fmt: skip
    text = write_study(study)
    again = make_study(text, slug="again", owner=UserFactory())
    assert write_study(again) == text.replace("slug: original", "slug: again")
    assert declared_before_launch(again).rules == default_rules()
    assert again.postings.get().reward == Decimal("1.10")
    assert again.postings.get().state == "draft"
    assert again.link_settings.return_url == "https://x.example/?c={code}"


@pytest.mark.parametrize(
    ("protocol", "answers"),
    [
        ("two_afc", [None]),
        ("pairwise", ["slot_1", "slot_2", "tie"]),
        ("likert", ["1", "5"]),
        ("ranking", ["slot_2 > slot_4 > slot_3 > slot_1"]),
    ],
)
def test_gold_trials_make_the_round_trip(protocol, answers, sets):
    settings = {"allow_tie": True} if protocol == "pairwise" else {}
    study = create_study(
        name="Gold", protocol=protocol, conditions=sets, slug="original", settings=settings, trial_count=12
    )
    (trial,) = preview_trials(study, 1)
    slugs = dict(study.conditions.values_list("pk", "sample_set__slug"))
    names = {one.pk: one.name for row in sets for one in row.samples.all()}
    places = trial.lineup or (trial.condition, trial.other)
    cells = {
        f"slot_{number}": f"{slugs[place]}/{names[slot[0]]}"
        for number, (place, slot) in enumerate(zip(places, trial.slots, strict=False), start=1)
    }
    key = study.questions.get().key
    rows = [{**cells, **({key: answer} if answer else {})} for answer in answers]
    import_gold(study=study, rows=rows)
    again = make_study(write_study(study), slug="again")
    expected = list(study.goldtrials.values_list("slots", "expected"))
    assert list(again.goldtrials.values_list("slots", "expected")) == expected
    assert len(expected) == len(answers)


def test_every_answer_to_a_ranking_has_its_words_however_many_images_it_has():
    for protocol, settings, slots, values in (
        ("ranking", {}, 7, [0, 5, 719, 5039]),
        ("ranking", {}, 3, range(6)),
        ("ranking", {"mode": "best_worst"}, 4, [1, 2, 7, 14]),
    ):
        found = PROTOCOLS[protocol]
        question = found.default_questions[0]
        for value in values:
            cell = writing._cell(found, question, value, slots, settings)
            order = [int(name.removeprefix("slot_")) - 1 for name in cell.split(" > ")]
            assert found.decode(question, order, range(slots), settings) == value


def test_the_example_of_the_documentation_makes_a_study(db):
    SampleSetFactory(slug="elsewhere")
    brought = []

    def bring_in(name: str, kind: str, origin: str, prompts: str) -> SampleSet:
        brought.append((name, kind, origin, prompts))
        return filled_set(kind=kind, count=6, slug=name, name=name)

    study = make_study(EXAMPLE, bring_in=bring_in)
    assert brought == [
        ("photos", "real", "photos/", ""),
        ("model-a", "generated", "model-a.zip", "drawbench.csv"),
    ]
    assert (study.slug, study.trial_count, study.votes_per_trial) == ("digits-2026", 12, 3)
    assert study.settings["cannot_tell"] is True
    assert study.flow["break_every"] == 20
    assert study.consent_text == "Taking part is voluntary.\nYour answers are kept under a random number.\n"
    assert [str(row) for row in study.conditions.all()] == ["Handwritten", "model-a"]
    assert study.link_settings.person_parameter == "pid"
    assert "too_fast" in declared_before_launch(study).rules
    text = write_study(study)
    assert write_study(make_study(text, slug="b")) == text.replace("slug: digits-2026", "slug: b")


MINIMAL = """\
humaneval: 1
name: Faces
protocol: two_afc
sample_sets:
  - set: photos
  - set: model-a
"""


def problems(text: str) -> list[str]:
    """Return what is said of a file."""
    with pytest.raises(StudyFileError) as caught:
        make_study(text)
    assert not Study.objects.exists()
    return caught.value.problems


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ("trails: 12\n", "line 7: trails: there is no such key. Did you mean “trials”?"),
        ("trials: many\n", "line 7: trials: must be a whole number."),
        ("trials: true\n", "line 7: trials: must be a whole number."),
        ("trials: 0\n", "line 7: trials: Ensure this value is greater than or equal to 1."),
        ("wording:\n  title: 12\n", "line 8: wording.title: must be text: put it in quotes."),
        ("quotas:\n\n  repeats_per_rater: -1\n", "line 9: quotas.repeats_per_rater: Ensure this value is"),
        ("stopping: [3]\n", "line 7: stopping: must be an object with the keys votes_per_trial"),
        ("settings:\n  grid: 4\n", "line 8: settings.grid: "),
        (
            "flow:\n  break_every: 1\n  closing:\n    - key: age\n      kind: numbr\n      text: Age?\n",
            "line 11: flow.closing[0].kind: must be one of text,",
        ),
        ("questions:\n  - key: a b\n    text: Hm?\n", "line 8: questions[0].key: Enter a valid “slug”"),
        ("questions:\n  - text: Hm?\n", "line 8: questions[0]: needs the key “key”."),
        (
            "exclusions:\n  rules:\n    too_quick: {}\n",
            "line 8: exclusions.rules: There is no rule “too_quick”",
        ),
        ("panel:\n  link:\n    return_url: https://x.example/{kode}\n", "line 9: panel.link.return_url: "),
        (
            "panel:\n  postings:\n    - {panel: moon, title: a, description: b, places: 1, reward: 1.0}\n",
            "line 9: panel.postings[0].panel: No panel is called 'moon'",
        ),
        ("gold:\n  - slot_1: nothing\n", "line 8: gold[0]: "),
        ("pairs:\n  - {batch: 0}\n", "line 7: pairs: A study of the protocol two_afc shows no pairs"),
        ("slug: a b\n", "line 7: slug: Enter a valid “slug”"),
        ("seed: 7\nseed: 8\n", "line 8: seed: stands here twice."),
        ("slug: &x a\n", "line 7: anchors and aliases (& and *) are not read."),
        ("slug: !!python/name:os.system a\n", "line 7: slug: is of the kind"),
        ("slug: [a\n", "line 8: this is not YAML: "),
        ("seed: 2026-01-01\n", "line 7: seed: is of the kind"),
    ],
)
def test_what_is_wrong_is_said_with_line_and_key(sets, more, said):
    (problem, *others) = problems(MINIMAL + more)
    assert problem.startswith(said)
    assert others == []


PAIRS = """\
humaneval: 1
name: Doubles
protocol: duplicates
sample_sets:
  - set: model-a
pairs:
  - {sample_set: model-a, batch: 0, first: "%s", second: "%s"}
"""


def test_a_number_of_trials_that_contradicts_the_pairs_is_refused_and_never_written(sets):
    text = PAIRS % tuple(sets[1].samples.values_list("name", flat=True)[:2])
    said = "line 8: trials: each pair is one trial: write 1, as many as there are, or leave the key out."
    assert problems(text + "trials: 7\n") == [said]
    study = make_study(text + "trials: 1\n", slug="a")
    Study.objects.filter(pk=study.pk).update(trial_count=9)
    study.refresh_from_db()
    assert make_study(write_study(study), slug="b").trial_count == 1
    update_study(study=study, protocol="real_or_fake")
    study.refresh_from_db()
    assert "pairs:" not in write_study(study)


def test_all_wrong_keys_are_said_at_once(sets):
    assert len(problems(MINIMAL.replace("name:", "nam:") + "trials: x\nseed: y\n")) == 4


EVERYTHING = """\
humaneval: 1
name: Faces
protocol: two_afcc
sample_sets:
  - set: fotos
  - {set: model-a, kind: reel}
  - {set: far, kind: generated, import: far/, prompts: far.csv}
trials: many
questions:
  - {key: a b, text: Hm?}
flow:
  brake_every: 4
exclusions:
  rules: {too_fst: {}, too_fast: {fraction: -3}}
panel:
  link: {return_url: "https://x.example/{kode}"}
  postings:
    - {panel: moon, title: a, description: b, places: 0, reward: 1.0}
"""


def test_sections_that_are_wrong_are_all_told_at_once_by_line_and_before_any_image_comes_in(sets):
    brought = []

    def refused(text: str) -> list[str]:
        with pytest.raises(StudyFileError) as caught:
            make_study(text, bring_in=lambda *given: brought.append(given), look_up="no {}".format)
        return [re.match(r"line \d+: [^: ]*", problem)[0] for problem in caught.value.problems]

    parts = [
        "line 10: questions[0].key",
        "line 11: flow",
        "line 14: exclusions.rules",
        "line 14: exclusions.rules",
        "line 16: panel.link.return_url",
        "line 18: panel.postings[0].places",
        "line 18: panel.postings[0].panel",
    ]
    wrong_kind = ["line 3: protocol", "line 6: sample_sets[1].kind", "line 8: trials"]
    assert refused(EVERYTHING) == [*wrong_kind, *parts]
    mended = EVERYTHING.replace("reel", "generated").replace("many", "4").replace("two_afcc", "two_afc")
    places = ["line 7: sample_sets[2].import", "line 7: sample_sets[2].prompts"]
    assert refused(mended) == ["line 5: sample_sets[0].set", *places, *parts]
    assert brought == []


def test_a_set_that_is_not_there_is_named_with_those_that_are(sets):
    (problem,) = problems(MINIMAL.replace("model-a", "model-z"))
    assert problem.startswith("line 6: sample_sets[1].set: there is no sample set “model-z”: import it first")
    assert "photos" in problem
    assert "not real" in problems(MINIMAL.replace("model-a", "model-a\n    kind: real"))[0]


def test_an_unknown_protocol_and_version_are_refused_by_name(sets):
    assert "line 3: protocol: There is no protocol “x”" in problems(MINIMAL.replace("two_afc", "x"))[0]
    assert problems(MINIMAL.replace("humaneval: 1", "humaneval: 2"))[0].startswith(
        "line 1: humaneval: must be 1"
    )


def test_a_slug_that_is_taken_is_refused_and_another_can_be_given(sets):
    make_study(MINIMAL + "slug: faces\n")
    with pytest.raises(StudyFileError, match="line 7: slug: there is a study “faces” already"):
        make_study(MINIMAL + "slug: faces\n")
    assert make_study(MINIMAL + "slug: faces\n", slug="other").slug == "other"


@pytest.mark.parametrize("text", ["", "- a\n", "a: " + "[" * 60 + "]" * 60, "[" * 20000, "x" * 5_000_001])
def test_hostile_files_are_refused_in_words(text):
    with pytest.raises(StudyFileError):
        check(load(text))


@pytest.mark.parametrize("path", [(), ("a",), ("questions", 0, "points"), ("flow", "closing", 12)])
def test_paths_are_read_as_they_are_written(path):
    from humaneval.workspace.study_files.located import in_words

    assert from_words(in_words(path)) == path


def test_a_running_study_can_be_exported_without_its_launch(sets):
    study = study_of("two_afc", sets)
    Study.objects.filter(pk=study.pk).update(state="closed", recipe="r", launch_error="x")
    study.refresh_from_db()
    update_study(study=study, name="Closed")
    assert write_study(make_study(write_study(study), slug="b")).count("recipe") == 0
