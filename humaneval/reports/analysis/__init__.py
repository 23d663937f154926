"""From votes to estimates: one module for each kind of answer (rates, scales, preferences) and agreement."""
