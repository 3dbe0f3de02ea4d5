/* The parts of the verdict on names, each in a file of its own: suffixes, internationalised labels, IP
 * addresses. */
#ifndef PKI_NAME_INT_H
#define PKI_NAME_INT_H

#include "autocsr/name.h"
#include "base/err.h"

/* suffix.c: the ICANN section of the Public Suffix List. `s` is canonical ASCII without a wildcard. */
bool suffix_is_public(const char *s);
/* The public suffix at the end of s, a loan into s; NULL when its TLD is not in the list. */
const char *suffix_of(const char *s);

/* idn.c. `out` needs 256 bytes. U-labels become A-labels: name.idna */
ACSR_MUST_USE enum acsr_result idn_to_ascii(const char *utf8, char *out, struct acsr_err *e);
/* Each xn-- label must decode, and encode to itself: name.alabel. `out` needs 1024 bytes. */
ACSR_MUST_USE enum acsr_result idn_to_unicode(const char *ascii, char *out, struct acsr_err *e);
/* ACSR_NAME_WARN_… for the labels of a name in Unicode. */
unsigned idn_warnings(const char *utf8);
/* Characters that nobody sees, or that reorder others. */
bool idn_has_invisible(const char *utf8, size_t n);
bool idn_has_space(const char *utf8, size_t n);

/* nameip.c: true when `s` is written like an IP address (or wants to be); then *r is the verdict. */
bool nameip_check(const char *s, enum acsr_name_policy policy, struct acsr_name *out, enum acsr_result *r,
	struct acsr_err *e);

#endif
