/* csr check: every rule with its verdict, and whether the names that one cares about are covered. */
#include <string.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/cmds.h"
#include "autocsr/check.h"
#include "cli/load.h"
#include "cli/say.h"
#include "cli/view.h"

/* Rules about the contents of something that is a CSR are verdicts; what is no CSR at all is bad input. */
static bool is_verdict(const struct acsr_err *e)
{
	return err_is(e, "csr.") && !str_starts(e->id, "csr.der") && !err_is(e, "csr.trailing") &&
	       !err_is(e, "csr.too-large");
}

static enum acsr_result findings(
	struct cli *c, const struct acsr_csr_view *v, struct acsr_findings *all, struct acsr_err *e)
{
	struct acsr_check_policy *p = NULL;
	struct acsr_check how = { .at = clock_now() };
	const char *hosts[ARGS_MAX];
	size_t n = 0;
	enum acsr_result r;

	while (n < ARGS_MAX && (hosts[n] = args_many(&c->args, "host", n)) != NULL)
		n++;
	TRY(acsr_check_policy_load(&p, args_one(&c->args, "policy"), NULL, e));
	how.policy = p;
	r = acsr_csr_check(v, &how, all, e);
	if (r == ACSR_OK)
		r = acsr_csr_check_hosts(v, &how, hosts, n, all, e);
	acsr_check_policy_free(p);
	return r;
}

static enum acsr_result put(
	struct cli *c, const struct acsr_csr_view *v, const struct acsr_findings *all, struct acsr_err *e)
{
	c->answer_no = acsr_findings_worst(all) == ACSR_ERROR;
	TRY(command_put(c->result, "ok", json_boolean(!c->answer_no), e));
	TRY(command_put(c->result, "checks", view_findings(all), e));
	return command_put(c->result, "csr", v != NULL ? view_csr(v) : json_null(), e);
}

static enum acsr_result cmd_csr_check_run(struct cli *c, struct acsr_err *e)
{
	struct acsr_findings all = { NULL, 0 };
	struct acsr_csr_view *v = NULL;
	struct acsr_err found = { 0 };
	enum acsr_result r;

	if (load_csr(c->args.words[0], &v, NULL, &found) == ACSR_OK) {
		r = findings(c, v, &all, e);
	} else if (is_verdict(&found)) {
		r = acsr_findings_add_err(
			&all, &found, "make the CSR again; the other rules were not looked at", e);
	} else {
		if (e != NULL)
			*e = found;
		return ACSR_FAIL;
	}
	if (r == ACSR_OK)
		r = put(c, v, &all, e);
	acsr_findings_free(&all);
	acsr_csr_view_free(v);
	return r;
}

static void cmd_csr_check_show(struct cli *c, const json_t *result)
{
	(void)c;
	view_show_findings(json_object_get(result, "checks"));
}

static const struct opt csr_check_opts[] = {
	{ "host", OPT_MANY, "NAME", "is this name covered?" },
	{ "policy", OPT_ONE, "NAME|FILE", "public, private (default), or a JSON policy file",
		"public private" },
	{ 0 },
};

static const char csr_check_text[] =
	"Exit code 1 when a rule is broken or a name is not covered.\n"
	"\n"
	"  autocsr csr check www.csr --host www.example.com example.com\n"
	"  autocsr csr check www.csr --policy public\n"
	"  autocsr csr check www.csr --policy ours.json\n"
	"      {\"base\": \"private\", \"key_types\": [\"ec:p256\"], \"wildcards\": false,\n"
	"       \"suffixes\": [\"example.com\"], \"subject_required\": [\"O\"]}\n";

const struct command cmd_csr_check = { "csr", "check", "FILE", 1, 1, "every rule that a CA will judge it by",
	csr_check_text, csr_check_opts, .run = cmd_csr_check_run, .show = cmd_csr_check_show };
