"""docs/protocols.md says what the protocols say: settings, defaults, and where staircases come to rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from humaneval.protocols.base import CANNOT_TELL
from humaneval.protocols.registry import PROTOCOLS
from humaneval.protocols.staircases import RULES

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "protocols.md").read_text(encoding="utf-8")


def cells_of(name: str) -> list[str]:
    """Return the cells of the table row that begins with a name."""
    rows = [line for line in PAGE.splitlines() if line.startswith(f"| `{name}`")]
    assert len(rows) == 1, f"one row for {name}"
    return [cell.strip() for cell in rows[0].strip("|").split("|")]


def written(default: object) -> str:
    """Return a default as the page writes it."""
    if isinstance(default, bool):
        return "yes" if default else "no"
    return f"`{default}`" if isinstance(default, str) else str(default)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_setting_is_named_with_its_default(protocol: str) -> None:
    _, said, _ = cells_of(protocol)
    defaults = dict(re.findall(r"`(\w+)` \(([^);,]+)", said))
    own = [setting for setting in PROTOCOLS[protocol].settings if setting != CANNOT_TELL]
    assert {name: words.rstrip("%") for name, words in defaults.items()} == {
        setting.name: written(setting.default) for setting in own
    }


@pytest.mark.parametrize("name", RULES)
def test_every_staircase_rule_is_told_with_the_share_it_comes_to_rest_at(name: str) -> None:
    rule = RULES[name]
    _, run, shorter, longer, rest = cells_of(name)
    assert (run, shorter, longer) == (str(rule.run), f"{rule.down_ms} ms", f"{rule.up_ms} ms")
    assert rest.startswith(f"{100 * rule.target:.1f}%")
    assert rule.converges != ("below chance" in rest)
