/* What core believes of a keymaker that somebody has broken into: a CSR for other names, with another type of key or
 * one that was there before, a code where none may be. And how the choice of a hand-over is read and kept. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "autocsr/csr.h"
#include "autocsr/key.h"
#include "core/handover_choice.h"
#include "core_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)
#define AGE "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p"
#define SEALED "\"hand_over\":{\"grade\":\"sealed\",\"recipient\":\"" AGE "\"}"
#define PLACE "{\"product\":\"dv\",\"names\":[\"www.example.com\"],\"key_type\":\"ec:p256\""

/* --- the keymaker --- */

static struct keymaker {
	const char *key_type, *name; /* of the CSR that it gives */
	struct acsr_key *again;      /* a key that it gives out instead of a new one */
	bool code, no_code;          /* whatever the form wants */
	char form[16], recipient[100];
	int asked;
} keymaker;

static void make_csr(struct acsr_blob *der)
{
	struct acsr_sans sans = { 0 };
	struct acsr_dn subject = { 0 };
	const struct acsr_csr_request req = { .subject = &subject, .sans = &sans };
	struct acsr_key *key = keymaker.again;

	OK(acsr_dn_add(&subject, "CN", keymaker.name, NULL));
	OK(acsr_sans_add(&sans, ACSR_SAN_DNS, keymaker.name, NULL));
	if (key == NULL)
		OK(acsr_key_generate(&key, keymaker.key_type, NULL));
	OK(acsr_csr_build(&req, key, der, NULL));
	if (keymaker.again == NULL)
		acsr_key_free(key);
	acsr_dn_free(&subject);
	acsr_sans_free(&sans);
}

/* The pipe's other end, with the whole answer in it. */
static int result_pipe(bool with_code)
{
	static uint8_t hash[32] = { 1 };
	struct msg_key_result m = {
		.archive_sha256 = { hash, 32 }, .archive_size = 1, .sandbox = (char[]){ "" }
	};
	struct acsr_blob csr = { 0 };
	struct buf frame = { 0 };
	int fd[2];

	make_csr(&csr);
	m.csr = (struct blob){ csr.p, csr.len };
	if (with_code)
		OK(acsr_secret_new(&m.code, "0123456789ABCDEFGHJKMNPQRS", 26, NULL));
	buf_init(&frame, 65536);
	OK(msg_encode(msg_desc(MSG_key_result), 0, &m, &frame, NULL));
	assert_int_equal(pipe2(fd, O_CLOEXEC), 0);
	assert_int_equal(write(fd[1], frame.p, frame.len), (ssize_t)frame.len);
	close(fd[1]);
	buf_free(&frame);
	acsr_blob_free(&csr);
	acsr_secret_free(m.code);
	return fd[0];
}

static void keymaker_hears(void *arg, struct chan *ch, struct msg *m)
{
	const struct msg_key_make *order = m->body;
	struct msg_key_started started = { 0 };
	bool sealed = order->recipient[0] != '\0';

	(void)arg;
	assert_int_equal(m->type, MSG_key_make);
	keymaker.asked++;
	snprintf(keymaker.form, sizeof(keymaker.form), "%s", order->form);
	snprintf(keymaker.recipient, sizeof(keymaker.recipient), "%s", order->recipient);
	OK(chan_send(ch, MSG_key_started, m->id, &started,
		result_pipe(keymaker.code || (!sealed && !keymaker.no_code)), NULL));
}

static int begin(void **state)
{
	if (world_begin(state) != 0)
		return -1;
	keymaker = (struct keymaker){ .key_type = "ec:p256", .name = "www.example.com" };
	(void)world_join(*state, ROLE_KEYMAKER, keymaker_hears);
	return 0;
}

static int end(void **state)
{
	acsr_key_free(keymaker.again);
	return world_end(state);
}

static const char *text_at(const struct world *w, const char *object, const char *key)
{
	const json_t *o = object != NULL ? json_object_get(w->answer, object) : w->answer;
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

/* Ordered, and the keymaker's answer refused: no key, no code, and the order says why it waits. */
static void refused(struct world *w, const struct person *p, const char *body, const char *why)
{
	assert_int_equal(world_as(w, p, "POST", "/orders", body), 201);
	assert_string_equal(text_at(w, NULL, "state"), "handover");
	assert_string_equal(text_at(w, "archive", "state"), "lost");
	assert_non_null(strstr(text_at(w, "waiting", "reason"), why));
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM codes"), 0);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM requests WHERE has_code = 1"), 0);
}

