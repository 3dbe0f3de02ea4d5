/*
 * In which form a key is handed over, as the options say: locked by a code (--format), sealed to a public key
 * (--seal-to), or made on this machine (--local-key), where only the CSR leaves.
 */
#ifndef CLI_ORDER_FORM_H
#define CLI_ORDER_FORM_H

#include <jansson.h>

#include "cli/args.h"
#include "cli/newcsr.h"
#include "cli/service.h"
#include "pki/keyform.h"

#define ORDER_FORM_OPTIONS                                                                                   \
	{ "format", OPT_ONE, "FORMAT",                                                                       \
		"how the key is locked: zip (default), pkcs8, p12 or p12-legacy; see autocsr(1)",            \
		"zip pkcs8 p12 p12-legacy" },                                                                \
		{ "seal-to", OPT_ONE, "RECIPIENT|@FILE",                                                     \
			"seal the key to an age recipient, SSH public key or certificate; no code exists" }, \
		{ "local-key", OPT_FLAG, NULL, "make the key on this machine; only the CSR is sent" },       \
	{                                                                                                    \
		"code-file", OPT_ONE, "FILE",                                                                \
			"with --local-key: write the unlock code there (0600) instead of showing it"         \
	}

struct order_form {
	const struct keyform *form; /* NULL: nothing was said */
	char *recipient;            /* with --seal-to: its text */
};

/* What the options say; a recipient is judged here too, so that a private key is never sent by mistake. Errors
 * "usage.…" and "recipient.…". */
ACSR_MUST_USE enum acsr_result order_form_read(
	struct order_form *f, const struct args *a, struct acsr_err *e);
void order_form_clear(struct order_form *f);
#define CLEANUP_ORDER_FORM __attribute__((cleanup(order_form_clear)))
/* The member hand_over of a request; none when nothing was said. */
ACSR_MUST_USE enum acsr_result order_form_put(const struct order_form *f, json_t *body, struct acsr_err *e);

/* --local-key: key, archive and CSR, in memory and in files without their names yet; the CSR goes into `body`.
 * names: those of an order that is there, NULL: --host. key_type: when --key does not say; NULL: rsa:2048. `n` is
 * zero-initialised, and released by newcsr_release whatever happened. */
ACSR_MUST_USE enum acsr_result order_form_make_key(struct newcsr *n, struct cli *c, const json_t *names,
	const char *key_type, json_t *body, struct acsr_err *e);
/* The order is placed: the archive gets its name, and the code is shown. */
ACSR_MUST_USE enum acsr_result order_form_keep_key(struct newcsr *n, struct acsr_err *e);

#endif
