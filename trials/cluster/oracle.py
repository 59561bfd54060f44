"""Cases of the oracle on all nodes, each held against its slow twin to the last bit."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from backtest.control import Control
from resolvers.service import BacktestService
from tests.oracle.cases import random_case
from tests.oracle.kernels import disagreement
from trials.cluster.computing import computing
from trials.cluster.local_nodes import LocalNodes

SEED = 1
CASES_AT_ONCE = 250
N_CLIENTS = 6


class Cases:
    """A job: some cases; what does not agree."""

    def __init__(self, numbers: range) -> None:
        self.numbers = numbers

    def __call__(self, _service: BacktestService, control: Control) -> list[str]:
        told: list[str] = []
        for number in self.numbers:
            control.check()
            found = disagreement(random_case(SEED, number))
            if found is not None:
                told.append(f"case {number} of seed {SEED}: {found}")
        return told


def oracle_cases(data: Path, nodes: LocalNodes, n_cases: int) -> dict[str, int]:
    """Random cases, in portions that the nodes take by turns."""
    portions = [
        range(first, min(first + CASES_AT_ONCE, n_cases))
        for first in range(0, n_cases, CASES_AT_ONCE)
    ]
    by_node: Counter[str] = Counter()
    disagreements: list[str] = []
    with computing(data, nodes) as cluster, ThreadPoolExecutor(N_CLIENTS) as clients:
        for told, facts in clients.map(cluster.do, map(Cases, portions)):
            by_node[facts["node"]] += 1
            disagreements += told
    print(*disagreements, sep="\n", flush=True)
    return {
        "cases of the oracle": n_cases,
        "nodes": len(by_node),
        "disagreements": len(disagreements),
    }
