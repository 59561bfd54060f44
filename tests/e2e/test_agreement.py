"""A sample of what `make fuzz` does ten thousand times."""

from tests.e2e.agreement import candles, compared_variants
from tests.e2e.world import opened_over

COUNT = 80


def test_a_generated_request_has_one_result_whatever_the_face() -> None:
    with opened_over(candles()) as faces:
        n_variants = [compared_variants(faces, number) for number in range(COUNT)]

    assert sum(n_variants) > COUNT
