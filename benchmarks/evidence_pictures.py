"""Pictures of the evidence, for its page in the docs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from backtest.types import FloatArray
from benchmarks.tables import RESULTS

CALIBRATION = "evidence.png"
EXAMPLE = "evidence-example.png"
N_OTHERS = 60

Curves = Sequence[float]


@dataclass(frozen=True, kw_only=True)
class Example:
    """One walk and what the evidence made of it; growth is cumulative, in percent."""

    title: str
    best_pct: FloatArray
    holding_pct: FloatArray
    others_pct: list[FloatArray]
    luck: FloatArray
    seen: float
    p_value: float
    before_pct: FloatArray
    after_pct: FloatArray
    pbo: float


def draw_calibration(
    noise_cash: Curves,
    noise_holding: Curves,
    noise_pbo: Curves,
    planted_cash: Curves,
    planted_holding: Curves,
    planted_pbo: Curves,
) -> None:
    """How p-values and PBO are spread over walks without skill and with a planted edge."""
    figure, (left, middle, right) = _axes(3, (11, 3.6))
    left.plot([0, 1], [0, 1], color="grey", linestyle=":", label="as it should be")
    _steps(left, noise_cash, "against cash")
    _steps(left, noise_holding, "against holding")
    left.set(title="No skill", xlabel="p-value", ylabel="share of walks below")
    left.legend(frameon=False)
    _steps(middle, planted_cash, "against cash")
    _steps(middle, planted_holding, "against holding")
    middle.axvline(0.05, color="grey", linestyle=":")
    middle.set(title="Planted edge", xlabel="p-value", xlim=(0, 0.2), ylim=(0, 1.02))
    bins = np.linspace(0, 1, 21).tolist()
    right.hist([noise_pbo, planted_pbo], bins=bins, label=["no skill", "planted edge"])
    right.set(title="Probability of overfitting", xlabel="PBO", ylabel="walks")
    right.legend(frameon=False)
    _save(figure, CALIBRATION)


def draw_examples(examples: Sequence[Example]) -> None:
    """A row for each example: equity, what luck reaches, and halves against each other."""
    figure, rows = _axes(3, (11, 3.2 * len(examples)), n_rows=len(examples))
    for example, (left, middle, right) in zip(examples, rows, strict=True):
        _equity(left, example)
        middle.hist(example.luck, bins=40, color="silver", label="the best without skill")
        middle.axvline(example.seen, color="tab:red", label="the best variant")
        middle.set(title=f"p = {example.p_value:.3f}", xlabel="mean growth / deviation")
        middle.set_yticks([])
        middle.set_xlim(right=1.6 * max(example.seen, *example.luck.tolist()))
        middle.legend(frameon=False)
        right.scatter(example.before_pct, example.after_pct, s=2, alpha=0.2)
        right.axhline(0, color="grey", linestyle=":")
        right.set(
            title=f"PBO = {example.pbo:.2f}",
            xlabel="winner's growth in its half, %",
            ylabel="in the other half, %",
        )
    _save(figure, EXAMPLE)


def _equity(axes: Any, example: Example) -> None:
    for other in example.others_pct:
        axes.plot(other, color="silver", linewidth=0.5)
    axes.plot(example.best_pct, color="tab:red", label="the best variant")
    axes.plot(example.holding_pct, color="black", linewidth=1, label="holding")
    axes.set(title=example.title, xlabel="block", ylabel="growth, %")
    axes.legend(frameon=False)


def _axes(n: int, size: tuple[float, float], n_rows: int = 1) -> tuple[Any, Any]:
    import matplotlib as mpl  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    mpl.use("Agg")
    import matplotlib.pyplot as plt  # noqa: PLC0415 # pyright: ignore[reportMissingImports]

    return plt.subplots(n_rows, n, figsize=size, layout="constrained")


def _steps(axes: Any, values: Curves, label: str) -> None:
    axes.plot(np.sort(values), np.arange(1, len(values) + 1) / len(values), label=label)
    axes.grid(alpha=0.3)


def _save(figure: Any, name: str) -> None:
    RESULTS.mkdir(exist_ok=True)
    figure.savefig(RESULTS / name, dpi=110, metadata={"Software": None})
