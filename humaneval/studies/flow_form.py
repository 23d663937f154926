"""The flow's part of a study's form: a field for everything, rows for questions, JSON as the last resort."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

from humaneval.samples.pictures import LARGEST, PictureRefused, keep_picture, name_of
from humaneval.studies.flow import MOST_PRACTICE, complete_flow, find_wrong
from humaneval.studies.flow_rows import BLANK, PREFIX, RowError, field_of, flow_of, rows_of, values_of
from humaneval.studies.models import Study
from humaneval.studies.shapes import Wrong
from humaneval.ui.admin import FileInput, NumberInput, Select, Switch, Textarea, TextInput

_SAMPLE = _("A sample as set/name, for example my-set/0001.png. It is shown as rendered for this study.")
_UPLOAD = _("PNG, JPEG or WebP. Raters see it as it is, and it takes the place of a sample named above.")
_TRANSLATIONS = _("One language a line, as de: question | answer | answer.")
_KEY = _("Short name in exports, such as age; q1, q2, … if left out.")
_KINDS = (
    ("text", _("one line of text")),
    ("long", _("long text")),
    ("choice", _("one of several answers")),
    ("multiple", _("any of several answers")),
    ("number", _("number")),
)
_SCALES = (
    ("fit", _("smaller where there is no room, and recorded")),
    ("fixed", _("always as wide as set, scrolled where there is no room")),
    ("pixels", _("one pixel of the image on one of the screen")),
)


def _line(label: Any, help_text: Any = "") -> forms.Field:
    return forms.CharField(label=label, help_text=help_text, required=False, widget=TextInput)


def _area(label: Any, help_text: Any = "", rows: int = 3) -> forms.Field:
    return forms.CharField(
        label=label, help_text=help_text, required=False, widget=Textarea(attrs={"rows": rows})
    )


def _whole(label: Any, most: int, help_text: Any = "", least: int = 0) -> forms.Field:
    return forms.IntegerField(
        label=label,
        help_text=help_text,
        required=False,
        min_value=least,
        max_value=most,
        widget=NumberInput,
    )


def _switch(label: Any, help_text: Any = "") -> forms.Field:
    return forms.BooleanField(label=label, help_text=help_text, required=False, widget=Switch)


def _decimal(label: Any, help_text: Any = "") -> forms.Field:
    return forms.FloatField(label=label, help_text=help_text, required=False, widget=NumberInput)


def _picture(label: Any, help_text: Any) -> forms.Field:
    return forms.ImageField(
        label=label, help_text=help_text, required=False, widget=FileInput, validators=[_refuse_large]
    )


def _refuse_large(file: UploadedFile) -> None:
    if (file.size or 0) > LARGEST:
        most = LARGEST // 1_000_000
        raise ValidationError(_("The picture is larger than %(most)s MB: make it smaller.") % {"most": most})


def _plain_fields() -> dict[str, forms.Field]:
    return {
        "min_width": _whole(_("Least width of the window"), 4000, _("In CSS pixels; 0 asks for nothing.")),
        "min_height": _whole(_("Least height of the window"), 4000, _("In CSS pixels.")),
        "min_pixel_ratio": forms.FloatField(
            label=_("Least pixel ratio"),
            help_text=_("Device pixels to a CSS pixel: 1 is an ordinary screen, 2 a fine one."),
            required=False,
            min_value=0,
            max_value=4,
            widget=NumberInput,
        ),
        "min_refresh_hz": _whole(_("Least refresh rate"), 240, _("In Hz; measured before the study begins.")),
        "keyboard": _switch(_("Needs a keyboard"), _("Raters are asked to press a key before they begin.")),
        "tries": _whole(
            _("Tries"), 10, _("Who has not answered all rightly then is screened out, politely."), least=1
        ),
        "practice": _whole(
            _("Practice trials to draw"),
            MOST_PRACTICE,
            _("Drawn at launch from images that no trial shows, where the protocol knows the right answer."),
        ),
        "break_every": _whole(_("A break after every … trials"), 1000, _("0: no breaks.")),
        "confirm_answers": _switch(_("Answers are confirmed"), _("Each choice waits for “Next”.")),
        "allow_zoom": _switch(_("Images may be zoomed")),
        "scale": forms.ChoiceField(
            label=_("Scale of images"), choices=_SCALES, required=False, widget=Select
        ),
        "keys": _area(_("Keys"), _("One a line, as answer = key, where not the usual ones.")),
        "debrief": _area(_("Debrief"), _("Read after the last answer: what the study was about."), 4),
        "language": _line(
            _("Language of the study's own words"), _("en, de, pt-BR, … The page is shown in it by default.")
        ),
    }


def _row_fields(kind: str) -> dict[str, forms.Field]:
    return {
        "pictures": lambda: {
            "image": _line(_("Picture"), _SAMPLE),
            "upload": _picture(_("Or upload a picture"), _UPLOAD),
            "caption": _line(_("Caption")),
        },
        "comprehension": lambda: {
            "text": _line(_("Question"), _("Leave it empty to have no such question.")),
            "options": _area(_("Answers"), _("One a line, with * before the right one."), 4),
            "key": _line(_("Short name"), _KEY),
            "translations": _area(_("In other languages"), _TRANSLATIONS, 2),
        },
        "examples": lambda: {
            "places": _area(
                _("Images"),
                _("One place a line, as set/name; the images of a grid in a line, divided by |."),
            ),
            "right": _area(
                _("Right answers"),
                _(
                    "One question a line, as short name: value. The value is what exports hold: of a choice "
                    "among images the line's number from 0, of a scale the point, of real or fake 1 or 0. "
                    "Several right ones are divided by commas."
                ),
                2,
            ),
            "prompt": _line(_("Prompt"), _("Where the study shows prompts.")),
            "why": _area(_("Explanation"), _("Read after the answer."), 2),
        },
        "closing": lambda: {
            "text": _line(_("Question"), _("Leave it empty to have no such question.")),
            "kind": forms.ChoiceField(label=_("Kind"), choices=_KINDS, required=False, widget=Select),
            "options": _area(_("Answers"), _("Of a choice: one a line."), 4),
            "optional": _switch(_("May be left out")),
            "minimum": _decimal(_("Least number")),
            "maximum": _decimal(_("Greatest number")),
            "key": _line(_("Short name"), _KEY),
            "translations": _area(_("In other languages"), _TRANSLATIONS, 2),
        },
        "texts": lambda: {
            "language": _line(_("Language"), _("de, ar, pt-BR, …")),
            "title": _line(_("Title")),
            "consent": _area(_("Consent")),
            "instructions": _area(_("Instructions")),
            "thanks": _area(_("Thanks"), "", 2),
            "debrief": _area(_("Debrief"), "", 2),
            "questions": _area(
                _("Questions of the trials"),
                _("One a line, as short name: question | low end | middle | high end."),
                2,
            ),
            "captions": _area(_("Captions of the pictures"), _("One a line, in their order."), 2),
            "whys": _area(_("Explanations of the practice examples"), _("One a line, in their order."), 2),
        },
    }[kind]()


ROW_TITLES = {
    "pictures": _("Picture"),
    "comprehension": _("Comprehension question"),
    "examples": _("Practice example"),
    "closing": _("Closing question"),
    "texts": _("Another language"),
}
SECTIONS = (
    (_("Device"), ("min_width", "min_height", "min_pixel_ratio", "min_refresh_hz", "keyboard"), ()),
    (_("Pictures in the instructions"), (), ("pictures",)),
    (_("Comprehension questions"), ("tries",), ("comprehension",)),
    (_("Practice"), ("practice",), ("examples",)),
    (_("During the trials"), ("break_every", "confirm_answers", "allow_zoom", "scale", "keys"), ()),
    (_("Closing questions and debrief"), ("debrief",), ("closing",)),
    (_("Languages"), ("language",), ("texts",)),
)
"""Fieldsets: title, plain fields, kinds of rows."""


def shown_rows(study: Study) -> dict[str, int]:
    """Return how many rows of each kind the form shows: those filled in, and some empty ones."""
    return {kind: count + BLANK[kind] for kind, count in rows_of(study.flow).items()}


def flow_fields(study: Study) -> dict[str, forms.Field]:
    """Return the form fields of a study's flow, by name."""
    fields = {PREFIX + name: field for name, field in _plain_fields().items()}
    for kind, count in shown_rows(study).items():
        for place in range(count):
            for name, field in _row_fields(kind).items():
                if name in ("text", "image", "places", "language"):
                    field.label = f"{ROW_TITLES[kind]} {place + 1}"
                fields[f"{PREFIX}{kind}_{place}_{name}"] = field
    return fields


