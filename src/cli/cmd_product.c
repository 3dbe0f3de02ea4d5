/* product show, add, change: what can be ordered, one by one, and what the operator sets of it. */
#include <stdio.h>
#include <string.h>

#include "base/str.h"
#include "cli/cmds.h"
#include "cli/say.h"
#include "cli/service.h"
#include "cli/view.h"

/* --- showing --- */

/* There is no call for one product: the list is short, and whoever may not see one does not find it there. */
static enum acsr_result cmd_product_show_run(struct cli *c, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	const char *id = c->args.words[0];
	json_t *answer = NULL, *one = NULL, *p;
	size_t i;

	TRY(service_open(&s, &c->args, e));
	TRY(service_get(s, "/api/v1/products", &answer, e));
	json_array_foreach(json_object_get(answer, "products"), i, p)
	{
		if (strcmp(view_str(p, "id"), id) == 0)
			one = json_incref(p);
	}
	json_decref(answer);
	if (one == NULL)
		return err_set(
			e, "object.absent", "there is no product \"%s\"; see autocsr product list", id);
	return command_take(c, one, e);
}

/* --- setting --- */

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

static void say_codes(const json_t *p)
{
	char window[40];
	long long most = json_integer_value(json_object_get(p, "code_reveals"));

	exact_span(window, json_integer_value(json_object_get(p, "code_window")));
	if (most == 0)
		say("%-14s unlock codes are kept for %s and shown without limit", "", window);
	else
		say("%-14s unlock codes are kept for %s and shown %lld %s at most", "", window, most,
			most == 1 ? "time" : "times");
}

static void say_issuers(const json_t *p)
{
	char after[40];

	if (view_str(p, "issuer")[0] != '\0')
		say("%-14s issued by %s", "", view_str(p, "issuer"));
	if (view_str(p, "fallback_issuer")[0] != '\0')
		say("%-14s after %s in vain by %s", "",
			exact_span(after, json_integer_value(json_object_get(p, "fallback_after"))),
			view_str(p, "fallback_issuer"));
}

static void cmd_product_change_show(struct cli *c, const json_t *result)
{
	(void)c;
	say("%-14s %s%s", view_str(result, "id"), view_str(result, "title"),
		json_is_false(json_object_get(result, "active")) ? " (not on offer)" : "");
	say_issuers(result);
	say_codes(result);
}

static void say_key_types(const json_t *p)
{
	const json_t *list = json_object_get(p, "key_types");
	CLEANUP_BUF struct buf b = { 0 };
	const char *one;

	buf_init(&b, 4096);
	for (size_t i = 0; i < json_array_size(list); i++) {
		one = json_string_value(json_array_get(list, i));
		if (one != NULL && buf_printf(&b, NULL, "%s%s", i > 0 ? ", " : "", one) != ACSR_OK)
			return;
	}
	say("%-14s keys: %s; %s when nothing is said", "", buf_cstr(&b), view_str(p, "default_key_type"));
}

static void cmd_product_show_show(struct cli *c, const json_t *result)
{
	cmd_product_change_show(c, result);
	say("%-14s level %s, up to %lld names, wildcards: %s", "", view_str(result, "level"),
		(long long)json_integer_value(json_object_get(result, "max_names")),
		json_is_true(json_object_get(result, "wildcard")) ? "yes" : "no");
	say("%-14s %s", "", view_str(result, "validity_text"));
	say_key_types(result);
	say("%-14s without a CSR: %s", "",
		json_is_true(json_object_get(result, "autocsr")) ? "yes, the service makes the key" : "no");
	if (json_is_true(json_object_get(result, "preauthorised")))
		say("%-14s names that the operator has vouched for need no proof", "");
}

static const char product_show_text[] =
	"With its issuers, its key types and what becomes of its unlock codes.\n"
	"\n"
	"  autocsr product show dv\n";

const struct command cmd_product_show = { "product", "show", "ID", 1, 1, "one product", product_show_text,
	NULL, .service = true, .run = cmd_product_show_run, .show = cmd_product_show_show };

/* --- adding --- */

/* The first is the default. */
static enum acsr_result put_key_types(const struct args *a, json_t *body, struct acsr_err *e)
{
	json_t *list;
	const char *one;

