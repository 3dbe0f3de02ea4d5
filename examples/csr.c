/*
 * csr.h: a key, a CSR for two names, and what the CSR says when it is read again.
 *
 * Run: csr >www.csr
 * Prints: -----BEGIN CERTIFICATE REQUEST-----
 * Prints: for dns www.example.com
 * Prints: signed with ecdsa-with-SHA256
 */
#include <stdio.h>
#include <stdlib.h>

#include <autocsr/csr.h>

static int fail(const struct acsr_err *e)
{
	fprintf(stderr, "%s: %s\n", e->id, e->text);
	return EXIT_FAILURE;
}

int main(void)
{
	struct acsr_dn subject = { 0 };
	struct acsr_sans names = { 0 };
	struct acsr_csr_request request = { .subject = &subject, .sans = &names };
	struct acsr_key *key = NULL;
	struct acsr_csr_view *view = NULL;
	struct acsr_blob der = { 0 }, pem = { 0 };
	struct acsr_err e;

	if (acsr_key_generate(&key, "ec:p256", &e) != ACSR_OK ||
		acsr_dn_parse(&subject, "CN=www.example.com,O=Example,C=DE", &e) != ACSR_OK ||
		acsr_sans_add(&names, ACSR_SAN_DNS, "www.example.com", &e) != ACSR_OK ||
		acsr_sans_add(&names, ACSR_SAN_DNS, "example.com", &e) != ACSR_OK ||
		acsr_csr_build(&request, key, &der, &e) != ACSR_OK ||
		acsr_csr_pem(der.p, der.len, &pem, &e) != ACSR_OK ||
		acsr_csr_parse(&view, der.p, der.len, &e) != ACSR_OK)
		return fail(&e);

	fputs((const char *)pem.p, stdout);
	printf("signed with %s\n", view->signature_alg);
	for (size_t i = 0; i < view->sans.n; i++)
		printf("for %s %s\n", acsr_san_type_name(view->sans.v[i].type), view->sans.v[i].value);

	acsr_csr_view_free(view);
	acsr_blob_free(&pem);
	acsr_blob_free(&der);
	acsr_key_free(key);
	acsr_sans_free(&names);
	acsr_dn_free(&subject);
	return EXIT_SUCCESS;
}
