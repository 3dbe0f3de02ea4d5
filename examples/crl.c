/*
 * crl.h: a CA revokes a certificate and publishes its list; somebody looks a serial number up in it.
 *
 * Run: crl
 * Prints: CRL number 7, 1 entry
 * Prints: 0102: revoked, keyCompromise
 * Prints: 0a0b: not revoked
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <autocsr/cert.h>
#include <autocsr/crl.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

static void make_ca(struct acsr_key **key, struct acsr_blob *cert)
{
	const struct acsr_profile *profile;
	struct acsr_dn name = { 0 };
	struct acsr_err e;

	check(acsr_key_generate(key, "ec:p384", &e), &e);
	check(acsr_dn_parse(&name, "CN=Example Root,O=Example", &e), &e);
	struct acsr_cert_spec spec = { .subject = &name, .subject_key = *key };
	check(acsr_profile_find(&profile, "ca-root", &e), &e);
	check(acsr_cert_serial(&spec, &e), &e);
	check(acsr_cert_apply_profile(&spec, profile, (int64_t)time(NULL), 0, &e), &e);
	check(acsr_cert_sign(&spec, *key, cert, &e), &e);
	acsr_dn_free(&name);
}

int main(void)
{
	static const uint8_t asked[][2] = { { 0x01, 0x02 }, { 0x0a, 0x0b } };
	int64_t now = (int64_t)time(NULL);
	struct acsr_crl_entry revoked = { .serial = { 0x01, 0x02 },
		.serial_len = 2,
		.revoked_at = now - 60,
		.reason = ACSR_REASON_KEY_COMPROMISE };
	struct acsr_blob ca = { 0 }, der = { 0 };
	struct acsr_crl_view *view;
	struct acsr_key *key;
	struct acsr_err e;

	make_ca(&key, &ca);
	struct acsr_crl_spec spec = { .number = 7,
		.this_update = now,
		.next_update = now + 7 * 86400,
		.entries = &revoked,
		.n_entries = 1,
		.issuer_der = ca.p,
		.issuer_len = ca.len };
	check(acsr_crl_sign(&spec, key, &der, &e), &e);

	check(acsr_crl_parse(&view, der.p, der.len, key, &e),
		&e); /* with the key: the signature is checked */
	printf("CRL number %llu, %zu entry\n", (unsigned long long)view->number, view->n_entries);
	for (size_t i = 0; i < 2; i++) {
		const struct acsr_crl_entry *found = acsr_crl_find(view, asked[i], 2);

		printf("%02x%02x: %s%s\n", asked[i][0], asked[i][1],
			found != NULL ? "revoked, " : "not revoked",
			found != NULL ? acsr_reason_name(found->reason) : "");
	}
	acsr_crl_view_free(view);
	acsr_blob_free(&der);
	acsr_blob_free(&ca);
	acsr_key_free(key);
	return 0;
}
