"""Snapshots in the admin: listed, opened, never changed."""

from __future__ import annotations

import pytest

from humaneval.reports.snapshots import take_snapshot


@pytest.fixture
def snapshot(two_afc):
    return take_snapshot(study=two_afc)


def test_the_list_leads_to_the_page_and_reads_no_payload(
    snapshot, admin_client, django_assert_max_num_queries
):
    with django_assert_max_num_queries(14) as queries:
        page = admin_client.get("/admin/reports/snapshot/").content.decode()
    assert f"/studies/digits/report/?snapshot={snapshot.pk}" in page
    assert not [one for one in queries.captured_queries if '"payload"' in one["sql"]]


def test_a_snapshot_can_be_looked_at_but_not_changed(snapshot, admin_client):
    address = f"/admin/reports/snapshot/{snapshot.pk}/change/"
    assert "Open" in admin_client.get(address).content.decode()
    assert admin_client.post(address, {"vote_count": 9}).status_code == 403
    assert admin_client.get("/admin/reports/snapshot/add/").status_code == 403
    assert (
        admin_client.post(f"/admin/reports/snapshot/{snapshot.pk}/delete/", {"post": "yes"}).status_code
        == 403
    )
