/* A JWS of a stranger: it is taken apart or refused, and what was taken apart is verified or refused. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "pki/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(int what)
{
	if (!what)
		abort();
}

static void use(struct jws *j)
{
	struct acsr_key *key = NULL;
	struct acsr_secret *mac = NULL;
	struct acsr_err e = { 0 };

	must(strlen(j->url) <= JWS_URL_MAX && strlen(j->kid) <= JWS_KID_MAX &&
		strlen(j->nonce) <= JWS_NONCE_MAX);
	must(acsr_secret_new(&mac, "0123456789abcdef", 16, &e) == ACSR_OK);
	if (jws_verify_mac(j, mac, &e) != ACSR_OK)
		must(e.id[0] != '\0');
	acsr_secret_free(mac);
	e.id[0] = '\0';
	if (jws_key(j, &key, &e) != ACSR_OK || jws_verify(j, key, &e) != ACSR_OK)
		must(e.id[0] != '\0');
	acsr_key_free(key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_err e = { 0 };
	struct jws j = { 0 };

	if (jws_read(&j, (struct bytes){ data, size }, &e) == ACSR_OK)
		use(&j);
	else
		must(e.id[0] != '\0');
	jws_free(&j);
	return 0;
}
