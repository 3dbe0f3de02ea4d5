/* product change: what the operator sets of a product from the command line. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

/* "7d", "36h", "90m", "3600s" or a plain number of seconds. */
static enum acsr_result read_span(const char *option, const char *text, uint64_t *seconds, struct acsr_err *e)
{
	static const char units[] = "smhd";
	static const uint64_t each[] = { 1, 60, 3600, 86400 };
	size_t n = strlen(text);
	const char *unit = n > 1 ? strchr(units, text[n - 1]) : NULL;
	uint64_t factor = unit != NULL ? each[unit - units] : 1;
	char digits[16];

	snprintf(digits, sizeof(digits), "%.*s", (int)(n - (unit != NULL)), text);
	if (n <= sizeof(digits) && str_u64(digits, UINT64_C(1) << 32, seconds, e) == ACSR_OK) {
		*seconds *= factor;
		return ACSR_OK;
	}
	return err_set(e, "usage.value", "--%s %s: write a time such as 12h or 7d", option, text);
}

static enum acsr_result put_span(
	const struct cli *c, json_t *body, const char *option, const char *member, struct acsr_err *e)
{
	const char *given = args_one(&c->args, option);
	uint64_t seconds;

	if (given == NULL)
		return ACSR_OK;
	TRY(read_span(option, given, &seconds, e));
	return command_put(body, member, json_integer((json_int_t)seconds), e);
}

static enum acsr_result put_issuers(const struct cli *c, json_t *body, struct acsr_err *e)
{
	const char *issuer = args_one(&c->args, "issuer"), *fallback = args_one(&c->args, "fallback-issuer");

	if (issuer != NULL)
		TRY(command_put_str(body, "issuer", issuer, e));
	if (fallback != NULL)
		TRY(command_put_str(body, "fallback_issuer", fallback, e));
	return put_span(c, body, "fallback-after", "fallback_after", e);
}

static enum acsr_result put_reveals(const struct cli *c, json_t *body, struct acsr_err *e)
{
	const char *given = args_one(&c->args, "code-reveals");
	uint64_t most;

	if (given == NULL)
		return ACSR_OK;
	if (str_u64(given, 1000, &most, NULL) != ACSR_OK)
		return err_set(
			e, "usage.value", "--code-reveals %s: a number up to 1000; 0 is no limit", given);
	return command_put(body, "code_reveals", json_integer((json_int_t)most), e);
}

static enum acsr_result change(struct cli *c, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	CLEANUP_STR char *path = NULL;
	struct service_call call = { .method = "PATCH", .body = body };
	json_t *answer = NULL;

	if (json_object_size(body) == 0)
		return err_set(e, "usage.nothing",
			"say what to change: --issuer, --fallback-issuer, --fallback-after, --code-window, "
			"--code-reveals, "
			"--offer or --withdraw");
	TRY(service_path(&path, "products", c->args.words[0], "", e));
	TRY(service_open(&s, &c->args, e));
	call.path = path;
	TRY(service_call(s, &call, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result cmd_product_change_run(struct cli *c, struct acsr_err *e)
{
	bool offer = args_flag(&c->args, "offer"), withdraw = args_flag(&c->args, "withdraw");
	json_t *body = json_object();
	enum acsr_result r = put_span(c, body, "code-window", "code_window", e);

	if (r == ACSR_OK)
		r = put_reveals(c, body, e);
	if (r == ACSR_OK)
		r = put_issuers(c, body, e);
	if (r == ACSR_OK && offer && withdraw)
		r = err_set(e, "usage.together", "--offer and --withdraw exclude each other");
	if (r == ACSR_OK && (offer || withdraw))
		r = command_put(body, "active", json_boolean(offer), e);
	if (r == ACSR_OK)
		r = change(c, body, e);
	json_decref(body);
	return r;
}

/* "7 days", "36 hours": exactly, in the largest unit that divides it. */
static const char *exact_span(char out[40], int64_t seconds)
{
	static const struct {
		int64_t seconds;
		const char *name;
	} units[] = { { 86400, "day" }, { 3600, "hour" }, { 60, "minute" }, { 1, "second" } };
	size_t i = 0;

	while (seconds % units[i].seconds != 0)
		i++;
	seconds /= units[i].seconds;
	snprintf(out, 40, "%lld %s%s", (long long)seconds, units[i].name, seconds == 1 ? "" : "s");
	return out;
}

static void cmd_product_change_show(struct cli *c, const json_t *result)
{
	char window[40], after[40];
	long long most = json_integer_value(json_object_get(result, "code_reveals"));

	(void)c;
	exact_span(window, json_integer_value(json_object_get(result, "code_window")));
	say("%-14s %s%s", view_str(result, "id"), view_str(result, "title"),
		json_is_false(json_object_get(result, "active")) ? " (not on offer)" : "");
	if (view_str(result, "issuer")[0] != '\0')
		say("%-14s issued by %s", "", view_str(result, "issuer"));
	if (view_str(result, "fallback_issuer")[0] != '\0')
		say("%-14s after %s in vain by %s", "",
			exact_span(after, json_integer_value(json_object_get(result, "fallback_after"))),
			view_str(result, "fallback_issuer"));
	if (most == 0)
		say("%-14s unlock codes are kept for %s and shown without limit", "", window);
	else
		say("%-14s unlock codes are kept for %s and shown %lld %s at most", "", window, most,
			most == 1 ? "time" : "times");
}

static const struct opt product_change_opts[] = {
	{ "code-window", OPT_ONE, "TIME",
		"keep an unlock code so long after hand-over: 12h, 7d; 0: as the service does" },
	{ "code-reveals", OPT_ONE, "N", "show it so often, then destroy it; 0: no limit" },
	{ "issuer", OPT_ONE, "NAME", "who issues; \"\" for this service's own CA" },
	{ "fallback-issuer", OPT_ONE, "NAME",
		"who takes over when that one does not deliver; \"\" for nobody" },
	{ "fallback-after", OPT_ONE, "TIME", "so long after it was asked: 2h, 1d" },
	{ "offer", OPT_FLAG, NULL, "customers can order it" },
	{ "withdraw", OPT_FLAG, NULL, "nobody can order it any more" },
	{ 0 },
};

static const char product_change_text[] =
	"Orders that are there already keep what was said when they were placed.\n"
	"\n"
	"  autocsr product change dv --code-window 24h --code-reveals 3\n"
	"  autocsr product change dv --issuer letsencrypt --fallback-issuer zerossl --fallback-after 2h\n";

const struct command cmd_product_change = { "product", "change", "ID", 1, 1,
	"issuers, unlock codes and offer of a product (operator)", product_change_text, product_change_opts,
	.service = true, .run = cmd_product_change_run, .show = cmd_product_change_show };
