/* One row a form. */
#include "pki/keyform.h"

#include <string.h>

static const struct keyform forms[] = {
	{ "zip", false, ".zip", "application/zip", "AES-256 ZIP archive" },
	{ "pkcs8", false, ".key.pem", "application/x-pem-file", "encrypted PKCS#8 key" },
	{ "p12", false, ".p12", "application/x-pkcs12", "PKCS#12 file" },
	{ "p12-legacy", false, ".p12", "application/x-pkcs12", "PKCS#12 file for old programs" },
	{ "age", true, ".key.age", "application/octet-stream", "age file" },
	{ "cms", true, ".p7m", "application/pkcs7-mime; smime-type=authEnveloped-data", "CMS message" },
	{ NULL, false, NULL, NULL, NULL },
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
