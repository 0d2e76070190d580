"""Functions whose variables act only at the start of a program, and wrappers, on real sandboxes."""

from __future__ import annotations

import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.sandbox, pytest.mark.timeout(120)]
Functions = Any  # the fixture of conftest.py, which cannot be imported from here
PYTHON, NODE = "python3.11", "nodejs20.x"
PROBE = {
    PYTHON: {
        "app.py": "import os, sys\n"
        "def handler(event, context):\n"
        "    print('hello')\n"
        "    return eval(event)\n"
    },
    NODE: {
        "app.js": "exports.handler = async (event) => { console.log('hello'); return eval(event) }"
    },
}
WRAPPER = '#!/bin/sh\nexport ADDED=yes\necho "wrapping $#"\nexec "$@"\n'


@pytest.mark.parametrize(
    ("runtime", "variables", "expression", "expected"),
    [
        (PYTHON, {"PYTHONHASHSEED": "0", "PYTHONPATH": "/opt/mine"},
         "[sys.flags.hash_randomization, sys.path[:2]]", [0, ["/var/task", "/opt/mine"]]),
        (PYTHON, {"PYTHONHASHSEED": "0"}, "'/var/runtime' in sys.path", False),
        (PYTHON, {"PYTHONOPTIMIZE": "2"}, "sys.flags.optimize", 2),
        (PYTHON, {"PYTHONDONTWRITEBYTECODE": "1"}, "[p for p in sys.path if 'site-' in p and '/usr' in p]", []),
        (PYTHON, {"LD_LIBRARY_PATH": "/opt/own"}, "os.environ['LD_LIBRARY_PATH']", "/opt/own"),
        (PYTHON, {"MALLOC_ARENA_MAX": "1"}, "[m for m in sys.modules if m.startswith('lambent')]", []),
        (NODE, {"NODE_OPTIONS": "--stack-trace-limit=3"}, "Error.stackTraceLimit", 3),
        (NODE, {"NODE_OPTIONS": "--title=mine"}, "process.argv.length", 2),
        (NODE, {"UV_THREADPOOL_SIZE": "1"}, "process.env.UV_THREADPOOL_SIZE", "1"),
    ],
)  # fmt: skip
def test_they_take_effect(
    functions: Functions, runtime: str, variables: dict[str, str], expression: str, expected: Any
) -> None:
    spec = functions.make(runtime, PROBE[runtime], environment=variables)
    assert functions.answer(spec, expression) == expected
    outcome = functions.call(spec, "1 + 1")  # warm
    assert (outcome.payload, outcome.init_ms) == (b"2", None)
    assert "hello" in outcome.log.decode()


def test_a_preloaded_library_is_loaded(functions: Functions, lacking: Any, tmp_path: Path) -> None:
    compiler = shutil.which("gcc") or lacking("gcc is not installed")
    source = tmp_path / "p.c"
    source.write_text(
        '#include <stdlib.h>\n__attribute__((constructor)) void f(void) { setenv("LOADED", "yes", 1); }'
    )
    library = tmp_path / "p.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, source], check=True)
    spec = functions.make(
        PYTHON,
        {**PROBE[PYTHON], "p.so": library.read_bytes()},
        environment={"LD_PRELOAD": "/var/task/p.so"},
    )
    assert functions.answer(spec, "os.environ.get('LOADED')") == "yes"


@pytest.mark.parametrize("runtime", [PYTHON, NODE])
def test_a_wrapper_starts_the_runtime(functions: Functions, runtime: str) -> None:
    spec = functions.make(
        runtime,
        PROBE[runtime],
        environment={"AWS_LAMBDA_EXEC_WRAPPER": "/opt/wrapper"},
        layer_files=[{"wrapper": WRAPPER}],
    )
    added = "os.environ['ADDED']" if runtime == PYTHON else "process.env.ADDED"
    assert functions.answer(spec, added) == "yes"
    assert any(re.fullmatch(r"wrapping [23]\n", line) for line in functions.logged)


def test_a_wrapper_may_change_the_handler(functions: Functions) -> None:
    wrapper = '#!/bin/sh\n_HANDLER=other.run exec "$@"\n'
    for runtime, files in (
        (PYTHON, {"other.py": "def run(e, c): return 'other'"}),
        (NODE, {"other.js": "exports.run = async () => 'other'"}),
    ):
        spec = functions.make(
            runtime,
            {**files, "wrapper": wrapper},
            environment={"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/wrapper"},
        )
        assert functions.answer(spec) == "other"


@pytest.mark.parametrize(
    ("wrapper", "said", "status"),
    [
        ("/opt/nothing", "/opt/nothing: does not exist\n", 127),
        ("/etc/hosts", "/etc/hosts: is not an executable\n", 126),
    ],
)
def test_a_wrapper_that_is_none_ends_the_init(
    functions: Functions, wrapper: str, said: str, status: int
) -> None:
    spec = functions.make(PYTHON, PROBE[PYTHON], environment={"AWS_LAMBDA_EXEC_WRAPPER": wrapper})
    error = functions.error(spec)
    assert error["errorType"] == "Runtime.ExitError"
    assert error["errorMessage"].endswith(f"Runtime exited with error: exit status {status}")
    assert said in functions.logged


def test_a_failing_handler_and_a_missing_module_are_reported_as_ever(functions: Functions) -> None:
    variables = {"PYTHONHASHSEED": "1"}
    failing = functions.make(PYTHON, PROBE[PYTHON], environment=variables)
    assert functions.error(failing, "1 / 0")["errorType"] == "ZeroDivisionError"
    missing = functions.make(PYTHON, {"app.py": "import nope"}, environment=variables)
    assert functions.error(missing)["errorType"] == "Runtime.ImportModuleError"


def test_the_frame_socket_is_no_use_to_children(functions: Functions) -> None:
    spec = functions.make(PYTHON, PROBE[PYTHON], environment={"PYTHONHASHSEED": "1"})
    listing = (
        "__import__('subprocess').run(['ls', '/proc/self/fd'], capture_output=True, "
        "close_fds=False, text=True).stdout.split()"
    )
    assert functions.answer(spec, listing) == ["0", "1", "2", "3"]  # 3 is that of ls itself
