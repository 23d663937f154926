"""The report's main tables for a paper: LaTeX with booktabs, captions that say what the intervals are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from humaneval.reports.clustering import clustered_by, sizes_of
from humaneval.reports.numbers import bracket, column, ends, in_unit, p_words, plain
from humaneval.reports.results import Correlation, Estimate, Ranking, Report

_SPECIAL = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{",
    "}": r"\}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "\u2212": "$-$", "—": "---", "–": "--",
    "“": "``", "”": "''", "×": r"$\times$", "±": r"$\pm$", "→": r"$\rightarrow$", "<": "$<$", ">": "$>$",
    "≥": r"$\geq$", "≤": r"$\leq$", "²": "$^2$", "\u200b": "",
}  # fmt: skip
_GREEK = {
    "αβγδεζηθικλμνξπρςστυφχψω": "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi pi "
    "rho varsigma sigma tau upsilon phi chi psi omega",
    "ΓΔΘΛΞΠΣΥΦΨΩ": "Gamma Delta Theta Lambda Xi Pi Sigma Upsilon Phi Psi Omega",
}  # fmt: skip
for letters, names in _GREEK.items():
    _SPECIAL |= {letter: rf"$\{name}$" for letter, name in zip(letters, names.split(), strict=True)}
_SPECIAL |= dict(
    zip("ΑΒΕΖΗΙΚΜΝΟΡΤΧο", "ABEZHIKMNOPTXo", strict=True)
)  # TeX has no names for Latin look-alikes
_PATTERN = re.compile("|".join(map(re.escape, _SPECIAL)))
_TYPED = re.compile(r"[\u0000-\u017f\u2018\u2019\u2026\u20ac]*")
"""What pdfLaTeX typesets as it stands, with the fonts it has of old."""
HEAD = "% Needs \\usepackage{{booktabs}}{engine}. Made by humaneval {version}.\n"
OTHER_ENGINE = " and, for its signs beyond Latin and Greek, LuaLaTeX or XeLaTeX with a font that has them"


def escaped(text: str) -> str:
    """Return text as LaTeX typesets it, Greek letters as mathematics; other scripts stay as they are."""
    return _PATTERN.sub(lambda found: _SPECIAL[found.group()], text)


def _row(cells: Sequence[str]) -> str:
    """Return a row; what follows a row's end may not begin like an argument of it."""
    text = " & ".join(escaped(cell) for cell in cells)
    return ("{}" if text.startswith(("[", "*")) else "") + text + r" \\"


def latex_tables(report: Report) -> Iterator[tuple[str, str]]:
    """Yield estimates, rules, scores and correlations, by the name of their files (without ending)."""
    for name, table in (*_estimates(report), *_exclusions(report), *_scores(report), *_correlations(report)):
        engine = "" if _TYPED.fullmatch(table) else OTHER_ENGINE
        yield name, HEAD.format(version=report.code_version, engine=engine) + table


def _table(
    label: str, caption: str, alignment: str, header: Sequence[str], rows: Sequence[Sequence[str]], note: str
) -> str:
    lines = [
        r"\begin{table}",
        r"\centering",
        rf"\caption{{{escaped(caption)}{escaped(note)}}}",
        rf"\label{{tab:{label}}}",
        rf"\begin{{tabular}}{{{alignment}}}",
        r"\toprule",
        _row(header),
        r"\midrule",
        *map(_row, rows),
        r"\bottomrule",
        r"\end{tabular}",
        r"\end{table}",
    ]
    return "\n".join(lines) + "\n"


def _note(report: Report) -> str:
    """Return what every caption ends with where votes are simulated."""
    return " Includes simulated votes." if report.contains_simulated else ""


def _estimates(report: Report) -> Iterator[tuple[str, str]]:
    for question in report.study.questions:
        shown = [one for one in report.estimates if one.headline and one.question == question.key]
        ranking = next((one for one in report.ranking if one.question == question.key), None)
        if not any(one.votes for one in shown):
            continue
        caption = (
            f"{shown[0].measure_label} by condition (“{question.text}”), with 95% intervals "
            f"{clustered_by(shown)}. Rank: the ranks that a condition may have, all compared at once at 95%; "
            "P(best): probability of being first among the generated. n: votes; deff: design effect."
        )
        header = [
            "Condition",
            "Estimate",
            "95% CI",
            "Rank",
            "P(best)",
            "n",
            "Raters",
            "Items",
            "Clusters",
            "deff",
        ]
        rows = [_estimate(one, ranking) for one in shown]
        name = f"estimates-{question.key}"
        yield name, _table(name, caption, "lrrrrrrrlr", header, rows, _note(report))


