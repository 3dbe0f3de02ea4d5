/* Hiding and finding. */
#include "cli/forensic/decoy.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/secret.h"
#include "cli/files.h"
#include "cli/forensic/hold.h"
#include "cli/forensic/scanfile.h"
#include "cli/forensic/wire.h"

enum { PAGE = 4096, AT = 1003, FILE_CHUNK = 1024 * 1024 };

/* --- a process that holds it in memory, in a vector register and in secret memory --- */

/* Loads the piece, wipes where it came from, says "here" and waits: all without a step in between that could move
 * the register elsewhere. */
#if defined(__x86_64__)
__attribute__((noinline)) static void keep_in_register(uint8_t *piece, int say, int wait)
{
	char byte = 0;
	long done;

	__asm__ volatile(
		"movdqu (%[p]), %%xmm9\n\t"
		"movq $0, (%[p])\n\tmovq $0, 8(%[p])\n\t"
		"mov $1, %%eax\n\tmov %[say], %%edi\n\tmov %[byte], %%rsi\n\tmov $1, %%edx\n\tsyscall\n\t"
		"xor %%eax, %%eax\n\tmov %[wait], %%edi\n\tmov %[byte], %%rsi\n\tmov $1, %%edx\n\tsyscall\n\t"
		"pxor %%xmm9, %%xmm9"
		: "=&a"(done)
		: [p] "r"(piece), [say] "r"(say), [wait] "r"(wait), [byte] "r"(&byte)
		: "rdi", "rsi", "rdx", "rcx", "r11", "xmm9", "memory");
	(void)done;
}
#define REGISTER "xmm9"
#elif defined(__aarch64__)
__attribute__((noinline)) static void keep_in_register(uint8_t *piece, int say, int wait)
{
	char byte = 0;

	__asm__ volatile("ldr q9, [%[p]]\n\tstp xzr, xzr, [%[p]]\n\t"
			 "mov w0, %w[say]\n\tmov x1, %[byte]\n\tmov x2, #1\n\tmov x8, #64\n\tsvc #0\n\t"
			 "mov w0, %w[wait]\n\tmov x1, %[byte]\n\tmov x2, #1\n\tmov x8, #63\n\tsvc #0\n\t"
			 "movi v9.16b, #0"
			 :
			 : [p] "r"(piece), [say] "r"(say), [wait] "r"(wait), [byte] "r"(&byte)
			 : "x0", "x1", "x2", "x8", "v9", "memory");
}
#define REGISTER "v9"
#else
#error "say here how the decoy keeps a piece in a vector register"
#endif

static bool keep_in_secret_memory(const uint8_t *piece)
{
#ifdef SYS_memfd_secret
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);
	uint8_t *p = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, PAGE) == 0)
		p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p != MAP_FAILED)
		memcpy(p + AT, piece, NEEDLE_PIECE);
	return p != MAP_FAILED;
#else
	(void)piece;
	return false;
#endif
}

static bool kernel_has_secret_memory(void)
{
#ifdef SYS_memfd_secret
	int fd = (int)syscall(SYS_memfd_secret, O_CLOEXEC);

	if (fd >= 0)
		close(fd);
	return fd >= 0;
#else
	return false;
#endif
}

_Noreturn static void be_decoy(uint8_t *page, uint8_t *piece, int say, int wait)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	memcpy(page + AT, piece, NEEDLE_PIECE);
	(void)keep_in_secret_memory(piece);
	keep_in_register(piece, say, wait);
	_exit(0);
}

struct decoy {
	pid_t pid;
	int here, hold; /* read: it stands; its end of `hold` is closed when it may go */
	uint8_t *page;
};

static enum acsr_result decoy_start(struct decoy *d, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e)
{
	int here[2], hold[2];
	uint8_t copy[NEEDLE_PIECE];
	char byte;

