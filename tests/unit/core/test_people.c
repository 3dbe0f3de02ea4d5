/* People, tokens and organisations: who may do what to whom, and what is absent to others. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/country.h"
#include "core_world.h"

static const char *answer_text(struct world *w, const char *name)
{
	const char *s = json_string_value(json_object_get(w->answer, name));

	return s != NULL ? s : "";
}

static unsigned at_id(struct world *w, const struct person *p, const char *method, const char *folder,
	const char *id, const char *body)
{
	char path[200];

	snprintf(path, sizeof(path), "%s/%s", folder, id);
	return world_as(w, p, method, path, body);
}

/* --- people --- */

static void roles_are_as_written(void **state)
{
	struct world *w = *state;
	struct person ann, bob, eve;

	world_register(w, "ann@example.com", &ann);
	world_invite(w, &ann, "bob@example.com", "member", &bob);
	world_invite(w, &ann, "eve@example.com", "auditor", &eve);
	assert_int_equal(
		world_as(w, &bob, "POST", "/users", "{\"email\":\"x@example.com\",\"role\":\"owner\"}"), 403);
	assert_int_equal(at_id(w, &bob, "PATCH", "/users", bob.id, "{\"role\":\"owner\"}"), 403);
	assert_int_equal(world_as(w, &bob, "PATCH", "/account", "{\"name\":\"Mine\"}"), 403);
	assert_int_equal(world_as(w, &eve, "POST", "/tokens", "{\"name\":\"t\"}"), 403);
	assert_int_equal(world_as(w, &eve, "GET", "/users", NULL), 200);
	assert_int_equal(json_array_size(json_object_get(w->answer, "users")), 3);
	assert_int_equal(
		world_as(w, &ann, "POST", "/users", "{\"email\":\"x@example.com\",\"role\":\"admin\"}"), 403);
	assert_int_equal(
		world_as(w, &ann, "POST", "/users", "{\"email\":\"x@example.com\",\"role\":\"king\"}"), 422);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"role\":\"admin\"}"), 403);
}

static void a_new_role_and_a_lock_end_sessions(void **state)
{
	struct world *w = *state;
	struct person ann, bob;

	world_register(w, "ann@example.com", &ann);
	world_invite(w, &ann, "bob@example.com", "member", &bob);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"role\":\"member\"}"), 200);
	assert_int_equal(world_as(w, &bob, "GET", "/session", NULL), 200);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"role\":\"auditor\"}"), 200);
	assert_string_equal(answer_text(w, "role"), "auditor");
	assert_int_equal(world_as(w, &bob, "GET", "/session", NULL), 401);
	world_login(w, "bob@example.com", WORLD_PASSWORD, &bob);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"disabled\":true}"), 200);
	assert_true(json_is_true(json_object_get(w->answer, "disabled")));
	assert_int_equal(world_as(w, &bob, "GET", "/session", NULL), 401);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"disabled\":false}"), 200);
	world_login(w, "bob@example.com", WORLD_PASSWORD, &bob);
	assert_int_equal(at_id(w, &ann, "DELETE", "/users", bob.id, NULL), 204);
	assert_int_equal(world_as(w, &bob, "GET", "/session", NULL), 401);
}

static void the_last_owner_stays(void **state)
{
	struct world *w = *state;
	struct person ann, bob;

	world_register(w, "ann@example.com", &ann);
	world_invite(w, &ann, "bob@example.com", "member", &bob);
	assert_int_equal(
		world_as(w, &ann, "POST", "/users", "{\"email\":\"new@example.com\",\"role\":\"owner\"}"),
		201);
	/* one who was only invited is no owner yet */
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", ann.id, "{\"role\":\"member\"}"), 409);
	assert_string_equal(world_problem(w), "state.last-owner");
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", ann.id, "{\"disabled\":true}"), 409);
	assert_int_equal(at_id(w, &ann, "DELETE", "/users", ann.id, NULL), 409);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"role\":\"owner\"}"), 200);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", ann.id, "{\"role\":\"member\"}"), 200);
}

