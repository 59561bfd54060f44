"""`python -m tests.bff.commands.patient_download`: the program, which waits for bytes for long."""

from backtest.adapters.archives import fetch
from bff.cli import main
from tests.waiting import PATIENCE_S

if __name__ == "__main__":
    fetch._SILENCE_S = PATIENCE_S
    main()
