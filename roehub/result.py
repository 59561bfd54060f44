"""What a run gives: frames, curves and pictures of one answer.

See: docs/python.md
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

from roehub.alone import alone
from roehub.asking import Body

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

Curve = list[tuple[str, float, float | None]]
CURVE_POINTS = 2_000


class Backend(Protocol):
    """Where requests are answered: this process, or a service.

    See: docs/python.md
    """

    def alone(self, asked: Body) -> Mapping[str, Any]:
        """The answer to a request of one variant."""
        ...

    def curve(self, asked: Body, n_points: int) -> Curve:
        """The equity of the only variant of a request."""
        ...

    def surface(self, asked: Body, x: str, y: str, statistic: str) -> Mapping[str, Any]:
        """Values of both axes, `x` and `y`, and `cells`, a row for each of `x`; empty if none."""
        ...


@dataclass(frozen=True)
class Result:
    """One answer; equal results are equal to the last bit, wherever they were computed.

    Attributes:
        request: The body that was asked.
        answer: The body that was answered, as docs/identity.md and docs/metrics.md describe it.

    See: docs/python.md
    """

    request: Body
    answer: Mapping[str, Any]
    place: Backend = field(repr=False, compare=False)

    def __len__(self) -> int:
        """How many variants were returned."""
        return len(self.answer["variants"])

    @cached_property
    def variants(self) -> "pd.DataFrame":
        """The returned variants, best first: what was chosen, and the metrics by name.

        See: docs/python.md#names
        """
        from roehub.frames import variants_frame  # noqa: PLC0415 - needs pandas

        return variants_frame(self.answer)

    def trades(self, place: int = 0) -> "pd.DataFrame":
        """The trades of a variant; it is run again where the answer does not list them.

        Args:
            place: Of the variant, from 0.

        See: docs/fills.md
        """
        from roehub.frames import trades_frame  # noqa: PLC0415 - needs pandas

        alone = self._alone(place)
        report = self.answer["variants"][place]["report"]
        if report is None or report["trades"] is None:
            report = self.place.alone(alone)["variants"][0]["report"]
        return trades_frame(report["trades"])

    def equity(self, place: int = 0, n_points: int = CURVE_POINTS) -> "pd.DataFrame":
        """Equity and drawdown of a variant at bar closes.

        Args:
            place: Of the variant, from 0.
            n_points: How many bars at most, 2 to 5 000, the first and the last among them.

        See: docs/metrics.md
        """
        from roehub.frames import equity_frame  # noqa: PLC0415 - needs pandas

        return equity_frame(self.place.curve(self._alone(place), n_points))

    def surface(self, x: str, y: str, statistic: str = "best") -> "pd.DataFrame":
        """Total returns over two axes of the whole grid, in percent: `x` down, `y` across.

        Args:
            x: Name of an axis as `include=["landscape"]` tells it, for example `ma.ema.window`.
            y: Name of another.
            statistic: `best`, `median` or `mean` over all other axes, or the `slice` that goes
                through the best variant.

        Raises:
            Refused: The grid has no such axis.
            ValueError: There is no such statistic, or the range is too short for a map.

        See: docs/landscape.md
        """
        from roehub.frames import surface_frame  # noqa: PLC0415 - needs pandas

        _check_statistic(statistic)
        found = self.place.surface(self.request, x, y, statistic)
        if not found:
            raise ValueError("the range has too few bars for a map")
        return surface_frame(found, x, y)

    @property
    def notes(self) -> Sequence[Mapping[str, str]]:
        """Caveats of the answer, each with a code and a message.

        See: docs/python.md
        """
        return self.answer.get("notes") or ()

    @property
    def evidence(self) -> Mapping[str, Any] | None:
        """Whether the winner is skill or luck; None unless `include=["evidence"]` was asked.

        See: docs/evidence.md
        """
        return self.answer.get("evidence")

    def plot(self) -> "Figure":
        """The best variant's equity and drawdown, and the returns of all that were returned.

        See: docs/python.md
        """
        from roehub.pictures import overview  # noqa: PLC0415 - needs Matplotlib

        return overview(self)

    def plot_equity(self, place: int = 0) -> "Figure":
        """Equity of a variant over its drawdown.

        See: docs/python.md
        """
        from roehub.pictures import equity  # noqa: PLC0415 - needs Matplotlib

        return equity(self, place)

    def plot_surface(self, x: str, y: str, statistic: str = "best") -> "Figure":
        """A heat map of `surface`.

        See: docs/python.md
        """
        from roehub.pictures import surface  # noqa: PLC0415 - needs Matplotlib

        return surface(self.surface(x, y, statistic), statistic)

    def _alone(self, place: int) -> Body:
        return alone(self.request, self.answer, place)

    def _repr_html_(self) -> str:
        from roehub.html import summary  # noqa: PLC0415 - needs pandas

        return summary(self)


def _check_statistic(name: str) -> None:
    from backtest.enums import SurfaceStatistic  # noqa: PLC0415 - `import roehub` is quick

    known = [statistic.value for statistic in SurfaceStatistic]
    if name.lower() not in known:
        raise ValueError(f"statistic must be one of {', '.join(known)}, was {name!r}")
