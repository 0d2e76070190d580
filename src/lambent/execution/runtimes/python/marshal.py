"""JSON in and out, with the habits of AWS's Python runtime.

Kept: NaN and Infinity as JavaScript writes them; Decimal as a plain number; bytes inside an answer as text; from Python
3.12 on, characters beyond ASCII as they are. A handler's own bytes are the answer, untouched.
"""

from __future__ import annotations

import json
import re
from typing import Any

from lambent.execution.runtimes.python.faults import MARSHAL_ERROR, UNMARSHAL_ERROR, Fault

# AWS switched with python3.12; what the environment says counts, not the interpreter that stands in for it.
_ESCAPING = re.compile(r"AWS_Lambda_python(2\.7|3\.([6-9]|1[01]))")
# The encoder of the standard library cannot write a Decimal bare: it writes this mark, which is replaced afterwards.
_MARK = "\ue000lambent-decimal:"
_MARKED = re.compile(r'"(?:\ue000|\\ue000)lambent-decimal:([^"]*)"')


class Marshaller:
    """Args: the value of AWS_EXECUTION_ENV."""

    def __init__(self, execution_environment: str) -> None:
        escape = bool(_ESCAPING.fullmatch(execution_environment)) or not execution_environment
        self._encoder = json.JSONEncoder(ensure_ascii=escape, default=self._other)
        self._saw_decimal = False

    def load(self, event: memoryview) -> Any:
        """The event as Python values.

        Raises:
            Fault: it is not JSON.
        """
        try:
            return json.loads(str(event, "utf-8"))
        except (ValueError, RecursionError) as error:
            raise Fault(UNMARSHAL_ERROR, f"Unable to unmarshal input: {error}") from None

    def dump(self, answer: Any) -> bytes:
        """The answer's bytes.

        Raises:
            Fault: it has no JSON form.
        """
        if isinstance(answer, bytes):
            return answer
        try:
            return self.encode(answer)
        except Exception as error:  # noqa: BLE001 - whatever the answer's own methods raise
            raise Fault(MARSHAL_ERROR, f"Unable to marshal response: {error}") from None

    def encode(self, value: Any) -> bytes:
        text = self._encoder.encode(value)
        if self._saw_decimal:
            self._saw_decimal = False
            text = _MARKED.sub(r"\1", text)
        return text.encode("utf-8", "surrogatepass")

    def _other(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode("utf-8")
        kind = type(value)
        if kind.__name__ == "Decimal" and kind.__module__ == "decimal":
            if value.is_nan():
                return float("nan")
            self._saw_decimal = True
            return _MARK + str(value)
        raise TypeError(f"Object of type {kind.__name__} is not JSON serializable")
