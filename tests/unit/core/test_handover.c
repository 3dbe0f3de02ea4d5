/* What becomes of keys, archives and codes when nobody does what was expected; who may have a key made at
 * all. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "base/clock.h"
#include "core/handover.h"
#include "core_world.h"
#include "store/codes.h"
#include "store/jobs.h"
#include "store/receipts.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

/* An order of this person in this state, with one request of the service in that archive state, made long
 * ago. */
static void put_order(struct world *w, const struct person *p, const char *state, const char *archive_state)
{
	OK(db_exec(w->c.db, NULL,
		"INSERT INTO orders (id, account_id, user_id, product_id, state, names, subject, delivery, "
		"email, "
		"method, request_id, round, waiting_reason, created_at, updated_at) VALUES ('ord_1', $1, $2, "
		"'dv', "
		"$3, 'www.example.com', '{}', 'download', $4, 'http', 'req_1', 1, '', 1000, 1000)",
		DB_ARGS(DB_TEXT(p->account), DB_TEXT(p->id), DB_TEXT(state), DB_TEXT(p->email)), NULL));
	OK(db_exec(w->c.db, NULL,
		"INSERT INTO requests (id, order_id, key_source, key_type, spki_sha256, archive_state, "
		"archive_sha256, archive_size, filename, key_filename, ticket, ticket_expires_at, has_code, "
		"reveals, "
		"sandbox, made_at) VALUES ('req_1', 'ord_1', 'autocsr', 'ec:p256', 'aa', $1, 'bb', 1, 'f', "
		"'k', "
		"'tick', $2, 1, 0, '', 1000)",
		DB_ARGS(DB_TEXT(archive_state), DB_INT(clock_now() + 600)), NULL));
	OK(codes_put(w->c.code_store, "req_1", (struct bytes){ (const uint8_t *)"wrapped", 7 }, NULL));
}

static void put_certificate(struct world *w, const char *request)
{
	OK(db_exec(w->c.db, NULL,
		"INSERT INTO certificates (serial, issuer, order_id, request_id, profile, state, not_before, "
		"not_after, der, sha256, spki_sha256, reason, created_at) VALUES ('ab', 'issuing-1', "
		"'ord_1', $1, "
		"'dv', 'valid', 1000, $2, $3, '', '', '', 1000)",
		DB_ARGS(DB_TEXT(request), DB_INT(clock_now() + 86400), DB_BLOB((const uint8_t *)"x", 1)),
		NULL));
}

static int64_t requests_in(struct world *w, const char *archive_state)
{
	CLEANUP_ROWS struct db_rows *rows = NULL;
	bool have;

	OK(db_query(w->c.db, &rows, "SELECT COUNT(*) FROM requests WHERE archive_state = $1",
		DB_ARGS(DB_TEXT(archive_state)), NULL));
	OK(db_next(rows, &have, NULL));
	return db_int(rows, 0);
}

static void expire(struct world *w)
{
	world_open(w, clock_now());
	OK(jobs_want(w->c.db, "archive-expire", "req_1", 1, NULL));
	world_close(w);
	core_run_jobs(&w->c);
	world_turn(w);
}

/* The answer of the keymaker was lost on its way: the order does not wait for it for ever. */
static void a_key_that_never_came_is_given_up(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "handover", "making");
	expire(w);
	assert_int_equal(requests_in(w, "lost"), 1);
}

static void an_archive_that_waits_is_left_until_its_time(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "handover", "waiting");
	expire(w);
	assert_int_equal(requests_in(w, "waiting"), 1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'archive-expire'"), 1);
	world_exec(w, "UPDATE requests SET ticket_expires_at = 2000");
	expire(w);
	assert_int_equal(requests_in(w, "lost"), 1);
}

/* Fetched and never acknowledged: the code is destroyed after its window like any other (invariant 4). */
static void the_code_of_an_archive_that_nobody_acknowledged_is_destroyed(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "handover", "fetched");
	expire(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM codes"), 1);
	world_exec(w, "UPDATE requests SET ticket_expires_at = 2000");
	expire(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM codes"), 0);
	assert_int_equal(requests_in(w, "lost"), 1);
}

/* front holds what waits to be fetched; what is being mailed is with courier. */
static void when_front_dies_mails_go_on(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "handover", "mailing");
	handover_front_gone(&w->c);
	batch_run(&w->c);
	assert_int_equal(requests_in(w, "mailing"), 1);
	world_exec(w, "UPDATE requests SET archive_state = 'waiting'");
	handover_front_gone(&w->c);
	batch_run(&w->c);
	assert_int_equal(requests_in(w, "lost"), 1);
}

