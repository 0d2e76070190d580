from __future__ import annotations

import pytest

from lambent.execution.starts import Start, acts_at_start


@pytest.mark.parametrize(
    ("language", "name", "acts"),
    [
        ("python", "AWS_LAMBDA_EXEC_WRAPPER", True),
        ("node", "AWS_LAMBDA_EXEC_WRAPPER", True),
        ("python", "LD_PRELOAD", True),
        ("python", "LD_LIBRARY_PATH", True),
        ("python", "MALLOC_ARENA_MAX", True),
        ("python", "PYTHONHASHSEED", True),
        ("python", "PYTHONPATH", False),
        ("python", "PYTHONPATH2", True),
        ("python", "NODE_OPTIONS", False),
        ("node", "NODE_OPTIONS", True),
        ("node", "NODE_EXTRA_CA_CERTS", True),
        ("node", "UV_THREADPOOL_SIZE", True),
        ("node", "NODE_ENV", False),
        ("node", "NODE_PATH", False),
        ("node", "MY_NODE_OPTIONS", False),
        ("ruby", "RUBYOPT", True),
        ("ruby", "RUBY_YJIT_ENABLE", True),
        ("ruby", "LC_ALL", True),
        ("ruby", "RUBYLIB", False),
        ("ruby", "GEM_PATH", False),
        ("ruby", "AWS_LAMBDA_EXEC_WRAPPER", True),
        ("provided", "LD_PRELOAD", False),  # executed in any case
        ("provided", "AWS_LAMBDA_EXEC_WRAPPER", False),  # "not supported on OS-only runtimes"
    ],
)
def test_variables_that_act_at_the_start_of_a_program(language: str, name: str, acts: bool) -> None:
    assert acts_at_start(language, {"A": "b", name: "x"}) is acts


def test_the_two_kinds_of_start_have_pools_of_their_own() -> None:
    common, executed = Start("python3.11"), Start("python3.11", execs=True)
    assert common.name != executed.name
    assert common.request() == {"runtime": "python3.11"}
    assert executed.request() == {"runtime": "python3.11", "execs": True}
