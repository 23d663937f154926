"""What the processes of the drill do: make a study, vote, back up, restore, move, and tell what is there.

Each act is named on the command line, with its argument after a colon: ``back_up:/backups``.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, connections, transaction

from humaneval.rating.models import Answer, Session, Tombstone, Vote
from humaneval.rating.sealing import head_of, seal_votes
from humaneval.rating.withdrawal import withdraw_votes
from humaneval.studies.models import Study

STUDY, OTHER = "drill", "meanwhile"


def play(acts: list[str]) -> None:
    """Do the acts in order and print what they told as one line of JSON."""
    from tests.keeping import money

    settings.ALLOWED_HOSTS = ["*"]
    told = {}
    for act in acts:
        name, _colon, argument = act.partition(":")
        told[name] = {**ACTS, **money.ACTS}[name](argument)
    print(json.dumps(told), file=sys.stdout)  # noqa: T201


def make(_argument: str) -> None:
    """Make a study with gold, a rater who withdrew, rules, votes sealed and not, a score and features."""
    from humaneval.rating.exclusions import declare_rules, default_rules
    from tests.factories import ConditionFactory, FeatureFileFactory, UserFactory, draft_study, opened
    from tests.reports.studies import add_scores

    call_command("migrate", verbosity=0)
    UserFactory(username="keeper")
    study = draft_study(
        slug=STUDY,
        generated=0,
        samples=0,
        trial_count=12,
        votes_per_trial=200,
        gold_per_block=2,
        gold_drawn=4,
    )
    study.conditions.all().delete()
    for place, (name, kind) in enumerate([("Real", "real"), ("A", "generated"), ("B", "generated")]):
        ConditionFactory(study=study, sample_set=_pictures(name, kind, place), label=name, position=place)
    opened(study)
    _add_another(study)
    for _ in range(4):
        _vote(study)
    seal_votes()
    withdraw_votes(session=Session.objects.earliest("pk"), reason="asked for it")
    _vote(study)
    declare_rules(study=study, name="All", rules=default_rules())
    add_scores(study, "frechet_distance", {"A": 3.0, "B": 9.0}, label="Fréchet distance")
    name = default_storage.save("features/some.safetensors", ContentFile(b"features" * 1000))
    FeatureFileFactory(sample_set=study.conditions.first().sample_set, file=name)


def _pictures(name: str, kind: str, seed: int) -> Any:
    from humaneval.samples import stimuli
    from humaneval.samples.models import Sample, SampleSet
    from tests.factories import RECIPE
    from tests.samples.pictures import png, write

    with tempfile.TemporaryDirectory() as folder:
        pictures = {f"{i}.png": png(100 * seed + i, size=(28, 28)) for i in range(8)}
        write(Path(folder), pictures)
        call_command("import_samples", name, folder, kind=kind, stdout=io.StringIO())
    made = SampleSet.objects.get(name=name)
    ids = Sample.objects.filter(sample_set=made).values_list("id", flat=True)
    stimuli.render(sample_ids=list(ids), recipe=RECIPE)
    return made


def _add_another(study: Study) -> None:
    """Open another study of the same images, that people may rate without changing the first one's report."""
    from tests.factories import ConditionFactory, draft_study, opened

    another = draft_study(
        slug=OTHER, generated=0, samples=0, trial_count=12, votes_per_trial=1000, assignments_per_session=6
    )
    another.conditions.all().delete()
    for condition in study.conditions.order_by("position")[:2]:
        ConditionFactory(study=another, sample_set=condition.sample_set, position=condition.position)
    opened(another)


def _vote(study: Study) -> int:
    """Let one more rater answer all that is handed to them."""
    from django.core.cache import cache

    from tests.rating.conftest import ApiRater

    cache.clear()
    rater = ApiRater(study)
    assert rater.arrive().status_code == 201
    return rater.answer_everything()


