"""Charts: the same bytes for the same numbers, and nothing that a strict page would refuse."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from xml.etree import ElementTree as ET

from humaneval.reports.charts.distribution import draw_distribution
from humaneval.reports.charts.estimates import draw_estimates
from humaneval.reports.charts.palette import THEMED, scale_colours
from humaneval.reports.charts.scatter import Point, draw_scatter
from humaneval.reports.results import Estimate, Interval


def estimate(label: str, value: float, **changes) -> Estimate:
    facts = {
        "condition": 1, "label": label, "kind": "generated", "question": "q", "measure": "share",
        "measure_label": "Share fooled", "unit": "share", "headline": True, "estimate": value,
        "interval": Interval(value - 0.1, value + 0.1, 0.05, "clustered"),
        "naive": Interval(value - 0.05, value + 0.05, 0.02, "Wilson"), "votes": 10, "raters": 5, "items": 4,
        "method": "clustered", "design_effect": 2.0, "simulated": False,
    }  # fmt: skip
    return Estimate(**(facts | changes))


def draw(**changes) -> str:
    arguments = {"name": "c", "title": "Shares", "width": 700.0, "reference": (0.5, "even")} | changes
    return draw_estimates([estimate("one", 0.4), estimate("two", 0.3, kind="real")], **arguments)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314 (our own drawing)


def test_the_same_numbers_give_the_same_bytes():
    assert draw() == draw()


def test_threads_do_not_disturb_each_other():
    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(lambda _: draw(), range(8)))) == 1


def test_there_is_no_style_no_script_no_date_and_no_fixed_ink():
    svg = draw()
    assert "style" not in svg
    assert "<script" not in svg
    assert "metadata" not in svg
    assert "currentColor" in svg
    assert not [colour for colour in THEMED if colour in svg]


def test_ids_carry_the_charts_name_and_every_reference_resolves():
    root = parsed(draw(name="mine"))
    text = ET.tostring(root, encoding="unicode")
    identifiers = set(re.findall(r' id="([^"]+)"', text))
    assert all(one.startswith("mine-") for one in identifiers)
    references = re.findall(r'href="#([^"]+)"|url\(#([^)]+)\)', text)
    assert {one or two for one, two in references} <= identifiers


def test_title_and_description_say_what_is_shown():
    root = parsed(draw())
    title, description = root[0], root[1]
    assert title.text == "Shares"
    assert "one: 40.0% [30.0, 50.0]" in (description.text or "")


def test_labels_are_text_as_given_dollars_and_brackets_too():
    svg = draw_estimates([estimate("$a_1$ <b>&", 0.4)], name="c", title="t", width=340)
    texts = ["".join(element.itertext()) for element in parsed(svg).iter() if element.tag.endswith("text")]
    assert "$a_1$ <b>&" in texts


def test_an_estimate_without_an_interval_is_still_drawn():
    bare = Interval(None, None, None, "too few")
    svg = draw_estimates([estimate("one", 0.4, interval=bare, naive=bare)], name="c", title="t", width=700)
    assert "40.0% no interval" in svg


def test_a_distribution_names_points_and_shares():
    svg = draw_distribution(
        [estimate("one", 3.0, distribution=[1, 0, 3])],
        labels=["1 low", "2", "3 high"],
        name="d",
        title="t",
        width=700,
    )
    assert "one: 1 low 25%, 2 0%, 3 high 75%" in svg


def test_a_scatter_draws_points_whose_errors_are_not_known():
    points = [Point("a", 1.0, None, None, 0.5, 0.4, 0.6), Point("b", 1.0, 0.5, 1.5, 0.5, None, None)]
    svg = draw_scatter(points, name="s", title="t", score_label="FID", human_label="People", unit="share")
    assert "a: people 50.0% [40.0, 60.0], score 1.000; b: " in svg
    assert "b: people 50.0% no interval, score 1.000 [0.5000, 1.500]." in svg


def test_every_point_of_a_scale_has_a_colour_of_its_own():
    for points in range(1, 12):
        assert len(set(scale_colours(points))) == points
