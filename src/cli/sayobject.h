/* The documents of pki/show.h as lines for people. All strings must be harmless already (say_safe_json). */
#ifndef CLI_SAYOBJECT_H
#define CLI_SAYOBJECT_H

#include <jansson.h>
#include <stdbool.h>

void say_csr(const json_t *csr);
void say_certificate(const json_t *cert);
void say_crl(const json_t *crl);
void say_key(const json_t *key);
/* With a blank line between them. */
void say_certificates(const json_t *list);
/* show.schema.json: a heading for each object when there are several, the file's name when `named`. */
void say_objects(const json_t *doc, bool named);

#endif
