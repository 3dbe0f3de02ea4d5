/* A password, and perhaps a second factor. */
#include "cli/proof.h"

#include "cli/files.h"
#include "cli/term.h"

static enum acsr_result post(const struct proof *p, const struct acsr_secret *password, const char *totp,
	json_t **answer, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *body = NULL;
	struct service_call call = { .method = "POST", .path = p->path };

	TRY(service_password_body(&body, p->email, password, totp, e));
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
