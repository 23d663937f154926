"""The leakage audit: what gives the answer away is named, and where nothing does nothing is said."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from django.test import Client
from django.urls import reverse
from PIL import Image, ImageOps
from scipy.stats import norm

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.samples.importing import create_sample_set, import_folder
from humaneval.samples.leakage import audits, words
from humaneval.samples.leakage.separating import FEWEST, leaking, separations
from humaneval.samples.models import ImageFacts, LeakageAudit, SampleSet
from humaneval.samples.removing import remove_sample_set
from tests.factories import TeamFactory, UserFactory, member
from tests.samples.pictures import encoded

Make = Callable[[int], bytes]


def rows(random: np.random.Generator, count: int, *, shift: float = 0, colour: float = 0.5) -> list[dict]:
    """Return facts without a leak, but for what is asked for."""
    return [
        {
            "bytes.size": float(random.integers(900, 1000)),
            "dimensions.width": 28.0,
            "mode.name": "RGB" if random.random() < colour else "L",
            "border.spread": float(random.normal()),
            "border.step": float(random.normal()),
            "brightness.mean": float(random.normal() + shift),
        }
        for _ in range(count)
    ]


def test_the_area_under_the_curve_is_that_of_the_shift():
    random = np.random.default_rng(3)
    found = {one.fact: one for one in separations(rows(random, 400), rows(random, 400, shift=1.0))}
    brightness = found["brightness"]
    assert brightness.auc == pytest.approx(norm.cdf(1 / np.sqrt(2)), abs=0.04)
    assert brightness.low < norm.cdf(1 / np.sqrt(2)) < brightness.high
    assert brightness.high - brightness.low < 0.1
    assert found["dimensions"].constant
    assert leaking([list(found.values())]) == [{"brightness", "all"}]


def test_a_difference_in_spread_alone_is_found():
    random = np.random.default_rng(4)
    narrow, wide = rows(random, 200), rows(random, 200)
    for row in wide:
        row["border.step"] *= 3
    assert "border" in leaking([separations(narrow, wide)])[0]


def test_words_are_told_apart_by_how_often_they_come():
    random = np.random.default_rng(5)
    found = separations(rows(random, 200, colour=0.9), rows(random, 200, colour=0.1))
    by_fact = {one.fact: one for one in found}
    assert by_fact["mode"].auc == pytest.approx(0.9, abs=0.04)


def test_groups_that_never_overlap_get_the_exact_bound():
    random = np.random.default_rng(6)
    found = separations(rows(random, 30), rows(random, 40, shift=100))
    brightness = next(one for one in found if one.fact == "brightness")
    assert (brightness.auc, brightness.high) == (1, 1)
    assert brightness.low == pytest.approx(0.025 ** (1 / 30))


def test_false_alarms_are_no_more_frequent_than_stated():
    random = np.random.default_rng(7)
    alarms = sum(bool(leaking([separations(rows(random, 25), rows(random, 40))])[0]) for _ in range(60))
    assert alarms <= 6  # of 60 at a level of 5%, seven or more come once in thirty such tests


def test_too_few_images_are_refused():
    random = np.random.default_rng(8)
    with pytest.raises(ValueError, match="at least 20"):
        separations(rows(random, FEWEST - 1), rows(random, 50))


# --- from files to warnings ---------------------------------------------------------------------------


def blob(seed: int, *, brighter: int = 0) -> Image.Image:
    """Return a smooth coloured picture; any two seeds are draws from one source."""
    random = np.random.default_rng(seed)
    coarse = random.integers(60, 160, (4, 4, 3)) + brighter
    return Image.fromarray(coarse.astype(np.uint8)).resize((24, 24), Image.Resampling.BICUBIC)


def framed(image: Image.Image) -> Image.Image:
    """Return an image with a black border of two pixels."""
    return ImageOps.expand(image.crop((2, 2, 22, 22)), 2, "black")


def filled(folder: Path, name: str, kind: str, make: Make, *, count: int = 30, start: int = 0) -> SampleSet:
    """Return a set of images made from seeds of its own."""
    place = folder / name
    place.mkdir()
    for seed in range(start, start + count):
        (place / f"{seed}.img").write_bytes(make(seed))
    made = create_sample_set(name=name, kind=kind)
    assert import_folder(sample_set=made, folder=place).added == count
    return made


def audited(*sets: SampleSet) -> LeakageAudit:
    """Run the audit of some sets as a worker would."""
    audit = audits.start_audit([one.pk for one in sets])
    assert jobs.run(audit.job_id).state == JobState.SUCCEEDED, Job.objects.get(pk=audit.job_id).error
    audit.refresh_from_db()
    return audit


def leaks(audit: LeakageAudit, view: str) -> set[str]:
    """Return the facts that leak in an audit's only comparison."""
    (group,) = audit.result[view]
    return set(group["leaking"])


