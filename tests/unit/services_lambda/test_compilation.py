"""What core makes of the answers of a compiler that may be in a stranger's hands."""

from __future__ import annotations

import asyncio
import base64
import zlib
from typing import TYPE_CHECKING, Any

import orjson
import pytest

from lambent.execution.spec import FunctionSpec, Invocation, Outcome, SandboxFailed
from lambent.services.lambda_ import compilation
from lambent.services.lambda_.compilation import Compiled, Compiler, Source

if TYPE_CHECKING:
    from pathlib import Path


class Plane:
    """Answers `invoke` by what `compile_` makes of the paths."""

    def __init__(self, compile_: Any) -> None:
        self.batches: list[list[str]] = []
        self.retired: list[str] = []
        self._compile = compile_

    async def invoke(self, spec: FunctionSpec, invocation: Invocation) -> Outcome:
        assert spec.compiles
        paths = orjson.loads(invocation.payload)
        self.batches.append(paths)
        payload = self._compile(paths)
        return Outcome(payload or b"{}", not payload, b"", 1.0, 1, None, 30)

    def retire(self, key: str) -> None:
        self.retired.append(key)


def encoded(text: str) -> str:
    return base64.b64encode(zlib.compress(text.encode())).decode()


def answer(paths: list[str]) -> bytes:
    return orjson.dumps({"tag": "cpython-312", "files": [encoded(path) for path in paths]})


def compile_with(compile_: Any, sources: list[Source]) -> tuple[Plane, list[str]]:
    plane: Any = Plane(compile_)
    compiled = asyncio.run(Compiler(plane).compile("tree", sources, "python3.12"))
    assert len(plane.retired) == 1
    return plane, sorted(each.path for each in compiled)


def test_files_go_where_an_import_looks_for_them() -> None:
    sources = [Source("a.py", 1), Source("b/c.py", 1)]
    plane, paths = compile_with(answer, sources)
    assert paths == ["__pycache__/a.cpython-312.pyc", "b/__pycache__/c.cpython-312.pyc"]
    assert plane.batches == [["a.py", "b/c.py"]]


def test_an_answer_can_hold_a_batch(tmp_path: Path) -> None:
    half = compilation.BATCH_BYTES // 2
    sources = [Source(f"{number}.py", half) for number in range(5)]
    plane, paths = compile_with(answer, sources)
    assert sorted(map(len, plane.batches)) == [1, 2, 2]
    assert len(paths) == 5


def test_what_ends_the_compiler_is_left_as_it_is_and_the_rest_is_compiled() -> None:
    sources = [Source(f"{number}.py", 1) for number in range(16)]
    plane, paths = compile_with(lambda batch: "7.py" not in batch and answer(batch), sources)
    assert len(paths) == 15
    assert "__pycache__/7.cpython-312.pyc" not in paths
    assert len(plane.batches) == 9


def test_a_package_that_ends_it_all_the_time_is_given_up() -> None:
    sources = [Source(f"{number}.py", 1) for number in range(1000)]
    plane, paths = compile_with(lambda _: b"", sources)
    assert paths == []
    assert len(plane.batches) == 32


def test_without_a_sandbox_the_code_is_left_uncompiled() -> None:
    def fail(_: object) -> bytes:
        raise SandboxFailed("there is none")

    assert compile_with(fail, [Source("a.py", 1)])[1] == []


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b'{"tag":"cpython-312"}',
        b'{"tag":"../../x","files":[null]}',
        b'{"tag":7,"files":[null]}',
        b'{"tag":"cpython-312","files":[]}',
        b'{"tag":"cpython-312","files":[null,null]}',
        b'{"tag":"cpython-312","files":[7]}',
        b'{"tag":"cpython-312","files":["x"]}',
    ],
)
def test_an_answer_that_is_none(payload: bytes) -> None:
    assert compilation.read_answer(payload, ["a.py"]) is None


def test_what_is_written(tmp_path: Path) -> None:
    (tmp_path / "__pycache__").mkdir()
    (tmp_path / "__pycache__" / "a.pyc").write_bytes(b"stale")
    bomb = zlib.compress(bytes(80 << 20))
    compilation.write(
        tmp_path,
        [
            Compiled("__pycache__/a.pyc", zlib.compress(b"new")),
            Compiled("__pycache__/b.pyc", b"no deflated bytes"),
            Compiled("__pycache__/c.pyc", bomb),
        ],
    )
    sizes = {path.name: path.stat().st_size for path in (tmp_path / "__pycache__").iterdir()}
    assert sizes == {"a.pyc": 3, "c.pyc": 64 << 20}


def test_the_files_that_are_compiled(tmp_path: Path) -> None:
    for name in ("b.py", "a/c.py", "a/d.txt", "new\nline.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("12")
    (tmp_path / "dir.py").mkdir()
    found = compilation.find_sources(tmp_path)
    assert [(source.path, source.size) for source in found] == [("a/c.py", 2), ("b.py", 2)]
