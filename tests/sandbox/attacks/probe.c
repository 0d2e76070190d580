/* A static program that tries what only the kernel can refuse, and says what the kernel answered.
 *
 * One JSON object on stdout: name -> errno, 0 where the call worked. Each try has a process of its own, so that one
 * that works spoils no other; arguments are such that a call that works still does no harm to the machine.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/capability.h>
#include <linux/reboot.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/timex.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_clone3
#define SYS_clone3 435
#endif
#define SYS_open_tree_attr_ 467

static int first = 1;

static void say(const char *name, int number, int answer) {
    if (number < 0)
        printf("%s\"%s\": %d", first ? "" : ", ", name, answer);
    else
        printf("%s\"%s_%d\": %d", first ? "" : ", ", name, number, answer);
    first = 0;
}

/* The errno of `call`, found out in a process of its own; 1000 + signal where that ended it. */
#define TRY_NUMBERED(name, number, call)                                                                               \
    do {                                                                                                               \
        int status;                                                                                                    \
        fflush(stdout);                                                                                                \
        pid_t child = fork();                                                                                          \
        if (child == 0) {                                                                                              \
            alarm(5);                                                                                                  \
            errno = 0;                                                                                                 \
            _exit((long)(call) == -1 ? errno : 0);                                                                     \
        }                                                                                                              \
        waitpid(child, &status, 0);                                                                                    \
        say(name, number, WIFEXITED(status) ? WEXITSTATUS(status) : 1000 + WTERMSIG(status));                          \
    } while (0)
#define TRY(name, call) TRY_NUMBERED(name, -1, call)
#define CALL(name, ...) TRY(#name, syscall(SYS_##name, ##__VA_ARGS__))

static long in_namespace(const char *path, int kind) {
    int descriptor = open(path, O_RDONLY);
    return descriptor < 0 ? -1 : setns(descriptor, kind);
}

static long raise_limit(int which, rlim_t soft, rlim_t hard) {
    struct rlimit limit = {soft, hard};
    return setrlimit(which, &limit);
}

static long regain(int capability) {
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct data[2] = {{0}};
    data[capability / 32].permitted = data[capability / 32].effective = 1u << (capability % 32);
    return syscall(SYS_capset, &header, data);
}

#ifdef __x86_64__
/* The kernel's own answer, made errno: these calls do not pass through libc. */
static long settle(long answer) {
    if (answer < 0 && answer > -4096) {
        errno = (int)-answer;
        return -1;
    }
    return answer;
}

static long i386(long number, long a, long b, long c) {
    long answer;
    __asm__ volatile("int $0x80" : "=a"(answer) : "a"(number), "b"(a), "c"(b), "d"(c) : "memory", "r8", "r9", "r10", "r11");
    return settle((int)answer);
}

static void foreign(void) {
    TRY("i386_getpid", i386(20, 0, 0, 0));
    TRY("i386_mount", i386(21, 0, 0, 0));
    TRY("i386_ptrace", i386(26, 0, 0, 0));
    TRY("i386_unshare", i386(310, CLONE_NEWUSER, 0, 0));
    TRY("i386_socketcall", i386(102, 1, 0, 0));
    TRY("x32_getpid", syscall(0x40000000 | 39));
    TRY("x32_mount", syscall(0x40000000 | 165, 0, 0, 0, 0, 0));
    TRY("x32_ptrace", syscall(0x40000000 | 521, 0, 0, 0, 0));
    TRY("x32_unshare", syscall(0x40000000 | 272, CLONE_NEWUSER));
    CALL(iopl, 3);
    CALL(ioperm, 0x80, 1, 1);
    CALL(modify_ldt, 0, 0, 0);
    CALL(create_module, "x", 4096);
    CALL(uselib, "/usr/lib/x");
}
#else
static void foreign(void) {}
#endif

