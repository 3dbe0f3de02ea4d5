/* The policies of data/policies as they stand inside the library (tools/embed-file). */
#ifndef PKI_POLICY_DATA_H
#define PKI_POLICY_DATA_H

#include <stddef.h>

extern const unsigned char policy_public_json[];
extern const size_t policy_public_json_len;
extern const unsigned char policy_private_json[];
extern const size_t policy_private_json_len;

#endif
