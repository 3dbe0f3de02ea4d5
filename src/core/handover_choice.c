/* The member hand_over, rule by rule. */
#include "core/handover_choice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/seal.h"
#include "core/jsontext.h"
#include "store/users.h"

static enum acsr_result refuse(struct acsr_err *e, const char *field, const char *text)
{
	return err_rule(e, "request.field.hand-over", field, NULL, "%s", text);
}

void handover_choice_clear(struct handover_choice *h)
{
	free(h->recipient);
	*h = (struct handover_choice){ 0 };
}

bool handover_choice_is(const struct handover_choice *h, const char *grade)
{
	return strcmp(h->grade, grade) == 0;
}

/* --- reading --- */

struct given {
	const char *grade, *format, *recipient;
};

static enum acsr_result read_member(struct given *g, const char *name, json_t *v, struct acsr_err *e)
{
	const char *text = json_string_value(v);
	bool recipient = strcmp(name, "recipient") == 0;
	char field[96];

	snprintf(field, sizeof(field), "hand_over.%.60s", name);
	if (!recipient && strcmp(name, "grade") != 0 && strcmp(name, "format") != 0)
		return refuse(e, field, "hand_over has grade, format and recipient, and nothing else");
	if (json_is_null(v))
		return ACSR_OK;
	if (text == NULL || strlen(text) != json_string_length(v))
		return refuse(e, field, "it must be a text");
	if (strlen(text) > (recipient ? ACSR_RECIPIENT_MAX : 16))
		return refuse(e, field, "it is too long");
	*(recipient ? &g->recipient : strcmp(name, "grade") == 0 ? &g->grade : &g->format) = text;
	return ACSR_OK;
}

static enum acsr_result read_members(json_t *given, struct given *g, struct acsr_err *e)
{
	const char *name;
	json_t *v;

	json_object_foreach(given, name, v) TRY(read_member(g, name, v, e));
	if (g->grade == NULL)
		return refuse(
			e, "hand_over.grade", "say how the key is handed over: browser, sealed or code");
	return ACSR_OK;
}

static enum acsr_result check_grade(const char *grade, bool has_csr, struct acsr_err *e)
{
	bool browser = strcmp(grade, "browser") == 0;

	if (!browser && strcmp(grade, "sealed") != 0 && strcmp(grade, "code") != 0)
		return err_rule(e, "request.field.hand-over", "hand_over.grade", NULL,
			"there is no grade \"%s\"; it is browser, sealed or code", grade);
	if (browser && !has_csr)
		return refuse(e, "hand_over.grade",
			"a key that is made in the browser comes as a CSR: send csr with it");
	if (!browser && has_csr)
		return refuse(e, "hand_over.grade",
			"with a CSR the key is yours already; leave hand_over out, or the CSR");
	return ACSR_OK;
}

static enum acsr_result choose_form(
	const char *format, const char *fallback, struct handover_choice *h, struct acsr_err *e)
{
	bool sealed = handover_choice_is(h, "sealed"), fits;

	h->form = keyform_find(format != NULL ? format : fallback);
	fits = h->form != NULL && h->form->sealed == sealed;
	if (fits && handover_choice_is(h, "browser"))
		fits = strcmp(h->form->name, "zip") == 0 || strcmp(h->form->name, "pkcs8") == 0;
	if (fits && sealed && strcmp(h->form->name, fallback) != 0)
		return err_rule(e, "request.field.hand-over", "hand_over.format", NULL,
			"what is sealed to this recipient has the format %s, not %s", fallback, format);
	if (fits)
		return ACSR_OK;
	return err_rule(e, "request.field.hand-over", "hand_over.format", NULL,
		"the grade %s has no format \"%s\"; it is %s", h->grade, format,
		handover_choice_is(h, "sealed") ? "age or cms"
		: handover_choice_is(h, "code") ? "zip, pkcs8, p12 or p12-legacy"
						: "zip or pkcs8");
}

/* Can anything be sealed to it, and in which form? */
static enum acsr_result judge_recipient(
	const char *text, int64_t now, struct handover_choice *h, const char **form, struct acsr_err *e)
{
	struct acsr_recipient *r = NULL;

	if (acsr_recipient_parse(&r, text, strlen(text), now, e) != ACSR_OK) {
		if (e != NULL)
			snprintf(e->field, sizeof(e->field), "hand_over.recipient");
		return ACSR_FAIL;
	}
	snprintf(h->recipient_name, sizeof(h->recipient_name), "%s", acsr_recipient_name(r));
	*form = acsr_seal_format_name(acsr_recipient_format(r));
	acsr_recipient_free(r);
	return ACSR_OK;
}

