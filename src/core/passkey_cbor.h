/*
 * Walking CBOR (RFC 8949) as CTAP2 writes it: definite lengths, no tags, shallow. It finds the parts of an
 * attestation object, and makes sure that every length in it is backed by bytes, before a general decoder
 * reserves memory for it. Pieces are loans of the input. (The long prefix: libcbor, which libfido2 loads, owns the
 * short one.)
 */
#ifndef CORE_PASSKEY_CBOR_H
#define CORE_PASSKEY_CBOR_H

#include <stdbool.h>

#include "base/buf.h"

enum cbor_kind { CBOR_UINT, CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT, CBOR_ARRAY, CBOR_MAP };

/* Take one whole item from the front of *in; false: none there that is well-formed. */
bool passkey_cbor_take(struct bytes *in, struct bytes *item);
/* Is all of it one well-formed item? */
bool passkey_cbor_is_one(struct bytes item);
/* The value under a text key of a map that passkey_cbor_is_one; false: no map, no such key, or the key twice. */
bool passkey_cbor_member(struct bytes map, const char *key, struct bytes *value);
/* What is inside a byte string or text. */
bool passkey_cbor_string(struct bytes item, enum cbor_kind kind, struct bytes *out);
/* An integer of either sign that fits. */
bool passkey_cbor_integer(struct bytes item, int64_t *out);
/* The number of entries of a map. */
bool passkey_cbor_map_size(struct bytes item, uint64_t *out);

#endif
