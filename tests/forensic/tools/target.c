/* Stopping, letting go, and the copy's files. */
#include "target.h"

#include <dirent.h>
#include <elf.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

/* --- threads --- */

static bool known(const struct target *t, pid_t tid)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->tids[i] == tid)
			return true;
	return false;
}

static bool stop_thread(struct target *t, pid_t tid)
{
	int status;

	if (t->n == TARGET_THREADS || ptrace(PTRACE_SEIZE, tid, NULL, NULL) != 0 ||
		ptrace(PTRACE_INTERRUPT, tid, NULL, NULL) != 0)
		return false;
	if (waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return false;
	t->tids[t->n++] = tid;
	return true;
}

/* True when every thread in the list was stopped before. */
static bool stop_those_there(struct target *t, bool *more)
{
	char path[64];
	struct dirent *d;
	DIR *dir;

	snprintf(path, sizeof(path), "/proc/%d/task", (int)t->pid);
	dir = opendir(path);
	if (dir == NULL)
		return false;
	*more = false;
	while ((d = readdir(dir)) != NULL) {
		pid_t tid = (pid_t)strtol(d->d_name, NULL, 10);

		if (tid > 0 && !known(t, tid) && stop_thread(t, tid))
			*more = true;
	}
	closedir(dir);
	return t->n > 0;
}

bool target_stop(struct target *t, pid_t pid)
{
	bool more = true;

	*t = (struct target){ .pid = pid };
	while (more)
		if (!stop_those_there(t, &more))
			return false;
	return true;
}

void target_release(struct target *t)
{
	for (size_t i = 0; i < t->n; i++)
		ptrace(PTRACE_DETACH, t->tids[i], NULL, NULL);
	t->n = 0;
}

/* --- files --- */

bool copy_open(struct copy *c, const char *dir, pid_t pid)
{
	char path[4096];

	*c = (struct copy){ 0 };
	snprintf(path, sizeof(path), "%s/%d.bin", dir, (int)pid);
	c->bin = fopen(path, "we");
	snprintf(path, sizeof(path), "%s/%d.map", dir, (int)pid);
	c->map = fopen(path, "we");
	return c->bin != NULL && c->map != NULL;
}

bool copy_close(struct copy *c)
{
	bool ok = true;

	if (c->bin != NULL)
		ok = fclose(c->bin) == 0;
	if (c->map != NULL)
		ok = fclose(c->map) == 0 && ok;
	return ok;
}

static bool put(struct copy *c, const void *p, size_t n, uint64_t start, const char *name)
{
	if (fwrite(p, 1, n, c->bin) != n)
		return false;
	fprintf(c->map, "%" PRIu64 " %zu %" PRIx64 " %s\n", c->at, n, start, name);
	c->at += n;
	return true;
}

/* --- registers --- */

/* XSTATE holds the vector registers in full width, zmm16 to 31 and the masks too. */
static const struct {
	unsigned kind;
	const char *name;
} sets[] = { { NT_PRSTATUS, "general" }, { NT_PRFPREG, "vector" },
#ifdef __x86_64__
	{ NT_X86_XSTATE, "xstate" }
#endif
};

bool copy_registers(struct copy *c, const struct target *t)
{
	static uint8_t room[64 * 1024];

	for (size_t i = 0; i < t->n; i++) {
		for (size_t k = 0; k < sizeof(sets) / sizeof(sets[0]); k++) {
			struct iovec v = { room, sizeof(room) };
			char name[64];

			if (ptrace(PTRACE_GETREGSET, t->tids[i], (void *)(uintptr_t)sets[k].kind, &v) != 0)
				return false;
			snprintf(name, sizeof(name), "- [registers %d %s]", (int)t->tids[i], sets[k].name);
			if (!put(c, room, v.iov_len, 0, name))
				return false;
		}
	}
	return true;
}

/* --- memory --- */

enum { PAGE = 4096, RUN = 256, PRESENT_OR_SWAPPED = 3 };

struct reader {
	int mem, pagemap;
	uint8_t pages[RUN * PAGE];
	uint64_t entries[RUN];
};

struct mapping {
	uint64_t start, end;
	char name[4352];  /* of the file, or "[heap]" … */
	char label[4400]; /* permissions and name, as the copy's map has them */
};

/* A line of /proc/PID/maps: "START-END PERMS OFFSET DEV INODE   NAME". */
static bool read_mapping(struct mapping *m, char *line)
{
	char perms[8];
	int at = 0;

	line[strcspn(line, "\n")] = '\0';
	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n", &m->start, &m->end, perms, &at) < 3)
		return false;
	snprintf(m->name, sizeof(m->name), "%s", line[at] != '\0' ? line + at : "[anonymous]");
	snprintf(m->label, sizeof(m->label), "%s %s", perms, m->name);
	return true;
}

/* Of `n` pages from `start`, how many from the first on are alike: here, or not. */
static size_t alike(const struct reader *r, size_t n, bool *here)
{
	size_t i = 0;

	*here = r->entries[0] >> 62 != 0;
	while (i < n && (r->entries[i] >> 62 != 0) == *here)
		i++;
	return i;
}

static bool copy_run(struct copy *c, struct reader *r, uint64_t start, size_t pages, const char *name)
{
	ssize_t got = pread(r->mem, r->pages, pages * PAGE, (off_t)start);

	if (got > 0)
		return put(c, r->pages, (size_t)got, start, name);
	fprintf(c->map, "- %zu %" PRIx64 " %s\n", pages * PAGE, start, name);
	return true;
}

static bool copy_mapping(struct copy *c, struct reader *r, const struct mapping *m)
{
	for (uint64_t start = m->start; start < m->end;) {
		size_t n = (m->end - start) / PAGE < RUN ? (size_t)((m->end - start) / PAGE) : RUN;
		bool here = true;

		if (pread(r->pagemap, r->entries, n * 8, (off_t)(start / PAGE * 8)) == (ssize_t)(n * 8))
			n = alike(r, n, &here);
		if (here && !copy_run(c, r, start, n, m->label))
			return false;
		start += n * PAGE;
	}
	return true;
}

/* The kernel's own pages are nobody's memory. */
static bool is_kernels(const struct mapping *m)
{
	return strncmp(m->name, "[vvar", 5) == 0 || strcmp(m->name, "[vsyscall]") == 0;
}

static bool is_secret(const struct mapping *m)
{
	return strncmp(m->name, "/secretmem", 10) == 0;
}

static bool copy_line(struct copy *c, struct reader *r, char *line)
{
	struct mapping m;

	if (!read_mapping(&m, line))
		return false;
	if (is_kernels(&m))
		return true;
	if (!is_secret(&m))
		return copy_mapping(c, r, &m);
	fprintf(c->map, "- %" PRIu64 " %" PRIx64 " %s\n", m.end - m.start, m.start, m.label);
	return true;
}

static int open_of(pid_t pid, const char *what)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, what);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool copy_memory(struct copy *c, pid_t pid)
{
	static struct reader r;
	char path[64], line[4352];
	bool ok;
	FILE *maps;

	r.mem = open_of(pid, "mem");
	r.pagemap = open_of(pid, "pagemap");
	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	maps = fopen(path, "re");
	ok = maps != NULL && r.mem >= 0 && r.pagemap >= 0;
	while (ok && fgets(line, sizeof(line), maps) != NULL)
		ok = copy_line(c, &r, line);
	if (maps != NULL)
		fclose(maps);
	close(r.mem);
	close(r.pagemap);
	return ok;
}

