/* docs/API.md for machines: openapi.json, embedded when building. */
#ifndef CORE_OPENAPI_H
#define CORE_OPENAPI_H

#include <stddef.h>

extern const unsigned char openapi_json[];
extern const size_t openapi_json_len;

#endif