static void namespaces(void) {
    static const int kinds[] = {CLONE_NEWNS,  CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC,
                                CLONE_NEWUSER, CLONE_NEWPID,    CLONE_NEWNET, 0x80 /* CLONE_NEWTIME */};
    static const char *const files[] = {"mnt", "cgroup", "uts", "ipc", "user", "pid", "net", "time"};
    for (int i = 0; i < 8; i++) {
        char name[64], path[64];
        snprintf(name, sizeof name, "unshare_%s", files[i]);
        TRY(name, unshare(kinds[i]));
        snprintf(name, sizeof name, "unshare_user_and_%s", files[i]);
        TRY(name, unshare(kinds[i] | CLONE_NEWUSER));
        if (kinds[i] != 0x80) {
            snprintf(name, sizeof name, "clone_%s", files[i]);
            TRY(name, syscall(SYS_clone, kinds[i] | SIGCHLD, 0, 0, 0, 0));
        }
        snprintf(name, sizeof name, "setns_%s", files[i]);
        snprintf(path, sizeof path, "/proc/self/ns/%s", files[i]);
        TRY(name, in_namespace(path, 0));
    }
    /* Bits above the low half of the flags, where a filter that reads 32 bits only could be blind. */
    TRY("clone_with_high_bits", syscall(SYS_clone, 0xFFFFFFFF00000000UL | CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0));
    TRY("unshare_with_high_bits", syscall(SYS_unshare, 0xFFFFFFFF00000000UL | CLONE_NEWUSER));
    unsigned long long arguments[11] = {CLONE_NEWUSER, [4] = SIGCHLD};
    TRY("clone3", syscall(SYS_clone3, arguments, sizeof arguments));
}

static void mounts(void) {
    struct { unsigned long long set, clear, propagation, fd; } attributes = {0};
    TRY("mount_tmpfs", mount("none", "/tmp", "tmpfs", 0, ""));
    TRY("mount_proc", mount("none", "/tmp", "proc", 0, ""));
    TRY("mount_bind", mount("/usr", "/tmp", "", MS_BIND, ""));
    TRY("remount_task_writable", mount("none", "/var/task", "", MS_REMOUNT | MS_BIND, ""));
    TRY("remount_root_writable", mount("none", "/", "", MS_REMOUNT | MS_BIND, ""));
    TRY("umount_task", umount2("/var/task", MNT_DETACH));
    TRY("umount_proc", umount2("/proc", MNT_DETACH));
    CALL(pivot_root, ".", ".");
    CALL(chroot, "/tmp");
    CALL(open_tree, AT_FDCWD, "/", 1);
    CALL(move_mount, -1, "", AT_FDCWD, "/tmp", 4);
    CALL(fsopen, "tmpfs", 0);
    CALL(fsconfig, -1, 0, 0, 0, 0);
    CALL(fsmount, -1, 0, 0);
    CALL(fspick, AT_FDCWD, "/", 0);
    CALL(mount_setattr, AT_FDCWD, "/", 0, &attributes, sizeof attributes);
    TRY("open_tree_attr", syscall(SYS_open_tree_attr_, AT_FDCWD, "/", 1, &attributes, sizeof attributes));
    CALL(open_by_handle_at, AT_FDCWD, 0, 0);
    CALL(name_to_handle_at, AT_FDCWD, "/", 0, 0, 0);
    CALL(swapon, "/tmp/none", 0);
    CALL(swapoff, "/tmp/none");
    CALL(quotactl, 0, 0, 0, 0);
    CALL(acct, "/tmp/none");
    CALL(fanotify_init, 0, 0);
    TRY("mknod_memory", mknod("/tmp/mem", S_IFCHR | 0666, makedev(1, 1)));
    TRY("mknod_null", mknod("/tmp/null", S_IFCHR | 0666, makedev(1, 3)));
    TRY("mknod_disk", mknod("/tmp/disk", S_IFBLK | 0666, makedev(7, 0)));
}

static void other_processes(void) {
    char buffer[8];
    struct iovec here = {buffer, sizeof buffer}, there = {buffer, sizeof buffer};
    TRY("ptrace_attach_init", ptrace(PTRACE_ATTACH, 1, 0, 0));
    TRY("ptrace_seize_parent", ptrace(PTRACE_SEIZE, getppid(), 0, 0));
    TRY("ptrace_traceme", ptrace(PTRACE_TRACEME, 0, 0, 0));
    TRY("process_vm_readv", process_vm_readv(1, &here, 1, &there, 1, 0));
    TRY("process_vm_writev", process_vm_writev(1, &here, 1, &there, 1, 0));
    CALL(pidfd_getfd, -1, 0, 0);
    CALL(kcmp, 1, 1, 0, 0, 0);
    CALL(move_pages, 1, 0, 0, 0, 0, 0);
    CALL(migrate_pages, 1, 0, 0, 0);
    CALL(perf_event_open, 0, 0, -1, -1, 0);
}

