/*
 * Keys that stay in a PKCS#11 token (an HSM, a smart card): found by URI (RFC 7512), used to sign, never
 * read. What comes back is an ordinary struct acsr_key, so acsr_csr_build takes it; asking for its private
 * part fails with key.held.
 *
 * Modules are loaded through p11-kit, which shares them with the rest of the program. A key keeps its own
 * session with the token; use one key from one thread at a time.
 */
#ifndef AUTOCSR_TOKEN_H
#define AUTOCSR_TOKEN_H

#include "autocsr/err.h"
#include "autocsr/key.h"
#include "autocsr/secret.h"

ACSR_C_BEGIN

/*
 * The private key that `uri` names: "pkcs11:token=shop;object=www", also by id, serial, manufacturer, model,
 * slot-id. `module`: path of the PKCS#11 library; NULL: module-path or module-name of the URI, else every
 * module that p11-kit is configured with. `pin`: NULL when the token wants no login. A PIN inside the URI is
 * refused, because other users of the machine could read it. RSA and the NIST curves and EdDSA, where the
 * token signs with them.
 *   token.uri      not a PKCS#11 URI, or pin-value in it
 *   token.module   the library cannot be loaded
 *   token.absent   no such token       token.object   no such private key on it
 *   token.several  more than one token or key fits
 *   token.pin.needed  token.pin.wrong  token.pin.locked
 *   token.public   the key's public part is not on the token, neither as a public key nor in a certificate
 *   token.failed   anything else the token answers, in its words
 */
ACSR_MUST_USE enum acsr_result acsr_token_key(struct acsr_key **out, const char *uri, const char *module,
	const struct acsr_secret *pin, struct acsr_err *e);

/*
 * Makes a key pair of `type` ("rsa:2048" … "ec:p521") inside the token, not extractable, labelled with the
 * URI's object and id (made up when left out), and returns it as above. token.exists when a key of that
 * name is there already; token.type when the token cannot make this type.
 */
ACSR_MUST_USE enum acsr_result acsr_token_generate(struct acsr_key **out, const char *uri, const char *module,
	const char *type, const struct acsr_secret *pin, struct acsr_err *e);

ACSR_C_END

#endif