def flow_fieldsets(study: Study) -> list[tuple[Any, dict[str, Any]]]:
    """Return the fieldsets of a study's flow, folded, the rows of JSON last."""
    counts = shown_rows(study)
    sets = []
    for title, plain, kinds in SECTIONS:
        names = [PREFIX + name for name in plain]
        names += [
            f"{PREFIX}{kind}_{place}_{name}"
            for kind in kinds
            for place in range(counts[kind])
            for name in _row_fields(kind)
        ]
        sets.append((title, {"fields": names, "classes": ("collapse",)}))
    advanced = _(
        "All of the above as JSON, for what has no field. A change here is taken instead of the fields."
    )
    return [*sets, (_("Advanced"), {"fields": ("flow",), "classes": ("collapse",), "description": advanced})]


class FlowMixin(forms.ModelForm):
    """Fills a study's flow from its fields; mixed into the form of a study that exists."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial = {**values_of(self.instance.flow), **self.initial}
        self.initial["flow"] = complete_flow(self.instance.flow)
        self._rows = shown_rows(self.instance)

    def clean(self) -> dict[str, Any]:
        """Put the flow together; what cannot be is said beside its field."""
        data = super().clean() or self.cleaned_data
        if PREFIX + "break_every" not in self.fields or data.get("flow") != self.initial["flow"]:
            return data
        if not any(name.startswith(PREFIX) for name in self.errors):
            self._compose(data)
        return data

    def _compose(self, data: Mapping[str, Any]) -> None:
        uploaded = self._uploaded(data)
        try:
            flow = flow_of(
                {**data, **{field: name_of(*upload) for field, upload in uploaded.items()}}, self._rows
            )
        except RowError as error:
            self.add_error(error.field, str(error))
            return
        try:
            find_wrong(flow)
        except Wrong as wrong:
            field = field_of(wrong.path, flow)
            self.add_error(field if field in self.fields else None, wrong.reason if field else str(wrong))
            return
        for field, upload in uploaded.items():
            try:
                keep_picture(*upload)  # under a name of its content: twice does no harm
            except PictureRefused as error:
                self.add_error(field.replace("_image", "_upload"), str(error))
        self.cleaned_data["flow"] = flow

    def _uploaded(self, data: Mapping[str, Any]) -> dict[str, tuple[UploadedFile, str]]:
        """Return the uploaded pictures and what their names end in, by the field that names their sample."""
        found = {}
        for place in range(self._rows["pictures"]):
            row = f"{PREFIX}pictures_{place}_"
            if file := data.get(row + "upload"):
                found[row + "image"] = (file, f".{file.image.format.lower()}")
        return found
