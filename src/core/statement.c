/* Statements about public issuers: noted, withdrawn, shown. */
#include "core/statement.h"

#include <stdio.h>
#include <string.h>

#include "base/rnd.h"
#include "core/handlers.h"
#include "core/issue.h"
#include "core/jsontext.h"
#include "core/proof.h"
#include "core/upstream/issuer.h"

#define USUAL                                                                                   \
	"The operator of this service is neither the CA of this issuer nor an affiliate of it " \
	"(BR 6.1.1.3, 1.6.1)."

/* --- asking --- */

enum acsr_result statement_for(
	struct core *c, const char *issuer, struct statement *out, bool *have, struct acsr_err *e)
{
	const struct issuer *is = *issuer == '\0' ? issue_choose_issuer(c, "") : NULL;

	return statements_current(c->db, is != NULL ? is->name : issuer, out, have, e);
}

/* --- the configuration file --- */

static enum acsr_result add(struct core *c, const char *issuer, const char *author, const char *text,
	const char *actor, const char *account_id, struct acsr_err *e)
{
	struct statement s = { .at = c->now };

	rnd_id("sta_", s.id, sizeof(s.id));
	snprintf(s.issuer, sizeof(s.issuer), "%s", issuer);
	snprintf(s.author, sizeof(s.author), "%s", author);
	snprintf(s.text, sizeof(s.text), "%s", text);
	TRY(statements_add(c->db, &s, e));
	return core_audit(c, actor, account_id, "statement.made", s.id, e, "issuer %s, author %s: %.600s",
		issuer, author, text);
}

static enum acsr_result withdraw(struct core *c, const struct statement *s, const char *actor,
	const char *account_id, struct acsr_err *e)
{
	TRY(statements_withdraw(c->db, s->id, c->now, actor, e));
	return core_audit(c, actor, account_id, "statement.withdrawn", s->id, e, "issuer %s, author %s",
		s->issuer, s->author);
}

enum acsr_result statement_of_file(struct core *c, struct acsr_err *e)
{
	const struct conf *conf = &c->proc->conf;
	bool stated =
		strcmp(conf_str(conf, "ca.kind"), "public") == 0 && conf_bool(conf, "ca.operator_is_not_ca");
	struct statement s;
	bool have;

	TRY(statements_about(c->db, STATEMENT_ALL, &s, &have, e));
	if (stated && !have)
		return add(c, STATEMENT_ALL, STATEMENT_BY_FILE, USUAL, "system", "", e);
	return have && !stated ? withdraw(c, &s, "system", "", e) : ACSR_OK;
}

/* --- the API --- */

/* One of ours, or another CA's; a loan of the path. */
static enum acsr_result issuer_of_path(
	struct core *c, const struct request *q, const char **out, struct acsr_err *e)
{
	bool ours, other;

	TRY(issuer_exists(c, q->param[0], &ours, &other, e));
	*out = q->param[0];
	return ours || other ? ACSR_OK
			     : err_set(e, "object.absent", "there is no issuer \"%s\"", q->param[0]);
}

static json_t *statement_json(const struct statement *s)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o}", "id", s->id, "issuer", s->issuer,
		"author", s->author, "statement", s->text, "source",
		strcmp(s->issuer, STATEMENT_ALL) == 0 ? "configuration" : "api", "at", json_time(s->at),
		"withdrawn_at", json_time(s->withdrawn_at), "withdrawn_by",
		json_text_or_null(s->withdrawn_by));
}

static enum acsr_result add_to_list(void *list, const struct statement *s, struct acsr_err *e)
{
	return json_array_append_new(list, statement_json(s)) == 0 ? ACSR_OK : err_nomem(e);
}

/* What holds now, whether keys are made, and everything that was ever stated. */
static enum acsr_result answer(
	struct core *c, struct request *q, const char *issuer, unsigned status, struct acsr_err *e)
{
	json_t *list = json_array();
	bool public, have;
	struct statement s;

