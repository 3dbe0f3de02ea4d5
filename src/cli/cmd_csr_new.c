/* csr new: a key and a CSR on this machine, the key in an archive or in a PKCS#8 file. */
#include <stdlib.h>
#include <string.h>

#include "autocsr/archive.h"
#include "autocsr/code.h"
#include "autocsr/csr.h"
#include "autocsr/name.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "cli/files.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/view.h"
#include "pki/show.h"

/* Everything of one run; released in one place. */
struct csr_new {
	struct acsr_dn subject;
	struct acsr_sans sans;
	const char *ekus[16];
	size_t n_ekus;
	struct acsr_key *key;
	struct acsr_blob pem;
	struct acsr_secret *code;
	struct new_file key_file, code_file, csr_file;
	char entry[ACSR_ARCHIVE_NAME_MAX + 1]; /* name of the key inside the archive */
};

static void release(struct csr_new *n)
{
	acsr_dn_free(&n->subject);
	acsr_sans_free(&n->sans);
	acsr_key_free(n->key);
	acsr_blob_free(&n->pem);
	acsr_secret_free(n->code);
	new_file_abandon(&n->csr_file);
	new_file_abandon(&n->code_file);
	new_file_abandon(&n->key_file);
}

static enum acsr_result check_usage(const struct args *a, struct acsr_err *e)
{
	const char *archive = args_one(a, "archive"), *keyout = args_one(a, "keyout");

	if ((archive == NULL) == (keyout == NULL))
		return err_set(e, "usage.key",
			"say where the key goes, in one way: --archive FILE.zip or --keyout FILE");
	if (strcmp(archive != NULL ? archive : keyout, "-") == 0)
		return err_set(e, "usage.key", "a key is never written to standard output; name a file");
	if (archive != NULL && (args_flag(a, "no-passphrase") || args_flag(a, "passphrase-file")))
		return err_set(e, "usage.key",
			"an archive is locked with a code of its own; --passphrase-file and --no-passphrase "
			"belong to --keyout");
	if (keyout != NULL && args_flag(a, "code-file"))
		return err_set(e, "usage.key", "--code-file belongs to --archive");
	if (args_flag(a, "no-passphrase") && args_flag(a, "passphrase-file"))
		return err_set(e, "usage.key", "--no-passphrase and --passphrase-file exclude each other");
	if (args_flag(a, "code-file") && strcmp(args_one(a, "code-file"), "-") == 0)
		return err_set(
			e, "usage.key", "the unlock code is not written to standard output; name a file");
	if (args_count(a, "host") + args_count(a, "ip") + args_count(a, "email") + args_count(a, "uri") +
			args_count(a, "upn") + args_count(a, "subject") ==
		0)
		return err_set(e, "usage.names", "say whom the certificate is for: --host www.example.com");
	return ACSR_OK;
}

static enum acsr_name_policy name_policy(const struct args *a)
{
	const char *policy = args_one(a, "policy");

	return policy != NULL && strcmp(policy, "public") == 0 ? ACSR_NAMES_PUBLIC : ACSR_NAMES_PRIVATE;
}

/* Names of hosts in canonical form; an IP address given as a host is taken as one. */
static enum acsr_result add_host(
	struct csr_new *n, const struct args *a, const char *text, struct acsr_err *e)
{
	struct acsr_name name;
	enum acsr_san_type type;

	if (acsr_name_check(text, strlen(text), name_policy(a), &name, e) != ACSR_OK) {
		err_at(e, "--host %s", text);
		return ACSR_FAIL;
	}
	type = name.kind == ACSR_NAME_IP ? ACSR_SAN_IP : ACSR_SAN_DNS;
	if (strcmp(name.ascii, name.unicode) != 0)
		say_progress("%s is %s in the certificate", name.unicode, name.ascii);
	if (acsr_sans_has(&n->sans, type, name.ascii))
		return ACSR_OK;
	return acsr_sans_add(&n->sans, type, name.ascii, e);
}

static enum acsr_result add_others(struct csr_new *n, const struct args *a, struct acsr_err *e)
{
	static const struct {
		const char *option;
		enum acsr_san_type type;
	} kinds[] = { { "ip", ACSR_SAN_IP }, { "email", ACSR_SAN_EMAIL }, { "uri", ACSR_SAN_URI },
		{ "upn", ACSR_SAN_UPN } };
	const char *v;

	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
		for (size_t i = 0; (v = args_many(a, kinds[k].option, i)) != NULL; i++)
			if (acsr_sans_add(&n->sans, kinds[k].type, v, e) != ACSR_OK) {
				err_at(e, "--%s %s", kinds[k].option, v);
				return ACSR_FAIL;
			}
	return ACSR_OK;
}

