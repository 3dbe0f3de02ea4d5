/*
 * token.h: a CSR with a key that stays in a PKCS#11 token.
 *
 * usage: token URI MODULE PIN-FILE    for example: token 'pkcs11:token=shop;object=www'
 * /usr/lib/softhsm/libsofthsm2.so pin
 */
#include <stdio.h>
#include <string.h>

#include <autocsr/csr.h>
#include <autocsr/token.h>

static enum acsr_result read_pin(struct acsr_secret **pin, const char *path, struct acsr_err *e)
{
	char text[64] = "";
	FILE *f = fopen(path, "r");

	if (f != NULL && fgets(text, sizeof(text), f) != NULL)
		text[strcspn(text, "\n")] = '\0';
	if (f != NULL)
		fclose(f);
	return acsr_secret_new(pin, text, strlen(text), e);
}

int main(int argc, char **argv)
{
	struct acsr_dn subject = { 0 };
	struct acsr_csr_request request = { .subject = &subject };
	struct acsr_blob der = { 0 }, pem = { 0 };
	struct acsr_secret *pin = NULL;
	struct acsr_key *key = NULL;
	struct acsr_err e;
	int failed = 1;

	if (argc != 4)
		return fprintf(stderr, "usage: token URI MODULE PIN-FILE\n"), 2;
	if (read_pin(&pin, argv[3], &e) == ACSR_OK &&
		acsr_token_key(&key, argv[1], argv[2], pin, &e) == ACSR_OK &&
		acsr_dn_parse(&subject, "CN=www.example.com", &e) == ACSR_OK &&
		acsr_csr_build(&request, key, &der, &e) == ACSR_OK &&
		acsr_csr_pem(der.p, der.len, &pem, &e) == ACSR_OK)
		failed = fputs((const char *)pem.p, stdout) < 0;
	else
		fprintf(stderr, "%s: %s\n", e.id, e.text);
	acsr_blob_free(&pem);
	acsr_blob_free(&der);
	acsr_dn_free(&subject);
	acsr_key_free(key);
	acsr_secret_free(pin);
	return failed;
}
