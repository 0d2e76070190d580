"""JSON in and out, with the habits of AWS's Python runtime.

Kept: NaN and Infinity as JavaScript writes them; Decimal as a plain number; named tuples, and whatever else has
`_asdict`, as objects; bytes inside an answer, and as names in it, as text; from Python 3.12 on, characters beyond ASCII
as they are. A handler's own bytes are the answer, untouched.
"""

from __future__ import annotations

import contextlib
import json
import marshal
import os
import re
from typing import TYPE_CHECKING, Any

from lambent.execution.runtimes.python.faults import MARSHAL_ERROR, UNMARSHAL_ERROR, Fault

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Chunks = Callable[[Any, int], Iterable[str]]

# AWS switched with python3.12; what the environment says counts, not the interpreter that stands in for it.
_LARGE = 65_536
_FEW = 16
_SIMPLE = frozenset({str, int, float, bool, type(None)})
_LONG = 4_096
# Of long texts in an event.
_MANY = 64
# What JSON escapes in ASCII, and what some encoders do.
_SPECIAL = ('"', "\\", "\x7f", *map(chr, range(32)))
_SCAN = vars(json.JSONDecoder())["scan_once"]
_SCAN_WITH_MARKS = vars(json.JSONDecoder(strict=False))["scan_once"]
_ESCAPING = re.compile(r"AWS_Lambda_python(2\.7|3\.([6-9]|1[01]))")


class Marshaller:
    """Args: the value of AWS_EXECUTION_ENV."""

    def __init__(self, execution_environment: str) -> None:
        escape = bool(_ESCAPING.fullmatch(execution_environment)) or not execution_environment
        self._encoder = json.JSONEncoder(ensure_ascii=escape, default=self._other)
        self._markers: dict[int, Any] = {}
        escape_text = (
            json.encoder.encode_basestring_ascii if escape else json.encoder.encode_basestring
        )
        self._chunks = _chunks_of(self._encoder, self._markers, escape_text)
        self._chunks_of_long = _chunks_of(self._encoder, self._markers, _quickly(escape_text))
        self._mark = ""
        self._saw_decimal = False

    def load(self, event: memoryview) -> Any:
        """The event as Python values.

        Raises:
            Fault: it is not JSON.
        """
        try:
            return loads(str(event, "utf-8"))
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
            if _is_long_and_simple(answer):
                return self.encode(answer, self._chunks_of_long)
            chunks = self._chunks
            size = _plain_size(answer)
            if size is None:
                with contextlib.suppress(RecursionError):  # the encoder has words of its own for it
                    answer = _shaped(answer, set())
            elif size > _LARGE and _is_mostly_one_text(answer, size):
                chunks = self._chunks_of_long
            return self.encode(answer, chunks)
        except Exception as error:  # noqa: BLE001 - whatever the answer's own methods raise
            raise Fault(MARSHAL_ERROR, f"Unable to marshal response: {error}") from None

    def encode(self, value: Any, chunks: Chunks | None = None) -> bytes:
        chunks = chunks or self._chunks
        try:
            text = self._encode(value, chunks)
        except TypeError:
            # Names in objects that the encoder does not take; whatever else it was, it is again.
            self._saw_decimal = False
            text = self._encode(_shaped(value, set()), chunks)
        if self._saw_decimal:
            self._saw_decimal = False
            text = re.sub(f'"{self._mark}([^"]*)"', r"\1", text)
        return text.encode("utf-8", "surrogatepass")

    def _encode(self, value: Any, chunks: Chunks) -> str:
        try:
            return "".join(chunks(value, 0))
        except BaseException:
            self._markers.clear()  # what it was in the middle of
            raise

    def _other(self, value: Any) -> Any:
        if isinstance(value, bytes):
            return value.decode("utf-8")
        kind = type(value)
        if kind.__name__ == "Decimal" and kind.__module__ == "decimal":
            if value.is_nan():
                return float("nan")
            # The encoder cannot write a Decimal bare: it writes a mark, which no answer can know and which is replaced.
            self._mark = self._mark or f"decimal-{os.urandom(16).hex()}:"
            self._saw_decimal = True
            return self._mark + str(value)
        raise TypeError(f"Object of type {kind.__name__} is not JSON serializable")


def loads(text: str) -> Any:
    """As json.loads, in half the time where nothing stands around the value."""
    try:
        if len(text) > _LARGE and (long := _without_long_texts(text)) is not None:
            return _put_back(*long)
        value, end = _SCAN(text, 0)
    except (StopIteration, ValueError):
        return json.loads(text)  # which has words for it
    return value if end == len(text) else json.loads(text)


