"""The Extensions API of AWS Lambda (2020-01-01): register, event/next, init/error, exit/error.

An extension may be a program of a layer (external: the starter launched it and has told its name) or live in the
runtime (internal). It is ready while it waits in `next`. Texts of refusals as in the emulator that AWS publishes.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from lambent.core import ids
from lambent.execution.failures import error_payload
from lambent.execution.runtime_api.connection import JSON_TYPE
from lambent.execution.runtime_api.http import error_body

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from lambent.execution.runtime_api.connection import Connection
    from lambent.execution.runtime_api.http import Request

PREFIX = "/2020-01-01/extension/"
INVOKE, SHUTDOWN = "INVOKE", "SHUTDOWN"
# "Extension limit (10) reached", external and internal ones together.
_LIMIT = 10
_BODY_LIMIT = 65_536
_ACCEPTED = b'{"status":"OK"}\n'
_ID = "lambda-extension-identifier"
_ERROR_TYPE = "lambda-extension-function-error-type"


@dataclass(slots=True, eq=False)
class Extension:
    """One registered extension: what it wants, what it has not fetched yet, and the `next` that waits."""

    name: str
    id: str
    events: frozenset[str]
    waiting: Connection | None = None
    queue: deque[dict[str, Any]] = field(default_factory=deque)

    def deliver(self) -> None:
        if self.waiting is None or not self.queue:
            return
        connection, self.waiting = self.waiting, None
        headers = {**JSON_TYPE, "Lambda-Extension-Event-Identifier": ids.uuid()}
        connection.answer(200, orjson.dumps(self.queue.popleft()), headers)


class ExtensionsApi:
    """The extensions of one sandbox.

    Args:
        changed: called whenever one has registered or waits for an event.
        failed: called with the error object when one gives up.
    """

    def __init__(self, changed: Callable[[], None], failed: Callable[[bytes], None]) -> None:
        self._changed = changed
        self._failed = failed
        self._function: dict[str, Any] = {}
        self._external: frozenset[str] = frozenset()
        self._extensions: dict[str, Extension] = {}
        self.is_closed = False  # INIT is over

    def describe(self, function: dict[str, Any]) -> None:
        """What ASSIGN says of the function."""
        self._function = function

    def launched(self, names: Iterable[str]) -> None:
        self._external = frozenset(names)

    def close_registration(self) -> None:
        """INIT is over."""
        self.is_closed = True

    def all_registered(self) -> bool:
        return self._external <= {each.name for each in self._extensions.values()}

    def all_ready(self) -> bool:
        """Whether each has registered and waits for its next event."""
        is_waiting = all(each.waiting is not None for each in self._extensions.values())
        return is_waiting and self.all_registered()

    def name_of(self, connection: Connection, request: Request) -> str | None:
        """Who asks; None where that is nobody, who has been refused then."""
        found = self._known(connection, request)
        return None if found is None else found.name

    def report(self) -> list[str]:
        """The lines that AWS writes of extensions once INIT is over."""
        return [
            f"EXTENSION\tName: {each.name}\tState: Ready\tEvents: [{','.join(sorted(each.events))}]\n"
            for each in self._extensions.values()
        ]

    def invoke(self, event: dict[str, Any]) -> None:
        self._deliver(INVOKE, event)

    def shut_down(self, reason: str, deadline_ms: int) -> bool:
        """Tell those who want to know. False: nobody does."""
        event = {"eventType": SHUTDOWN, "shutdownReason": reason, "deadlineMs": deadline_ms}
        return self._deliver(SHUTDOWN, event)

    def _deliver(self, kind: str, event: dict[str, Any]) -> bool:
        wanted = [each for each in self._extensions.values() if kind in each.events]
        for each in wanted:
            each.queue.append(event)
            each.deliver()
        return bool(wanted)

    # --- requests ---------------------------------------------------------------------------------------------

    def limit(self, _connection: Connection, _request: Request) -> int:
        return _BODY_LIMIT

    def handle(self, connection: Connection, request: Request) -> None:
        route = (request.method, request.path.removeprefix(PREFIX))
        if route == ("POST", "register"):
            self._register(connection, request)
        elif route == ("GET", "event/next"):
            self._next(connection, request)
        elif route in (("POST", "init/error"), ("POST", "exit/error")):
            self._give_up(connection, request)
        else:
            connection.answer(404, b"404 page not found\n", {"Content-Type": "text/plain"})

    def closed(self, connection: Connection) -> None:
        for each in self._extensions.values():
            if each.waiting is connection:
                each.waiting = None

    def _register(self, connection: Connection, request: Request) -> None:
        name = request.headers.get("lambda-extension-name", "")
        events = _events(request.body)
        is_external = name in self._external
        if not name:
            _refuse(connection, "Extension.InvalidExtensionName", "Empty extension name")
        elif events is None or not events <= {INVOKE, SHUTDOWN}:
            text = "Invalid events: only INVOKE and SHUTDOWN can be registered for"
            connection.answer(400, error_body("InvalidRequestFormat", text))
        elif self.is_closed:
            text = "Extension registration closed already"
            _refuse(connection, "Extension.RegistrationClosed", text)
        elif any(each.name == name for each in self._extensions.values()):
            text = f"Extension with this name already registered: {name}"
            _refuse(connection, "Extension.AlreadyRegistered", text)
        elif not is_external and SHUTDOWN in events:
            text = "SHUTDOWN event is not supported for internal extensions"
            connection.answer(
                400, error_body("ShutdownEventNotSupportedForInternalExtension", text)
            )
        elif len(self._extensions) >= _LIMIT:
            _refuse(
                connection, "Extension.TooManyExtensions", f"Extension limit ({_LIMIT}) reached"
            )
        else:
            extension = Extension(name, ids.uuid(), events)
            self._extensions[extension.id] = extension
            headers = {**JSON_TYPE, "Lambda-Extension-Identifier": extension.id}
            connection.answer(200, self._registered(request), headers)
            self._changed()

    def _registered(self, request: Request) -> bytes:
        function = self._function
        answer = {
            "functionName": function.get("function_name", ""),
            "functionVersion": function.get("function_version", ""),
            "handler": function.get("handler", ""),
        }
        if "accountId" in request.headers.get("lambda-extension-accept-feature", ""):
            answer["accountId"] = "".join(function.get("function_arn", "").split(":")[4:5])
        return orjson.dumps(answer)

    def _next(self, connection: Connection, request: Request) -> None:
        extension = self._known(connection, request)
        if extension is None:
            return
        extension.waiting = connection
        extension.deliver()
        self._changed()

    def _give_up(self, connection: Connection, request: Request) -> None:
        extension = self._known(connection, request)
        if extension is None:
            return
        error_type = request.headers.get(_ERROR_TYPE, "")
        if not error_type:
            text = "Lambda-Extension-Function-Error-Type not found"
            _refuse(connection, "Extension.MissingHeader", text)
            return
        connection.answer(202, _ACCEPTED)
        is_init = request.path.endswith("init/error")
        kind = "Extension.InitError" if is_init else "Extension.ExitError"
        self._failed(error_payload(kind, f"{extension.name}: {error_type}"))

    def _known(self, connection: Connection, request: Request) -> Extension | None:
        sent = request.headers.get(_ID, "")
        found = self._extensions.get(sent.lower())
        if not sent:
            text = "Missing Lambda-Extension-Identifier header"
            _refuse(connection, "Extension.MissingExtensionIdentifier", text)
        elif found is None:
            _refuse(connection, "Extension.UnknownExtensionIdentifier", f"Unknown extension {sent}")
        return found


def _refuse(connection: Connection, error_type: str, text: str) -> None:
    connection.answer(403, error_body(error_type, text))


def _events(body: bytes | None) -> frozenset[str] | None:
    """The events that a registration asks for; None where it is not one."""
    try:
        document = orjson.loads(body or b"")
    except orjson.JSONDecodeError:
        return None
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list) or not all(isinstance(each, str) for each in events):
        return None
    return frozenset(events)
