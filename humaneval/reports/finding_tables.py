"""Tables of what stands behind a report's charts and sentences: agreement, wins, verdicts, diagnostics."""

from __future__ import annotations

from humaneval.reports.results import Report
from humaneval.reports.table import Table, listed


def agreement_table(report: Report) -> Table:
    """Return one row for each coefficient of agreement and question."""
    columns = (
        "question coefficient measurement estimate ci_low ci_high method answers raters units words simulated"
    )
    rows = (
        vars(one) | {"measurement": one.level, "ci_low": one.interval.low, "ci_high": one.interval.high}
        for one in report.agreement
    )
    return listed(report, columns, rows)


def wins_table(report: Report) -> Table:
    """Return one row for each two conditions that votes compare: how often which was preferred."""
    names = {one.id: one.label for one in report.study.conditions}
    rows = (
        vars(pair)
        | {"question": one.question, "measure": one.measure}
        | {"condition": names.get(pair.condition, ""), "other_condition": names.get(pair.other, "")}
        for one in report.ranking
        for pair in one.pairs
    )
    return listed(report, "question measure condition other_condition wins ties losses share", rows)


def ceilings_table(report: Report) -> Table:
    """Return one row for each question: how high a score's correlation with people can be."""
    return listed(report, "question ceiling reliability systems words", map(vars, report.ceilings))


def trust_table(report: Report) -> Table:
    """Return one row for each question: which score to go by, in words, and what speaks against it."""
    rows = (
        vars(one) | {"leaders": " | ".join(one.leaders), "caveats": " ".join(one.caveats)}
        for one in report.trust
    )
    return listed(report, "question answer leaders caveats", rows)


def missing_scores_table(report: Report) -> Table:
    """Return one row for each score that was asked for and is not there."""
    rows = (vars(one) | {"sample_sets": " | ".join(one.sample_sets)} for one in report.missing_scores)
    return listed(report, "metric extractor sample_sets reason remedy", rows)


def provenance_table(report: Report) -> Table:
    """Return one row for each setting and version of each metric run."""
    rows = (
        {"run": one.run, "extractor": one.extractor, "about": about, "name": name, "set_to": value}
        for one in report.provenance
        for about, given in (("setting", one.settings), ("version", one.versions))
        for name, value in given.items()
    )
    return listed(report, "run extractor about name set_to", rows)


def bins_table(report: Report) -> Table:
    """Return one row for each bin that NDB shows: its share of the real and of a generated set."""
    rows = (
        {
            **{"condition": one.label, "metric": one.metric, "extractor": one.extractor, "bins": one.bins},
            **{"different": one.different, "expected": one.expected, "side": side, "bin": each.number},
            **{"real_share": each.real_share, "generated_share": each.generated_share},
            **{"pvalue": each.pvalue},
        }
        for one in report.diagnostics.bins
        for side, shown in (("over", one.over), ("under", one.under))
        for each in shown
    )
    columns = "condition metric extractor bins different expected side bin real_share generated_share pvalue"
    return listed(report, columns, rows)


def repeats_table(report: Report) -> Table:
    """Return one row for each group of samples that repeat each other, with the names of those shown."""
    rows = (
        {
            **{"condition": one.label, "metric": one.metric, "extractor": one.extractor},
            **{"group_number": number, "count": each.count, "distance": each.distance},
            **{"named": " | ".join(picture.name for picture in each.samples)},
        }
        for one in report.diagnostics.duplicates
        for number, each in enumerate(one.groups, start=1)
    )
    return listed(report, "condition metric extractor group_number count distance named", rows)


def classes_table(report: Report) -> Table:
    """Return one row for each class of each condition: how often a classifier sees it there."""
    rows = (
        {
            **{"condition": one.label, "extractor": one.extractor, "class": name, "count": count},
            **{"right_share": one.right[place] if one.right else None},
        }
        for one in report.diagnostics.classes
        for place, (name, count) in enumerate(zip(one.classes, one.counts, strict=True))
    )
    return listed(report, "condition extractor class count right_share", rows)


def units_table(report: Report) -> Table:
    """Return one row for each latent dimension of each condition's model, the strongest first."""
    rows = (
        {
            **{"condition": one.label, "measurement": one.measure, "unit_number": number, "value": value},
            **{"threshold": one.threshold, "active": number <= one.active},
        }
        for one in report.diagnostics.units
        for number, value in enumerate(one.values, start=1)
    )
    return listed(report, "condition measurement unit_number value threshold active", rows)