@pytest.fixture
def real(db, tmp_path) -> SampleSet:
    """Thirty real PNG files."""
    return filled(tmp_path, "Photos", "real", lambda seed: encoded(blob(seed)))


@pytest.mark.parametrize(
    ("make", "original", "served"),
    [
        (lambda seed: encoded(blob(seed)), set(), set()),
        (lambda seed: encoded(blob(seed), "WEBP", lossless=True), {"format", "bytes"}, set()),
        (lambda seed: encoded(blob(seed), "JPEG", quality=60), {"format", "jpeg"}, None),
        (lambda seed: encoded(blob(seed, brighter=40)), {"brightness"}, {"brightness"}),
        (lambda seed: encoded(framed(blob(seed))), {"border"}, {"border"}),
        (lambda seed: encoded(blob(seed).resize((30, 24))), {"dimensions"}, None),
    ],
    ids=["no leak", "other format", "JPEG", "brighter", "border", "other size"],
)
def test_what_leaks_is_named(real, tmp_path, make, original, served):
    audit = audited(real, filled(tmp_path, "Gan", "generated", make, start=5000))
    found = {view: leaks(audit, view) for view in ("original", "stimuli")}
    assert found["original"] >= original
    assert bool(found["original"]) == bool(original)
    if served is not None:
        assert found["stimuli"] >= served
        assert bool(found["stimuli"]) == bool(served) == bool(words.warnings(audit))
    assert not found["stimuli"] & {"format", "jpeg", "dimensions", "profile", "mode"}


def test_the_warning_names_the_set_and_the_fact_with_its_interval(real, tmp_path):
    make: Make = lambda seed: encoded(blob(seed, brighter=40))  # noqa: E731
    audit = audited(real, filled(tmp_path, "Gan", "generated", make, start=5000))
    (warning,) = words.warnings(audit)
    assert "“Gan”" in warning
    assert "mean brightness: 1.00 (0.88 – 1.00)" in warning
    assert warning.endswith("not the model's own doing, prepare both sets by the same steps.")


def test_sets_with_few_images_are_said_not_to_be_checked(real, tmp_path):
    audit = audited(real, filled(tmp_path, "Gan", "generated", lambda seed: encoded(blob(seed)), count=3))
    assert audit.result["stimuli"] == []
    assert "was not checked for leaks: that takes at least 20" in words.warnings(audit)[0]


def test_an_audit_is_made_once_and_anew_when_images_come_in(real, tmp_path):
    other = filled(tmp_path, "Gan", "generated", lambda seed: encoded(blob(seed)), start=5000)
    first = audited(real, other)
    assert audits.start_audit([other.pk, real.pk]) == first
    (tmp_path / "Gan" / "new.img").write_bytes(encoded(blob(9000)))
    import_folder(sample_set=other, folder=tmp_path / "Gan")
    assert audits.find_audit([real.pk, other.pk]) is None
    assert audited(real, other) != first
    remove_sample_set(sample_set=other)
    assert not LeakageAudit.objects.exists()


def test_a_killed_audit_goes_on_where_it_was(real, tmp_path):
    class Killed(BaseException):
        """What SIGKILL is to the code."""

    def kill(done: int, total: int, note: str = "") -> None:
        raise Killed

    other = filled(tmp_path, "Gan", "generated", lambda seed: encoded(blob(seed)), start=5000)
    audit = audits.start_audit([real.pk, other.pk])
    with pytest.raises(Killed):
        audits.carry_out(audit=audit, progress=kill)
    assert ImageFacts.objects.count() == 60
    kept = set(ImageFacts.objects.values_list("pk", flat=True))
    jobs.run(audit.job_id)
    audit.refresh_from_db()
    assert audit.result is not None
    assert kept < set(ImageFacts.objects.values_list("pk", flat=True))
    assert ImageFacts.objects.count() == 120


def test_a_damaged_file_fails_the_audit_in_a_sentence_and_it_can_be_started_again(real, tmp_path):
    other = filled(tmp_path, "Gan", "generated", lambda seed: encoded(blob(seed)), start=5000)
    sample = other.samples.first()
    path = Path(sample.file.path)
    whole = path.read_bytes()
    path.write_bytes(whole[:60])
    audit = audits.start_audit([real.pk, other.pk])
    assert f"({sample.name}) cannot be read" in jobs.run(audit.job_id).error
    path.write_bytes(whole)
    assert audits.start_audit([real.pk, other.pk]).job.state == JobState.QUEUED
    assert jobs.run(audit.job_id).state == JobState.SUCCEEDED


