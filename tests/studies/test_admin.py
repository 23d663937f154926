"""Studies in the admin."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

import pytest
from django.contrib.auth.models import Permission, User
from django.template.response import SimpleTemplateResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from humaneval.jobs import services as jobs
from humaneval.jobs.models import Job, JobState
from humaneval.protocols import registry
from humaneval.protocols.registry import PROTOCOLS
from humaneval.rating.exclusions.declaring import declare_rules
from humaneval.rating.exclusions.rules import RULES
from humaneval.rating.models import RuleSet
from humaneval.studies import lifecycle
from humaneval.studies.admin import CHECKING, SHARING, STEERING
from humaneval.studies.forms import labelled
from humaneval.studies.models import Study, StudyState
from tests.factories import SessionFactory, draft_study, member, open_study, set_state

pytestmark = pytest.mark.django_db

ADD = "/admin/studies/study/add/"


@pytest.fixture
def page(staff: User, client: Client) -> Client:
    """A browser with staff signed in."""
    client.force_login(staff)
    return client


def change_url(study: Study) -> str:
    """Return the address of a study's page."""
    return reverse("admin:studies_study_change", args=(study.pk,))


def form_data(response: Any) -> dict[str, Any]:
    """Return what a browser would post if nothing on the page was touched."""
    context = response.context_data
    forms = [context["adminform"].form]
    for inline in context["inline_admin_formsets"]:
        forms += [inline.formset.management_form, *inline.formset.forms]
    values = {bound.html_name: bound.value() for form in forms for bound in form}
    return {name: value for name, value in values.items() if value is not None and value is not False}


def untouched(client: Client, study: Study) -> dict[str, Any]:
    """Return :func:`form_data` of a study's page, which is not drawn: that takes longer than all else."""
    with patch.object(SimpleTemplateResponse, "rendered_content", ""):
        return form_data(client.get(change_url(study)))


def new_study(sets, **changes) -> dict[str, Any]:
    """Return what the add form posts."""
    return {
        "name": "Faces",
        "protocol": "two_afc",
        "real_set": sets[0].pk,
        "generated_sets": [sets[1].pk, sets[2].pk],
        "trial_count": 30,
        "votes_per_trial": 2,
        "assignments_per_session": 10,
        **changes,
    }


def test_the_add_page_explains_protocols_and_offers_sets_with_their_sizes(sets, page):
    text = page.get(ADD).content.decode()
    assert "Half wrong means that raters cannot tell them apart." in text
    assert "Photos (8 samples)" in text
    assert "Model B (8 samples)" in text


def test_protocol_and_sets_are_all_that_a_new_study_needs(sets, page, staff):
    answer = page.post(ADD, new_study(sets))
    study = Study.objects.get()
    assert answer.headers["Location"] == change_url(study)
    assert (study.owner, study.state, study.trial_count) == (staff, "draft", 30)
    assert [str(condition) for condition in study.conditions.all()] == ["Photos", "Model A", "Model B"]
    assert study.questions.get().text == "Which image is real?"
    assert "voluntary" in study.consent_text


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"real_set": ""}, "real_set"),
        ({"generated_sets": []}, "generated_sets"),
        ({"protocol": "unheard_of"}, "protocol"),
        ({"trial_count": 0}, "trial_count"),
        ({"name": ""}, "name"),
    ],
)
def test_the_add_page_says_what_is_missing(sets, page, changes, field):
    answer = page.post(ADD, new_study(sets, **changes))
    assert answer.status_code == 200
    assert list(answer.context["adminform"].form.errors) == [field]
    assert not Study.objects.exists()


def test_a_real_set_may_be_missing_where_the_protocol_works_without(sets, page):
    page.post(ADD, new_study(sets, protocol="pairwise", real_set=""))
    assert Study.objects.get().conditions.count() == 2


def test_a_drafts_page_has_the_protocols_own_settings_as_fields(make_study, page):
    study = make_study("likert")
    answer = page.get(change_url(study))
    fields = answer.context["adminform"].form.fields
    assert {"setting_grid_size", "setting_same_prompt", "setting_show_prompt"} <= set(fields)
    assert "settings" not in fields
    data = {**form_data(answer), "setting_grid_size": 9, "setting_same_prompt": "on", "title": "Look!"}
    assert page.post(change_url(study), data).status_code == 302
    study.refresh_from_db()
    changed = {"grid_size": 9, "same_prompt": True}
    assert study.settings == registry.get("likert").checked_settings(changed)
    assert study.title == "Look!"


def test_a_setting_that_cannot_be_is_said_at_its_field(make_study, page):
    study = make_study("likert")
    data = {**untouched(page, study), "setting_grid_size": 99}
    answer = page.post(change_url(study), data)
    assert list(answer.context["adminform"].form.errors) == ["setting_grid_size"]