/* Invariant 8, also for those who already have an order. */
static void a_public_ca_makes_no_key_for_a_reissue_either(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "issued", "acknowledged");
	put_certificate(w, "req_1");
	world_conf(w, "ca.kind", "public");
	assert_int_equal(world_as(w, &p, "POST", "/orders/ord_1/reissue", "{}"), 422);
	assert_string_equal(world_problem(w), "policy.autocsr");
	world_exec(w, "UPDATE orders SET state = 'handover'");
	world_exec(w, "UPDATE requests SET archive_state = 'lost'");
	assert_int_equal(world_as(w, &p, "POST", "/orders/ord_1/archive", "{}"), 422);
	assert_string_equal(world_problem(w), "policy.autocsr");
	world_conf(w, "ca.kind", "private");
	world_exec(w, "UPDATE products SET autocsr = 0");
	assert_int_equal(world_as(w, &p, "POST", "/orders/ord_1/archive", "{}"), 422);
	assert_string_equal(world_problem(w), "policy.autocsr");
}

static void new_keys_count_as_orders_do(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "handover", "lost");
	world_exec(w, "INSERT INTO attempts (bucket, count, since, blocked_until) "
		      "SELECT 'orders:' || id, 1, 9000000000, 0 FROM accounts");
	world_conf(w, "orders.new_per_hour", "1");
	assert_int_equal(world_as(w, &p, "POST", "/orders/ord_1/archive", "{}"), 429);
	assert_string_equal(world_problem(w), "limit.orders");
}

/* The order shows the certificate's key again, and its code is still to be had. */
static void a_cancelled_reissue_leaves_the_old_key(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "issued", "acknowledged");
	put_certificate(w, "req_1");
	world_exec(w, "INSERT INTO requests (id, order_id, key_source, key_type, spki_sha256, archive_state, "
		      "archive_sha256, "
		      "archive_size, filename, key_filename, ticket, reveals, sandbox, made_at) VALUES "
		      "('req_2', 'ord_1', "
		      "'autocsr', 'ec:p256', 'cc', 'lost', '', 0, '', '', '', 0, '', 1000)");
	world_exec(w, "UPDATE orders SET state = 'handover', request_id = 'req_2'");
	assert_int_equal(world_as(w, &p, "POST", "/orders/ord_1/cancel", "{}"), 200);
	assert_string_equal(json_string_value(json_object_get(w->answer, "state")), "issued");
	assert_string_equal(json_string_value(json_object_get(w->answer, "spki_sha256")), "aa");
}

static void a_token_that_may_only_read_uses_up_no_archive(void **state)
{
	struct world *w = *state;
	struct person p;
	char token[100];

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "handover", "waiting");
	assert_int_equal(world_as(w, &p, "POST", "/tokens", "{\"name\":\"r\",\"read_only\":true}"), 201);
	snprintf(token, sizeof(token), "%s", json_string_value(json_object_get(w->answer, "token")));
	assert_int_equal(world_ask(w, &(struct ask){ "GET", "/api/v1/archives/tick", .bearer = token }), 403);
	assert_int_equal(requests_in(w, "waiting"), 1);
	assert_int_equal(world_ask(w, &(struct ask){ "GET", "/api/v1/orders", .bearer = token }), 200);
	assert_int_equal(world_as(w, &p, "GET", "/archives/tick", NULL), 200);
	assert_int_equal(requests_in(w, "fetched"), 1);
}

/* Who has left gets no key by mail. */
static void an_archive_is_mailed_to_nobody_who_has_left(void **state)
{
	struct world *w = *state;
	struct person p, q;

	world_register(w, "ann@example.com", &p);
	world_invite(w, &p, "bob@example.com", "member", &q);
	put_order(w, &q, "issued", "acknowledged");
	put_certificate(w, "req_1");
	world_exec(w, "UPDATE users SET disabled = 1 WHERE email = 'bob@example.com'");
	assert_int_equal(world_as(w, &p, "POST", "/orders/ord_1/reissue", "{\"delivery\":\"email\"}"), 200);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM orders WHERE email = 'ann@example.com'"), 1);
	world_exec(w, "UPDATE orders SET email = 'bob@example.com'");
	world_exec(w, "UPDATE jobs SET due_at = 1, lease_until = 0 WHERE kind = 'archive-mail'");
	core_run_jobs(&w->c);
	world_turn(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'archive-mail'"), 0);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM orders WHERE state = 'issued'"), 1);
}

/* BR 4.2.1: at issuance each validation is still good; a slow vetting must not outlast it. */
static void names_are_validated_anew_when_vetting_took_too_long(void **state)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "vetting", "acknowledged");
	world_exec(w, "UPDATE orders SET product_id = 'ov'");
	world_exec(w, "INSERT INTO validations (id, order_id, name, wildcard, method, token, value, state, "
		      "error, evidence, "
		      "proved_at, attempts, created_at, valid_until) VALUES ('val_1', 'ord_1', "
		      "'www.example.com', 0, 'http', "
		      "'t', 'v', 'valid', '', '{}', 1000, 0, 1000, 2000)");
	OK(db_exec(w->c.db, NULL,
		"INSERT INTO approvals (order_id, round, user_id, decision, evidence, note, at) VALUES "
		"('ord_1', 1, "
		"'usr_x', 'approve', 'register', '', $1)",
		DB_ARGS(DB_INT(clock_now())), NULL));
	world_open(w, clock_now());
	OK(order_load(w->c.db, "ord_1", NULL, &o, NULL));
	OK(order_advance(&w->c, &o, "system", NULL));
	world_close(w);
	assert_string_equal(o.state, "validating");
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM validations WHERE state = 'pending'"), 1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'validate'"), 1);
}

