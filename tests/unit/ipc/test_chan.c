/* Channels on an event loop: messages and descriptors arrive, hostile peers are cut off with a reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "ipc/chan.h"

struct world {
	struct loop *loop;
	struct chan *core; /* the end under test */
	int peer;          /* the other end, raw */
	size_t messages, closed;
	char id[64];  /* of the last `failed` */
	char why[64]; /* why it was closed */
	int fd;
	size_t stop_after;
};

static void on_message(void *arg, struct chan *c, struct msg *m)
{
	struct world *w = arg;

	(void)c;
	w->messages++;
	if (m->type == MSG_failed)
		snprintf(w->id, sizeof(w->id), "%s", ((struct msg_failed *)m->body)->id);
	if (m->fd >= 0)
		w->fd = m->fd;
	if (w->messages == w->stop_after)
		loop_stop(w->loop);
}

static void on_closed(void *arg, struct chan *c, const struct acsr_err *why)
{
	struct world *w = arg;

	(void)c;
	w->closed++;
	w->core = NULL;
	snprintf(w->why, sizeof(w->why), "%s", why != NULL ? why->id : "end");
	loop_stop(w->loop);
}

static const struct chan_ops ops = { .message = on_message, .closed = on_closed };

static int begin_as(void **state, enum role self, enum role peer)
{
	struct world *w = calloc(1, sizeof(*w));
	int pair[2];

	assert_non_null(w);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	assert_int_equal(loop_new(&w->loop, NULL), ACSR_OK);
	assert_int_equal(chan_new(&w->core, w->loop, pair[0], self, peer, &ops, w, NULL), ACSR_OK);
	w->peer = pair[1];
	w->fd = -1;
	w->stop_after = 1;
	*state = w;
	return 0;
}

static int begin(void **state)
{
	return begin_as(state, ROLE_CORE, ROLE_PROBER);
}

static int begin_courier(void **state)
{
	return begin_as(state, ROLE_COURIER, ROLE_KEYMAKER);
}

static int end(void **state)
{
	struct world *w = *state;

	chan_free(w->core);
	loop_free(w->loop);
	close(w->peer);
	if (w->fd >= 0)
		close(w->fd);
	free(w);
	return 0;
}

static void frame(struct buf *b, unsigned type, const void *m)
{
	buf_init(b, 1 << 22);
	assert_int_equal(msg_encode(msg_desc(type), 9, m, b, NULL), ACSR_OK);
}

static void failed_frame(struct buf *b, const char *id)
{
	struct msg_failed m = { 0 };

	assert_int_equal(str_dup(&m.id, id, NULL), ACSR_OK);
	frame(b, MSG_failed, &m);
	msg_clear(msg_desc(MSG_failed), &m);
}

static void feed(struct world *w, const void *p, size_t n)
{
	assert_int_equal(send(w->peer, p, n, 0), (ssize_t)n);
}

static void run(struct world *w)
{
	assert_int_equal(loop_run(w->loop, NULL), ACSR_OK);
}

static void messages_arrive(void **state)
{
	struct world *w = *state;
	CLEANUP_BUF struct buf b = { 0 };

	failed_frame(&b, "dns.bogus");
	feed(w, b.p, b.len);
	run(w);
	assert_string_equal(w->id, "dns.bogus");
}

static void messages_in_pieces_and_in_one_piece(void **state)
{
	struct world *w = *state;
	CLEANUP_BUF struct buf b = { 0 };

	failed_frame(&b, "one");
	feed(w, b.p, 5);
	w->stop_after = 3;
	feed(w, b.p + 5, b.len - 5);
	feed(w, b.p, b.len);
	feed(w, b.p, b.len);
	run(w);
	assert_int_equal(w->messages, 3);
}

static void assert_cut_off(struct world *w, const char *why)
{
	run(w);
	assert_int_equal(w->messages, 0);
	assert_string_equal(w->why, why);
}

static void what_the_peer_may_not_send_cuts_it_off(void **state)
{
	struct msg_cert_signed m = { 0 };
	CLEANUP_BUF struct buf b = { 0 };

	frame(&b, MSG_cert_signed, &m);
	feed(*state, b.p, b.len);
	assert_cut_off(*state, "ipc.permission");
}

static void unknown_messages_cut_off(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	failed_frame(&b, "x");
	b.p[6] = 0x7f;
	feed(*state, b.p, b.len);
	assert_cut_off(*state, "ipc.unknown");
}

static void another_version_cuts_off(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	failed_frame(&b, "x");
	b.p[5]++;
	feed(*state, b.p, b.len);
	assert_cut_off(*state, "ipc.version");
}

