/* Finding a PKCS#11 token by its URI, and a session with it. */
#include <stdlib.h>
#include <string.h>

#include "base/secret.h"
#include "token_int.h"

enum { SLOTS = 64, FOUND = 8 };

enum acsr_result token_failed(struct acsr_err *e, const char *what, CK_RV rv)
{
	return err_set(e, "token.failed", "the token cannot %s: %s", what, p11_kit_strerror(rv));
}

void token_free(void *token)
{
	struct token *t = token;

	if (t == NULL)
		return;
	if (t->open)
		t->f->C_CloseSession(t->session);
	if (t->modules == t->named) {
		p11_kit_module_finalize(t->named[0]);
		p11_kit_module_release(t->named[0]);
	} else if (t->modules != NULL) {
		p11_kit_modules_finalize_and_release(t->modules);
	}
	p11_kit_uri_free(t->uri);
	acsr_secret_free(t->pin);
	free(t);
}

static enum acsr_result parse_uri(struct token *t, const char *uri, struct acsr_err *e)
{
	int bad;

	t->uri = p11_kit_uri_new();
	if (t->uri == NULL)
		return err_nomem(e);
	bad = p11_kit_uri_parse(uri, P11_KIT_URI_FOR_ANY, t->uri);
	if (bad != P11_KIT_URI_OK)
		return err_set(e, "token.uri",
			"this is not a PKCS#11 URI (RFC 7512) such as pkcs11:token=shop;object=www: %s",
			p11_kit_uri_message(bad));
	if (p11_kit_uri_get_pin_value(t->uri) != NULL)
		return err_set(e, "token.uri",
			"the PIN stands in the URI, where other users of this machine can read it; give it "
			"in a file");
	if (p11_kit_uri_any_unrecognized(t->uri))
		return err_set(e, "token.uri", "the PKCS#11 URI has an attribute that is not known");
	return ACSR_OK;
}

static enum acsr_result load_one(struct token *t, const char *path, struct acsr_err *e)
{
	CK_RV rv;

	t->named[0] = p11_kit_module_load(path, P11_KIT_MODULE_CRITICAL);
	if (t->named[0] == NULL)
		return err_set(e, "token.module", "cannot load the PKCS#11 module %s: %s", path,
			p11_kit_message() != NULL ? p11_kit_message() : "no such library");
	rv = p11_kit_module_initialize(t->named[0]);
	if (rv != CKR_OK) {
		p11_kit_module_release(t->named[0]);
		return err_set(e, "token.module", "cannot start the PKCS#11 module %s: %s", path,
			p11_kit_strerror(rv));
	}
	t->modules = t->named;
	return ACSR_OK;
}

static enum acsr_result load_modules(struct token *t, const char *module, struct acsr_err *e)
{
	if (module == NULL)
		module = p11_kit_uri_get_module_path(t->uri);
	if (module != NULL)
		return load_one(t, module, e);
	t->modules = p11_kit_modules_load_and_initialize(0);
	if (t->modules == NULL || t->modules[0] == NULL)
		return err_set(e, "token.module",
			"no PKCS#11 module is configured with p11-kit; name the library of your token");
	return ACSR_OK;
}

/* Does this slot hold the token? Slots that cannot be asked do not. */
static bool slot_fits(struct token *t, CK_FUNCTION_LIST *f, CK_SLOT_ID slot, CK_TOKEN_INFO *info)
{
	CK_SLOT_ID wanted = p11_kit_uri_get_slot_id(t->uri);

	return (wanted == (CK_SLOT_ID)-1 || wanted == slot) && f->C_GetTokenInfo(slot, info) == CKR_OK &&
	       (info->flags & CKF_TOKEN_INITIALIZED) != 0 && p11_kit_uri_match_token_info(t->uri, info);
}

static enum acsr_result find_token(struct token *t, struct acsr_err *e)
{
	CK_SLOT_ID slots[SLOTS];
	CK_TOKEN_INFO info;
	size_t found = 0;

	for (size_t m = 0; t->modules[m] != NULL; m++) {
		CK_ULONG n = SLOTS;

		if (t->modules[m]->C_GetSlotList(CK_TRUE, slots, &n) != CKR_OK)
			continue;
		for (CK_ULONG i = 0; i < n; i++) {
			if (!slot_fits(t, t->modules[m], slots[i], &info))
				continue;
			t->f = t->modules[m];
			t->slot = slots[i];
			t->info = info;
			found++;
		}
	}
	if (found == 0)
		return err_set(e, "token.absent",
			"no token fits this URI; look at what is there with: p11tool --list-tokens");
	return found == 1 ? ACSR_OK
			  : err_set(e, "token.several",
				    "%zu tokens fit this URI; name one by its token= or serial=", found);
}