def _without_long_texts(text: str) -> tuple[str, list[str]] | None:
    """The same JSON with a mark in the place of each long text, and these texts, which are found at the speed of
    memchr(3) instead of a character at a time; None where that cannot be.

    A mark is a null and the text's number. JSON has no nulls in texts but as escapes, and whoever calls has checked
    that the event is JSON; where there are escapes nothing is done.
    """
    if "\\" in text or "\0" in text:
        return None
    pieces: list[str] = []
    texts: list[str] = []
    copied = end = 0
    for _ in range(_MANY):
        start = text.find('"', end)
        if start < 0:
            break
        end = text.find('"', start + 1) + 1
        if not end:
            return None
        if end - start > _LARGE:
            pieces += (text[copied:start], f'"\0{len(texts)}"')
            texts.append(text[start + 1 : end - 1])
            copied = end
    pieces.append(text[copied:])
    skeleton = "".join(pieces)
    return (skeleton, texts) if texts and len(skeleton) <= _LARGE else None


def _put_back(skeleton: str, texts: list[str]) -> Any:
    """Raises StopIteration, ValueError: it is not JSON, or a name is a long text."""
    value, end = _SCAN_WITH_MARKS(skeleton, 0)
    if end != len(skeleton):
        raise ValueError
    holder = [value]
    stack: list[Any] = [holder]
    left = len(texts)
    while stack and left:
        around = stack.pop()
        members = around.items() if type(around) is dict else enumerate(around)
        for name, each in members:
            if type(each) is str:
                if each[:1] == "\0":
                    around[name] = texts[int(each[1:])]
                    left -= 1
            elif type(each) in (dict, list):
                stack.append(each)
    if left:
        raise ValueError
    return holder[0]


def _chunks_of(
    encoder: json.JSONEncoder, markers: dict[int, Any], escape: Callable[[str], str]
) -> Chunks:
    """What `encoder` makes of a value, by the interpreter's own encoder, which the library would make anew for each.

    `markers` holds what is being encoded, so that circles are found; `escape` makes JSON of a text.
    """
    make = getattr(json.encoder, "c_make_encoder", None)
    if make is None:
        return lambda value, _: (encoder.encode(value),)
    made: Chunks = make(markers, encoder.default, escape, None, ": ", ", ", False, False, True)
    return made


def _quickly(escape: Callable[[str], str]) -> Callable[[str], str]:
    """The same, in a fifth of the time for a long text in which nothing has to be escaped."""

    def quoted(text: str) -> str:
        if len(text) < _LONG or not text.isascii() or any(each in text for each in _SPECIAL):
            return escape(text)
        return f'"{text}"'

    return quoted


def _is_long_and_simple(answer: Any) -> bool:
    """Whether it is a long text, or a small object with one, and without anything in the others to look into."""
    if type(answer) is str:
        return len(answer) > _LARGE
    if type(answer) is not dict or len(answer) > _FEW:
        return False
    is_long = False
    for name, value in answer.items():
        kind = type(value)
        if kind not in _SIMPLE or type(name) is not str:
            return False
        if kind is str and len(value) > _LARGE:
            is_long = True
    return is_long


def _is_mostly_one_text(answer: Any, size: int) -> bool:
    """Whether a text of nine tenths of the size is what answers, or is in it: a page or a file, most often."""
    values = answer.values() if isinstance(answer, dict) else (answer,)
    return any(isinstance(value, str) and len(value) * 10 > size * 9 for value in values)


def _plain_size(answer: Any) -> int | None:
    """About how large it is; None unless there is nothing but the built-in types in it. Asked of the interpreter's own
    serialiser, which takes no others, in a seventh of the time that encoding takes."""
    try:
        return len(marshal.dumps(answer))
    except ValueError:
        return None


def _shaped(value: Any, around: set[int]) -> Any:
    """A copy with dictionaries for named tuples, and names that the encoder knows. `around`: ids of what holds it."""
    if isinstance(value, (str, bytes, int, float)) or value is None:
        return value
    is_list = isinstance(value, list)
    if not is_list and callable(as_dict := getattr(value, "_asdict", None)):
        value = as_dict()
    if not isinstance(value, (list, tuple, dict)):
        return value
    if id(value) in around:
        raise ValueError("Circular reference detected")
    around.add(id(value))
    shaped: Any
    if isinstance(value, dict):
        shaped = {_name(name): _shaped(each, around) for name, each in value.items()}
    else:
        shaped = [_shaped(each, around) for each in value]
    around.discard(id(value))
    return shaped


def _name(name: Any) -> Any:
    """The name of a member: text and what JSON makes text of."""
    if isinstance(name, bytes):
        return name.decode("utf-8")
    if isinstance(name, (str, int, float)) or name is None:
        return name
    kind = type(name).__name__
    raise TypeError(f"keys must be str, int, float, bool or None, not {kind}")
