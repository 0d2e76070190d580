"""Packages are compiled when they are deployed, by the interpreter that will run them, in a sandbox."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from tests.conftest import execution_role

from lambent.services.lambda_ import repository

if TYPE_CHECKING:
    from collections.abc import Callable

HANDLER = "import package.mod\ndef run(event, context):\n    return package.mod.__cached__\n"
SHOW = """
import pathlib, sys
def run(event, context):
    root = pathlib.Path("/var/task")
    files = {str(path.relative_to(root)): path.read_bytes()[4:8].hex() for path in root.rglob("*.pyc")}
    return {"files": files, "tag": sys.implementation.cache_tag}
"""
# What ends CPython's parser, or its process, in one version or another.
NESTED = "x = " + "(" * 100_000 + ")" * 100_000


def _deploy(client: Any, make_zip: Any, files: dict[str, str], **members: Any) -> Any:
    client.create_function(
        **{
            "FunctionName": "f",
            "Runtime": "python3.12",
            "Role": execution_role(client),
            "Handler": "handler.run",
            "Code": {"ZipFile": make_zip(files)},
            "Timeout": 10,
            **members,
        }
    )
    answer = client.invoke(FunctionName="f")
    result = json.loads(answer["Payload"].read())
    assert "FunctionError" not in answer, result
    return result


def test_every_file_that_compiles_is_compiled_for_good(
    client: Any, make_zip: Callable[..., bytes]
) -> None:
    files = {
        "handler.py": SHOW,
        "package/__init__.py": "",
        "package/broken.py": "def oops(:\n",
        "package/latin.py": "# -*- coding: latin-1 -*-\nX = 1\n",
        "nested.py": NESTED,
        "null.py": "x = '\0'\n",
        "__pycache__/handler.cpython-311.pyc": "stale",
    }
    found = _deploy(client, make_zip, files)
    tag = found["tag"]
    written = {name for name, flags in found["files"].items() if flags == "01000000"}
    assert {
        f"__pycache__/handler.{tag}.pyc",
        f"package/__pycache__/__init__.{tag}.pyc",
        f"package/__pycache__/latin.{tag}.pyc",
    } <= written
    assert not any("broken" in name or "null" in name for name in found["files"])


def test_an_import_uses_what_was_compiled(client: Any, make_zip: Callable[..., bytes]) -> None:
    files = {"handler.py": HANDLER, "package/__init__.py": "", "package/mod.py": "X = 1"}
    found = _deploy(client, make_zip, files)
    assert found.startswith("/var/task/package/__pycache__/mod.cpython-")


def test_tracebacks_name_the_place_where_a_function_finds_its_code(
    client: Any, make_zip: Callable[..., bytes]
) -> None:
    source = (
        "import traceback, mod\ndef run(event, context):\n    try:\n        mod.fail()\n"
        "    except ValueError:\n        return traceback.format_exc()\n"
    )
    files = {"handler.py": source, "mod.py": "def fail():\n    raise ValueError(1)\n"}
    found = _deploy(client, make_zip, files)
    assert 'File "/var/task/mod.py", line 2, in fail\n    raise ValueError(1)' in found


def test_one_package_is_one_tree(client: Any, make_zip: Callable[..., bytes], running: Any) -> None:
    files = {"handler.py": HANDLER, "package/__init__.py": "", "package/mod.py": "Y = 'one tree'"}
    digest = hashlib.sha256(make_zip(files)).hexdigest()
    for name in ("f", "g"):
        _deploy(client, make_zip, files, FunctionName=name)
    trees = running.run(running.platform.database.read(repository.trees))
    assert len([tree for tree, (archive, _) in trees.items() if archive == digest]) == 1
