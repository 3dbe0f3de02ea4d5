/* Registration, login, sessions and passwords, through requests as front sends them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/password.h"
#include "core_world.h"

#define LOGIN(w, email, password)                                \
	world_ask((w), &(struct ask){ "POST", "/api/v1/session", \
			       .body = "{\"email\":\"" email "\",\"password\":\"" password "\"}" })

/* --- passwords --- */

static void passwords_that_are_refused(void **state)
{
	static const char *const table[][2] = { { "short", "request.field.password.short" },
		{ "äöüäöüäöü", "request.field.password.short" }, { "", "request.field.password.short" },
		{ "ann@example.com", "request.field.password.email" },
		{ "ANN@example.com", "request.field.password.email" },
		{ "1234567890", "request.field.password.common" },
		{ "PassWord123", "request.field.password.common" },
		{ "xxxxxxxxxxxx", "request.field.password.common" } };
	char long_one[258];
	struct acsr_err e;

	(void)state;
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(
			password_acceptable(table[i][0], "ann@example.com", "password", &e), ACSR_FAIL);
		assert_string_equal(e.id, table[i][1]);
		assert_string_equal(e.field, "password");
	}
	memset(long_one, 'x', 257);
	long_one[0] = 'y';
	long_one[257] = '\0';
	assert_int_equal(password_acceptable(long_one, "", "new", &e), ACSR_FAIL);
	assert_string_equal(e.id, "request.field.password.long");
	long_one[256] = '\0';
	assert_int_equal(password_acceptable(long_one, "", "new", &e), ACSR_OK);
	assert_int_equal(password_acceptable("correct horse battery staple", "", "new", &e), ACSR_OK);
	assert_int_equal(password_acceptable("äöüäöüäöüä", "", "new", &e), ACSR_OK);
}

static void a_hash_is_argon2id_and_salted(void **state)
{
	char one[200], two[200];

	(void)state;
	assert_int_equal(password_hash_now("four words make good", one, sizeof(one), NULL), ACSR_OK);
	assert_int_equal(password_hash_now("four words make good", two, sizeof(two), NULL), ACSR_OK);
	assert_non_null(strstr(one, "$argon2id$v=19$m=19456,t=2,p=1$"));
	assert_string_not_equal(one, two);
}

/* --- registering --- */

static void an_account_is_made_only_by_the_link_and_once(void **state)
{
	struct world *w = *state;
	char token[100], body[200];

	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/register",
					      .body = "{\"email\":\"Ann@Example.com\",\"password\":\"four "
						      "words make good\","
						      "\"account_name\":\"Acme\"}" }),
		202);
	assert_string_equal(w->text, "{}");
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM users"), 0);
	assert_int_equal(LOGIN(w, "ann@example.com", "four words make good"), 401);
	world_link(w, "ann@example.com", "confirm", token);
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/password/reset/confirm",
				     .body = "{\"token\":\"x\",\"password\":\"four words make good\"}" }),
		409);
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/register/confirm", .body = body }), 200);
	assert_string_equal(json_string_value(json_object_get(w->answer, "email")), "ann@example.com");
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/register/confirm", .body = body }), 409);
	assert_string_equal(world_problem(w), "state.link");
	assert_int_equal(LOGIN(w, "ann@example.com", "four words make good"), 200);
	/* neither link nor password is stored as it is */
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM users WHERE password NOT LIKE '$argon2id$%'"), 0);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mail_tokens WHERE LENGTH(hash) <> 32"), 0);
}

static void a_link_that_is_too_old_is_refused(void **state)
{
	struct world *w = *state;
	char token[100], body[200];

	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/register",
					      .body = "{\"email\":\"ann@example.com\",\"password\":\"four "
						      "words make good\","
						      "\"account_name\":\"Acme\"}" }),
		202);
	world_link(w, "ann@example.com", "confirm", token);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mail_tokens WHERE expires_at BETWEEN "
					 "strftime('%s','now') + 86390 AND strftime('%s','now') + 86400"),
		1);
	world_exec(w, "UPDATE mail_tokens SET expires_at = 1");
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/register/confirm", .body = body }), 409);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM users"), 0);
}

