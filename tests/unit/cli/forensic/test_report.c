/* The signature: made, checked, and broken by any change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#include "cli/forensic/report.h"

static json_t *signed_doc(const struct acsr_key *key)
{
	struct run *r = calloc(1, sizeof(*r));
	json_t *report = NULL, *doc = json_object();

	r->search.surfaces[SURFACE_MEMORY].control = CONTROL_FOUND;
	snprintf(r->search.surfaces[SURFACE_LOGS].why, 100, "a note with \x1b[31m and \xff in it");
	r->search.n_findings = 1;
	r->search.findings[0] = (struct finding){ .what = "prime p", .where = "core 12: [heap]", .len = 8 };
	assert_int_equal(report_make(&report, r, NULL), ACSR_OK);
	json_object_set_new(doc, "report", report);
	assert_int_equal(report_sign(doc, key, NULL), ACSR_OK);
	free(r);
	return doc;
}

static struct acsr_key *made(const char *type)
{
	struct acsr_key *k = NULL;

	assert_int_equal(acsr_key_generate(&k, type, NULL), ACSR_OK);
	return k;
}

static void refused(const json_t *doc, const struct acsr_key *key, const char *id)
{
	struct report_proof proof;
	struct acsr_err e = { 0 };

	assert_int_equal(report_verify(&proof, doc, key, &e), ACSR_FAIL);
	assert_string_equal(e.id, id);
}

static void by_its_own_key_and_by_the_operators(void **state)
{
	struct acsr_key *key = made("ed25519"), *other = made("ed25519");
	json_t *own = signed_doc(NULL), *theirs = signed_doc(key);
	struct report_proof proof;

	(void)state;
	assert_int_equal(report_verify(&proof, own, NULL, NULL), ACSR_OK);
	assert_false(proof.operator_key);
	assert_int_equal(report_verify(&proof, theirs, NULL, NULL), ACSR_OK);
	assert_true(proof.operator_key);
	assert_int_equal(report_verify(&proof, theirs, key, NULL), ACSR_OK);
	refused(theirs, other, "verify.key");
	refused(own, key, "verify.key");
	json_decref(own);
	json_decref(theirs);
	acsr_key_free(key);
	acsr_key_free(other);
}

static void any_change_breaks_it(void **state)
{
	json_t *doc = signed_doc(NULL), *report = json_object_get(doc, "report"), *copy;

	(void)state;
	copy = json_deep_copy(doc);
	json_object_set_new(json_object_get(copy, "report"), "verdict", json_string("clean "));
	refused(copy, NULL, "verify.signature");
	json_decref(copy);
	copy = json_deep_copy(doc);
	json_object_set_new(json_object_get(copy, "report"), "signed_with", json_string("operator-key"));
	refused(copy, NULL, "verify.signature");
	json_decref(copy);
	copy = json_deep_copy(doc);
	json_array_clear(json_object_get(json_object_get(copy, "report"), "findings"));
	refused(copy, NULL, "verify.signature");
	json_decref(copy);
	copy = json_pack("{s:o}", "report", json_deep_copy(report));
	refused(copy, NULL, "input.report");
	json_decref(copy);
	copy = json_pack("{s:{s:s}}", "report", "format", "other");
	refused(copy, NULL, "input.report");
	json_decref(copy);
	json_decref(doc);
}

static void only_ed25519_signs(void **state)
{
	struct acsr_key *key = made("ec:p256");
	json_t *doc = json_object();
	struct acsr_err e = { 0 };

	(void)state;
	assert_int_equal(report_sign(doc, key, &e), ACSR_FAIL);
	assert_string_equal(e.id, "key.type");
	json_decref(doc);
	acsr_key_free(key);
}

/* A surface that was searched and whose control was not found cannot be clean. */
static void verdicts(void **state)
{
	struct run *r = calloc(1, sizeof(*r));

	(void)state;
	assert_int_equal(run_verdict(r), VERDICT_CLEAN);
	r->n_reasons = 1;
	assert_int_equal(run_verdict(r), VERDICT_CANNOT_JUDGE);
	r->search.surfaces[SURFACE_PIPES].found = 1;
	assert_int_equal(run_verdict(r), VERDICT_FOUND);
	free(r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_its_own_key_and_by_the_operators),
		cmocka_unit_test(any_change_breaks_it),
		cmocka_unit_test(only_ed25519_signs),
		cmocka_unit_test(verdicts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