/* The worker's end may be seen before its result is read; a receipt must not say that it ended before it made the key. */
static void a_key_was_made_before_its_worker_ended(void **state)
{
	struct receipt_facts f = { 0 };
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "handover", "making");
	OK(receipt_facts_made(w->c.db, "req_1", 1005, 1, NULL));
	OK(receipt_facts_load(w->c.db, "req_1", &f, NULL));
	assert_int_equal(f.made_at, 1005);
	receipt_facts_clear(&f);
	OK(csr_request_gone(w->c.db, "tick", 1003, NULL));
	OK(receipt_facts_made(w->c.db, "req_1", 1005, 1, NULL));
	OK(receipt_facts_load(w->c.db, "req_1", &f, NULL));
	assert_int_equal(f.made_at, 1003);
	assert_int_equal(f.gone_at, 1003);
	receipt_facts_clear(&f);
}

/* BR 6.1.1.3: a statement that was withdrawn since the key was made lets nothing be issued for it. */
static void no_key_of_ours_is_certified_without_the_statement(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	put_order(w, &p, "issuing", "acknowledged");
	world_conf(w, "ca.kind", "public");
	world_exec(w,
		"INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) VALUES ('issue', "
		"'ord_1', 1, 0, 0, '')");
	core_run_jobs(&w->c);
	world_turn(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM orders WHERE state = 'issuing' AND "
					 "waiting_reason LIKE '%withdrawn%'"),
		1);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM certificates"), 0);
	/* with a key of the customer's own there is nothing to state */
	world_exec(w, "UPDATE requests SET key_source = 'own-csr'");
	world_exec(w, "UPDATE jobs SET due_at = 1, lease_until = 0 WHERE kind = 'issue'");
	core_run_jobs(&w->c);
	world_turn(w);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM orders WHERE waiting_reason LIKE '%withdrawn%'"), 0);
}

/* While the keymaker was asked, another request took the order over; then the keymaker dies. */
static void overtake(void *world, struct chan *ch, struct msg *m)
{
	struct world *w = world;

	(void)ch;
	assert_int_equal(m->type, MSG_key_make);
	world_exec(w, "UPDATE orders SET request_id = 'req_1'");
	call_peer_gone(&w->c, ROLE_KEYMAKER);
}

static void who_waits_for_an_overtaken_key_is_answered(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	world_join(w, ROLE_KEYMAKER, overtake);
	put_order(w, &p, "handover", "lost");
	assert_int_equal(world_as(w, &p, "POST", "/orders/ord_1/archive", "{}"), 200);
	assert_string_equal(json_string_value(json_object_get(w->answer, "id")), "ord_1");
}

static void refuse_receipt(void *world, struct chan *ch, struct msg *m)
{
	struct msg_failed no = { .id = (char *)(uintptr_t) "receipt.field",
		.text = (char *)(uintptr_t) "the names do not fit" };

	(void)world;
	assert_int_equal(m->type, MSG_sign_receipt);
	OK(chan_send(ch, MSG_failed, m->id, &no, -1, NULL));
}

static void a_receipt_that_is_refused_is_not_asked_for_again(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	world_join(w, ROLE_SIGNER, refuse_receipt);
	put_order(w, &p, "issued", "acknowledged");
	world_exec(w, "UPDATE requests SET key_made_at = 1000, gone_at = 1001, handed_over_at = 1002");
	world_exec(w, "UPDATE requests SET handed_over_seq = 1, key_made_seq = 1");
	world_exec(w,
		"INSERT INTO jobs (kind, object, due_at, lease_until, attempts, error) VALUES ('receipt', "
		"'req_1', 1, 0, 0, '')");
	core_run_jobs(&w->c);
	for (int i = 0; i < 20 && world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'receipt'") > 0;
		i++)
		world_turn(w);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM jobs WHERE kind = 'receipt'"), 0);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM audit WHERE action = 'receipt.refused'"), 1);
}

#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_key_that_never_came_is_given_up),
		T(an_archive_that_waits_is_left_until_its_time),
		T(the_code_of_an_archive_that_nobody_acknowledged_is_destroyed),
		T(when_front_dies_mails_go_on),
		T(a_public_ca_makes_no_key_for_a_reissue_either),
		T(new_keys_count_as_orders_do),
		T(a_cancelled_reissue_leaves_the_old_key),
		T(a_token_that_may_only_read_uses_up_no_archive),
		T(an_archive_is_mailed_to_nobody_who_has_left),
		T(names_are_validated_anew_when_vetting_took_too_long),
		T(a_key_was_made_before_its_worker_ended),
		T(no_key_of_ours_is_certified_without_the_statement),
		T(who_waits_for_an_overtaken_key_is_answered),
		T(a_receipt_that_is_refused_is_not_asked_for_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
