"""What a rater has met already, and what they may therefore still be shown.

Nobody meets a trial twice, repeats aside. By setting nobody meets a sample twice, or a prompt.
"""

from __future__ import annotations

from humaneval.rating.history import History
from humaneval.studies.models import Study, Trial


class Met:
    """The trials that a rater has met, and where the study asks for it their samples and prompts."""

    def __init__(self, study: Study, history: History) -> None:
        """Read what is needed: one query where samples or prompts matter, none otherwise."""
        self._study = study
        self.trials: set[int] = set(history.trials)
        self._samples: set[int] = set()
        self._prompts: set[int] = set()
        if self.is_choosy and self.trials:
            for trial in Trial.objects.filter(pk__in=self.trials).only("slots", "prompt_id"):
                self.add(trial)

    @property
    def is_choosy(self) -> bool:
        """Whether more than the trial itself decides what may be shown."""
        return self._study.unique_samples or self._study.unique_prompts

    def admits(self, trial: Trial) -> bool:
        """Return whether the rater may meet a trial."""
        if trial.pk in self.trials:
            return False
        if self._study.unique_samples and not self._samples.isdisjoint(_samples(trial)):
            return False
        return not (self._study.unique_prompts and trial.prompt_id in self._prompts)

    def add(self, trial: Trial) -> None:
        """Note a trial that the rater is to meet."""
        self.trials.add(trial.pk)
        self._samples |= _samples(trial)
        if trial.prompt_id is not None:
            self._prompts.add(trial.prompt_id)

    def forget(self, trial: Trial) -> None:
        """Take back an admitted trial that the rater does not meet after all."""
        self.trials.discard(trial.pk)
        self._samples -= _samples(trial)
        if trial.prompt_id is not None:
            self._prompts.discard(trial.prompt_id)


def _samples(trial: Trial) -> set[int]:
    return {sample for slot in trial.slots for sample in slot}