static void kernel(void) {
    struct timespec impossible = {0, -1};
    struct timeval impossible_too = {0, -1};
    struct timex question = {0};
    CALL(bpf, 0, 0, 0);
    CALL(keyctl, 0, 0, 0, 0, 0);
    CALL(add_key, "user", "x", "x", 1, -3);
    CALL(request_key, "user", "x", 0, -3);
    CALL(io_uring_setup, 1, 0);
    CALL(io_uring_enter, -1, 0, 0, 0, 0);
    CALL(io_uring_register, -1, 0, 0, 0);
    CALL(userfaultfd, 1 /* user mode only: the one without a privilege */);
    CALL(init_module, 0, 0, "");
    CALL(finit_module, -1, "", 0);
    CALL(delete_module, "none", 0);
    CALL(kexec_load, 0, 0, 0, 0);
    CALL(kexec_file_load, -1, -1, 0, 0, 0);
    CALL(reboot, LINUX_REBOOT_MAGIC1, LINUX_REBOOT_MAGIC2, LINUX_REBOOT_CMD_CAD_OFF, 0);
    CALL(clock_settime, 0, &impossible);
    CALL(settimeofday, &impossible_too, 0);
    CALL(adjtimex, &question);
    CALL(clock_adjtime, 0, &question);
    CALL(syslog, 3, 0, 0);
    CALL(vhangup);
    CALL(personality, 0x0040000);
    CALL(lookup_dcookie, 0, 0, 0);
    TRY("io_setup", ({ unsigned long context = 0; syscall(SYS_io_setup, 1, &context); }));
}

static void identity(void) {
    TRY("setuid", setuid(0));
    TRY("setgid", setgid(0));
    TRY("setresuid", setresuid(-1, 0, -1));
    TRY("setresgid", setresgid(-1, 0, -1));
    TRY("setreuid", setreuid(0, 0));
    TRY("setgroups", ({ gid_t group = 0; syscall(SYS_setgroups, 1, &group); }));
    TRY("capset_sys_admin", regain(CAP_SYS_ADMIN));
    TRY("capset_setuid", regain(CAP_SETUID));
    TRY("capset_bpf", regain(39));
    TRY("ambient_capability", prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_SYS_ADMIN, 0, 0));
    TRY("securebits", prctl(PR_SET_SECUREBITS, 0, 0, 0, 0));
    TRY("new_privileges_again", prctl(PR_SET_NO_NEW_PRIVS, 0, 0, 0, 0));
    TRY("no_filter_again", prctl(PR_SET_SECCOMP, 0, 0, 0, 0));
    TRY("sethostname", sethostname("mine", 4));
    TRY("setdomainname", setdomainname("mine", 4));
    TRY("more_descriptors", raise_limit(RLIMIT_NOFILE, 4096, 4096));
    TRY("more_processes", raise_limit(RLIMIT_NPROC, 65536, 65536));
    TRY("more_locked_memory", raise_limit(RLIMIT_MEMLOCK, RLIM_INFINITY, RLIM_INFINITY));
    TRY("core_files", raise_limit(RLIMIT_CORE, RLIM_INFINITY, RLIM_INFINITY));
    TRY("real_time", ({ struct sched_param most = {1}; syscall(SYS_sched_setscheduler, 0, SCHED_FIFO, &most); }));
    TRY("priority", setpriority(PRIO_PROCESS, 0, -20));
    TRY("io_priority", syscall(SYS_ioprio_set, 1, 0, 1 << 13));
}

static void sockets(void) {
    for (int family = 1; family < 46; family++)
        if (family != AF_UNIX && family != AF_INET && family != AF_INET6 && family != AF_NETLINK) {
            TRY_NUMBERED("family", family, socket(family, SOCK_DGRAM, 0));
            int pair[2];
            TRY_NUMBERED("pair_of_family", family, socketpair(family, SOCK_SEQPACKET, 0, pair));
        }
    for (int protocol = 1; protocol < 23; protocol++)
        TRY_NUMBERED("netlink", protocol, socket(AF_NETLINK, SOCK_RAW, protocol));
    TRY("netlink_route", socket(AF_NETLINK, SOCK_RAW, 0));
    TRY("raw_socket", socket(AF_INET, SOCK_RAW, 1));
    TRY("raw_socket_6", socket(AF_INET6, SOCK_RAW, 58));
    TRY("sctp", socket(AF_INET, SOCK_STREAM, 132));
    TRY("dccp", socket(AF_INET, 6, 33));
    TRY("l2tp", socket(AF_INET, SOCK_DGRAM, 115));
    TRY("tcp", socket(AF_INET, SOCK_STREAM, 0));
    TRY("udp", socket(AF_INET6, SOCK_DGRAM, 0));
    TRY("unix", socket(AF_UNIX, SOCK_SEQPACKET, 0));
}

int main(void) {
    printf("{");
    namespaces();
    mounts();
    other_processes();
    kernel();
    identity();
    sockets();
    foreign();
    printf("}\n");
    return 0;
}
