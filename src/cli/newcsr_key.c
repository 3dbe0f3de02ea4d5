/* csr new: the key, made or found, and where it goes. */
#include <stdio.h>
#include <string.h>

#include "autocsr/token.h"
#include "cli/files.h"
#include "cli/load.h"
#include "cli/newcsr.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/view.h"

#define PASSPHRASE_TRIES 3

/* Each option that says where the key is or goes, and what belongs to it alone. */
static const struct {
	const char *option;
	enum newcsr_store store;
	bool passphrase, plain, code, kdf, type, seal;
} places[] = {
	{ "keyout", NEWCSR_KEYOUT, true, true, false, true, true, true },
	{ "archive", NEWCSR_ARCHIVE, false, false, true, false, true, false },
	{ "p12", NEWCSR_P12, true, false, false, false, true, false },
	{ "existing-key", NEWCSR_EXISTING, true, false, false, false, false, false },
	{ "token", NEWCSR_TOKEN, false, false, false, false, true, false },
};
#define N_PLACES (sizeof(places) / sizeof(places[0]))

bool newcsr_has_key_place(const struct args *a)
{
	for (size_t i = 0; i < N_PLACES; i++)
		if (args_flag(a, places[i].option))
			return true;
	return false;
}

/* "--no-passphrase belongs to --keyout" */
static enum acsr_result belongs(
	const struct args *a, const char *option, bool ok, const char *to, struct acsr_err *e)
{
	if (!args_flag(a, option) || ok)
		return ACSR_OK;
	return err_set(e, "usage.key", "--%s belongs to %s", option, to);
}

/* A sealed key needs no passphrase, and opens with the recipient's key alone. */
static enum acsr_result check_seal(const struct args *a, bool belongs_here, struct acsr_err *e)
{
	static const char *const against[] = { "passphrase-file", "no-passphrase", "kdf" };

	TRY(belongs(a, "seal-to", belongs_here, "--keyout", e));
	for (size_t i = 0; args_flag(a, "seal-to") && i < sizeof(against) / sizeof(against[0]); i++)
		if (args_flag(a, against[i]))
			return err_set(e, "usage.key",
				"a sealed key has no passphrase: --seal-to and --%s exclude each other",
				against[i]);
	return ACSR_OK;
}

static enum acsr_result check_place(const struct newcsr *n, size_t i, struct acsr_err *e)
{
	const struct args *a = n->a;
	const char *path = args_one(a, places[i].option);

	if (strcmp(path, "-") == 0 && n->store != NEWCSR_EXISTING)
		return err_set(e, "usage.key", "a key is never written to standard output; name a file");
	if (n->store == NEWCSR_ARCHIVE && (args_flag(a, "no-passphrase") || args_flag(a, "passphrase-file")))
		return err_set(e, "usage.key",
			"an archive is locked with a code of its own; --passphrase-file and --no-passphrase "
			"belong to --keyout");
	TRY(belongs(a, "passphrase-file", places[i].passphrase, "--keyout, --p12 or --existing-key", e));
	TRY(belongs(a, "no-passphrase", places[i].plain, "--keyout", e));
	TRY(belongs(a, "kdf", places[i].kdf && !args_flag(a, "no-passphrase"), "an encrypted --keyout", e));
	TRY(belongs(a, "code-file", places[i].code, "--archive", e));
	TRY(check_seal(a, places[i].seal, e));
	TRY(belongs(a, "key", places[i].type, "a key that is made, not to --existing-key", e));
	TRY(belongs(a, "pq-form", places[i].type && n->store != NEWCSR_TOKEN, "a key that is made here", e));
	TRY(belongs(a, "module", n->store == NEWCSR_TOKEN, "--token", e));
	TRY(belongs(a, "pin-file", n->store == NEWCSR_TOKEN, "--token", e));
	if (args_flag(a, "no-passphrase") && args_flag(a, "passphrase-file"))
		return err_set(e, "usage.key", "--no-passphrase and --passphrase-file exclude each other");
	if (args_flag(a, "kdf") && strcmp(args_one(a, "kdf"), "pbkdf2") != 0 &&
		strcmp(args_one(a, "kdf"), "scrypt") != 0)
		return err_set(e, "usage.value", "--kdf is pbkdf2 or scrypt");
	return ACSR_OK;
}

enum acsr_result newcsr_key_usage(struct newcsr *n, struct acsr_err *e)
{
	size_t found = 0, at = 0;

	for (size_t i = 0; i < N_PLACES; i++)
		if (args_flag(n->a, places[i].option)) {
			found++;
			at = i;
		}
	if (found != 1)
		return err_set(e, "usage.key",
			"say where the key goes, in one way: --archive FILE.zip or --keyout FILE (or --p12; "
			"or "
			"--existing-key or --token, where there is one)");
	n->store = places[at].store;
	return check_place(n, at, e);
}

