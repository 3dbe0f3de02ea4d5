/* What is told to anybody is on the disk before; when the disk fails, nothing is told any more. */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "core/acme/acme_int.h"
#include "core_world.h"
#include "pki/jws.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

static int synced;
static bool disk_fails;
static uint64_t refused_before_sync; /* answers that had left when the disk was asked */
static const struct world *watched;

/* In the place of libc's: SQLite's only way to the disk. */
int fdatasync(int fd)
{
	synced++;
	refused_before_sync = watched != NULL ? watched->c.count.answers_4xx : 0;
	if (disk_fails) {
		errno = EIO;
		return -1;
	}
	return (int)syscall(SYS_fdatasync, fd);
}

static int begin(void **state)
{
	int r = world_begin(state);
	struct world *w = *state;

	world_turn(w);
	batch_tick(&w->c);
	synced = 0;
	watched = w;
	return r;
}

static enum acsr_result store(struct core *c, void *name, struct acsr_err *e)
{
	return db_exec(c->db, NULL, "INSERT INTO meta (name, value) VALUES ($1, '')",
		DB_ARGS(DB_TEXT((const char *)name)), e);
}

static enum acsr_result ask_prober(struct core *c, void *arg, struct acsr_err *e)
{
	struct msg_probe_http m = { 0 };

	(void)arg;
	return core_tell(c, ROLE_PROBER, MSG_probe_http, 1, &m, e);
}

static enum acsr_result ask_signer(struct core *c, void *arg, struct acsr_err *e)
{
	struct msg_sign_crl m = { 0 };

	(void)arg;
	return core_tell(c, ROLE_SIGNER, MSG_sign_crl, 1, &m, e);
}

static void run(struct world *w, step_fn *fn, const char *name)
{
	core_step(&w->c, NULL, fn, (void *)(uintptr_t)name, NULL);
	batch_run(&w->c);
}

static void what_nobody_is_told_of_waits(void **state)
{
	struct world *w = *state;

	run(w, store, "one");
	run(w, ask_prober, NULL);
	assert_int_equal(synced, 0);
	assert_true(w->c.unsynced);
	run(w, ask_signer, NULL);
	assert_int_equal(synced, 1);
	assert_false(w->c.unsynced);
	run(w, store, "two");
	batch_tick(&w->c);
	assert_int_equal(synced, 2);
	assert_false(w->c.unsynced);
}

/* It may have read what was not yet on the disk. */
static void an_answer_waits_for_what_came_before_it(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_get(w, "/api/v1/ca"), 200);
	assert_int_equal(synced, 0);
	run(w, store, "one");
	assert_int_equal(world_get(w, "/api/v1/ca"), 200);
	assert_int_equal(synced, 1);
}

/* In one batch: the reader sees what was before, and is answered before the disk is asked. */
static void a_reader_does_not_wait_for_writers(void **state)
{
	struct world *w = *state;

	core_step(&w->c, NULL, store, (char[]){ "one" }, NULL);
	core_step(&w->c, NULL, ask_signer, NULL, NULL);
	assert_int_equal(world_get(w, "/api/v1/nothing"), 404);
	assert_int_equal(synced, 1);
	assert_int_equal(refused_before_sync, 1);
	run(w, store, "two");
	assert_int_equal(world_get(w, "/api/v1/nothing"), 404);
	assert_int_equal(synced, 2);
	assert_int_equal(refused_before_sync, 1); /* it may have read "two" */
}

/* A signed request that is refused, whatever it asks for; its nonce is good. */
static void post_as_get(struct world *w, char body[1000])
{
	char nonce[ACME_NONCE_TEXT], head[300], b64[B64_LEN(300)];

	OK(nonce_make(&w->c, nonce, NULL));
	snprintf(head, sizeof(head), "{\"alg\":\"ES256\",\"kid\":\"k\",\"nonce\":\"%s\",\"url\":\"u\"}",
		nonce);
	b64_encode((const uint8_t *)head, strlen(head), true, b64);
	snprintf(body, 1000, "{\"protected\":\"%s\",\"payload\":\"\",\"signature\":\"AAAA\"}", b64);
}