static void other_accounts_are_absent(void **state)
{
	static const char *const bodies[] = { "{\"role\":\"member\"}", "{\"disabled\":true}" };
	struct world *w = *state;
	struct person ann, bob;
	static char first[sizeof(((struct world *)0)->text)];

	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	for (size_t i = 0; i < 2; i++) {
		assert_int_equal(at_id(w, &bob, "PATCH", "/users", "usr_never", bodies[i]), 404);
		snprintf(first, sizeof(first), "%s", w->text);
		assert_int_equal(at_id(w, &bob, "PATCH", "/users", ann.id, bodies[i]), 404);
		assert_string_equal(w->text, first);
	}
	assert_int_equal(at_id(w, &bob, "DELETE", "/users", ann.id, NULL), 404);
	assert_int_equal(
		world_as(w, &bob, "POST", "/users", "{\"email\":\"ann@example.com\",\"role\":\"owner\"}"),
		409);
	assert_int_equal(
		world_ask(w, &(struct ask){ "GET", "/api/v1/users", .query = "all=1", .cookie = bob.cookie }),
		403);
}

static void the_operator_sees_all_and_customers_do_not_see_the_operator(void **state)
{
	struct world *w = *state;
	struct person ann, op;
	char query[100];

	world_register(w, "ann@example.com", &ann);
	world_register(w, "op@example.com", &op);
	world_exec(w, "UPDATE users SET role = 'admin' WHERE email = 'op@example.com'");
	assert_int_equal(
		world_ask(w, &(struct ask){ "GET", "/api/v1/users", .query = "all=1", .cookie = op.cookie }),
		200);
	assert_int_equal(json_array_size(json_object_get(w->answer, "users")), 2);
	snprintf(query, sizeof(query), "account=%s", ann.account);
	assert_int_equal(
		world_ask(w, &(struct ask){ "GET", "/api/v1/users", .query = query, .cookie = op.cookie }),
		200);
	assert_int_equal(json_array_size(json_object_get(w->answer, "users")), 1);
	assert_int_equal(at_id(w, &op, "PATCH", "/users", ann.id, "{\"role\":\"admin\"}"), 403);
	assert_int_equal(at_id(w, &op, "PATCH", "/users", op.id, "{\"role\":\"owner\"}"), 409);
}

static void somebody_who_never_came_can_be_invited_again(void **state)
{
	struct world *w = *state;
	struct person ann;
	char first[100], second[100], body[300];

	world_register(w, "ann@example.com", &ann);
	assert_int_equal(
		world_as(w, &ann, "POST", "/users", "{\"email\":\"bob@example.com\",\"role\":\"member\"}"),
		201);
	world_link(w, "bob@example.com", "invite", first);
	assert_int_equal(
		world_as(w, &ann, "POST", "/users", "{\"email\":\"bob@example.com\",\"role\":\"auditor\"}"),
		201);
	world_link(w, "bob@example.com", "invite", second);
	assert_string_not_equal(first, second);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"password\":\"" WORLD_PASSWORD "\"}", first);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/users/accept", .body = body }), 409);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"password\":\"" WORLD_PASSWORD "\"}", second);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/users/accept", .body = body }), 200);
	assert_int_equal(
		world_as(w, &ann, "POST", "/users", "{\"email\":\"bob@example.com\",\"role\":\"owner\"}"),
		409);
}

/* --- tokens --- */

static void make_token(
	struct world *w, const struct person *p, const char *body, char token[100], char id[40])
{
	assert_int_equal(world_as(w, p, "POST", "/tokens", body), 201);
	snprintf(token, 100, "%s", answer_text(w, "token"));
	snprintf(id, 40, "%s", answer_text(w, "id"));
	assert_int_equal(strlen(token), 48);
}

static unsigned by_token(
	struct world *w, const char *token, const char *method, const char *path, const char *body)
{
	return world_ask(w, &(struct ask){ method, path, .bearer = token, .body = body });
}

static void a_token_does_what_its_user_can(void **state)
{
	struct world *w = *state;
	struct person ann, bob;
	char token[100], id[40];

	world_register(w, "ann@example.com", &ann);
	world_invite(w, &ann, "bob@example.com", "member", &bob);
	make_token(w, &bob, "{\"name\":\"t\"}", token, id);
	assert_int_equal(by_token(w, token, "GET", "/api/v1/users", NULL), 200);
	assert_int_equal(by_token(w, token, "PATCH", "/api/v1/account", "{}"), 403);
	assert_int_equal(by_token(w, token, "GET", "/api/v1/session", NULL), 401);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"role\":\"owner\"}"), 200);
	assert_int_equal(by_token(w, token, "PATCH", "/api/v1/account", "{}"), 200);
	assert_int_equal(at_id(w, &ann, "PATCH", "/users", bob.id, "{\"disabled\":true}"), 200);
	assert_int_equal(by_token(w, token, "GET", "/api/v1/users", NULL), 401);
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM tokens WHERE LENGTH(hash) <> 32"), 0);
}

