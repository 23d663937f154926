"""`manage.py import_samples`."""

from __future__ import annotations

import io

import pytest
from django.core.management import CommandError, call_command

from humaneval.samples.models import Sample, SampleSet
from tests.samples.pictures import png, write

pytestmark = pytest.mark.django_db


def import_samples(*arguments: object, **options: object) -> tuple[str, str]:
    """Run the command; return what it wrote to both channels."""
    out, err = io.StringIO(), io.StringIO()
    call_command("import_samples", *map(str, arguments), stdout=out, stderr=err, **options)
    return out.getvalue(), err.getvalue()


def test_it_makes_the_set_and_says_what_came_in(folder):
    write(folder, {"1.png": png(1), "2.png": b"no picture"})
    out, err = import_samples("VAE at step 10", folder, "--kind", "generated", "--description", "mine")
    assert out == "VAE at step 10: 1 added, 0 unchanged, 1 rejected.\n"
    assert "rejected: 2.png: not an image" in err
    made = SampleSet.objects.get()
    assert (made.name, made.slug, made.kind, made.description) == (
        "VAE at step 10",
        "vae-at-step-10",
        "generated",
        "mine",
    )


def test_doing_it_again_changes_nothing_by_name_or_by_slug(folder):
    write(folder, {"1.png": png(1)})
    import_samples("VAE A", folder, "--kind", "generated")
    for name in ("VAE A", "vae-a"):
        out, _ = import_samples(name, folder, "--kind", "generated")
        assert out == "VAE A: 0 added, 1 unchanged, 0 rejected.\n"


def test_a_set_of_the_other_kind_is_not_touched(folder):
    write(folder, {"1.png": png(1)})
    import_samples("A", folder, "--kind", "real")
    with pytest.raises(CommandError, match="is real, not generated"):
        import_samples("A", folder, "--kind", "generated")


def test_a_refused_import_fails_lists_the_bad_files_and_leaves_no_empty_set(folder, capsys):
    write(folder, {"1.png": png(1), "2.png": b"no picture"})
    err = io.StringIO()
    with pytest.raises(CommandError, match="strict"):
        call_command("import_samples", "A", str(folder), "--kind", "real", "--strict", stderr=err)
    assert "2.png: not an image" in err.getvalue()
    assert not SampleSet.objects.exists()


def test_a_folder_that_is_not_there_is_a_sentence(tmp_path):
    with pytest.raises(CommandError, match="There is no folder"):
        import_samples("A", tmp_path / "nowhere", "--kind", "real")


def test_prompts_are_read_from_the_file_named(folder, tmp_path):
    write(folder, {"1.png": png(1)})
    table = tmp_path / "captions.csv"
    table.write_text("name,prompt,category\n1.png,one,digits\n")
    import_samples("A", folder, "--kind", "generated", "--prompts", table)
    assert str(Sample.objects.get().prompt) == "one"
    with pytest.raises(CommandError, match="cannot be read: No such file"):
        import_samples("A", folder, "--kind", "generated", "--prompts", tmp_path / "no.csv")
