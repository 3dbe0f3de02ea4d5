/* Following an order to its end. */
#include "cli/order_flow.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "autocsr/archive.h"
#include "autocsr/cert.h"
#include "base/clock.h"
#include "base/limits.h"
#include "base/str.h"
#include "cli/order_view.h"
#include "cli/say.h"
#include "cli/view.h"

#define DEFAULT_WAIT 3600
#define ARCHIVE_TRIES 3
#define SLOWEST_POLL_MS 5000
#define TASKS_MS 30000

static const char *id_of(const struct order_flow *f)
{
	return view_str(f->order, "id");
}

static const char *state_of(const struct order_flow *f)
{
	return view_str(f->order, "state");
}

static bool is(const struct order_flow *f, const char *state)
{
	return strcmp(state_of(f), state) == 0;
}

enum acsr_result order_flow_name(char **out, const char *name, const char *extension, struct acsr_err *e)
{
	char *s = NULL;

	TRY(str_printf(&s, e, "%s%s", str_starts(name, "*.") ? name + 2 : name, extension));
	for (char *at = s; *at != '\0'; at++)
		if (strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.", *at) == NULL)
			*at = '_';
	if (s[0] == '.' || s[0] == '-')
		s[0] = '_';
	*out = s;
	return ACSR_OK;
}

static enum acsr_result open_archive(
	struct order_flow *f, const struct keyform *form, const char *name, struct acsr_err *e)
{
	const char *path = args_one(f->a, "archive");

	if (path == NULL && name == NULL)
		return err_set(e, "usage.archive", "say where the key goes: --archive FILE");
	if (path == NULL) {
		TRY(order_flow_name(&f->archive_name, name, form->extension, e));
		path = f->archive_name;
	}
	if (strcmp(path, "-") == 0)
		return err_set(e, "usage.archive",
			"the archive is saved and made durable before it is "
			"acknowledged, so it needs a file, not standard output");
	return new_file_open(&f->archive, path, 0600, args_flag(f->a, "force"), e);
}

enum acsr_result order_flow_open(struct order_flow *f, const struct args *a, const struct keyform *form,
	const char *name, struct acsr_err *e)
{
	const char *standalone = args_one(a, "standalone"), *cert = args_one(a, "cert");

	*f = (struct order_flow){ .a = a, .archive = NEW_FILE_NONE, .cert = NEW_FILE_NONE };
	if (standalone != NULL)
		TRY(responder_open(&f->responder, standalone, e));
	TRY(service_open(&f->service, a, e));
	if (cert != NULL && strcmp(cert, "-") == 0)
		return err_set(
			e, "usage.value", "--cert is a file; autocsr order cert writes to standard output");
	if (cert != NULL)
		TRY(new_file_open(&f->cert, cert, 0644, args_flag(a, "force"), e));
	if (form != NULL)
		return open_archive(f, form, name, e);
	return ACSR_OK;
}

void order_flow_close(struct order_flow *f)
{
	responder_free(f->responder);
	new_file_abandon(&f->archive);
	new_file_abandon(&f->cert);
	free(f->archive_name);
	json_decref(f->order);
	service_close(f->service);
}

static enum acsr_result take_order(struct order_flow *f, json_t *order, struct acsr_err *e)
{
	if (view_str(order, "id")[0] == '\0') {
		json_decref(order);
		return err_set(e, "net.answer", "the service's answer is not an order");
	}
	json_decref(f->order);
	f->order = order;
	return ACSR_OK;
}

static enum acsr_result post(struct order_flow *f, const char *what, const json_t *body, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	json_t *order = NULL;

	TRY(service_path(&path, "orders", id_of(f), what, e));
	TRY(service_post(f->service, path, body, &order, e));
	return take_order(f, order, e);
}

static enum acsr_result refresh(struct order_flow *f, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	json_t *order = NULL;

	TRY(service_path(&path, "orders", id_of(f), "", e));
	TRY(service_get(f->service, path, &order, e));
	return take_order(f, order, e);
}

/* A path on the same service and nothing else. */
static enum acsr_result check_url(const char *url, struct acsr_err *e)
{
	if (!str_starts(url, "/api/v1/") || strpbrk(url, " @\\") != NULL || str_has_control(url) ||
		strstr(url, "..") != NULL)
		return err_set(e, "net.answer", "the service's archive address is not one of its own");
	return ACSR_OK;
}

/* In which form the service hands the key over; one that is from before there were several says nothing. */
static const struct keyform *form_of(const struct order_flow *f)
{
	const struct keyform *form = keyform_find(view_str(json_object_get(f->order, "hand_over"), "format"));

	return form != NULL ? form : keyform_find("zip");
}

/* An archive must be one that can be opened; of another form only the beginning is looked at. */
static enum acsr_result check_form(
	const struct keyform *form, const struct https_answer *a, struct acsr_err *e)
{
	struct acsr_archive_info info;

	if (strcmp(form->name, "zip") == 0)
		return acsr_archive_show(a->body.p, a->body.len, &info, e);
	return keyform_begins(form, a->body.p, a->body.len)
		       ? ACSR_OK
		       : err_set(e, "archive.damaged", "what came is no %s", form->words);
}

/* It must be what the service says it made, byte by byte. */
static enum acsr_result check_archive(struct order_flow *f, const struct https_answer *a, struct acsr_err *e)
{
	const char *told = view_str(json_object_get(f->order, "archive"), "sha256");
	uint8_t digest[32];
	char sha256[65];