/* Nor does one whose nonce is used up by it: no answer tells of that. */
static void a_signed_reader_does_not_wait_for_writers(void **state)
{
	struct world *w = *state;
	const struct acme_directory dir = { .account_id = "acc", .active = true };
	const struct ask read = { "POST", "/acme/order/none", .body = (char[1000]){ 0 } };

	world_open(w, clock_now());
	world_exec(w, "INSERT INTO accounts (id, name, email, created_at) VALUES ('acc', 'x', '', 1)");
	OK(acme_settle(&w->c, NULL));
	OK(acme_directory_put(w->c.db, &dir, NULL));
	world_close(w);
	batch_tick(&w->c);
	synced = 0;
	post_as_get(w, (char *)(uintptr_t)read.body);
	core_step(&w->c, NULL, store, (char[]){ "one" }, NULL);
	core_step(&w->c, NULL, ask_signer, NULL, NULL);
	assert_in_range(world_ask(w, &read), 400, 499);
	assert_int_equal(synced, 1);
	assert_int_equal(refused_before_sync, 1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_nonces"), 1);
	run(w, store, "two");
	post_as_get(w, (char *)(uintptr_t)read.body);
	assert_in_range(world_ask(w, &read), 400, 499);
	assert_int_equal(synced, 2);
	assert_int_equal(refused_before_sync, 1); /* it may have read "two" */
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_nonces"), 2);
}

static enum acsr_result use_up(struct core *c, void *name, struct acsr_err *e)
{
	int64_t before = db_changes(c->db);

	TRY(store(c, name, e));
	c->passing += db_changes(c->db) - before;
	return ask_signer(c, NULL, e);
}

static void what_no_answer_tells_of_keeps_nobody_waiting(void **state)
{
	struct world *w = *state;

	run(w, use_up, "nonce");
	assert_int_equal(synced, 0);
	assert_false(w->c.unsynced);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM meta WHERE name = 'nonce'"), 1);
}

/* --- ACME: a request that only reads uses up a nonce, and waits for no disk --- */

static struct acsr_key *key;
static char account[200];

static int begin_acme(void **state)
{
	struct world *w;

	if (begin(state) != 0)
		return -1;
	w = *state;
	world_open(w, clock_now());
	OK(acme_settle(&w->c, NULL));
	world_close(w);
	world_exec(w, "INSERT INTO accounts (id, name, email, created_at) VALUES ('acc', 'x', '', 1)");
	world_exec(w,
		"INSERT INTO acme_directories (name, title, products, eab, account_id, challenges, terms, "
		"website, active, created_at, open_to_all) VALUES ('', 'ACME', 'dv', 'off', 'acc', "
		"'http-01', '', '', 1, 1, 1)");
	account[0] = '\0';
	OK(acsr_key_generate(&key, "ec:p256", NULL));
	return 0;
}

static int end_acme(void **state)
{
	acsr_key_free(key);
	return world_end(state);
}

/* POST to `path`, signed, with this nonce; the disk was synced before, and is counted from zero. */
static unsigned post(struct world *w, const char *path, const char *payload, const char *nonce)
{
	CLEANUP_STR char *url = NULL;
	CLEANUP_BUF struct buf body = { 0 };
	struct jws_head head = { .nonce = nonce, .kid = account };
	struct ask a = { .method = "POST", .path = path, .content_type = "application/jose+json" };

	OK(str_printf(&url, NULL, "%s%s", conf_str(&w->p.conf, "server.public_url"), path));
	head.url = url;
	buf_init(&body, 10000);
	OK(jws_sign(key, &head, (struct bytes){ (const uint8_t *)payload, strlen(payload) }, &body, NULL));
	a.body = buf_cstr(&body);
	batch_tick(&w->c);
	synced = 0;
	return world_ask(w, &a);
}

static void fresh_nonce(struct world *w, char out[ACME_NONCE_TEXT])
{
	world_open(w, clock_now());
	OK(nonce_make(&w->c, out, NULL));
	world_close(w);
}

static void take_account(struct world *w)
{
	const char *at = strstr(w->headers, "Location: ");

	assert_non_null(at);
	snprintf(account, sizeof(account), "%.*s", (int)strcspn(at + 10, "\r\n"), at + 10);
}

static void an_acme_request_waits_only_for_what_it_did(void **state)
{
	static const char made[] = "{\"termsOfServiceAgreed\":true}";
	struct world *w = *state;
	char nonce[ACME_NONCE_TEXT], path[200];
	int64_t used;

	fresh_nonce(w, nonce);
	if (post(w, "/acme/new-account", made, nonce) != 201)
		fail_msg("%s", w->text);
	assert_int_equal(synced, 1); /* somebody was told of an account */
	take_account(w);
	snprintf(path, sizeof(path), "%s", strstr(account, "/acme/"));

	fresh_nonce(w, nonce);
	used = world_number(w, "SELECT COUNT(*) FROM acme_nonces");
	assert_int_equal(post(w, path, "", nonce), 200);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_nonces"), used + 1);
	assert_int_equal(synced, 0);
	assert_false(w->c.unsynced);

	/* refused: neither what was used up nor what was undone is waited for */
	assert_int_equal(post(w, path, "", nonce), 400);
	assert_int_equal(synced, 0);
	fresh_nonce(w, nonce);
	assert_int_equal(post(w, "/acme/new-order", "{\"identifiers\":[]}", nonce), 400);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM acme_nonces"), used + 2);
	assert_int_equal(synced, 0);
	assert_false(w->c.unsynced);

	fresh_nonce(w, nonce);
	assert_int_equal(post(w, path, "{\"status\":\"deactivated\"}", nonce), 200);
	assert_int_equal(synced, 1); /* with what was done, its nonce too */
}

/* The kernel tells of it once; whoever went on could promise what is not there. */
static void a_disk_that_fails_ends_the_process(void **state)
{
	struct world *w = *state;
	int status;
	pid_t pid;

	pid = fork();
	if (pid == 0) {
		signal(SIGABRT, SIG_DFL);
		disk_fails = true;
		core_step(&w->c, NULL, store, (char[]){ "one" }, NULL);
		core_step(&w->c, NULL, ask_signer, NULL, NULL);
		batch_run(&w->c);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_nobody_is_told_of_waits, begin, world_end),
		cmocka_unit_test_setup_teardown(an_answer_waits_for_what_came_before_it, begin, world_end),
		cmocka_unit_test_setup_teardown(a_reader_does_not_wait_for_writers, begin, world_end),
		cmocka_unit_test_setup_teardown(a_signed_reader_does_not_wait_for_writers, begin, world_end),
		cmocka_unit_test_setup_teardown(
			what_no_answer_tells_of_keeps_nobody_waiting, begin, world_end),
		cmocka_unit_test_setup_teardown(
			an_acme_request_waits_only_for_what_it_did, begin_acme, end_acme),
		cmocka_unit_test_setup_teardown(a_disk_that_fails_ends_the_process, begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
