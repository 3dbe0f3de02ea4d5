/* A password, and perhaps a second factor. */
#include "cli/proof.h"

#include <stdlib.h>
#include <string.h>

#include "cli/files.h"
#include "cli/term.h"

/* The members of `more` behind those of the body: both are objects, and neither is empty. */
static enum acsr_result add_members(struct acsr_secret **body, const json_t *more, struct acsr_err *e)
{
	size_t n = acsr_secret_len(*body) - 1, extra;
	struct acsr_secret *both = NULL;
	char *text;
	enum acsr_result r;

	if (more == NULL)
		return ACSR_OK;
	text = json_dumps(more, JSON_COMPACT);
	if (text == NULL)
		return err_nomem(e);
	extra = strlen(text);
	r = secret_zeroed(&both, n + extra, e);
	if (r == ACSR_OK) {
		memcpy(secret_data(both), acsr_secret_bytes(*body), n);
		memcpy(secret_data(both) + n, text, extra);
		secret_data(both)[n] = ',';
		acsr_secret_free(*body);
		*body = both;
	}
	free(text);
	return r;
}

static enum acsr_result post(const struct proof *p, const struct acsr_secret *password, const char *totp,
	json_t **answer, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *body = NULL;
	struct service_call call = { .method = p->method != NULL ? p->method : "POST", .path = p->path };

	TRY(service_password_body(&body, p->email, password, totp, e));
	TRY(add_members(&body, p->more, e));
	call.secret_body = body;
	return service_call(p->service, &call, answer, e);
}

enum acsr_result proof_post(const struct proof *p, json_t **answer, struct acsr_err *e)
{
	const char *file = args_one(p->args, "password-file"), *totp = args_one(p->args, "totp");
	CLEANUP_SECRET struct acsr_secret *password = NULL;
	struct acsr_err why = { 0 };
	char typed[40];

	if (file != NULL)
		TRY(file_get_secret(&password, file, e));
	else
		TRY(term_ask_secret(&password, "password: ", "--password-file", e));
	if (post(p, password, totp, answer, &why) == ACSR_OK)
		return ACSR_OK;
	/* A passkey is beyond a terminal; who has nothing else types a recovery code. */
	if (totp == NULL && (err_is(&why, "auth.totp") || err_is(&why, "auth.second-factor")) &&
		term_ask(typed, sizeof(typed),
			err_is(&why, "auth.totp") ? "code of the second factor: " : "recovery code: ",
			"--totp", NULL) == ACSR_OK)
		return post(p, password, typed, answer, e);
	if (e != NULL)
		*e = why;
	return ACSR_FAIL;
}