	d->page = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (d->page == MAP_FAILED || pipe2(here, O_CLOEXEC) != 0 || pipe2(hold, O_CLOEXEC) != 0)
		return err_errno(e, "sys.decoy", errno, "cannot prepare a decoy");
	memcpy(copy, piece, sizeof(copy));
	d->pid = fork();
	if (d->pid == 0) {
		close(hold[1]);
		be_decoy(d->page, copy, here[1], hold[0]);
	}
	wipe(copy, sizeof(copy));
	close(here[1]);
	close(hold[0]);
	d->here = here[0];
	d->hold = hold[1];
	if (d->pid < 0 || read(d->here, &byte, 1) != 1)
		return err_set(e, "sys.decoy", "the decoy did not start");
	return ACSR_OK;
}

static void decoy_end(struct decoy *d)
{
	if (d->pid > 0) {
		kill(d->pid, SIGKILL);
		(void)waitpid(d->pid, NULL, 0);
	}
	close(d->here);
	close(d->hold);
	munmap(d->page, PAGE);
}

enum acsr_result decoy_process(struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e)
{
	struct held *held = calloc(1, sizeof(*held));
	struct decoy d = { .here = -1, .hold = -1 };
	enum acsr_result r = held != NULL ? decoy_start(&d, piece, e) : err_nomem(e);

	if (r == ACSR_OK) {
		own->watch_from = (uint64_t)(uintptr_t)d.page;
		own->watch_to = own->watch_from + PAGE;
		r = hold_all(held, d.pid, e);
		if (r == ACSR_OK)
			hold_search(held, own);
		hold_release(held);
	}
	if (held != NULL && d.page != NULL)
		decoy_end(&d);
	free(held);
	return r;
}

/* --- files --- */

static enum acsr_result write_decoy(
	const char *dir, const char *name, size_t at, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e)
{
	static const char head[] = "SQLite format 3";
	char path[128];
	int fd;
	bool ok;

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	ok = fd >= 0 && file_write_all(fd, head, sizeof(head)) == 0 &&
	     pwrite(fd, piece, NEEDLE_PIECE, (off_t)at) == NEEDLE_PIECE &&
	     pwrite(fd, head, sizeof(head), (off_t)at + 2 * PAGE) == sizeof(head);
	if (fd >= 0)
		close(fd);
	return ok ? ACSR_OK : err_errno(e, "sys.decoy", errno, "cannot write the decoy %s", path);
}

static const struct {
	const char *name;
	size_t at; /* across the border of two reads; inside a page; in a line */
} decoy_files_list[] = { { "decoy", FILE_CHUNK - 7 }, { "decoy.db", 2 * PAGE + AT }, { "decoy.log", AT } };

static enum acsr_result search_decoys(
	struct search *own, const char *dir, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e)
{
	char path[128];

	for (size_t i = 0; i < sizeof(decoy_files_list) / sizeof(decoy_files_list[0]); i++)
		TRY(write_decoy(dir, decoy_files_list[i].name, decoy_files_list[i].at, piece, e));
	scanfile_tree(own, dir);
	snprintf(path, sizeof(path), "%s/%s", dir, decoy_files_list[0].name);
	scanfile_one(own, SURFACE_IMAGE, path);
	return ACSR_OK;
}

enum acsr_result decoy_files(struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e)
{
	static const char *const places[] = { "/dev/shm/autocsr-decoy-XXXXXX", "/tmp/autocsr-decoy-XXXXXX" };
	char dir[64] = "", path[128];
	enum acsr_result r;

	for (size_t i = 0; i < 2 && dir[0] == '\0'; i++) {
		snprintf(dir, sizeof(dir), "%s", places[i]);
		if (mkdtemp(dir) == NULL)
			dir[0] = '\0';
	}
	if (dir[0] == '\0')
		return err_errno(e, "sys.decoy", errno, "cannot make a directory for decoys");
	r = search_decoys(own, dir, piece, e);
	for (size_t i = 0; i < sizeof(decoy_files_list) / sizeof(decoy_files_list[0]); i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, decoy_files_list[i].name);
		unlink(path);
	}
	rmdir(dir);
	return r;
}

/* --- a pipe, and a packet --- */

enum acsr_result decoy_pipe(struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e)
{
	struct processes *self = calloc(1, sizeof(*self));
	char byte[NEEDLE_PIECE];
	int ends[2];

