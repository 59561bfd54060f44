"""A wire that breaks on demand: forwards TCP to a server until it is told to do something else."""

import contextlib
import socket
import struct
import threading
from collections.abc import Generator
from contextlib import contextmanager

from tests.ports import silent_port

RESET = struct.pack("ii", 1, 0)
CUT_AFTER_BYTES = 20


class Wire:
    """`state` is "whole", "refused", "reset", "mute" or "cut"; connections that exist obey too."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._state = "whole"
        self._open: set[socket.socket] = set()
        self._nobody = contextlib.ExitStack()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    @property
    def state(self) -> str:
        return self._state

    @state.setter
    def state(self, state: str) -> None:
        was_refused, self._state = self._state == "refused", state
        if state == "refused":
            close(self._listener)
            self._nobody.enter_context(silent_port(self.port))
            self._drop()
        elif was_refused:
            self._nobody.close()
            self._listener = socket.create_server(("127.0.0.1", self.port))
            threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()
        if state in {"whole", "reset"}:
            self._drop()

    def close(self) -> None:
        self._nobody.close()
        close(self._listener)
        self._drop()

    def _drop(self) -> None:
        for line in tuple(self._open):
            close(line)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self._state == "reset":
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.close()
                continue
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with contextlib.suppress(OSError), socket.create_connection(self._target) as server:
            self._open |= {client, server}
            back = threading.Thread(target=self._pump, args=(server, client), daemon=True)
            back.start()
            self._pump(client, server)
            back.join()
        self._open -= {client, server}
        client.close()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while content := source.recv(65_536):
                if self._state == "mute":
                    continue
                if self._state == "cut":
                    sink.sendall(content[:CUT_AFTER_BYTES])
                    break
                sink.sendall(content)
        for line in (source, sink):
            close_both_ways(line)


def close_both_ways(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def close(line: socket.socket) -> None:
    close_both_ways(line)
    line.close()


@contextmanager
def wire_to(host: str, port: int) -> Generator[Wire]:
    wire = Wire((host, port))
    try:
        yield wire
    finally:
        wire.close()
