/* The one table from error ids to HTTP status, exit code, ACME problem and title. */
#include <string.h>

#include "base/err.h"

static const struct err_face faces[] = {
	/* prefix, HTTP, exit, ACME, title */
	{ "usage.", 400, 2, "malformed", "wrong usage" },
	{ "request.", 400, 3, "malformed", "the request cannot be read" },
	{ "request.too-large", 413, 3, "malformed", "the request is too large" },
	{ "request.method", 405, 3, "malformed", "method not allowed" },
	{ "request.method.unknown", 501, 3, "malformed", "unknown method" },
	{ "request.version", 505, 3, "malformed", "HTTP version not supported" },
	{ "request.target.long", 414, 3, "malformed", "the request target is too long" },
	{ "request.media-type", 415, 3, "malformed", "unsupported media type" },
	{ "request.timeout", 408, 5, "malformed", "the request took too long" },
	{ "request.headers", 431, 3, "malformed", "the request headers are too large" },
	{ "request.field.", 422, 3, "malformed", "a field is not valid" },
	{ "request.idempotency", 409, 3, "malformed", "the idempotency key was used for another request" },
	{ "auth.", 401, 4, "unauthorized", "log in first" },
	{ "auth.forbidden", 403, 4, "unauthorized", "not permitted" },
	{ "auth.csrf", 403, 4, "unauthorized", "the request does not come from the portal" },
	{ "auth.reauth", 403, 4, "unauthorized", "confirm the password again" },
	{ "auth.wrong", 401, 4, "unauthorized", "wrong e-mail address, password or code" },
	{ "auth.totp", 401, 4, "unauthorized", "a second factor is needed" },
	{ "auth.second-factor", 401, 4, "unauthorized", "a second factor is needed" },
	{ "auth.passkey", 401, 4, "unauthorized", "the passkey was not accepted" },
	{ "auth.slow", 429, 4, "rateLimited", "too many attempts" },
	{ "passkey.", 422, 4, "malformed", "the passkey cannot be used" },
	{ "passkey.host", 409, 4, "malformed", "passkeys need a host name" },
	{ "limit.", 429, 5, "rateLimited", "too many requests" },
	{ "object.absent", 404, 3, "malformed", "there is no such object" },
	{ "object.exists", 409, 3, "malformed", "it exists already" },
	{ "state.", 409, 4, "orderNotReady", "not possible in this state" },
	{ "acme.order-not-ready", 403, 4, "orderNotReady", "the order is not ready" },
	{ "acme.identifier.unsupported", 400, 3, "unsupportedIdentifier",
		"an identifier of an unknown type" },
	{ "acme.identifier.rejected", 400, 4, "rejectedIdentifier", "a name is not certified" },
	{ "acme.identifier.malformed", 400, 3, "malformed", "an identifier is not valid" },
	{ "acme.order.", 400, 3, "malformed", "the order is not valid" },
	{ "acme.bad-csr", 400, 3, "badCSR", "the CSR is not acceptable" },
	{ "acme.profile", 400, 3, "invalidProfile", "there is no such profile" },
	{ "acme.replaced", 409, 4, "alreadyReplaced", "the certificate was replaced already" },
	{ "acme.revoked", 400, 4, "alreadyRevoked", "the certificate is revoked already" },
	{ "acme.reason", 400, 3, "badRevocationReason", "the reason cannot be chosen" },
	{ "acme.not-yours", 403, 4, "unauthorized", "not permitted" },
	{ "csr.", 422, 3, "badCSR", "the CSR is not acceptable" },
	{ "csr.too-large", 413, 3, "badCSR", "the CSR is too large" },
	{ "key.", 422, 3, "badPublicKey", "the key is not acceptable" },
	{ "name.", 422, 3, "rejectedIdentifier", "a name is not acceptable" },
	{ "subject.", 422, 3, "malformed", "a subject field is not acceptable" },
	{ "cert.", 422, 3, "malformed", "the certificate cannot be used" },
	{ "input.", 422, 3, "malformed", "the input cannot be read" },
	{ "archive.", 422, 3, "malformed", "the archive cannot be used" },
	{ "archive.code", 422, 1, "malformed", "the unlock code does not fit" },
	{ "archive.gone", 410, 4, "malformed", "the archive is gone" },
	{ "code.gone", 410, 4, "malformed", "the unlock code is gone" },
	{ "recipient.", 422, 3, "malformed", "nothing can be sealed to this recipient" },
	{ "policy.two-persons", 409, 4, "unauthorized", "another person must decide" },
	{ "policy.", 422, 4, "rejectedIdentifier", "refused by policy" },
	{ "caa.", 422, 4, "caa", "CAA forbids it" },
	{ "dns.", 422, 4, "dns", "a DNS look-up failed" },
	{ "validation.", 422, 4, "incorrectResponse", "the validation failed" },
	{ "lint.", 500, 4, "serverInternal", "the certificate would break its profile" },
	{ "verify.", 422, 1, "malformed", "the certificate does not verify" },
	{ "match.", 422, 1, "malformed", "they do not belong together" },
	{ "busy.", 503, 5, "serverInternal", "the service cannot do this right now" },
	{ "mail.", 502, 5, "serverInternal", "the mail cannot be sent" },
	{ "mail.refused", 422, 4, "malformed", "the mail server refuses it" },
	{ "mail.archive-lost", 410, 4, "malformed", "the archive is gone" },
	{ "kek.", 500, 5, "serverInternal", "a stored secret cannot be opened" },
	{ "mail.off", 503, 5, "serverInternal", "no mail server is configured" },
	{ "publish.", 502, 5, "serverInternal", "a proof could not be published" },
	{ "upstream.", 502, 5, "serverInternal", "the other CA did not do it" },
	{ "upstream.refused.", 422, 4, "malformed", "the other CA refuses it" },
	{ "upstream.account", 409, 4, "accountDoesNotExist", "no account at the other CA" },
	{ "upstream.terms", 422, 4, "userActionRequired", "the other CA's terms are not agreed to" },
	{ "upstream.eab", 422, 4, "externalAccountRequired", "the other CA wants an external account binding" },
	{ "upstream.kind", 409, 4, "malformed", "not possible with this issuer" },
	{ "upstream.url", 422, 3, "malformed", "the issuer's URL cannot be used" },
	{ "net.", 502, 5, "connection", "another server did not answer" },
	{ "note.", 422, 3, "malformed", "the signed note cannot be used" },
	{ "note.signature", 422, 1, "malformed", "the signed note was changed" },
	{ "note.unsigned", 422, 1, "malformed", "the note is signed by somebody else" },
	{ "receipt.", 422, 3, "malformed", "this is not a receipt" },
	{ "receipt.signature", 422, 1, "malformed", "the receipt was changed" },
	{ "merkle.", 422, 1, "malformed", "the proof does not hold" },
	{ "audit.", 500, 5, "serverInternal", "the audit log was damaged" },
	{ "token.", 502, 5, "serverInternal", "the token cannot be used" },
	{ "token.uri", 422, 2, "malformed", "the token's URI is not good" },
	{ "token.pin.", 422, 4, "malformed", "the token wants another PIN" },
	{ "forensic.", 500, 5, "serverInternal", "the service cannot be searched" },
	{ "forensic.product", 422, 3, "malformed", "nothing can be ordered" },
	{ "acme.nonce", 400, 5, "badNonce", "the nonce is not good (any more)" },
	{ "acme.url", 403, 4, "unauthorized", "the request was signed for another address" },
	{ "acme.account.absent", 400, 4, "accountDoesNotExist", "there is no such account" },
	{ "acme.account.ended", 401, 4, "unauthorized", "the account is deactivated" },
	{ "acme.account.other", 403, 4, "unauthorized", "another account's" },
	{ "acme.contact", 400, 3, "invalidContact", "a contact is not acceptable" },
	{ "acme.contact.scheme", 400, 3, "unsupportedContact", "only mailto: contacts are known here" },
	{ "acme.terms", 403, 4, "userActionRequired", "the terms of service must be agreed to" },
	{ "acme.eab.required", 403, 4, "externalAccountRequired", "an external account binding is needed" },
	{ "acme.eab", 403, 4, "unauthorized", "the external account binding is not good" },
	{ "jws.", 400, 3, "malformed", "the signed request cannot be read" },
	{ "jws.alg", 400, 3, "badSignatureAlgorithm", "the signature algorithm is not acceptable" },
	{ "jws.key", 400, 3, "badPublicKey", "the key is not acceptable" },
	{ "jws.signature", 400, 1, "malformed", "the signature does not fit" },
	{ "config.", 500, 3, "serverInternal", "the configuration is not valid" },
	{ "openssl.unsupported", 501, 5, "badPublicKey", "this OpenSSL lacks the algorithm" },
	{ "sys.nospace", 503, 5, "serverInternal", "the disk is full" },
	{ "sys.", 500, 5, "serverInternal", "the system refused" },
	{ "", 500, 5, "serverInternal", "internal error" },
};

const struct err_face *err_face(const char *id)
{
	const struct err_face *best = &faces[sizeof(faces) / sizeof(faces[0]) - 1];
	size_t best_len = 0;

	for (size_t i = 0; i < sizeof(faces) / sizeof(faces[0]); i++) {
		size_t n = strlen(faces[i].prefix);
		int whole = n > 0 && faces[i].prefix[n - 1] != '.';

		if (n <= best_len || strncmp(id, faces[i].prefix, n) != 0)
			continue;
		if (whole && id[n] != '\0' && id[n] != '.')
			continue;
		best = &faces[i];
		best_len = n;
	}
	return best;
}
