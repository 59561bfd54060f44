"""What is told beside the variants, from the domain to the response models.

See: docs/evidence.md, docs/receipt.md
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from backtest.answer_parts import EvidencePart, LandscapePart, TrialRef
from backtest.enums import AnswerPart
from backtest.evidence import landscape, receipt, result
from schema.enums import SurfaceStatistic
from schema.evidence import Evidence
from schema.landscape import (
    Landscape,
    LandscapeAxis,
    LandscapeValue,
    Neighbourhood,
    Surface,
    SurfaceAt,
)
from schema.receipt import Receipt

_TrialRefs = Mapping[int, TrialRef]


def to_answer_parts(computed: Mapping[AnswerPart, object]) -> dict[str, object]:
    """Members of the answer that stand beside the variants; None where nobody asked.

    See: docs/evidence.md, docs/receipt.md
    """
    members: dict[str, object] = {"evidence": None, "landscape": None, "receipt": None}
    for part, found in computed.items():
        match found:
            case EvidencePart():
                members[part] = _to_evidence(found)
            case LandscapePart():
                members[part] = _to_landscape(found)
            case receipt.Receipt():
                members[part] = Receipt(**asdict(found))
            case None:
                pass
            case _:
                raise TypeError(found)
    return members


def _to_evidence(weighed: EvidencePart) -> Evidence:
    """The evidence; rows of the ledger become variants."""
    evidence, tried = weighed.evidence, weighed.tried
    members = asdict(evidence)
    if evidence.reality_check is not None:
        for name in ("against_cash", "against_holding"):
            comparison: result.Comparison | None = getattr(evidence.reality_check, name)
            if comparison is not None:
                members["reality_check"][name] = _to_comparison(comparison, tried)
    if evidence.walk_forward is not None:
        for fold in members["walk_forward"]["folds"]:
            fold["chosen"] = asdict(weighed.chosen[fold.pop("row")])
    return Evidence.model_validate(members)


def _to_landscape(mapped: LandscapePart) -> Landscape:
    """The landscape; surfaces are drawn when somebody asks for them."""
    model = Landscape(
        axes=tuple(
            LandscapeAxis(
                name=story.axis.name,
                kind=story.axis.kind,
                share=story.share,
                values=tuple(LandscapeValue(**asdict(value)) for value in story.values),
            )
            for story in mapped.axes
        ),
        interactions=mapped.interactions,
        neighbourhoods=tuple(Neighbourhood(**asdict(one)) for one in mapped.neighbourhoods),
        robust_order=mapped.robust_order,
    )

    model.attach_drawing(_Drawing(mapped.landscape))
    return model


@dataclass(frozen=True, slots=True)
class _Drawing:
    """Draws the surfaces of a landscape."""

    landscape: landscape.Landscape

    def surface(self, x: str | None, y: str | None, statistic: SurfaceStatistic) -> Surface:
        return _to_surface(self.landscape.surface(x, y, statistic))

    def surfaces(
        self, by: str, x: str | None, y: str | None, statistic: SurfaceStatistic
    ) -> list[SurfaceAt]:
        found = self.landscape.surfaces(by, x, y, statistic)
        return [SurfaceAt(value=value, surface=_to_surface(drawn)) for value, drawn in found]


def _to_surface(found: landscape.Surface) -> Surface:
    return Surface(
        x=found.x.name,
        y=found.y.name,
        x_values=found.x.values,
        y_values=found.y.values,
        statistic=found.statistic,
        with_stops=found.with_stops,
        cells=found.cells,
    )


def _to_comparison(comparison: result.Comparison, tried: _TrialRefs) -> dict[str, Any]:
    members = asdict(comparison)
    members["best"] = asdict(tried[members.pop("row")])
    for place, adjusted in enumerate(members["adjusted"]):
        adjusted["place"] = place
        del adjusted["row"]
    return members
