from pathlib import Path

import pytest

from tests.waiting import PATIENCE_S
from trials.faults.kinds import rounds
from trials.faults.scenes import SCENES, Scene


@pytest.mark.parametrize("scene", SCENES.values(), ids=SCENES.keys())
def test_no_fault_of_a_store_gives_a_wrong_answer_or_needs_a_restart(
    tmp_path: Path, scene: Scene
) -> None:
    # over both faces, but where the other scene of these faults has asked both
    times = 1 if scene.is_cached else 2
    with scene.opened(tmp_path) as (world, kinds):
        outcomes = {
            name: rounds(world, kind, times=times, patience_s=PATIENCE_S)
            for name, kind in kinds.items()
        }

    assert {name: outcome for name, outcome in outcomes.items() if not outcome.is_good} == {}
