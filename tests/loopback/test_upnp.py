"""A router's HTTP server that does as it likes costs a call to it, in bounded time."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from wzp_core.errors import Unavailable
from wzp_core.io import upnp
from wzp_core.nat import igd

HERE = "127.0.0.1"


@contextmanager
def server(*answer: bytes, for_ever: bytes = b"") -> Iterator[igd.Service]:
    """Answers one connection with that, then says `for_ever` ten times a second."""
    over = threading.Event()
    with socket.create_server((HERE, 0)) as listening:

        def serve() -> None:
            with listening.accept()[0] as connection, suppress(OSError):
                connection.recv(65_536)
                connection.sendall(b"".join(answer))
                while for_ever and not over.wait(0.1):
                    connection.sendall(for_ever)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield igd.Service(f"http://{HERE}:{listening.getsockname()[1]}/control", "urn:x")
        finally:
            over.set()
            thread.join(10)


def ask(service: igd.Service) -> str:
    return upnp.call(service, igd.external_ip(service), HERE, HERE)


def test_an_answer_is_read() -> None:
    with server(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello") as service:
        assert ask(service) == "hello"


@pytest.mark.parametrize("part", [b"H", b"HTTP/1.1 200 OK\r\n", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"])
def test_a_router_that_never_comes_to_an_end_is_left(part: bytes) -> None:
    """Each byte comes in time; with no limit for the whole this test would not end."""
    with server(part, for_ever=b"x") as service, suppress(Unavailable):
        assert ask(service).strip("x") == ""


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 500 Error\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n<s:Fault>",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n",
    ],
)
def test_a_router_that_refuses_or_talks_nonsense_grants_nothing(answer: bytes) -> None:
    with server(answer) as service, pytest.raises(Unavailable):
        ask(service)