	TRY(check_form(form_of(f), a, e));
	if (EVP_Digest(a->body.p, a->body.len, digest, NULL, EVP_sha256(), NULL) != 1)
		return err_set(e, "sys.digest", "cannot hash");
	hex_encode(digest, sizeof(digest), sha256);
	if ((a->sha256[0] != '\0' && strcmp(a->sha256, sha256) != 0) ||
		(told[0] != '\0' && strcmp(told, sha256) != 0))
		return err_set(
			e, "archive.damaged", "the archive's SHA-256 is not the one that the service gave");
	memcpy(f->sha256, sha256, sizeof(sha256));
	return ACSR_OK;
}

static enum acsr_result fetch_once(struct order_flow *f, struct https_answer *a, struct acsr_err *e)
{
	const char *url = view_str(f->order, "archive_url");

	if (url[0] == '\0')
		TRY(post(f, "archive", NULL, e));
	url = view_str(f->order, "archive_url");
	TRY(check_url(url, e));
	TRY(service_download(f->service, url, a, e));
	return check_archive(f, a, e);
}

/* An archive can be fetched once. When that went wrong the order makes a new key and a new archive. */
static enum acsr_result fetch(struct order_flow *f, struct https_answer *a, struct acsr_err *e)
{
	for (int try = 1;; try++) {
		struct acsr_err why = { 0 };

		if (fetch_once(f, a, &why) == ACSR_OK)
			return ACSR_OK;
		if (try == ARCHIVE_TRIES || !(err_is(&why, "net.") || err_is(&why, "archive."))) {
			if (e != NULL)
				*e = why;
			return ACSR_FAIL;
		}
		say_progress("the archive did not arrive (%s); asking for a new key", why.text);
		json_object_del(f->order, "archive_url");
	}
}

/* Acknowledging twice is not harmful, so an acknowledgement whose answer was lost is repeated; when the order
 * has moved on by then, it had arrived. */
static enum acsr_result acknowledge(struct order_flow *f, struct acsr_err *e)
{
	json_t *body = json_pack("{s:s}", "sha256", f->sha256);
	enum acsr_result r = ACSR_FAIL;
	struct acsr_err why = { 0 };

	for (int try = 0; r != ACSR_OK && try < 3; try++) {
		r = post(f, "archive/ack", body, &why);
		if (r == ACSR_OK || !(err_is(&why, "net.") || err_is(&why, "state.")))
			break;
		if (refresh(f, NULL) == ACSR_OK &&
			strcmp(view_str(json_object_get(f->order, "archive"), "state"), "acknowledged") == 0)
			r = ACSR_OK;
	}
	json_decref(body);
	if (r != ACSR_OK && e != NULL)
		*e = why;
	return r;
}

/* Where it is, and how it is opened. */
static void tell_saved(const struct order_flow *f, const char *path)
{
	const struct keyform *form = form_of(f);
	const char *key = view_str(json_object_get(f->order, "archive"), "key_filename");

	if (strcmp(form->name, "zip") == 0)
		say_progress("the key archive is in %s (SHA-256 %s)", path, f->sha256);
	else
		say_progress("the key is in %s: %s, SHA-256 %s", path, form->words, f->sha256);
	if (strcmp(form->name, "age") == 0)
		say_progress("it opens with: (umask 077; age -d -i IDENTITY -o %s %s)", key, path);
	else if (strcmp(form->name, "cms") == 0)
		say_progress("it opens with: (umask 077; openssl cms -decrypt -inform DER -in %s -inkey "
			     "YOUR-KEY -out %s)",
			path, key);
	else if (strcmp(form->name, "pkcs8") == 0)
		say_progress("it opens with: (umask 077; openssl pkey -in %s -out %s)", path, key);
	else if (strcmp(form->name, "zip") != 0)
		say_progress("it opens with: (umask 077; openssl pkcs12 -in %s -nocerts -nodes -out %s)",
			path, key);
	if (!form->sealed)
		say_progress("the code that opens it: autocsr order code %s", id_of(f));
}

/* Who wants it sealed does not take it under a code because the service says so. */
static enum acsr_result check_asked(const struct order_flow *f, struct acsr_err *e)
{
	if (f->asked == NULL || form_of(f) == f->asked)
		return ACSR_OK;
	return err_set(e, "net.answer",
		"the service made the key as %s, but %s was asked for; it is not taken", form_of(f)->name,
		f->asked->name);
}

static enum acsr_result hand_over(struct order_flow *f, struct acsr_err *e)
{
	struct https_answer a = { 0 };
	enum acsr_result r = check_asked(f, e);
	const char *path = f->archive.path;

