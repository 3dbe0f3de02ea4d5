/*
 * What `autocsr login` leaves behind: $XDG_CONFIG_HOME/autocsr (or ~/.config/autocsr), mode 0700, with
 * login.json (server, id of the token), token and ca.pem, mode 0600. The token is only ever sent to
 * the server that it was made for.
 */
#ifndef CLI_LOGIN_STORE_H
#define CLI_LOGIN_STORE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/secret.h"

struct login {
	char *server;
	char *token_id; /* or NULL: the token was not made by login */
	char *ca_file;  /* path of the stored copy, or NULL */
	struct acsr_secret *token;
};
void login_free(struct login *l);
#define CLEANUP_LOGIN __attribute__((cleanup(login_free)))

/* No login is not an error: everything stays NULL. input.login when a file there is broken. */
ACSR_MUST_USE enum acsr_result login_load(struct login *l, struct acsr_err *e);
/* `ca` is the PEM to copy, or NULL. Replaces what is there. */
ACSR_MUST_USE enum acsr_result login_save(const char *server, const char *token_id,
	const struct acsr_secret *token, const struct buf *ca, struct acsr_err *e);
/* Remove all of it; nothing there is fine. */
ACSR_MUST_USE enum acsr_result login_forget(struct acsr_err *e);
/* The folder; free() it. */
ACSR_MUST_USE enum acsr_result login_folder(char **out, struct acsr_err *e);

#endif
