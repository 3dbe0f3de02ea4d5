/* JSON Web Keys as the recogniser (autocsr/input.h) and the key loader meet them. */
#ifndef PKI_JWKREAD_H
#define PKI_JWKREAD_H

#include "autocsr/input.h"
#include "autocsr/key.h"
#include "base/buf.h"

/* A JSON object with "kty" or "keys" in it? Nothing more is looked at. */
bool jwk_looks(struct bytes in);

/* One JWK (RFC 7517 4), or the keys of a JWK Set (5), with their certificates behind each. */
struct jwk_walk {
	struct bytes all;
	struct bytes keys;  /* the rest of them */
	struct bytes certs; /* the rest of the last key's "x5c" */
	size_t found;
	bool begun, ended;
};

struct jwk_item {
	enum acsr_input_kind kind;  /* a private or public key, or a certificate */
	size_t offset;              /* into the walk's text */
	struct acsr_key *key;       /* yours; NULL for certificates, and on error */
	struct acsr_secret *secret; /* yours: PKCS#8 DER of a private key */
	struct acsr_blob der;       /* yours: SPKI, or the certificate */
	struct acsr_err err;        /* err.id[0] != 0: it is refused, and why */
};

/* False behind the last. */
bool jwk_next(struct jwk_walk *w, struct jwk_item *out);
void jwk_item_free(struct jwk_item *item);

#endif
