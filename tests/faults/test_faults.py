from pathlib import Path

import pytest

from tests.faults.kinds import kinds_of, rounds
from tests.faults.world import opened_world


@pytest.mark.parametrize("is_cached", [False, True], ids=["not cached", "cached"])
def test_no_fault_of_a_store_gives_a_wrong_answer_or_needs_a_restart(
    tmp_path: Path, is_cached: bool
) -> None:
    with opened_world(tmp_path, is_cached=is_cached) as world:
        outcomes = {kind.name: rounds(world, kind, times=1) for kind in kinds_of(world)}

    assert {name: outcome for name, outcome in outcomes.items() if not outcome.is_good} == {}