static void tokens_end(void **state)
{
	struct world *w = *state;
	struct person ann;
	char token[100], id[40], reader[100], reader_id[40];

	world_register(w, "ann@example.com", &ann);
	assert_int_equal(world_as(w, &ann, "POST", "/tokens",
				 "{\"name\":\"t\",\"expires_at\":\"2020-01-01T00:00:00Z\"}"),
		422);
	assert_int_equal(
		world_as(w, &ann, "POST", "/tokens", "{\"name\":\"t\",\"expires_at\":\"soon\"}"), 422);
	make_token(w, &ann, "{\"name\":\"t\",\"expires_at\":\"2099-01-01T00:00:00Z\"}", token, id);
	make_token(w, &ann, "{\"name\":\"r\",\"read_only\":true}", reader, reader_id);
	assert_int_equal(by_token(w, reader, "GET", "/api/v1/users", NULL), 200);
	assert_int_equal(by_token(w, reader, "PATCH", "/api/v1/account", "{}"), 403);
	/* what a token makes does not outlive it */
	assert_int_equal(by_token(w, token, "POST", "/api/v1/tokens", "{\"name\":\"child\"}"), 201);
	assert_string_equal(answer_text(w, "expires_at"), "2099-01-01T00:00:00Z");
	world_exec(w, "UPDATE tokens SET expires_at = 1 WHERE name = 't'");
	assert_int_equal(by_token(w, token, "GET", "/api/v1/users", NULL), 401);
	assert_int_equal(at_id(w, &ann, "DELETE", "/tokens", reader_id, NULL), 204);
	assert_int_equal(by_token(w, reader, "GET", "/api/v1/users", NULL), 401);
	assert_int_equal(by_token(w, "acsr_", "GET", "/api/v1/users", NULL), 401);
}

static void tokens_of_others_are_absent(void **state)
{
	struct world *w = *state;
	struct person ann, bob, eve;
	char token[100], id[40];

	world_register(w, "ann@example.com", &ann);
	world_invite(w, &ann, "bob@example.com", "member", &bob);
	world_register(w, "eve@example.com", &eve);
	make_token(w, &ann, "{\"name\":\"t\"}", token, id);
	assert_int_equal(at_id(w, &bob, "DELETE", "/tokens", id, NULL), 404);
	assert_int_equal(at_id(w, &eve, "DELETE", "/tokens", id, NULL), 404);
	assert_int_equal(world_as(w, &bob, "GET", "/tokens", NULL), 200);
	assert_int_equal(json_array_size(json_object_get(w->answer, "tokens")), 0);
	make_token(w, &bob, "{\"name\":\"b\"}", token, id);
	assert_int_equal(world_as(w, &ann, "GET", "/tokens", NULL), 200);
	assert_int_equal(json_array_size(json_object_get(w->answer, "tokens")), 2);
	assert_null(strstr(w->text, "acsr_"));
	assert_int_equal(at_id(w, &ann, "DELETE", "/tokens", id, NULL), 204);
}

/* --- organisations --- */

static void countries(void **state)
{
	(void)state;
	assert_true(country_known("DE") && country_known("AD") && country_known("ZW"));
	assert_false(country_known("de") || country_known("XX") || country_known("D") ||
		     country_known("DEU") || country_known("") || country_known("E ") || country_known("UK"));
}

