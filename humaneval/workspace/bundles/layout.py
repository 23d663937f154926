"""What a bundle holds: its files, the columns of its tables, and the words that explain them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass

FORMAT = 1
"""Version of the layout; raised when a file or column changes its meaning."""

MANIFEST, README = "manifest.json", "README.md"
STUDY_FILE, MATERIAL, SCORES = "study.yaml", "material.json", "scores.json"
ENVIRONMENT, SCHEMA = "environment.json", "schema.json"
VOTES, TRIALS, SESSIONS, SAMPLES = "votes.csv", "trials.csv", "sessions.csv", "samples.csv"
PAIRS, EXCLUSIONS, SAMPLE_SCORES = "pairs.csv", "exclusions.csv", "sample_scores.csv"
REPORT_FOLDER, THUMBNAILS = "report/", "thumbnails/"
REPORT = REPORT_FOLDER + "report.json"
NEEDED = (MANIFEST, MATERIAL, SCORES, VOTES, TRIALS, SESSIONS, PAIRS, SAMPLE_SCORES, REPORT)
"""Without these nothing can be rebuilt."""

COLUMNAR = ("votes", "trials", "sessions", "pairs", "scores")
"""Parts of a material that are tables of their own; all others are in material.json."""


@dataclass(frozen=True)
class Column:
    """One column: ``type`` is integer, number, boolean, datetime, or string."""

    name: str
    type: str
    description: str


@dataclass(frozen=True)
class FileNote:
    """One file of the bundle in a sentence, and its columns where it is a table."""

    name: str
    description: str
    columns: Sequence[Column] = ()


_VOTE_COLUMNS = (
    Column("vote", "integer", "Number of the vote, in order of arrival."),
    Column("session", "integer", "The sitting in which it was given; see sessions.csv."),
    Column("rater", "string", "Pseudonym of the person: there is no way back from it to a name."),
    Column("trial", "integer", "What was asked; see trials.csv."),
    Column("position", "integer", "Place in the session, from 0."),
    Column("handed_at", "datetime", "When the trial was handed out, by the server's clock (UTC)."),
    Column("received_at", "datetime", "When the vote arrived, by the server's clock (UTC)."),
    Column("response_ms", "number", "From images shown to answer, in milliseconds."),
    Column("outcome", "string", "answered, cannot_tell, or not_shown (an image did not load)."),
    Column(
        "answer.KEY",
        "integer",
        "Answer to the question of that key: a slot (0, 1, ...; -1 tie, -2 both good, -3 both bad), 1 or 0 "
        "for yes or no, a point of the scale, or a code for an order. Empty where there is none.",
    ),
    Column("order", "string", "Slot shown at each place on screen, from the left, such as “1 0”."),
    Column("repeat", "boolean", "A trial shown a second time to check consistency; never counted."),
    Column("late", "boolean", "Came after its hand-out had expired; counts."),
    Column("spoilt", "boolean", "Timed, and not shown as asked; never counted."),
    Column("block", "integer", "Block of a timed vote, else empty."),
    Column("frames", "integer", "Frames for which a timed image really stood, else empty."),
    Column("frame_ms", "number", "Length of a frame in milliseconds, else empty."),
    Column("timings", "string", "What the browser measured besides, as JSON."),
)
_TRIAL_COLUMNS = (
    Column("trial", "integer", "Number of the trial as votes name it."),
    Column("number", "integer", "Its place in the study, from 0."),
    Column("condition", "integer", "Condition of slot 0; material.json names it."),
    Column("other", "integer", "Condition of slot 1, 0 where there is none."),
    Column("prompt", "integer", "Prompt, 0 where there is none; samples.csv has its text."),
    Column("category", "string", "The prompt's category."),
    Column("slots", "string", "Samples in each slot: “12+13 | 15” are two in slot 0 and one in slot 1."),
    Column("lineup", "string", "Condition of each slot where they may be more than two."),
    Column("gold", "boolean", "A trial with a known answer; never counted."),
    Column("expected.KEY", "integer", "A gold trial's right answer to the question of that key."),
)
_SESSION_COLUMNS = (
    Column("session", "integer", "Number of the session as votes name it."),
    Column("rater", "string", "Pseudonym of the person."),
    Column("panel", "string", "Where the person came from."),
    Column("stratum", "string", "Group of raters that the study told apart; empty for none."),
    Column("device", "string", "phone, tablet or desktop; empty where the browser told nothing."),
    Column("simulated", "boolean", "A program, not a person."),
    Column("screened_out", "boolean", "Did not qualify."),
    Column("state", "string", "active, completed or screened_out."),
    Column("language", "string", "Of the words shown; empty for the study's own."),
    Column(
        "consent_sha256",
        "string",
        "Of the consent text agreed to; empty for votes of an archive, which tells of none.",
    ),
    Column("started_at", "datetime", "When the session began (UTC)."),
    Column("finished_at", "datetime", "When it ended (UTC), empty if it did not."),
)
_SAMPLE_COLUMNS = (
    Column("sample", "integer", "Number of the sample as trials and scores name it."),
    Column("set", "string", "Slug of its sample set."),
    Column("name", "string", "Path inside the folder or archive that it came from."),
    Column("sha256", "string", "Of the file as it was imported."),
    Column("width", "integer", "In pixels."),
    Column("height", "integer", "In pixels."),
    Column("stimulus_sha256", "string", "Of the file that raters were shown; empty if they were not."),
    Column("recipe", "string", "How that file was made of the sample."),
    Column("prompt", "string", "The text that it was generated from."),
    Column(
        "details",
        "string",
        "What its table said of it besides (seed, ids, labels), as JSON; empty for nothing.",
    ),
)
_PAIR_COLUMNS = (
    Column("first", "integer", "A sample."),
    Column("second", "integer", "Another that lies near it."),
    Column("batch", "integer", "Number of the batch that held both."),
)
_EXCLUSION_COLUMNS = (
    Column("version", "integer", "Version of the rules; material.json has them."),
    Column("vote", "integer", "A vote that they leave out."),
    Column("rule", "string", "The rule that does."),
    Column("reason", "string", "Why, with the figures that decided."),
)
_SAMPLE_SCORE_COLUMNS = (
    Column("score", "integer", "Place of the score in scores.json, from 0."),
    Column("name", "string", "What the values are."),
    Column("sample", "integer", "A sample."),
    Column("value", "number", "Its value, empty where it has none."),
)

FILES = (
    FileNote(STUDY_FILE, "The study as code: `humaneval create study.yaml` makes it again."),
    FileNote(
        MATERIAL,
        "The study as the report reads it: conditions and questions by number, wording, the protocol's "
        "settings, seeds, consent text's hash, exclusion rules by version, the head of the votes' chain.",
    ),
    FileNote(VOTES, "One row a vote, all of them: also those that do not count.", _VOTE_COLUMNS),
    FileNote(TRIALS, "One row a trial.", _TRIAL_COLUMNS),
    FileNote(SESSIONS, "One row a session.", _SESSION_COLUMNS),
    FileNote(SAMPLES, "One row a sample of the study's sets.", _SAMPLE_COLUMNS),
    FileNote(PAIRS, "Near-duplicates that the study asked about, if any.", _PAIR_COLUMNS),
    FileNote(
        EXCLUSIONS, "What each version of the rules leaves out, to be read; rebuilding finds it anew.",
        _EXCLUSION_COLUMNS,
    ),
    FileNote(SCORES, "Automated scores with settings, seeds, versions of what computed them, and details."),
    FileNote(SAMPLE_SCORES, "Automated scores by sample, where a metric gives them.", _SAMPLE_SCORE_COLUMNS),
    FileNote(ENVIRONMENT, "The code's version, Python's, and those of all packages."),
    FileNote(SCHEMA, "The columns of all tables, for programs."),
    FileNote(REPORT_FOLDER, "The report itself: report.html to read, report.json with every number, tables."),
    FileNote(
        THUMBNAILS,
        "Small copies of the samples that the report shows; material.json says under “pictures” which is "
        "which (set/name of the sample).",
    ),
    FileNote(MANIFEST, "SHA-256 and size of every other file."),
)  # fmt: skip


def picture_files(pictures: Iterable[str]) -> dict[str, str]:
    """Return the names of the files that hold pictures, each with the key of its picture."""
    return {f"{THUMBNAILS}{place:04}.webp": key for place, key in enumerate(sorted(pictures), 1)}


def schema() -> dict[str, list[dict[str, str]]]:
    """Return the columns of the tables, by file."""
    return {note.name: [asdict(column) for column in note.columns] for note in FILES if note.columns}


def readme(name: str, slug: str, made_by: str) -> str:
    """Return the page inside a bundle that explains it."""
    return "\n".join([_HEAD.format(name=name, slug=slug, made_by=made_by), *map(_explained, FILES)]) + "\n"


def _explained(note: FileNote) -> str:
    lines = [f"## {note.name}", "", note.description, ""]
    if note.columns:
        lines += ["| column | type | what it is |", "|---|---|---|"]
        lines += [f"| `{one.name}` | {one.type} | {one.description} |" for one in note.columns] + [""]
    return "\n".join(lines)


_HEAD = """# Bundle of the study “{name}” ({slug})

All that the report in `report/` rests on, made by humaneval {made_by}. The report is built again from these
files alone, without a database, by

    humaneval analyze THIS.zip --out rebuilt/

which checks every file against `manifest.json`, computes every number anew (every resampling from its stored
seed), and says whether they are the same within 1e-9 of their size, or which are not.

Raters stand under pseudonyms. What they wrote in answer to closing questions is not in here, since it may
hold anything. Text that a spreadsheet would take for a formula begins with an apostrophe. Tables are CSV in
UTF-8 with one header line.
"""
