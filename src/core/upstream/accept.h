/*
 * Certificates that another CA made: judged before they are accepted, then stored with their chain. The ACME client and
 * the imports for offline CAs both come here; nothing else stores a certificate that is not our signer's.
 *
 * What a CA sends is hostile input. It is accepted for one order only when
 *   its key is that of the order's current CSR                     match.key
 *   it names exactly the order's names, DNS as DNS, IP as IP       cert.names
 *   it is valid now (a start within the next day is fine)          verify.expired, verify.not-yet
 *   it is no CA certificate, and no precertificate (RFC 6962 3.1)  verify.ca, cert.precertificate
 *   it is for TLS servers, or says nothing (not of an offline CA)  cert.eku
 *   it is not there already                                        object.exists
 *   the signatures up to the anchors, or as far as came along, are right   verify.…
 * What the linter finds is a warning: the certificate exists whether we like it or not.
 * NOT checked: revocation, certificate transparency, whether anybody trusts the root.
 */
#ifndef CORE_UPSTREAM_ACCEPT_H
#define CORE_UPSTREAM_ACCEPT_H

#include "autocsr/cert.h"
#include "autocsr/finding.h"
#include "core/order.h"
#include "store/issuers.h"

struct accept_from {
	const char *issuer;  /* its name, as certificates.issuer keeps it */
	const char *profile; /* of the product: "dv"; which lint rules bind */
	bool public;         /* the public ones do */
	const char *
		anchors; /* PEM: the chain must lead to one of these, which need not be roots; "" or NULL: unknown */
	bool extra_names; /* a certificate with more names than the order has is a warning */
};

/* How certificates of this issuer are judged; a loan of its row and of the product's. */
struct accept_from accept_of(const struct upstream_issuer *is, const struct product *p);

/* What passed. */
struct accepted {
	struct acsr_cert_view *view;
	struct acsr_blob der;
	char *chain; /* PEM of those above it, each one's issuer next, without the root; "" when none came */
	char **warnings; /* for people */
	size_t n_warnings;
};
void accepted_clear(struct accepted *a);
#define CLEANUP_ACCEPTED __attribute__((cleanup(accepted_clear)))

/* Judge what came for the order: DERs, the leaf anywhere among them. *out untouched unless ACSR_OK. */
ACSR_MUST_USE enum acsr_result accept_check(struct core *c, const struct order *o,
	const struct accept_from *from, const struct acsr_blob *certs, size_t n, struct accepted *out,
	struct acsr_err *e);
/* Store it and let the order, which is issuing, be issued: older certificates replaced, audit entry, mail, expiry. The
 * same certificate a second time: object.exists. serial (room for 43) gets the key of its row: the serial in hex, with
 * "-2" behind it when a certificate of another CA has that very serial. */
ACSR_MUST_USE enum acsr_result accept_store(struct core *c, struct order *o, const struct accept_from *from,
	const struct accepted *a, const char *actor, char serial[43], struct acsr_err *e);

#endif
