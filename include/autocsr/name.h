/*
 * Names that certificates are for: DNS names, wildcards, IP addresses. One verdict for all callers.
 *
 * In the library pki_names (libidn2, libpsl), which the keymaker and the signer do not link.
 * Sources: RFC 1034/1123/5890/5891 (labels), BR 7.1.2.7.12 and 3.2.2.6 (wildcards), BR 4.2.2 (internal
 * names), RFC 6890 (special addresses), RFC 6761/6762/8375 (special names), the Public Suffix List (ICANN
 * section).
 */
#ifndef AUTOCSR_NAME_H
#define AUTOCSR_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

enum acsr_name_kind { ACSR_NAME_DNS, ACSR_NAME_WILDCARD, ACSR_NAME_IP };

/* PUBLIC: what a publicly trusted CA may certify. PRIVATE: also special and unknown TLDs (www.demo.test,
 * host.internal, a single label), and reserved addresses. Syntax rules, suffix rules and the refusal of
 * reverse zones are the same for both. */
enum acsr_name_policy { ACSR_NAMES_PUBLIC, ACSR_NAMES_PRIVATE };

#define ACSR_NAME_WARN_SCRIPTS 1u   /* one label mixes scripts (Latin and Cyrillic …) */
#define ACSR_NAME_WARN_HOMOGRAPH 2u /* a label of one script that reads like a Latin one */

struct acsr_name {
	enum acsr_name_kind kind;
	char ascii[256];    /* canonical: lower-case A-labels, "*." kept; IP in RFC 5952 text */
	char unicode[1024]; /* UTF-8 for people; the same as ascii for IP addresses */
	char suffix[256];   /* the public suffix above it ("co.uk"), "" for IP addresses */
	uint8_t ip[16];
	size_t ip_len; /* 4, 16, or 0 */
	unsigned warnings;
};

/*
 * `len` bytes of UTF-8, no NUL needed; blanks around it are not trimmed. `out` is untouched on failure.
 *   name.empty
 *   name.control            NUL, CR, LF, invisible, joining or direction-changing characters
 *   name.space  name.utf8
 *   name.url                a scheme, port, path or e-mail address was given
 *   name.length  name.label.length  name.label.empty  name.trailing-dot
 *   name.underscore
 *   name.ldh                other characters, or a hyphen at an end of a label
 *   name.hyphens            reserved "??--" that is not "xn--"
 *   name.idna               cannot be written as A-labels
 *   name.alabel             an xn-- label that does not decode and encode to itself
 *   name.wildcard.position  not the whole leftmost label
 *   name.wildcard.suffix    directly above a public suffix
 *   name.suffix             a bare public suffix
 *   name.internal           public only: one label, or a top-level domain that is not in the list
 *   name.special            public only: .test .local .internal .onion …
 *   name.reverse            below in-addr.arpa or ip6.arpa
 *   name.numeric-tld        the last label is a number
 *   name.ip                 meant as an address but not one in its usual form
 *   name.ip.reserved        a reserved range; for private only addresses that no host can have
 * NOT checked: that the name exists, who owns it, CAA.
 */
ACSR_MUST_USE enum acsr_result acsr_name_check(
	const char *s, size_t len, enum acsr_name_policy policy, struct acsr_name *out, struct acsr_err *e);

/* Does a certificate's name (canonical, perhaps a wildcard) cover a host (canonical)? RFC 9525 6.3: the
 * wildcard is the whole leftmost label and stands for exactly one. IP addresses are equal or not. */
bool acsr_name_covers(const char *pattern, const char *host);

/* The domain that a registrant holds: one label below the public suffix ("example.co.uk"); out needs 256
 * bytes. For a name on an unknown TLD the last two labels. name.suffix if there is none. */
ACSR_MUST_USE enum acsr_result acsr_name_registrable(const char *ascii, char out[256], struct acsr_err *e);

/*
 * The Public Suffix List is read once a process, when the first name is checked: Debian's
 * (/usr/share/publicsuffix), or libpsl's own when that is absent. It never changes afterwards, so threads
 * need no lock. This call chooses another (text or DAFSA) and must come first; NULL reads the default now,
 * for programs that are about to lock themselves away from the file system. config.psl       no such file, or
 * not a list config.psl.late  a list is in use already
 */
ACSR_MUST_USE enum acsr_result acsr_name_psl_load(const char *path, struct acsr_err *e);

ACSR_C_END

#endif
