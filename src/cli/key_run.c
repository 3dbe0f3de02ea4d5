/* Judging keys. */
#include "cli/key_run.h"

#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "cli/files.h"
#include "cli/key_seen.h"
#include "cli/objects.h"
#include "cli/progress.h"
#include "cli/say.h"
#include "cli/term.h"
#include "cli/view.h"
#include "pki/moduli.h"
#include "pki/objkey.h"
#include "pki/show.h"

struct key_run {
	struct cli *c;
	struct acsr_key_policy policy;
	struct weak_lists lists;
	struct acsr_secret *passphrase;
	bool thorough, compare, list_same; /* as the options say */
	struct key_seen *seen;
	struct moduli *moduli;
	struct progress progress;

	bool many;     /* results go out as lines */
	json_t *first; /* the only result so far, while there may be no other */
	struct acsr_err first_err;

	const char *path; /* the file at work */
	bool named;
	size_t keys_of_file;

	size_t files, without, keys, weak, unreadable, same, sharing;
	size_t answers[ACSR_WEAK_ANSWERS];
};

static enum acsr_result choose_policy(struct key_run *r, struct acsr_err *e)
{
	const char *name = args_one(&r->c->args, "policy");
	bool public_trust = name != NULL && strcmp(name, "public") == 0;

	if (name != NULL && !public_trust && strcmp(name, "private") != 0)
		return err_set(e, "usage.policy", "--policy is public or private");
	r->policy = (struct acsr_key_policy){ .allow_eddsa = !public_trust,
		.allow_pqc = !public_trust,
		.weak = r->lists.weak,
		.blocked = r->lists.blocked };
	return ACSR_OK;
}

static enum acsr_result set_up(struct key_run *r, struct acsr_err *e)
{
	const struct args *a = &r->c->args;
	const char *passphrase_file = args_one(a, "passphrase-file");

	r->thorough = args_flag(a, "thorough");
	r->compare = !args_flag(a, "no-compare");
	r->list_same = args_flag(a, "same");
	r->many |= args_flag(a, "lines");
	TRY(weak_lists_open(&r->lists, a, e));
	TRY(choose_policy(r, e));
	if (passphrase_file != NULL)
		TRY(file_get_secret(&r->passphrase, passphrase_file, e));
	TRY(key_seen_new(&r->seen, e));
	return moduli_new(&r->moduli, MODULI_CHUNK, e);
}

enum acsr_result key_run_new(struct key_run **out, struct cli *c, bool many, struct acsr_err *e)
{
	struct key_run *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return err_nomem(e);
	r->c = c;
	r->many = many;
	progress_start(&r->progress);
	if (set_up(r, e) != ACSR_OK) {
		key_run_free(r);
		return ACSR_FAIL;
	}
	*out = r;
	return ACSR_OK;
}

void key_run_free(struct key_run *r)
{
	if (r == NULL)
		return;
	weak_lists_close(&r->lists);
	acsr_secret_free(r->passphrase);
	key_seen_free(r->seen);
	moduli_free(r->moduli);
	json_decref(r->first);
	free(r);
}

/* ---- results */

/* A line holds what is wrong; a document alone holds every rule. */
static void make_brief(json_t *result)
{
	json_t *checks = json_object_get(result, "checks");

	for (size_t i = json_array_size(checks); i-- > 0;) {
		const char *verdict = view_str(json_array_get(checks, i), "result");

		if (strcmp(verdict, "pass") == 0 || strcmp(verdict, "info") == 0)
			json_array_remove(checks, i);
	}
}

static void line(struct key_run *r, json_t *result)
{
	make_brief(result);
	progress_clear(&r->progress);
	say_line(r->c, result);
}

static void become_many(struct key_run *r)
{
	r->many = true;
	if (r->first != NULL)
		line(r, r->first);
	json_decref(r->first);
	r->first = NULL;
}

/* Takes the result over. */
static void tell(struct key_run *r, json_t *result, const struct acsr_err *err)
{
	if (!r->many && r->first != NULL)
		become_many(r);
	if (!r->many) {
		r->first = result;
		r->first_err = err != NULL ? *err : (struct acsr_err){ 0 };
		return;
	}
	line(r, result);
	json_decref(result);
}

