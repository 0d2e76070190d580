"""What is there cannot be changed, and little is there: files, mounts, /proc, links."""

from __future__ import annotations

import ast
import json
import re
from typing import Any

import pytest

pytestmark = [pytest.mark.sandbox, pytest.mark.slow]

_PLACES = (
    *(
        "/",
        "/bin",
        "/dev",
        "/etc",
        "/etc/ssl/certs",
        "/lib",
        "/opt",
        "/proc",
        "/run",
        "/sys",
        "/usr",
        "/usr/lib",
    ),
    *("/usr/bin", "/var", "/var/lang", "/var/runtime", "/var/task", "/var/tmp"),
)
_REFUSED = {"EROFS", "EACCES", "EPERM", "ENOENT"}
_CHANGES = {
    "create in {}": ("open('{}/x', 'w')", "fs.writeFileSync('{}/x', '')"),
    "directory in {}": ("os.mkdir('{}/y')", "fs.mkdirSync('{}/y')"),
    "link in {}": ("os.symlink('/tmp', '{}/z')", "fs.symlinkSync('/tmp', '{}/z')"),
    "rename {}": ("os.rename('{}', '/tmp/moved')", "fs.renameSync('{}', '/tmp/moved')"),
    "mode of {}": ("os.chmod('{}', 0o777)", "fs.chmodSync('{}', 0o777)"),
    "owner of {}": ("os.chown('{}', os.getuid(), -1)", "fs.chownSync('{}', process.getuid(), -1)"),
    "times of {}": ("os.utime('{}', (0, 0))", "fs.utimesSync('{}', 0, 0)"),
}
_CHANGED = {
    name.format(place): (python.format(place), node.format(place))
    for place in _PLACES
    for name, (python, node) in _CHANGES.items()
}
_FILES = {
    "own code": ("/var/task/probe", {"EROFS", "EACCES"}),
    "bootstrap": ("/var/runtime/bootstrap.js", {"EROFS", "EACCES", "ENOENT"}),
    "shell": ("/usr/bin/sh", {"EROFS", "EACCES"}),
    "users": ("/etc/passwd", {"EROFS", "EACCES"}),
    "name server": ("/etc/resolv.conf", {"EROFS", "EACCES"}),
    "core pattern": ("/proc/sys/kernel/core_pattern", {"EACCES"}),
    "modprobe": ("/proc/sys/kernel/modprobe", {"EACCES", "ENOENT"}),
    "host name": ("/proc/sys/kernel/hostname", {"EACCES"}),
    "forwarding": ("/proc/sys/net/ipv4/ip_forward", {"EACCES"}),
    "hotkeys": ("/proc/sysrq-trigger", {"EACCES", "ENOENT"}),
    "memory of init": ("/proc/1/mem", {"ENOENT"}),
    "kernel log": ("/proc/kmsg", {"EACCES", "EPERM"}),
    "kernel log device": ("/dev/kmsg", {"ENOENT"}),
    "kernel memory": ("/proc/kcore", {"EACCES", "EPERM", "ENOENT"}),
    "kernel memory, old": ("/proc/kmem", {"ENOENT"}),
    "physical memory": ("/dev/mem", {"ENOENT"}),
    "ports": ("/dev/port", {"ENOENT"}),
    "disk": ("/dev/sda", {"ENOENT"}),
    "loop device": ("/dev/loop0", {"ENOENT"}),
    "loop control": ("/dev/loop-control", {"ENOENT"}),
    "hypervisor": ("/dev/kvm", {"ENOENT"}),
    "file systems of others": ("/dev/fuse", {"ENOENT"}),
    "tunnels": ("/dev/net/tun", {"ENOENT"}),
    "terminals": ("/dev/ptmx", {"ENOENT"}),
    "its terminal": ("/dev/tty", {"ENOENT", "ENXIO"}),
    "memory limit": ("/sys/fs/cgroup/memory/memory.limit_in_bytes", {"ENOENT"}),
    "memory limit, version 2": ("/sys/fs/cgroup/memory.max", {"ENOENT"}),
    "groups": ("/sys/fs/cgroup/cgroup.procs", {"ENOENT"}),
    "firmware": ("/sys/firmware/efi/efivars", {"ENOENT"}),
    "passwords": ("/etc/shadow", {"ENOENT"}),
    "host's home": ("/root/.bashrc", {"ENOENT"}),
    "docker": ("/var/run/docker.sock", {"ENOENT"}),
    "systemd": ("/run/systemd/private", {"ENOENT"}),
}


