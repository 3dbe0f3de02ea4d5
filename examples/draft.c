/*
 * draft.h: a CSR from a request file.
 *
 * Run: draft
 * Prints: -----BEGIN CERTIFICATE REQUEST-----
 * Prints: "dns": [
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <autocsr/draft.h>

static void check(enum acsr_result r, const struct acsr_err *e)
{
	if (r == ACSR_OK)
		return;
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	exit(1);
}

static const char file[] = "subject = CN=www.example.com,O=Example,C=DE\n"
			   "host = www.example.com example.com\n"
			   "eku = serverAuth\n"
			   "key = ec:p256\n";

int main(void)
{
	struct acsr_blob der = { 0 }, pem = { 0 }, json = { 0 };
	struct acsr_csr_request request;
	struct acsr_csr_draft draft;
	struct acsr_key *key;
	struct acsr_err e;

	acsr_csr_draft_init(&draft);
	check(acsr_csr_draft_read(&draft, file, strlen(file), ACSR_NAMES_PUBLIC, &e), &e);
	check(acsr_csr_draft_json(&draft, &json, &e), &e);
	fputs((const char *)json.p, stdout);

	check(acsr_key_generate(&key, draft.key_type, &e), &e);
	acsr_csr_draft_request(&draft, &request);
	check(acsr_csr_build(&request, key, &der, &e), &e);
	check(acsr_csr_pem(der.p, der.len, &pem, &e), &e);
	fputs((const char *)pem.p, stdout);

	acsr_blob_free(&pem);
	acsr_blob_free(&der);
	acsr_blob_free(&json);
	acsr_key_free(key);
	acsr_csr_draft_free(&draft);
	return 0;
}
