"""Blocks that are not run here, each with the reason; all others are run as they are printed."""

# Page and the beginning of the block → why. A test fails where an entry names no block.
LEFT_OUT = {
    ("README.md", "python3 -m venv env && env/bin/pip"): (
        "fetches packages; `make wheel` builds the wheel and tries it in an empty environment"
    ),
    ("README.md", "DEMOUSDT: 526,551 one-minute candles"): (
        "shortened output of the demo; tests/e2e/test_examples.py compares it"
    ),
    ("docs/deploy.md", "buildah build"): (
        "builds and starts containers; tests/test_deploy.py reads the files"
    ),
    ("docs/deploy.md", "python3 -m venv /opt/roehub-0.1.0"): (
        "installs a unit of systemd as root; tests/test_deploy.py reads the unit"
    ),
    ("docs/deploy.md", "python3 -m venv /opt/roehub-0.2.0"): (
        "restarts units of systemd as root; tests/test_deploy.py reads the unit"
    ),
    ("docs/evidence.md", "best of all pairs without stops"): "a formula",
    ("docs/evidence.md", "SR0 = deviation * ((1 - γ)"): "a formula",
    ("docs/scale.md", "pip install 'roehub-backtest[cluster]'"): "fetches packages",
    ("docs/scale.md", "ray start --head"): (
        "needs other machines; tests/bff/runner/test_cluster.py starts nodes here"
    ),
    ("docs/scale.md", "export ROEHUB_CLUSTER="): "needs that cluster and both servers",
    ("docs/scale.md", "scoring on a simulated device"): "printed by `make device`",
    ("docs/scoring.md", "f(a, x) / T(x)"): "a formula",
    ("docs/stores.md", "candles/1/BTCUSDT/1m/"): "the name of a file",
    ("docs/stores.md", "-- Postgres"): (
        "needs a server; tests/backtest/adapters/migrations/test_rights.py plays it on one"
    ),
}

# Programs whose commands are not run in any block → why.
LEFT_PROGRAMS = {"ray": "starts and joins nodes on several machines"}
