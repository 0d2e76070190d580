"""What code inside a sandbox cannot do."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_EPERM, _ENOSYS, _EAFNOSUPPORT = 1, 38, 97
# Statement that calls libc and leaves the errno, 0 when the call worked.
_CALL = """
libc = ctypes.CDLL(None, use_errno=True)
answer = ctypes.get_errno() if {call} == -1 else 0
"""


@pytest.mark.parametrize(
    "call",
    [
        "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
        "libc.umount2(b'/proc', 2)",
        "libc.unshare(0x10000000)",  # CLONE_NEWUSER
        "libc.unshare(0x00020000)",
        "libc.unshare(0x00000080)",  # CLONE_NEWTIME
        "libc.syscall(56, 0x10000000 | 17, 0, 0, 0, 0)",  # clone(CLONE_NEWUSER | SIGCHLD)
        "libc.setns(0, 0)",
        "libc.ptrace(0, 0, 0, 0)",
        "libc.process_vm_readv(1, 0, 0, 0, 0, 0)",
        "libc.syscall(155, b'/', b'/')",  # pivot_root
        "libc.chroot(b'/tmp')",
        "libc.syscall(321, 0, 0, 0)",  # bpf
        "libc.syscall(298, 0, 0, 0, 0, 0)",  # perf_event_open
        "libc.syscall(250, 0, 0, 0, 0, 0)",  # keyctl
        "libc.syscall(425, 1, 0)",  # io_uring_setup
        "libc.syscall(323, 0)",  # userfaultfd
        "libc.syscall(304, 0, 0, 0)",  # open_by_handle_at
        "libc.syscall(428, -100, b'/', 1)",  # open_tree
        "libc.syscall(313, 0, b'', 0)",  # finit_module
        "libc.syscall(227, 0, b'0' * 16)",  # clock_settime
        "libc.personality(0x0040000)",  # ADDR_NO_RANDOMIZE
        "libc.syscall(0x40000000 | 39)",  # getpid of the x32 ABI
    ],
)
@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86_64")
def test_denied_calls_answer_eperm(inside: Callable[[str], Any], call: str) -> None:
    assert inside(_CALL.format(call=call)) == _EPERM


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="numbers of x86_64")
def test_clone3_seems_not_to_exist(inside: Callable[[str], Any]) -> None:
    assert inside(_CALL.format(call="libc.syscall(435, 0, 0)")) == _ENOSYS


def test_i386_calls_are_denied(inside: Callable[[str], Any]) -> None:
    """int 0x80 reaches the 32-bit table, whose numbers mean something else."""
    if os.uname().machine != "x86_64":
        pytest.skip("x86 only")
    code = """
import mmap
# mov eax, 20 (getpid of i386); int 0x80; ret
page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
page.write(bytes.fromhex("b814000000cd80c3"))
address = ctypes.addressof(ctypes.c_char.from_buffer(page))
answer = ctypes.CFUNCTYPE(ctypes.c_int)(address)()
"""
    assert inside(code) == -_EPERM


@pytest.mark.parametrize("family", [38, 40])
def test_sockets_past_the_network_namespace_are_denied(
    inside: Callable[[str], Any], family: int
) -> None:
    call = f"libc.socket({family}, 5, 0)"
    assert inside(_CALL.format(call=call)) == _EAFNOSUPPORT


def test_no_capability_in_any_set(inside: Callable[[str], Any]) -> None:
    status = inside("answer = open('/proc/self/status').read()")
    sets = {line.split()[0]: line.split()[1] for line in status.splitlines() if "Cap" in line}
    assert len(sets) == 5
    assert all(int(value, 16) == 0 for value in sets.values())
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status


def test_a_uid_of_its_own_and_no_groups(inside: Callable[[str], Any]) -> None:
    uids, gids, groups = inside("answer = [os.getresuid(), os.getresgid(), os.getgroups()]")
    assert len(set(uids)) == len(set(gids)) == 1
    assert uids[0] >= 0x70000000
    assert groups == []


def test_other_processes_are_invisible(inside: Callable[[str], Any]) -> None:
    answer = inside("answer = [[e for e in os.listdir('/proc') if e.isdigit()], os.getpid()]")
    assert answer == [["2"], 2]


def test_only_its_own_descriptors_are_open(inside: Callable[[str], Any]) -> None:
    code = """