def test_questions_and_labels_are_edited_in_place(make_study, page):
    study = make_study("likert")
    data = untouched(page, study)
    data |= {"questions-0-text": "How nice?", "conditions-1-label": "Ours"}
    assert page.post(change_url(study), data).status_code == 302
    assert study.questions.get().text == "How nice?"
    assert str(study.conditions.all()[1]) == "Ours"


def test_dragging_changes_the_order_of_sets(make_study, page):
    study = make_study()
    data = untouched(page, study)
    data |= {"conditions-0-position": 1, "conditions-1-position": 2, "conditions-2-position": 0}
    page.post(change_url(study), data)
    assert [str(condition) for condition in study.conditions.all()] == ["Model B", "Photos", "Model A"]
    [conditions, _questions] = page.get(change_url(study)).context["inline_admin_formsets"]
    shown = [str(form.instance) for form in conditions.formset.initial_forms]
    assert shown == ["Model B", "Photos", "Model A"]


@pytest.mark.parametrize(("protocol", "has_scale"), [("likert", True), ("two_afc", False)])
def test_scales_are_asked_for_only_where_there_are_scales(make_study, page, protocol, has_scale):
    text = page.get(change_url(make_study(protocol))).content.decode()
    assert ("questions-0-low_label" in text) == has_scale


def test_a_launched_study_can_only_be_read_but_for_what_steers_collecting(make_study, page):
    study = make_study("likert")
    Study.objects.filter(pk=study.pk).update(state="open")
    answer = page.get(change_url(study))
    fields = set(answer.context["adminform"].form.fields)
    quotas = {"votes_per_trial", "assignments_per_session", "raters_at_most", "sessions_per_rater"}
    rows = {f"strata_{place}_{name}" for place in range(2) for name in ("name", "votes", "values")}
    assert fields == {
        "name",
        *rows,
        "strata_by",
        "strata_parameter",
        *quotas,
        "lease_minutes",
        "stop_rule",
        "stop_goal",
    }
    assert "Images in a grid: 1" in answer.content.decode()
    data = {**form_data(answer), "votes_per_trial": 7, "title": "Sneaked in"}
    assert page.post(change_url(study), data).status_code == 302
    study.refresh_from_db()
    assert (study.votes_per_trial, study.title) == (7, "Image rating")


def test_a_form_that_was_open_while_the_study_launched_is_refused_in_words(make_study, page, monkeypatch):
    study = make_study()
    data = {**untouched(page, study), "title": "Late"}
    clean = Study.full_clean

    def launched_meanwhile(self, *args, **kwargs):
        clean(self, *args, **kwargs)
        Study.objects.filter(pk=study.pk).update(state="launching")

    monkeypatch.setattr(Study, "full_clean", launched_meanwhile)
    answer = page.post(change_url(study), data, follow=True)
    assert "The study is launching by now" in answer.content.decode()
    study.refresh_from_db()
    assert study.title == "Image rating"


BUTTONS = {
    "draft": {"preview", "rules", "recruitment", "gold", "plan", "launch", "study_file"},
    "launching": {"preview", "rules", "recruitment", "cancel_launch", "study_file"},
    "open": {"preview", "rules", "recruitment", "pause", "close", "report", "exports", "study_file"},
    "paused": {"preview", "rules", "recruitment", "resume", "close", "report", "exports", "study_file"},
    "closed": {"preview", "rules", "recruitment", "report", "exports", "study_file"},
}


@pytest.mark.parametrize("state", BUTTONS)
def test_buttons_are_those_that_make_sense(make_study, page, state):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(state=state)
    shown = page.get(change_url(study)).context["actions_detail"]
    assert {button["path"].rstrip("/").split("/")[-1].replace("-", "_") for button in shown} == BUTTONS[state]


def test_recruitment_is_offered_to_those_who_may_look_at_it(make_study, client):
    user = member()
    client.force_login(user)
    study = make_study()
    assert "Recruitment" not in client.get(change_url(study)).content.decode()
    user.user_permissions.add(Permission.objects.get(codename="view_posting"))
    assert "Recruitment" in client.get(change_url(study)).content.decode()


def test_launching_asks_first_and_says_what_it_takes(make_study, page):
    study = make_study(trial_count=30, votes_per_trial=4, assignments_per_session=7)
    text = page.get(reverse("admin:studies_study_launch", args=(study.pk,))).content.decode()
    assert "30 trials with 4 votes each: 120 votes in all." in text
    assert "At least 18 raters are needed" in text
    study.refresh_from_db()
    assert study.state == "draft"


def test_launching_advises_before_it_is_confirmed(make_study, page):
    study = make_study("likert", trial_count=30)
    text = page.get(reverse("admin:studies_study_launch", args=(study.pk,))).content.decode()
    assert "fewer trials with more votes each collect as much." in text


