/* What the operator sees: audit, status, metrics, readiness; and the API description against the routes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include "core/openapi.h"
#include "core_world.h"

static void make_admin(struct world *w, struct person *p)
{
	world_register(w, "op@example.com", p);
	world_exec(w, "UPDATE users SET role = 'admin' WHERE email = 'op@example.com'");
}

static void the_document_has_every_route_and_no_other(void **state)
{
	json_t *doc = json_loadb((const char *)openapi_json, openapi_json_len, JSON_REJECT_DUPLICATES, NULL);
	json_t *paths = json_object_get(doc, "paths"), *item;
	const char *path;
	size_t routed = 0, described = 0;

	(void)state;
	assert_non_null(doc);
	for (const struct route *r = routes(); r->method != NULL; r++) {
		char method[8];

		if (r->operation == NULL)
			continue;
		snprintf(method, sizeof(method), "%s", r->method);
		str_lower(method);
		item = json_object_get(json_object_get(paths, r->path), method);
		assert_non_null(item);
		assert_string_equal(json_string_value(json_object_get(item, "operationId")), r->operation);
		/* open in the table, open in the document */
		assert_int_equal(
			json_array_size(json_object_get(item, "security")) == 0, r->auth == AUTH_NONE);
		routed++;
	}
	json_object_foreach(paths, path, item) described += json_object_size(item);
	assert_int_equal(described, routed);
	json_decref(doc);
}

static void the_document_is_served(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_get(w, "/api/v1/openapi.json"), 200);
	assert_string_equal(json_string_value(json_object_get(w->answer, "openapi")), "3.1.0");
}

static int64_t integer(struct world *w, const char *name)
{
	return json_integer_value(json_object_get(w->answer, name));
}

static void the_audit_log_is_read_in_pages(void **state)
{
	struct world *w = *state;
	struct person ann, bob, op;
	size_t mine;

	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	make_admin(w, &op);
	assert_int_equal(world_as(w, &ann, "GET", "/audit", NULL), 200);
	mine = json_array_size(json_object_get(w->answer, "entries"));
	assert_true(mine >= 2);
	assert_null(strstr(w->text, "bob@example.com"));
	assert_true(json_is_null(json_object_get(w->answer, "next_after")));
	assert_int_equal(world_ask(w, &(struct ask){ "GET", "/api/v1/audit", .query = "limit=1",
					      .cookie = ann.cookie }),
		200);
	assert_int_equal(json_array_size(json_object_get(w->answer, "entries")), 1);
	assert_true(integer(w, "next_after") > 0);
	assert_int_equal(
		world_ask(w, &(struct ask){ "GET", "/api/v1/audit", .query = "all=1", .cookie = ann.cookie }),
		403);
	assert_int_equal(world_ask(w, &(struct ask){ "GET", "/api/v1/audit", .query = "limit=x",
					      .cookie = ann.cookie }),
		422);
	assert_int_equal(
		world_ask(w, &(struct ask){ "GET", "/api/v1/audit", .query = "all=1", .cookie = op.cookie }),
		200);
	assert_non_null(strstr(w->text, "bob@example.com"));
}

static void a_changed_entry_is_found(void **state)
{
	struct world *w = *state;
	struct person op;

	make_admin(w, &op);
	assert_int_equal(world_as(w, &op, "GET", "/audit/verify", NULL), 200);
	assert_true(json_is_true(json_object_get(w->answer, "ok")));
	assert_true(json_is_null(json_object_get(w->answer, "first_bad_seq")));
	world_exec(w, "UPDATE audit SET detail = 'nothing' WHERE seq = 2");
	assert_int_equal(world_as(w, &op, "GET", "/audit/verify", NULL), 200);
	assert_true(json_is_false(json_object_get(w->answer, "ok")));
	assert_int_equal(integer(w, "first_bad_seq"), 2);
}

