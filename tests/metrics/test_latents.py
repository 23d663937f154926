"""Active units and KL of a VAE's posterior, and the files they are read from."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.numpy import save_file

from metrics import active_units
from metrics.errors import InvalidInput
from metrics.latents import active_units_from_kl, read_latents


def collapsed_posterior(n=500, active=6, dimension=20):
    """Return a posterior whose last dimensions ignore the input, as in posterior collapse."""
    rng = np.random.default_rng(0)
    means = np.concatenate(
        [rng.standard_normal((n, active)), 1e-3 * rng.standard_normal((n, dimension - active))], axis=1
    )
    log_variances = np.concatenate([np.full((n, active), -3.0), np.zeros((n, dimension - active))], axis=1)
    return means, log_variances


def test_collapse_set_by_construction_is_seen_by_both_criteria():
    found = active_units(*collapsed_posterior())
    assert (found.active, found.active_by_kl) == (6, 6)
    assert found.collapsed_share == pytest.approx(0.7)


def test_kl_by_dimension_has_its_closed_values():
    half = active_units(np.zeros((4, 1)), np.full((4, 1), np.log(0.5)))
    shifted = active_units(np.ones((4, 1)), np.zeros((4, 1)))
    assert half.kl[0] == pytest.approx(0.0965736, abs=1e-7)
    assert shifted.kl[0] == pytest.approx(0.5)


def test_variance_is_of_the_means_over_the_data():
    means, _ = collapsed_posterior()
    found = active_units(means)
    np.testing.assert_allclose(found.variance, means.var(axis=0, ddof=1))
    assert found.active_by_kl is None


def test_kl_alone_is_enough():
    found = active_units_from_kl(np.array([0.5, 0.001, 2.0]))
    assert found.active is None
    assert found.active_by_kl == 2
    assert found.collapsed_share == pytest.approx(1 / 3)


@pytest.mark.parametrize("suffix", [".npz", ".pt", ".safetensors"])
def test_every_file_format_gives_the_same(tmp_path, suffix):
    means, log_variances = (x.astype(np.float32) for x in collapsed_posterior(n=20))
    path = tmp_path / f"latents{suffix}"
    if suffix == ".npz":
        np.savez(path, mu=means, logvar=log_variances)
    elif suffix == ".pt":
        torch.save({"mu": torch.from_numpy(means), "logvar": torch.from_numpy(log_variances)}, path)
    else:
        save_file({"means": means, "log_variances": log_variances}, path)
    found = read_latents(path)
    np.testing.assert_array_equal(found["means"], means)
    np.testing.assert_array_equal(found["log_variances"], log_variances)


def test_a_file_with_other_arrays_says_what_it_holds_and_what_is_needed(tmp_path):
    np.savez(tmp_path / "x.npz", z=np.zeros(3))
    with pytest.raises(InvalidInput, match=r"\['z'\].*'means'"):
        read_latents(tmp_path / "x.npz")


@pytest.mark.parametrize("name", ["x.npz", "x.pt", "x.safetensors", "x.csv"])
def test_a_broken_or_foreign_file_is_refused_in_words(tmp_path, name):
    (tmp_path / name).write_bytes(b"not what it says")
    with pytest.raises(InvalidInput):
        read_latents(tmp_path / name)


def test_a_pickle_is_not_run(tmp_path):
    import pickle

    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"means": print}, protocol=2))
    with pytest.raises(InvalidInput):
        read_latents(tmp_path / "evil.pt")


def test_one_sample_and_other_shapes_are_refused():
    with pytest.raises(InvalidInput, match="at least two samples"):
        active_units(np.zeros((1, 3)))
    with pytest.raises(InvalidInput, match="one shape"):
        active_units(np.zeros((4, 3)), np.zeros((4, 2)))
