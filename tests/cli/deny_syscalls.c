/* SPDX-License-Identifier: MIT
 *
 * deny_syscalls ERRNO NAME... -- COMMAND...: runs a command whose system calls of these names fail, as a
 * container's filter has them fail. ERRNO is EPERM, ENOSYS or EINVAL. Exits with 77 where the kernel takes no
 * filter. Without a command: prints the names that it knows. */
#include <errno.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define NAMES                                                                                                \
    X(clone3)                                                                                                \
    X(fadvise64)                                                                                             \
    X(fallocate)                                                                                             \
    X(flock)                                                                                                 \
    X(fsync)                                                                                                 \
    X(ftruncate)                                                                                             \
    X(get_mempolicy)                                                                                         \
    X(getcpu)                                                                                                \
    X(getpriority)                                                                                           \
    X(getrandom)                                                                                             \
    X(getrusage)                                                                                             \
    X(io_uring_setup)                                                                                        \
    X(madvise)                                                                                               \
    X(mbind)                                                                                                 \
    X(membarrier)                                                                                            \
    X(memfd_create)                                                                                          \
    X(mlock)                                                                                                 \
    X(move_pages)                                                                                            \
    X(openat2)                                                                                               \
    X(perf_event_open)                                                                                       \
    X(personality)                                                                                           \
    X(pidfd_open)                                                                                            \
    X(pidfd_send_signal)                                                                                     \
    X(prctl)                                                                                                 \
    X(prlimit64)                                                                                             \
    X(ptrace)                                                                                                \
    X(renameat2)                                                                                             \
    X(rseq)                                                                                                  \
    X(sched_getaffinity)                                                                                     \
    X(sched_getparam)                                                                                        \
    X(sched_getscheduler)                                                                                    \
    X(sched_setaffinity)                                                                                     \
    X(sched_setscheduler)                                                                                    \
    X(sched_yield)                                                                                           \
    X(set_mempolicy)                                                                                         \
    X(setitimer)                                                                                             \
    X(setpgid)                                                                                               \
    X(setpriority)                                                                                           \
    X(setsid)                                                                                                \
    X(sigaltstack)                                                                                           \
    X(socketpair)                                                                                            \
    X(statx)                                                                                                 \
    X(sysinfo)                                                                                               \
    X(timer_create)

static const struct {
    const char *name;
    int number;
} calls[] = {
#define X(name) {#name, SYS_##name},
    NAMES
#undef X
};
enum { CALLS = sizeof calls / sizeof *calls };

static int number_of(const char *name)
{
    for (int i = 0; i < CALLS; i++)
        if (strcmp(calls[i].name, name) == 0) return calls[i].number;
    return -1;
}

static int errno_of(const char *name)
{
    return strcmp(name, "EPERM") == 0 ? EPERM : strcmp(name, "ENOSYS") == 0 ? ENOSYS : EINVAL;
}

int main(int argc, char **argv)
{
    struct sock_filter code[2 * CALLS + 2];
    unsigned short used = 0;
    int i = 2;
    if (argc < 2) {
        for (int j = 0; j < CALLS; j++) puts(calls[j].name);
        return 0;
    }
    code[used++] = (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr));
    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        const int number = number_of(argv[i]);
        if (number < 0 || i - 2 >= CALLS) {
            fprintf(stderr, "deny_syscalls: '%s' is not known, or too many\n", argv[i]);
            return 2;
        }
        code[used++] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)number, 0, 1);
        code[used++] = (struct sock_filter)BPF_STMT(
            BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ((unsigned)errno_of(argv[1]) & SECCOMP_RET_DATA));
    }
    code[used++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
    struct sock_fprog program = {used, code};
    if (i + 1 >= argc) return 2;
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) {
        perror("deny_syscalls");
        return 77;
    }
    execvp(argv[i + 1], argv + i + 1);
    perror(argv[i + 1]);
    return 126;
}
