/*
 * The configuration as a role sees it: "section.key=value" pairs from autocsrd, already checked, with the
 * defaults of conf_keys.def filled in. A key that does not exist, or is not this role's, aborts: it is a
 * mistake in the program.
 */
#ifndef IPC_CONF_H
#define IPC_CONF_H

#include <stdbool.h>

#include "base/str.h"
#include "ipc/messages.h"

enum conf_type {
	CONF_STRING,
	CONF_BOOL,
	CONF_COUNT,
	CONF_SPAN,
	CONF_ADDRESS,
	CONF_PATH,
	CONF_NETWORKS,
	CONF_CHOICE
};

enum {
	R_FRONT = 1 << ROLE_FRONT,
	R_CORE = 1 << ROLE_CORE,
	R_KEYMAKER = 1 << ROLE_KEYMAKER,
	R_SIGNER = 1 << ROLE_SIGNER,
	R_PROBER = 1 << ROLE_PROBER,
	R_COURIER = 1 << ROLE_COURIER,
	R_HOOK = 1 << ROLE_HOOK
};

struct conf_key {
	const char *section, *name;
	enum conf_type type;
	const char *preset; /* CHOICE: all choices, the first is the default */
	unsigned roles;
	const char *help;
};

/* The table; ends with a NULL section. */
const struct conf_key *conf_keys(void);
const struct conf_key *conf_key_find(const char *section, const char *name);

struct conf {
	struct strv pairs;
};

/* Values by "section.key". Strings are loans. */
const char *conf_str(const struct conf *c, const char *key);
bool conf_bool(const struct conf *c, const char *key);
uint64_t conf_count(const struct conf *c, const char *key);
int64_t conf_span(const struct conf *c, const char *key); /* seconds */

/* Check a value against its key's type; the error says what would be right. */
ACSR_MUST_USE enum acsr_result conf_check(const struct conf_key *k, const char *value, struct acsr_err *e);
/* The default as a value (the first choice of a CHOICE); out needs 256 bytes. */
void conf_preset(const struct conf_key *k, char out[256]);

/* "DNS:…" and "IP:…" that the service's own certificate is for: the host of public_url, of listen (unless it
 * is "any address"), localhost, 127.0.0.1. Each once. For roles that see both keys. */
ACSR_MUST_USE enum acsr_result conf_service_names(const struct conf *c, struct strv *out, struct acsr_err *e);

/* "host:port" or "[v6]:port" taken apart; host needs 256 bytes. */
ACSR_MUST_USE enum acsr_result conf_address(
	const char *s, char host[256], uint16_t *port, struct acsr_err *e);

/* Networks such as "127.0.0.0/8, ::1/128". v4 addresses are kept as v4-mapped v6 of 16 bytes. */
struct network {
	uint8_t addr[16];
	unsigned bits;
};
struct networks {
	struct network v[32];
	size_t n;
};
ACSR_MUST_USE enum acsr_result conf_networks(const char *s, struct networks *out, struct acsr_err *e);
bool networks_have(const struct networks *l, const uint8_t addr[16]);
/* A printed address (v4 or v6) as 16 bytes; false when it is none. */
bool network_parse_address(const char *s, uint8_t out[16]);

#endif
