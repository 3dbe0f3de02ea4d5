/* Counting what the perspectives say. */
#include "core/quorum.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "autocsr/rules.h"
#include "core/jsontext.h"

#define SRC "BR 3.2.2.9"

enum { MOST = 16, FEW = 2, MANY = 6 };

/* One remote perspective's answer; texts are loans of its JSON. */
struct view {
	json_t *json;
	const char *name, *region, *error_id, *error_text;
	bool ok;
};

struct panel {
	struct view view[MOST];
	size_t n, agreed, unreachable;
};

static int64_t more(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

struct quorum_rules quorum_rules(const struct conf *conf, int64_t now)
{
	struct quorum_rules r = { .minimum = (int64_t)conf_count(conf, "perspectives.minimum"),
		.regions = (int64_t)conf_count(conf, "perspectives.regions"),
		.few = acsr_rule_value("perspectives.disagree.few", now, 1),
		.many = acsr_rule_value("perspectives.disagree.many", now, 2) };

	if (strcmp(conf_str(conf, "ca.kind"), "public") == 0) {
		r.minimum = more(r.minimum, acsr_rule_value("perspectives.min", now, 0));
		r.regions = more(r.regions, acsr_rule_value("perspectives.regions.min", now, 0));
	}
	return r;
}

/* --- reading --- */

static const char *text(const json_t *o, const char *key)
{
	const char *s = json_string_value(json_object_get(o, key));

	return s != NULL ? s : "";
}

static void panel_free(struct panel *p)
{
	for (size_t i = 0; i < p->n; i++)
		json_decref(p->view[i].json);
}

/* What cannot be read does not agree. */
static void panel_read(const struct strv *list, struct panel *p)
{
	*p = (struct panel){ 0 };
	for (; p->n < list->n && p->n < MOST; p->n++) {
		struct view *v = &p->view[p->n];

		v->json = json_loads(list->v[p->n], JSON_REJECT_DUPLICATES, NULL);
		v->name = text(v->json, "name");
		v->region = text(v->json, "region");
		v->error_id = text(v->json, "error_id");
		v->error_text = text(v->json, "error_text");
		v->ok = json_is_true(json_object_get(v->json, "ok"));
		p->agreed += v->ok;
		p->unreachable +=
			!v->ok && (str_starts(v->error_id, "busy.") || str_starts(v->error_id, "sys."));
	}
}

/* Registries' regions among those who agree, or, with `reach`, could still come to agree. */
static int64_t regions_of(const struct panel *p, bool reach)
{
	int64_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		bool counts = p->view[i].ok || (reach && str_starts(p->view[i].error_id, "busy."));
		bool seen = false;

		for (size_t j = 0; counts && j < i; j++)
			seen = seen ||
			       ((p->view[j].ok || (reach && str_starts(p->view[j].error_id, "busy."))) &&
				       strcmp(p->view[j].region, p->view[i].region) == 0);
		n += counts && !seen;
	}
	return n;
}

/* --- deciding --- */

static int64_t may_disagree(const struct quorum_rules *rules, size_t n)
{
	return n >= MANY ? rules->many : n >= FEW ? rules->few : 0;
}

static bool enough(const struct quorum_rules *rules, const struct panel *p, size_t agreed, int64_t regions)
{
	int64_t wanted = rules->regions < (int64_t)p->n ? rules->regions : (int64_t)p->n;

	return (int64_t)(p->n - agreed) <= may_disagree(rules, p->n) && regions >= wanted;
}

/* Appends, cut to what fits. */
static void add(char *out, size_t cap, const char *what)
{
	size_t at = strlen(out);

	snprintf(out + at, cap - at, "%.*s", (int)(cap - at - 1), what);
}

/* "eu-1 saw: …; us-1 saw: …", shared fairly among those who disagree. */
static void say_who(const struct panel *p, char *out, size_t cap)
{
	size_t against = p->n - p->agreed, share = cap / (against > 0 ? against : 1);
	char one[300];

	out[0] = '\0';
	for (size_t i = 0; i < p->n; i++) {
		const struct view *v = &p->view[i];

		if (v->ok)
			continue;
		snprintf(one, share < sizeof(one) ? share : sizeof(one), "%s%s saw: %s",
			out[0] != '\0' ? "; " : "", v->name, v->error_text);
		str_whole(one);
		add(out, cap, one);
	}
}

