/*
 * jwk.h: a public key as a JSON Web Key, and its thumbprint, as ACME accounts and OAuth servers want it.
 *
 * Run: jwk
 * Prints: {"crv":"P-256","kty":"EC",…"kid":"…"}
 * Prints: thumbprint …
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/jwk.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

int main(void)
{
	struct acsr_blob json = { 0 };
	struct acsr_key *key;
	char thumbprint[44];
	struct acsr_err e;

	check(acsr_key_generate(&key, "ec:p256", &e), &e);
	check(acsr_jwk_public(key, NULL, 0, &json, &e), &e);
	check(acsr_jwk_thumbprint(key, thumbprint, &e), &e);
	printf("%sthumbprint %s\n", (const char *)json.p, thumbprint);
	acsr_blob_free(&json);
	acsr_key_free(key);
	return 0;
}
