/*
 * finding.h: what the library found, as a list, with a finding of one's own beside it.
 *
 * Run: finding
 * Prints: fail key.rsa.bits: …
 * Prints: warn our.owner: the key of nobody in particular
 * Prints: the worst is fail
 */
#include <stdio.h>
#include <stdlib.h>
#include <openssl/evp.h>

#include <autocsr/finding.h>
#include <autocsr/key.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

int main(void)
{
	EVP_PKEY *small = EVP_RSA_gen(1024); /* too small for any CA */
	struct acsr_findings all = { 0 };
	struct acsr_key *key;
	struct acsr_err e;

	if (small == NULL)
		return 1;
	check(acsr_key_wrap_evp(&key, small, &e), &e);
	EVP_PKEY_free(small);

	if (acsr_key_check_public(key, NULL, &all, &e) == ACSR_OK)
		return 1;
	check(acsr_findings_add(&all, ACSR_WARN, "our.owner", "", "our own rules", "name an owner", &e,
		      "the key of %s", "nobody in particular"),
		&e);
	for (size_t i = 0; i < all.n; i++)
		if (all.v[i].severity >= ACSR_WARN)
			printf("%s %s: %s\n", acsr_severity_name(all.v[i].severity), all.v[i].id,
				all.v[i].text);
	printf("the worst is %s\n", acsr_severity_name(acsr_findings_worst(&all)));
	acsr_findings_free(&all);
	acsr_key_free(key);
	return 0;
}
