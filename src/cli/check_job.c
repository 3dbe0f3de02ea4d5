/* One CSR of csr check. */
#include "cli/check_job.h"

#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/view.h"
#include "pki/policy_dated.h"
#include "pki/show.h"

static enum acsr_result read_day(int64_t *at, const struct args *a, struct acsr_err *e)
{
	const char *day = args_one(a, "at");

	*at = clock_now();
	if (day == NULL || policy_day(day, at) == ACSR_OK)
		return ACSR_OK;
	return err_set(e, "usage.value", "--at is a day such as 2014-01-31, or 2014-01-31T12:00:00Z");
}

enum acsr_result check_job_open(struct check_job *j, const struct args *a, struct acsr_err *e)
{
	static const char *const dirs[] = { ACSR_POLICY_CONF, ACSR_POLICY_DIR, NULL };
	const char *path;

	*j = (struct check_job){ 0 };
	TRY(read_day(&j->how.at, a, e));
	while (j->n_hosts < ARGS_MAX && (path = args_many(a, "host", j->n_hosts)) != NULL)
		j->hosts[j->n_hosts++] = path;
	TRY(acsr_check_policy_load(&j->policy, args_one(a, "policy"), dirs, e));
	TRY(acsr_known_new(&j->known, e));
	for (size_t i = 0; (path = args_many(a, "known", i)) != NULL; i++)
		TRY(check_known_add(j->known, path, e));
	TRY(weak_lists_open(&j->weak, a, e));
	j->gate.weak = j->weak.weak;
	j->gate.blocked = j->weak.blocked;
	j->how.gate = &j->gate;
	j->how.policy = j->policy;
	j->how.known = args_one(a, "known") != NULL ? j->known : NULL;
	j->how.broken_only = args_flag(a, "broken");
	return ACSR_OK;
}

void check_job_close(struct check_job *j)
{
	acsr_check_policy_free(j->policy);
	acsr_known_free(j->known);
	weak_lists_close(&j->weak);
	*j = (struct check_job){ 0 };
}

static const char *verdict(enum acsr_severity worst)
{
	return worst == ACSR_ERROR ? "fail" : worst == ACSR_WARN ? "warn" : "pass";
}

static enum acsr_result put(struct check_job *j, const struct acsr_csr_view *v, struct bytes der,
	const struct acsr_findings *all, json_t *out, struct acsr_err *e)
{
	json_t *shown = NULL;
	enum acsr_severity worst = acsr_findings_worst(all);

	TRY(command_put(out, "ok", json_boolean(worst != ACSR_ERROR), e));
	TRY(command_put(out, "verdict", json_string(verdict(worst)), e));
	TRY(command_put(out, "checks", show_findings(all), e));
	if (j->batch)
		return command_put(out, "spki_sha256", show_hex(v->spki_sha256, 32), e);
	TRY(command_put_str(out, "policy", acsr_check_policy_name(j->policy), e));
	TRY(command_put(out, "at", show_time(j->how.at), e));
	if (!j->show)
		return ACSR_OK;
	TRY(show_csr(&shown, der.p, der.len, e));
	return command_put(out, "csr", shown, e);
}

static enum acsr_result judge(struct check_job *j, const struct acsr_csr_view *v, const char *label,
	struct acsr_findings *all, struct acsr_err *e)
{
	TRY(acsr_csr_check(v, &j->how, all, e));
	if (j->n_hosts > 0)
		TRY(acsr_csr_check_hosts(v, &j->how, j->hosts, j->n_hosts, all, e));
	return j->batch && v->spki.len > 0 ? acsr_known_add(j->known, v->spki_sha256, label, e) : ACSR_OK;
}

enum acsr_result check_job_der(struct check_job *j, const uint8_t *der, size_t n, const char *label,
	json_t **out, enum acsr_severity *worst, struct acsr_err *e)
{
	struct acsr_findings all = { NULL, 0 };
	struct acsr_csr_view *v = NULL;
	json_t *o = json_object();
	enum acsr_result r = acsr_csr_read(&v, der, n, e);

	if (r == ACSR_OK)
		r = judge(j, v, label, &all, e);
	if (r == ACSR_OK)
		r = o != NULL ? put(j, v, (struct bytes){ der, n }, &all, o, e) : err_nomem(e);
	*worst = acsr_findings_worst(&all);
	acsr_findings_free(&all);
	acsr_csr_view_free(v);
	if (r == ACSR_OK)
		*out = o;
	else
		json_decref(o);
	return r;
}
