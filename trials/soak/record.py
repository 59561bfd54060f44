"""What clients saw, and the tables made of it."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from benchmarks.tables import table
from trials.soak.exchange import Answer
from trials.soak.service import DEADLINE_S
from trials.soak.traffic import CHEAP_ASKS, SHORT_RUN, Ask

MEBIBYTE = 1 << 20
CHEAP_ANSWERS = {f"200: {name}" for name in CHEAP_ASKS}
QUICK_S = 0.1
SHORT_RUN_S = 1.5
REFUSALS = ("4xx:", "refused: overloaded", "refused: rate_limited")


@dataclass(kw_only=True)
class Record:
    """Grows while clients ask."""

    statuses: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    right: dict[str, bytes] = field(default_factory=dict[str, bytes])
    memory: list[tuple[float, int]] = field(default_factory=list[tuple[float, int]])
    problems: Counter[str] = field(default_factory=Counter[str])
    attacks: Counter[str] = field(default_factory=Counter[str])

    def add(self, ask: Ask, answer: Answer) -> None:
        """One exchange."""
        status = "left" if answer.status is None and ask.leaves else str(answer.status)
        self.statuses[ask.name][status] += 1
        if status == "left":
            return
        if answer.status not in ask.allowed:
            self.problems[f"{ask.name}: {status} {answer.body[:120]!r}"] += 1
        is_comparable = answer.status == 200 and ask.has_one_answer
        if is_comparable and self.right.setdefault(ask.name, answer.body) != answer.body:
            self.problems[f"{ask.name}: wrong answer"] += 1
        if answer.status in {429, 503} and "retry-after" not in answer.headers:
            self.problems["refused without Retry-After"] += 1
        self.seconds[_kind(ask, answer)].append(answer.seconds)

    def counts(self) -> str:
        """Requests by kind and status."""
        found = sorted({status for counts in self.statuses.values() for status in counts})
        rows = [
            [name, str(counts.total()), *(str(counts[status]) for status in found)]
            for name, counts in self.statuses.items()
        ]
        return table(["request", "sent", *found], rows)

    def latencies(self) -> str:
        """Percentiles in milliseconds; what ran out of time is counted from its deadline."""
        rows: list[list[str]] = []
        for kind, seconds in sorted(self.seconds.items()):
            shares = np.percentile(np.array(seconds) * 1000, [50, 95, 99, 100])
            rows.append([kind, str(len(seconds)), *(f"{share:.0f}" for share in shares)])
        return table(["answer", "n", "p50 ms", "p95 ms", "p99 ms", "max ms"], rows)

    def quickness(self) -> str:
        """How many of the answers that need no run came at once, and of the short runs in time."""
        kinds = {
            "cheap queries": [s for kind, s in self.seconds.items() if kind in CHEAP_ANSWERS],
            "refusals": [s for kind, s in self.seconds.items() if kind.startswith(REFUSALS)],
        }
        told: list[str] = []
        for name, groups in kinds.items():
            told.append(f"{_share_within(QUICK_S, groups)} {name}")
        short = _share_within(SHORT_RUN_S, [self.seconds.get(f"200: {SHORT_RUN.name}", [])])
        return (
            f"Answered within {QUICK_S * 1000:.0f} ms: {', '.join(told)}.\n"
            f"Answered within {SHORT_RUN_S} s: {short} short runs of a neighbour."
        )

    def memory_growth(self) -> str:
        """Resident memory in the second and in the last quarter of the time."""
        sizes = np.array([size for _, size in self.memory]) / MEBIBYTE
        quarter = max(1, len(sizes) // 4)
        second, last = np.median(sizes[quarter : 2 * quarter]), np.median(sizes[-quarter:])
        row = [f"{sizes[0]:.0f}", f"{second:.0f}", f"{last:.0f}", f"{sizes.max():.0f}"]
        return table(["first MiB", "second quarter", "last quarter", "peak"], [row])

    def attacked(self) -> str:
        """How often each attack ended in which way."""
        rows = [[*name.rsplit(": ", 1), str(n)] for name, n in sorted(self.attacks.items())]
        return table(["attack", "its end", "times"], rows)

    def verdict(self) -> str:
        """What should not have happened."""
        if not self.problems:
            return "Wrong answers, undocumented statuses, lost answers: none."
        return "\n".join(f"- {n} × {problem}" for problem, n in self.problems.most_common(20))


def _share_within(limit_s: float, groups: Iterable[list[float]]) -> str:
    seconds = np.concatenate([*groups, []])
    share = np.mean(seconds < limit_s) if len(seconds) else 1.0
    return f"{share:.2%} of {len(seconds)}"


def _kind(ask: Ask, answer: Answer) -> str:
    match answer.status:
        case 504:
            return "504, overall"
        case 503 | 429:
            return f"refused: {_code(answer)}"
        case 200:
            return f"200: {ask.name}"
        case _:
            return f"4xx: {ask.name}"


def overshoot(record: Record) -> str:
    """How long after the deadline 504 was answered."""
    late = np.array(record.seconds.get("504, overall", [])) - DEADLINE_S
    if not len(late):
        return "No run met its deadline."
    p50, p99 = np.percentile(late * 1000, [50, 99])
    return f"Deadlines ({len(late)}): overshot by {p50:.0f} ms (median), {p99:.0f} ms (99 %)."


def _code(answer: Answer) -> str:
    told = json.loads(answer.body)
    if "errors" in told:
        return told["errors"][0]["extensions"]["code"]
    return told["error"]["code"]
