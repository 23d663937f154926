"""The rater API's words, in and out."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from humaneval.rating.fields import AnythingField, MillisecondsField, ObjectField
from humaneval.rating.models import SessionState, VoteOutcome
from humaneval.studies.states import StudyState

MOST_VOTES = 100
"""Votes in one request at most."""

AGAIN_HELP = (
    "Number of the session that the rater may begin next, by the parameter `again` of the link; null: none."
)

MOST_PARAMETERS = 50
"""Query parameters that are kept of an arrival at most."""


class ArrivalSerializer(serializers.Serializer):
    """Somebody who has read the consent text, agrees, and wants to start or to go on."""

    study = serializers.SlugField(max_length=120)
    consent = serializers.BooleanField(help_text="The rater agreed: true.")
    consent_hash = serializers.CharField(
        max_length=64, help_text="SHA-256, in hexadecimal, of the consent text that the rater read."
    )
    client = serializers.UUIDField(help_text="Made once by the browser: who comes back with it goes on.")
    arrival = ObjectField(
        max_bytes=20_000,
        default=dict,
        help_text="The link's query parameters, as text: a panel's id of the person may be among them.",
    )
    device = ObjectField(max_bytes=4000, default=dict, help_text="Viewport, pixel ratio, and the like.")
    simulated = serializers.BooleanField(
        default=False, help_text="A program; needs a researcher's Authorization: Token."
    )

    language = serializers.CharField(
        max_length=40, default="", allow_blank=True, help_text="Of the words; by default the study's own."
    )

    def validate_consent(self, consent: bool) -> bool:
        """Return True; nobody rates without having agreed."""
        if not consent:
            raise serializers.ValidationError(_("Without consent there is no session."))
        return consent

    def validate_arrival(self, parameters: dict[str, Any]) -> dict[str, str]:
        """Return the parameters, if they are text, short, and few."""
        if len(parameters) > MOST_PARAMETERS:
            raise serializers.ValidationError(_("At most %d parameters are taken.") % MOST_PARAMETERS)
        for name, value in parameters.items():
            if not isinstance(value, str) or len(value) > 500 or len(name) > 100:
                raise serializers.ValidationError(
                    _("A name has up to 100 characters, a value is text of up to 500.")
                )
        return parameters


class ShownQuestionSerializer(serializers.Serializer):
    """A question as raters read it."""

    key = serializers.SlugField()
    text = serializers.CharField()
    points = serializers.IntegerField()
    low_label = serializers.CharField()
    middle_label = serializers.CharField()
    high_label = serializers.CharField()


class ShownImageSerializer(serializers.Serializer):
    """One image, and its size in pixels."""

    url = serializers.CharField()
    width = serializers.IntegerField()
    height = serializers.IntegerField()


class ShownPictureSerializer(serializers.Serializer):
    """A picture in the instructions."""

    image = ShownImageSerializer()
    caption = serializers.CharField()


class ShownStudySerializer(serializers.Serializer):
    """A study as raters see it."""

    slug = serializers.SlugField()
    state = serializers.ChoiceField(choices=StudyState.choices)
    title = serializers.CharField()
    instructions = serializers.CharField()
    thanks = serializers.CharField()
    protocol = serializers.CharField()
    page = serializers.DictField(help_text="What the protocol tells its part of the page.")
    questions = ShownQuestionSerializer(many=True)
    display_width = serializers.IntegerField(help_text="CSS pixels; 0: the images' own size.")
    flow = serializers.DictField(help_text="Device gate, comprehension, breaks, closing questions, debrief.")
    pictures = ShownPictureSerializer(many=True, help_text="In the instructions.")


class SessionProgressSerializer(serializers.Serializer):
    """How far a session is."""

    done = serializers.IntegerField()
    total = serializers.IntegerField()


class CompletionSerializer(serializers.Serializer):
    """What a rater is given at the end."""

    code = serializers.CharField(help_text="To type at the panel; empty for none.")
    url = serializers.CharField(help_text="Where to go; empty for nowhere.")


class StandingSerializer(serializers.Serializer):
    """Where a session is on its way around the trials."""

    understood = serializers.BooleanField(help_text="Comprehension questions are passed, or there are none.")
    tries_left = serializers.IntegerField()
    practice_left = serializers.IntegerField()
    closed = serializers.BooleanField(help_text="Answers to the closing questions are kept.")


class PaySerializer(serializers.Serializer):
    """What a finished session earns at the rater's panel."""

    amount = serializers.DecimalField(max_digits=10, decimal_places=2)
    currency = serializers.CharField()


class SessionSerializer(serializers.Serializer):
    """A session as its rater sees it."""

    state = serializers.ChoiceField(choices=SessionState.choices)
    study = ShownStudySerializer()
    progress = SessionProgressSerializer()
    completion = CompletionSerializer(allow_null=True)
    again = serializers.IntegerField(allow_null=True, help_text=AGAIN_HELP)
    standing = StandingSerializer()
    pay = PaySerializer(allow_null=True)


class OpenedSessionSerializer(serializers.Serializer):
    """A session and the token that opens it."""

    token = serializers.CharField()
    session = SessionSerializer()


class ShownAssignmentSerializer(serializers.Serializer):
    """An assignment: at each place on screen one image, or a grid's images in order."""

    id = serializers.UUIDField()
    position = serializers.IntegerField()
    prompt = serializers.CharField(allow_null=True)
    places = serializers.ListField(child=ShownImageSerializer(many=True))
    parameters = serializers.DictField(
        allow_null=True, help_text="Of a timed trial: its exposure; null until the vote before it sets it."
    )


