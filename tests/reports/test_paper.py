"""What of long tables is printed: the first rows, and where the others stand."""

from __future__ import annotations

from django.template import Context, Template

from humaneval.reports.templatetags.paper import ROWS, SLACK

TABLE = Template(
    "{% load paper %}{% for row in rows %}<tr{% beyond rows forloop.counter %}>{% endfor %}"
    '{% more_rows rows "comparisons.csv" %}'
)


def drawn(rows: int) -> str:
    return TABLE.render(Context({"rows": list(range(rows))}))


def test_later_rows_of_a_long_table_are_marked_and_its_file_is_named():
    page = drawn(136)
    assert (page.count("<tr>"), page.count('<tr class="beyond">')) == (ROWS, 136 - ROWS)
    assert f"Printed are the first {ROWS} of 136 rows; all of them stand in comparisons.csv" in page
    assert '<p class="paper-only' in page


def test_a_table_of_a_few_more_is_printed_whole():
    page = drawn(ROWS + SLACK)
    assert (page.count("<tr>"), "beyond" in page, "Printed" in page) == (ROWS + SLACK, False, False)
    assert "beyond" in drawn(ROWS + SLACK + 1)
