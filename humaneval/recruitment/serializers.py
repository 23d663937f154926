"""Recruitment in JSON: money as strings of exact decimals, people under their pseudonyms."""

from __future__ import annotations

from typing import Any

from rest_framework import serializers

from humaneval.recruitment.models import Intent, Posting
from humaneval.recruitment.recruiters import choices


def money(**options: Any) -> serializers.DecimalField:
    """Return a field for an amount with two decimals."""
    return serializers.DecimalField(max_digits=12, decimal_places=2, **options)


class PostingSerializer(serializers.ModelSerializer[Posting]):
    """A study on a panel."""

    panel = serializers.CharField(max_length=40)

    class Meta:
        model = Posting
        fields = (
            "id",
            "panel",
            "state",
            "title",
            "description",
            "places",
            "reward",
            "currency",
            "minutes",
            "target_wage",
            "budget",
            "options",
            "problem",
            "polled_at",
            "restored_at",
        )
        read_only_fields = ("id", "state", "problem", "polled_at", "restored_at")

    def validate_panel(self, panel: str) -> str:
        """Return the name if there is such a panel."""
        if panel not in dict(choices()):
            known = ", ".join(dict(choices()))
            raise serializers.ValidationError(f"No panel is called “{panel}”; there are {known}.")
        return panel

    def validate_options(self, options: Any) -> Any:
        """Return the options if they are an object."""
        if not isinstance(options, dict):
            raise serializers.ValidationError("Options are a JSON object.")
        return options


class TotalsSerializer(serializers.Serializer):
    """Sums of money in one currency."""

    currency = serializers.CharField()
    base = money()
    bonus = money()
    screen_out = money()
    paid = money()
    fees = money()
    owed = money()
    owed_fees = money()
    promised = money(help_text="For places that are open or at work.")
    promised_fees = money()
    committed = money(help_text="All of these together.")


class WagesSerializer(serializers.Serializer):
    """What an hour has paid, over finished submissions."""

    count = serializers.IntegerField()
    median = money(allow_null=True)
    low = money(allow_null=True, help_text="The 10th percentile.")


class PostingStatusSerializer(serializers.Serializer):
    """A posting with its people and money."""

    posting = PostingSerializer()
    is_standin = serializers.BooleanField(help_text="Its people are programs.")
    submissions = serializers.DictField(child=serializers.IntegerField(), help_text="Counts by state.")
    totals = TotalsSerializer()
    wages = WagesSerializer()
    budget_left = money(allow_null=True)
    warning = serializers.CharField(help_text="That the budget nears its end; else empty.")


class RecruitmentSerializer(serializers.Serializer):
    """Where a study's recruitment stands."""

    postings = PostingStatusSerializer(many=True)
    totals = TotalsSerializer(many=True)


class LedgerRowSerializer(serializers.Serializer):
    """One payment."""

    at = serializers.DateTimeField()
    panel = serializers.CharField()
    posting = serializers.CharField()
    rater = serializers.CharField(help_text="Pseudonym; empty for who never came.")
    simulated = serializers.CharField()
    kind = serializers.CharField()
    amount = money()
    fee = money()
    currency = serializers.CharField()
    asked_by = serializers.CharField(help_text="Empty where a rule or the panel paid.")


class RaterRowSerializer(serializers.Serializer):
    """One person's place in a posting, with the money."""

    rater = serializers.CharField(help_text="Pseudonym; empty for who never came.")
    simulated = serializers.CharField()
    panel = serializers.CharField()
    posting = serializers.CharField()
    submission = serializers.CharField(help_text="The panel's own id.")
    state = serializers.CharField()
    owed = money()
    base = money()
    bonus = money()
    screen_out = money()
    paid = money()
    fees = money()
    currency = serializers.CharField()
    hours = serializers.CharField(help_text="Empty where nobody knows.")
    hourly = serializers.CharField(help_text="Empty where nobody knows.")


class StudyMoneySerializer(serializers.Serializer):
    """What one study has cost in one currency."""

    study = serializers.CharField()
    totals = TotalsSerializer()


class MoneySerializer(serializers.Serializer):
    """What studies have cost."""

    studies = StudyMoneySerializer(many=True)
    totals = TotalsSerializer(many=True)


class CaseSerializer(serializers.Serializer):
    """Where panel and platform tell different stories of somebody."""

    kind = serializers.CharField()
    words = serializers.CharField()
    action = serializers.CharField(help_text="What to do.")
    posting = serializers.IntegerField(source="submission.posting_id")
    submission = serializers.IntegerField(source="submission.pk")
    state = serializers.CharField(source="submission.state")
    rater = serializers.SerializerMethodField()

    def get_rater(self, case: Any) -> str:
        """Return the pseudonym, empty for who never came."""
        return case.session.rater.pseudonym if case.session else ""


class EstimateSerializer(serializers.Serializer):
    """What publishing would cost; ``problems`` stand in its way."""

    places = serializers.IntegerField()
    rewards = money()
    fees = money()
    total = money()
    currency = serializers.CharField()
    problems = serializers.ListField(child=serializers.CharField())


class ConfirmedTotalSerializer(serializers.Serializer):
    """The total cost that a person has seen and confirms."""

    total = money()


class BonusesSerializer(serializers.Serializer):
    """Bonuses by submission; the same ``confirmation`` pays once."""

    amounts = serializers.DictField(child=money(), help_text="Amount by the submission's id.")
    total = money(help_text="With fees, as the person has seen it.")
    reason = serializers.CharField(max_length=200, allow_blank=True, default="")
    confirmation = serializers.RegexField(r"^[A-Za-z0-9_-]{8,40}$")

    def validate_amounts(self, amounts: dict[str, Any]) -> dict[int, Any]:
        """Return the amounts by number."""
        if not all(key.isascii() and key.isdecimal() and len(key) < 19 for key in amounts):
            raise serializers.ValidationError("Amounts are given by the number of a submission.")
        return {int(key): amount for key, amount in amounts.items()}


class IntentSerializer(serializers.ModelSerializer[Intent]):
    """A call to a panel, and what became of it."""

    class Meta:
        model = Intent
        fields = ("id", "posting", "kind", "state", "problem", "created_at", "settled_at")
        read_only_fields = fields


class RefusedSerializer(serializers.Serializer):
    """Why something is refused."""

    detail = serializers.CharField()
