/*
 * Lists of keys that are known to be weak or compromised.
 *
 * A weak list is a file of hashes (docs/WEAKLIST.md), mapped read-only: the keys that Debian's OpenSSL made
 * from process ids (CVE-2008-0166), or any other collection, each section with what it covers. A blocklist is
 * a set of SPKI SHA-256 hashes from a text file, for the user's own additions. Both go as loans into struct
 * acsr_key_policy (key.h), so that one gate applies every rule.
 *
 * Everything here is a handle of the caller's: no global state. A handle is never changed by a look-up, so
 * several threads may share it; adding to a blocklist needs the caller's own lock.
 */
#ifndef AUTOCSR_WEAKKEY_H
#define AUTOCSR_WEAKKEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "autocsr/blob.h"
#include "autocsr/err.h"

ACSR_C_BEGIN

struct acsr_key;

/* ---- weak lists */

struct acsr_weaklist;

#define ACSR_WEAK_DEBIAN "CVE-2008-0166" /* the flaw of Debian's OpenSSL, 2006 to 2008 */

/* What the entries of a section are hashes of. Names: "openssl" "openssh" "spki". */
enum acsr_weak_form {
	ACSR_WEAK_OPENSSL =
		1, /* SHA-1 over "Modulus=<HEX>\n" without its first 10 bytes (openssl-blacklist) */
	ACSR_WEAK_OPENSSH = 2, /* MD5 over the ssh-rsa blob without its first 6 bytes (openssh-blacklist) */
	ACSR_WEAK_SPKI = 3,    /* SHA-256 over the SPKI DER */
};

/* One section: keys of one size and exponent, made by one kind of machine. Strings are UTF-8. */
struct acsr_weak_section {
	enum acsr_weak_form form;
	unsigned width;    /* bytes kept of each hash: 8 to 32, the first ones of the form's */
	unsigned bits;     /* RSA modulus bits; 0: keys of any kind */
	uint64_t exponent; /* RSA public exponent; 0: any */
	uint64_t count;
	char arch[16];    /* "amd64", or "" */
	char state[16];   /* of ~/.rnd: "rnd" "noreadrnd" "nornd", or "" */
	char flaw[24];    /* "CVE-2008-0166", or "" */
	char source[104]; /* where the entries come from, for people */
};

/*
 * Open and check a file: magic, version, every offset, the order of the entries, the checksum over all of it.
 * The file stays mapped until _free; replace it by renaming, never by writing into it.
 * input.open, input.weak-list (damaged, or not such a file).
 */
ACSR_MUST_USE enum acsr_result acsr_weaklist_open(
	struct acsr_weaklist **out, const char *path, struct acsr_err *e);
/* The same over memory that the caller keeps until _free. */
ACSR_MUST_USE enum acsr_result acsr_weaklist_from(
	struct acsr_weaklist **out, const uint8_t *p, size_t len, struct acsr_err *e);
void acsr_weaklist_free(struct acsr_weaklist *l); /* NULL is fine */

/* NULL past the end. A loan. */
const struct acsr_weak_section *acsr_weaklist_section(const struct acsr_weaklist *l, size_t i);
uint64_t acsr_weaklist_count(const struct acsr_weaklist *l); /* entries, all sections */

/* How far the CVE-2008-0166 sections cover keys of this size and exponent. */
enum acsr_weak_cover {
	ACSR_WEAK_COVER_NONE, /* not listed says nothing */
	ACSR_WEAK_COVER_PART, /* some of the machines or states of ~/.rnd */
	ACSR_WEAK_COVER_FULL, /* amd64 and i386, each with all three states of ~/.rnd; not big-endian machines
			       */
};
enum acsr_weak_cover acsr_weaklist_covers(const struct acsr_weaklist *l, unsigned bits, uint64_t exponent);
/* "rsa:2048 rsa:4096 (in part)", or "nothing", always terminated. */
void acsr_weaklist_summary(const struct acsr_weaklist *l, char *out, size_t cap);

