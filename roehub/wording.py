"""What an import says of a file, in the words of who has put a frame.

See: docs/python.md#candles
"""

import re

SHOWN = 5
_OPTION = re.compile(
    r"--(?P<name>interval|timezone|times|date-order|file-symbol)(?: (?P<value>[^\s,;]+))?"
    r"|--(?P<flag>[a-z][a-z-]+)"
)


def in_python(message: str) -> str:
    """A sentence of an import with arguments for options, and rows of a frame for lines.

    Rows count from 0.

    Args:
        message: For example `line 3: …; pass --interval 1h if the file holds 1h candles`.

    See: docs/python.md#candles
    """
    message = re.sub(r"\bline (\d+)", lambda line: f"row {int(line[1]) - 1}", message)
    return re.sub(r"\bfile\b", "frame", _OPTION.sub(_argument, message))


def in_few(faults: list[str]) -> str:
    """The first faults, a line for each, and how many more there are.

    See: docs/python.md#candles
    """
    n_more = len(faults) - SHOWN
    return "\n  ".join([*faults[:SHOWN], *([f"… and {n_more} more"] if n_more > 0 else [])])


def _argument(option: re.Match[str]) -> str:
    if option["flag"] is None:
        name = option["name"].replace("-", "_")
        return f'{name}="{option["value"]}"' if option["value"] else name
    if option["flag"] == "symbol":
        return "the instrument"
    return f"{option['flag'].replace('-', '_')}=True"