static enum acsr_result collect_names(struct csr_new *n, const struct args *a, struct acsr_err *e)
{
	const char *v;

	for (size_t i = 0; (v = args_many(a, "host", i)) != NULL; i++)
		TRY(add_host(n, a, v, e));
	TRY(add_others(n, a, e));
	if (n->sans.n > LIMIT_NAMES)
		return err_rule(e, "csr.sans.many", "--host", "", "%zu names, at most %d are taken",
			n->sans.n, LIMIT_NAMES);
	for (size_t i = 0; (v = args_many(a, "eku", i)) != NULL; i++) {
		if (n->n_ekus == sizeof(n->ekus) / sizeof(n->ekus[0]))
			return err_set(e, "usage.many", "too many --eku");
		n->ekus[n->n_ekus++] = v;
	}
	return ACSR_OK;
}

/* Without --subject the common name copies the first host, which old software still looks at; a name
 * that is too long for it is left out (RFC 5280 ub-common-name). */
static enum acsr_result collect_subject(struct csr_new *n, const struct args *a, struct acsr_err *e)
{
	const char *text = args_one(a, "subject");

	if (text != NULL) {
		if (acsr_dn_parse(&n->subject, text, e) == ACSR_OK)
			return ACSR_OK;
		err_at(e, "--subject");
		return ACSR_FAIL;
	}
	for (size_t i = 0; i < n->sans.n; i++)
		if (n->sans.v[i].type == ACSR_SAN_DNS && strlen(n->sans.v[i].value) <= LIMIT_SUBJECT_FIELD)
			return acsr_dn_add(&n->subject, "CN", n->sans.v[i].value, e);
	return ACSR_OK;
}

static enum acsr_result make_key(struct csr_new *n, const struct args *a, struct acsr_err *e)
{
	const char *type = args_one(a, "key") != NULL ? args_one(a, "key") : "rsa:2048";
	const struct acsr_key_type *t = NULL;
	enum acsr_pq_form form;

	if (acsr_key_type_find(&t, type, e) != ACSR_OK) {
		err_at(e, "--key");
		return ACSR_FAIL;
	}
	if (name_policy(a) == ACSR_NAMES_PUBLIC && !t->public_tls)
		return err_rule(e, "policy.key-type", "--key", "BR 6.1.5",
			"no public CA takes a key of type %s; RSA and P-256, P-384, P-521 are taken", type);
	TRY(acsr_key_generate(&n->key, type, e));
	if (args_one(a, "pq-form") == NULL)
		return ACSR_OK;
	TRY(acsr_pq_form_find(&form, args_one(a, "pq-form"), e));
	return acsr_key_set_pq_form(n->key, form, e);
}

static enum acsr_result make_csr(struct csr_new *n, const struct args *a, struct acsr_err *e)
{
	struct acsr_csr_request req = { .subject = &n->subject,
		.sans = &n->sans,
		.ekus = n->ekus,
		.n_ekus = n->n_ekus,
		.must_staple = args_flag(a, "must-staple"),
		.digest = args_one(a, "digest") };
	ACSR_CLEANUP_BLOB struct acsr_blob der = { NULL, 0 };

	TRY(acsr_csr_build(&req, n->key, &der, e));
	return acsr_csr_pem(der.p, der.len, &n->pem, e);
}

/* Every file is created before anything is made, so that a bad path or a file that is there costs nothing. */
static enum acsr_result open_files(struct csr_new *n, const struct args *a, struct acsr_err *e)
{
	const char *key = args_one(a, args_flag(a, "archive") ? "archive" : "keyout");
	const char *out = args_one(a, "out"), *code = args_one(a, "code-file");
	bool force = args_flag(a, "force");

	TRY(new_file_open(&n->key_file, key, 0600, force, e));
	if (code != NULL)
		TRY(new_file_open(&n->code_file, code, 0600, force, e));
	if (out != NULL && strcmp(out, "-") != 0)
		TRY(new_file_open(&n->csr_file, out, 0644, force, e));
	return ACSR_OK;
}

/* "www.example.com.key": what the key is called inside the archive. */
static void entry_name(struct csr_new *n)
{
	const char *base = n->sans.n > 0 ? n->sans.v[0].value : "private";
	size_t at = 0;

	if (base[0] == '*') {
		memcpy(n->entry, "wildcard", 8);
		at = 8;
		base++;
	}
	for (; *base != '\0' && at < sizeof(n->entry) - 5; base++)
		n->entry[at++] = strchr("/\\:*?\"<>|", *base) != NULL ? '_' : *base;
	memcpy(n->entry + at, ".key", 5);
}

