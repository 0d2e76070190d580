"""Doors to the kernel, knocked on by a static program that Python and Node functions start."""

from __future__ import annotations

import errno
import json
import os
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_NAMESPACES = ("mnt", "cgroup", "uts", "ipc", "user", "pid", "net", "time")
_OPEN_FAMILIES = {1, 2, 10, 16}  # AF_UNIX, AF_INET, AF_INET6, AF_NETLINK
_DENIED = (
    "clone_with_high_bits unshare_with_high_bits "
    "mount_tmpfs mount_proc mount_bind remount_task_writable remount_root_writable umount_task umount_proc pivot_root "
    "chroot open_tree move_mount fsopen fsconfig fsmount fspick mount_setattr open_tree_attr open_by_handle_at "
    "name_to_handle_at swapon swapoff quotactl acct fanotify_init mknod_memory mknod_null mknod_disk "
    "ptrace_attach_init ptrace_seize_parent ptrace_traceme process_vm_readv process_vm_writev pidfd_getfd kcmp "
    "move_pages migrate_pages perf_event_open "
    "bpf keyctl add_key request_key io_uring_setup io_uring_enter io_uring_register userfaultfd init_module "
    "finit_module delete_module kexec_load kexec_file_load reboot clock_settime settimeofday adjtimex clock_adjtime "
    "syslog vhangup personality lookup_dcookie "
    "setuid setgid setresuid setresgid setreuid setgroups capset_sys_admin capset_setuid capset_bpf "
    "ambient_capability securebits sethostname setdomainname "
    "more_descriptors more_processes more_locked_memory real_time io_priority "
    "raw_socket raw_socket_6"
)
_DENIED_ON_X86 = (
    "i386_getpid i386_mount i386_ptrace i386_unshare i386_socketcall x32_getpid x32_mount x32_ptrace x32_unshare "
    "iopl ioperm modify_ldt create_module uselib"
)


def _expected() -> dict[str, int]:
    """What the kernel, or the filter in its name, answers."""
    answers = dict.fromkeys(_DENIED.split(), errno.EPERM)
    if os.uname().machine == "x86_64":
        answers |= dict.fromkeys(_DENIED_ON_X86.split(), errno.EPERM)
    for name in _NAMESPACES:
        for way in ("unshare", "unshare_user_and", "clone", "setns"):
            answers[f"{way}_{name}"] = errno.EPERM
    del answers["clone_time"]  # the bit is part of the signal's number there
    for family in set(range(1, 46)) - _OPEN_FAMILIES:
        answers[f"family_{family}"] = answers[f"pair_of_family_{family}"] = errno.EAFNOSUPPORT
    for protocol in range(1, 23):
        answers[f"netlink_{protocol}"] = errno.EPROTONOSUPPORT
    return answers | {
        "clone3": errno.ENOSYS,
        "io_setup": errno.ENOSYS,
        "sctp": errno.EPROTONOSUPPORT,
        "dccp": errno.EPROTONOSUPPORT,
        "l2tp": errno.EPROTONOSUPPORT,
        "priority": errno.EACCES,
        "new_privileges_again": errno.EINVAL,
        "no_filter_again": errno.EINVAL,
        "core_files": 0,  # seems to work: test_host_objects.py
        # What functions do every day still works.
        "netlink_route": 0,
        "tcp": 0,
        "udp": 0,
        "unix": 0,
    }


_EXPECTED = _expected()
_START = {
    "python": "subprocess.run(['/var/task/probe'], capture_output=True, text=True, check=True).stdout",
    "node": "spawnSync('/var/task/probe', { encoding: 'utf8' }).stdout",
}


# Without root a function's uid is 0 in its own namespace already: to become it changes nothing.
_ALREADY_SO = {"setuid", "setgid", "setresuid", "setresgid", "setreuid"}


@pytest.fixture(scope="module", params=["python", "node", "unprivileged"])
def answers(request: pytest.FixtureRequest, attackers: Any) -> dict[str, int]:
    """Name -> errno, of the program as a child of a function in this language, or of one of a platform without root."""
    box = request.getfixturevalue(f"{request.param}_attacker")
    answers: dict[str, int] = json.loads(
        attackers.told(box, _START["node" if request.param == "node" else "python"])
    )
    return answers


@pytest.mark.parametrize("name", sorted(_EXPECTED))
def test_the_kernel_refuses(
    request: pytest.FixtureRequest, answers: dict[str, int], name: str
) -> None:
    is_so = name in _ALREADY_SO and "unprivileged" in request.node.name
    assert answers[name] == (0 if is_so else _EXPECTED[name])


def test_every_answer_is_judged(answers: dict[str, int]) -> None:
    assert set(answers) == set(_EXPECTED)


def test_uid_0_without_root_has_no_power(attackers: Any, unprivileged_attacker: Any) -> None:
    before = "os.setresuid(0, 0, 0)"
    said = attackers.tried(
        unprivileged_attacker,
        {
            "status": "[line.split()[1] for line in open('/proc/self/status') if line.startswith('Cap')]",
            "users": "open('/proc/self/uid_map').read().split()[0::2]",
            "exec": "subprocess.run(['cat', '/proc/self/status'], capture_output=True, text=True)"
            ".stdout.count('0' * 16)",
        },
        before,
    )
    assert said["status"] == f"got {['0' * 16] * 5}"
    assert said["users"] == "got ['0', '1']"
    assert int(said["exec"].removeprefix("got ")) >= 5