	if (args_many(a, "key", 0) == NULL)
		return ACSR_OK;
	list = json_array();
	for (size_t i = 0; (one = args_many(a, "key", i)) != NULL; i++)
		json_array_append_new(list, json_string(one));
	TRY(command_put(body, "key_types", list, e));
	return command_put_str(body, "default_key_type", args_many(a, "key", 0), e);
}

static enum acsr_result add_body(struct cli *c, json_t *body, struct acsr_err *e)
{
	const struct args *a = &c->args;
	const char *title = args_one(a, "title"), *level = args_one(a, "level"),
		   *names = args_one(a, "names");
	uint64_t most;

	TRY(command_put_str(body, "id", a->words[0], e));
	TRY(command_put_str(body, "title", title != NULL ? title : a->words[0], e));
	TRY(command_put_str(body, "level", level != NULL ? level : "dv", e));
	TRY(command_put_str(body, "profile", level != NULL ? level : "dv", e));
	TRY(command_put(body, "wildcard", json_boolean(args_flag(a, "wildcard")), e));
	TRY(command_put(body, "autocsr", json_boolean(!args_flag(a, "csr-only")), e));
	TRY(command_put(body, "preauthorised", json_boolean(args_flag(a, "preauthorised")), e));
	TRY(command_put(body, "active", json_boolean(!args_flag(a, "withdrawn")), e));
	if (names != NULL && str_u64(names, 1000000, &most, NULL) != ACSR_OK)
		return err_set(e, "usage.value", "--names %s: how many names a certificate may have", names);
	if (names != NULL)
		TRY(command_put(body, "max_names", json_integer((json_int_t)most), e));
	TRY(put_span(c, body, "validity", "validity_seconds", e));
	TRY(put_span(c, body, "code-window", "code_window", e));
	TRY(put_reveals(c, body, e));
	TRY(put_key_types(a, body, e));
	return put_issuers(c, body, e);
}

static enum acsr_result post(struct cli *c, const json_t *body, struct acsr_err *e)
{
	CLEANUP_SERVICE struct service *s = NULL;
	json_t *answer = NULL;

	TRY(service_open(&s, &c->args, e));
	TRY(service_post(s, "/api/v1/products", body, &answer, e));
	return command_take(c, answer, e);
}

static enum acsr_result cmd_product_add_run(struct cli *c, struct acsr_err *e)
{
	json_t *body = json_object();
	enum acsr_result r = add_body(c, body, e);

	if (r == ACSR_OK)
		r = post(c, body, e);
	json_decref(body);
	return r;
}

static const struct opt product_add_opts[] = {
	{ "title", OPT_ONE, "TEXT", "for people" },
	{ "level", OPT_ONE, "LEVEL", "dv (default), ov or ev" },
	{ "wildcard", OPT_FLAG, NULL, "names may be wildcards" },
	{ "names", OPT_ONE, "N", "so many names at most" },
	{ "validity", OPT_ONE, "TIME", "of a certificate: 47d; as long as the rules allow when left out" },
	{ "key", OPT_MANY, "TYPE",
		"a key type that it takes, the default first; may be repeated; all when left out" },
	{ "csr-only", OPT_FLAG, NULL, "only with a CSR: the service makes no keys for it" },
	{ "preauthorised", OPT_FLAG, NULL, "names that you have vouched for need no proof" },
	{ "issuer", OPT_ONE, "NAME", "who issues; this service's own CA when left out" },
	{ "fallback-issuer", OPT_ONE, "NAME", "who takes over when that one does not deliver" },
	{ "fallback-after", OPT_ONE, "TIME", "so long after it was asked: 2h, 1d" },
	{ "code-window", OPT_ONE, "TIME", "keep an unlock code so long after hand-over: 12h, 7d" },
	{ "code-reveals", OPT_ONE, "N", "show it so often, then destroy it; 0: no limit" },
	{ "withdrawn", OPT_FLAG, NULL, "not on offer yet (product change --offer)" },
	{ 0 },
};

static const char product_add_text[] =
	"Customers can order it at once. Its id cannot be changed.\n"
	"\n"
	"  autocsr product add devices --title 'Our devices' --key ec:p256 --validity 30d --preauthorised\n";

const struct command cmd_product_add = { "product", "add", "ID", 1, 1, "another product (operator)",
	product_add_text, product_add_opts, .service = true, .run = cmd_product_add_run,
	.show = cmd_product_show_show };

/* --- changing --- */

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