	if (self == NULL)
		return err_nomem(e);
	if (pipe2(ends, O_CLOEXEC) != 0 || write(ends[1], piece, NEEDLE_PIECE) != NEEDLE_PIECE) {
		free(self);
		return err_errno(e, "sys.decoy", errno, "cannot fill a pipe");
	}
	self->n = 1;
	self->v[0].pid = getpid();
	snprintf(self->v[0].name, sizeof(self->v[0].name), "decoy");
	scanfile_pipes(own, self);
	(void)!read(ends[0], byte, sizeof(byte));
	wipe(byte, sizeof(byte));
	close(ends[0]);
	close(ends[1]);
	free(self);
	return ACSR_OK;
}

/* To a socket of our own, on loopback. */
static bool send_to_self(const uint8_t *p, size_t n)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok = fd >= 0 && bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0 &&
		  getsockname(fd, (struct sockaddr *)&a, &len) == 0 &&
		  sendto(fd, p, n, 0, (struct sockaddr *)&a, sizeof(a)) == (ssize_t)n;

	if (fd >= 0)
		close(fd);
	return ok;
}

enum acsr_result decoy_packet(struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e)
{
	struct wire *w = NULL;

	TRY(wire_open(&w, "lo", 4 * FILE_CHUNK, e));
	if (!send_to_self(piece, NEEDLE_PIECE)) {
		wire_free(w);
		return err_errno(e, "sys.decoy", errno, "cannot send a packet to this program itself");
	}
	wire_stop(w);
	wire_search(w, own);
	wire_free(w);
	return ACSR_OK;
}

/* --- all of them --- */

static void judge(struct search *s, enum surface surface, bool found, const char *why)
{
	struct surface_state *x = &s->surfaces[surface];

	x->control = found ? CONTROL_FOUND : CONTROL_MISSED;
	if (!found)
		snprintf(x->why, sizeof(x->why), "the control was not found%s%.120s",
			why[0] != '\0' ? ": " : "", why);
}

static bool register_found(const struct search *own)
{
	for (size_t i = 0; i < own->n_findings; i++)
		if (own->findings[i].surface == SURFACE_REGISTERS &&
			strstr(own->findings[i].where, ": " REGISTER) != NULL)
			return true;
	return false;
}

typedef enum acsr_result decoy(struct search *own, const uint8_t piece[NEEDLE_PIECE], struct acsr_err *e);

static const struct {
	decoy *make;
	enum surface surfaces[5];
	size_t n;
} decoys[] = {
	{ decoy_process, { SURFACE_MEMORY, SURFACE_REGISTERS, SURFACE_SECRET }, 3 },
	{ decoy_files, { SURFACE_FILES, SURFACE_DATABASE, SURFACE_LOGS, SURFACE_IMAGE }, 4 },
	{ decoy_pipe, { SURFACE_PIPES }, 1 },
	{ decoy_packet, { SURFACE_NETWORK }, 1 },
};

static void judge_all(struct search *s, const struct search *own, size_t i, const char *why)
{
	for (size_t k = 0; k < decoys[i].n; k++) {
		enum surface x = decoys[i].surfaces[k];

		if (x == SURFACE_SECRET && !kernel_has_secret_memory())
			continue;
		judge(s, x, x == SURFACE_REGISTERS ? register_found(own) : own->surfaces[x].found > 0,
			why[0] != '\0' ? why : own->surfaces[x].why);
	}
}

enum acsr_result decoy_all(struct search *s, struct acsr_err *e)
{
	struct search *own = malloc(sizeof(*own));
	uint8_t piece[NEEDLE_PIECE];
	enum acsr_result r = own != NULL ? ACSR_OK : err_nomem(e);

	for (size_t i = 0; r == ACSR_OK && i < sizeof(decoys) / sizeof(decoys[0]); i++) {
		struct acsr_err why = { 0 };

		memset(own, 0, sizeof(*own));
		own->needles = s->needles;
		r = needles_piece(s->needles, 7 * i, piece, e);
		if (r != ACSR_OK)
			break;
		(void)!decoys[i].make(own, piece, &why);
		judge_all(s, own, i, why.text);
	}
	wipe(piece, sizeof(piece));
	free(own);
	return r;
}