def test_an_audit_needs_both_kinds_and_samples(real):
    with pytest.raises(audits.NothingToAudit, match="it needs both"):
        audits.start_audit([real.pk])
    with pytest.raises(audits.NothingToAudit, match="No samples in Empty"):
        audits.start_audit([real.pk, create_sample_set(name="Empty", kind="generated").pk])


def test_staff_see_every_figure(real, tmp_path, client: Client):
    make: Make = lambda seed: encoded(blob(seed, brighter=40))  # noqa: E731
    audit = audited(real, filled(tmp_path, "Gan", "generated", make, start=5000))
    client.force_login(UserFactory())
    text = client.get(reverse("admin:samples_leakageaudit_change", args=[audit.pk])).content.decode()
    assert "the same in all" in text
    assert "1.00 (0.88 – 1.00) · leaks" in text
    assert "1 warning" in client.get(reverse("admin:samples_leakageaudit_changelist")).content.decode()


# --- on a set's page --------------------------------------------------------------------------------------


def page_of(client: Client, sample_set: SampleSet) -> str:
    """Return a set's page."""
    return client.get(reverse("admin:samples_sampleset_change", args=[sample_set.pk])).content.decode()


def check(client: Client, sample_set: SampleSet, other: object) -> object:
    """Ask for a check of a set against another and return the page that follows."""
    address = reverse("admin:samples_sampleset_check_leaks", args=[sample_set.pk])
    return client.post(address, {"other": other}, follow=True)


def test_a_sets_page_warns_of_what_its_audits_found(real, tmp_path, admin_client):
    bright = filled(
        tmp_path, "Bright", "generated", lambda seed: encoded(blob(seed, brighter=40)), start=5000
    )
    alike = filled(tmp_path, "Alike", "generated", lambda seed: encoded(blob(seed)), start=9000)
    assert "Not checked yet." in page_of(admin_client, bright)
    audited(real, bright, alike)
    warning = "The stimuli of “Bright” can be told"
    assert warning in page_of(admin_client, bright)
    assert warning in page_of(admin_client, real)
    assert warning not in page_of(admin_client, alike)
    assert "No warning" in page_of(admin_client, alike)
    assert "Images have come in since." not in page_of(admin_client, alike)
    (tmp_path / "Alike/new.img").write_bytes(encoded(blob(1)))
    import_folder(sample_set=alike, folder=tmp_path / "Alike")
    assert "Images have come in since." in page_of(admin_client, alike)


def test_a_check_against_another_set_of_the_team_starts_on_the_sets_page(real, tmp_path, admin_client):
    made = filled(tmp_path, "Gan", "generated", lambda seed: encoded(blob(seed)), count=3, start=5000)
    create_sample_set(name="Empty one", kind="generated")
    page = page_of(admin_client, real)
    assert f'<option value="{made.pk}">Gan (generated)</option>' in page
    assert "Empty one (" not in page
    shown = check(admin_client, real, made.pk).content.decode()
    assert "The check for leaks has started." in shown
    assert "Being checked in the background" in shown
    audit = LeakageAudit.objects.get()
    assert set(audit.sample_sets.all()) == {real, made}
    jobs.run(audit.job_id)
    assert "This is checked already" in check(admin_client, made, real.pk).content.decode()
    assert LeakageAudit.objects.count() == 1
    jobs.run(audit.job_id)
    Job.objects.filter(pk=audit.job_id).update(state=JobState.FAILED, error="a disk is full")
    LeakageAudit.objects.update(result=None)
    assert "The check failed: a disk is full" in page_of(admin_client, real)


def test_a_check_takes_two_kinds_of_one_team_and_the_right_to_start_it(real, tmp_path, client, admin_client):
    elsewhere = filled(tmp_path, "Elsewhere", "generated", lambda seed: encoded(blob(seed)), count=3)
    SampleSet.objects.filter(pk=elsewhere.pk).update(team=TeamFactory())
    for other in (elsewhere.pk, real.pk, "", "²", "9" * 30):
        assert "Choose a set of the same team" in check(admin_client, real, other).content.decode()
    assert "the team needs a generated set" in page_of(admin_client, real)
    elsewhere.refresh_from_db()
    for person, status in ((member(role="analyst"), 403), (member(role="owner", team=elsewhere.team), 404)):
        client.force_login(person)
        assert "Compare with" not in page_of(client, real)
        assert check(client, real, elsewhere.pk).status_code == status
    assert not LeakageAudit.objects.exists()
