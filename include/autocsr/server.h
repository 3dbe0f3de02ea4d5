/*
 * What servers want: which files, in which form and order, and the lines of configuration that name them.
 * A table; nothing is written here.
 */
#ifndef AUTOCSR_SERVER_H
#define AUTOCSR_SERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "autocsr/err.h"

ACSR_C_BEGIN

/* What a file holds, in this order. */
enum acsr_server_part {
	ACSR_PART_FULLCHAIN = 1, /* PEM: the certificate, then its intermediates, no root */
	ACSR_PART_KEY = 2,       /* PEM: the private key, PKCS#8, not encrypted */
	ACSR_PART_CHAIN_KEY = 3, /* PEM: fullchain, then key */
	ACSR_PART_KEY_CHAIN = 4, /* PEM: key, then fullchain */
	ACSR_PART_PKCS12 = 5,    /* key and fullchain under a passphrase */
};

struct acsr_server_file {
	enum acsr_server_part part;
	const char *suffix; /* "example.com" + ".key" */
};

/* One row; static. */
struct acsr_server {
	const char *name, *title;
	struct acsr_server_file files[2]; /* part 0: no second one */
	const char *alias;                /* the friendly name that it looks for in PKCS#12, or NULL */
	const char *config;               /* lines; %1 and %2 stand for the files, each ends with \n */
	const char *note;                 /* or NULL */
};

/* NULL past the end. */
const struct acsr_server *acsr_server_at(size_t i);
/* usage.server, with the names there are. */
ACSR_MUST_USE enum acsr_result acsr_server_find(
	const struct acsr_server **out, const char *name, struct acsr_err *e);
/* Does the file need mode 0600? */
bool acsr_server_secret(const struct acsr_server_file *f);

ACSR_C_END

#endif
