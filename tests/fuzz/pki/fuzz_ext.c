/* Extensions and names as they stand in CSRs and certificates, without a signature in the way. */
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "pki/attr.h"
#include "pki/ext.h"
#include "pki/subject_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct reading strict = { "csr", NULL };

static void extensions(const uint8_t *data, size_t size)
{
	const unsigned char *p = data;
	STACK_OF(X509_EXTENSION) *exts = (STACK_OF(X509_EXTENSION) *)ASN1_item_d2i(
		NULL, &p, (long)size, ASN1_ITEM_rptr(X509_EXTENSIONS));
	struct ext_common c = { .path_len = -1 };
	struct acsr_err e;

	if (exts != NULL && ext_read(&c, exts, 100, &strict, &e) == ACSR_OK && c.sans.n > 100)
		abort();
	for (size_t i = 0; i < c.sans.n; i++)
		if (str_has_control(c.sans.v[i].value))
			abort();
	ext_common_free(&c);
	ext_free_stack(&exts);
}

static void subject(const uint8_t *data, size_t size)
{
	const unsigned char *p = data;
	X509_NAME *name = d2i_X509_NAME(NULL, &p, (long)size);
	struct acsr_dn dn = { 0 };
	struct acsr_err e;

	if (name != NULL)
		(void)!subject_from_name(&dn, name, &strict, &e);
	for (size_t i = 0; i < dn.n; i++)
		if (str_has_control(dn.v[i].value))
			abort();
	acsr_dn_free(&dn);
	X509_NAME_free(name);
}

/* Lenient: whatever OpenSSL decodes can be looked at, marked where it breaks a rule. */
static void leniently(const uint8_t *data, size_t size)
{
	const unsigned char *p = data;
	STACK_OF(X509_EXTENSION) *exts = (STACK_OF(X509_EXTENSION) *)ASN1_item_d2i(
		NULL, &p, (long)size, ASN1_ITEM_rptr(X509_EXTENSIONS));
	struct acsr_findings broken = { 0 };
	const struct reading how = { "csr", &broken };
	struct ext_common c = { .path_len = -1 };

	if (exts != NULL && ext_read(&c, exts, 100, &how, NULL) != ACSR_OK)
		abort();
	for (size_t i = 0; i < c.sans.n; i++)
		if (str_has_control(c.sans.v[i].value) ||
			(c.sans.v[i].value[0] == '\0' && !c.sans.v[i].broken))
			abort();
	ext_common_free(&c);
	acsr_findings_free(&broken);
	ext_free_stack(&exts);
}

static void attribute(const uint8_t *data, size_t size)
{
	const unsigned char *p = data;
	X509_ATTRIBUTE *a = d2i_X509_ATTRIBUTE(NULL, &p, (long)size);
	struct acsr_attr *it = calloc(1, sizeof(*it));

	if (a != NULL && it != NULL && attr_take(it, a, NULL) != ACSR_OK)
		abort();
	if (it != NULL && it->text != NULL &&
		(str_has_control(it->text) || !str_is_utf8(it->text, strlen(it->text))))
		abort();
	attr_free_list(it, 1);
	X509_ATTRIBUTE_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	extensions(data, size);
	leniently(data, size);
	attribute(data, size);
	subject(data, size);
	return 0;
}
