/* Limits, Landlock, own ids, no_new_privs, seccomp. */
#include "ipc/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/err.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What newer kernels know and Debian 12's headers do not. */
#define LL_FS_REFER (1ULL << 13)
#define LL_FS_TRUNCATE (1ULL << 14)
#define LL_FS_IOCTL_DEV (1ULL << 15)
#define LL_NET_TCP ((1ULL << 0) | (1ULL << 1))
#define LL_SCOPES ((1ULL << 0) | (1ULL << 1))

struct landlock_attr {
	uint64_t fs, net, scoped;
};

static enum acsr_result limit(int what, rlim_t value, struct acsr_err *e)
{
	struct rlimit rl = { value, value };

	if (setrlimit((__rlimit_resource_t)what, &rl) != 0)
		return err_errno(e, "sys.sandbox", errno, "cannot set resource limit %d", what);
	return ACSR_OK;
}

static enum acsr_result set_limits(const struct sandbox_needs *needs, struct acsr_err *e)
{
	TRY(limit(RLIMIT_CORE, 0, e));
	TRY(limit(RLIMIT_NOFILE, needs->files != 0 ? needs->files : 256, e));
	if (needs->memory != 0 && !SANITIZED)
		TRY(limit(RLIMIT_DATA, needs->memory, e));
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0)
		return err_errno(e, "sys.sandbox", errno, "cannot switch dumps off");
	return ACSR_OK;
}

/* --- Landlock --- */

static struct landlock_attr landlock_rights(long abi)
{
	struct landlock_attr a = { .fs = (1ULL << 13) - 1 };

	if (abi >= 2)
		a.fs |= LL_FS_REFER;
	if (abi >= 3)
		a.fs |= LL_FS_TRUNCATE;
	if (abi >= 4)
		a.net = LL_NET_TCP;
	if (abi >= 5)
		a.fs |= LL_FS_IOCTL_DEV;
	if (abi >= 6)
		a.scoped = LL_SCOPES;
	return a;
}

static enum acsr_result landlock_allow(int ruleset, const char *path, uint64_t rights, struct acsr_err *e)
{
	struct landlock_path_beneath_attr rule = { .allowed_access = rights };
	struct stat st;
	long r;

