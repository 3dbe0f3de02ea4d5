/*
 * A test double for everything around one role: runs the role's real executable and plays autocsrd and the
 * peers over the real sockets, with blocking calls. One harness, one process.
 *
 * A call that does not succeed within HARNESS_TIMEOUT_MS, or meets another message than expected, fails the
 * cmocka test with what was found; so there is nothing to check after it.
 */
#ifndef TESTS_ROLE_HARNESS_H
#define TESTS_ROLE_HARNESS_H

#include <sys/types.h>

#include "ipc/messages.h"

enum { HARNESS_TIMEOUT_MS = 60000, HARNESS_FDS = 8 };

/* One socket that we hold the far end of. */
struct harness_end {
	int fd; /* -1: not open */
	struct buf in;
	int fds[HARNESS_FDS];
	size_t nfds;
};

struct harness {
	enum role role;
	pid_t pid;
	char dir[64];                        /* the role's state directory: a fresh one below /tmp */
	struct harness_end ends[ROLE_COUNT]; /* [ROLE_AUTOCSRD] is its first descriptor */
};

/*
 * Start `binary` as `role` in a fresh state directory, or in `dir` when it is not NULL (kept at the end).
 * `keys`: "section.key=value" overrides of the defaults, ends with NULL. Waits for `ready`.
 */
void harness_start(
	struct harness *h, const char *binary, enum role role, const char *dir, const char *const *keys);
/* The same without waiting: for a role that shall refuse to start. */
void harness_launch(
	struct harness *h, const char *binary, enum role role, const char *dir, const char *const *keys);
/* Give the role a channel to that peer, played by us; it has it when this returns. */
void harness_peer(struct harness *h, enum role peer);
/* As SIGHUP does: a whole new configuration. */
void harness_reload(struct harness *h, const char *const *keys);
/* Close our end of a peer's channel. */
void harness_peer_close(struct harness *h, enum role peer);

/* Send as `as`; fd is -1, or closed here. */
void harness_send(struct harness *h, enum role as, unsigned type, uint64_t id, const void *body, int fd);
/* The next message to `as`, which must be of that type: fills *body (clear it with harness_clear) and, when
 * not NULL, *id and *fd. */
void harness_recv(struct harness *h, enum role as, unsigned type, void *body, uint64_t *id, int *fd);
/* The type of the next message to `as`, which stays; waits for it. */
unsigned harness_peek(struct harness *h, enum role as);
/* The next message to `as` must be `failed` with this error id. */
void harness_recv_failed(struct harness *h, enum role as, uint64_t id, const char *error);
void harness_clear(unsigned type, void *body);

/* Send SIGKILL and wait. The directory stays. */
void harness_kill(struct harness *h);
/* Wait until the role ends by itself; its wait status. */
int harness_wait(struct harness *h);
/* Ask it to stop, wait, and remove what harness_start made. Fails when the exit status is not 0. */
void harness_stop(struct harness *h);
/* Close and remove without asking; safe after harness_kill and harness_wait. */
void harness_drop(struct harness *h);

/* Everything until the end of the stream; fd is closed. */
void harness_read_all(int fd, struct buf *out);

#endif