@contextmanager
def _another_process_votes() -> Iterator[None]:
    """Let raters vote in another process, over and over, until the context ends."""
    connections.close_all()
    child = os.fork()
    if child == 0:
        study = Study.objects.get(slug=STUDY)
        while True:
            _vote(study)
            seal_votes()
            time.sleep(0.6)
    try:
        time.sleep(0.5)
        yield
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


def back_up_while_others_vote(place: str) -> dict[str, int]:
    """Make a backup in the middle of votes; return how many votes there were before and after."""
    with _another_process_votes():
        before = Vote.objects.count()
        back_up(place)
        after = Vote.objects.count()
        deadline = time.monotonic() + 150
        while Vote.objects.count() == after and time.monotonic() < deadline:
            time.sleep(0.05)
        assert Vote.objects.count() > after, "nobody voted meanwhile"
    time.sleep(1)  # backups are named by the second
    return {"before": before, "after": after}


def back_up(place: str) -> str:
    """Make a backup as compose's service does each night; return what the command said."""
    return _said("backup", place, keep=14)


def restore(place: str) -> str:
    """Restore a place's newest backup."""
    return _said("restore", place)


def restore_first(place: str) -> str:
    """Restore a place's oldest backup."""
    from humaneval.keeping.places import Place
    from humaneval.keeping.storages import storage_at

    return _said("restore", place, at=Place(storage_at(place), place).stamps()[0])


def move_media(to: str) -> str:
    """Move the media."""
    return _said("move_media", to=to)


def move_media_again(to: str) -> str:
    """Move the media once more, after one file got lost and another was altered where they are now."""
    lost, altered, *_others = _named()
    size = default_storage.size(altered)
    for name in (lost, altered):
        default_storage.delete(name)
    default_storage.save(altered, ContentFile(b"x" * size))
    return move_media(to)


def move_database(to: str) -> str:
    """Move the database."""
    return _said("move_database", to=to)


def vote(_argument: str) -> int:
    """Let one more rater vote, and seal; return how many votes came of it."""
    given = _vote(Study.objects.get(slug=STUDY))
    seal_votes()
    return given


def withdraw_the_latest(_argument: str) -> int:
    """Let the rater withdraw who came last, so that the highest ids are those of withdrawn votes.

    Before them votes another whose votes stay and are not yet sealed.
    """
    for _ in range(2):
        _vote(Study.objects.get(slug=STUDY))
    return withdraw_votes(session=Session.objects.latest("pk"), reason="asked for it")


def refusal(act: str) -> str:
    """Do an act that must be refused; return why it was."""
    name, _colon, argument = act.partition(":")
    try:
        ACTS[name](argument)
    except CommandError as error:
        return str(error)
    raise AssertionError(f"{act} was not refused")


def refusal_beside_other_media(place: str) -> str:
    """Restore where media of something else lie; return why that was refused, and take them away."""
    name = default_storage.save("samples/of/another.png", ContentFile(b"another's"))
    try:
        return refusal(f"restore:{place}")
    finally:
        default_storage.delete(name)


def refusal_of_what_does_not_fit(address: str) -> str:
    """Move a database in which a name is longer than PostgreSQL takes it; return why that was refused."""
    study = Study.objects.get(slug=STUDY)
    Study.objects.update(name="x" * 500)
    try:
        return refusal(f"move_database:{address}")
    finally:
        Study.objects.update(name=study.name)


def age(place: str) -> str:
    """Make of a place's newest backup, whose database this process is on, one of an older version's."""
    from humaneval.keeping.backing_up import applied_migrations
    from humaneval.keeping.files import content_of
    from humaneval.keeping.places import DATABASE, MANIFEST, Place
    from humaneval.keeping.storages import storage_at

    call_command("migrate", "scoring", "0001_initial", verbosity=0)
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode=DELETE")
    kept, migrations, counts = Place(storage_at(place), place), applied_migrations(), _counts()
    connection.close()
    stamp = kept.choose()
    manifest = replace(
        kept.manifest(stamp),
        migrations=migrations,
        database=content_of(kept.storage, f"{stamp}/{DATABASE}"),
        census=replace(kept.manifest(stamp).census, tables=counts),
    )
    (Path(place) / stamp / MANIFEST).write_text(manifest.to_text())
    return stamp