static enum acsr_result disagree(
	const struct quorum_rules *rules, const struct panel *p, const char *prefix, struct acsr_err *e)
{
	int64_t allowed = may_disagree(rules, p->n);
	char who[260], id[40];

	say_who(p, who, sizeof(who));
	if (enough(rules, p, p->agreed + p->unreachable, regions_of(p, true)))
		return err_rule(e, "busy.perspectives", NULL, SRC,
			"right when seen from here, but too few of our %zu other perspectives can be "
			"reached; %s",
			p->n, who);
	snprintf(id, sizeof(id), "%s.quorum", prefix);
	if ((int64_t)(p->n - p->agreed) <= allowed)
		return err_rule(e, id, NULL, SRC,
			"right when seen from here, but those of our other perspectives that agree are in "
			"%lld region, and "
			"%lld are needed; %s",
			(long long)regions_of(p, false), (long long)rules->regions, who);
	return err_rule(e, id, NULL, SRC,
		"right when seen from here, but not from %zu of %zu other perspectives (%lld may disagree); "
		"%s",
		p->n - p->agreed, p->n, (long long)allowed, who);
}

/* Our own look has failed, and no other can make up for it; that others saw it is worth knowing. */
static enum acsr_result failed_here(
	const struct panel *p, const struct msg_probe_result *r, struct acsr_err *e)
{
	char who[200] = "";

	for (size_t i = 0; i < p->n; i++) {
		if (!p->view[i].ok)
			continue;
		add(who, sizeof(who), who[0] != '\0' ? ", " : "; seen from here, while it is right from ");
		add(who, sizeof(who), p->view[i].name);
	}
	return err_set(e, r->error_id, "%.*s%s", (int)(395 - strlen(who)), r->error_text, who);
}

static enum acsr_result keep_evidence(const struct panel *p, const struct quorum_rules *rules,
	const char *here, char **out, struct acsr_err *e)
{
	json_t *o, *list = json_array();

	if (p->n == 0) {
		json_decref(list);
		return str_dup(out, here, e);
	}
	o = json_loads(here, JSON_REJECT_DUPLICATES, NULL);
	if (!json_is_object(o)) {
		json_decref(o);
		o = json_object();
	}
	for (size_t i = 0; i < p->n; i++)
		json_array_append(list, p->view[i].json);
	json_object_set_new(o, "perspectives", list);
	json_object_set_new(o, "quorum",
		json_pack("{s:I,s:I,s:I,s:I}", "asked", (json_int_t)p->n, "agreed", (json_int_t)p->agreed,
			"regions", (json_int_t)regions_of(p, false), "may_disagree",
			(json_int_t)may_disagree(rules, p->n)));
	return json_text(o, out, e);
}

static enum acsr_result judge(const struct quorum_rules *rules, const struct panel *p,
	const struct msg_probe_result *r, char **evidence, struct acsr_err *e)
{
	const char *caa = strstr(r->evidence, "\"probe\":\"caa\"");

	if ((int64_t)p->n < rules->minimum)
		return err_rule(e, "sys.perspectives", NULL, SRC,
			"this CA must look from at least %lld other places, and %zu are configured; set "
			"[perspectives] "
			"remotes",
			(long long)rules->minimum, p->n);
	if (!r->ok)
		return failed_here(p, r, e);
	if (!enough(rules, p, p->agreed, regions_of(p, false)))
		return disagree(rules, p, caa != NULL ? "caa" : "validation", e);
	return evidence != NULL ? keep_evidence(p, rules, r->evidence, evidence, e) : ACSR_OK;
}

enum acsr_result quorum_judge(const struct quorum_rules *rules, const struct msg_probe_result *r,
	char **evidence, struct acsr_err *e)
{
	struct panel p;
	enum acsr_result result;

	panel_read(&r->perspectives, &p);
	result = judge(rules, &p, r, evidence, e);
	panel_free(&p);
	return result;
}
