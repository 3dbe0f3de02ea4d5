/* Group commit and jobs when the database fails: nothing spins, nothing leaves, and it goes on afterwards. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "core/turn.h"
#include "core_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

/* A due job that cannot be claimed would be claimed again and again, and nobody else would get a turn. */
static void a_failing_database_does_not_spin(void **state)
{
	struct world *w = *state;

	OK(core_want_job(&w->c, "mail", "mail_nothere", 1, NULL));
	OK(db_script(w->c.db, "PRAGMA query_only = ON", NULL));
	core_run_jobs(&w->c);
	world_turn(w);
	assert_true(w->c.trouble);
	assert_true(w->c.count.batches < 4);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs"), 1);
	OK(db_script(w->c.db, "PRAGMA query_only = OFF", NULL));
	world_get(w, "/api/v1/ca"); /* any batch that works ends the pause */
	world_turn(w);
	assert_false(w->c.trouble);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'mail'"), 0);
}

static enum acsr_result insert(struct core *c, void *id, struct acsr_err *e)
{
	return db_exec(c->db, NULL, "INSERT INTO meta (name, value) VALUES ($1, '')",
		DB_ARGS(DB_TEXT((const char *)id)), e);
}

/* What SQLite does when the disk is full in the middle of a batch. */
static enum acsr_result lose_transaction(struct core *c, void *arg, struct acsr_err *e)
{
	(void)arg;
	OK(db_script(c->db, "ROLLBACK", NULL));
	return err_set(e, "sys.nospace", "the disk is full");
}

static void a_step_after_a_lost_transaction_does_not_commit_alone(void **state)
{
	struct world *w = *state;
	char before[] = "before", after[] = "after", later[] = "later";

	core_step(&w->c, NULL, insert, before, NULL);
	core_step(&w->c, NULL, lose_transaction, NULL, NULL);
	core_step(&w->c, NULL, insert, after, NULL);
	batch_run(&w->c);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM meta WHERE name IN ('before', 'after')"), 0);
	core_step(&w->c, NULL, insert, later, NULL);
	batch_run(&w->c);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM meta WHERE name = 'later'"), 1);
}

/* A reader keeps the log from being emptied: it is not forgotten that it must be. */
static void forgetting_is_tried_again(void **state)
{
	struct world *w = *state;
	struct db_rows *rows;
	struct db *reader;

	OK(db_open(&reader, "sqlite:t.db", w->dir, NULL));
	OK(db_query(reader, &rows, "SELECT id FROM products", DB_NO_ARGS, NULL));
	w->c.forget = true;
	batch_run(&w->c);
	assert_true(w->c.forget);
	db_rows_free(rows);
	db_close(reader);
	w->c.forget_again_ms = 0;
	batch_run(&w->c);
	assert_false(w->c.forget);
}

static bool heard, whole;

static enum acsr_result hear(
	struct core *c, struct call *call, struct msg *m, const struct acsr_err *why, struct acsr_err *e)
{
	(void)c;
	(void)call;
	(void)e;
	heard = true;
	whole = m != NULL;
	assert_true(whole || err_is(why, "ipc.unexpected"));
	return ACSR_OK;
}

/* A signer that somebody took over must not have one message read as another. */
static void an_answer_is_of_the_kind_that_was_asked_for(void **state)
{
	struct world *w = *state;
	struct msg_crl_signed crl = { 0 };
	struct msg m = { .type = MSG_crl_signed, .id = 7, .body = &crl, .fd = -1, .from = ROLE_SIGNER };
	struct call *call = calloc(1, sizeof(*call));

	assert_non_null(call);
	*call = (struct call){ .id = 7, .to = ROLE_SIGNER, .asked = MSG_sign_cert, .fn = hear };
	w->c.calls = call;
	call_answered(&w->c, &m);
	batch_run(&w->c);
	assert_true(heard);
	assert_false(whole);
}

static enum acsr_result answer_much(struct core *c, void *request, struct acsr_err *e)
{
	char *much = malloc(4100000);

	(void)c;
	(void)e;
	assert_non_null(much);
	memset(much, 'x', 4100000);
	return request_answer(request, 200, json_pack("{s:o}", "much", json_stringn(much, 4100000)));
}

