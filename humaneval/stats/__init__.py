"""Statistics of what people said, with honest uncertainty: arrays in, result objects out.

README.md beside this file lists every name with the question it answers.
"""

from humaneval.stats.active import next_pairs
from humaneval.stats.agreement import fleiss_kappa, gwet_ac, krippendorff_alpha, percent_agreement
from humaneval.stats.agreement_overview import agreement_overview
from humaneval.stats.batch_influence import batch_influence_on_winner
from humaneval.stats.bradley_terry import bradley_terry
from humaneval.stats.concordance import kendall_w
from humaneval.stats.condition_means import condition_means
from humaneval.stats.conditions import by_condition
from humaneval.stats.correlations import correlation
from humaneval.stats.crowd_ranking import crowd_bradley_terry
from humaneval.stats.dependent_correlations import compare_correlations, permutation_both, permutation_test
from humaneval.stats.detection import dprime, ordinal_dprime
from humaneval.stats.differences import mean_difference, rate_difference
from humaneval.stats.errors import DisconnectedError, InputError, NotEstimableError, StatsError
from humaneval.stats.human_metric import human_metric_correlation, noise_ceiling
from humaneval.stats.hype import hype_score
from humaneval.stats.icc import icc
from humaneval.stats.influence import ranking_influence, winner_influence
from humaneval.stats.item_correlations import item_correlations
from humaneval.stats.kappa import cohen_kappa
from humaneval.stats.latent_truth import dawid_skene, mace, one_coin
from humaneval.stats.lineup_correlations import lineup_correlations
from humaneval.stats.mean_influence import mean_influence_on_winner
from humaneval.stats.multiplicity import adjust_pvalues
from humaneval.stats.opinion import answer_distribution, mean_opinion_score
from humaneval.stats.order_agreement import order_agreement
from humaneval.stats.ordinal import cumulative_link
from humaneval.stats.pairwise_accuracy import pairwise_accuracy, soft_pairwise_accuracy
from humaneval.stats.plackett_luce import plackett_luce
from humaneval.stats.planning import allocation, design_effect, power, sample_size
from humaneval.stats.psychometric import psychometric, staircase_threshold
from humaneval.stats.ranking import expected_ranks, ranking, win_rate
from humaneval.stats.rater_quality import gold_accuracy, rater_quality, repeat_consistency
from humaneval.stats.rates import rate
from humaneval.stats.results import Interval, Result, Tested
from humaneval.stats.sequential import anytime_multiplier, confidence_sequence, sequential_difference
from humaneval.stats.stopping import StopDecision, stop_for_best, stop_for_width, stop_for_winner
from humaneval.stats.thurstone import thurstone
from humaneval.stats.uncertain_correlation import uncertain_correlation
from humaneval.stats.weighted_estimates import reliability_weighted_means
from humaneval.stats.within_raters import within_contrast, within_slope

__all__ = [
    "DisconnectedError",
    "InputError",
    "Interval",
    "NotEstimableError",
    "Result",
    "StatsError",
    "StopDecision",
    "Tested",
    "adjust_pvalues",
    "agreement_overview",
    "allocation",
    "answer_distribution",
    "anytime_multiplier",
    "batch_influence_on_winner",
    "bradley_terry",
    "by_condition",
    "cohen_kappa",
    "compare_correlations",
    "condition_means",
    "confidence_sequence",
    "correlation",
    "crowd_bradley_terry",
    "cumulative_link",
    "dawid_skene",
    "design_effect",
    "dprime",
    "expected_ranks",
    "fleiss_kappa",
    "gold_accuracy",
    "gwet_ac",
    "human_metric_correlation",
    "hype_score",
    "icc",
    "item_correlations",
    "kendall_w",
    "krippendorff_alpha",
    "lineup_correlations",
    "mace",
    "mean_difference",
    "mean_influence_on_winner",
    "mean_opinion_score",
    "next_pairs",
    "noise_ceiling",
    "one_coin",
    "order_agreement",
    "ordinal_dprime",
    "pairwise_accuracy",
    "percent_agreement",
    "permutation_both",
    "permutation_test",
    "plackett_luce",
    "power",
    "psychometric",
    "ranking",
    "ranking_influence",
    "rate",
    "rate_difference",
    "rater_quality",
    "reliability_weighted_means",
    "repeat_consistency",
    "sample_size",
    "sequential_difference",
    "soft_pairwise_accuracy",
    "staircase_threshold",
    "stop_for_best",
    "stop_for_width",
    "stop_for_winner",
    "thurstone",
    "uncertain_correlation",
    "win_rate",
    "winner_influence",
    "within_contrast",
    "within_slope",
]