static enum acsr_result no_such_type(const char *type, struct acsr_err *e)
{
	const char *names[64] = { NULL }, *near;
	const struct acsr_key_type *t;

	for (size_t i = 0, k = 0; (t = acsr_key_type_at(i)) != NULL && k < 63; i++)
		if (acsr_key_type_available(t))
			names[k++] = t->name;
	near = args_nearest(type, names);
	if (near != NULL)
		return err_rule(e, "key.type", "--key", "",
			"there is no key type \"%.40s\", did you mean %s?", type, near);
	return err_rule(e, "key.type", "--key", "",
		"there is no key type \"%.40s\"; autocsr help keys lists all", type);
}

enum acsr_result newcsr_key_type(struct newcsr *n, struct acsr_err *e)
{
	const char *type = args_one(n->a, "key");
	const struct acsr_key_type *t = NULL;

	if (type != NULL && acsr_key_type_find(&t, type, NULL) != ACSR_OK)
		return no_such_type(type, e);
	if (type == NULL)
		type = n->draft.key_type != NULL ? n->draft.key_type : "rsa:2048";
	TRY(acsr_key_type_find(&t, type, e));
	if (n->store == NEWCSR_EXISTING || (n->store == NEWCSR_TOKEN && !args_flag(n->a, "key")))
		return ACSR_OK;
	if (n->policy == ACSR_NAMES_PUBLIC && !t->public_tls)
		return err_rule(e, "policy.key-type", "--key", "BR 6.1.5",
			"no public CA takes a key of type %s; RSA and P-256, P-384, P-521 are taken", type);
	if (n->store != NEWCSR_TOKEN)
		TRY(acsr_key_type_require(t, e));
	return acsr_csr_draft_set(&n->draft, "key", type, n->policy, e);
}

/* One try at both entries; *again when it failed in a way that is worth another. */
static enum acsr_result ask_twice(
	struct acsr_secret **out, const char *instead, bool *again, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *first = NULL;
	CLEANUP_SECRET struct acsr_secret *second = NULL;

	TRY(term_ask_new_secret(&first, "passphrase for the key: ", instead, again, e));
	TRY(term_ask_new_secret(&second, "the same again: ", instead, again, e));
	*again = !secret_equal(first, second);
	if (*again)
		return err_set(e, "usage.answer", "the two passphrases are not the same");
	*out = first;
	first = NULL;
	return ACSR_OK;
}

static enum acsr_result ask_passphrase(struct newcsr *n, struct acsr_err *e)
{
	const char *instead =
		n->store == NEWCSR_KEYOUT ? "--passphrase-file or --no-passphrase" : "--passphrase-file";
	bool again = false;

	if (args_one(n->a, "passphrase-file") != NULL)
		return file_get_secret(&n->pass, args_one(n->a, "passphrase-file"), e);
	for (int left = PASSPHRASE_TRIES; left > 0; left--) {
		struct acsr_err why = { 0 };

		if (ask_twice(&n->pass, instead, &again, &why) == ACSR_OK)
			return ACSR_OK;
		if (again && left > 1)
			fprintf(stderr, "  %s\n", why.text);
		else if (e != NULL)
			*e = why;
		if (!again)
			break;
	}
	return ACSR_FAIL;
}

enum acsr_result newcsr_key_plan(struct newcsr *n, struct acsr_err *e)
{
	switch (n->store) {
	case NEWCSR_ARCHIVE:
		return seal_plan(&n->files, args_one(n->a, "archive"), args_one(n->a, "code-file"), e);
	case NEWCSR_KEYOUT:
		TRY(file_set_plan(&n->files, args_one(n->a, "keyout"), 0600, e));
		TRY(newcsr_recipient(n, e));
		return n->to != NULL || args_flag(n->a, "no-passphrase") ? ACSR_OK : ask_passphrase(n, e);
	case NEWCSR_P12:
		TRY(file_set_plan(&n->files, args_one(n->a, "p12"), 0600, e));
		return ask_passphrase(n, e);
	case NEWCSR_EXISTING:
	case NEWCSR_TOKEN:
		break;
	}
	return ACSR_OK;
}

/* With --key the token makes it; else it is there. */
static enum acsr_result token_key(struct newcsr *n, const struct acsr_secret *pin, struct acsr_err *e)
{
	const char *uri = args_one(n->a, "token"), *module = args_one(n->a, "module");

	if (args_flag(n->a, "key"))
		return acsr_token_generate(&n->key, uri, module, args_one(n->a, "key"), pin, e);
	return acsr_token_key(&n->key, uri, module, pin, e);
}