static void huge_frames_cut_off_at_their_header(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	failed_frame(&b, "x");
	b.p[0] = 0x7f;
	feed(*state, b.p, IPC_HEADER);
	assert_cut_off(*state, "ipc.length");
}

static void tiny_frames_cut_off(void **state)
{
	CLEANUP_BUF struct buf b = { 0 };

	failed_frame(&b, "x");
	b.p[3] = 1;
	b.p[2] = 0;
	feed(*state, b.p, b.len);
	assert_cut_off(*state, "ipc.length");
}

static void a_descriptor_that_did_not_come_cuts_off(void **state)
{
	struct msg_archive m = { 0 };
	CLEANUP_BUF struct buf b = { 0 };

	frame(&b, MSG_archive, &m);
	feed(*state, b.p, b.len);
	assert_cut_off(*state, "ipc.fd");
}

static void the_end_is_told_without_a_reason(void **state)
{
	struct world *w = *state;

	shutdown(w->peer, SHUT_WR);
	assert_cut_off(w, "end");
}

/* Both ends are channels: a descriptor crosses and works. */
static void descriptors_cross(void **state)
{
	struct world *w = *state;
	struct msg_archive m = { 0 };
	struct chan *keymaker;
	int pipes[2];
	char text[3] = { 0 };

	assert_int_equal(pipe(pipes), 0);
	assert_int_equal(str_dup(&m.ticket, "t", NULL), ACSR_OK);
	assert_int_equal(
		chan_new(&keymaker, w->loop, dup(w->peer), ROLE_KEYMAKER, ROLE_COURIER, &ops, w, NULL),
		ACSR_OK);
	assert_int_equal(chan_send(keymaker, MSG_archive, 1, &m, pipes[0], NULL), ACSR_OK);
	run(w);
	assert_int_equal(write(pipes[1], "ok", 2), 2);
	assert_int_equal(read(w->fd, text, 2), 2);
	assert_string_equal(text, "ok");
	close(pipes[1]);
	chan_free(keymaker);
	msg_clear(msg_desc(MSG_archive), &m);
}

static void sending_is_checked_too(void **state)
{
	struct world *w = *state;
	struct msg_failed failed = { 0 };
	struct msg_probe_dns probe = { 0 };
	struct acsr_err e;

	assert_int_equal(chan_send(w->core, MSG_failed, 1, &failed, -1, &e), ACSR_FAIL);
	assert_string_equal(e.id, "ipc.permission");
	assert_int_equal(chan_send(w->core, 0x7777, 1, &failed, -1, &e), ACSR_FAIL);
	assert_string_equal(e.id, "ipc.permission");
	assert_int_equal(chan_send(w->core, MSG_probe_dns, 1, &probe, dup(0), &e), ACSR_FAIL);
	assert_string_equal(e.id, "ipc.fd");
	assert_int_equal(chan_send(w->core, MSG_probe_dns, 1, &probe, -1, &e), ACSR_OK);
}

/* More than the socket holds is queued; a peer that never reads is given up at 64 MB. */
static void a_peer_that_does_not_read_is_given_up(void **state)
{
	struct world *w = *state;
	struct msg_probe_caa probe = { 0 };
	struct acsr_err e;
	size_t n = 0;

	assert_int_equal(str_dup(&probe.name, "www.example.com", NULL), ACSR_OK);
	while (n < 3000000 && chan_send(w->core, MSG_probe_caa, 1, &probe, -1, &e) == ACSR_OK)
		n++;
	assert_true(n > 10000 && n < 3000000);
	assert_string_equal(e.id, "ipc.closed");
	msg_clear(msg_desc(MSG_probe_caa), &probe);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(messages_arrive, begin, end),
		cmocka_unit_test_setup_teardown(messages_in_pieces_and_in_one_piece, begin, end),
		cmocka_unit_test_setup_teardown(what_the_peer_may_not_send_cuts_it_off, begin, end),
		cmocka_unit_test_setup_teardown(unknown_messages_cut_off, begin, end),
		cmocka_unit_test_setup_teardown(another_version_cuts_off, begin, end),
		cmocka_unit_test_setup_teardown(huge_frames_cut_off_at_their_header, begin, end),
		cmocka_unit_test_setup_teardown(tiny_frames_cut_off, begin, end),
		cmocka_unit_test_setup_teardown(a_descriptor_that_did_not_come_cuts_off, begin_courier, end),
		cmocka_unit_test_setup_teardown(the_end_is_told_without_a_reason, begin, end),
		cmocka_unit_test_setup_teardown(descriptors_cross, begin_courier, end),
		cmocka_unit_test_setup_teardown(sending_is_checked_too, begin, end),
		cmocka_unit_test_setup_teardown(a_peer_that_does_not_read_is_given_up, begin, end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
