/* Links in mails: 256 random bits behind PUBLIC_URL/#/PURPOSE/, stored as a hash, good once and for a time.
 */
#include <stdio.h>
#include <string.h>

#include "core/identity.h"
#include "core/jsontext.h"

static enum acsr_result keep_data(struct mail_token *t, json_t *data, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	TRY(json_text(data != NULL ? data : json_object(), &text, e));
	if (strlen(text) >= sizeof(t->data))
		return err_set(e, "request.field.length", "what was entered is too long");
	snprintf(t->data, sizeof(t->data), "%s", text);
	return ACSR_OK;
}

enum acsr_result link_make(struct core *c, const char *purpose, const char *email, const char *user_id,
	json_t *data, int64_t lifetime, char url[LINK_URL], struct acsr_err *e)
{
	struct mail_token t = { .expires_at = c->now + lifetime };
	char token[CREDENTIAL_TEXT];
	int n;

	TRY(keep_data(&t, data, e));
	TRY(credential_new("", token, t.hash, e));
	snprintf(t.purpose, sizeof(t.purpose), "%s", purpose);
	snprintf(t.email, sizeof(t.email), "%s", email);
	snprintf(t.user_id, sizeof(t.user_id), "%s", user_id != NULL ? user_id : "");
	n = snprintf(
		url, LINK_URL, "%s/#/%s/%s", conf_str(&c->proc->conf, "server.public_url"), purpose, token);
	wipe(token, sizeof(token));
	if (n >= LINK_URL)
		return err_set(e, "config.value", "[server] public_url is too long for a link");
	return mail_tokens_add(c->db, &t, e);
}

typedef enum acsr_result find_fn(struct db *d, const char *purpose, const uint8_t hash[32], int64_t now,
	struct mail_token *out, bool *have, struct acsr_err *e);

static enum acsr_result find(struct core *c, find_fn *how, const char *purpose, const char *token,
	struct mail_token *out, struct acsr_err *e)
{
	uint8_t hash[32];
	bool have;

	TRY(credential_hash(token, strlen(token), hash, e));
	TRY(how(c->db, purpose, hash, c->now, out, &have, e));
	if (!have)
		return err_rule(e, "state.link", "token", NULL,
			"this link was used already, or is too old; ask for a new one");
	return ACSR_OK;
}

enum acsr_result link_look(
	struct core *c, const char *purpose, const char *token, struct mail_token *out, struct acsr_err *e)
{
	return find(c, mail_tokens_find, purpose, token, out, e);
}

enum acsr_result link_take(
	struct core *c, const char *purpose, const char *token, struct mail_token *out, struct acsr_err *e)
{
	return find(c, mail_tokens_take, purpose, token, out, e);
}