static enum acsr_result put_place(struct key_run *r, json_t *o, unsigned object, struct acsr_err *e)
{
	TRY(command_put_str(o, "file", r->path, e));
	return object == 0 ? ACSR_OK : command_put(o, "object", json_integer((json_int_t)object), e);
}

static enum acsr_result unreadable(
	struct key_run *r, unsigned object, const struct acsr_err *why, struct acsr_err *e)
{
	json_t *o = json_object();

	r->unreadable++;
	if (put_place(r, o, object, e) != ACSR_OK ||
		command_put(o, "error", say_problem(why), e) != ACSR_OK) {
		json_decref(o);
		return ACSR_FAIL;
	}
	tell(r, o, why);
	return ACSR_OK;
}

/* ---- one key */

struct verdict {
	const struct acsr_input_object *o;
	unsigned object;
	struct acsr_key *key; /* NULL: its point is none, which is the verdict */
	struct acsr_findings all;
	enum acsr_weak_answer answer;
	uint8_t spki[32];
	bool bad;
};

/* A broken rule is a verdict; what kept a rule from being asked is an error. */
static enum acsr_result rule_or_error(
	struct verdict *v, enum acsr_result r, const struct acsr_err *found, struct acsr_err *e)
{
	if (r == ACSR_OK)
		return ACSR_OK;
	v->bad = acsr_findings_worst(&v->all) == ACSR_ERROR;
	if (!v->bad && e != NULL)
		*e = *found;
	return v->bad ? ACSR_OK : ACSR_FAIL;
}

static enum acsr_result judge(struct key_run *r, struct verdict *v, struct acsr_err *e)
{
	const struct acsr_weak_section *hit;
	struct acsr_err found = { 0 };

	r->policy.thorough = r->thorough || !r->many;
	TRY(rule_or_error(v, acsr_key_check_public(v->key, &r->policy, &v->all, &found), &found, e));
	if (v->o->kind == ACSR_INPUT_PRIVATE_KEY)
		TRY(rule_or_error(v, acsr_key_check_pair(v->key, &v->all, &found), &found, e));
	TRY(acsr_weaklist_find(r->lists.weak, v->key, &v->answer, &hit, e));
	return acsr_key_spki_sha256(v->key, v->spki, e);
}

static enum acsr_result put_key(struct key_run *r, const struct verdict *v, json_t *o, struct acsr_err *e)
{
	TRY(put_place(r, o, v->object, e));
	TRY(command_put_str(o, "kind", acsr_input_kind_name(v->o->kind), e));
	if (v->key != NULL) {
		TRY(command_put_str(o, "key_type", acsr_key_name(v->key), e));
		TRY(command_put(o, "spki_sha256", show_hex(v->spki, 32), e));
		TRY(command_put_str(o, "debian", acsr_weak_answer_name(v->answer), e));
	}
	TRY(command_put(o, "ok", json_boolean(!v->bad), e));
	return command_put(o, "checks", show_findings(&v->all), e);
}

/* In a run of many, a good key is nothing to tell a person. */
static bool worth_telling(const struct key_run *r, const struct verdict *v)
{
	return r->c->json || !r->many || acsr_findings_worst(&v->all) >= ACSR_WARN;
}

static enum acsr_result tell_verdict(struct key_run *r, const struct verdict *v, struct acsr_err *e)
{
	json_t *o;

	r->keys++;
	r->weak += v->bad;
	if (v->key != NULL)
		r->answers[v->answer]++;
	if (!r->many && r->first != NULL)
		become_many(r);
	if (!worth_telling(r, v))
		return ACSR_OK;
	o = json_object();
	if (put_key(r, v, o, e) != ACSR_OK) {
		json_decref(o);
		return ACSR_FAIL;
	}
	tell(r, o, NULL);
	return ACSR_OK;
}

static enum acsr_result put_side(const struct key_run *r, uint32_t id, json_t *sides, struct acsr_err *e)
{
	json_t *o = NULL;

