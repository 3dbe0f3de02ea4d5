/*
 * Receipts: what the service states of one key that it made (or never had), signed by its signer. The format
 * is docs/RECEIPTS.md: a JSON object, signed with Ed25519 over one fixed line and the object's canonical form
 * (RFC 8785), so that anybody can check it with common tools.
 *
 * One table describes every member; printing, checking and reading all go by it. "" and 0 mean that a member
 * does not apply; it is then written as null, and so is a group in which nothing applies.
 */
#ifndef PKI_RECEIPT_H
#define PKI_RECEIPT_H

#include "autocsr/blob.h"
#include "autocsr/key.h"
#include "base/str.h"

#define RECEIPT_FORMAT "autocsr-receipt-v1"
/* What every signed text begins with, so that no other text that a key signs can pass for a receipt. */
#define RECEIPT_PREFIX "AutoCSR receipt v1\n"

enum {
	RECEIPT_MAX = 128 * 1024, /* bytes of a document */
	RECEIPT_NAMES = 100,
	RECEIPT_SIGNATURE = 64 /* bytes of an Ed25519 signature */
};

/* A place in the audit log. */
struct receipt_entry {
	int64_t seq;   /* from 1 */
	char leaf[65]; /* its leaf hash (RFC 9162 2.1.1), hex */
};

struct receipt {
	char part[12];     /* "hand-over", or "final": nothing of it is left with the service */
	char service[301]; /* its public address */
	char software[65]; /* "autocsr 0.1.0" */
	int64_t signed_at; /* epoch seconds, as all times here */
	char account[65], order[65], request[65], product[65];
	struct strv names; /* A-labels and addresses; owned */
	char made_by[12];  /* "service" "browser" */
	char key_type[33], spki_sha256[65];
	char archive_sha256[65];   /* of the file that was handed over */
	int64_t archive_size;      /* bytes */
	char grade[12];            /* "browser" "sealed" "code" */
	char format[17];           /* "zip" "pkcs8" "p12" "p12-legacy" "age" "cms" */
	char delivery[12];         /* "download" "email" */
	char recipient[513];       /* of a sealed one, for people */
	char recipient_sha256[65]; /* over the recipient as the customer gave it */
	int64_t made_at, gone_at, handed_over_at, destroyed_at;
	char sandbox[513]; /* what protected the worker */
	/* who authorised that the service makes the key */
	char authorised_by[301], authorised_kind[12] /* "session" "token" */, authorised_token[521],
		authorised_network[65], authorised_wording[65];
	int64_t authorised_at;
	char issuer[65], issuer_kind[12]; /* "private" "public" */
	/* that the operator of a public issuer is not the CA nor its affiliate (BR 6.1.1.3) */
	char statement[4001], statement_author[301];
	int64_t statement_at;
	/* the audit log: its name, entries, and the last checkpoint at the time of signing */
	char log[201];
	struct receipt_entry made, handed_over, destroyed;
	int64_t checkpoint_size;
	char checkpoint_root[65];
};
void receipt_clear(struct receipt *r); /* frees the names, leaves all empty */

/*
 * Is every member of its kind and within its bounds, is nothing missing, and does it make sense together (a
 * final receipt tells when the code was destroyed …)? receipt.field, whose text names the member. Not checked:
 * whether times are in order, which receipt_in_order tells.
 */
ACSR_MUST_USE enum acsr_result receipt_check(const struct receipt *r, struct acsr_err *e);
/* Made, handed over, signed, and destroyed between making and signing: in this order? Else false, *why (static) says
 * what is not. A code may be shown for the last time, and be destroyed, before its archive is acknowledged. */
bool receipt_in_order(const struct receipt *r, const char **why);

/* The canonical form, appended to out, without prefix; checked before. */
ACSR_MUST_USE enum acsr_result receipt_print(const struct receipt *r, struct buf *out, struct acsr_err *e);

/* --- receipt_sign.c --- */

/* key_id: SHA-256 over the SPKI, hex. note.key when the key is none of Ed25519. */
ACSR_MUST_USE enum acsr_result receipt_key_id(const struct acsr_key *key, char id[65], struct acsr_err *e);
/* The signature over prefix and canonical text. */
ACSR_MUST_USE enum acsr_result receipt_sign(const char *text, size_t len, const struct acsr_key *key,
	uint8_t signature[RECEIPT_SIGNATURE], struct acsr_err *e);
/* The whole document: three lines, the second of which is the canonical text and a comma. */
ACSR_MUST_USE enum acsr_result receipt_document(const char *text, size_t len,
	const uint8_t signature[RECEIPT_SIGNATURE], const struct acsr_key *key, struct buf *out,
	struct acsr_err *e);
/* Does the signature fit? receipt.signature when not. */
ACSR_MUST_USE enum acsr_result receipt_verify(const char *text, size_t len,
	const uint8_t signature[RECEIPT_SIGNATURE], const struct acsr_key *key, struct acsr_err *e);

/* --- receipt_read.c: needs jansson, so not for the signer --- */

struct receipt_signed {
	struct receipt receipt;
	struct acsr_blob text; /* the canonical form */
	uint8_t signature[RECEIPT_SIGNATURE];
	char key_id[65];
	struct acsr_key *key; /* as the document states it: proves nothing by itself */
};
/*
 * Read a document of at most RECEIPT_MAX bytes, strictly: members that are missing, unknown, twice there or of
 * another kind are refused, and so is whatever receipt_check refuses.
 *   receipt.format    not a receipt   receipt.version   one of a version that is not known here
 *   receipt.field     a member that is not what it must be
 * Not checked: the signature.
 */
ACSR_MUST_USE enum acsr_result receipt_read(
	struct receipt_signed *out, const uint8_t *p, size_t len, struct acsr_err *e);
void receipt_signed_clear(struct receipt_signed *s);

/* --- the table, for those who go through all members --- */

enum receipt_kind {
	RECEIPT_TEXT,
	RECEIPT_LINES,
	RECEIPT_ID,
	RECEIPT_HEX,
	RECEIPT_TIME,
	RECEIPT_COUNT,
	RECEIPT_LIST
};

struct receipt_member {
	const char *group; /* NULL: at the top */
	const char *name;
	enum receipt_kind kind;
	size_t offset, cap; /* in struct receipt; cap of texts with their NUL */
	bool needed;
	const char *choices; /* texts: blank-separated, or NULL */
};
/* In canonical order; NULL past the end. */
const struct receipt_member *receipt_member_at(size_t i);

#endif
