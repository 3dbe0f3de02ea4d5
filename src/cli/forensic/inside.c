/* A handful of instructions in somebody else's process, and everything put back. */
#include "cli/forensic/inside.h"

#include <elf.h>
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"

enum { TRIES = 16 };

#if defined(__x86_64__)

typedef struct user_regs_struct registers;

static const uint8_t stub[] = { 0xf3, 0xa4, 0xcc }; /* rep movsb; int3 */

static uint64_t where(const registers *r)
{
	return r->rip;
}

static bool is_done(const registers *r, uint64_t start)
{
	return r->rip == start + sizeof(stub) && r->rcx == 0;
}

static void prepare(registers *r, uint64_t from, uint64_t to)
{
	r->rsi = from;
	r->rdi = to;
	r->rcx = INSIDE_PAGE;
	r->eflags &= ~0x400UL; /* upwards */
	r->orig_rax = ~0ULL;   /* it is in no system call that could be begun again */
}

#elif defined(__aarch64__)

typedef struct user_regs_struct registers;

/* ldrb w3, [x1], #1; strb w3, [x0], #1; subs x2, x2, #1; b.ne back; brk #0 */
static const uint8_t stub[] = { 0x23, 0x14, 0x40, 0x38, 0x03, 0x14, 0x00, 0x38, 0x42, 0x04, 0x00, 0xf1, 0xa1,
	0xff, 0xff, 0x54, 0x00, 0x00, 0x20, 0xd4 };

static uint64_t where(const registers *r)
{
	return r->pc;
}

static bool is_done(const registers *r, uint64_t start)
{
	return r->pc == start + sizeof(stub) - 4 && r->regs[2] == 0;
}

static void prepare(registers *r, uint64_t from, uint64_t to)
{
	r->regs[0] = to;
	r->regs[1] = from;
	r->regs[2] = INSIDE_PAGE;
}

#endif

#if defined(__x86_64__) || defined(__aarch64__)

bool inside_possible(void)
{
	return true;
}

static bool get(pid_t tid, registers *r)
{
	struct iovec io = { r, sizeof(*r) };

	return ptrace(PTRACE_GETREGSET, tid, (void *)(intptr_t)NT_PRSTATUS, &io) == 0;
}

static bool set(pid_t tid, registers *r)
{
	struct iovec io = { r, sizeof(*r) };

	return ptrace(PTRACE_SETREGSET, tid, (void *)(intptr_t)NT_PRSTATUS, &io) == 0;
}

static bool get_bytes(const struct inside *in, uint64_t at, void *p, size_t n)
{
	return pread(in->mem, p, n, (off_t)at) == (ssize_t)n;
}

static bool put_bytes(const struct inside *in, uint64_t at, const void *p, size_t n)
{
	return pwrite(in->mem, p, n, (off_t)at) == (ssize_t)n;
}

/* Runs until the trap. Signals that come in between are kept for later. False: it faulted, or has gone. */
static bool run(struct inside *in, uint64_t start)
{
	for (int i = 0; i < TRIES; i++) {
		registers now;
		int status;

		if (ptrace(PTRACE_CONT, in->thread->tid, NULL, NULL) != 0 ||
			waitpid(in->thread->tid, &status, __WALL) < 0 || !WIFSTOPPED(status))
			return false;
		if (status >> 16 != 0)
			continue;
		if (WSTOPSIG(status) == SIGTRAP)
			return get(in->thread->tid, &now) && is_done(&now, start);
		if (WSTOPSIG(status) == SIGSEGV || WSTOPSIG(status) == SIGBUS || WSTOPSIG(status) == SIGILL)
			return false;
		in->thread->signal = WSTOPSIG(status);
	}
	return false;
}

static bool copy(struct inside *in, const registers *had, uint64_t address, uint8_t out[INSIDE_PAGE])
{
	registers ours = *had;

	prepare(&ours, address, in->scratch);
	return set(in->thread->tid, &ours) && run(in, where(had)) &&
	       get_bytes(in, in->scratch, out, INSIDE_PAGE);
}

bool inside_read(struct inside *in, uint64_t address, uint8_t out[INSIDE_PAGE])
{
	uint8_t code[sizeof(stub)], page[INSIDE_PAGE];
	registers had;
	bool ok = get(in->thread->tid, &had) && get_bytes(in, where(&had), code, sizeof(code)) &&
		  get_bytes(in, in->scratch, page, sizeof(page));

	if (!ok)
		return false;
	if (put_bytes(in, where(&had), stub, sizeof(stub)))
		ok = copy(in, &had, address, out);
	else
		ok = false;
	(void)put_bytes(in, where(&had), code, sizeof(code));
	(void)put_bytes(in, in->scratch, page, sizeof(page));
	(void)set(in->thread->tid, &had);
	wipe(page, sizeof(page));
	return ok;
}

#else

bool inside_possible(void)
{
	return false;
}

bool inside_read(struct inside *in, uint64_t address, uint8_t out[INSIDE_PAGE])
{
	(void)in;
	(void)address;
	(void)out;
	return false;
}

#endif