/* What a list says of a key. "Not listed" is an answer only where all such keys are in the list. */
enum acsr_weak_answer {
	ACSR_WEAK_LISTED,
	ACSR_WEAK_NOT_LISTED,    /* and every such key is: ACSR_WEAK_COVER_FULL */
	ACSR_WEAK_IN_PART,       /* not listed, but only some of such keys are */
	ACSR_WEAK_NOT_COVERED,   /* no such key is listed: it was not checked */
	ACSR_WEAK_NO_LIST,       /* l is NULL */
	ACSR_WEAK_NOT_CONCERNED, /* neither RSA nor EC: CVE-2008-0166 made no such keys */
	ACSR_WEAK_ANSWERS
};
/* "listed" "not-listed" "in-part" "not-covered" "no-list" "not-concerned" */
const char *acsr_weak_answer_name(enum acsr_weak_answer a);
/*
 * Look the key up: RSA keys in sections of every form, others in those of SPKI hashes. *hit is the section
 * that lists it (a loan), else NULL. `l` may be NULL. openssl.unsupported when this OpenSSL lacks a hash that
 * a section needs (MD5 or SHA-1 in FIPS mode).
 */
ACSR_MUST_USE enum acsr_result acsr_weaklist_find(const struct acsr_weaklist *l, const struct acsr_key *k,
	enum acsr_weak_answer *answer, const struct acsr_weak_section **hit, struct acsr_err *e);

/* ---- making weak lists */

struct acsr_weaklist_builder;

/* An empty one. sys.nomem */
ACSR_MUST_USE enum acsr_result acsr_weaklist_builder_new(
	struct acsr_weaklist_builder **out, struct acsr_err *e);
void acsr_weaklist_builder_free(struct acsr_weaklist_builder *b); /* NULL is fine */
/*
 * Entries of a text: one hash a line as hex (20 digits for the first two forms, 64 for SPKI; SPKI also as
 * base64), with or without a process id and a space in front, '#' begins a comment, blank lines count for
 * nothing. `like` says what they are; its count is not read, its width is how many bytes to keep. Sections
 * that agree in all but the count are joined. input.weak-list names the line.
 */
ACSR_MUST_USE enum acsr_result acsr_weaklist_builder_text(struct acsr_weaklist_builder *b,
	const struct acsr_weak_section *like, const uint8_t *text, size_t len, struct acsr_err *e);
/* All sections of another list. */
ACSR_MUST_USE enum acsr_result acsr_weaklist_builder_list(
	struct acsr_weaklist_builder *b, const struct acsr_weaklist *l, struct acsr_err *e);
/* The file: the same input in any order gives the same bytes. Nothing added: input.empty. */
ACSR_MUST_USE enum acsr_result acsr_weaklist_builder_write(
	struct acsr_weaklist_builder *b, struct acsr_blob *out, struct acsr_err *e);

/* "openssl" "openssh" "spki"; 0 for another word. */
enum acsr_weak_form acsr_weak_form_of(const char *name);
const char *acsr_weak_form_name(enum acsr_weak_form f);

/* ---- blocklists */

struct acsr_blocklist;

/* An empty one. sys.nomem */
ACSR_MUST_USE enum acsr_result acsr_blocklist_new(struct acsr_blocklist **out, struct acsr_err *e);
void acsr_blocklist_free(struct acsr_blocklist *l); /* NULL is fine */
/*
 * Add the SPKI SHA-256 hashes of a text: one a line, 64 hex digits (colons are fine) or base64 (also as
 * "sha256//…", "pin-sha256=…"), more words on the line are a note, '#' begins a comment. All or nothing:
 * input.blocklist names the line.
 */
ACSR_MUST_USE enum acsr_result acsr_blocklist_add(
	struct acsr_blocklist *l, const uint8_t *text, size_t len, struct acsr_err *e);
bool acsr_blocklist_has(const struct acsr_blocklist *l, const uint8_t spki_sha256[32]);
size_t acsr_blocklist_count(const struct acsr_blocklist *l);

ACSR_C_END

#endif