/* --- memory that only its owner can read --- */

#ifdef __x86_64__

#include <sys/user.h>

static const uint8_t copier[] = { 0xf3, 0xa4, 0xcc }; /* rep movsb; int3 */

static bool run_copier(
	pid_t tid, const struct user_regs_struct *was, uint64_t code, uint64_t from, uint64_t to)
{
	struct user_regs_struct regs = *was;
	int status;

	regs.rip = code;
	regs.rsi = from;
	regs.rdi = to;
	regs.rcx = PAGE;
	regs.orig_rax = (unsigned long long)-1;
	regs.eflags &= ~0x400ULL;
	return ptrace(PTRACE_SETREGS, tid, NULL, &regs) == 0 && ptrace(PTRACE_CONT, tid, NULL, NULL) == 0 &&
	       waitpid(tid, &status, __WALL) == tid && WIFSTOPPED(status) && WSTOPSIG(status) == SIGTRAP;
}

/* A call that it stands before is not made yet: getpid instead, and the call itself once more afterwards. */
static bool leave_call(pid_t tid, struct user_regs_struct *regs)
{
	struct user_regs_struct other = *regs;
	int status;

	other.orig_rax = 39;
	if (ptrace(PTRACE_SETREGS, tid, NULL, &other) != 0 || ptrace(PTRACE_SYSCALL, tid, NULL, NULL) != 0 ||
		waitpid(tid, &status, __WALL) != tid || !WIFSTOPPED(status))
		return false;
	regs->rip -= 2;
	regs->rax = regs->orig_rax;
	regs->orig_rax = (unsigned long long)-1;
	return true;
}

