/* The double: frames over blocking sockets, each wait bounded. */
#include "role_harness.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "ipc/chan.h"
#include "ipc/conf.h"

enum { FIRST_FD = 3, FRAME_MAX = 8 << 20 };

static void must(enum acsr_result r, const struct acsr_err *e)
{
	if (r != ACSR_OK)
		fail_msg("%s: %s (%s)", e->id, e->text, e->field);
}

/* --- sockets --- */

static void end_open(struct harness_end *end, int fd)
{
	*end = (struct harness_end){ .fd = fd };
	buf_init(&end->in, FRAME_MAX);
}

static void end_close(struct harness_end *end)
{
	for (size_t i = 0; i < end->nfds; i++)
		close(end->fds[i]);
	if (end->fd >= 0)
		close(end->fd);
	buf_free(&end->in);
	*end = (struct harness_end){ .fd = -1 };
}

static void socket_pair(int sv[2])
{
	assert_int_equal(0, socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv));
}

static void send_all(int sock, const uint8_t *p, size_t n, int fd)
{
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };

	while (n > 0) {
		struct iovec iov = { .iov_base = (void *)(uintptr_t)p, .iov_len = n };
		struct msghdr mh = { .msg_iov = &iov, .msg_iovlen = 1 };
		ssize_t sent;

		if (fd >= 0) {
			mh.msg_control = control.room;
			mh.msg_controllen = sizeof(control.room);
			control.align = (struct cmsghdr){ .cmsg_len = CMSG_LEN(sizeof(int)),
				.cmsg_level = SOL_SOCKET,
				.cmsg_type = SCM_RIGHTS };
			memcpy(CMSG_DATA(&control.align), &fd, sizeof(int));
		}
		sent = sendmsg(sock, &mh, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			fail_msg("cannot send to the role: %s", strerror(errno));
		if (fd >= 0)
			close(fd);
		fd = -1;
		p += sent;
		n -= (size_t)sent;
	}
}

