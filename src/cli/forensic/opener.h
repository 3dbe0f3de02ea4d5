/*
 * The forms in which a key can be handed over, and the customer's means to open each: the unlock code, or keys that are
 * made for the run and never leave this process.
 */
#ifndef CLI_FORENSIC_OPENER_H
#define CLI_FORENSIC_OPENER_H

#include <jansson.h>

#include "autocsr/key.h"

struct form {
	const char *name;  /* "zip" "pkcs8" "p12" "p12-legacy" "age" "cms" */
	const char *grade; /* "code" "sealed" */
};
bool form_is_sealed(const struct form *f);
/* NULL when there is none. */
const struct form *form_find(const char *name);

struct opener;

ACSR_MUST_USE enum acsr_result opener_new(struct opener **out, struct acsr_err *e);
void opener_free(struct opener *o); /* NULL is fine */

/* The member hand_over of an order in that form; *out is yours. */
ACSR_MUST_USE enum acsr_result opener_hand_over(
	const struct opener *o, const struct form *f, json_t **out, struct acsr_err *e);
/* The key that was handed over. `code` is NULL for sealed forms. */
ACSR_MUST_USE enum acsr_result opener_open(const struct opener *o, const struct form *f, const uint8_t *p,
	size_t len, const struct acsr_secret *code, struct acsr_key **key, struct acsr_err *e);

#endif
