"""Exports of other tools: one module each, which yields rows with a column for each thing said."""