static void take_fds(struct harness_end *end, struct msghdr *mh)
{
	for (struct cmsghdr *cm = CMSG_FIRSTHDR(mh); cm != NULL; cm = CMSG_NXTHDR(mh, cm)) {
		size_t n = (cm->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		assert_true(end->nfds + n <= HARNESS_FDS);
		memcpy(end->fds + end->nfds, CMSG_DATA(cm), n * sizeof(int));
		end->nfds += n;
	}
}

/* False at the end of the stream. */
static bool read_more(struct harness_end *end)
{
	struct acsr_err e = { 0 };
	union {
		struct cmsghdr align;
		char room[CMSG_SPACE(sizeof(int) * HARNESS_FDS)];
	} control;
	struct pollfd pfd = { .fd = end->fd, .events = POLLIN };
	struct iovec iov = { .iov_len = 65536 };
	struct msghdr mh = { .msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room) };
	ssize_t n;

	must(buf_reserve(&end->in, iov.iov_len, &e), &e);
	iov.iov_base = end->in.p + end->in.len;
	if (poll(&pfd, 1, HARNESS_TIMEOUT_MS) != 1)
		fail_msg("the role said nothing for %d ms", HARNESS_TIMEOUT_MS);
	n = recvmsg(end->fd, &mh, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return false;
	end->in.len += (size_t)n;
	take_fds(end, &mh);
	return true;
}

/* Until a whole frame is in; its type and id. */
static unsigned next_frame(struct harness_end *end, uint64_t *id)
{
	for (;;) {
		const uint8_t *p = end->in.p + end->in.off;

		if (buf_unread(&end->in) >= IPC_HEADER) {
			size_t n = (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];

			*id = 0;
			for (size_t i = 8; i < IPC_HEADER; i++)
				*id = *id << 8 | p[i];
			if (buf_unread(&end->in) >= n + 4)
				return (unsigned)p[6] << 8 | p[7];
		}
		if (!read_more(end))
			fail_msg("the role closed the channel");
	}
}

/* --- messages --- */

void harness_send(struct harness *h, enum role as, unsigned type, uint64_t id, const void *body, int fd)
{
	struct acsr_err e = { 0 };
	CLEANUP_BUF struct buf out = { 0 };

	buf_init(&out, FRAME_MAX);
	must(msg_encode(msg_desc(type), id, body, &out, &e), &e);
	send_all(h->ends[as].fd, out.p, out.len, fd);
}

/* key_gone comes whenever a worker happens to end: only who waits for it sees it. */
static unsigned next_but_gone(struct harness *h, enum role as, unsigned wanted, uint64_t *id)
{
	struct harness_end *end = &h->ends[as];
	unsigned got = next_frame(end, id);

	while (got == MSG_key_gone && wanted != MSG_key_gone) {
		struct msg_key_gone gone = { 0 };
		struct acsr_err e = { 0 };

		must(chan_decode_frame(&end->in, as, h->role, got, &gone, &e), &e);
		harness_clear(MSG_key_gone, &gone);
		got = next_frame(end, id);
	}
	return got;
}

void harness_recv(struct harness *h, enum role as, unsigned type, void *body, uint64_t *id, int *fd)
{
	struct harness_end *end = &h->ends[as];
	struct acsr_err e = { 0 };
	uint64_t got_id;
	unsigned got = next_but_gone(h, as, type, &got_id);

	if (got != type) {
		struct msg_failed f = { 0 };

		if (got != MSG_failed || chan_decode_frame(&end->in, as, h->role, got, &f, &e) != ACSR_OK)
			fail_msg("message 0x%02x, expected 0x%02x", got, type);
		fail_msg("%s: %s (%s), expected message 0x%02x", f.id, f.text, f.field, type);
	}
	must(chan_decode_frame(&end->in, as, h->role, type, body, &e), &e);
	if (id != NULL)
		*id = got_id;
	if (msg_fds(msg_desc(type)) == 0)
		return;
	assert_true(end->nfds > 0);
	assert_non_null(fd);
	*fd = end->fds[0];
	end->nfds--;
	memmove(end->fds, end->fds + 1, end->nfds * sizeof(int));
}

unsigned harness_peek(struct harness *h, enum role as)
{
	uint64_t id;

	return next_but_gone(h, as, 0, &id);
}

void harness_recv_failed(struct harness *h, enum role as, uint64_t id, const char *error)
{
	struct msg_failed f = { 0 };
	uint64_t got;

	harness_recv(h, as, MSG_failed, &f, &got, NULL);
	if (strcmp(f.id, error) != 0)
		fail_msg("%s: %s, expected %s", f.id, f.text, error);
	assert_int_equal(id, got);
	harness_clear(MSG_failed, &f);
}

void harness_clear(unsigned type, void *body)
{
	msg_clear(msg_desc(type), body);
}

/* --- the process --- */

static void fill_keys(struct strv *out, enum role role, const char *const *keys)
{
	struct acsr_err e = { 0 };

	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		char preset[256], name[128], pair[4096];
		const char *value = preset;

		if ((k->roles & 1u << role) == 0)
			continue;
		conf_preset(k, preset);
		snprintf(name, sizeof(name), "%s.%s=", k->section, k->name);
		for (size_t i = 0; keys != NULL && keys[i] != NULL; i++)
			if (str_starts(keys[i], name))
				value = keys[i] + strlen(name);
		snprintf(pair, sizeof(pair), "%s%s", name, value);
		must(strv_add(out, pair, &e), &e);
	}
}

static void child(const char *binary, int fd)
{
	char *argv[] = { (char *)(uintptr_t)binary, NULL };

	if (fd == FIRST_FD) /* dup2 would leave it close-on-exec */
		fd = dup(fd);
	dup2(fd, FIRST_FD);
	execv(binary, argv);
	fprintf(stderr, "cannot run %s: %s\n", binary, strerror(errno));
	_exit(127);
}

static void make_dir(struct harness *h, const char *dir)
{
	if (dir != NULL) {
		snprintf(h->dir, sizeof(h->dir), "%s", dir);
		return;
	}
	snprintf(h->dir, sizeof(h->dir), "/tmp/autocsr-role-XXXXXX");
	assert_non_null(mkdtemp(h->dir));
}

