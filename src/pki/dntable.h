/* The attributes of subjects that we know by name: RFC 4519, RFC 5280 appendix A, RFC 3739, RFC 2985, EVG. */
#ifndef PKI_DNTABLE_H
#define PKI_DNTABLE_H

#include <stddef.h>

struct dn_type {
	const char *name;  /* as printed: RFC 4514 where it has one */
	const char *alias; /* other names in any case, separated by blanks */
	const char *oid;
	int tag;    /* ASN.1 string type that we write; 0: no text, "#hex" only */
	size_t max; /* characters; X.520 upper bounds */
	int rank;   /* where it usually stands, from the most general on */
	const char *text;
};

const struct dn_type *dn_type_at(size_t i); /* NULL past the end */
/* By name or alias in any case, or dotted OID ("OID." before it is fine); NULL when unknown. */
const struct dn_type *dn_type_find(const char *name);

#endif
