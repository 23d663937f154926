"""The methods paragraphs: what was asked, what was counted, and what each interval takes into account.

Made from what was actually done, so that they can be put into a paper; what a reader of human evaluations
should be told follows the advice named in :mod:`humaneval.reports.methods_of_study`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from humaneval.rating.exclusions import rule_title
from humaneval.reports.analysis.effects import TITLES
from humaneval.reports.analysis.orders import LEVEL as ORDER
from humaneval.reports.clustering import in_words
from humaneval.reports.exclusions import STRICT_OF_ELSEWHERE
from humaneval.reports.material import Material
from humaneval.reports.methods_of_study import archive_of, describe_study
from humaneval.reports.numbers import counted, listed
from humaneval.reports.results import Estimate, Report
from humaneval.reports.shared_items import FROM_ELSEWHERE, too_few_prompts


def describe_methods(report: Report, material: Material) -> list[str]:
    """Return the paragraphs for a report whose numbers are in place."""
    is_own = not material.is_from_elsewhere
    first = _asked(report, archive_of(material)["trials"]) if report.votes.total and is_own else iter(())
    study = describe_study(material) if report.votes.total else iter(())
    people = (paragraph for part in _ABOUT_PEOPLE for paragraph in part(report))
    together = (paragraph for part in _TOGETHER for paragraph in part(report))
    scored = _scored(report, material)
    return [*first, *study, *people, *scored, *together, *_few_prompts(material, report)]


def _asked(report: Report, is_archived: bool) -> Iterator[str]:
    study, votes = report.study, report.votes
    seed = "" if is_archived else f"; seed {study.seed}"
    questions = listed([f"“{question.text}”" for question in study.questions])
    generated = sum(one.kind == "generated" for one in study.conditions)
    yield (
        f"{counted(report.raters.total, 'rater')} gave {counted(votes.total, 'vote')} in a study of "
        f"{counted(generated, 'generated condition')} ({study.protocol_title.lower()}{seed}). "
        f"Asked: {questions}."
    )


def _counted(report: Report) -> Iterator[str]:
    votes = report.votes
    left_out = [
        f"{counted(number, noun, plural)} ({reason})"
        for number, noun, plural, reason in (
            (votes.repeats, "repeat", "", "quality checks, shown a second time"),
            (votes.cannot_tell, "vote", "", "“cannot tell”"),
            (votes.not_shown, "vote", "", "an image did not load"),
            (votes.spoilt, "vote", "", "the image was not shown for as long as asked"),
            (votes.excluded, "vote", "", _by_which_rules(report)),
        )
        if number
    ]
    late = (
        f" {counted(votes.late, 'vote')} came late, after their hand-out had expired; they count, marked."
        if votes.late
        else ""
    )
    rest = f" Left out: {listed(left_out)}." if left_out else " Nothing was left out."
    yield f"Estimates rest on {counted(votes.counted, 'vote')}.{rest}{late}"


def _by_which_rules(report: Report) -> str:
    """Return which rules left votes out, and how many each of them."""
    own = next((one for one in report.exclusions if one.governs and one.version), None)
    if own is None:
        return ""
    rules = listed([f"{rule_title(rule).lower()} {count:,}" for rule, count in sorted(own.by_rule.items())])
    return f"by rules declared before launch, “{own.name}” (version {own.version}): {rules}"


def _excluded_otherwise(report: Report) -> Iterator[str]:
    if report.exclusions:
        versions = [one for one in report.exclusions if one.version > 0]
        later = [one for one in versions if not one.before_launch]
        after = f", {len(later)} of them declared after launch" if later else ""
        declared = (
            f", under {counted(len(versions), 'version')} of the study's exclusion rules{after},"
            if versions
            else ""
        )
        strict = next((one.name for one in report.exclusions if one.strict), "")
        every = " that the file tells enough for," if strict == STRICT_OF_ELSEWHERE else ""
        yield (
            f"The headline estimates are also given with nothing left out{declared} and under every rule"
            f"{every} set strictly, so that readers see what the choice of rules does."
        )


def _estimated(report: Report) -> Iterator[str]:
    for label in dict.fromkeys(one.measure_label for one in report.estimates):
        estimates = [
            one for one in report.estimates if one.measure_label == label and one.estimate is not None
        ]
        if estimates:
            yield _of_measure(label, estimates)


def _of_measure(label: str, estimates: Sequence[Estimate]) -> str:
    """Return which intervals one measure has, with how many estimates have each."""
    methods = Counter(one.method for one in estimates)
    naive = sorted({one.naive.method for one in estimates})
    by = "; ".join(
        f"{method} ({counted(count, 'estimate')})" if len(methods) > 1 else method
        for method, count in methods.most_common()
    )
    return f"{label}. 95% intervals: {by}. Naive, for comparison only: {'; '.join(naive)}."


def _clustering(report: Report) -> Iterator[str]:
    if any(estimate.estimate is not None for estimate in report.estimates):
        yield (
            f"{in_words(report)} The naive interval takes each vote for a new person's; it stands beside the "
            "other only to show the difference. The design effect of an estimate is its variance with these "
            "clusters over that of as many independent votes."
        )


def _few_prompts(material: Material, report: Report) -> Iterator[str]:
    few = too_few_prompts(material)
    if few and report.votes.counted:
        noun = FROM_ELSEWHERE if material.is_from_elsewhere else "prompt"
        yield (
            f"{counted(few, noun)} are too few to show how {noun}s differ: the intervals take images to "
            f"repeat, and are about these {noun}s only."
        )


def _agreement(report: Report) -> Iterator[str]:
    methods = sorted({one.method for one in report.agreement if one.estimate is not None})
    if methods:
        yield f"Agreement over stimuli judged more than once: {'. '.join(methods)}.{_about_orders(report)}"


def _about_orders(report: Report) -> str:
    if not any(one.level == ORDER for one in report.agreement):
        return ""
    return (
        " Tau of two orders is 0 in the mean where they are given by chance, whatever the number of raters; "
        "Kendall's W is one over that number then."
    )


def _scored(report: Report, material: Material) -> Iterator[str]:
    if report.scores:
        words = sorted({row.space.words for row in report.scores} - {""})
        spaces = f" ({'; '.join(words)})" if words else ""
        taken = (
            f"as given in {material.design['scores']}"
            if material.is_from_elsewhere
            else "the latest of each sample set, metric and feature space"
        )
        yield (
            f"Automated scores are {taken}{spaces}; where a standard error is known the interval is ±1.96 of "
            "it."
        )


def _ranked(report: Report) -> Iterator[str]:
    methods = sorted({one.certainty_method for one in report.ranking if one.certainty_method})
    if methods:
        yield (
            f"Rank intervals hold for all conditions at once at 95% ({'; '.join(methods)}; Mogstad et al. "
            "2024). The "
            "probability of being best is how often a generated condition is highest when all estimates are "
            "redrawn from "
            "their joint distribution. How many votes would change the winner: the votes that favour it "
            "most are left "
            "out until another leads, and everything is fitted again (Broderick, Giordano and Meager 2020)."
        )


def _grouped(report: Report) -> Iterator[str]:
    tested = sorted({f"{one.title}: {one.method}" for one in report.breakdowns if one.pvalue is not None})
    if tested:
        yield f"Whether differences between conditions depend on groups: {'; '.join(tested)}."


def _behaved(report: Report) -> Iterator[str]:
    tested = [one.name for one in report.effects if one.pvalue is not None]
    if tested:
        named = listed([name for name in TITLES if name in tested])
        verb = "are" if len(set(tested)) > 1 else "is"
        yield (
            f"{named[:1].upper()}{named[1:]} {verb} tested within raters (each rater compared with "
            "themselves, conditions taken out by their means), with errors between raters and Student's t; "
            f"p-values are given as they are and after Holm over {counted(len(tested), 'test')}."
        )


def _correlated(report: Report) -> Iterator[str]:
    methods: dict[str, set[str]] = {}
    for correlation in report.correlations:
        for one in correlation.coefficients:
            if one.estimate is not None:
                methods.setdefault(one.title, set()).add(one.method)
    if methods:
        named = ". ".join(
            name if name.startswith(title) else f"{title}: {name[:1].lower()}{name[1:].rstrip('.')}"
            for title, names in methods.items()
            for name in sorted(names)
        )
        yield (
            "Correlations of scores with people are between conditions (one point each, generated conditions "
            f"only){_and_by_sample(report)}. {named}. Which of two scores predicts people better is tested "
            "by Williams' t and Steiger's z for correlations that share the human side, "
            "with Zou's interval, Holm-adjusted over all pairs of "
            "scores. "
            "Pairwise accuracy weighs each pair of conditions by how sure people are of its order (Thompson "
            "et al. 2024), "
            "and is also given with ties, the score's tie threshold calibrated (Deutsch, Foster and Freitag "
            "2023)."
        )


def _and_by_sample(report: Report) -> str:
    return "; those between single images are told apart below" if report.samples else ""


def _sampled(report: Report) -> Iterator[str]:
    """Yield how scores of single samples were set beside people's answers about them."""
    methods = Counter(one.method for one in report.samples)
    if not methods:
        return
    named = "; ".join(
        f"{method} ({counted(count, 'row')})" if len(methods) > 1 else method
        for method, count in methods.most_common()
    )
    tested = Counter(one.question for one in report.samples if one.pvalue is not None)
    rows = listed([f"{count:,}" for count in tested.values()]) or "no"
    yield (
        f"Image by image: {named}. One rater's leniency moves all the images that they judged, so raters and "
        "images are both clusters: V(rater) + V(image) − V(cell) (Cameron, Gelbach and Miller 2011). "
        f"{_of_ballots(report)}"
        "Whether a row is said to go with people is decided by its p-value (Spearman's within conditions, or "
        "the share of preferences for the higher value against a half) after Holm over the rows of its "
        f"question ({rows})."
    )


def _of_ballots(report: Report) -> str:
    if not any(one.within == "ballot" for one in report.samples):
        return ""
    return (
        "Places in an order are relative, so images are compared with the others of their ballot only, and "
        "what moves all images of a ballot alike (its prompt) plays no part; since their places depend on "
        "each other, line-ups of images (all of one prompt together) are clusters, not single images. "
    )


_ABOUT_PEOPLE = (
    _counted,
    _excluded_otherwise,
    _estimated,
    _clustering,
    _ranked,
    _agreement,
    _grouped,
    _behaved,
)
_TOGETHER = (_correlated, _sampled)
