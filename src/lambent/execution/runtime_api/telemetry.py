"""The Telemetry API of AWS Lambda (2022-07-01): what happens in an environment, posted to listeners inside the sandbox.

Events have AWS's schema 2022-12-13. Those of the platform are read from the lines that it writes to the function's log.
Nothing here can reach into the sandbox: connections are made by the supervisor inside and handed out (`connect`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import orjson

from lambent.execution.report import iso_time
from lambent.execution.system_log import events_of, init_done_events

if TYPE_CHECKING:
    import asyncio
    import socket
    from collections.abc import Callable

    from lambent.execution.spec import FunctionSpec

PATH = "/2022-07-01/telemetry"
TYPES = frozenset({"platform", "function", "extension"})
_SCHEMAS = frozenset({"2022-07-01", "2022-12-13", "2025-01-29"})
_HOSTS = frozenset({"sandbox.localdomain", "sandbox"})
_API_PORT = 9001
# Defaults and ranges of "Lambda Telemetry API reference": items, bytes, milliseconds.
_BUFFERING = {
    "maxItems": (10_000, 1_000, 10_000),
    "maxBytes": (262_144, 262_144, 1_048_576),
    "timeoutMs": (1_000, 25, 30_000),
}
# What is kept of INIT for those who subscribe in it, and for a subscriber that does not read.
_HISTORY_LIMIT = 1_000
_QUEUE_LIMIT = 10_000
_POST_LIMIT_S = 5.0


class BadSubscription(Exception):
    """What was asked for is not a subscription. The text says why."""


@dataclass(slots=True, eq=False)
class Subscription:
    """Who gets which events, where, and how many at a time."""

    name: str
    types: frozenset[str]
    port: int
    path: str
    max_items: int
    max_bytes: int
    timeout_s: float
    queue: list[bytes] = field(default_factory=list)
    size: int = 0
    dropped: int = 0
    is_posting: bool = False
    timer: asyncio.TimerHandle | None = None


def parse(name: str, body: bytes | None) -> Subscription:
    """The subscription in the body of a request.

    Raises:
        BadSubscription: it is none.
    """
    try:
        document = orjson.loads(body or b"")
        types, destination = document["types"], document["destination"]
        uri = urlsplit(destination["URI"])
        buffering = document.get("buffering") or {}
        chosen = {key: buffering.get(key, usual) for key, (usual, _, _) in _BUFFERING.items()}
        is_known = document["schemaVersion"] in _SCHEMAS and set(types) <= TYPES and bool(types)
        is_http = destination["protocol"] == "HTTP" and uri.scheme == "http"
        port = uri.port or 0
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadSubscription(f"not a subscription: {error}") from None
    if not is_known:
        raise BadSubscription("unknown schemaVersion or types")
    if not is_http or uri.hostname not in _HOSTS or port in (0, _API_PORT):
        raise BadSubscription("destination must be http://sandbox.localdomain:<port>, not 9001")
    for key, (_, least, most) in _BUFFERING.items():
        if not isinstance(chosen[key], int) or not least <= chosen[key] <= most:
            raise BadSubscription(f"{key} must be from {least} to {most}")
    return Subscription(
        name,
        frozenset(types),
        port,
        uri.path or "/",
        chosen["maxItems"],
        chosen["maxBytes"],
        chosen["timeoutMs"] / 1000,
    )


class Telemetry:
    """The subscriptions of one sandbox.

    Args:
        loop: for timers and sockets.
        connect: asks for a connection to a port inside the sandbox; the callback gets it, or None.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        connect: Callable[[int, Callable[[socket.socket | None], None]], None],
    ) -> None:
        self._loop = loop
        self._connect = connect
        self._subscriptions: dict[str, Subscription] = {}
        self._history: list[tuple[str, bytes]] | None = []
        self._posts: set[Post] = set()
        self._last_ms = 0
        self._spec: FunctionSpec  # set by `follow`

    def follow(self, spec: FunctionSpec) -> None:
        """The function whose log it hears from now on."""
        self._spec = spec

    def subscribe(self, subscription: Subscription, now_ms: int) -> None:
        """From now on, and from the beginning of INIT. A second one of the same extension replaces the first."""
        self._subscriptions[subscription.name] = subscription
        for kind, event in self._history or []:
            self._queue(subscription, kind, event)
        record = {
            "name": subscription.name,
            "state": "Subscribed",
            "types": sorted(subscription.types),
        }
        self._add("platform", now_ms, "platform.telemetrySubscription", record)

    def close_registration(self) -> None:
        """INIT is over: nobody can subscribe any more."""
        self._history = None

    def line(self, kind: str, now_ms: int, text: str) -> None:
        """An event of the function's log: `platform`, `function` or `extension`."""
        if not self._is_heard:
            return
        if kind == "platform":
            for event_type, record in events_of(self._spec, text):
                self._add("platform", now_ms, event_type, record)
        else:
            self._add(kind, now_ms, kind, text)

    def init_done(self, now_ms: int, phase: str, duration_ms: float) -> None:
        """INIT went well, extensions included."""
        if not self._is_heard:
            return
        for event_type, record in init_done_events(self._spec, phase, duration_ms):
            self._add("platform", now_ms, event_type, record)

    def flush(self) -> None:
        """Post what has gathered; the sandbox is about to end."""
        for each in self._subscriptions.values():
            self._post(each)

    def close(self) -> None:
        for each in self._subscriptions.values():
            if each.timer is not None:
                each.timer.cancel()
        self._subscriptions.clear()
        self._history = None
        for post in list(self._posts):
            post.end()

    @property
    def _is_heard(self) -> bool:
        """Whether somebody has subscribed, or still can."""
        return self._history is not None or bool(self._subscriptions)

    def _add(self, kind: str, now_ms: int, event_type: str, record: Any) -> None:
        self._last_ms = now_ms
        event = _event(now_ms, event_type, record)
        if self._history is not None and len(self._history) < _HISTORY_LIMIT:
            self._history.append((kind, event))
        for each in self._subscriptions.values():
            self._queue(each, kind, event)

    def _queue(self, subscription: Subscription, kind: str, event: bytes) -> None:
        if kind not in subscription.types:
            return
        if len(subscription.queue) >= _QUEUE_LIMIT:
            subscription.dropped += 1
            return
        subscription.queue.append(event)
        subscription.size += len(event)
        if (
            len(subscription.queue) >= subscription.max_items
            or subscription.size >= subscription.max_bytes
        ):
            self._post(subscription)
        elif subscription.timer is None:
            subscription.timer = self._loop.call_later(
                subscription.timeout_s, self._post, subscription
            )

    def _post(self, subscription: Subscription) -> None:
        if subscription.timer is not None:
            subscription.timer.cancel()
            subscription.timer = None
        if subscription.is_posting or not subscription.queue:
            return
        events, subscription.queue, subscription.size = subscription.queue, [], 0
        if subscription.dropped:
            record = {
                "reason": "the subscriber does not read",
                "droppedRecords": subscription.dropped,
            }
            events.append(_event(self._last_ms, "platform.logsDropped", record))
            subscription.dropped = 0
        subscription.is_posting = True
        self._connect(subscription.port, lambda sock: self._connected(subscription, events, sock))

    def _connected(
        self, subscription: Subscription, events: list[bytes], sock: socket.socket | None
    ) -> None:
        if sock is None:  # nobody listens
            subscription.dropped += len(events)
            self._posted(subscription)
            return
        body = b"[" + b",".join(events) + b"]"
        head = (
            f"POST {subscription.path} HTTP/1.1\r\nHost: sandbox.localdomain:{subscription.port}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )

        def done(post: Post) -> None:
            self._posts.discard(post)
            if not post.is_sent:
                subscription.dropped += len(events)
            self._posted(subscription)

        self._posts.add(Post(sock, self._loop, head.encode("latin-1", "replace") + body, done))

    def _posted(self, subscription: Subscription) -> None:
        subscription.is_posting = False
        if subscription.queue and subscription.timer is None:
            subscription.timer = self._loop.call_later(
                subscription.timeout_s, self._post, subscription
            )


class Post:
    """One request on a connection of its own: written, and over as soon as anything is answered. Owns the socket."""

    def __init__(
        self,
        sock: socket.socket,
        loop: asyncio.AbstractEventLoop,
        data: bytes,
        done: Callable[[Post], None],
    ) -> None:
        sock.setblocking(False)
        self._sock = sock
        self._loop = loop
        self._rest = memoryview(data)
        self._done = done
        self._timer = loop.call_later(_POST_LIMIT_S, self.end)
        loop.add_writer(sock, self._writable)
        loop.add_reader(sock, self._readable)

    @property
    def is_sent(self) -> bool:
        return not self._rest

    def end(self) -> None:
        if self._sock.fileno() < 0:
            return
        self._timer.cancel()
        self._loop.remove_writer(self._sock)
        self._loop.remove_reader(self._sock)
        self._sock.close()
        self._done(self)

    def _writable(self) -> None:
        try:
            self._rest = self._rest[self._sock.send(self._rest) :]
        except BlockingIOError:
            return
        except OSError:
            self.end()
            return
        if not self._rest:
            self._loop.remove_writer(self._sock)

    def _readable(self) -> None:
        try:
            self._sock.recv(4096)
        except BlockingIOError:
            return
        except OSError:
            pass
        if not self._rest:
            self.end()


def _event(now_ms: int, event_type: str, record: Any) -> bytes:
    return orjson.dumps({"time": iso_time(now_ms), "type": event_type, "record": record})