	TRY(key_seen_json(r->seen, id, &o, e));
	return json_array_append_new(sides, o) == 0 ? ACSR_OK : err_nomem(e);
}

/* Two places; one when its partner is not known. */
static enum acsr_result tell_pair(
	struct key_run *r, const char *what, uint32_t a, uint32_t b, struct acsr_err *e)
{
	json_t *o = json_object(), *sides = json_array();
	enum acsr_result result = command_put(o, what, sides, e);

	if (result == ACSR_OK)
		result = put_side(r, a, sides, e);
	if (result == ACSR_OK && a != b)
		result = put_side(r, b, sides, e);
	if (result == ACSR_OK)
		line(r, o);
	json_decref(o);
	return result;
}

/* Remember it for the comparison. */
static enum acsr_result remember(struct key_run *r, const struct verdict *v, struct acsr_err *e)
{
	uint32_t id, first;

	if (v->key == NULL)
		return ACSR_OK;
	TRY(key_seen_add(r->seen, r->path, v->object, v->spki, &id, &first, e));
	if (first == id)
		return r->compare ? moduli_add(r->moduli, v->key, id, e) : ACSR_OK;
	r->same++;
	return r->list_same && r->many ? tell_pair(r, "same_key", first, id, e) : ACSR_OK;
}

/* OpenSSL does not take a point that is none into a key: the verdict without one. */
static enum acsr_result bad_point(struct verdict *v, const struct acsr_err *why, struct acsr_err *e)
{
	v->bad = true;
	return acsr_findings_add_err(&v->all, why, "", e);
}

static enum acsr_result ask_passphrase(struct key_run *r, const struct acsr_err *why, struct acsr_err *e)
{
	if (!err_is(why, "key.passphrase.needed") || r->many || !r->named || r->passphrase != NULL) {
		if (e != NULL)
			*e = *why;
		return ACSR_FAIL;
	}
	return term_ask_secret(&r->passphrase, "passphrase of the key: ", "--passphrase-file", e);
}

static enum acsr_result take_key(struct key_run *r, struct verdict *v, struct acsr_err *e)
{
	struct acsr_err why = { 0 };

	if (object_key(&v->key, v->o, r->passphrase, &why) == ACSR_OK)
		return ACSR_OK;
	if (err_is(&why, "key.ec.point"))
		return bad_point(v, &why, e);
	TRY(ask_passphrase(r, &why, e));
	return object_key(&v->key, v->o, r->passphrase, e);
}

static enum acsr_result look_at(struct key_run *r, struct verdict *v, struct acsr_err *e)
{
	struct acsr_err why = { 0 };

	if (take_key(r, v, &why) != ACSR_OK || (v->key != NULL && judge(r, v, &why) != ACSR_OK))
		return unreadable(r, v->object, &why, e);
	TRY(tell_verdict(r, v, e));
	return remember(r, v, e);
}

static enum acsr_result on_object(
	void *ctx, unsigned number, const struct acsr_input_object *o, struct acsr_err *e)
{
	struct key_run *r = ctx;
	struct verdict v = { .o = o, .object = number };
	enum acsr_result result;

	/* Bytes that look like nothing are no key; a damaged block may have been one. */
	if (!object_has_key(o->kind) && !(o->err.id[0] != '\0' && o->label[0] != '\0'))
		return ACSR_OK;
	r->keys_of_file++;
	result = look_at(r, &v, e);
	acsr_findings_free(&v.all);
	acsr_key_free(v.key);
	progress_tell(&r->progress, "%zu keys, %zu weak", r->keys, r->weak);
	return result;
}

/* An error of the file, as against one of the run: nothing of it was told yet. */
static enum acsr_result file_failed(struct key_run *r, const struct acsr_err *why, struct acsr_err *e)
{
	if (err_is(why, "input.") || err_is(why, "sys.read"))
		return unreadable(r, 0, why, e);
	if (e != NULL)
		*e = *why;
	return ACSR_FAIL;
}

enum acsr_result key_run_file(struct key_run *r, const char *path, bool named, struct acsr_err *e)
{
	struct acsr_err why = { 0 };