static void a_key_is_taken_as_it_was_ordered(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	assert_int_equal(world_as(w, &p, "POST", "/orders", PLACE "}"), 201);
	assert_string_equal(text_at(w, "archive", "state"), "waiting");
	assert_string_equal(text_at(w, "code", "state"), "available");
	assert_string_equal(keymaker.form, "zip");
	assert_string_equal(keymaker.recipient, "");
	assert_int_equal(world_as(w, &p, "POST", "/orders", PLACE "," SEALED "}"), 201);
	assert_string_equal(text_at(w, "archive", "state"), "waiting");
	assert_true(json_is_null(json_object_get(w->answer, "code")));
	assert_string_equal(keymaker.form, "age");
	assert_string_equal(keymaker.recipient, AGE);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM codes"), 1);
}

/* The job that destroys it may be late: then the order does not say that the code could be had. */
static void a_code_whose_window_is_over_is_not_called_available(void **state)
{
	struct world *w = *state;
	char path[80], code[90];
	struct person p;

	world_register(w, "ann@example.com", &p);
	assert_int_equal(world_as(w, &p, "POST", "/orders", PLACE "}"), 201);
	snprintf(path, sizeof(path), "/orders/%s", text_at(w, NULL, "id"));
	snprintf(code, sizeof(code), "%s/code", path);
	world_exec(w, "UPDATE requests SET code_expires_at = 1000");
	assert_int_equal(world_as(w, &p, "GET", path, NULL), 200);
	assert_string_equal(text_at(w, "code", "state"), "expired");
	assert_int_equal(world_as(w, &p, "POST", code, "{}"), 410);
	world_exec(w, "UPDATE requests SET has_code = 0");
	assert_int_equal(world_as(w, &p, "GET", path, NULL), 200);
	assert_string_equal(text_at(w, "code", "state"), "destroyed");
}

static void a_code_for_a_sealed_key_is_not_taken(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	keymaker.code = true;
	refused(w, &p, PLACE "," SEALED "}", "a code for a sealed key");
}

static void a_locked_key_without_a_code_is_not_taken(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	keymaker.no_code = true;
	refused(w, &p, PLACE "}", "no code");
}

static void another_type_of_key_is_not_taken(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	keymaker.key_type = "ec:p384";
	refused(w, &p, PLACE "}", "another type");
}

static void a_key_that_was_there_before_is_not_taken(void **state)
{
	struct world *w = *state;
	struct person p;

	world_register(w, "ann@example.com", &p);
	OK(acsr_key_generate(&keymaker.again, "ec:p256", NULL));
	assert_int_equal(world_as(w, &p, "POST", "/orders", PLACE "}"), 201);
	assert_string_equal(text_at(w, "archive", "state"), "waiting");
	world_exec(w, "DELETE FROM codes");
	world_exec(w, "UPDATE requests SET has_code = 0");
	refused(w, &p, PLACE "}", "there before");
}

/* Who asks for the same again by the same words gets it in the same form; a recipient whose certificate has expired
 * meanwhile is not asked for silently. */
static void a_stored_choice_is_judged_again_for_a_new_key(void **state)
{
	CLEANUP_CHOICE struct handover_choice how = { 0 };
	struct csr_request r = { .id = "req_1",
		.grade = "sealed",
		.format = "age",
		.order_id = "ord_1",
		.key_source = "autocsr",
		.key_type = "ec:p256",
		.archive_state = "lost" };
	struct world *w = *state;
	struct person p;
	struct acsr_err e;

	world_register(w, "ann@example.com", &p);
	assert_int_equal(world_as(w, &p, "POST", "/orders", PLACE "," SEALED "}"), 201);
	snprintf(r.order_id, sizeof(r.order_id), "%s", text_at(w, NULL, "id"));
	world_open(w, 1000);
	OK(csr_request_insert(w->c.db, &r, (struct bytes){ 0 }, "age1nobody", NULL));
	OK(handover_choice_of(&w->c, &r, &how, NULL));
	assert_string_equal(how.recipient, "age1nobody");
	handover_choice_clear(&how);
	assert_int_equal(handover_choice_again(&w->c, &r, &how, &e), ACSR_FAIL);
	assert_true(err_is(&e, "recipient."));
	assert_string_equal(e.field, "hand_over.recipient");
	assert_null(how.recipient);
	world_close(w);
}

#define T(name) cmocka_unit_test_setup_teardown(name, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		T(a_key_is_taken_as_it_was_ordered),
		T(a_code_whose_window_is_over_is_not_called_available),
		T(a_code_for_a_sealed_key_is_not_taken),
		T(a_locked_key_without_a_code_is_not_taken),
		T(another_type_of_key_is_not_taken),
		T(a_key_that_was_there_before_is_not_taken),
		T(a_stored_choice_is_judged_again_for_a_new_key),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