def arrival(_argument: str) -> dict[str, Any]:
    """Return how people arrive in the other study."""
    from humaneval.rating.consent import consent_hash

    study = Study.objects.get(slug=OTHER)
    return {"study": study.slug, "consent": True, "consent_hash": consent_hash(study)}


def verify_backup(place: str) -> str:
    """Read a place's newest backup."""
    return _said("verify_backup", place)


def migrate(_argument: str) -> None:
    """Bring the tables up to this code."""
    call_command("migrate", verbosity=0, interactive=False)


def readyz(_argument: str) -> dict[str, Any]:
    """Return what a web server of this code says of itself."""
    from django.test import Client

    answer = Client().get("/readyz")
    return {**answer.json(), "code": answer.status_code}


def readyz_again(argument: str) -> dict[str, Any]:
    """Ask once more, after other acts."""
    return readyz(argument)


def verify_votes(head: str) -> str:
    """Hold the study's votes against a head that ``backup`` printed."""
    return _said("verify_votes", STUDY, head=head)


def tell(_argument: str) -> dict[str, Any]:
    """Return everything by which two platforms are told apart, read by other code than the commands'."""
    from humaneval.reports.report import build

    report = build(Study.objects.get(slug=STUDY))
    report.pop("built_at")
    return {
        "counts": _counts(),
        "head": str(head_of(Study.objects.get(slug=STUDY))),
        "findings": _verified(),
        "report": report,
        "votes": Vote.objects.count(),
        "answers": Answer.objects.count(),
        "withdrawn": Tombstone.objects.count(),
        "media": {name: _hash(name) for name in _named()},
        "reused": Vote.objects.filter(pk__in=Tombstone.objects.values("pk")).count(),
        "protected": _is_refused(),
        "permissions": sorted(
            f"{one.content_type.app_label}.{one.content_type.model}.{one.codename}" for one in _permissions()
        ),
    }


def tell_again(argument: str) -> dict[str, Any]:
    """Tell once more, after other acts."""
    return tell(argument)


def _permissions() -> Any:
    from django.contrib.auth.models import Permission

    return Permission.objects.select_related("content_type")


def _counts() -> dict[str, int]:
    with connection.cursor() as cursor:
        counts = {}
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f'SELECT COUNT(*) FROM "{table}"')
            counts[table] = cursor.fetchone()[0]
    return counts


def _verified() -> str:
    return _said("verify_votes", STUDY)


def _named() -> list[str]:
    from humaneval.samples.models import Sample, Stimulus
    from humaneval.scoring.models import FeatureFile

    rows = [model.objects.values_list("file", flat=True) for model in (Sample, Stimulus, FeatureFile)]
    return sorted({name for names in rows for name in names})


def _hash(name: str) -> str:
    with default_storage.open(name, "rb") as file:
        return hashlib.sha256(file.read()).hexdigest()


def _is_refused() -> bool:
    try:
        with transaction.atomic():
            Vote.objects.update(response_ms=1)
    except IntegrityError:
        return True
    return False


def _said(command: str, *arguments: str, **options: Any) -> str:
    said = io.StringIO()
    call_command(command, *arguments, stdout=said, stderr=io.StringIO(), **options)
    return said.getvalue()


ACTS: dict[str, Callable[[str], Any]] = {
    act.__name__: act
    for act in (
        make,
        back_up,
        back_up_while_others_vote,
        restore,
        restore_first,
        move_media,
        move_media_again,
        move_database,
        vote,
        withdraw_the_latest,
        age,
        refusal,
        refusal_beside_other_media,
        refusal_of_what_does_not_fit,
        arrival,
        verify_backup,
        migrate,
        readyz,
        readyz_again,
        verify_votes,
        tell,
        tell_again,
    )
}