static void a_known_address_is_told_by_mail_only(void **state)
{
	struct world *w = *state;
	struct person ann;

	world_register(w, "ann@example.com", &ann);
	assert_int_equal(
		world_ask(w,
			&(struct ask){ "POST", "/api/v1/register",
				.body = "{\"email\":\"ann@example.com\",\"password\":\"quite another one\","
					"\"account_name\":\"Again\"}" }),
		202);
	assert_string_equal(w->text, "{}");
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM mails WHERE subject LIKE '%registered%already%'"), 1);
	assert_int_equal(LOGIN(w, "ann@example.com", "quite another one"), 401);
	assert_int_equal(LOGIN(w, "ann@example.com", WORLD_PASSWORD), 200);
}

static void no_more_than_five_mails_an_hour_to_one_address(void **state)
{
	struct world *w = *state;

	for (int i = 0; i < 8; i++)
		assert_int_equal(
			world_ask(
				w, &(struct ask){ "POST", "/api/v1/register",
					   .body = "{\"email\":\"ann@example.com\",\"password\":\"four words "
						   "make good\",\"account_name\":\"Acme\"}" }),
			202);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mails"), 5);
}

static void registering_that_is_refused(void **state)
{
	static const char *const table[][2] = {
		{ "{\"email\":\"no address\",\"password\":\"four words make good\",\"account_name\":\"A\"}",
			"request.field.email" },
		{ "{\"email\":\"a@b@c.de\",\"password\":\"four words make good\",\"account_name\":\"A\"}",
			"request.field.email" },
		{ "{\"email\":\"a@localhost\",\"password\":\"four words make good\",\"account_name\":\"A\"}",
			"request.field.email" },
		{ "{\"email\":\"a<b@c.de\",\"password\":\"four words make good\",\"account_name\":\"A\"}",
			"request.field.email" },
		{ "{\"email\":\"a@c.de\\nBcc: x@y.de\",\"password\":\"four words make "
		  "good\",\"account_name\":\"A\"}",
			"request.field.control" },
		{ "{\"email\":\"a@c.de\",\"password\":\"four words make "
		  "good\",\"account_name\":\"A\\r\\nBcc: x\"}",
			"request.field.control" },
		{ "{\"email\":\"a@c.de\",\"password\":\"four words make good\",\"account_name\":\"  \"}",
			"request.field.length" },
		{ "{\"email\":\"a@c.de\",\"password\":\"short\",\"account_name\":\"A\"}",
			"request.field.password.short" },
		{ "{\"email\":\"a@c.de\",\"password\":\"four words make good\"}", "request.field.missing" },
		{ "{\"email\":\"a@c.de\",\"password\":\"four words make "
		  "good\",\"account_name\":\"A\",\"role\":"
		  "\"admin\"}",
			"request.field.unknown" }
	};
	struct world *w = *state;

	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(
			world_ask(w, &(struct ask){ "POST", "/api/v1/register", .body = table[i][0] }), 422);
		assert_string_equal(world_problem(w), table[i][1]);
	}
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mails"), 0);
}

static void registering_needs_mail_and_an_open_door(void **state)
{
	static const char body[] = "{\"email\":\"ann@example.com\",\"password\":\"four words make good\","
				   "\"account_name\":\"Acme\"}";
	struct world *w = *state;

	world_conf(w, "accounts.registration", "closed");
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/register", .body = body }), 422);
	assert_string_equal(world_problem(w), "policy.registration");
	world_conf(w, "accounts.registration", "open");
	world_conf(w, "mail.smtp", "");
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/register", .body = body }), 503);
	assert_string_equal(world_problem(w), "mail.off");
}