@pytest.fixture(scope="module", params=["python", "node", "unprivileged"])
def changes(request: pytest.FixtureRequest, attackers: Any) -> dict[str, str]:
    box = request.getfixturevalue(f"{request.param}_attacker")
    column = int(request.param == "node")
    said: dict[str, str] = attackers.tried(
        box, {name: each[column] for name, each in _CHANGED.items()}
    )
    return said


@pytest.mark.parametrize("name", _CHANGED)
def test_nothing_changes_outside_tmp(changes: dict[str, str], name: str) -> None:
    assert changes[name] in _REFUSED | {"EBUSY", "EXDEV"}


@pytest.fixture(scope="module", params=["python", "node", "unprivileged"])
def opened(request: pytest.FixtureRequest, attackers: Any) -> dict[str, str]:
    box = request.getfixturevalue(f"{request.param}_attacker")
    way = "fs.openSync({!r}, 'r+')" if request.param == "node" else "open({!r}, 'r+b')"
    tries = {name: way.format(path) for name, (path, _) in _FILES.items()}
    said: dict[str, str] = attackers.tried(box, tries)
    return said


@pytest.mark.parametrize("name", _FILES)
def test_files_that_cannot_be_opened_for_writing(opened: dict[str, str], name: str) -> None:
    assert opened[name] in _FILES[name][1]


def test_without_root_settings_of_its_own_namespaces_are_writable(
    attackers: Any, unprivileged_attacker: Any
) -> None:
    """There a function has the uid that the settings of its namespaces belong to. Nobody else's depend on them."""
    text = attackers.tried(unprivileged_attacker, {"it": "writable('/proc/sys', ())"}, _SWEEP)["it"]
    found = set(ast.literal_eval(text.removeprefix("got ")))
    own = re.compile(
        r"/proc/sys/(kernel/(shm\w*|msg\w*|sem\w*|auto_msgmni|ns_last_pid|pid_max)|fs/mqueue/\w+)"
    )
    assert [path for path in found if not own.fullmatch(path)] == []


_WRITES = {
    "/proc/self/uid_map": "0 0 1",
    "/proc/self/gid_map": "0 0 1",
    "/proc/self/setgroups": "allow",
    "/proc/self/oom_score_adj": "-1000",
    "/proc/sys/kernel/ns_last_pid": "100",
    "/proc/self/attr/current": "unconfined",
}


@pytest.mark.parametrize("language", ["python", "node", "unprivileged"])
def test_writes_that_need_a_privilege(
    request: pytest.FixtureRequest, attackers: Any, language: str
) -> None:
    """A process may open these files of its own; what matters is what it can put in."""
    box = request.getfixturevalue(f"{language}_attacker")
    write = "open({!r}, 'wb', 0).write({!r}.encode())"
    way = "fs.writeFileSync({!r}, {!r})" if language == "node" else write
    said = attackers.tried(box, {path: way.format(path, text) for path, text in _WRITES.items()})
    refused = {"EACCES", "EPERM", "ENOENT", "EINVAL"}
    assert {path: error for path, error in said.items() if error not in refused} == {}


_SWEEP = """
def writable(top, skipped):
    found = []
    for place, folders, files in os.walk(top):
        folders[:] = [each for each in folders if os.path.join(place, each) not in skipped]
        paths = [place, *(os.path.join(place, each) for each in files)]
        found += [each for each in paths if not os.path.islink(each) and os.access(each, os.W_OK)]
    return found
"""


