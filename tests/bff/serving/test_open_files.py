import subprocess
import sys

import pytest

SCRIPT = """
import resource, sys
soft, hard, wanted = map(int, sys.argv[1:])
resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
from bff.serving.open_files import room_for_connections
print(room_for_connections(wanted), resource.getrlimit(resource.RLIMIT_NOFILE)[0])
"""


@pytest.mark.parametrize(
    ("soft", "hard", "room", "soft_after"),
    [
        (4_096, 4_096, 1_000, 4_096),
        (256, 4_096, 1_000, 1_128),
        (1_024, 1_024, 896, 1_024),
        (64, 64, 16, 64),
    ],
    ids=["enough", "enough once raised", "some", "hardly any"],
)
def test_connections_leave_files_for_everything_else(
    soft: int, hard: int, room: int, soft_after: int
) -> None:
    told = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(soft), str(hard), "1000"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert told.splitlines()[-1] == f"{room} {soft_after}"