names = os.listdir("/proc/self/fd")  # the one of the listing itself is closed by now
answer = {n: os.readlink("/proc/self/fd/" + n) for n in names if os.path.lexists("/proc/self/fd/" + n)}
"""
    shown = inside(code)
    assert set(shown) == {"0", "1", "2", "1000"}
    assert shown["0"] == "/dev/null"
    assert shown["1"] == shown["2"]
    assert shown["1"].startswith("pipe:")
    assert shown["1000"].startswith("socket:")


def test_children_do_not_inherit_the_frame_socket(inside: Callable[[str], Any]) -> None:
    code = "answer = subprocess.run(['ls', '/proc/self/fd'], capture_output=True, text=True).stdout"
    assert "1000" not in inside(code).split()


@pytest.mark.parametrize(
    "path", ["/usr/x", "/var/task/x", "/x", "/etc/x", "/opt/x", "/var/runtime/x"]
)
def test_read_only_places(inside: Callable[[str], Any], path: str) -> None:
    code = f"""
try:
    open({path!r}, "w")
except OSError as error:
    answer = error.errno
"""
    assert inside(code) in {13, 30}  # EACCES, EROFS
    mounted = inside("answer = open('/proc/self/mounts').read()")
    options = {line.split()[1]: line.split()[3].split(",") for line in mounted.splitlines()}
    for place in ("/", "/usr", "/var/task"):
        assert "ro" in options[place]
        assert "nosuid" in options[place]


def test_the_host_does_not_show(inside: Callable[[str], Any]) -> None:
    code = (
        "answer = {d: sorted(os.listdir(d)) for d in ('/', '/etc', '/dev', '/tmp', '/opt', '/run')}"
    )
    shown = inside(code)
    usual = {"bin", "dev", "etc", "lib", "lib32", "lib64", "opt", "proc", "run", "sbin", "sys"}
    assert set(shown["/"]) <= usual | {"tmp", "usr", "var"}
    assert "shadow" not in shown["/etc"]
    assert shown["/tmp"] == shown["/opt"] == []
    assert shown["/run"] == ["users"]
    assert not any(name.startswith(("sd", "vd", "mem", "kvm", "loop")) for name in shown["/dev"])


def test_network_is_loopback_only(inside: Callable[[str], Any]) -> None:
    code = """
answer = [[name for _, name in socket.if_nameindex()]]
for address in ("1.1.1.1", "169.254.169.254"):
    with socket.socket() as sock:
        answer.append(sock.connect_ex((address, 80)))
with socket.create_server(("127.0.0.1", 0)) as server:
    with socket.create_connection(server.getsockname()):
        answer.append("loopback")
"""
    assert inside(code) == [["lo"], 101, 101, "loopback"]  # ENETUNREACH


def test_set_uid_programs_gain_nothing(inside: Callable[[str], Any]) -> None:
    code = """
run = subprocess.run(["sh", "-c", "for p in su mount passwd; do $p --version >/dev/null; done; id -u"],
                     capture_output=True, text=True)
answer = [run.stdout.strip(), os.getuid()]
"""
    shown, uid = inside(code)
    assert shown == str(uid)


def test_threads_and_processes_still_work(inside: Callable[[str], Any]) -> None:
    code = """
said = []
thread = threading.Thread(target=lambda: said.append("thread"))
thread.start(); thread.join()
said.append(subprocess.run(["echo", "process"], capture_output=True, text=True).stdout.strip())
child = os.fork()
if child == 0:
    os._exit(7)
said.append(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
answer = said
"""
    assert inside(code) == ["thread", "process", 7]