def test_launching_warns_of_a_link_that_names_a_set(make_study, page):
    study = make_study(slug="is-model-a-real")
    address = reverse("admin:studies_study_launch", args=(study.pk,))
    assert "Raters read “Model A” in their link (is-model-a-real)" in page.get(address).content.decode()
    Study.objects.filter(pk=study.pk).update(slug="which-is-real")
    assert "Raters read" not in page.get(address).content.decode()


@pytest.mark.parametrize("move", ["launch", "resume", "cancel-launch"])
def test_what_the_state_does_not_allow_is_not_even_asked(make_study, page, move):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(state="open")
    name = f"admin:studies_study_{move.replace('-', '_')}"
    answer = page.get(reverse(name, args=(study.pk,)), follow=True)
    assert answer.redirect_chain == [(change_url(study), 302)]
    assert "is open and cannot become" in answer.content.decode()


def test_a_confirmed_launch_starts_and_the_page_follows_it(image_sets, page, staff):
    page.post(ADD, new_study(image_sets))
    study = Study.objects.get()
    page.post(reverse("admin:studies_study_launch", args=(study.pk,)))
    study.refresh_from_db()
    assert study.state == "launching"
    answer = page.get(change_url(study))
    assert answer.headers["Refresh"] == "3"
    assert "<progress" in answer.content.decode()
    assert "none has looked into the queue" not in answer.content.decode()
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    assert "none has looked into the queue" in page.get(change_url(study)).content.decode()
    jobs.run(study.launch_job_id)
    answer = page.get(change_url(study))
    assert "Refresh" not in answer.headers
    assert f"/s/{study.slug}/" in answer.content.decode()


def test_a_study_that_cannot_be_launched_says_why_and_offers_no_button(make_study, page):
    study = make_study(conditions=[])
    url = reverse("admin:studies_study_launch", args=(study.pk,))
    answer = page.get(url)
    assert "needs at least 1 real sample set" in answer.content.decode()
    assert answer.context["checklist"].problems
    assert ">Launch<" not in answer.content.decode().replace("\n", "").replace(" ", "")
    text = page.post(url, follow=True).content.decode()
    assert "needs at least 1 real sample set" in text
    study.refresh_from_db()
    assert study.state == "draft"


def test_the_page_says_why_the_last_launch_failed(make_study, page):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(launch_error="The disk is full.")
    assert "The disk is full." in page.get(change_url(study)).content.decode()


def test_a_launch_whose_job_is_dead_can_be_taken_back(make_study, page):
    study = lifecycle.launch(make_study())
    Job.objects.update(state=JobState.FAILED, error="Out of memory.")
    answer = page.get(change_url(study))
    assert "The launch broke off: Out of memory." in answer.content.decode()
    assert "Refresh" not in answer.headers
    page.post(reverse("admin:studies_study_cancel_launch", args=(study.pk,)))
    study.refresh_from_db()
    assert study.state == "draft"


@pytest.mark.parametrize(
    ("before", "button", "after"),
    [("open", "pause", "paused"), ("paused", "resume", "open"), ("open", "close", "closed")],
)
def test_pause_resume_and_close_ask_and_then_do(make_study, page, before, button, after):
    study = make_study()
    Study.objects.filter(pk=study.pk).update(state=before)
    url = reverse(f"admin:studies_study_{button}", args=(study.pk,))
    assert page.get(url).status_code == 200
    study.refresh_from_db()
    assert study.state == before
    page.post(url)
    study.refresh_from_db()
    assert study.state == after


def test_staff_who_may_only_look_cannot_launch(make_study, client):
    client.force_login(member())
    study = make_study()
    assert client.get(change_url(study)).status_code == 200
    assert client.post(reverse("admin:studies_study_launch", args=(study.pk,))).status_code == 403
    study.refresh_from_db()
    assert study.state == "draft"


def test_only_drafts_and_closed_studies_offer_to_be_deleted(make_study, page):
    study = make_study()
    url = reverse("admin:studies_study_delete", args=(study.pk,))
    Study.objects.filter(pk=study.pk).update(state="open")
    assert page.post(url, {"post": "yes"}).status_code == 403
    Study.objects.filter(pk=study.pk).update(state="draft")
    assert page.post(url, {"post": "yes"}).status_code == 302
    assert not Study.objects.exists()


def test_what_belongs_to_a_study_goes_with_it_and_the_page_says_how_much(page):
    study = open_study(trial_count=5)
    set_state(study, StudyState.CLOSED)
    declare_rules(study=study, name="strict", rules={next(iter(RULES)): {}})
    url = reverse("admin:studies_study_delete", args=(study.pk,))
    assert "Trials: 5" in page.get(url).content.decode()
    assert page.post(url, {"post": "yes"}).status_code == 302
    assert not Study.objects.exists()
    assert not RuleSet.objects.exists()


