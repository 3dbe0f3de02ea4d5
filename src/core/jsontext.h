/* Texts that jansson makes live in its own (wiping) allocator; these helpers keep that in one place. */
#ifndef CORE_JSONTEXT_H
#define CORE_JSONTEXT_H

#include <jansson.h>

#include "base/err.h"

/* Free what json_dumps returned; NULL is fine. */
void json_dumps_free(char *text);
/* v as compact JSON in ordinary memory (to free()); v's reference is taken over. */
ACSR_MUST_USE enum acsr_result json_text(json_t *v, char **out, struct acsr_err *e);
/* RFC 3339, or null for 0. */
json_t *json_time(int64_t t);
/* A string, or null for NULL and "". */
json_t *json_text_or_null(const char *s);

/* The names of an object's members, separated by blanks, as many as fit: for the audit log. */
void json_members(json_t *object, char *out, size_t cap);

#endif
