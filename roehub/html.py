"""A result as a notebook shows it.

See: docs/python.md
"""
# pyright: reportUnknownMemberType=false, reportUnknownArgumentType=false
# pyright: reportUnknownVariableType=false

from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from roehub.result import Result

ROWS = 10


def summary(result: "Result") -> str:
    """What was tried, the notes, the conclusion on luck where it was asked, and the best variants.

    See: docs/python.md
    """
    answer = result.answer
    instrument = answer["instrument_id"]
    n_variants = max(answer["stage_a_variants"], answer["stage_b_variants"])
    heading = (
        f"{instrument['symbol']} {answer['timeframe']}: the best {len(result):,} of"
        f" {n_variants:,} variants over {answer['target_bars']:,} bars"
    )
    notes = "".join(f"<li>{escape(note['message'])}</li>" for note in result.notes)
    parts = [
        f"<p><b>{escape(heading)}</b></p>",
        f"<ul>{notes}</ul>" if notes else "",
        _luck(result),
    ]
    return "".join(parts) + result.variants.head(ROWS).to_html()


def _luck(result: "Result") -> str:
    conclusion = (result.evidence or {}).get("conclusion")
    if not conclusion:
        return ""
    verdict = conclusion["verdict"].replace("_", " ").lower()
    reasons = "".join(f"<li>{escape(reason['text'])}</li>" for reason in conclusion["reasons"])
    return f"<p>Luck or skill: <b>{escape(verdict)}</b></p><ul>{reasons}</ul>"
