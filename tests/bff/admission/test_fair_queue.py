from bff.admission.fair_queue import FairQueue


def drained(queue: FairQueue[str, int]) -> list[int]:
    found: list[int] = []
    while (item := queue.pop()) is not None:
        found.append(item)
    return found


def test_users_take_turns_and_each_is_served_in_order() -> None:
    queue: FairQueue[str, int] = FairQueue()

    for owner, item in (("a", 1), ("a", 2), ("a", 3), ("b", 4), ("c", 5), ("b", 6)):
        queue.push(owner, item)

    assert len(queue) == 6
    assert drained(queue) == [1, 4, 5, 2, 6, 3]
    assert len(queue) == 0


def test_an_item_can_be_taken_out_of_turn_once() -> None:
    queue: FairQueue[str, int] = FairQueue()
    queue.push("a", 1)
    queue.push("a", 2)

    assert queue.remove("a", 1)
    assert not queue.remove("a", 1)
    assert not queue.remove("b", 2)
    assert list(queue) == [2]
