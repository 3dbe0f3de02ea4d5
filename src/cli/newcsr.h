/*
 * csr new, in parts: what to ask for (newcsr_draft.c), the key and where it goes (newcsr_key.c,
 * newcsr_p12.c, newcsr_seal.c), the questions (newcsr_ask.c), its options (newcsr_opts.c); cmd_csr_new.c puts them together.
 *
 * Everything is made in memory first. Files appear together at the very end (fileset.h).
 */
#ifndef CLI_NEWCSR_H
#define CLI_NEWCSR_H

#include "autocsr/draft.h"
#include "autocsr/key.h"
#include "autocsr/seal.h"
#include "base/str.h"
#include "cli/command.h"
#include "cli/fileset.h"
#include "cli/seal.h"

enum newcsr_store {
	NEWCSR_KEYOUT,   /* PKCS#8 */
	NEWCSR_ARCHIVE,  /* hand-over archive */
	NEWCSR_P12,      /* PKCS#12 with a placeholder certificate */
	NEWCSR_EXISTING, /* the key is in a file already, and stays there */
	NEWCSR_TOKEN,    /* the key is in a PKCS#11 token, and stays there */
};

struct newcsr {
	struct cli *c;
	struct args *a;
	struct strv answers; /* what was asked; options point into it */
	enum acsr_name_policy policy;
	enum newcsr_store store;
	struct acsr_csr_draft draft;
	struct acsr_key *key;
	struct acsr_secret *pass;  /* of the key file that is written or read */
	struct acsr_recipient *to; /* whom it is sealed to; NULL: nobody */
	struct acsr_blob der, pem; /* the CSR */
	struct seal seal;
	struct file_set files;
};

extern const struct opt newcsr_opts[];
extern const char newcsr_text[];

/* Options that are missing, on the terminal; none when there is no terminal. Adds them to n->a. */
bool newcsr_may_ask(const struct newcsr *n);
ACSR_MUST_USE enum acsr_result newcsr_ask(struct newcsr *n, struct acsr_err *e);

/* Does anything say whom the certificate is for? */
bool newcsr_has_names(const struct args *a);
/* Does anything say where the key is or goes? */
bool newcsr_has_key_place(const struct args *a);

/* The request from --from, --request and the flags, in this order. */
ACSR_MUST_USE enum acsr_result newcsr_draft(struct newcsr *n, struct acsr_err *e);

/* Options about the key that do not go together. Sets n->store. */
ACSR_MUST_USE enum acsr_result newcsr_key_usage(struct newcsr *n, struct acsr_err *e);
/* --key into the draft, early, with the nearest type for a mistyped one. */
ACSR_MUST_USE enum acsr_result newcsr_key_type(struct newcsr *n, struct acsr_err *e);
/* Passphrases are asked for before the work, files are planned. */
ACSR_MUST_USE enum acsr_result newcsr_key_plan(struct newcsr *n, struct acsr_err *e);
/* Makes it, or opens the one that is there. */
ACSR_MUST_USE enum acsr_result newcsr_key_get(struct newcsr *n, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result newcsr_key_write(struct newcsr *n, struct acsr_err *e);

/* Key and CSR in memory, once everything is planned. */
ACSR_MUST_USE enum acsr_result newcsr_make(struct newcsr *n, struct acsr_err *e);
/* Files that were not committed go; also after a failure. */
void newcsr_release(struct newcsr *n);

/* PKCS#12 (modern) of the key and a self-signed certificate with the CSR's subject and extensions, valid for
 * a day: key stores hold no key without a certificate, and take the CA's in its place. */
ACSR_MUST_USE enum acsr_result newcsr_p12(
	const struct newcsr *n, const char *name, struct acsr_blob *out, struct acsr_err *e);

/* Who --seal-to names, judged; n->to stays NULL without the option. */
ACSR_MUST_USE enum acsr_result newcsr_recipient(struct newcsr *n, struct acsr_err *e);
/* The key, sealed, into the files and the result. */
ACSR_MUST_USE enum acsr_result newcsr_write_sealed(struct newcsr *n, const char *path, struct acsr_err *e);

#endif