	if (r == ACSR_OK)
		r = fetch(f, &a, e);

	if (r == ACSR_OK)
		r = new_file_commit(&f->archive, a.body.p, a.body.len, e);
	buf_free(&a.body);
	if (r != ACSR_OK) {
		say_progress("order %s waits for its hand-over: autocsr order archive %s --archive FILE",
			id_of(f), id_of(f));
		return r;
	}
	tell_saved(f, path);
	TRY(acknowledge(f, e));
	say_progress("acknowledged; the service goes on with the order");
	return ACSR_OK;
}

static void sleep_ms(int64_t ms)
{
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000 };

	(void)nanosleep(&t, NULL);
}

/* Another CA has not yet said what it wants to see. */
static bool tasks_are_missing(const struct order_flow *f)
{
	const json_t *list = json_object_get(f->order, "validations");
	bool missing = false;

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *v = json_array_get(list, i);

		missing = missing || (strcmp(view_str(v, "state"), "pending") == 0 &&
					     json_array_size(json_object_get(v, "publish")) == 0);
	}
	return missing && is(f, "validating") && json_is_object(json_object_get(f->order, "upstream"));
}

/* For as long as CAs usually take; an order that takes longer tells in its reason why. */
static enum acsr_result await_tasks(struct order_flow *f, struct acsr_err *e)
{
	int64_t end = clock_mono_ms() + TASKS_MS;

	while (tasks_are_missing(f) && clock_mono_ms() < end) {
		sleep_ms(300);
		TRY(refresh(f, e));
	}
	return ACSR_OK;
}

static enum acsr_result add_files(struct order_flow *f, struct acsr_err *e)
{
	const json_t *list = json_object_get(f->order, "validations");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *http = json_object_get(json_array_get(list, i), "http");
		const char *path = view_str(http, "path"), *content = view_str(http, "content");

		if (json_is_object(http) && path[0] != '\0')
			TRY(responder_add(f->responder, path, content, e));
	}
	return ACSR_OK;
}

/* Ask the service to look now. When it has looked by itself in the meantime the order has moved on. */
static enum acsr_result look_now(struct order_flow *f, struct acsr_err *e)
{
	json_t *body = json_object();
	struct acsr_err why = { 0 };
	enum acsr_result r = post(f, "validate", body, &why);

	json_decref(body);
	if (r == ACSR_OK)
		return ACSR_OK;
	if (err_is(&why, "state."))
		return refresh(f, e);
	if (e != NULL)
		*e = why;
	return ACSR_FAIL;
}

static enum acsr_result answer_validation(struct order_flow *f, struct acsr_err *e)
{
	TRY(await_tasks(f, e));
	TRY(add_files(f, e));
	TRY(responder_start(f->responder, e));
	say_progress("answering the file validation on %s", args_one(f->a, "standalone"));
	return is(f, "validating") ? look_now(f, e) : ACSR_OK;
}

/* "order ord_…: validating, the file is not there yet", whenever that has changed. */
static void tell(const struct order_flow *f, char **last)
{
	const char *reason = view_str(json_object_get(f->order, "waiting"), "reason");
	char *now;

	if (asprintf(&now, "%s%s%s", state_of(f), reason[0] != '\0' ? ": " : "", reason) < 0)
		return;
	if (*last == NULL || strcmp(*last, now) != 0)
		say_progress("order %s is %s", id_of(f), now);
	free(*last);
	*last = now;
}

