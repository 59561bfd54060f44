"""What the setting `compute.cluster` resolves to, for `check`.

See: docs/configuration.md
"""

import os
from contextlib import closing

from backtest.errors import ClusterUnavailable
from bff.config.settings import Settings
from bff.runner.cluster.extra import missing_extra


def cluster_facts(settings: Settings) -> tuple[str, str | None]:
    """Where runs are computed, in a sentence; and what is wrong with that, or None.

    A cluster that has an address is asked for its nodes; `local` starts nothing here.

    See: docs/scale.md
    """
    address = settings.cluster
    if address is None:
        return "none: runs are computed on this machine", None
    missing = missing_extra(settings)
    if missing is not None:
        return "not usable", missing
    if address == "local":
        here = _counted(os.cpu_count() or 1, "processor")
        return f"local: serve starts one Ray node on this machine with {here}", None
    from bff.runner.cluster.ray_calls import RayCluster  # noqa: PLC0415 - Ray is an extra

    try:
        with closing(RayCluster(address, n_cpus=0)) as cluster:
            processors = [n_cpus for n_cpus, _ in cluster.living().values()]
    except ClusterUnavailable as exc:
        return "not usable", "\n".join([exc.message, *exc.__notes__])
    problem = None if processors else "The cluster has no node with a processor for runs"
    nodes = _counted(len(processors), "node")
    return f"{address}: {nodes} with {_counted(sum(processors), 'processor')} in total", problem


def _counted(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