class BlockSerializer(serializers.Serializer):
    """What to answer next. Empty with the study paused: come back later; empty otherwise: complete."""

    study_state = serializers.ChoiceField(choices=StudyState.choices)
    assignments = ShownAssignmentSerializer(many=True)
    progress = SessionProgressSerializer()


class VoteSerializer(serializers.Serializer):
    """One vote."""

    assignment = serializers.UUIDField()
    key = serializers.UUIDField(help_text="Made by the client for this vote; sent again with every retry.")
    outcome = serializers.ChoiceField(choices=VoteOutcome.choices, default=VoteOutcome.ANSWERED)
    answers = ObjectField(
        max_bytes=4000, default=dict, help_text="By question key, what was chosen in terms of the screen."
    )
    response_ms = MillisecondsField(help_text="From images shown to answer.")
    timings = ObjectField(max_bytes=8000, default=dict, help_text="Shown at, viewport, visibility, input.")


class LooseVoteBatchSerializer(serializers.Serializer):
    """Votes as they come; each is checked by itself, so that a bad one does not hold up the others."""

    votes = serializers.ListField(child=AnythingField(), max_length=MOST_VOTES)


class VoteBatchSerializer(serializers.Serializer):
    """Up to 100 votes, in any order."""

    votes = VoteSerializer(many=True)


class FeedbackSerializer(serializers.Serializer):
    """What a rater learns of a vote that is stored."""

    correct = serializers.BooleanField()


class VoteResultSerializer(serializers.Serializer):
    """What became of one vote. Only ``stored`` and ``duplicate`` mean that a vote is kept."""

    key = serializers.CharField(allow_null=True)
    assignment = serializers.CharField(allow_null=True)
    status = serializers.ChoiceField(choices=["stored", "duplicate", "rejected"])
    outcome = serializers.CharField(help_text="As stored; empty if rejected.")
    late = serializers.BooleanField(help_text="It came after its lease had expired; it is kept and marked.")
    code = serializers.CharField(help_text="Why it was rejected, for programs; empty otherwise.")
    detail = serializers.CharField(help_text="Why it was rejected, for people; empty otherwise.")
    feedback = FeedbackSerializer(
        allow_null=True, help_text="Whether the vote was right, where the study tells."
    )


class IntakeSerializer(serializers.Serializer):
    """What became of a batch, in its order."""

    results = VoteResultSerializer(many=True)
    progress = SessionProgressSerializer()
    next = serializers.DictField(
        child=serializers.DictField(),
        help_text="By assignment, parameters of timed trials that are still to be answered.",
    )


class EndedSessionSerializer(serializers.Serializer):
    """A completed session."""

    state = serializers.ChoiceField(choices=SessionState.choices)
    completion = CompletionSerializer()
    again = serializers.IntegerField(allow_null=True, help_text=AGAIN_HELP)


class FlowAnswersSerializer(serializers.Serializer):
    """Answers to comprehension or closing questions, by key; of a choice the number of the option, from 0."""

    answers = ObjectField(max_bytes=40_000)


class ComprehensionSerializer(serializers.Serializer):
    """How the comprehension questions went; out of tries the session has ended."""

    passed = serializers.BooleanField()
    tries_left = serializers.IntegerField()
    wrong = serializers.ListField(child=serializers.CharField())


class PracticeSerializer(serializers.Serializer):
    """Practice trials still to be answered, of how many."""

    trials = ShownAssignmentSerializer(many=True)
    total = serializers.IntegerField()


class PracticeAnswerSerializer(serializers.Serializer):
    """What was answered to a practice trial, by question key, in terms of the screen."""

    trial = serializers.UUIDField(help_text="The practice trial's id.")
    answers = ObjectField(max_bytes=4000)


class PracticeVerdictSerializer(serializers.Serializer):
    """Whether that was right, and what would have been."""

    correct = serializers.BooleanField()
    right = serializers.DictField(
        child=serializers.ListField(), help_text="By question, the answers that are right on this screen."
    )
    why = serializers.CharField(help_text="The study's explanation; may be empty.")


class StoredSerializer(serializers.Serializer):
    """What was sent is kept."""

    stored = serializers.BooleanField()


class PreviewQuerySerializer(serializers.Serializer):
    """Which part of a study to preview."""

    trial = serializers.IntegerField(
        min_value=1, max_value=2**31 - 1, default=1, help_text="The first trial shown, from 1."
    )
    language = serializers.CharField(max_length=40, default="", allow_blank=True)


class TruthSerializer(serializers.Serializer):
    """What is right about a practice trial."""

    right = serializers.DictField(child=serializers.ListField())
    why = serializers.CharField()


class PreviewSerializer(serializers.Serializer):
    """A study and some of its trials as a rater would see them; nothing of it is stored."""

    study = ShownStudySerializer()
    assignments = ShownAssignmentSerializer(many=True)
    progress = SessionProgressSerializer()
    practice = ShownAssignmentSerializer(many=True)
    truths = serializers.DictField(child=TruthSerializer(), help_text="By practice trial.")
    comprehension = serializers.DictField(child=serializers.IntegerField(), help_text="Right answers.")
    unfit = serializers.CharField(help_text="What a device that does not do is told; may be empty.")


class RefusalSerializer(serializers.Serializer):
    """Why something is refused: a code for programs, a sentence for people."""

    code = serializers.CharField()
    detail = serializers.CharField()
    completion = CompletionSerializer(
        required=False, help_text="The way back to the panel for somebody who is turned away."
    )


def first_problem(errors: Any) -> str:
    """Return the first sentence of nested validation errors, with the name of its field."""
    if isinstance(errors, dict) and errors:
        name, inner = next(iter(errors.items()))
        return first_problem(inner) if name == "non_field_errors" else f"{name}: {first_problem(inner)}"
    if isinstance(errors, list) and errors:
        return first_problem(errors[0])
    return str(errors)