static const char *last_event(const struct order_flow *f)
{
	const json_t *events = json_object_get(f->order, "events");
	size_t n = json_array_size(events);

	return n > 0 ? view_str(json_array_get(events, n - 1), "detail") : "";
}

static bool is_over(const struct order_flow *f)
{
	return is(f, "failed") || is(f, "cancelled") || is(f, "revoked") || is(f, "expired") ||
	       is(f, "replaced");
}

static enum acsr_result how_long(const struct args *a, int64_t *ms, struct acsr_err *e)
{
	const char *text = args_one(a, "timeout");
	uint64_t seconds = DEFAULT_WAIT;

	if (text != NULL && str_u64(text, 7 * 86400, &seconds, NULL) != ACSR_OK)
		return err_set(e, "usage.value", "--timeout is a number of seconds, not %.40s", text);
	*ms = (int64_t)seconds * 1000;
	return ACSR_OK;
}

static enum acsr_result wait_loop(struct order_flow *f, int64_t ms, char **told, struct acsr_err *e)
{
	int64_t end = clock_mono_ms() + ms;

	for (int64_t nap = 200;; nap = nap * 3 / 2 > SLOWEST_POLL_MS ? SLOWEST_POLL_MS : nap * 3 / 2) {
		tell(f, told);
		if (is(f, "issued"))
			return ACSR_OK;
		if (is_over(f))
			return err_set(e, "state.failed", "order %s is %s: %s", id_of(f), state_of(f),
				last_event(f));
		if (is(f, "handover") && strcmp(view_str(f->order, "delivery"), "download") == 0)
			return err_set(e, "state.handover",
				"order %s waits for its archive to be taken: autocsr order "
				"archive %s --archive FILE",
				id_of(f), id_of(f));
		if (clock_mono_ms() >= end)
			return err_set(e, "request.timeout",
				"order %s is still %s; look again with autocsr order show", id_of(f),
				state_of(f));
		sleep_ms(nap);
		TRY(refresh(f, e));
	}
}

static enum acsr_result wait_for_end(struct order_flow *f, struct acsr_err *e)
{
	char *told = NULL;
	int64_t ms = 0;
	enum acsr_result r;

	TRY(how_long(f->a, &ms, e));
	r = wait_loop(f, ms, &told, e);
	free(told);
	return r;
}

static enum acsr_result save_cert(struct order_flow *f, struct acsr_err *e)
{
	CLEANUP_STR char *path = NULL;
	struct https_answer a = { 0 };
	struct acsr_blob *v = NULL;
	size_t n = 0;
	enum acsr_result r;

	TRY(service_path(&path, "orders", id_of(f), "certificate?format=fullchain", e));
	r = service_download(f->service, path, &a, e);
	if (r == ACSR_OK)
		r = acsr_input_certs(a.body.p, a.body.len, &v, &n, e);
	acsr_certs_free(v, n);
	if (r == ACSR_OK)
		r = new_file_commit(&f->cert, a.body.p, a.body.len, e);
	buf_free(&a.body);
	return r;
}

enum acsr_result order_flow_run(struct order_flow *f, struct acsr_err *e)
{
	bool wait = args_flag(f->a, "wait") || f->responder != NULL || f->cert.fd >= 0;

	say_progress("order %s is placed", id_of(f));
	if (f->archive.fd >= 0 && strcmp(view_str(f->order, "delivery"), "email") != 0)
		TRY(hand_over(f, e));
	if (f->responder != NULL && !is(f, "issued")) {
		TRY(answer_validation(f, e));
	} else if (is(f, "validating")) {
		json_t *safe;

		TRY(await_tasks(f, e));
		safe = say_safe_json(f->order);
		order_view_publish(safe);
		json_decref(safe);
	}
	if (wait)
		TRY(wait_for_end(f, e));
	if (f->cert.fd >= 0)
		return save_cert(f, e);
	return ACSR_OK;
}

enum acsr_result order_flow_result(struct order_flow *f, json_t *result, struct acsr_err *e)
{
	json_object_del(f->order, "archive_url");
	if (json_object_update(result, f->order) != 0)
		return err_nomem(e);
	if (f->sha256[0] != '\0')
		TRY(command_put_str(result, "archive_file", f->archive.path, e));
	if (args_one(f->a, "cert") != NULL)
		TRY(command_put_str(result, "certificate_file", args_one(f->a, "cert"), e));
	return ACSR_OK;
}