	rule.parent_fd = open(path, O_PATH | O_CLOEXEC);
	if (rule.parent_fd < 0)
		return err_errno(e, "sys.sandbox", errno, "cannot open %s", path);
	if (fstat(rule.parent_fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed_access &= LANDLOCK_ACCESS_FS_EXECUTE | LANDLOCK_ACCESS_FS_WRITE_FILE |
				       LANDLOCK_ACCESS_FS_READ_FILE | LL_FS_TRUNCATE;
	r = syscall(SYS_landlock_add_rule, ruleset, LANDLOCK_RULE_PATH_BENEATH, &rule, 0);
	close(rule.parent_fd);
	return r == 0 ? ACSR_OK : err_errno(e, "sys.sandbox", errno, "cannot permit %s", path);
}

static enum acsr_result landlock_paths(
	int ruleset, const struct sandbox_needs *needs, const char *dir, uint64_t all, struct acsr_err *e)
{
	const uint64_t running = (needs->calls & SYS_EXEC) != 0 ? LANDLOCK_ACCESS_FS_EXECUTE : 0;
	const uint64_t reading = LANDLOCK_ACCESS_FS_READ_FILE | LANDLOCK_ACCESS_FS_READ_DIR | running;
	const uint64_t never = (LANDLOCK_ACCESS_FS_EXECUTE & ~running) | LL_FS_IOCTL_DEV |
			       LANDLOCK_ACCESS_FS_MAKE_CHAR | LANDLOCK_ACCESS_FS_MAKE_BLOCK |
			       LANDLOCK_ACCESS_FS_MAKE_SOCK | LANDLOCK_ACCESS_FS_MAKE_FIFO;

	for (const struct sandbox_path *p = needs->paths; p != NULL && p->path != NULL; p++)
		TRY(landlock_allow(ruleset, p->path, p->writable ? all & ~never : reading, e));
	return *dir != '\0' ? landlock_allow(ruleset, dir, all & ~never, e) : ACSR_OK;
}

static enum acsr_result enter_landlock(
	const struct sandbox_needs *needs, const char *dir, long *abi, struct acsr_err *e)
{
	struct landlock_attr a;
	size_t size;
	int ruleset;
	enum acsr_result r;

	*abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	if (*abi <= 0)
		return ACSR_OK;
	a = landlock_rights(*abi);
	if ((needs->calls & (SYS_NET_OUT | SYS_EXEC)) != 0)
		a.net = 0;
	size = *abi >= 6 ? sizeof(a) : *abi >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	ruleset = (int)syscall(SYS_landlock_create_ruleset, &a, size, 0);
	if (ruleset < 0)
		return err_errno(e, "sys.sandbox", errno, "cannot make a Landlock ruleset");
	r = landlock_paths(ruleset, needs, dir, a.fs, e);
	if (r == ACSR_OK && syscall(SYS_landlock_restrict_self, ruleset, 0) != 0)
		r = err_errno(e, "sys.sandbox", errno, "cannot enter Landlock");
	close(ruleset);
	return r;
}

/* --- ids --- */

static enum acsr_result drop_ids(uid_t uid, gid_t gid, struct acsr_err *e)
{
	if (uid == 0)
		return ACSR_OK;
	if (setgroups(0, NULL) != 0 || setresgid(gid, gid, gid) != 0 || setresuid(uid, uid, uid) != 0)
		return err_errno(e, "sys.sandbox", errno, "cannot become user %u", (unsigned)uid);
	if (setuid(0) == 0)
		return err_set(e, "sys.sandbox", "could become root again");
	return ACSR_OK;
}

/* --- seccomp --- */

#define CALL(name) SCMP_SYS(name)

static const int calls_base[] = { CALL(read), CALL(write), CALL(readv), CALL(writev), CALL(close),
	CALL(fstat), CALL(newfstatat), CALL(lseek), CALL(mmap), CALL(mprotect), CALL(munmap), CALL(mremap),
	CALL(brk), CALL(madvise), CALL(rt_sigaction), CALL(rt_sigprocmask), CALL(rt_sigreturn),
	CALL(sigaltstack), CALL(futex), CALL(epoll_create1), CALL(epoll_ctl), CALL(epoll_wait),
	CALL(epoll_pwait), CALL(poll), CALL(ppoll), CALL(select), CALL(pselect6), CALL(sendmsg),
	CALL(recvmsg), CALL(sendto), CALL(recvfrom), CALL(shutdown), CALL(getrandom), CALL(clock_gettime),
	CALL(clock_getres), CALL(clock_nanosleep), CALL(nanosleep), CALL(gettimeofday), CALL(time),
	CALL(getpid), CALL(gettid), CALL(getppid), CALL(getuid), CALL(geteuid), CALL(getgid), CALL(getegid),
	CALL(exit), CALL(exit_group), CALL(sched_yield), CALL(sched_getaffinity), CALL(getrlimit),
	CALL(prlimit64), CALL(uname), CALL(sysinfo), CALL(fcntl), CALL(dup), CALL(pipe2), CALL(eventfd2),
	CALL(restart_syscall), CALL(rseq), CALL(set_robust_list), CALL(membarrier), CALL(mlock), CALL(mlock2),
	CALL(munlock), CALL(tgkill), CALL(getcwd) };

static const int calls_files[] = { CALL(openat), CALL(open), CALL(unlink), CALL(unlinkat), CALL(rename),
	CALL(renameat), CALL(renameat2), CALL(mkdir), CALL(mkdirat), CALL(fsync), CALL(fdatasync),
	CALL(ftruncate), CALL(pread64), CALL(pwrite64), CALL(fchmod), CALL(fchmodat), CALL(chmod),
	CALL(fchown), CALL(access), CALL(faccessat), CALL(faccessat2), CALL(stat), CALL(lstat), CALL(statx),
	CALL(readlink), CALL(readlinkat), CALL(getdents64), CALL(flock), CALL(fallocate), CALL(utimensat),
	CALL(statfs), CALL(fstatfs), CALL(umask), CALL(sync_file_range), CALL(rmdir), CALL(link),
	CALL(linkat) };

static const int calls_net_out[] = { CALL(socket), CALL(connect), CALL(bind), CALL(setsockopt),
	CALL(getsockopt), CALL(getsockname), CALL(getpeername), CALL(sendmmsg), CALL(recvmmsg), CALL(ioctl),
	CALL(socketpair) };

static const int calls_net_in[] = { CALL(accept), CALL(accept4), CALL(setsockopt), CALL(getsockopt),
	CALL(getsockname), CALL(getpeername), CALL(ioctl), CALL(listen), CALL(sendfile) };

static const int calls_threads[] = { CALL(clone), CALL(set_tid_address), CALL(sched_setscheduler),
	CALL(sched_getscheduler), CALL(sched_getparam), CALL(prctl) };

static const int calls_fork[] = { CALL(clone), CALL(fork), CALL(vfork), CALL(wait4), CALL(waitid), CALL(kill),
	CALL(pidfd_open), CALL(pidfd_send_signal), CALL(prctl), CALL(seccomp), CALL(setrlimit),
	CALL(mlockall), CALL(set_tid_address), CALL(memfd_secret), CALL(ftruncate), CALL(close_range),
	CALL(dup2), CALL(dup3), CALL(setpriority), CALL(landlock_create_ruleset) };

/* Libraries try these and live without them: an error, not the end. */
static const int calls_refused[] = { CALL(openat), CALL(open), CALL(access), CALL(faccessat),
	CALL(faccessat2), CALL(stat), CALL(lstat), CALL(statx), CALL(readlink), CALL(readlinkat),
	CALL(socket), CALL(connect), CALL(ioctl), CALL(setsockopt), CALL(getsockopt), CALL(unlink),
	CALL(getdents64), CALL(statfs), CALL(prctl), CALL(sched_setaffinity), CALL(setpriority),
	CALL(getpriority) };

struct call_group {
	unsigned flag; /* 0: always */
	const int *calls;
	size_t n;
};

#define GROUP(flag, list)                                    \
	{                                                    \
		flag, list, sizeof(list) / sizeof((list)[0]) \
	}

static const struct call_group groups[] = { GROUP(0, calls_base), GROUP(SYS_FILES, calls_files),
	GROUP(SYS_NET_OUT, calls_net_out), GROUP(SYS_NET_IN, calls_net_in), GROUP(SYS_THREADS, calls_threads),
	GROUP(SYS_FORK, calls_fork) };

static bool group_wanted(const struct call_group *g, unsigned calls)
{
	return g->flag == 0 || (g->flag & calls) != 0;
}

static bool permitted(int call, unsigned calls)
{
	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (size_t i = 0; group_wanted(&groups[g], calls) && i < groups[g].n; i++)
			if (groups[g].calls[i] == call)
				return true;
	return false;
}

static int add_rules(scmp_filter_ctx ctx, unsigned calls)
{
	int r = 0;

	for (size_t g = 0; g < sizeof(groups) / sizeof(groups[0]); g++)
		for (size_t i = 0; group_wanted(&groups[g], calls) && i < groups[g].n; i++)
			r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, groups[g].calls[i], 0);
	for (size_t i = 0; i < sizeof(calls_refused) / sizeof(calls_refused[0]); i++)
		if (!permitted(calls_refused[i], calls))
			r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EACCES), calls_refused[i], 0);
	/* glibc falls back to clone, whose flags a filter can see. */
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
	return r;
}

