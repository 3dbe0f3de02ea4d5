/* Subjects as text: what is printed parses again, to the same fields and the same DER. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pki/subject_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static bool encode(const struct acsr_dn *dn, unsigned char **der, int *n)
{
	X509_NAME *name = NULL;

	*der = NULL;
	if (subject_to_name(&name, dn, NULL) != ACSR_OK)
		return false; /* a #hex value of a type that a name does not hold */
	*n = i2d_X509_NAME(name, der);
	X509_NAME_free(name);
	return *n >= 0;
}

static void same(const struct acsr_dn *a, const struct acsr_dn *b)
{
	unsigned char *der_a, *der_b;
	int n_a = 0, n_b = 0;
	bool made_a = encode(a, &der_a, &n_a), made_b = encode(b, &der_b, &n_b);

	must(a->n == b->n && made_a == made_b);
	for (size_t i = 0; i < a->n; i++)
		must(strcmp(a->v[i].name, b->v[i].name) == 0 && strcmp(a->v[i].value, b->v[i].value) == 0 &&
			a->v[i].joined == b->v[i].joined && a->v[i].hex == b->v[i].hex);
	must(!made_a || (n_a == n_b && memcmp(der_a, der_b, (size_t)n_a) == 0));
	OPENSSL_free(der_a);
	OPENSSL_free(der_b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	CLEANUP_STR char *text = strndup((const char *)data, size), *printed = NULL;
	struct acsr_dn dn = { 0 }, again = { 0 };

	if (text == NULL || acsr_dn_parse(&dn, text, NULL) != ACSR_OK)
		return 0;
	for (size_t i = 0; i < dn.n; i++)
		must(!str_has_control(dn.v[i].value) && dn.v[i].value[0] != '\0');
	must(acsr_dn_print(&printed, &dn, NULL) == ACSR_OK);
	must(acsr_dn_parse(&again, printed, NULL) == ACSR_OK);
	same(&dn, &again);
	acsr_dn_arrange(&again);
	must(again.n == dn.n);
	acsr_dn_free(&dn);
	acsr_dn_free(&again);
	return 0;
}
