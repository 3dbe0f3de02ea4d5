/* The command line of a prober that runs elsewhere. */
#ifndef PROBER_OUTPOST_OPTIONS_H
#define PROBER_OUTPOST_OPTIONS_H

#include "ipc/conf.h"
#include "prober/tlsctx.h"

struct outpost_options {
	const char *listen, *user,
		*client_name; /* client_name NULL: any that the CA vouches for (any_client) */
	bool any_client;
	struct tls_files tls;
	struct conf conf; /* the keys that a prober sees, as autocsrd would have sent them */
	bool help;
};

/* Texts are loans of argv; conf is owned, strv_free(&o->conf.pairs). Errors "usage" name the option. */
ACSR_MUST_USE enum acsr_result outpost_options(
	struct outpost_options *o, int argc, char **argv, struct acsr_err *e);
extern const char outpost_usage[];

#endif