static void status_counts(void **state)
{
	struct world *w = *state;
	struct person op;

	make_admin(w, &op);
	assert_int_equal(strv_add(&w->c.roles, "front 123 2", NULL), ACSR_OK);
	assert_int_equal(world_as(w, &op, "GET", "/admin/status", NULL), 200);
	assert_non_null(strstr(w->text, "{\"role\":\"front\",\"pid\":123,\"restarts\":2}"));
	assert_true(json_integer_value(json_object_get(json_object_get(w->answer, "mail"), "queued")) >= 1);
}

static void metrics_are_for_near_networks_and_the_operator(void **state)
{
	struct world *w = *state;
	struct person op;

	make_admin(w, &op);
	assert_int_equal(world_ask(w, &(struct ask){ "GET", "/metrics", .remote = "127.0.0.1" }), 200);
	assert_non_null(strstr(w->text, "\nautocsr_requests_total "));
	assert_non_null(strstr(w->text, "autocsr_build_info{version="));
	assert_int_equal(world_ask(w, &(struct ask){ "GET", "/metrics", .remote = "192.0.2.1" }), 403);
	assert_int_equal(
		world_ask(w, &(struct ask){ "GET", "/metrics", .remote = "192.0.2.1", .cookie = op.cookie }),
		200);
}

static void ready_means_that_all_are_there(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_get(w, "/readyz"), 503);
	assert_string_equal(world_problem(w), "busy.signer");
	w->p.peers[ROLE_SIGNER] = w->p.peers[ROLE_KEYMAKER] = w->p.peers[ROLE_FRONT];
	assert_int_equal(world_get(w, "/readyz"), 200);
	assert_string_equal(w->text, "{\"status\":\"ready\"}");
	w->p.peers[ROLE_SIGNER] = w->p.peers[ROLE_KEYMAKER] = NULL;
}

static void names_are_preauthorised_by_the_operator_only(void **state)
{
	struct world *w = *state;
	struct person ann, op;
	char path[200];

	world_register(w, "ann@example.com", &ann);
	make_admin(w, &op);
	snprintf(path, sizeof(path), "/admin/accounts/%s/preauthorised", ann.account);
	assert_int_equal(world_as(w, &ann, "PUT", path, "{\"names\":[\"a.test\"]}"), 403);
	assert_int_equal(
		world_as(w, &op, "PUT", path, "{\"names\":[\"WWW.b.test\",\"a.test\",\"a.test\"]}"), 200);
	assert_non_null(strstr(w->text, "\"preauthorised\":[\"a.test\",\"www.b.test\"]"));
	assert_int_equal(world_as(w, &op, "PUT", path, "{\"names\":[\"a_b.test\"]}"), 422);
	assert_int_equal(world_as(w, &op, "PUT", path, "{\"names\":[1]}"), 422);
	assert_int_equal(
		world_as(w, &op, "PUT", "/admin/accounts/acc_no/preauthorised", "{\"names\":[]}"), 404);
	assert_int_equal(world_as(w, &ann, "GET", "/account", NULL), 200);
	assert_non_null(strstr(w->text, "\"preauthorised\":[\"a.test\",\"www.b.test\"]"));
}

static void a_path_without_the_method_says_which_it_has(void **state)
{
	struct world *w = *state;

	assert_int_equal(world_ask(w, &(struct ask){ .method = "PUT", .path = "/api/v1/session" }), 405);
	assert_non_null(strstr(w->headers, "Allow: POST, GET, DELETE"));
	assert_int_equal(world_get(w, "/api/v1/nothing"), 404);
}

int main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_document_has_every_route_and_no_other),
		T(the_document_is_served),
		T(the_audit_log_is_read_in_pages),
		T(a_changed_entry_is_found),
		T(status_counts),
		T(metrics_are_for_near_networks_and_the_operator),
		T(ready_means_that_all_are_there),
		T(names_are_preauthorised_by_the_operator_only),
		T(a_path_without_the_method_says_which_it_has),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
