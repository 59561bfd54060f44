"""`python -m benchmarks [NAME ...]`: measure and write the tables, all of them by default."""

import sys

from benchmarks.candle_import import CANDLE_IMPORT
from benchmarks.cluster import CLUSTER
from benchmarks.cold_start import COLD_START
from benchmarks.device import DEVICE
from benchmarks.distinct import DISTINCT
from benchmarks.engine import ENGINE
from benchmarks.evidence import EVIDENCE
from benchmarks.evidence_cost import EVIDENCE_COST
from benchmarks.evidence_floor import EVIDENCE_FLOOR
from benchmarks.evidence_left_out import EVIDENCE_LEFT_OUT
from benchmarks.evidence_runs import EVIDENCE_RUNS
from benchmarks.grid_sizes import GRID_SIZES
from benchmarks.growth import GROWTH
from benchmarks.indicators import INDICATORS_PAGE
from benchmarks.landscape import LANDSCAPE
from benchmarks.ledger import LEDGER
from benchmarks.machine import describe
from benchmarks.memory import MEMORY
from benchmarks.peers import PEERS
from benchmarks.service import SERVICE
from benchmarks.tables import Benchmark, Skipped, write_page
from trials.attacks import ATTACKS_PAGE

BENCHMARKS: tuple[Benchmark, ...] = (
    INDICATORS_PAGE,
    ENGINE,
    LEDGER,
    DISTINCT,
    PEERS,
    GROWTH,
    GRID_SIZES,
    COLD_START,
    SERVICE,
    MEMORY,
    CANDLE_IMPORT,
    DEVICE,
    CLUSTER,
    EVIDENCE,
    EVIDENCE_COST,
    EVIDENCE_RUNS,
    EVIDENCE_LEFT_OUT,
    EVIDENCE_FLOOR,
    LANDSCAPE,
    ATTACKS_PAGE,
)


def main(names: list[str]) -> None:
    known = {benchmark.name: benchmark for benchmark in BENCHMARKS}
    unknown = [name for name in names if name not in known]
    if unknown:
        sys.exit(f"no benchmark {', '.join(unknown)}; there are {', '.join(known)}")
    machine = describe()
    print(machine)
    for name in names or known:
        print(f"{name} …", flush=True)
        try:
            findings = known[name].measure()
        except Skipped as reason:
            print(f"{name} skipped: {reason}", flush=True)
            continue
        page = write_page(known[name], findings, machine)
        print(page.read_text(encoding="utf-8"), flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
