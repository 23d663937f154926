"""Addresses of this app."""

from __future__ import annotations

from django.urls import path

from humaneval.recruitment import pages, restored_pages
from humaneval.recruitment.link import pages as link_pages
from humaneval.recruitment.mturk import pages as mturk_pages
from humaneval.recruitment.prolific import webhooks

app_name = "recruitment"
urlpatterns = [
    path("studies/<slug:slug>/recruitment/", pages.overview, name="overview"),
    path("studies/<slug:slug>/recruitment/ledger.csv", pages.ledger_csv, name="ledger-csv"),
    path("studies/<slug:slug>/recruitment/raters.csv", pages.raters_csv, name="raters-csv"),
    path("recruitment/money/", pages.money, name="money"),
    path("studies/<slug:slug>/mturk-archive/", mturk_pages.archive, name="mturk-archive"),
    path("studies/<slug:slug>/invitations/", link_pages.invitations, name="invitations"),
    path("studies/<slug:slug>/invitations/links.csv", link_pages.links_csv, name="links-csv"),
    path("postings/<int:pk>/publish/", pages.publish, name="publish"),
    path("postings/<int:pk>/pause/", pages.pause, name="pause"),
    path("postings/<int:pk>/resume/", pages.resume, name="resume"),
    path("postings/<int:pk>/stop/", pages.stop, name="stop"),
    path("postings/<int:pk>/remove/", pages.remove, name="remove"),
    path("postings/<int:pk>/places/", pages.extend, name="extend"),
    path("postings/<int:pk>/look/", pages.look, name="look"),
    path("postings/<int:pk>/release/", restored_pages.release, name="release"),
    path("postings/<int:pk>/approve/", pages.approve, name="approve"),
    path("postings/<int:pk>/top-up/", pages.top_up, name="top-up"),
    path("submissions/<int:pk>/approve/", pages.approve_one, name="approve-one"),
    path("submissions/<int:pk>/reject/", pages.reject, name="reject"),
    path("submissions/<int:pk>/overturn/", pages.overturn, name="overturn"),
    path("submissions/<int:pk>/block/", pages.block, name="block"),
    path("submissions/<int:pk>/bonus/", pages.bonus, name="bonus"),
    path("intents/<int:pk>/resolve/", pages.resolve, name="resolve"),
    path("intents/<int:pk>/again/", pages.again, name="again"),
    path("panels/prolific/events/", webhooks.receive, name="prolific-events"),
    path("panels/mturk/<int:posting_id>/", mturk_pages.entrance, name="mturk-entrance"),
    path("panels/mturk/hand-in/<str:token>/", mturk_pages.hand_in, name="mturk-hand-in"),
]
