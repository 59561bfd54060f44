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


def test_who_comes_now_and_then_is_before_those_who_always_wait() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for owner, item in (("a", 1), ("b", 2), ("a", 3), ("b", 4)):
        queue.push(owner, item)
    assert (queue.pop(), queue.pop()) == (1, 2)
    queue.done("a")

    queue.push("c", 5)

    assert drained(queue) == [5, 3, 4]


def test_what_serving_did_cost_counts() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for owner, item in (("a", 1), ("b", 2), ("a", 3), ("b", 4), ("b", 5), ("b", 6)):
        queue.push(owner, item)
    assert queue.pop() == 1

    queue.done("a", correction=2.5)

    assert drained(queue) == [2, 4, 5, 6, 3]


def test_nobody_pays_for_what_was_served_when_nobody_waited() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for item in range(3):
        queue.push("a", item)
        assert queue.pop() == item
        queue.done("a", correction=10.0)

    queue.push("a", 3)
    queue.push("b", 4)

    assert drained(queue) == [3, 4]


def test_what_could_not_be_served_is_the_next_one_and_costs_nothing() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for owner, item in (("a", 1), ("b", 2), ("a", 3)):
        queue.push(owner, item)
    item = queue.pop()
    assert item is not None

    queue.put_back("a", item)

    assert drained(queue) == [1, 2, 3]
    assert queue.clear() == ()


def test_all_that_waits_is_taken_out() -> None:
    queue: FairQueue[str, int] = FairQueue()
    for owner, item in (("a", 1), ("b", 2), ("a", 3)):
        queue.push(owner, item)

    assert queue.clear() == (1, 3, 2)
    assert len(queue) == 0