static enum acsr_result choose_recipient(const struct given *g, int64_t now, struct handover_choice *h,
	const char **fallback, struct acsr_err *e)
{
	*fallback = "zip";
	if (!handover_choice_is(h, "sealed"))
		return g->recipient == NULL ? ACSR_OK
					    : refuse(e, "hand_over.recipient",
						      "only a sealed key has a recipient; leave it out");
	if (g->recipient == NULL)
		return refuse(e, "hand_over.recipient",
			"say to whom the key is sealed: an age recipient, an SSH public key or a "
			"certificate");
	TRY(judge_recipient(g->recipient, now, h, fallback, e));
	return str_dup(&h->recipient, g->recipient, e);
}

static enum acsr_result judge(
	const struct given *g, bool has_csr, int64_t now, struct handover_choice *h, struct acsr_err *e)
{
	const char *fallback;

	TRY(check_grade(g->grade, has_csr, e));
	snprintf(h->grade, sizeof(h->grade), "%s", g->grade);
	TRY(choose_recipient(g, now, h, &fallback, e));
	return choose_form(g->format, fallback, h, e);
}

enum acsr_result handover_choice_read(
	const struct core *c, json_t *given, bool has_csr, struct handover_choice *out, struct acsr_err *e)
{
	struct handover_choice h = { .form = keyform_find("zip") };
	struct given g = { 0 };

	snprintf(h.grade, sizeof(h.grade), "%s", has_csr ? "own-csr" : "code");
	if (given != NULL &&
		(read_members(given, &g, e) != ACSR_OK || judge(&g, has_csr, c->now, &h, e) != ACSR_OK)) {
		handover_choice_clear(&h);
		return ACSR_FAIL;
	}
	*out = h;
	return ACSR_OK;
}

/* --- keeping --- */

enum acsr_result handover_choice_of(
	struct core *c, const struct csr_request *r, struct handover_choice *out, struct acsr_err *e)
{
	struct handover_choice h = { .form = keyform_find(r->format) };

	if (h.form == NULL)
		return err_set(e, "sys.format", "the request %s has no known format", r->id);
	memcpy(h.grade, r->grade, sizeof(h.grade));
	memcpy(h.recipient_name, r->recipient_name, sizeof(h.recipient_name));
	if (handover_choice_is(&h, "sealed"))
		TRY(csr_request_recipient(c->db, r->id, &h.recipient, e));
	*out = h;
	return ACSR_OK;
}

enum acsr_result handover_choice_again(
	struct core *c, const struct csr_request *r, struct handover_choice *out, struct acsr_err *e)
{
	struct handover_choice h = { 0 };
	const char *form;

	TRY(handover_choice_of(c, r, &h, e));
	if (h.recipient != NULL && judge_recipient(h.recipient, c->now, &h, &form, e) != ACSR_OK) {
		handover_choice_clear(&h);
		return ACSR_FAIL;
	}
	*out = h;
	return ACSR_OK;
}

/* --- remembering --- */

enum acsr_result handover_choice_remember(struct core *c, const struct request *q, json_t *given,
	const struct handover_choice *h, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;

	if (given == NULL || q->who.kind != WHO_SESSION)
		return ACSR_OK;
	TRY(json_text(json_pack("{s:s,s:s,s:o}", "grade", h->grade, "format", h->form->name, "recipient",
			      json_text_or_null(h->recipient)),
		&text, e));
	return users_set_hand_over(c->db, q->who.user_id, text, e);
}

enum acsr_result handover_choice_put_last(
	struct core *c, json_t *out, const char *user_id, struct acsr_err *e)
{
	CLEANUP_STR char *text = NULL;
	json_t *last;

	TRY(users_hand_over(c->db, user_id, &text, e));
	last = *text != '\0' ? json_loads(text, 0, NULL) : NULL;
	json_object_set_new(out, "hand_over", last != NULL ? last : json_null());
	return ACSR_OK;
}

/* --- showing --- */

const char *handover_media_type(const struct csr_request *r)
{
	const struct keyform *form = keyform_find(r->format);

	return form != NULL ? form->media_type : "application/octet-stream";
}

json_t *handover_choice_json(const struct csr_request *r)
{
	if (r->id[0] == '\0')
		return json_null();
	return json_pack("{s:s,s:o,s:o}", "grade", r->grade, "format",
		strcmp(r->grade, "own-csr") == 0 ? json_null() : json_string(r->format), "recipient",
		json_text_or_null(r->recipient_name));
}