static enum acsr_result log_in(struct token *t, const struct acsr_secret *pin, struct acsr_err *e)
{
	CK_RV rv;

	if ((t->info.flags & CKF_LOGIN_REQUIRED) == 0)
		return ACSR_OK;
	if (pin == NULL && (t->info.flags & CKF_PROTECTED_AUTHENTICATION_PATH) == 0)
		return err_set(e, "token.pin.needed", "the token wants its PIN");
	rv = t->f->C_Login(t->session, CKU_USER,
		pin != NULL ? (CK_UTF8CHAR *)(uintptr_t)acsr_secret_bytes(pin) : NULL,
		pin != NULL ? acsr_secret_len(pin) : 0);
	if (rv == CKR_OK || rv == CKR_USER_ALREADY_LOGGED_IN)
		return pin == NULL
			       ? ACSR_OK
			       : acsr_secret_new(&t->pin, acsr_secret_bytes(pin), acsr_secret_len(pin), e);
	if (rv == CKR_PIN_INCORRECT || rv == CKR_PIN_LEN_RANGE || rv == CKR_PIN_INVALID)
		return err_set(e, "token.pin.wrong",
			"the token does not take this PIN; after a few wrong ones it locks itself");
	if (rv == CKR_PIN_LOCKED)
		return err_set(e, "token.pin.locked",
			"the token has locked itself after too many wrong PINs; its security officer can set "
			"a "
			"new one");
	return token_failed(e, "log in", rv);
}

static enum acsr_result open_session(
	struct token *t, bool to_write, const struct acsr_secret *pin, struct acsr_err *e)
{
	CK_FLAGS flags = CKF_SERIAL_SESSION | (to_write ? CKF_RW_SESSION : 0);
	CK_RV rv = t->f->C_OpenSession(t->slot, flags, NULL, NULL, &t->session);

	if (rv != CKR_OK)
		return token_failed(e, "open a session", rv);
	t->open = true;
	return log_in(t, pin, e);
}

enum acsr_result token_open(struct token **out, const char *uri, const char *module, bool to_write,
	const struct acsr_secret *pin, struct acsr_err *e)
{
	struct token *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return err_nomem(e);
	if (parse_uri(t, uri, e) != ACSR_OK || load_modules(t, module, e) != ACSR_OK ||
		find_token(t, e) != ACSR_OK || open_session(t, to_write, pin, e) != ACSR_OK) {
		token_free(t);
		return ACSR_FAIL;
	}
	*out = t;
	return ACSR_OK;
}

enum acsr_result token_find(struct token *t, CK_ATTRIBUTE *match, CK_ULONG n, CK_OBJECT_HANDLE *first,
	size_t *found, struct acsr_err *e)
{
	CK_OBJECT_HANDLE list[FOUND];
	CK_ULONG got = 0;
	CK_RV rv = t->f->C_FindObjectsInit(t->session, match, n);

	if (rv == CKR_OK) {
		rv = t->f->C_FindObjects(t->session, list, FOUND, &got);
		t->f->C_FindObjectsFinal(t->session);
	}
	if (rv != CKR_OK)
		return token_failed(e, "search", rv);
	*found = got;
	if (got > 0)
		*first = list[0];
	return ACSR_OK;
}

enum acsr_result token_attribute(struct token *t, CK_OBJECT_HANDLE o, CK_ATTRIBUTE_TYPE type,
	struct acsr_blob *out, struct acsr_err *e)
{
	CK_ATTRIBUTE a = { type, NULL, 0 };
	CK_RV rv = t->f->C_GetAttributeValue(t->session, o, &a, 1);
	uint8_t *p;

	if (rv != CKR_OK || a.ulValueLen == CK_UNAVAILABLE_INFORMATION || a.ulValueLen == 0)
		return err_set(e, "token.public", "the token does not tell a part of the public key: %s",
			p11_kit_strerror(rv));
	p = malloc(a.ulValueLen + 1);
	if (p == NULL)
		return err_nomem(e);
	a.pValue = p;
	rv = t->f->C_GetAttributeValue(t->session, o, &a, 1);
	if (rv != CKR_OK) {
		free(p);
		return token_failed(e, "read a public attribute", rv);
	}
	p[a.ulValueLen] = 0;
	*out = (struct acsr_blob){ p, a.ulValueLen };
	return ACSR_OK;
}
