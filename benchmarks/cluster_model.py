"""Clusters that nobody has here, computed from what a small one costs."""

from benchmarks.tables import Finding
from benchmarks.timing import thousands
from bff.runner.cluster.peers import SHARDS_PER_NODE

CLUSTERS = (1, 10, 100, 1_000)
CORES = 16
LENGTHS_S = (0.3, 3.0, 30.0)
GRIDS = (10**7, 10**8, 10**9)


def many_runs(call_s: float, head_s: tuple[float, float]) -> Finding:
    """Runs a second: nodes add up until a process in front has no time left.

    Args:
        call_s: An empty call to a node and back.
        head_s: Processor seconds of a request of the process that answers, and of the one that
            hands runs out, each of which has one processor.
    """
    most = 1 / max(head_s)
    busiest = "who answers" if head_s[0] >= head_s[1] else "who hands out"
    rows: list[list[str]] = []
    for n_nodes in CLUSTERS:
        row = [thousands(n_nodes)]
        for length_s in LENGTHS_S:
            by_nodes = n_nodes * CORES / (length_s + call_s)
            told = _rounded(min(by_nodes, most))
            row.append(told if by_nodes <= most else f"{told}, {busiest}")
        rows.append(row)
    return Finding(
        key="cluster-model",
        question=f"Runs a second with nodes of {CORES} processors and one service, on paper",
        header=["nodes", *(f"runs of {length_s:g} processor seconds" for length_s in LENGTHS_S)],
        rows=rows,
        notes=[
            (
                "From an empty call and from what a request costs in front, both above; a name "
                "marks the process whose processor is the limit. Answers are those of ten "
                "variants; larger ones and the candle store saturate sooner, and neither is in it. "
                "Nothing beyond this machine was tried."
            ),
        ],
    )


def large_runs(variant_s: float, *, kept_s: float, shard_s: float, call_s: float) -> Finding:
    """Seconds of one large run, and which part of them is the longest.

    Args:
        variant_s: Processor seconds of a variant in Stage A.
        kept_s: What the node that has the run does alone.
        shard_s: What each shard costs beside its variants, as if one thread did it.
        call_s: What handing a shard out and taking its answer in costs the node that has the run.
    """
    rows: list[list[str]] = []
    for n_nodes in CLUSTERS:
        n_shards = n_nodes * SHARDS_PER_NODE if n_nodes > 1 else 0
        row = [thousands(n_nodes)]
        for n_variants in GRIDS:
            parts = {
                "": n_variants * variant_s / (n_nodes * CORES),
                ", shards": SHARDS_PER_NODE * shard_s if n_shards else 0.0,
                ", calls": n_shards * call_s,
                ", alone": kept_s,
            }
            row.append(f"{_rounded(sum(parts.values()))}{max(parts, key=lambda p: parts[p])}")
        rows.append(row)
    return Finding(
        key="cluster-model-large",
        question=f"Seconds of one large run with nodes of {CORES} processors, on paper",
        header=["nodes", *(f"{thousands(n_variants)} variants" for n_variants in GRIDS)],
        rows=rows,
        notes=[
            (
                "From the large run above: two averages, 105 120 bars, ranked by return, without "
                f"evidence. A variant has {variant_s * 1e6:.1f} µs of a processor, a shard "
                f"{shard_s:.2f} s beside its variants, handing it out {call_s * 1e3:.1f} ms, and "
                f"{kept_s:.2f} s are done by the node that has the run. A word marks what takes "
                "longest where that is not the scoring: *shards*, what each of them costs beside "
                "its variants; *calls*, handing them out; *alone*, what is not shared out."
            ),
        ],
    )


def _rounded(number: float) -> str:
    """Two digits that count."""
    return thousands(number) if number >= 10 else f"{number:.1f}"
