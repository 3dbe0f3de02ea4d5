/* CSR intake: whatever is pasted, to DER, to a view. What comes out must be clean. */
#include <stdlib.h>

#include "autocsr/csr.h"
#include "base/limits.h"
#include "base/str.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct acsr_csr_view *v)
{
	must(v->spki.len > 0 && v->key != NULL && v->sans.n <= LIMIT_NAMES);
	for (size_t i = 0; i < v->sans.n; i++)
		must(v->sans.v[i].value[0] != '\0' && !str_has_control(v->sans.v[i].value));
	for (size_t i = 0; i < v->subject.n; i++)
		must(!str_has_control(v->subject.v[i].value));
}

static void parse(const uint8_t *p, size_t n)
{
	struct acsr_csr_view *v = NULL;
	struct acsr_err e;

	if (acsr_csr_parse(&v, p, n, &e) == ACSR_OK) {
		check(v);
		(void)!acsr_key_check_public(v->key, NULL, NULL, &e);
	}
	acsr_csr_view_free(v);
}

/* What is strictly right is leniently right; what is only lenient shows nothing that moves a cursor. */
static void read_on(const uint8_t *p, size_t n)
{
	struct acsr_csr_view *v = NULL, *strict = NULL;
	struct acsr_err e;
	bool read = acsr_csr_read(&v, p, n, &e) == ACSR_OK;

	must((acsr_csr_parse(&strict, p, n, &e) == ACSR_OK) == (read && v->broken.n == 0));
	for (size_t i = 0; read && i < v->sans.n; i++)
		must(!str_has_control(v->sans.v[i].value));
	for (size_t i = 0; read && i < v->subject.n; i++)
		must(!str_has_control(v->subject.v[i].value));
	acsr_csr_view_free(strict);
	acsr_csr_view_free(v);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct acsr_blob der = { 0 };
	struct acsr_err e;

	if (acsr_input_csr(data, size, &der, &e) == ACSR_OK)
		parse(der.p, der.len);
	else
		parse(data, size);
	read_on(data, size);
	acsr_blob_free(&der);
	return 0;
}
