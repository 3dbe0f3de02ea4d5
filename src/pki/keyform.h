/*
 * The forms in which a key is handed over: names, files, media types. One table for the service and the command
 * line; who writes the forms is elsewhere (archive.h, key.h, pkcs12.h and the sealing).
 */
#ifndef PKI_KEYFORM_H
#define PKI_KEYFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct keyform {
	const char *name;      /* "zip" … */
	bool sealed;           /* to a recipient's public key; else locked by a code */
	const char *extension; /* of the file: ".zip" */
	/* Registered where there is one: RFC 8551 for CMS; RFC 8351's pkcs8-encrypted is for BER only, so its PEM
	 * goes as other PEM does; age has none. */
	const char *media_type;
	const char *begins; /* its first bytes */
	const char *words;  /* for people: "AES-256 ZIP archive" */
};

/* Do these bytes begin as that form does? No more than a glance: whether they open, only who has code or key sees. */
bool keyform_begins(const struct keyform *f, const uint8_t *p, size_t n);

/* NULL: there is no such form. */
const struct keyform *keyform_find(const char *name);
/* All, the default of each kind first; ends with a NULL name. */
const struct keyform *keyform_all(void);

#endif
