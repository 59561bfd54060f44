"""`python -m trials.hostile`: try everything, write the table.

`--before DIR` plays the same against another working copy and keeps what was seen there.
"""

import argparse
import json
import sys
from pathlib import Path

from benchmarks.tables import table
from trials.hostile.plan import STARTS, TRIALS, Finding, tried
from trials.hostile.service import ROOT
from trials.processes import Cost
from trials.soak.page import write_region

BEFORE = Path(__file__).with_name("before.json")
HEADER = ("trial", "held before", "seen before", "holds", "seen", "time", "answers", "computes")


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m trials.hostile")
    arguments.add_argument("--before", type=Path, help="another working copy")
    arguments.add_argument("--only", action="append", help="a trial by its name")
    given = arguments.parse_args()
    names: list[str] = given.only or [*TRIALS, *STARTS]
    findings = tried(given.before.resolve() if given.before else ROOT, names)
    if given.before:
        kept = _kept() | {finding.name: finding.as_dict() for finding in findings}
        BEFORE.write_text(json.dumps(kept, indent=2) + "\n", encoding="utf-8")
    text = table(HEADER, [_row(finding, _kept()) for finding in findings])
    print(text)
    if not (given.only or given.before):
        write_region("hostile", text)
    return 0 if all(finding.holds for finding in findings) else 1


def _kept() -> dict[str, dict[str, object]]:
    return json.loads(BEFORE.read_text(encoding="utf-8")) if BEFORE.exists() else {}


def _row(finding: Finding, kept: dict[str, dict[str, object]]) -> tuple[str, ...]:
    before = kept.get(finding.name, {})
    held = "" if not before else "yes" if before["holds"] else "no"
    return (
        finding.name,
        held,
        _seen(before) if before else "",
        "yes" if finding.holds else "no",
        finding.seen,
        f"{finding.seconds} s",
        str(Cost(mib=finding.answers_mib, cpu_s=finding.answers_cpu_s)),
        str(Cost(mib=finding.computes_mib, cpu_s=finding.computes_cpu_s)),
    )


def _seen(before: dict[str, object]) -> str:
    """With the most that each process held."""
    both = [f"{peak}" for peak in (before["answers_mib"], before["computes_mib"]) if peak]
    return "; ".join([str(before["seen"]), *([f"{' + '.join(both)} MiB"] if both else [])])


if __name__ == "__main__":
    sys.exit(main())
