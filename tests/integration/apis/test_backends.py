"""HTTP backends that answer nonsense, late, or not at all: APIs of both kinds say so, and stay what they are."""

from __future__ import annotations

import socket
import threading
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = [pytest.mark.slow, pytest.mark.timeout(60)]

OK = b"HTTP/1.1 200 OK\r\n"
# What a backend sends before it closes -> the status for clients of a REST API and of an HTTP API; 0: the backend's.
ANSWERS: list[tuple[bytes, int, int]] = [
    (b"nonsense\r\n\r\n", 502, 503),
    (b"HTTP/1.1 abc OK\r\n\r\n", 502, 503),
    (b"HTTP/1.1 999999 X\r\n\r\n", 502, 503),
    (b"HTTP/9.9 200 OK\r\nContent-Length: 0\r\n\r\n", 502, 503),
    (OK + b"Content-Length: 10\r\n\r\nshort", 502, 503),
    (OK + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 502, 503),
    (OK + b"Content-Length: -1\r\n\r\n", 502, 503),
    (OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n\r\n", 502, 503),
    (OK + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab", 502, 503),
    (OK + b"X: a\x00b\r\nContent-Length: 0\r\n\r\n", 502, 503),
    (OK + b"X" * 200_000 + b": 1\r\n\r\n", 502, 503),
    (OK + b"X: " + b"y" * 200_000 + b"\r\n\r\n", 502, 503),
    (b"", 504, 503),
    (b"HTTP/1.1 200 OK\r\nX: 1\r\n", 504, 503),
    (b"HTTP/1.1 103 Early Hints\r\n\r\n" + OK + b"Content-Length: 0\r\n\r\n", 0, 0),
    (OK + b"Content-Encoding: gzip\r\nContent-Length: 2\r\n\r\nab", 0, 0),
    (OK + b"Content-Length: 0\r\nSet-Cookie: a\r\nSet-Cookie: b\r\n\r\n", 0, 0),
    (OK + b"X-Latin: \xff\xe9\r\nContent-Length: 0\r\n\r\n", 0, 0),
    (b"HTTP/1.1 204 No Content\r\n\r\n", 0, 0),
    (b"HTTP/1.1 304 Not Modified\r\n\r\n", 0, 0),
    (b"HTTP/1.1 418 \r\nContent-Length: 0\r\n\r\n", 0, 0),
    (b"HTTP/1.1 600 Odd\r\nContent-Length: 0\r\n\r\n", 0, 0),
    (b"HTTP/1.0 200 OK\r\n\r\nto the end", 0, 0),
]


class Backend:
    """Reads the head of a request and answers with the bytes that it is told."""

    def __init__(self) -> None:
        self.answer = b""
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/"
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            with connection:
                got = b""
                while b"\r\n\r\n" not in got and (piece := connection.recv(65_536)):
                    got += piece
                connection.sendall(self.answer)

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(10)


@pytest.fixture
def backend() -> Iterator[Backend]:
    serving = Backend()
    yield serving
    serving.close()


def test_backends_that_answer_nonsense(
    tenant: Any, kind: str, backend: Backend, caplog: pytest.LogCaptureFixture
) -> None:
    api = tenant.backed(kind, backend.url)
    for sent, of_rest, of_http in ANSWERS:
        backend.answer = sent
        answer = api.call(b"/a")
        expected = of_http if kind == "http" else of_rest
        if expected:
            assert answer.status == expected, sent[:60]
            text = "Service Unavailable" if kind == "http" else "Internal server error"
            if expected != 504:
                assert answer.json == {"message": text}
        else:
            last = sent.rpartition(b"HTTP/1.")[2]
            assert answer.status == int(last.split()[1]), sent[:60]
    assert [each.getMessage() for each in caplog.records if each.levelname == "ERROR"] == []