static enum acsr_result get_token_key(struct newcsr *n, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pin = NULL;
	const char *file = args_one(n->a, "pin-file");
	struct acsr_err first = { 0 };

	if (file != NULL)
		TRY(file_get_secret(&pin, file, e));
	if (token_key(n, pin, &first) == ACSR_OK)
		return ACSR_OK;
	if (pin == NULL && err_is(&first, "token.pin.needed")) {
		TRY(term_ask_secret(&pin, "PIN of the token: ", "--pin-file", e));
		return token_key(n, pin, e);
	}
	if (e != NULL)
		*e = first;
	return ACSR_FAIL;
}

/* A key that is there may be weak or of a kind that nobody certifies: better known now than from the CA. */
static enum acsr_result judge(const struct newcsr *n, struct acsr_err *e)
{
	bool any = n->policy == ACSR_NAMES_PRIVATE;
	struct acsr_key_policy policy = { .allow_eddsa = any, .allow_pqc = any };

	return acsr_key_check_public(n->key, &policy, NULL, e);
}

static enum acsr_result set_form(struct newcsr *n, struct acsr_err *e)
{
	const char *name = args_one(n->a, "pq-form");
	enum acsr_pq_form form;

	if (name == NULL)
		return ACSR_OK;
	TRY(acsr_pq_form_find(&form, name, e));
	return acsr_key_set_pq_form(n->key, form, e);
}

enum acsr_result newcsr_key_get(struct newcsr *n, struct acsr_err *e)
{
	if (n->store != NEWCSR_EXISTING && n->store != NEWCSR_TOKEN) {
		TRY(acsr_key_generate(&n->key, n->draft.key_type, e));
		return set_form(n, e);
	}
	if (n->store == NEWCSR_TOKEN)
		TRY(get_token_key(n, e));
	else
		TRY(load_private_key(
			&n->key, args_one(n->a, "existing-key"), args_one(n->a, "passphrase-file"), e));
	return judge(n, e);
}

static enum acsr_result write_pkcs8(struct newcsr *n, const char *path, struct acsr_err *e)
{
	const char *kdf = args_one(n->a, "kdf");
	struct acsr_key_protect how = { .passphrase = n->pass };
	CLEANUP_SECRET struct acsr_secret *pem = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob locked = { NULL, 0 };

	TRY(command_put_str(n->c->result, "key_file", path, e));
	if (n->pass == NULL) {
		TRY(acsr_key_pkcs8_pem(n->key, &pem, e));
		return file_set_write(&n->files, path, acsr_secret_bytes(pem), acsr_secret_len(pem), e);
	}
	how.kdf = kdf != NULL && strcmp(kdf, "scrypt") == 0 ? ACSR_KDF_SCRYPT : ACSR_KDF_PBKDF2;
	TRY(acsr_key_pkcs8_encrypted(n->key, &how, true, &locked, e));
	return file_set_write(&n->files, path, locked.p, locked.len, e);
}

static const char *first_name(const struct newcsr *n)
{
	return n->draft.sans.n > 0 ? n->draft.sans.v[0].value : acsr_dn_get(&n->draft.subject, "CN");
}

static enum acsr_result write_p12(struct newcsr *n, struct acsr_err *e)
{
	ACSR_CLEANUP_BLOB struct acsr_blob out = { NULL, 0 };
	const char *path = args_one(n->a, "p12"), *name = first_name(n);

	TRY(newcsr_p12(n, name != NULL ? name : "private", &out, e));
	TRY(command_put_str(n->c->result, "p12_file", path, e));
	return file_set_write(&n->files, path, out.p, out.len, e);
}

static enum acsr_result write_archive(struct newcsr *n, struct acsr_err *e)
{
	char entry[ACSR_ARCHIVE_NAME_MAX + 1];

	seal_entry_name(entry, first_name(n));
	TRY(seal_key(&n->seal, n->key, entry, e));
	return seal_write(
		&n->seal, &n->files, args_one(n->a, "archive"), args_one(n->a, "code-file"), n->c->result, e);
}

enum acsr_result newcsr_key_write(struct newcsr *n, struct acsr_err *e)
{
	switch (n->store) {
	case NEWCSR_ARCHIVE:
		return write_archive(n, e);
	case NEWCSR_KEYOUT:
		return n->to != NULL ? newcsr_write_sealed(n, args_one(n->a, "keyout"), e)
				     : write_pkcs8(n, args_one(n->a, "keyout"), e);
	case NEWCSR_P12:
		return write_p12(n, e);
	case NEWCSR_EXISTING:
		return command_put_str(n->c->result, "key_file", args_one(n->a, "existing-key"), e);
	case NEWCSR_TOKEN:
		return command_put_str(n->c->result, "token", args_one(n->a, "token"), e);
	}
	return ACSR_OK;
}
