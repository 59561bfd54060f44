"""What a document selects of a run, and how much text that will be.

See: docs/memory.md
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from strawberry.types.nodes import SelectedField, Selection

from backtest.enums import AnswerPart
from backtest.policy import Want
from schema.graphql.schema import Info
from schema.report import DEFAULT_CURVE_POINTS, MAX_CURVE_POINTS

# Text of a member besides its name: punctuation, and a value of usual length.
MEMBER_BYTES = 18
# Objects of a result take more memory than their text, which is written beside them.
HELD_PER_BYTE = 2.4
# Lists of as many items as are asked for, and how many such lists are in one.
DRAWN: Mapping[str, int] = {"equityCurve": 1, "signal": 1, "indicatorSignals": 2}
SIGNALS = frozenset({"signal", "indicatorSignals"})
LENGTHS: Mapping[str, int] = {
    "rows": 25,
    "metrics": 25,
    "indicatorSelections": 2,
    "inputs": 1,
    "params": 2,
    "signals": 1,
    "reasons": 2,
    "returnsByMonth": 12,
}
TEXTS: Mapping[str, int] = {
    "tableMd": 900,
    "variantKey": 64,
    "indicatorVariantKey": 64,
    "reason": 40,
    "fromTs": 12,
    "toTs": 12,
}


def wanted_of_run(info: Info) -> Want:
    """What is selected of the variants of a run, and of the parts beside them.

    Reports and trades are wanted where they are selected; the text is estimated, in bytes.

    See: docs/graphql.md#what-only-graphql-has, docs/memory.md
    """
    selected = list(_below(info.selected_fields))
    variants = list(_below(selected, "variants"))
    want = _want(variants, list(_below(variants, "report")))
    return replace(want, parts=_parts({*map(_name, selected), *map(_name, variants)}))


def wanted_of_report(info: Info) -> Want:
    """What is selected of one report.

    Trades are wanted where they are selected; the text is estimated, in bytes.

    See: docs/graphql.md#what-only-graphql-has, docs/memory.md
    """
    report = list(_below(info.selected_fields))
    return _want(report, report)


def _want(variants: list[Selection], reports: list[Selection]) -> Want:
    """Reports and trades only where they are selected, and the text of all that is."""
    names = set(map(_name, reports))
    trades = sum(map(_bytes_of, _below(reports, "trades")))
    signals = sum(_bytes_of(selection) for selection in reports if _name(selection) in SIGNALS)
    return Want(
        reports=bool(names - {"__typename"}),
        trades="trades" in names,
        is_explicit=True,
        variant_bytes=sum(map(_bytes_of, variants)) - trades - signals,
        trade_bytes=trades,
        signal_bytes=signals,
        held_per_byte=HELD_PER_BYTE,
    )


def _parts(names: set[str]) -> frozenset[AnswerPart]:
    """What is selected of a run or of a variant, where it is a part of the answer."""
    return frozenset(part for part in AnswerPart if part.value in names)


def _name(selection: Selection) -> str:
    assert isinstance(selection, SelectedField)
    return selection.name


def _below(selections: Iterable[Selection], name: str | None = None) -> Iterator[Selection]:
    """Fields selected below fields, below those of one name if there is one."""
    for selection in selections:
        if name is None or (isinstance(selection, SelectedField) and selection.name == name):
            yield from _flat(selection.selections)


def _flat(selections: Iterable[Selection]) -> Iterator[Selection]:
    for selection in selections:
        if isinstance(selection, SelectedField):
            yield selection
        else:
            yield from _flat(selection.selections)


def _bytes_of(selection: Selection) -> int:
    """Text of a field, or of one item where it is a list whose length is not known."""
    assert isinstance(selection, SelectedField)
    shown = len(selection.alias or selection.name)
    members = list(_flat(selection.selections))
    if not members:
        return shown + MEMBER_BYTES + TEXTS.get(selection.name, 0)
    return shown + MEMBER_BYTES + _length(selection) * sum(map(_bytes_of, members))


def _length(selection: SelectedField) -> int:
    n_drawn = DRAWN.get(selection.name)
    if n_drawn is None:
        return LENGTHS.get(selection.name, 1)
    return n_drawn * _n_points(selection.arguments.get("maxPoints"))


def _n_points(given: object) -> int:
    """How many points are asked for, by a number or as a literal is told: by its text."""
    if isinstance(given, str) and given.isdecimal():
        given = int(given)
    n_points = given if isinstance(given, int) else DEFAULT_CURVE_POINTS
    return min(max(n_points, 0), MAX_CURVE_POINTS)
