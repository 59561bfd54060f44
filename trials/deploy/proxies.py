"""nginx and Caddy with the shipped files, before the processes that are there."""

import re
import ssl
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

from tests.ports import free_port
from trials.deploy.files import DEPLOY
from trials.deploy.programs import program, running, said

AROUND = """
daemon off;
worker_processes 1;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
{shipped}
}}
"""


@contextmanager
def nginx(folder: Path, ports: Sequence[int]) -> Generator[int]:
    """The port on which it speaks TLS, with the certificate of `certified`."""
    port = free_port()
    config = folder / "nginx.conf"
    config.write_text(
        AROUND.format(folder=folder, shipped=_for_this_machine(folder, ports, port)),
        encoding="utf-8",
    )
    words = [str(program("nginx")), "-e", str(folder / "nginx.log"), "-c", str(config)]
    said([*words, "-t"])
    with running(words, folder / "nginx.out", f"https://127.0.0.1:{port}/"):
        yield port


def certified(folder: Path) -> ssl.SSLContext:
    """Make a certificate for localhost, for a day; the context of a client that knows it."""
    names = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    said(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", *names, *files])
    return ssl.create_default_context(cafile=str(folder / "fullchain.pem"))


def _for_this_machine(folder: Path, ports: Sequence[int], port: int) -> str:
    """The shipped file, with other ports and another certificate."""
    text = (DEPLOY / "nginx" / "roehub-backtest.conf").read_text(encoding="utf-8")
    line = re.search(r"( *)server 127\.0\.0\.1:8080(.*;)\n", text)
    assert line is not None
    servers = "".join(f"{line[1]}server 127.0.0.1:{each}{line[2]}\n" for each in ports)
    text = text.replace(line[0], servers)
    text = text.replace("listen 8443 ssl", f"listen 127.0.0.1:{port} ssl")
    return text.replace("/etc/roehub/tls", str(folder))


@contextmanager
def caddy(folder: Path, ports: Sequence[int]) -> Generator[int]:
    """The port on which it speaks plain HTTP: certificates cannot be had for a made-up name."""
    port = free_port()
    text = (DEPLOY / "caddy" / "Caddyfile").read_text(encoding="utf-8")
    text = text.replace("backtests.example.org", f"http://127.0.0.1:{port}")
    upstreams = " ".join(f"127.0.0.1:{each}" for each in ports)
    text = text.replace("reverse_proxy 127.0.0.1:8080", f"reverse_proxy {upstreams}")
    config = folder / "Caddyfile"
    config.write_text("{\n\tadmin off\n}\n" + text, encoding="utf-8")
    words = [str(program("caddy")), "run", "--config", str(config), "--adapter", "caddyfile"]
    surroundings = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    with running(words, folder / "caddy.log", f"http://127.0.0.1:{port}/", surroundings):
        yield port
