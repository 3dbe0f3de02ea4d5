/* Allocator, locked memory, secure heap, limits, seed, filter, and the sweeping at the end. */
#include "harden.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "alloc.h"
#include "base/clear.h"
#include "heap.h"
#include "ipc/sandbox.h"
#include "seed.h"

/* The heap holds an RSA-4096 key being made eight times over; each of its pages costs time. */
enum { SECURE_HEAP = 64 * 1024 };

enum acsr_result harden_process(struct acsr_err *e)
{
	return alloc_wipe_on_free(e);
}

static bool limit(__rlimit_resource_t what, rlim_t value)
{
	struct rlimit rl = { value, value };

	return setrlimit(what, &rl) == 0;
}

static bool set_limits(void)
{
	return limit(RLIMIT_CORE, 0) && limit(RLIMIT_FSIZE, 0) && limit(RLIMIT_NOFILE, HARDEN_FILES) &&
	       limit(RLIMIT_CPU, HARDEN_SECONDS) && prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 &&
	       prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0;
}

enum acsr_result harden_worker(bool lock_memory, char *how, size_t cap, struct acsr_err *e)
{
	const char *heap;

	if (lock_memory && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) != 0)
		return err_set(e, "sys.lock", "memory cannot be locked");
	TRY(heap_enter(SECURE_HEAP, &heap, e));
	if (!set_limits())
		return err_set(e, "sys.limits", "limits cannot be set");
	TRY(seed_fresh(e));
	snprintf(how, cap,
		"seccomp (any system call but 15 kills), no files, secure heap (%s)%s, wiped on free, fresh "
		"seed of 3 "
		"generators checked",
		heap, lock_memory ? ", all memory locked" : "");
	return ACSR_OK;
}

enum acsr_result harden_sandbox(struct acsr_err *e)
{
	return sandbox_enter_worker(e);
}

void harden_end(void)
{
	clear_stack();
	clear_registers();
}