def test_a_study_that_raters_came_to_is_kept_and_the_page_says_why(page):
    study = open_study(trial_count=5)
    SessionFactory(study=study)
    set_state(study, StudyState.CLOSED)
    url = reverse("admin:studies_study_delete", args=(study.pk,))
    assert "sessions: 1" in page.get(url).content.decode()
    page.post(url, {"post": "yes"})
    assert Study.objects.exists()


def test_the_list_takes_few_queries_however_many_studies(make_study, page, django_assert_max_num_queries):
    for number in range(6):
        make_study(name=f"Study {number}")
    page.get("/admin/studies/study/")
    with django_assert_max_num_queries(12):
        text = page.get("/admin/studies/study/").content.decode()
    assert "Two-alternative forced choice" in text


def test_trials_can_be_looked_at(image_sets, page):
    page.post(ADD, new_study(image_sets))
    study = Study.objects.get()
    jobs.run(lifecycle.launch(study).launch_job_id)
    answer = page.get("/admin/studies/trial/", {"study__id__exact": study.pk})
    assert answer.status_code == 200
    assert answer.context["cl"].result_count == 30


def test_sizes_of_sets_have_thousands_set_apart():
    assert labelled(SimpleNamespace(name="Photos", sample_count=2500)) == "Photos (2,500 samples)"


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_every_choice_of_a_draft_has_help_and_only_what_the_protocol_needs_is_shown(admin_client, protocol):
    study = draft_study(protocol=protocol, generated=3)
    page = admin_client.get(reverse("admin:studies_study_change", args=[study.pk]))
    form = page.context["adminform"].form
    assert [name for name, field in form.fields.items() if not field.help_text] == []
    unseen = {"position", "id", "DELETE", "study"}
    for inline in page.context["inline_admin_formsets"]:
        fields = inline.formset.empty_form.fields
        assert [name for name, field in fields.items() if not field.help_text and name not in unseen] == []
    kind = PROTOCOLS[protocol]
    assert ("gold_drawn" in form.fields) is kind.knows_answers
    assert ("adaptive" in form.fields) is (kind.analysis == "preference")
    questions = page.context["inline_admin_formsets"][1].formset.empty_form.fields
    assert ("points" in questions) is kind.uses_scale
    settings = {name.removeprefix("setting_") for name in form.fields if name.startswith("setting_")}
    assert settings == {setting.name for setting in kind.settings}


ALWAYS = {
    "unique_samples",
    "raters_at_most",
    "sessions_per_rater",
    "repeats_per_session",
    "gold_per_block",
}
RATES = ({"stop_rule", "stop_goal", "gold_drawn"}, {"", "chance", "width"})
OFFERED = {
    "two_afc": RATES,
    "real_or_fake": RATES,
    "timed_real_or_fake": RATES,
    "likert": ({"stop_rule", "stop_goal"}, {"", "width"}),
    "pairwise": ({"stop_rule", "adaptive"}, {"", "best"}),
    "ranking": (set(), set()),
    "duplicates": (set(), set()),
}
"""What a draft's form has beside what all have, by protocol, and the rules to stop that it offers."""
WITH_PROMPTS = {"two_afc", "likert", "pairwise", "ranking"}


@pytest.mark.parametrize("prompts", [0, 4])
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_draft_offers_what_its_protocol_can_use_and_nothing_else(page, protocol, prompts):
    study = draft_study(protocol=protocol, generated=4, samples=8, prompts=prompts)
    form = page.get(change_url(study)).context["adminform"].form
    asked = {*CHECKING, *SHARING, *STEERING}
    own, rules = OFFERED[protocol]
    own = own | ({"unique_prompts"} if prompts and protocol in WITH_PROMPTS else set())
    assert asked & set(form.fields) == ALWAYS | own
    if rules:
        assert {value for value, _label in form.fields["stop_rule"].choices} == rules


def test_what_is_set_and_cannot_be_used_stays_to_be_unset(make_study, page):
    study = make_study("likert")
    Study.objects.filter(pk=study.pk).update(stop_rule="best", adaptive=True, unique_prompts=True)
    answer = page.get(change_url(study))
    assert {"stop_rule", "adaptive", "unique_prompts"} <= set(answer.context["adminform"].form.fields)
    refused = page.post(change_url(study), form_data(answer))
    assert "stop_rule" in refused.context["adminform"].form.errors
    data = {name: value for name, value in form_data(answer).items() if value is not True}
    assert page.post(change_url(study), {**data, "stop_rule": ""}).status_code == 302
    study.refresh_from_db()
    assert (study.stop_rule, study.adaptive, study.unique_prompts) == ("", False, False)
    assert not {"adaptive", "unique_prompts"} & set(
        page.get(change_url(study)).context["adminform"].form.fields
    )
