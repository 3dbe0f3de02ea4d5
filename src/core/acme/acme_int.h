/* What the files of the ACME server's base share: its state in memory, nonces, account keys, external account binding. */
#ifndef CORE_ACME_ACME_INT_H
#define CORE_ACME_ACME_INT_H

#include "core/acme/acme.h"
#include "store/acme_eab.h"
#include "store/acme_prune.h"

enum {
	ACME_KEYS = 512, /* public keys of accounts that are kept ready for use */
	ACME_NONCE_SECONDS = 3600,
	ACME_NONCE_TEXT = 64,
	ACME_CONTACTS = 10
};

/* Lives as long as the process. */
struct acme {
	struct acsr_secret *nonce_key;
	struct evp_mac_ctx_st *mac; /* HMAC-SHA256, keyed anew for each nonce */
	struct acme_waiting *waiting; /* wait.c */
	struct acme_look *looks;      /* look.c */
	uint64_t last_look;
	int64_t next_prune;
	struct acme_cursor authzs_at, accounts_at; /* tidy.c */
	int64_t accounts_before;                   /* of the walk at accounts_at */
	struct {
		char jwk[1600];
		struct evp_pkey_st *pkey;
	} keys[ACME_KEYS]; /* by their thumbprints */
};

/* --- nonce.c (6.5): a time and random bytes with a MAC, so that only used ones need to be stored --- */

/* The key of all nonces: kept in the database, wrapped; made anew when it cannot be opened. */
ACSR_MUST_USE enum acsr_result nonce_open(struct core *c, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result nonce_make(struct core *c, char out[ACME_NONCE_TEXT], struct acsr_err *e);
/* Good once: "acme.nonce" when it is not ours, too old, or used; "jws.malformed" when it is no base64url (6.5.1). */
ACSR_MUST_USE enum acsr_result nonce_spend(struct core *c, const char *nonce, struct acsr_err *e);

/* --- account_keys.c --- */

/* The key of an account, ready to verify; yours. */
ACSR_MUST_USE enum acsr_result account_key(
	struct core *c, const struct acme_account *a, struct acsr_key **out, struct acsr_err *e);
/* The gate for the keys of accounts: as for certificates (key.*). */
ACSR_MUST_USE enum acsr_result account_key_gate(
	struct core *c, const struct acsr_key *key, struct acsr_err *e);
/* The account whose URL this is, in a's directory: "acme.account.absent", "jws.malformed" for what is no URL of one. */
ACSR_MUST_USE enum acsr_result account_by_url(
	struct acme_request *a, const char *url, struct acme_account *out, struct acsr_err *e);
/* The URL of one; out needs 700 bytes. */
void account_url(const struct acme_request *a, const char *id, char out[700]);

/* --- refusal.c --- */

void refusal_set(struct request *q, const struct acsr_err *shown); /* request.own.refuse */
/* The link to the directory (7.1), and a Replay-Nonce (6.5) unless it is a GET of what anybody may see: ruby-acme-client 2.0
 * fails at a directory that brings one. */
ACSR_MUST_USE enum acsr_result answer_headers(struct acme_request *a, bool with_nonce, struct acsr_err *e);

/* --- directory.c --- */

ACSR_MUST_USE enum acsr_result directory_seed(struct core *c, struct acsr_err *e);
/* May a directory be called so? Not like something that lies below the default one. "request.field.name" */
ACSR_MUST_USE enum acsr_result directory_name_check(const char *name, struct acsr_err *e);
/* Is this the first segment of a path below the default directory? */
bool directory_has_segment(const char *segment, size_t len);

/* --- directory_api.c --- */

/* May members of this account of ours see it, and make keys for it? Its own may, and all when it is open. */
bool directory_is_for(const struct acme_directory *d, const char *account_id);
/* The directory without a name is called "default" by people, and its name is "" in the database. */
const char *directory_shown_name(const char *name);
const char *directory_stored_name(const char *shown);
void directory_url(struct core *c, const char *name, char out[700]);
/* Space-separated words: as a list, a new reference; is this one of them? */
json_t *json_words(const char *words);
bool word_is_in(const char *words, const char *word);

/* --- account.c --- */

/* "cursor=CREATED.ID" of a list that goes from the newest to the oldest; without one, its beginning. */
ACSR_MUST_USE enum acsr_result listed_cursor(const struct request *q, struct acme_listed *after);

/* Answer with the account as 7.1.2 shows it, with its binding as it came (7.3.4). */
ACSR_MUST_USE enum acsr_result account_result(
	struct acme_request *a, unsigned status, const struct acme_account *x, struct acsr_err *e);
/* "contact" of a payload into x->contacts; *given: it was there. */
ACSR_MUST_USE enum acsr_result account_contacts(
	const json_t *payload, struct acme_account *x, bool *given, struct acsr_err *e);

/* --- eab.c (7.3.4) --- */

/* The binding of a newAccount, if there is one: x->account_id and x->eab_kid are set, *binding is it (yours, else NULL). */
ACSR_MUST_USE enum acsr_result eab_bind(
	struct acme_request *a, struct acme_account *x, char **binding, struct acsr_err *e);
/* Is this name, or one above it, in a space-separated list? */
bool eab_covers(const char *names, const char *name);

#endif
