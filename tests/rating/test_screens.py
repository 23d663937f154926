"""Screens: what goes where."""

from __future__ import annotations

from humaneval.rating.screens import Screen, lay_out, samples_at_places


def test_two_images_stand_in_slot_order_or_turned_round():
    assert lay_out([[5], [7]], turn=0, seed=1) == Screen([0, 1], [])
    assert lay_out([[5], [7]], turn=1, seed=1) == Screen([1, 0], [])


def test_places_hold_the_samples_of_their_slots():
    assert samples_at_places([[5], [7]], Screen([1, 0], [])) == [[7], [5]]
    assert samples_at_places([[5, 6, 7]], Screen([0], [[2, 0, 1]])) == [[7, 5, 6]]


def test_a_grid_is_shuffled_by_its_seed_alone():
    slots = [list(range(16))]
    one = lay_out(slots, turn=0, seed=3)
    assert one == lay_out(slots, turn=0, seed=3)
    assert one != lay_out(slots, turn=0, seed=4)
    assert sorted(samples_at_places(slots, one)[0]) == slots[0]


def test_two_grids_are_shuffled_each_by_itself():
    slots = [list(range(9)), list(range(10, 19))]
    screen = lay_out(slots, turn=1, seed=3)
    assert [sorted(place) for place in samples_at_places(slots, screen)] == [slots[1], slots[0]]
    assert screen.cells[0] != screen.cells[1]