static void an_answer_that_is_too_large_is_an_error_and_not_silence(void **state)
{
	struct world *w = *state;
	struct msg_http_request r = { 0 };
	struct msg m = { .type = MSG_http_request, .id = 1, .body = &r, .fd = -1, .from = ROLE_FRONT };
	struct request *q;

	OK(str_dup(&r.request_id, "req_much", NULL));
	q = request_new(&w->c, &m);
	core_step(&w->c, q, answer_much, q, NULL);
	world_turn(w);
	assert_int_equal(w->status, 500);
	assert_string_equal(world_problem(w), "sys.answer-size");
}

static struct core *turning;
static struct turn before, behind;
static struct throttle same = { .bucket = "login:ann@example.com" };

static enum acsr_result pass(struct core *c, void *arg, struct acsr_err *e)
{
	(void)c;
	(void)arg;
	(void)e;
	return ACSR_OK;
}

static void judged(void *turn)
{
	turn_end(turning, turn);
}

static enum acsr_result answer_now(struct core *c, void *request, struct acsr_err *e)
{
	struct request *q = request;

	(void)c;
	(void)e;
	q->later = false;
	return request_answer(q, 204, NULL);
}

static enum acsr_result wait_behind(struct core *c, void *request, struct acsr_err *e)
{
	(void)e;
	assert_true(turn_wait(c, &behind, &same, request, answer_now, NULL, request));
	return ACSR_OK;
}

/* Judged at the end of the batch in which somebody began to wait: that batch answers nobody with nothing. */
static void who_waits_for_a_turn_is_answered_when_it_comes(void **state)
{
	struct world *w = *state;
	struct msg_http_request r = { 0 };
	struct msg m = { .type = MSG_http_request, .id = 1, .body = &r, .fd = -1, .from = ROLE_FRONT };
	struct request *q;

	turning = &w->c;
	OK(str_dup(&r.request_id, "req_turn", NULL));
	q = request_new(&w->c, &m);
	turn_begin(&w->c, &before, &same);
	core_step(&w->c, NULL, pass, &before, judged);
	core_step(&w->c, q, wait_behind, q, NULL);
	world_turn(w);
	assert_int_equal(w->status, 204);
	assert_false(before.listed || behind.listed);
}

/* Clients hear that something failed; tables and columns are for the log. */
static void faults_of_the_database_are_not_told(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	OK(db_script(w->c.db, "ALTER TABLE organisations RENAME TO gone", NULL));
	assert_int_equal(world_as(w, &p, "GET", "/organisations", NULL), 500);
	assert_null(strstr(w->text, "organisations"));
	assert_null(strstr(w->text, "database: "));
}

static enum acsr_result write_long(struct core *c, void *arg, struct acsr_err *e)
{
	char text[1202] = "x";

	(void)arg;
	for (size_t i = 1; i + 2 < sizeof(text); i += 2)
		memcpy(text + i, "\xc3\xa9", 3);
	return core_audit(c, "system", "", "test", "thing", e, "%s", text);
}

/* Cut in the middle of a character, an entry could never be shown as JSON again. */
static void long_details_are_cut_between_characters(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	world_exec(w, "UPDATE users SET role = 'admin'");
	core_step(&w->c, NULL, write_long, NULL, NULL);
	batch_run(&w->c);
	assert_int_equal(
		world_ask(w, &(struct ask){ "GET", "/api/v1/audit", .query = "all=1", .cookie = p.cookie }),
		200);
	assert_non_null(strstr(w->text, "\"thing\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_failing_database_does_not_spin, world_begin, world_end),
		cmocka_unit_test_setup_teardown(
			a_step_after_a_lost_transaction_does_not_commit_alone, world_begin, world_end),
		cmocka_unit_test_setup_teardown(forgetting_is_tried_again, world_begin, world_end),
		cmocka_unit_test_setup_teardown(
			an_answer_is_of_the_kind_that_was_asked_for, world_begin, world_end),
		cmocka_unit_test_setup_teardown(
			an_answer_that_is_too_large_is_an_error_and_not_silence, world_begin, world_end),
		cmocka_unit_test_setup_teardown(
			who_waits_for_a_turn_is_answered_when_it_comes, world_begin, world_end),
		cmocka_unit_test_setup_teardown(faults_of_the_database_are_not_told, world_begin, world_end),
		cmocka_unit_test_setup_teardown(
			long_details_are_cut_between_characters, world_begin, world_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