def test_a_sweep_finds_nothing_to_write(attackers: Any, python_attacker: Any) -> None:
    own = "('/proc/self', '/proc/thread-self', '/proc/2', '/tmp', '/dev/shm')"
    said = attackers.tried(
        python_attacker,
        {
            "files": f"sorted(set(writable('/', {own})))",
            "settings": "writable('/proc/sys', ())",
            "tmp": "[os.access(each, os.W_OK) for each in ('/tmp', '/dev/shm')]",
        },
        _SWEEP,
    )
    assert said.pop("tmp") == "got [True, True]"
    # Open to everybody by their mode; the kernel asks for a capability at the write, and see _WRITES.
    assert said.pop("settings") in {"got []", "got ['/proc/sys/kernel/ns_last_pid']"}
    found = set(ast.literal_eval(said["files"].removeprefix("got ")))
    devices = {f"/dev/{name}" for name in ("full", "null", "random", "urandom", "zero")}
    # To wait for pressure, as everybody may since Linux 6.5.
    pressure = {f"/proc/pressure/{name}" for name in ("cpu", "io", "memory")}
    assert found - pressure - {"/proc/sys/kernel/ns_last_pid"} == devices


def test_mounts_are_as_few_and_as_narrow_as_needed(attackers: Any, python_attacker: Any) -> None:
    text = attackers.told(python_attacker, "open('/proc/self/mountinfo').read()")
    mounts = {}
    for line in text.splitlines():
        fields = line.split()
        mounts[fields[4]] = (set(fields[5].split(",")), fields[fields.index("-") + 1])
    own = {place: kind for place, (options, kind) in mounts.items() if "rw" in options}
    devices = {f"/dev/{name}" for name in ("full", "null", "random", "urandom", "zero")}
    assert set(own) == {"/proc", "/tmp", "/dev/shm", *devices}
    assert own["/proc"] == "proc"
    for place, (options, _) in mounts.items():
        if place not in devices:
            assert "nosuid" in options, place
        if place in {"/proc", "/tmp", "/dev/shm", "/var/task", "/run/users"}:
            assert "nodev" in options, place
    # Besides its own: the tree of programs, certificates and what the linker asks for, its code, its runtime.
    assert "ro" in mounts["/run/users"][0]
    shown = {place.split("/")[1] for place in set(mounts) - set(own) - {"/run/users"}}
    assert shown <= {"", "usr", "etc", "var", "opt", "lib", "lib32", "lib64", "bin", "sbin"}
    assert not [line for line in text.splitlines() if "cgroup" in line or "sysfs" in line]


def test_its_groups_look_like_the_root(attackers: Any, python_attacker: Any) -> None:
    text = attackers.told(python_attacker, "open('/proc/self/cgroup').read()")
    assert {line.split(":", 2)[2] for line in text.splitlines()} == {"/"}


def test_kernel_addresses_do_not_show(attackers: Any, python_attacker: Any) -> None:
    said = attackers.tried(
        python_attacker,
        {
            "symbols": "{line.split()[0] for line in open('/proc/kallsyms')} <= {'0' * 16}",
            "modules": "open('/proc/modules').read().count('0xffff')",
            "own stack": "open('/proc/self/stack').read()",
            "own call": "open('/proc/self/syscall').read()",
            "timers": "open('/proc/timer_list').read()",
            "memory map": "{line.split()[0] for line in open('/proc/iomem')}",
            "vmalloc": "open('/proc/vmallocinfo').read()",
            "slabs": "open('/proc/slabinfo').read()",
            "pages": "open('/proc/kpagecount', 'rb').read(8)",
            "trace": "os.listdir('/sys/kernel')",
        },
    )
    assert said["symbols"] in {"got True", "ENOENT"}
    assert said["modules"] in {"got 0", "ENOENT"}
    assert said["memory map"] in {"got {'00000000-00000000'}", "ENOENT"}
    refused = {"EACCES", "EPERM", "ENOENT"}
    for name in ("own stack", "timers", "vmalloc", "slabs", "pages", "trace"):
        assert said[name] in refused, name
    frames = attackers.tried(
        python_attacker,
        {
            "it": "[struct.unpack('Q', os.pread(os.open('/proc/self/pagemap', 0), 8, "
            "ctypes.addressof(ctypes.c_int()) // 4096 * 8))[0] & (1 << 55) - 1]"
        },
    )["it"]
    assert frames in {"got [0]", *refused}  # no physical page numbers: Rowhammer


