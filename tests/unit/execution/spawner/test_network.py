"""Which network functions get, before anything is tried."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from lambent.execution.spawner import firewall, network

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(autouse=True)
def nft(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall, "find_program", lambda: "/usr/sbin/nft")


@pytest.mark.parametrize("wanted", ["auto", "internet"])
@pytest.mark.parametrize(
    ("isolated", "is_root", "mode", "lacks"),
    [
        (True, True, "internet", ""),
        (True, False, "platform", "without root functions have no network"),
        (False, True, "host", "not isolated have the host's own network"),
        (False, False, "host", "not isolated have the host's own network"),
    ],
)
def test_what_a_host_allows(
    wanted: str, isolated: bool, is_root: bool, mode: str, lacks: str
) -> None:
    found = network.examine(wanted, isolated=isolated, is_root=is_root)
    assert found.mode == mode
    assert lacks in found.lacks
    assert bool(lacks) == bool(found.lacks)


def test_none_lacks_nothing() -> None:
    for is_root in (True, False):
        found = network.examine("none", isolated=True, is_root=is_root)
        assert (found.mode, found.lacks) == ("none", "")


def test_without_nft_there_is_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(firewall, "find_program", lambda: None)
    found = network.examine("auto", isolated=True, is_root=True)
    assert (found.mode, "no nft program" in found.lacks) == ("platform", True)


def test_what_was_asked_for_by_name_is_had_or_refused(tmp_path: Path) -> None:
    place = {"data_dir": str(tmp_path), "deny": ""}
    assert network.connect("auto", isolated=True, is_root=False, **place).mode == "platform"
    for less in ("platform", "none"):
        assert network.connect(less, isolated=True, is_root=False, **place).mode == less
    with pytest.raises(network.NetworkUnavailable, match="without root"):
        network.connect("internet", isolated=True, is_root=False, **place)
    for wanted in ("internet", "platform", "none"):
        with pytest.raises(network.NetworkUnavailable, match="the host's own network"):
            network.connect(wanted, isolated=False, is_root=False, **place)


@pytest.mark.parametrize(
    ("mode", "wanted", "had"),
    [
        ("internet", None, "internet"),
        ("internet", "none", "none"),
        ("internet", "platform", "platform"),
        ("platform", "internet", "platform"),
        ("none", "internet", "none"),
        ("host", "none", "host"),
    ],
)
def test_a_function_reaches_no_more_than_its_platform(
    mode: str, wanted: str | None, had: str
) -> None:
    assert network.Network(mode).narrowed(wanted) == had
