/*
 * How a key is handed over, as the customer chose it: read, judged, kept, remembered, shown.
 *
 * Grades, safest first: "browser" (the portal made key and CSR; only the CSR came here), "sealed" (to a public
 * key of the customer's; no code exists), "code" (archive and unlock code). A pasted CSR is "own-csr".
 */
#ifndef CORE_HANDOVER_CHOICE_H
#define CORE_HANDOVER_CHOICE_H

#include "core/request.h"
#include "pki/keyform.h"
#include "store/csr_request.h"

struct handover_choice {
	char grade[12];
	const struct keyform *form; /* of own-csr: zip, and it means nothing */
	char *recipient;            /* sealed: the public key or certificate as text, owned; else NULL */
	char recipient_name[sizeof(((struct csr_request *)NULL)->recipient_name)];
};

void handover_choice_clear(struct handover_choice *h);
#define CLEANUP_CHOICE __attribute__((cleanup(handover_choice_clear)))

/* From the request's member `hand_over`; given NULL: own-csr with a CSR, else archive and code. Errors
 * "request.field.hand-over" with the fields "hand_over.grade", "hand_over.format", "hand_over.recipient", and
 * "recipient.…" (seal.h) with the last of them. */
ACSR_MUST_USE enum acsr_result handover_choice_read(
	const struct core *c, json_t *given, bool has_csr, struct handover_choice *out, struct acsr_err *e);
/* As a stored request has it, for the same key or one in its place. */
ACSR_MUST_USE enum acsr_result handover_choice_of(
	struct core *c, const struct csr_request *r, struct handover_choice *out, struct acsr_err *e);
/* The same for a new key that the customer asks for: a certificate may have expired meanwhile. */
ACSR_MUST_USE enum acsr_result handover_choice_again(
	struct core *c, const struct csr_request *r, struct handover_choice *out, struct acsr_err *e);
bool handover_choice_is(const struct handover_choice *h, const char *grade);

/* What a person chose in a session is what their form offers next time; a token is a program, and leaves it
 * alone. given NULL: nothing was chosen. */
ACSR_MUST_USE enum acsr_result handover_choice_remember(struct core *c, const struct request *q,
	json_t *given, const struct handover_choice *h, struct acsr_err *e);
/* Adds the member hand_over, {grade, format, recipient} with the whole recipient, or null, to `out`. */
ACSR_MUST_USE enum acsr_result handover_choice_put_last(
	struct core *c, json_t *out, const char *user_id, struct acsr_err *e);
/* Of the file that is handed over. */
const char *handover_media_type(const struct csr_request *r);
/* {grade, format, recipient} as an order shows it: the recipient by its short name. */
json_t *handover_choice_json(const struct csr_request *r);

#endif