/* --- logging in --- */

static void wrong_password_and_unknown_user_answer_alike(void **state)
{
	struct world *w = *state;
	struct person ann;
	static char first[sizeof(((struct world *)0)->text)];

	world_register(w, "ann@example.com", &ann);
	assert_int_equal(LOGIN(w, "ann@example.com", "not the password"), 401);
	snprintf(first, sizeof(first), "%s", w->text);
	assert_int_equal(LOGIN(w, "nobody@example.com", "not the password"), 401);
	assert_string_equal(w->text, first);
	assert_string_equal(world_problem(w), "auth.wrong");
	world_exec(w, "UPDATE users SET disabled = 1");
	assert_int_equal(LOGIN(w, "ann@example.com", WORLD_PASSWORD), 401);
	assert_string_equal(w->text, first);
	world_exec(w, "UPDATE users SET disabled = 0, password = ''");
	assert_int_equal(LOGIN(w, "ann@example.com", WORLD_PASSWORD), 401);
	assert_string_equal(w->text, first);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM audit WHERE action = 'auth.failed'"), 4);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM audit WHERE detail LIKE '%not the password%'"), 0);
	assert_int_equal(w->c.count.logins_failed, 4);
}

static void guessing_is_slowed_and_the_right_one_does_not_end_it(void **state)
{
	struct world *w = *state;
	struct person ann;
	int refused = 0;

	world_register(w, "ann@example.com", &ann);
	for (int i = 0; i < 12; i++)
		refused += LOGIN(w, "ann@example.com", "not the password") == 429;
	assert_int_equal(refused, 7);
	assert_int_equal(LOGIN(w, "ann@example.com", WORLD_PASSWORD), 429);
	assert_string_equal(world_problem(w), "auth.slow");
	assert_non_null(strstr(w->headers, "Retry-After: "));
	/* whoever holds a session of hers still gets in */
	assert_int_equal(world_as(w, &ann, "POST", "/password",
				 "{\"current\":\"four words make good\",\"new\":\"other words are good\"}"),
		204);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/session", .cookie = ann.cookie,
					      .body = "{\"email\":\"ann@example.com\",\"password\":\"other "
						      "words are good\"}" }),
		200);
}

static void the_cookie_is_locked_down_and_new_each_time(void **state)
{
	struct world *w = *state;
	struct person ann, again;

	world_register(w, "ann@example.com", &ann);
	assert_non_null(strstr(w->headers, "; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=43200"));
	assert_null(strstr(w->headers, "Domain"));
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/session", .cookie = ann.cookie,
				     .body = "{\"email\":\"ann@example.com\",\"password\":\"" WORLD_PASSWORD
					     "\"}" }),
		200);
	assert_string_not_equal(w->cookie, ann.cookie);
	world_login(w, "ann@example.com", WORLD_PASSWORD, &again);
	assert_string_not_equal(again.csrf, ann.csrf);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM sessions WHERE LENGTH(hash) <> 32"), 0);
}

static void a_session_ends(void **state)
{
	struct world *w = *state;
	struct person ann, other;

	world_register(w, "ann@example.com", &ann);
	world_login(w, "ann@example.com", WORLD_PASSWORD, &other);
	assert_int_equal(world_as(w, &ann, "GET", "/session", NULL), 200);
	assert_int_equal(world_as(w, &other, "DELETE", "/session", NULL), 204);
	assert_non_null(strstr(w->headers, "__Host-autocsr=; "));
	assert_int_equal(world_as(w, &other, "GET", "/session", NULL), 401);
	world_exec(w, "UPDATE sessions SET used_at = used_at - 3500");
	assert_int_equal(world_as(w, &ann, "GET", "/session", NULL), 200);
	world_exec(w, "UPDATE sessions SET used_at = used_at - 3601");
	assert_int_equal(world_as(w, &ann, "GET", "/session", NULL), 401);
	world_login(w, "ann@example.com", WORLD_PASSWORD, &ann);
	world_exec(w, "UPDATE sessions SET expires_at = strftime('%s','now') - 1");
	assert_int_equal(world_as(w, &ann, "GET", "/session", NULL), 401);
	assert_string_equal(world_problem(w), "auth.required");
}