	if (issuer_is_public(c, issuer, &public, e) != ACSR_OK) {
		json_decref(list);
		return ACSR_FAIL;
	}
	request_answer(q, status,
		json_pack("{s:s, s:s, s:o}", "issuer", issuer, "kind", public ? "public" : "private",
			"statements", list));
	TRY(statements_current(c->db, issuer, &s, &have, e));
	TRY(statements_each(c->db, issuer, add_to_list, list, e));
	json_object_set_new(q->answer, "statement", have ? statement_json(&s) : json_null());
	json_object_set_new(q->answer, "autocsr", json_boolean(!public || have));
	return ACSR_OK;
}

enum acsr_result statement_show(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *is;

	TRY(issuer_of_path(c, q, &is, e));
	return answer(c, q, is, 200, e);
}

struct stating {
	const char *author, *text;
	struct proof proof;
};

/* The author and the text stand on receipts, line by line. */
static enum acsr_result check_texts(const struct stating *s, struct acsr_err *e)
{
	if (s->author[strspn(s->author, " ")] == '\0')
		return err_rule(e, "request.field.author", "author", NULL,
			"say who states it: a person or a body that can be held to it");
	if (s->text[strspn(s->text, " \n")] == '\0')
		return err_rule(e, "request.field.statement", "statement", NULL, "the statement is empty");
	for (const char *p = s->text; *p != '\0'; p++)
		if (*p == '\t' || *p == '\r')
			return err_rule(e, "request.field.statement", "statement", NULL,
				"the statement has tabs or carriage returns; lines end with a line feed");
	return ACSR_OK;
}

static enum acsr_result read_stating(struct request *q, struct stating *s, struct acsr_err *e)
{
	const struct field fields[] = { { "author", FIELD_TEXT, true, &s->author, 200 },
		{ "statement", FIELD_TEXT, false, &s->text, 4000 }, PROOF_FIELDS(s->proof), { 0 } };

	s->text = USUAL;
	TRY(request_fields(q, fields, e));
	return check_texts(s, e);
}

/* A statement that there is already goes first: two that hold would be one too many to withdraw. */
static enum acsr_result make(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	const char *is;
	struct stating s = { 0 };
	struct statement before;
	bool have;

	(void)user_id;
	TRY(issuer_of_path(c, q, &is, e));
	TRY(read_stating(q, &s, e));
	TRY(statements_about(c->db, is, &before, &have, e));
	if (have)
		return err_set(e, "object.exists",
			"%s stated it about %s already; withdraw that statement first", before.author, is);
	TRY(add(c, is, s.author, s.text, q->who.email, q->who.account_id, e));
	return answer(c, q, is, 201, e);
}

static enum acsr_result take_back(struct core *c, struct request *q, const char *user_id, struct acsr_err *e)
{
	const char *is;
	struct statement s;
	bool have;

	(void)user_id;
	TRY(issuer_of_path(c, q, &is, e));
	TRY(statements_about(c->db, is, &s, &have, e));
	if (have) {
		TRY(withdraw(c, &s, q->who.email, q->who.account_id, e));
		return answer(c, q, is, 200, e);
	}
	TRY(statements_about(c->db, STATEMENT_ALL, &s, &have, e));
	if (have)
		return err_set(e, "state.statement",
			"it is the configuration file that states it: take operator_is_not_ca out of [ca] "
			"there");
	return err_set(e, "object.absent", "nothing is stated about %s", is);
}

enum acsr_result statement_make(struct core *c, struct request *q, struct acsr_err *e)
{
	const char *is;
	struct stating s = { 0 };

	TRY(issuer_of_path(c, q, &is, e));
	TRY(read_stating(q, &s, e));
	return proof_check(c, q, &s.proof, "to make this statement", make, e);
}

enum acsr_result statement_withdraw(struct core *c, struct request *q, struct acsr_err *e)
{
	struct proof p = { 0 };
	const struct field fields[] = { PROOF_FIELDS(p), { 0 } };

	TRY(request_fields(q, fields, e));
	return proof_check(c, q, &p, "to withdraw the statement", take_back, e);
}
