"""Whether Ray is installed where the settings ask for a cluster.

See: docs/scale.md
"""

from importlib.util import find_spec

from bff.config.settings import Settings


def missing_extra(settings: Settings) -> str | None:
    """What is wrong with the installation, and what to do; None where nothing is.

    See: docs/scale.md
    """
    address = settings.cluster
    if address is None:
        return None
    if find_spec("ray") is None:
        return (
            f"compute.cluster is {address}, but Ray is not installed. Install"
            " roehub-backtest[cluster], or set compute.cluster to null."
        )
    if address.startswith("ray://") and find_spec("grpc") is None:
        return (
            f"compute.cluster is {address}, but the client of Ray is not installed. Install"
            " roehub-backtest[cluster], or give the address without ray://."
        )
    return None