/* A sanitizer's runtime makes calls of its own: there the filter logs instead of killing. */
static uint32_t otherwise(void)
{
	return SANITIZED ? SCMP_ACT_LOG : SCMP_ACT_KILL_PROCESS;
}

/* What reaches into the kernel or into other processes, and what no command for DNS or files needs. */
static const int calls_never[] = { CALL(ptrace), CALL(process_vm_readv), CALL(process_vm_writev), CALL(bpf),
	CALL(perf_event_open), CALL(mount), CALL(umount2), CALL(pivot_root), CALL(chroot), CALL(setns),
	CALL(unshare), CALL(kexec_load), CALL(kexec_file_load), CALL(init_module), CALL(finit_module),
	CALL(delete_module), CALL(reboot), CALL(swapon), CALL(swapoff), CALL(settimeofday),
	CALL(clock_settime), CALL(clock_adjtime), CALL(adjtimex), CALL(keyctl), CALL(add_key),
	CALL(request_key), CALL(userfaultfd), CALL(io_uring_setup), CALL(io_uring_enter),
	CALL(io_uring_register), CALL(open_by_handle_at), CALL(quotactl), CALL(acct), CALL(iopl),
	CALL(ioperm), CALL(sethostname), CALL(setdomainname), CALL(syslog), CALL(personality),
	CALL(move_mount), CALL(fsopen), CALL(fsconfig), CALL(fsmount), CALL(open_tree), CALL(move_pages),
	CALL(kcmp), CALL(lookup_dcookie), CALL(vhangup) };

