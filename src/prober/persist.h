/*
 * What a TXT record at _validation-persist.NAME says (dns-persist-01, draft-ietf-acme-dns-persist; BR 3.2.2.4.22): pure
 * functions. The text is an issue value of RFC 8659 4.2: "ca.example; accounturi=…; policy=wildcard; persistUntil=…".
 */
#ifndef PROBER_PERSIST_H
#define PROBER_PERSIST_H

#include <stdbool.h>

#include "base/buf.h"

enum persist_verdict {
	PERSIST_YES,
	PERSIST_OTHER_CA, /* for another CA, or for nobody */
	PERSIST_MALFORMED, /* not readable, or a parameter twice, or no accounturi, or a persistUntil that is no number */
	PERSIST_OTHER_ACCOUNT, /* accounturi is not exactly ours */
	PERSIST_NO_WILDCARD,   /* a wildcard is wanted, and the policy is not "wildcard" */
	PERSIST_OVER           /* persistUntil has passed */
};

struct persist_asker {
	const char *identity;    /* our issuer-domain-name; "": no record can be for us */
	const char *account_uri; /* compared byte by byte; "": none fits */
	bool wildcard;
	int64_t now; /* epoch seconds */
};

enum persist_verdict persist_judge(struct bytes text, const struct persist_asker *who);

#endif
