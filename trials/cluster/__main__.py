"""`python -m trials.cluster [--only PART …]`: a cluster of three real nodes on this machine.

Nodes die under the load of a served cluster and others come (`kills`); it is stopped under load
(`drains`); what breaks while no node dies (`faults`); one large run goes on while nodes of it die
and others join it (`joins`); golden runs and the oracle's cases are computed by nodes (`golden`,
`oracle`); other ways to name a cluster (`addresses`); and a cluster that is lost whole, with its
head (`heads`). Every answer has to be that of a service without a cluster. Writes docs/scale.md.
"""

import argparse
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.machine import ROOT
from benchmarks.tables import table
from trials.cluster.addresses import over_addresses
from trials.cluster.clients import Answers, right_answers
from trials.cluster.dying import drain, kill_nodes
from trials.cluster.faults import break_things
from trials.cluster.golden import golden_runs
from trials.cluster.heads import lose_clusters
from trials.cluster.joining import join_large_runs
from trials.cluster.local_nodes import LocalNodes, opened_nodes, unusable
from trials.cluster.oracle import oracle_cases
from trials.load.service import filled_store
from trials.soak.page import write_region

PAGE = ROOT / "docs" / "scale.md"
N_NODES = 3
Row = Mapping[str, str | int]


@dataclass(frozen=True)
class Scene:
    """What the parts share: a store with a year of minutes, and how often things happen."""

    data: Path
    given: argparse.Namespace

    @cached_property
    def expected(self) -> Answers:
        """The right answers of the clients."""
        return right_answers(self.data)


def kills(scene: Scene, nodes: LocalNodes) -> list[Row]:
    """Nodes that are killed under load."""
    return [kill_nodes(scene.data, nodes, nodes.address, scene.expected, scene.given.kills)]


def drains(scene: Scene, nodes: LocalNodes) -> list[Row]:
    """Stops under load."""
    n_drains: int = scene.given.drains
    seen: Counter[str] = Counter({"drains": n_drains, "lost": 0})
    for number in range(n_drains):
        one = drain(scene.data, nodes.address, N_NODES, scene.expected)
        print("drain", number + 1, one, flush=True)
        seen.update(one)
    return [dict(seen)]


def faults(scene: Scene, nodes: LocalNodes) -> list[Row]:
    """What breaks while no node dies."""
    return [break_things(scene.data, nodes.address, N_NODES)]


def joins(scene: Scene, nodes: LocalNodes) -> list[Row]:
    """Large runs that nodes leave and join."""
    return [join_large_runs(scene.data, nodes, scene.given.joins)]


def golden(scene: Scene, nodes: LocalNodes) -> list[Row]:
    """Golden runs."""
    return [golden_runs(scene.data.parent, nodes)]


def oracle(scene: Scene, nodes: LocalNodes) -> list[Row]:
    """Cases of the oracle."""
    return [oracle_cases(scene.data, nodes, scene.given.cases)]


PARTS: Mapping[str, Callable[[Scene, LocalNodes], Sequence[Row]]] = {
    part.__name__: part for part in (kills, drains, faults, joins, golden, oracle)
}
# With clusters of their own, from the data and the right answers.
OWN_PARTS: Mapping[str, Callable[[Path, Answers, int], Sequence[Row]]] = {
    "addresses": over_addresses,
    "heads": lambda *shared: [lose_clusters(*shared)],
}
FAULTS = {
    "wrong",
    "lost",
    "wrong afterwards",
    "exit codes other than 0",
    "told otherwise than 504",
    "nodes lost",
    "disagreements",
    "other bytes by two threads",
    "other bytes by the nodes",
}


def told(part: str, rows: Sequence[Row]) -> int:
    """Write the rows of a part; how many faults are among them."""
    text = table([*rows[0]], [[*map(str, row.values())] for row in rows])
    print(text, flush=True)
    write_region(f"cluster-{part}", text, PAGE)
    return sum(int(number) for row in rows for name, number in row.items() if name in FAULTS)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m trials.cluster", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=[*PARTS, *OWN_PARTS])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--drains", type=int, default=10)
    parser.add_argument("--joins", type=int, default=6)
    parser.add_argument("--cases", type=int, default=100_000)
    given = parser.parse_args()
    reason = unusable()
    if reason is not None:
        sys.exit(f"not tried: {reason}")
    wanted: list[str] = given.only or [*PARTS, *OWN_PARTS]
    n_faults = 0
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        scene = Scene(filled_store(Path(name)), given)
        if PARTS.keys() & wanted:
            with opened_nodes(N_NODES) as nodes:
                for part in filter(wanted.__contains__, PARTS):
                    n_faults += told(part, PARTS[part](scene, nodes))
        for part in filter(wanted.__contains__, OWN_PARTS):
            n_faults += told(part, OWN_PARTS[part](scene.data, scene.expected, N_NODES))
    sys.exit(1 if n_faults else 0)


if __name__ == "__main__":
    main()