def test_links_in_tmp_lead_nowhere_new(attackers: Any) -> None:
    """Whoever acts on /tmp from outside meets links of the function there; they are resolved inside."""
    box = attackers.make(files={"secret.txt": "own"})
    data_dir = str(attackers.driver.data_dir)
    before = f"""
for name, target in {{
    "root": "/", "up": "../../../../../../..", "init": "/proc/1/root", "data": {data_dir!r},
    "task": "/var/task", "self": "/proc/self/root", "loop": "loop",
}}.items():
    os.symlink(target, "/tmp/" + name)
"""
    said = attackers.tried(
        box,
        {
            "up": "sorted(os.listdir('/tmp/up')) == sorted(os.listdir('/'))",
            "shadow": "open('/tmp/root/etc/shadow')",
            "init": "os.listdir('/tmp/init')",
            "data": "os.listdir('/tmp/data')",
            "write": "open('/tmp/task/x', 'w')",
            "self": "open('/tmp/self/usr/x', 'w')",
            "loop": "open('/tmp/loop')",
            "hard": "os.link('/usr/bin/sh', '/tmp/sh')",
        },
        before,
    )
    assert said.pop("up") == "got True"
    assert said.pop("loop") == "ELOOP"
    assert said.pop("hard") == "EXDEV"
    assert said.pop("init") in {"ENOENT", "EACCES"}
    assert said == {"shadow": "ENOENT", "data": "ENOENT", "write": "EROFS", "self": "EROFS"}
    box.end()
    assert (attackers.driver.data_dir / "code" / "sealed").is_dir()


def test_set_uid_programs_stay_powerless(attackers: Any, python_attacker: Any) -> None:
    """Those of the host lose the bit to no_new_privs and nosuid; its own do not get one."""
    before = """
found = []
for top, folders, files in os.walk("/usr"):
    for name in files:
        path = os.path.join(top, name)
        mode = os.lstat(path).st_mode
        if stat.S_ISREG(mode) and mode & 0o6000:
            found.append(path)
own = "/tmp/own-id"
open(own, "wb").write(open("/usr/bin/id", "rb").read())
os.chmod(own, 0o6777)
def status_of(path):
    try:
        process = subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    except OSError:  # for its group only
        return []
    try:
        lines = open(f"/proc/{process.pid}/status").read().splitlines()
    except OSError:
        lines = []
    process.kill()
    process.communicate()
    return [line.split()[1:] for line in lines if line.startswith(("Uid", "Gid"))]
"""
    said = attackers.tried(
        python_attacker,
        {
            "some": "len(found) > 0",
            "who": "{path: ids for path in found for each in status_of(path) for ids in each "
            "if int(ids) != os.getuid()}",
            "own": "subprocess.run([own, '-u'], capture_output=True, text=True).stdout.strip() == str(os.getuid())",
        },
        before,
    )
    assert said == {"some": "got True", "who": "got {}", "own": "got True"}


def test_node_finds_the_same_walls_in_its_children(attackers: Any, node_attacker: Any) -> None:
    said = attackers.tried(
        node_attacker,
        {
            "ids": "[process.setuid, process.setgid].map((set) => { try { set(0); return 'root'; } "
            "catch (error) { return error.code; } })",
            "shell": "spawnSync('sh', ['-c', 'id -u; touch /usr/x /var/task/x /opt/x; "
            "cat /proc/1/environ; mount -t tmpfs none /tmp; unshare -Ur id -u; su -c id; chroot /tmp'], "
            "{ encoding: 'utf8' }).stdout.trim() === String(process.getuid())",
            "nice": "os.setPriority(0, -20)",
        },
    )
    assert json.loads(said["ids"].removeprefix("got ")) == ["EPERM", "EPERM"]
    assert said["shell"] == "got true"
    assert said["nice"] == "EACCES"
