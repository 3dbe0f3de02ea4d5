/* One row a form. */
#include "pki/keyform.h"

#include <string.h>

#define DER_SEQUENCE "\x30"

static const struct keyform forms[] = {
	{ "zip", false, ".zip", "application/zip", "PK\x03\x04", "AES-256 ZIP archive" },
	{ "pkcs8", false, ".key.pem", "application/x-pem-file", "-----BEGIN ENCRYPTED PRIVATE KEY-----",
		"encrypted PKCS#8 key" },
	{ "p12", false, ".p12", "application/x-pkcs12", DER_SEQUENCE, "PKCS#12 file" },
	{ "p12-legacy", false, ".p12", "application/x-pkcs12", DER_SEQUENCE,
		"PKCS#12 file for old programs" },
	{ "age", true, ".key.age", "application/octet-stream", "age-encryption.org/v1\n", "age file" },
	{ "cms", true, ".p7m", "application/pkcs7-mime; smime-type=authEnveloped-data", DER_SEQUENCE,
		"CMS message" },
	{ NULL, false, NULL, NULL, NULL, NULL },
};

const struct keyform *keyform_all(void)
{
	return forms;
}

const struct keyform *keyform_find(const char *name)
{
	for (const struct keyform *f = forms; f->name != NULL; f++)
		if (strcmp(f->name, name) == 0)
			return f;
	return NULL;
}

bool keyform_begins(const struct keyform *f, const uint8_t *p, size_t n)
{
	size_t len = strlen(f->begins);

	return n > len && memcmp(p, f->begins, len) == 0;
}
