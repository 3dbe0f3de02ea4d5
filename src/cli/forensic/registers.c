/*
 * Registers of a stopped thread: the whole sets as the kernel gives them, searched as bytes, so that a register
 * nobody thought of is searched too. Names are for people only.
 */
#include <elf.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

#include "base/secret.h"
#include "cli/forensic/hold.h"

enum { SET_MAX = 64 * 1024 };

#ifndef NT_ARM_SVE
#define NT_ARM_SVE 0x405
#endif

static const struct {
	int set;
	const char *what;
	bool needed; /* without it the registers are not judged */
} sets[] = {
	{ NT_PRSTATUS, "general", true },
#if defined(__x86_64__)
	{ NT_X86_XSTATE, "vector", true },
#else
	{ NT_PRFPREG, "vector", true },
	{ NT_ARM_SVE, "scalable vector", false },
#endif
};

#if defined(__x86_64__)

static const char *const general[] = { "r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8",
	"rax", "rcx", "rdx", "rsi", "rdi", "orig_rax", "rip", "cs", "eflags", "rsp", "ss", "fs_base",
	"gs_base", "ds", "es", "fs", "gs" };

/* XSAVE components (Intel SDM 1, 13.4) whose registers people know by name. */
static const struct {
	unsigned component;
	unsigned first, width; /* number of the first register, bytes of each */
	const char *name, *part;
} areas[] = { { 2, 0, 16, "ymm", " upper half" }, { 5, 0, 8, "k", "" }, { 6, 0, 32, "zmm", " upper half" },
	{ 7, 16, 64, "zmm", "" } };

static bool vector_name(size_t offset, char *out, size_t cap)
{
	if (offset >= 160 && offset < 416) {
		snprintf(out, cap, "xmm%zu", (offset - 160) / 16);
		return true;
	}
	if (offset >= 32 && offset < 160) {
		snprintf(out, cap, "st%zu", (offset - 32) / 16);
		return true;
	}
	for (size_t i = 0; i < sizeof(areas) / sizeof(areas[0]); i++) {
		unsigned size = 0, at = 0, c, d;

		if (__get_cpuid_count(0xd, areas[i].component, &size, &at, &c, &d) == 0 || size == 0 ||
			offset < at || offset >= (size_t)at + size)
			continue;
		snprintf(out, cap, "%s%zu%s", areas[i].name, areas[i].first + (offset - at) / areas[i].width,
			areas[i].part);
		return true;
	}
	return false;
}

void register_name(int set, size_t offset, char *out, size_t cap)
{
	if (set == NT_PRSTATUS && offset / 8 < sizeof(general) / sizeof(general[0]))
		snprintf(out, cap, "%s", general[offset / 8]);
	else if (set != NT_X86_XSTATE || !vector_name(offset, out, cap))
		snprintf(out, cap, "register set %#x offset %zu", (unsigned)set, offset);
}

#else

void register_name(int set, size_t offset, char *out, size_t cap)
{
	if (set == NT_PRSTATUS && offset < 31 * 8)
		snprintf(out, cap, "x%zu", offset / 8);
	else if (set == NT_PRFPREG && offset < 512)
		snprintf(out, cap, "v%zu", offset / 16);
	else
		snprintf(out, cap, "register set %#x offset %zu", (unsigned)set, offset);
}

#endif

/* One set. Findings are named after the register in which the match begins. */
static void search_set(const struct held_thread *t, const struct process *p, int set, const uint8_t *bytes,
	size_t len, struct search *s)
{
	struct surface_state *state = &s->surfaces[SURFACE_REGISTERS];
	size_t before = s->n_findings;
	char where[WHERE_MAX];
	struct search_place at = { SURFACE_REGISTERS, where, 0, hold_archive_is_normal(p) };

	snprintf(where, sizeof(where), "%s %d thread %d set %#x", p->name, (int)p->pid, (int)t->tid,
		(unsigned)set);
	search_bytes(s, &at, bytes, len, len);
	for (size_t i = before; i < s->n_findings; i++) {
		struct finding *f = &s->findings[i];
		char name[48];

		register_name(set, f->offset, name, sizeof(name));
		snprintf(f->where, sizeof(f->where), "%s %d thread %d: %s", p->name, (int)p->pid, (int)t->tid,
			name);
	}
	state->parts++;
}

void registers_search(const struct held_thread *t, const struct process *p, struct search *s)
{
	static uint8_t room[SET_MAX];

	for (size_t i = 0; i < sizeof(sets) / sizeof(sets[0]); i++) {
		struct iovec io = { room, sizeof(room) };

		if (ptrace(PTRACE_GETREGSET, t->tid, (void *)(intptr_t)sets[i].set, &io) != 0) {
			if (sets[i].needed)
				search_unread(s, SURFACE_REGISTERS, "%s registers of process %d: %s",
					sets[i].what, (int)p->pid, strerror(errno));
			continue;
		}
		search_set(t, p, sets[i].set, room, io.iov_len, s);
	}
	wipe(room, sizeof(room));
}