def _estimate(one: Estimate, ranking: Ranking | None) -> list[str]:
    entries = ranking.entries if ranking else []
    entry = next((each for each in entries if each.condition == one.condition), None)
    low, high = (entry.rank_low, entry.rank_high) if entry else (None, None)
    return [
        one.label,
        in_unit(one.estimate, one.unit),
        bracket(one.interval, one.unit),
        "—" if low is None else f"{low}" if low == high else f"{low}–{high}",
        "—" if entry is None or entry.best is None else _chance(entry.best),
        f"{one.votes:,}",
        f"{one.raters:,}",
        "—" if one.items is None else f"{one.items:,}",
        ", ".join(sizes_of(one)) or "—",
        "—" if one.design_effect is None else plain(one.design_effect, 1),
    ]


def _chance(value: float) -> str:
    return "<0.001" if value < 0.001 else ">0.999" if value > 0.999 else plain(value, 3)


def _exclusions(report: Report) -> Iterator[tuple[str, str]]:
    ways = report.exclusions
    for question in report.study.questions if ways else []:
        under = [
            {one.condition: one for one in way.estimates if one.question == question.key} for way in ways
        ]
        names = [way.name or "Nothing left out" for way in ways]
        rows = [
            [
                one.label,
                *(
                    f"{in_unit(found.estimate, found.unit)} {bracket(found.interval, found.unit)}"
                    if (found := each.get(condition))
                    else "—"
                    for each in under
                ),
            ]
            for condition, one in under[0].items()
        ]
        if rows:
            name = f"rules-{question.key}"
            caption = f"The headline estimates (“{question.text}”) under each set of exclusion rules, 95% CI."
            header, alignment = ["Condition", *names], "l" + "r" * len(names)
            yield name, _table(name, caption, alignment, header, rows, _note(report))


def _scores(report: Report) -> Iterator[tuple[str, str]]:
    conditions = [
        one for one in report.study.conditions if one.id in {row.condition for row in report.scores}
    ]
    if not conditions:
        return
    rows = []
    for label, space in dict.fromkeys((row.label, row.space) for row in report.scores):
        mine = {row.condition: row for row in report.scores if (row.label, row.space) == (label, space)}
        values = dict(zip(mine, column([row.value for row in mine.values()]), strict=True))
        arrow = {True: " (higher is better)", False: " (lower is better)", None: ""}
        cells = [
            "—"
            if (row := mine.get(one.id)) is None
            else values[one.id] + ("" if row.standard_error is None else f" ± {row.standard_error:.2g}")
            for one in conditions
        ]
        rows.append([f"{label}{arrow[next(iter(mine.values())).higher_is_better]}", *cells])
    caption = "Automated scores, ± standard error where one is known."
    header = ["Score", *(one.label for one in conditions)]
    yield "scores", _table("scores", caption, "l" + "r" * len(conditions), header, rows, "")


def _correlations(report: Report) -> Iterator[tuple[str, str]]:
    for question in report.study.questions:
        mine = [one for one in report.correlations if one.question == question.key and one.coefficients]
        if mine:
            name = f"correlations-{question.key}"
            caption = (
                f"Scores and people over {mine[0].systems} conditions (“{question.text}”): correlations with "
                "95% intervals for systems like these (noise of people, of the score and the few systems "
                "joined), Spearman's p without adjustment, and the share of pairs in people's order."
            )
            header = ["Score", "Pearson", "Spearman", "p", "Kendall", "Pairs"]
            rows = [_correlation(one) for one in mine]
            yield name, _table(name, caption, "lrrrrr", header, rows, _note(report))


def _correlation(one: Correlation) -> list[str]:
    found = {each.name: each for each in one.coefficients}
    cells = {
        name: "—" if each.estimate is None else f"{plain(each.estimate, 2)} {ends(each.low, each.high, '')}"
        for name, each in found.items()
    }
    p = found["spearman"].pvalue
    accuracy = one.accuracy
    return [
        one.title,
        cells["pearson"],
        cells["spearman"],
        "—" if p is None else p_words(p).removeprefix("p = ").removeprefix("p "),
        cells["kendall"],
        "—" if accuracy is None or accuracy.all_pairs is None else in_unit(accuracy.all_pairs, "share"),
    ]
