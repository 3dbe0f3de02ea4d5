/* The life of a worker, from fork to _exit, one step a function. */
#include "worker.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/limits.h"
#include "harden.h"
#include "ipc/chan.h"
#include "make.h"

/* A sanitizer's own report needs it. */
#if defined(__SANITIZE_ADDRESS__)
#define KEEP_STDERR 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define KEEP_STDERR 1
#endif
#endif
#ifndef KEEP_STDERR
#define KEEP_STDERR 0
#endif

enum { FD_ORDER = 3, FD_RESULT, FD_ARCHIVE, FD_ABOVE, NICE_AHEAD = 10 };
_Static_assert((int)FD_ABOVE == (int)HARDEN_FILES && (int)WORKER_SECONDS == (int)HARDEN_SECONDS, "they fit");

const char *worker_exit_name(int status)
{
	static const char *const names[] = { "setup", "sandbox", "ready key", "order", "key", "make",
		"archive", "result" };

	if (status == WORKER_DONE)
		return "done";
	if (status < WORKER_SETUP || status > WORKER_RESULT)
		return "unknown";
	return names[status - WORKER_SETUP];
}

_Noreturn static void end(enum worker_exit status)
{
	harden_end();
	_exit((int)status);
}

/* --- set-up --- */

/* The parent's channels, and pipes of other workers, are not for this process. */
static bool keep_only(const struct worker_pipes *pipes)
{
	int high[3] = { fcntl(pipes->order, F_DUPFD, FD_ABOVE), fcntl(pipes->result, F_DUPFD, FD_ABOVE),
		fcntl(pipes->archive, F_DUPFD, FD_ABOVE) };

	for (int i = 0; i < 3; i++)
		if (high[i] < 0 || dup2(high[i], FD_ORDER + i) < 0)
			return false;
	for (int fd = 0; fd < FD_ORDER; fd++)
		if (fd != STDERR_FILENO || !KEEP_STDERR)
			close(fd);
	return close_range(FD_ABOVE, ~0U, 0) == 0;
}

static void enter(const struct worker_pipes *pipes, const struct worker_setup *setup, char *facts, size_t cap)
{
	char how[256];

	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	prctl(PR_SET_NAME, "keymaker-one", 0, 0, 0);
	/* A key that is made ahead must not slow down orders; without the right to ask, it may. */
	if (setup->ready_type != NULL && setpriority(PRIO_PROCESS, 0, NICE_AHEAD) != 0)
		errno = 0;
	if (!keep_only(pipes) || harden_worker(setup->lock_memory, how, sizeof(how), NULL) != ACSR_OK)
		end(WORKER_SETUP);
	if (harden_sandbox(NULL) != ACSR_OK)
		end(WORKER_SANDBOX);
	snprintf(facts, cap, "%s; one process for this order: %s", setup->facts, how);
}

/* --- the order --- */

static bool read_exact(struct buf *in, size_t n, bool *none)
{
	if (buf_reserve(in, n, NULL) != ACSR_OK)
		return false;
	while (n > 0) {
		ssize_t got = read(FD_ORDER, in->p + in->len, n);

		if (got < 0 && errno == EINTR)
			continue;
		*none = got == 0 && in->len == 0;
		if (got <= 0)
			return false;
		in->len += (size_t)got;
		n -= (size_t)got;
	}
	return true;
}

static void read_order(struct msg_key_make *order, uint64_t *id)
{
	CLEANUP_BUF struct buf in = { 0 };
	bool none = false;
	size_t n;

	buf_init(&in, LIMIT_ARCHIVE);
	if (!read_exact(&in, IPC_HEADER, &none))
		end(none ? WORKER_DONE : WORKER_ORDER);
	n = (size_t)in.p[0] << 24 | (size_t)in.p[1] << 16 | (size_t)in.p[2] << 8 | in.p[3];
	*id = 0;
	for (size_t i = 8; i < IPC_HEADER; i++)
		*id = *id << 8 | in.p[i];
	if (n < IPC_HEADER - 4 || !read_exact(&in, n - (IPC_HEADER - 4), &none) ||
		chan_decode_frame(&in, ROLE_KEYMAKER, ROLE_CORE, MSG_key_make, order, NULL) != ACSR_OK)
		end(WORKER_ORDER);
}

static bool write_all(int fd, const uint8_t *p, size_t n)
{
	while (n > 0) {
		ssize_t put = write(fd, p, n);

		if (put < 0 && errno == EINTR)
			continue;
		if (put <= 0)
			return false;
		p += put;
		n -= (size_t)put;
	}
	return close(fd) == 0;
}

static bool write_result(struct made *made, uint64_t id, char *facts)
{
	struct msg_key_result m = { .csr = { made->csr.p, made->csr.len },
		.archive_sha256 = { made->archive_sha256, sizeof(made->archive_sha256) },
		.archive_size = made->archive.len,
		.code = made->archive.code,
		.sandbox = facts };
	CLEANUP_BUF struct buf out = { 0 };

	buf_init(&out, LIMIT_ARCHIVE);
	return msg_encode(msg_desc(MSG_key_result), id, &m, &out, NULL) == ACSR_OK &&
	       write_all(FD_RESULT, out.p, out.len);
}

static struct acsr_key *key_for(struct acsr_key *ready, const char *type)
{
	struct acsr_key *key = NULL;

	if (ready != NULL && strcmp(acsr_key_name(ready), type) == 0)
		return ready;
	acsr_key_free(ready);
	if (acsr_key_generate(&key, type, NULL) != ACSR_OK)
		end(WORKER_KEY);
	return key;
}

/* Its frame, with everything on it, is gone when end() clears the stack. */
__attribute__((noinline)) static enum worker_exit serve(struct acsr_key *ready, char *facts)
{
	struct msg_key_make order = { 0 };
	struct made made = { 0 };
	struct acsr_key *key;
	uint64_t id;
	enum worker_exit status = WORKER_DONE;

	read_order(&order, &id);
	key = key_for(ready, order.key_type);
	if (make_order(&made, &order, key, NULL) != ACSR_OK)
		status = WORKER_MAKE;
	acsr_key_free(key);
	if (status == WORKER_DONE && !write_all(FD_ARCHIVE, made.archive.bytes, made.archive.len))
		status = WORKER_ARCHIVE;
	if (status == WORKER_DONE && !write_result(&made, id, facts))
		status = WORKER_RESULT;
	made_clear(&made);
	msg_clear(msg_desc(MSG_key_make), &order);
	return status;
}

_Noreturn void worker_run(const struct worker_pipes *pipes, const struct worker_setup *setup)
{
	struct acsr_key *ready = NULL;
	char facts[512];

	enter(pipes, setup, facts, sizeof(facts));
	if (setup->ready_type != NULL && acsr_key_generate(&ready, setup->ready_type, NULL) != ACSR_OK)
		end(WORKER_READY_KEY);
	end(serve(ready, facts));
}