static void organisations_that_are_refused(void **state)
{
	static const char *const table[][3] = {
		{ "{\"locality\":\"Berlin\",\"country\":\"DE\"}", "request.field.missing", "name" },
		{ "{\"name\":\"Acme\",\"locality\":\"Berlin\"}", "request.field.missing", "country" },
		{ "{\"name\":\"Acme\",\"country\":\"DE\"}", "request.field.missing", "locality" },
		{ "{\"name\":\"Acme\",\"locality\":\"Berlin\",\"country\":\"de\"}", "subject.country",
			"country" },
		{ "{\"name\":\"Acme\",\"locality\":\"Berlin\",\"country\":\"XX\"}", "subject.country",
			"country" },
		{ "{\"name\":\"Acme\",\"locality\":\"Berlin\",\"country\":\"DE\",\"jurisdiction_country\":"
		  "\"Germany\"}",
			"subject.country", "jurisdiction_country" },
		{ "{\"name\":\"Acme\",\"state\":\"Some-State\",\"country\":\"AU\"}", "subject.placeholder",
			"state" },
		{ "{\"name\":\"Internet Widgits Pty Ltd\",\"state\":\"Bavaria\",\"country\":\"DE\"}",
			"subject.placeholder", "name" },
		{ "{\"name\":\"Acme\",\"locality\":\"-\",\"country\":\"DE\"}", "subject.placeholder",
			"locality" },
		{ "{\"name\":\"Acme\",\"locality\":\"N/A\",\"country\":\"DE\"}", "subject.placeholder",
			"locality" },
		{ "{\"name\":\" Acme\",\"locality\":\"Berlin\",\"country\":\"DE\"}", "subject.blank",
			"name" },
		{ "{\"name\":\"A\\u0007cme\",\"locality\":\"Berlin\",\"country\":\"DE\"}",
			"request.field.control", "name" },
		{ "{\"name\":\"01234567890123456789012345678901234567890123456789012345678901234\","
		  "\"locality\":"
		  "\"Berlin\",\"country\":\"DE\"}",
			"subject.length", "name" },
		{ "{\"name\":\"Acme\",\"locality\":\"Berlin\",\"country\":\"DE\",\"business_category\":"
		  "\"Circus\"}",
			"subject.business-category", "business_category" },
		{ "{\"name\":\"Acme\",\"locality\":\"Berlin\",\"country\":\"DE\",\"ou\":\"x\"}",
			"request.field.unknown", "ou" },
	};
	struct world *w = *state;
	struct person ann;

	world_register(w, "ann@example.com", &ann);
	for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		assert_int_equal(world_as(w, &ann, "POST", "/organisations", table[i][0]), 422);
		assert_string_equal(world_problem(w), table[i][1]);
		assert_string_equal(answer_text(w, "field"), table[i][2]);
	}
	assert_int_equal(world_number(w, "SELECT COUNT(*) FROM organisations"), 0);
}

static void organisations_are_kept_changed_and_removed(void **state)
{
	struct world *w = *state;
	struct person ann, bob;
	char id[40];

	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	assert_int_equal(world_as(w, &ann, "POST", "/organisations",
				 "{\"name\":\"Acme GmbH\",\"locality\":\"München\",\"country\":\"DE\"}"),
		201);
	snprintf(id, sizeof(id), "%s", answer_text(w, "id"));
	assert_int_equal(at_id(w, &ann, "PATCH", "/organisations", id, "{\"street\":\"Weg 1\"}"), 200);
	assert_int_equal(at_id(w, &ann, "PATCH", "/organisations", id, "{\"locality\":\"\"}"), 422);
	assert_int_equal(at_id(w, &ann, "GET", "/organisations", id, NULL), 200);
	assert_string_equal(answer_text(w, "locality"), "München");
	assert_string_equal(answer_text(w, "street"), "Weg 1");
	assert_string_equal(answer_text(w, "phone"), "");
	assert_int_equal(at_id(w, &bob, "GET", "/organisations", id, NULL), 404);
	assert_int_equal(at_id(w, &bob, "PATCH", "/organisations", id, "{\"name\":\"Mine\"}"), 404);
	assert_int_equal(at_id(w, &bob, "DELETE", "/organisations", id, NULL), 404);
	world_exec(w, "INSERT INTO orders (id, account_id, user_id, product_id, state, names, subject, "
		      "organisation_id, "
		      "delivery, email, method, round, waiting_reason, created_at, updated_at) SELECT "
		      "'ord_1', account_id, "
		      "'usr', 'ov', 'vetting', 'a.test', '{}', id, 'download', '', 'http', 1, '', 1, 1 FROM "
		      "organisations");
	assert_int_equal(at_id(w, &ann, "DELETE", "/organisations", id, NULL), 409);
	world_exec(w, "UPDATE orders SET state = 'cancelled'");
	assert_int_equal(at_id(w, &ann, "DELETE", "/organisations", id, NULL), 204);
	assert_int_equal(at_id(w, &ann, "GET", "/organisations", id, NULL), 404);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		T(roles_are_as_written),
		T(a_new_role_and_a_lock_end_sessions),
		T(the_last_owner_stays),
		T(other_accounts_are_absent),
		T(the_operator_sees_all_and_customers_do_not_see_the_operator),
		T(somebody_who_never_came_can_be_invited_again),
		T(a_token_does_what_its_user_can),
		T(tokens_end),
		T(tokens_of_others_are_absent),
		cmocka_unit_test(countries),
		T(organisations_that_are_refused),
		T(organisations_are_kept_changed_and_removed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
