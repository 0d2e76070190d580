"""Which name servers a sandbox is told."""

from __future__ import annotations

import ipaddress
from typing import TYPE_CHECKING

import pytest

from lambent.execution.spawner import resolvers

if TYPE_CHECKING:
    from pathlib import Path

OWN = [ipaddress.IPv4Network("192.0.2.2/32")]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("nameserver 198.51.100.53\n", "nameserver 198.51.100.54\n", ["198.51.100.53"]),
        ("nameserver 127.0.0.53\noptions edns0\n", "nameserver 9.9.9.9\n", ["9.9.9.9"]),
        ("nameserver ::1\n# nameserver 1.1.1.1\n", "nameserver 9.9.9.9\n", ["9.9.9.9"]),
        ("nameserver 192.0.2.2\n", "", []),  # a server on this host
        ("nameserver 169.254.169.254\n", "", []),  # Google's, which tells secrets as well
        ("nameserver 127.0.0.1\nnameserver 10.0.0.2\n", "", ["10.0.0.2"]),
        ("nameserver\nnameserver nonsense\nnameserver 0.0.0.0\n", "", []),
        (
            "".join(f"nameserver 10.0.0.{n}\n" for n in range(1, 6)),
            "",
            [f"10.0.0.{n}" for n in (1, 2, 3)],
        ),
    ],
)
def test_the_hosts_servers_that_can_be_reached(
    first: str, second: str, expected: list[str], tmp_path: Path
) -> None:
    files = [tmp_path / "resolv.conf", tmp_path / "upstream"]
    for path, text in zip(files, (first, second), strict=True):
        path.write_text(text)
    assert resolvers.find(OWN, files) == expected


def test_missing_files_name_nobody(tmp_path: Path) -> None:
    assert resolvers.find(OWN, [tmp_path / "missing"]) == []


def test_the_file_of_a_sandbox() -> None:
    assert (
        resolvers.as_file(["10.0.0.2", "10.0.0.3"]) == "nameserver 10.0.0.2\nnameserver 10.0.0.3\n"
    )
    assert resolvers.as_file([]).startswith("# No name server")