static enum acsr_result write_archive(struct csr_new *n, json_t *result, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *plain = NULL;
	CLEANUP_BUF struct buf out = { 0 };
	struct acsr_archive_info info;
	size_t len = 0;

	entry_name(n);
	TRY(acsr_key_pkcs8_pem(n->key, &plain, e));
	TRY(acsr_code_new(&n->code, e));
	buf_init(&out, LIMIT_ARCHIVE);
	TRY(buf_reserve(&out, ACSR_ARCHIVE_SIZE(strlen(n->entry), acsr_secret_len(plain)), e));
	TRY(acsr_archive_write(n->entry, plain, n->code, clock_now(), out.p, out.cap, &len, e));
	TRY(acsr_archive_show(out.p, len, &info, e));
	TRY(command_put_str(result, "archive", n->key_file.path, e));
	TRY(command_put(result, "archive_sha256", show_hex(info.sha256, 32), e));
	return new_file_commit(&n->key_file, out.p, len, e);
}

/* The code itself goes to the terminal or to its file, never into the result. */
static enum acsr_result hand_over_code(struct csr_new *n, json_t *result, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *shown = NULL;
	CLEANUP_SECRET struct acsr_secret *line = NULL;
	char suffix[] = "   check symbol ?, typed without the dashes";

	if (n->code_file.fd >= 0) {
		TRY(secret_zeroed(&line, acsr_secret_len(n->code) + 1, e));
		memcpy(secret_data(line), acsr_secret_bytes(n->code), acsr_secret_len(n->code));
		secret_data(line)[acsr_secret_len(n->code)] = '\n';
		TRY(command_put_str(result, "code_file", n->code_file.path, e));
		return new_file_commit(&n->code_file, acsr_secret_bytes(line), acsr_secret_len(line), e);
	}
	TRY(acsr_code_show(n->code, '-', &shown, e));
	*strchr(suffix, '?') = acsr_code_check(n->code);
	term_show_secret("unlock code   ", shown, suffix);
	return ACSR_OK;
}

static enum acsr_result key_passphrase(struct acsr_secret **out, const struct args *a, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *again = NULL;
	struct acsr_secret *s = NULL;

	if (args_one(a, "passphrase-file") != NULL)
		return file_get_secret(out, args_one(a, "passphrase-file"), e);
	TRY(term_ask_secret(&s, "passphrase for the key: ", "--passphrase-file or --no-passphrase", e));
	if (term_ask_secret(&again, "the same again: ", "--passphrase-file", e) != ACSR_OK ||
		!secret_equal(s, again)) {
		acsr_secret_free(s);
		return err_set(e, "usage.answer", "the two passphrases are not the same");
	}
	*out = s;
	return ACSR_OK;
}

static enum acsr_result write_key(
	struct csr_new *n, const struct args *a, const struct acsr_secret *pass, struct acsr_err *e)
{
	CLEANUP_SECRET struct acsr_secret *pem = NULL;
	ACSR_CLEANUP_BLOB struct acsr_blob locked = { NULL, 0 };

	if (args_flag(a, "no-passphrase")) {
		TRY(acsr_key_pkcs8_pem(n->key, &pem, e));
		return new_file_commit(&n->key_file, acsr_secret_bytes(pem), acsr_secret_len(pem), e);
	}
	TRY(acsr_key_pkcs8_pem_encrypted(n->key, pass, &locked, e));
	return new_file_commit(&n->key_file, locked.p, locked.len, e);
}

static enum acsr_result put_result(struct csr_new *n, struct cli *c, struct acsr_err *e)
{
	uint8_t spki[32];

	TRY(acsr_key_spki_sha256(n->key, spki, e));
	TRY(command_put_str(c->result, "key_type", acsr_key_name(n->key), e));
	TRY(command_put(c->result, "spki_sha256", show_hex(spki, 32), e));
	TRY(command_put_str(c->result, "csr", (const char *)n->pem.p, e));
	if (n->csr_file.fd < 0)
		return buf_put(&c->raw, n->pem.p, n->pem.len, e);
	TRY(command_put_str(c->result, "csr_file", n->csr_file.path, e));
	return new_file_commit(&n->csr_file, n->pem.p, n->pem.len, e);
}

static enum acsr_result make(
	struct csr_new *n, struct cli *c, const struct acsr_secret *pass, struct acsr_err *e)
{
	const struct args *a = &c->args;

	TRY(open_files(n, a, e));
	TRY(make_key(n, a, e));
	TRY(make_csr(n, a, e));
	if (args_flag(a, "archive")) {
		TRY(write_archive(n, c->result, e));
		TRY(hand_over_code(n, c->result, e));
	} else {
		TRY(command_put_str(c->result, "key_file", n->key_file.path, e));
		TRY(write_key(n, a, pass, e));
	}
	return put_result(n, c, e);
}

