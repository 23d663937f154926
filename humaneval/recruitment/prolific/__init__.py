"""Prolific: https://docs.prolific.com/api-reference."""