void harness_launch(
	struct harness *h, const char *binary, enum role role, const char *dir, const char *const *keys)
{
	struct msg_config m = { .state_dir = h->dir, .first_start = dir == NULL };
	int sv[2];

	*h = (struct harness){ .role = role };
	for (int r = 0; r < ROLE_COUNT; r++)
		h->ends[r].fd = -1;
	make_dir(h, dir);
	fill_keys(&m.keys, role, keys);
	socket_pair(sv);
	h->pid = fork();
	assert_true(h->pid >= 0);
	if (h->pid == 0)
		child(binary, sv[1]);
	close(sv[1]);
	end_open(&h->ends[ROLE_AUTOCSRD], sv[0]);
	harness_send(h, ROLE_AUTOCSRD, MSG_config, 0, &m, -1);
	strv_free(&m.keys);
}

void harness_start(
	struct harness *h, const char *binary, enum role role, const char *dir, const char *const *keys)
{
	struct msg_ready m;

	harness_launch(h, binary, role, dir, keys);
	harness_recv(h, ROLE_AUTOCSRD, MSG_ready, &m, NULL, NULL);
}

/* The role reads its channels in no particular order: what is sent next must find this one read. */
static void wait_until_read(const struct harness_end *end)
{
	for (int waited = 0; waited < HARNESS_TIMEOUT_MS; waited++) {
		int left;

		assert_int_equal(0, ioctl(end->fd, SIOCOUTQ, &left));
		if (left == 0)
			return;
		poll(NULL, 0, 1);
	}
	fail_msg("the role does not read its control channel");
}

void harness_peer(struct harness *h, enum role peer)
{
	struct msg_peer m = { .role = peer };
	int sv[2];

	socket_pair(sv);
	end_close(&h->ends[peer]);
	end_open(&h->ends[peer], sv[0]);
	harness_send(h, ROLE_AUTOCSRD, MSG_peer, 0, &m, sv[1]);
	wait_until_read(&h->ends[ROLE_AUTOCSRD]);
}

void harness_reload(struct harness *h, const char *const *keys)
{
	struct msg_reload m = { 0 };

	fill_keys(&m.keys, h->role, keys);
	harness_send(h, ROLE_AUTOCSRD, MSG_reload, 0, &m, -1);
	wait_until_read(&h->ends[ROLE_AUTOCSRD]);
	strv_free(&m.keys);
}

void harness_peer_close(struct harness *h, enum role peer)
{
	end_close(&h->ends[peer]);
}

int harness_wait(struct harness *h)
{
	int status = 0;

	for (int waited = 0; waited < HARNESS_TIMEOUT_MS; waited += 5) {
		pid_t got = waitpid(h->pid, &status, WNOHANG);

		assert_true(got >= 0);
		if (got == h->pid) {
			h->pid = 0;
			return status;
		}
		poll(NULL, 0, 5);
	}
	fail_msg("the role does not end");
	return -1;
}

void harness_kill(struct harness *h)
{
	kill(h->pid, SIGKILL);
	(void)harness_wait(h);
	for (int r = 0; r < ROLE_COUNT; r++)
		end_close(&h->ends[r]);
}

void harness_drop(struct harness *h)
{
	char command[128];

	if (h->pid > 0)
		harness_kill(h);
	for (int r = 0; r < ROLE_COUNT; r++)
		end_close(&h->ends[r]);
	if (!str_starts(h->dir, "/tmp/autocsr-role-"))
		return;
	snprintf(command, sizeof(command), "rm -rf %s", h->dir);
	assert_int_equal(0, system(command));
}

void harness_stop(struct harness *h)
{
	struct msg_stop m = { 0 };
	int status;

	harness_send(h, ROLE_AUTOCSRD, MSG_stop, 0, &m, -1);
	status = harness_wait(h);
	harness_drop(h);
	assert_true(WIFEXITED(status));
	assert_int_equal(0, WEXITSTATUS(status));
}

void harness_read_all(int fd, struct buf *out)
{
	struct acsr_err e = { 0 };

	must(buf_read_fd(out, fd, &e), &e);
	close(fd);
}
