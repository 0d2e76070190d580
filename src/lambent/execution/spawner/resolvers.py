"""The name servers that sandboxes are told: the host's, as far as they can be reached from inside."""

from __future__ import annotations

import ipaddress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# The second holds what systemd-resolved asks itself, where the first names only its stub on the loopback.
_FILES = (Path("/etc/resolv.conf"), Path("/run/systemd/resolve/resolv.conf"))
# What resolv.conf(5) reads.
_MOST = 3
# Google's metadata service answers names, too, and Lambent never lets it be reached. Azure's name server lies in the
# list as well; that one may be asked for names, at port 53 and nowhere else.
_NEVER = ipaddress.IPv4Network("169.254.169.254/32")


def find(own: Sequence[ipaddress.IPv4Network], files: Sequence[Path] = _FILES) -> list[str]:
    """Addresses of name servers outside this host; [] where there are none. `own`: the host's addresses."""
    for path in files:
        found = [str(each) for each in _named(path) if _is_outside(each, own)]
        if found:
            return found[:_MOST]
    return []


def as_file(addresses: Sequence[str]) -> str:
    """The text of a sandbox's resolv.conf."""
    if not addresses:
        return "# No name server: this host has none that a sandbox could reach.\n"
    return "".join(f"nameserver {address}\n" for address in addresses)


def _named(path: Path) -> Iterator[ipaddress.IPv4Address]:
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return
    for line in lines:
        words = line.split()
        if len(words) > 1 and words[0] == "nameserver":
            try:
                yield ipaddress.IPv4Address(words[1])
            except ValueError:  # IPv6, which sandboxes do not have
                continue


def _is_outside(address: ipaddress.IPv4Address, own: Sequence[ipaddress.IPv4Network]) -> bool:
    refused = (address.is_loopback, address.is_unspecified, address.is_multicast, address in _NEVER)
    return not any(refused) and not any(address in network for network in own)