static void a_session_needs_its_csrf_token(void **state)
{
	struct world *w = *state;
	struct person ann, bob;

	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	assert_int_equal(
		world_ask(w, &(struct ask){ "PATCH", "/api/v1/account", .cookie = ann.cookie, .body = "{}" }),
		403);
	snprintf(ann.csrf, sizeof(ann.csrf), "%s", bob.csrf);
	assert_int_equal(world_as(w, &ann, "PATCH", "/account", "{}"), 403);
	assert_string_equal(world_problem(w), "auth.csrf");
}

/* --- changing the password --- */

static void changing_the_password_ends_other_sessions(void **state)
{
	struct world *w = *state;
	struct person ann, other;

	world_register(w, "ann@example.com", &ann);
	world_login(w, "ann@example.com", WORLD_PASSWORD, &other);
	assert_int_equal(world_as(w, &ann, "POST", "/password",
				 "{\"current\":\"not the password\",\"new\":\"other words are good\"}"),
		401);
	assert_int_equal(world_as(w, &ann, "POST", "/password",
				 "{\"current\":\"four words make good\",\"new\":\"short\"}"),
		422);
	assert_int_equal(world_as(w, &ann, "POST", "/password",
				 "{\"current\":\"four words make good\",\"new\":\"other words are good\"}"),
		204);
	assert_int_equal(world_as(w, &ann, "GET", "/session", NULL), 200);
	assert_int_equal(world_as(w, &other, "GET", "/session", NULL), 401);
	assert_int_equal(LOGIN(w, "ann@example.com", WORLD_PASSWORD), 401);
	assert_int_equal(LOGIN(w, "ann@example.com", "other words are good"), 200);
	assert_int_equal(
		world_number(w, "SELECT COUNT(*) FROM mails WHERE subject LIKE '%password was changed'"), 1);
}

static void a_forgotten_password_is_set_by_the_link(void **state)
{
	struct world *w = *state;
	struct person ann;
	char token[100], body[300];

	world_register(w, "ann@example.com", &ann);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/password/reset",
					      .body = "{\"email\":\"nobody@example.com\"}" }),
		202);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM mails WHERE recipient LIKE 'nobody%'"), 0);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/password/reset",
					      .body = "{\"email\":\"ANN@example.com\"}" }),
		202);
	world_link(w, "ann@example.com", "reset", token);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"password\":\"short\"}", token);
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/password/reset/confirm", .body = body }), 422);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"password\":\"other words are good\"}", token);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/users/accept", .body = body }), 409);
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/password/reset/confirm", .body = body }), 204);
	assert_int_equal(world_as(w, &ann, "GET", "/session", NULL), 401);
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/password/reset/confirm", .body = body }), 409);
	assert_int_equal(LOGIN(w, "ann@example.com", "other words are good"), 200);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(passwords_that_are_refused),
		cmocka_unit_test(a_hash_is_argon2id_and_salted),
		T(an_account_is_made_only_by_the_link_and_once),
		T(a_link_that_is_too_old_is_refused),
		T(a_known_address_is_told_by_mail_only),
		T(no_more_than_five_mails_an_hour_to_one_address),
		T(registering_that_is_refused),
		T(registering_needs_mail_and_an_open_door),
		T(wrong_password_and_unknown_user_answer_alike),
		T(guessing_is_slowed_and_the_right_one_does_not_end_it),
		T(the_cookie_is_locked_down_and_new_each_time),
		T(a_session_ends),
		T(a_session_needs_its_csrf_token),
		T(changing_the_password_ends_other_sessions),
		T(a_forgotten_password_is_set_by_the_link),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
