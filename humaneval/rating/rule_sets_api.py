"""For researchers: declaring a study's rules, reading them, and what each version leaves out and why."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import exceptions, serializers, status
from rest_framework.authentication import SessionAuthentication
from rest_framework.permissions import IsAdminUser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from humaneval.rating import exclusions
from humaneval.rating.models import RuleSet
from humaneval.studies.models import Study
from humaneval.teams.access import find
from humaneval.teams.authentication import ApiTokenAuthentication


class RuleSetSerializer(serializers.ModelSerializer[RuleSet]):
    """One version of a study's rules."""

    name = serializers.CharField(max_length=120)
    rules = serializers.DictField(
        child=serializers.DictField(child=serializers.FloatField()),
        help_text="Each rule's settings by its name; settings left out take their defaults.",
    )

    class Meta:
        model = RuleSet
        fields = ("version", "name", "rules", "declared_at", "before_launch")
        read_only_fields = ("version", "declared_at", "before_launch")


_ReasonsSerializer = inline_serializer(
    "ExcludedVote",
    {
        "vote": serializers.IntegerField(),
        "reasons": serializers.DictField(child=serializers.CharField(), help_text="Sentences by rule."),
    },
)
ExclusionsSerializer = inline_serializer(
    "Exclusions",
    {
        "rule_set": RuleSetSerializer(),
        "counts": serializers.DictField(child=serializers.IntegerField(), help_text="Votes by rule."),
        "votes": serializers.ListField(child=_ReasonsSerializer),
    },
)


class ResearcherView(APIView):
    """What both addresses share."""

    authentication_classes = [ApiTokenAuthentication, SessionAuthentication]
    permission_classes = [IsAdminUser]


class RuleSetsView(ResearcherView):
    """A study's rules."""

    @extend_schema(operation_id="study_rule_sets", responses=RuleSetSerializer(many=True))
    def get(self, request: Request, slug: str) -> Response:
        """Return all versions, in order."""
        study = find(request.user, Study.objects.all(), "rating.view_ruleset", slug=slug)
        return Response(RuleSetSerializer(study.rule_sets.order_by("version"), many=True).data)

    @extend_schema(
        operation_id="study_declare_rules", request=RuleSetSerializer, responses={201: RuleSetSerializer}
    )
    def post(self, request: Request, slug: str) -> Response:
        """Declare the next version; one declared after launch stands beside those before, marked so."""
        study = find(request.user, Study.objects.all(), "rating.add_ruleset", slug=slug)
        asked = RuleSetSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        try:
            declared = exclusions.declare_rules(study=study, user=request.user, **asked.validated_data)
        except ValidationError as error:
            raise exceptions.ValidationError(error.message_dict) from error
        return Response(RuleSetSerializer(declared).data, status=status.HTTP_201_CREATED)


class ExclusionsView(ResearcherView):
    """What one version leaves out."""

    @extend_schema(operation_id="study_exclusions", responses=ExclusionsSerializer)
    def get(self, request: Request, slug: str, version: int) -> Response:
        """Return each vote that the rules leave out at present, with its reasons."""
        rows = RuleSet.objects.select_related("study")
        rule_set = find(request.user, rows, study__slug=slug, version=version)
        found = exclusions.excluded(rule_set.study, rule_set)
        body: dict[str, Any] = {
            "rule_set": RuleSetSerializer(rule_set).data,
            "counts": exclusions.counts_by_rule(found),
            "votes": [
                {"vote": vote, "reasons": {reason.rule: reason.text for reason in found[vote]}}
                for vote in sorted(found)
            ],
        }
        return Response(body)
