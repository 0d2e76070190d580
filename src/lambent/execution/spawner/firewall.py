"""The rules around sandboxes that may go out, as nftables tables of our own; made and removed in one transaction each.

Two places. In the router's namespace, which is ours alone: what no sandbox may reach, wherever this host stands. On the
host: its own addresses, which only it knows, and address translation. What is refused is rejected, not dropped: a
function should learn it at once and not at its timeout.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

ROUTER_TABLE = "lambent"
# Of the host's tables, one for each platform.
TABLE_PREFIX = "lambent_"
UPLINK = "up"
# All link-local addresses (RFC 3927 wants none routed; the metadata services of AWS, Azure, Google and most others are
# there), Alibaba's and Oracle's metadata services, and Azure's agent endpoint.
METADATA = ("169.254.0.0/16", "100.100.100.200/32", "192.0.0.192/32", "168.63.129.16/32")
_PATH = "/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin"
_PATIENCE_S = 20
_NETLINK_NETFILTER, _RULES_CHANGED = 12, 0x40  # NFNLGRP_NFTABLES, as a bit
_REJECT = "reject with icmp admin-prohibited"


def find_program() -> str | None:
    return shutil.which("nft", path=_PATH)


def apply(rules: str) -> None:
    """Hand `rules` to nft, in the network namespace that we are in: all of them come into force, or none.

    Raises:
        OSError: there is no nft, or it refused; one line.
    """
    program = find_program()
    if program is None:
        raise OSError("there is no nft program")
    try:
        ended = subprocess.run(
            [program, "-f", "-"],
            input=rules,
            capture_output=True,
            text=True,
            check=False,
            timeout=_PATIENCE_S,
        )
    except subprocess.TimeoutExpired as error:
        raise OSError("nft does not answer") from error
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"status {ended.returncode}"]
        raise OSError(f"nft: {said[0]}")


def is_there(table: str) -> bool:
    """Whether this table exists, in the network namespace that we are in."""
    program = find_program() or ""
    command = [program, "list", "table", "inet", table]
    try:
        ended = subprocess.run(command, capture_output=True, check=False, timeout=_PATIENCE_S)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return ended.returncode == 0


def listen() -> socket.socket:
    """A socket that can be read when somebody has changed a rule; what it says is of no interest."""
    kind = socket.SOCK_RAW | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK
    listener = socket.socket(socket.AF_NETLINK, kind, _NETLINK_NETFILTER)
    listener.bind((0, _RULES_CHANGED))
    return listener


def removal(table: str) -> str:
    """Rules that remove a table, whether it is there or not."""
    return f"add table inet {table}\ndelete table inet {table}\n"


def of_router(deny: Sequence[str], resolvers: Sequence[str]) -> str:
    """Rules of the router's namespace: out, or back in; never to another sandbox, a metadata service or `deny`."""
    return f"""
table inet {ROUTER_TABLE} {{
{_set("metadata", METADATA)}
{_set("denied", deny)}
{_set("resolvers", resolvers)}
    chain forward {{
        type filter hook forward priority filter; policy drop
        meta nfproto != ipv4 drop
        iifname "{UPLINK}" oifname != "{UPLINK}" accept
        oifname != "{UPLINK}" {_REJECT}
        ip daddr @resolvers udp dport 53 accept
        ip daddr @resolvers tcp dport 53 accept
        ip daddr @metadata {_REJECT}
        ip daddr @denied {_REJECT}
        accept
    }}
    chain input {{
        type filter hook input priority filter; policy drop
        meta nfproto ipv4 {_REJECT}
    }}
}}
"""


def of_host(table: str, link: str, network: str, opened: Sequence[str], ours: str) -> str:
    """Rules of the host for sandboxes in `network` behind the interface `link`.

    Args:
        opened: interfaces that forward only since we switched it on; they go on refusing it to everybody else.
        ours: how the names of all platforms' links begin.
    """
    # Before DNAT (Docker's published ports), which would turn an address of the host into another one.
    return f"""{removal(table)}
table inet {table} {{
    set opened {{
        type ifname
        {_elements([f'"{name}"' for name in opened])}
    }}
    chain prerouting {{
        type filter hook prerouting priority mangle; policy accept
        iifname != "{link}" return
        meta nfproto != ipv4 drop
        ip saddr != {network} drop
        fib daddr type != unicast {_REJECT}
        ip daddr {network} {_REJECT}
    }}
    chain forward {{
        type filter hook forward priority filter; policy accept
        oifname "{link}" ct state != {{ established, related }} drop
        iifname @opened oifname != "{ours}*" drop
    }}
    chain output {{
        type filter hook output priority filter; policy accept
        oifname "{link}" ct state != {{ established, related }} drop
    }}
    chain postrouting {{
        type nat hook postrouting priority srcnat; policy accept
        ip saddr {network} oifname != "{link}" masquerade
    }}
}}
"""


def guarding(table: str, opened: Sequence[str]) -> str:
    """Rules that put others in the place of what `of_host` was given as `opened`."""
    named = ", ".join(f'"{name}"' for name in opened)
    added = f"add element inet {table} opened {{ {named} }}\n" if opened else ""
    return f"flush set inet {table} opened\n{added}"


def dropping_tables() -> list[str]:
    """Tables of others that drop forwarded packets by default (Docker, firewalld): they decide over ours."""
    return [
        f"{chain['family']} {chain['table']}"
        for chain in _listed("chain")
        if chain.get("hook") == "forward" and chain.get("policy") == "drop"
    ]


def own_tables() -> list[str]:
    """The tables of all platforms, dead ones included."""
    tables = [table["name"] for table in _listed("table") if table["family"] == "inet"]
    return [name for name in tables if name.startswith(TABLE_PREFIX)]


def _listed(kind: str) -> list[dict[str, Any]]:
    """All of one kind; [] from an nft that does not speak JSON."""
    program = find_program()
    if program is None:
        return []
    command = [program, "-j", "list", f"{kind}s"]
    try:
        listed = subprocess.run(command, capture_output=True, check=True, timeout=_PATIENCE_S)
        return [item[kind] for item in json.loads(listed.stdout)["nftables"] if kind in item]
    except (OSError, subprocess.SubprocessError, ValueError, KeyError):
        return []


def _set(name: str, addresses: Sequence[str]) -> str:
    return f"""    set {name} {{
        type ipv4_addr
        flags interval
        auto-merge
        {_elements(addresses)}
    }}"""


def _elements(values: Sequence[str]) -> str:
    return f"elements = {{ {', '.join(values)} }}" if values else ""
