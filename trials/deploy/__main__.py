"""`python -m trials.deploy [--seconds 20] [--without-image]`: play the page, write its table."""

import argparse
import ssl
import sys
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from uuid import uuid4

from benchmarks.machine import ROOT
from tests.backtest.adapters.postgres_server import running_postgres
from tests.bff.admission.redis_server import running_redis
from trials.deploy import image, packages, playing, proxies
from trials.deploy.files import try_files
from trials.deploy.load import N_CLIENTS, Client
from trials.deploy.packages import Installed
from trials.deploy.playing import Scene
from trials.deploy.programs import program, versions
from trials.deploy.record import Record
from trials.deploy.service import environment, fleet
from trials.deploy.stores import Rights
from trials.deploy.units import runs_under_systemd
from trials.deploy.watching import watching
from trials.soak.page import write_region
from trials.soak.service import running_module

PAGE = ROOT / "docs" / "deploy.md"


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m trials.deploy")
    arguments.add_argument("--seconds", type=float, default=20.0, help="of load around an upgrade")
    arguments.add_argument("--without-image", action="store_true")
    given = arguments.parse_args()
    record = Record()
    with tempfile.TemporaryDirectory(prefix="roehub-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # the user of the container looks into it
        try_files(record, folder)
        if not given.without_image:
            _try_image(record, folder)
        _try_service(record, folder, given.seconds)
    text = f"{record.text()}\n\n{versions()}."
    print(text)
    if not given.without_image:
        write_region("played", text, PAGE)
    return int(record.n_failed > 0)


def _try_image(record: Record, folder: Path) -> None:
    containers = image.Containers(folder=folder / "containers")
    tried = record.tried
    with ExitStack() as stack:
        if all(map(program, image.PROGRAMS)):
            stack.callback(containers.clear)
        is_built = tried(
            "image",
            "`buildah build` of `deploy/Containerfile`, on a Debian made by mmdebstrap",
            containers.build,
            *image.PROGRAMS,
        )
        if not is_built:
            return
        tried(
            "kernels in the image",
            "all of them, in a container that can write nowhere; Numba tells what it compiles",
            partial(image.loads_kernels, containers),
        )
        tried(
            "container",
            "`podman run --read-only --cap-drop ALL`, the command and health check of the image",
            partial(image.serves, containers, folder),
        )
        tried(
            "systemd",
            "the shipped unit as `@0` and `@1`, under a systemd in a container",
            partial(runs_under_systemd, containers),
        )


def _try_service(record: Record, folder: Path, seconds: float) -> None:
    first, following = Installed(folder / "first"), Installed(folder / "following")
    is_installed = record.tried(
        "wheel",
        "`pip wheel`, then `pip install --require-hashes -r requirements.lock` and the wheel",
        partial(_install, folder, first, following),
    )
    if not is_installed:
        return
    with _scene(folder, first, following) as (scene, redis):
        if not _try_stores(record, scene):
            return
        _try_processes(record, scene, redis, seconds)


def _install(folder: Path, first: Installed, following: Installed) -> str:
    packages.install(first.folder, packages.wheel(folder / "now"))
    packages.install_beside(
        following.folder, packages.wheel(folder / "then", packages.next_version()), first
    )
    return f"{first.version}, and {following.version} beside it"


@contextmanager
def _scene(
    folder: Path, first: Installed, following: Installed
) -> Generator[tuple[Scene, ExitStack]]:
    """Stores that run and hold nothing; closing the second part ends the Redis."""
    with ExitStack() as stack:
        rights = Rights(stack.enter_context(running_postgres()))
        port = stack.enter_context(running_module("trials.deploy.stores"))
        redis = stack.enter_context(ExitStack())
        shared = {
            "CH_HOST": "127.0.0.1",
            "CH_PORT": str(port),
            "QUOTA_REDIS_URL": redis.enter_context(running_redis()),
        }
        environ = environment(folder, **shared, STRATEGY_PG_DSN=rights.of("roehub"))
        yield (
            Scene(
                folder=folder,
                first=first,
                following=following,
                environ=environ,
                admin={**environ, "STRATEGY_PG_DSN": rights.of("roehub_admin")},
                rights=rights,
                clients=tuple(Client(number=n, strategy_id=uuid4()) for n in range(N_CLIENTS)),
                fleet=stack.enter_context(fleet(folder, environ)),
            ),
            redis,
        )


def _try_stores(record: Record, scene: Scene) -> bool:
    served = "Postgres, and HTTP before the embedded ClickHouse"
    return (
        record.tried("`check` first", served, partial(playing.check_before, scene))
        and record.tried(
            "`stores init`", "twice, as the user who may", partial(playing.make_stores, scene)
        )
        and record.tried(
            "`check` then",
            f"as the user of the service, after `candles generate --days {playing.DAYS}`",
            partial(playing.check_after, scene),
        )
    )


def _try_processes(record: Record, scene: Scene, redis: ExitStack, seconds: float) -> None:
    if not record.tried("start", "`serve`, three times", partial(scene.fleet.start, scene.first)):
        return
    trust = proxies.certified(scene.folder)
    with ExitStack() as stack:
        _try_caddy(record, scene, trust)
        prometheus = stack.enter_context(watching(scene.folder, scene.metrics_ports))
        port = stack.enter_context(proxies.nginx(scene.folder, scene.ports))
        address = f"https://localhost:{port}"
        through = partial(playing.through_proxy, scene, address, trust)
        record.tried("nginx, TLS", "the shipped file, a grid through it", through)
        record.tried(
            "upgrade under load",
            f"{N_CLIENTS} clients through nginx; each process: SIGTERM, the next version, ready",
            partial(playing.replace_under_load, scene, address, trust, scene.following, seconds),
        )
        record.tried(
            "and back",
            "the same with the first version",
            partial(playing.replace_under_load, scene, address, trust, scene.first, seconds),
        )
        record.tried(
            "metrics",
            "Prometheus with the shipped scrape, every second",
            partial(playing.watch, prometheus, len(scene.fleet.processes)),
        )
        record.tried(
            "alert",
            "a process stopped for longer than `for`, which is 3 s here",
            partial(playing.ring, scene, prometheus),
        )
    record.tried(
        "quota of a user",
        f"{playing.N_QUESTIONS} questions to three processes that share a Redis, 300 a minute",
        partial(playing.spend_together, scene, trust),
    )
    redis.close()
    record.tried(
        "the Redis gone", "the same, another user", partial(playing.spend_apart, scene, trust)
    )
    record.tried("stop", "SIGTERM", scene.fleet.stop)
    record.tried("log", "all lines of all processes in `prod`", scene.fleet.logs)


def _try_caddy(record: Record, scene: Scene, trust: ssl.SSLContext) -> None:
    def play() -> str:
        with proxies.caddy(scene.folder, scene.ports) as port:
            return playing.through_proxy(scene, f"http://127.0.0.1:{port}", trust)

    record.tried("Caddy", "the shipped file over plain HTTP, a grid through it", play, "caddy")


if __name__ == "__main__":
    sys.exit(main())
