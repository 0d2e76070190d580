"""Requests and responses between the HTTP server and what is behind it.

Header names keep the case in which they were sent, because API Gateway shows them to functions; look-ups ignore it.
Text of headers is latin-1, as it is on the wire (RFC 9110, section 5.5).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import (
        AsyncGenerator,
        AsyncIterator,
        Awaitable,
        Callable,
        Coroutine,
        Iterable,
        Iterator,
        Mapping,
    )
    from typing import Any

T = TypeVar("T")


class Headers:
    """An ordered multimap of header fields: names as sent, look-up without case.

    `first` holds the first value of each name, by the name in lower case.
    """

    __slots__ = ("_items", "first")

    def __init__(
        self, items: Iterable[tuple[str, str]] = (), first: Mapping[str, str] | None = None
    ) -> None:
        """`first` where it is known already: `items` is a list then, and nobody else's."""
        self._items = items if first is not None and isinstance(items, list) else list(items)
        if first is None:
            index: dict[str, str] = {}
            for name, value in self._items:
                index.setdefault(name.lower(), value)
            first = index
        self.first = first

    def get(self, name: str, default: str = "") -> str:
        """The first value of `name` (lower case), or the default."""
        return self.first.get(name, default)

    def getall(self, name: str) -> list[str]:
        """Every value of `name` (lower case), in the order sent."""
        return [value for key, value in self._items if key.lower() == name]

    @property
    def has_repeats(self) -> bool:
        """True when some name occurs more than once."""
        return len(self.first) != len(self._items)

    def items(self) -> list[tuple[str, str]]:
        """All fields in the order and the case sent."""
        return self._items

    def __contains__(self, name: object) -> bool:
        return name in self.first

    def __iter__(self) -> Iterator[str]:
        return iter(self.first)

    def __len__(self) -> int:
        return len(self._items)

    def __repr__(self) -> str:
        return f"Headers({self._items!r})"


class Body(Protocol):
    """The body of a request, readable once: whole, or piece by piece."""

    async def read(self, limit: int) -> bytes:
        """The whole body. Raises `BodyTooLarge` as soon as more than `limit` bytes are known to come.

        A body on the wire may also raise `BadBody` and `ClientGone`; both are for the server to deal with.
        """
        ...

    def stream(self) -> AsyncIterator[bytes]:
        """The body in pieces as they arrive; the client is held back while a piece is worked on."""
        ...


class BytesBody:
    """A body that is there already, as `data`."""

    __slots__ = ("data",)

    def __init__(self, data: bytes = b"") -> None:
        self.data = data

    async def read(self, limit: int) -> bytes:
        if len(self.data) > limit:
            raise BodyTooLarge(limit)
        return self.data

    async def stream(self) -> AsyncIterator[bytes]:
        if self.data:
            yield self.data


class DroppableBody(Generic[T]):
    """A body that is made as it goes out, and that may be dropped before its first piece.

    A generator that was never begun does not run what stands at its end; so that is said apart.

    Args:
        pieces: makes the body.
        dropped: called by `aclose`, however far it came; may be called more than once.
    """

    def __init__(
        self, pieces: AsyncGenerator[T, None], dropped: Callable[[], Awaitable[None] | None]
    ) -> None:
        self._pieces = pieces
        self._dropped = dropped

    def __aiter__(self) -> AsyncIterator[T]:
        return self

    async def __anext__(self) -> T:
        return await anext(self._pieces)

    async def aclose(self) -> None:
        await self._pieces.aclose()
        waiting = self._dropped()
        if waiting is not None:
            await waiting


class BodyTooLarge(Exception):
    """More body than the reader allows. Args: the limit in bytes."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"request body over {limit} bytes")
        self.limit = limit


class ClientGone(Exception):
    """The client closed the connection before its request was complete."""


class BadBody(Exception):
    """The body cannot be read to its end: malformed, or it stopped coming. Args: the status to answer with, and why."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


class AnswerCut(Exception):
    """Raised by a streamed body whose source has failed, which is told elsewhere: no more will come, and what has gone
    out is not the whole.
    """


class Form(Protocol):
    """Stands for requests that are alike: target and fields are the same, but for those that pass (`usual_head`)."""

    def kept(self) -> Form | None:
        """The form that the next request like this one will be of; None where it is not worth remembering."""
        ...


@dataclass(slots=True)
class Request:
    """One HTTP request, nothing decoded: `path` and `query` are as sent, percent signs and all. `form` is that of
    requests that come again and again, None for others.
    """

    method: str
    path: str
    query: str
    headers: Headers
    body: Body
    peer: str = ""
    scheme: str = "http"
    form: Form | None = None

    @property
    def host(self) -> str:
        """The Host header, port included, as sent."""
        return self.headers.first.get("host", "")


@dataclass(slots=True)
class Response:
    """One HTTP answer. A body of bytes gets a Content-Length; an async iterator is sent chunk by chunk as it comes."""

    status: int = 200
    headers: list[tuple[str, str]] = field(default_factory=list)
    body: bytes | AsyncIterator[bytes] = b""


if TYPE_CHECKING:
    Handler = Callable[[Request], Awaitable[Response]]
    # Whom an answer is given to that was not waited for.
    Respond = Callable[[Response], None]
    # Begins a request whose body is a `BytesBody`, and gives the answer to `Respond`, now or later. Where that takes a
    # task of its own, nothing has been answered, and what is left to be done is returned.
    Begin = Callable[[Request, Respond], Coroutine[Any, Any, Response] | None]