static enum acsr_result cmd_csr_new_run(struct cli *c, struct acsr_err *e)
{
	struct csr_new n = {
		.key_file = NEW_FILE_NONE, .code_file = NEW_FILE_NONE, .csr_file = NEW_FILE_NONE
	};
	const struct args *a = &c->args;
	CLEANUP_SECRET struct acsr_secret *pass = NULL;
	enum acsr_result r;

	TRY(check_usage(a, e));
	if (args_flag(a, "keyout") && !args_flag(a, "no-passphrase"))
		TRY(key_passphrase(&pass, a, e));
	r = collect_names(&n, a, e);
	if (r == ACSR_OK)
		r = collect_subject(&n, a, e);
	if (r == ACSR_OK && n.sans.n == 0)
		say_progress(
			"no names: servers need --host, the common name alone is not looked at any more");
	if (r == ACSR_OK)
		r = make(&n, c, pass, e);
	release(&n);
	return r;
}

static void cmd_csr_new_show(struct cli *c, const json_t *result)
{
	(void)c;
	say_field("key", view_str(result, "key_type"));
	say_field("SPKI SHA-256", view_str(result, "spki_sha256"));
	say_field("CSR", view_str(result, "csr_file"));
	say_field("key file", view_str(result, "key_file"));
	say_field("archive", view_str(result, "archive"));
	say_field("archive SHA-256", view_str(result, "archive_sha256"));
	say_field("unlock code in", view_str(result, "code_file"));
}

static const struct opt csr_new_opts[] = {
	{ "host", OPT_MANY, "NAME", "DNS name or IP address, wildcards too" },
	{ "ip", OPT_MANY, "ADDRESS", "IP address" },
	{ "email", OPT_MANY, "ADDRESS", "e-mail address (for S/MIME and client certificates)" },
	{ "uri", OPT_MANY, "URI", "URI" },
	{ "upn", OPT_MANY, "NAME", "user principal name (Windows log-on)" },
	{ "subject", OPT_ONE, "DN", "'CN=…,O=…,L=…,C=DE'; without it the first host is the CN" },
	{ "key", OPT_ONE, "TYPE", "rsa:2048 when left out; $KEYS", VALUES_KEYS },
	{ "pq-form", OPT_ONE, "FORM", "a post-quantum key as seed (default), expanded or both",
		"seed expanded both" },
	{ "digest", OPT_ONE, "NAME", "SHA256, SHA384, SHA512; by the key when left out",
		"SHA256 SHA384 SHA512" },
	{ "eku", OPT_MANY, "USAGE", "serverAuth, clientAuth, … or an OID", VALUES_EKUS },
	{ "must-staple", OPT_FLAG, NULL, "ask for the must-staple extension (RFC 7633)" },
	{ "policy", OPT_ONE, "NAME", "public: refuse what no public CA takes; private (default)",
		"public private" },
	{ "out", OPT_ONE, "FILE.csr", "where the CSR goes; standard output when left out" },
	{ "archive", OPT_ONE, "FILE.zip",
		"put the key into an AES-256 archive with an unlock code of its own" },
	{ "code-file", OPT_ONE, "FILE", "write the unlock code there (0600) instead of showing it" },
	{ "keyout", OPT_ONE, "FILE", "or put the key into a PKCS#8 PEM file (0600)" },
	{ "passphrase-file", OPT_ONE, "FILE",
		"encrypt that file with this passphrase; asked for when left out" },
	{ "no-passphrase", OPT_FLAG, NULL, "leave that file unencrypted" },
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const char csr_new_text[] =
	"The private key is never printed. It goes into an AES-256 archive (opens with 7-Zip, WinZip, "
	"WinRAR,\n"
	"Keka, bsdtar) whose unlock code is made by the machine, or into a PKCS#8 file.\n"
	"\n"
	"  autocsr csr new --host www.example.com example.com --out www.csr --archive www.zip\n"
	"  autocsr csr new --host www.example.com --key ec:p256 --keyout www.key --no-passphrase >www.csr\n"
	"  autocsr csr new --subject 'CN=Ann,O=Example GmbH,C=DE' --email ann@example.com --eku clientAuth "
	"\\\n"
	"      --keyout ann.key --passphrase-file pass.txt --out ann.csr\n";

const struct command cmd_csr_new = { "csr", "new", "", 0, 0, "make a key and a CSR", csr_new_text,
	csr_new_opts, .run = cmd_csr_new_run, .show = cmd_csr_new_show };
