"""A second pair of hands: a worker that takes shards of features that another's run needs."""

from __future__ import annotations

from humaneval.jobs.running import JobFailed, RunningJob, WrongWorker
from humaneval.scoring import shards
from humaneval.scoring.extractors import ExtractorRefused, Recipe, open_extractor
from humaneval.scoring.features import READING, contents_of
from humaneval.scoring.models import FeatureFile


def help_with(job: RunningJob) -> int:
    """Compute shards until none is free; return how many. Loads nothing when there is none.

    Raises WrongWorker where this one's device, version or samples would give other features, as long as
    somebody is at it whom another could help.
    """
    from metrics import MetricsError

    row = FeatureFile.objects.select_related("sample_set").filter(pk=job.args["features"], file="").first()
    if row is None or not row.shards.filter(file="").exists():
        return 0
    try:
        extractor = open_extractor(Recipe(job.args["spec"], job.args["options"]))
        contents = contents_of(row.sample_set)
        here = (extractor.digest, contents.digest, extractor.device.type)
        if here != (row.extractor_digest, row.content_digest, row.device or job.args["device"]):
            if shards.in_hand(row):
                raise WrongWorker(f"These features need another worker: not {here[2]}, or not this version.")
            return 0
        note = f"{READING} {row.sample_set}"
        return shards.help_fill(
            row, extractor, contents.items, lambda done: job.progress(done, row.count, note)
        )
    except (MetricsError, ExtractorRefused) as error:
        raise JobFailed(str(error)) from error
