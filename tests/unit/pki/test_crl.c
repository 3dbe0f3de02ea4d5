/* Revocation lists: made, read, checked by openssl. */
#include "ca.h"

#include "autocsr/crl.h"

static struct ca ca;

static struct acsr_crl_spec spec_of(const struct acsr_crl_entry *entries, size_t n)
{
	return (struct acsr_crl_spec){ .number = 7,
		.this_update = NOW,
		.next_update = NOW + 7 * DAY,
		.entries = entries,
		.n_entries = n,
		.issuer_der = ca.intermediate.p,
		.issuer_len = ca.intermediate.len };
}

static const struct acsr_crl_entry three[] = {
	{ { 0x50, 1, 2 }, 3, NOW - 100, ACSR_REASON_KEY_COMPROMISE },
	{ { 0x40 }, 1, NOW - 50, ACSR_REASON_UNSPECIFIED },
	{ { 0x90, 9 }, 2, NOW - 10, ACSR_REASON_SUPERSEDED },
};

static void made_and_read(void **state)
{
	struct acsr_crl_spec s = spec_of(three, 3);
	const struct acsr_crl_entry *it;
	struct acsr_blob der = { 0 };
	struct acsr_crl_view *v;
	uint8_t padded[] = { 0, 0x90, 9 };

	(void)state;
	OK(acsr_crl_sign(&s, a_key("ec:p256"), &der, &e));
	OK(acsr_crl_parse(&v, der.p, der.len, a_key("ec:p256"), &e));
	assert_true(v->has_number && v->number == 7);
	assert_int_equal(v->this_update, NOW);
	assert_int_equal(v->next_update, NOW + 7 * DAY);
	assert_int_equal(v->n_entries, 3);
	it = acsr_crl_find(v, three[0].serial, 3);
	assert_int_equal(it->reason, ACSR_REASON_KEY_COMPROMISE);
	assert_int_equal(it->revoked_at, NOW - 100);
	assert_int_equal(acsr_crl_find(v, padded, 3)->reason, ACSR_REASON_SUPERSEDED);
	assert_int_equal(acsr_crl_find(v, three[1].serial, 1)->reason, 0);
	assert_null(acsr_crl_find(v, padded, 2));
	acsr_crl_view_free(v);
	FAILS("verify.signature", acsr_crl_parse(&v, der.p, der.len, a_key("ec:p384"), &e));
	acsr_blob_free(&der);
}

static void openssl_agrees(void **state)
{
	struct acsr_crl_spec s = spec_of(three, 3);
	struct acsr_blob der = { 0 }, pem = { 0 };
	char dir[64];

	(void)state;
	temp_dir(dir);
	OK(acsr_crl_sign(&s, a_key("ec:p256"), &der, &e));
	OK(acsr_cert_pem(ca.intermediate.p, ca.intermediate.len, &pem, &e));
	write_file(dir, "c", der.p, der.len);
	write_file(dir, "i", pem.p, pem.len);
	assert_int_equal(sh("cd %s && openssl crl -in c -inform DER -CAfile i -noout -text >t 2>/dev/null && "
			    "grep -q 'Key Compromise' t",
				 dir),
		0);
	assert_int_equal(
		sh("cd %s && test $(grep -c 'Reason Code' t) = 2", dir), 0); /* none for unspecified */
	assert_int_equal(sh("rm -r %s", dir), 0);
	acsr_blob_free(&der);
	acsr_blob_free(&pem);
}

static void not_signed(void **state)
{
	struct acsr_crl_entry bad[2] = { three[0], three[0] };
	struct acsr_crl_spec s = spec_of(bad, 2);
	struct acsr_blob der = { 0 };
	const struct acsr_key *k = a_key("ec:p256");

	(void)state;
	FAILS("cert.crl.duplicate", acsr_crl_sign(&s, k, &der, &e));
	bad[1].serial[0]++;
	bad[1].reason = ACSR_REASON_CERTIFICATE_HOLD;
	FAILS("cert.reason", acsr_crl_sign(&s, k, &der, &e));
	bad[1].reason = ACSR_REASON_REMOVE_FROM_CRL;
	FAILS("cert.reason", acsr_crl_sign(&s, k, &der, &e));
	bad[1].reason = 7;
	FAILS("cert.reason", acsr_crl_sign(&s, k, &der, &e));
	bad[1].reason = 1;
	bad[1].serial_len = 0;
	FAILS("cert.serial", acsr_crl_sign(&s, k, &der, &e));
	bad[1].serial_len = 3;
	FAILS("cert.issuer-key", acsr_crl_sign(&s, a_key("ec:p384"), &der, &e));
	s.next_update = s.this_update;
	FAILS("cert.crl.times", acsr_crl_sign(&s, k, &der, &e));
	assert_null(der.p);
}

static void broken(void **state)
{
	struct acsr_crl_spec s = spec_of(three, 3);
	struct acsr_blob der = { 0 };
	struct acsr_crl_view *v = NULL;

	(void)state;
	OK(acsr_crl_sign(&s, a_key("ec:p256"), &der, &e));
	for (size_t i = 0; i < der.len; i++) {
		struct acsr_err e = { 0 };

		assert_int_equal(acsr_crl_parse(&v, der.p, i, NULL, &e), ACSR_FAIL);
	}
	FAILS("cert.crl.parse", acsr_crl_parse(&v, (const uint8_t *)"hello", 5, NULL, &e));
	FAILS("cert.crl.parse", acsr_crl_parse(&v, ca.root.p, ca.root.len, NULL, &e));
	assert_null(v);
	acsr_blob_free(&der);
}

static void reasons(void **state)
{
	int code = -1;

	(void)state;
	OK(acsr_reason_find(&code, "keycompromise", &e));
	assert_int_equal(code, 1);
	FAILS("cert.reason", acsr_reason_find(&code, "because", &e));
	assert_string_equal(acsr_reason_name(5), "cessationOfOperation");
	assert_null(acsr_reason_name(7));
	for (int c = 0; c <= 10; c++)
		assert_int_equal(acsr_reason_by_customer(c), c == 0 || c == 1 || c == 3 || c == 4 || c == 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_and_read),
		cmocka_unit_test(openssl_agrees),
		cmocka_unit_test(not_signed),
		cmocka_unit_test(broken),
		cmocka_unit_test(reasons),
	};
	int failed;

	ca = make_ca();
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	free_ca(&ca);
	return failed;
}