static int add_refusals(scmp_filter_ctx ctx)
{
	int r = 0;

	for (size_t i = 0; i < sizeof(calls_never) / sizeof(calls_never[0]); i++)
		r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), calls_never[i], 0);
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(EPERM), CALL(clone), 1,
		SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_NEWUSER, CLONE_NEWUSER));
	r |= seccomp_rule_add(ctx, SCMP_ACT_ERRNO(ENOSYS), CALL(clone3), 0);
	return r;
}

static enum acsr_result enter_seccomp(unsigned calls, struct acsr_err *e)
{
	bool others = (calls & SYS_EXEC) != 0;
	scmp_filter_ctx ctx = seccomp_init(others ? SCMP_ACT_ALLOW : otherwise());
	int r;

	if (ctx == NULL)
		return err_nomem(e);
	r = others ? add_refusals(ctx) : add_rules(ctx, calls);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r == 0 ? ACSR_OK : err_set(e, "sys.sandbox", "cannot load the seccomp filter (%d)", r);
}

/* Started as root, the role's directory becomes its root: the state directory above it is closed to its user.
 */
static enum acsr_result enter_dir(const char **dir, uid_t uid, struct acsr_err *e)
{
	if (uid == 0 || **dir == '\0')
		return ACSR_OK;
	if (chdir(*dir) != 0 || chroot(".") != 0)
		return err_errno(e, "sys.sandbox", errno, "cannot enter %s", *dir);
	*dir = "/";
	return ACSR_OK;
}

enum acsr_result sandbox_enter(const struct sandbox_needs *needs, const char *dir, uid_t uid, gid_t gid,
	char *facts, size_t facts_cap, struct acsr_err *e)
{
	long abi;

	TRY(set_limits(needs, e));
	TRY(enter_dir(&dir, uid, e));
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return err_errno(e, "sys.sandbox", errno, "cannot set no_new_privs");
	TRY(enter_landlock(needs, dir, &abi, e));
	TRY(drop_ids(uid, gid, e));
	TRY(enter_seccomp(needs->calls, e));
	snprintf(facts, facts_cap, "landlock %s%.0ld, %s, no_new_privs, seccomp%s",
		abi > 0 ? "abi " : "missing", abi > 0 ? abi : 0, uid != 0 ? "own user" : "caller's user",
		SANITIZED ? " (logging)" : "");
	return ACSR_OK;
}

enum acsr_result sandbox_enter_worker(struct acsr_err *e)
{
	static const int calls[] = { CALL(read), CALL(write), CALL(brk), CALL(mmap), CALL(munmap),
		CALL(mremap), CALL(mprotect), CALL(madvise), CALL(futex), CALL(getrandom), CALL(getpid),
		CALL(clock_gettime), CALL(close), CALL(exit_group), CALL(rt_sigreturn) };
	scmp_filter_ctx ctx = seccomp_init(otherwise());
	int r = 0;

	if (ctx == NULL)
		return err_nomem(e);
	for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++)
		r |= seccomp_rule_add(ctx, SCMP_ACT_ALLOW, calls[i], 0);
	if (r == 0)
		r = seccomp_load(ctx);
	seccomp_release(ctx);
	return r == 0 ? ACSR_OK
		      : err_set(e, "sys.sandbox", "cannot load the worker's seccomp filter (%d)", r);
}