	r->path = path;
	r->named = named;
	r->keys_of_file = 0;
	r->files++;
	if (!named && !r->many)
		become_many(r);
	if (objects_read(path, on_object, r, &why) != ACSR_OK && (named || !err_is(&why, "input.empty")))
		return file_failed(r, &why, e);
	if (r->keys_of_file > 0)
		return ACSR_OK;
	r->without++;
	if (!named)
		return ACSR_OK;
	(void)err_set(&why, "input.unknown", "%s holds no key, CSR or certificate",
		strcmp(path, "-") == 0 ? "standard input" : path);
	return unreadable(r, 0, &why, e);
}

/* ---- the end */

static void comparing(void *arg, unsigned permille)
{
	struct key_run *r = arg;

	progress_tell(&r->progress, "comparing %zu RSA keys with each other: %u %%", moduli_count(r->moduli),
		permille / 10);
}

static enum acsr_result compare(struct key_run *r, struct acsr_err *e)
{
	enum acsr_result result = ACSR_OK;
	struct moduli_pair *v = NULL;
	size_t n = 0;

	if (!r->compare || moduli_count(r->moduli) < 2)
		return ACSR_OK;
	comparing(r, 0);
	TRY(moduli_find(r->moduli, &v, &n, comparing, r, e));
	for (size_t i = 0; i < n && result == ACSR_OK; i++)
		result = tell_pair(r, v[i].same ? "same_modulus" : "shared_prime", v[i].a, v[i].b, e);
	r->sharing = n;
	free(v);
	return result;
}

static enum acsr_result put_answers(const struct key_run *r, json_t *o, struct acsr_err *e)
{
	json_t *answers = json_object();

	TRY(command_put(o, "debian", answers, e));
	for (size_t i = 0; i < ACSR_WEAK_ANSWERS; i++)
		TRY(command_put(answers, acsr_weak_answer_name((enum acsr_weak_answer)i),
			json_integer((json_int_t)r->answers[i]), e));
	return ACSR_OK;
}

static enum acsr_result summary(struct key_run *r, json_t *o, struct acsr_err *e)
{
	const struct {
		const char *name;
		size_t n;
	} counts[] = { { "files", r->files }, { "files_without_key", r->without }, { "keys", r->keys },
		{ "weak", r->weak }, { "unreadable", r->unreadable }, { "same_key", r->same },
		{ "shared_prime", r->sharing } };

	for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++)
		TRY(command_put(o, counts[i].name, json_integer((json_int_t)counts[i].n), e));
	TRY(command_put(o, "compared", json_boolean(r->compare), e));
	TRY(put_answers(r, o, e));
	return command_put(o, "weak_list", weak_lists_json(&r->lists), e);
}

static enum acsr_result end_many(struct key_run *r, struct acsr_err *e)
{
	json_t *o, *inner = json_object();

	if (compare(r, e) != ACSR_OK || summary(r, inner, e) != ACSR_OK) {
		json_decref(inner);
		return ACSR_FAIL;
	}
	o = json_pack("{s:o}", "summary", inner);
	if (o == NULL)
		return err_nomem(e);
	line(r, o);
	json_decref(o);
	r->c->exit_code = r->weak + r->sharing > 0 ? 1 : r->unreadable > 0 ? 3 : 0;
	return ACSR_OK;
}

static enum acsr_result end_one(struct key_run *r, struct acsr_err *e)
{
	if (r->first_err.id[0] != '\0') {
		if (e != NULL)
			*e = r->first_err;
		return ACSR_FAIL;
	}
	r->c->answer_no = r->weak > 0;
	if (json_object_update(r->c->result, r->first) != 0)
		return err_nomem(e);
	return command_put(r->c->result, "weak_list", weak_lists_json(&r->lists), e);
}

enum acsr_result key_run_end(struct key_run *r, struct acsr_err *e)
{
	enum acsr_result result;

	if (!r->many && r->first == NULL)
		return err_set(e, "input.empty", "no key, CSR or certificate was given");
	result = r->many ? end_many(r, e) : end_one(r, e);
	progress_clear(&r->progress);
	return result;
}
