/* What `cert convert` works with: everything that was read, and the two things that it makes of it. */
#ifndef CLI_CONVERT_H
#define CLI_CONVERT_H

#include "autocsr/contents.h"
#include "autocsr/key.h"
#include "autocsr/server.h"
#include "base/buf.h"
#include "cli/command.h"
#include "cli/fileset.h"
#include "cli/load.h"

/* Zero-initialise it, set `a` and `to`. */
struct convert {
	const struct args *a;
	const char *to;           /* format, or NULL with a server */
	struct load_certs certs;  /* as they came */
	struct load_certs chain;  /* the leaf and its issuers in order, without the root */
	struct acsr_key *key;     /* private, or NULL */
	struct acsr_key *public;  /* of a public key or CSR, or NULL */
	struct acsr_blob csr;     /* DER, or empty */
	struct acsr_secret *pass; /* of PKCS#12, read or written */
	struct acsr_secret *key_pass;
	struct file_set files; /* everything that is written: all of it, or nothing */
};

void convert_free(struct convert *v);
/* The files of the command line. Whatever is locked or damaged is an error. */
ACSR_MUST_USE enum acsr_result convert_read(struct convert *v, struct acsr_err *e);

/* One document in format `to`. A format with a private key comes as *locked, everything else as *open. */
ACSR_MUST_USE enum acsr_result convert_make(
	struct convert *v, struct acsr_blob *open, struct acsr_secret **locked, struct acsr_err *e);
bool convert_is_secret(const char *to);
bool convert_knows(const char *to);
/* PKCS#12, modern or legacy as --p12 says. */
ACSR_MUST_USE enum acsr_result convert_pkcs12(
	struct convert *v, const char *alias, struct acsr_blob *der, struct acsr_err *e);

/* The files of a server, together with what is in v->files already, all or none, and the lines that name them
 * into the result. */
ACSR_MUST_USE enum acsr_result convert_for(
	struct convert *v, const struct acsr_server *s, json_t *result, struct acsr_err *e);

#endif
