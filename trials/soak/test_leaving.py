import random
from collections.abc import Iterator

import pytest

from tests.bff.served import EVEN_SERVE
from tests.waiting import wait_for
from trials.soak.leaving import BODIES, Scene, opened_scene, until_idle, until_killed


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with opened_scene(tmp_path_factory.mktemp("leaving"), seed=1, module=EVEN_SERVE) as opened:
        yield opened


@pytest.mark.parametrize("path", BODIES)
def test_a_client_that_leaves_frees_its_thread(scene: Scene, path: str) -> None:
    n_left = scene.n_left(path)

    until_idle(scene, path, random.Random(1))

    wait_for(lambda: scene.n_left(path) == n_left + 1)


@pytest.mark.parametrize("path", BODIES)
def test_a_client_that_leaves_has_its_query_killed(scene: Scene, path: str) -> None:
    n_left = scene.n_left(path)

    until_killed(scene, path, random.Random(1))

    wait_for(lambda: scene.n_left(path) == n_left + 1)