static FILE *maps_of(pid_t pid)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%d/maps", (int)pid);
	return fopen(path, "re");
}

/* Any page that it can write to; what stands there is put back. 0: none. */
static uint64_t scratch_page(pid_t tid)
{
	char line[4352];
	uint64_t found = 0;
	struct mapping m;
	FILE *maps = maps_of(tid);

	while (maps != NULL && found == 0 && fgets(line, sizeof(line), maps) != NULL)
		if (read_mapping(&m, line) && strncmp(m.label, "rw-p ", 5) == 0)
			found = m.start;
	if (maps != NULL)
		fclose(maps);
	return found;
}

static bool copy_secret(
	struct copy *c, int mem, pid_t tid, const struct user_regs_struct *regs, const struct mapping *m)
{
	uint64_t scratch = scratch_page(tid), code = regs->rip / 16 * 16;
	uint8_t was[PAGE], instructions[sizeof(copier)], page[PAGE];
	bool ok = pread(mem, was, PAGE, (off_t)scratch) == PAGE &&
		  pread(mem, instructions, sizeof(copier), (off_t)code) == (ssize_t)sizeof(copier) &&
		  pwrite(mem, copier, sizeof(copier), (off_t)code) == (ssize_t)sizeof(copier);

	for (uint64_t at = m->start; ok && at < m->end; at += PAGE)
		ok = run_copier(tid, regs, code, at, scratch) &&
		     pread(mem, page, PAGE, (off_t)scratch) == PAGE && put(c, page, PAGE, at, m->label);
	return pwrite(mem, instructions, sizeof(copier), (off_t)code) == (ssize_t)sizeof(copier) &&
	       pwrite(mem, was, PAGE, (off_t)scratch) == PAGE && ok;
}

bool copy_inside(struct copy *c, pid_t tid, bool in_call)
{
	struct user_regs_struct regs;
	char path[64], line[4352];
	FILE *maps = maps_of(tid);
	struct mapping m;
	bool ok;
	int mem;

	snprintf(path, sizeof(path), "/proc/%d/mem", (int)tid);
	mem = open(path, O_RDWR | O_CLOEXEC);
	ok = mem >= 0 && maps != NULL && ptrace(PTRACE_GETREGS, tid, NULL, &regs) == 0 &&
	     (!in_call || leave_call(tid, &regs));
	while (ok && fgets(line, sizeof(line), maps) != NULL)
		if (read_mapping(&m, line) && is_secret(&m))
			ok = copy_secret(c, mem, tid, &regs, &m);
	if (maps != NULL)
		fclose(maps);
	close(mem);
	return ok && ptrace(PTRACE_SETREGS, tid, NULL, &regs) == 0;
}

#else

bool copy_inside(struct copy *c, pid_t tid, bool in_call)
{
	(void)c, (void)tid, (void)in_call;
	return false;
}

#endif
