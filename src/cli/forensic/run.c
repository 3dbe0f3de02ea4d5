/* The steps of a run. */
#include "cli/forensic/run.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/str.h"
#include "cli/forensic/decoy.h"
#include "cli/forensic/hold.h"
#include "cli/forensic/scanfile.h"
#include "cli/forensic/wire.h"
#include "cli/progress.h"
#include "cli/say.h"

enum { BATCH = 5, DEFAULT_ORDERS = 10, SETTLE_MS = 1000, CAPTURE_MAX = 512 * 1024 * 1024 };

/* What a run works with and its report does not show. */
struct work {
	struct run *r;
	const struct args *args;
	struct customer *customer;
	struct needles *needles;
	struct wire *wire;
	struct held *held;
	struct progress progress;
};

static volatile sig_atomic_t interrupted;

static void on_signal(int signal)
{
	(void)signal;
	interrupted = 1;
}

const char *verdict_name(enum verdict v)
{
	static const char *const names[] = { "clean", "found", "cannot-judge" };

	return names[v];
}

void run_free(struct run *r)
{
	if (r != NULL)
		target_clear(&r->target);
	free(r);
}

static void reason(struct run *r, const char *fmt, ...) ACSR_PRINTF(2, 3);
static void reason(struct run *r, const char *fmt, ...)
{
	va_list ap;

	if (r->n_reasons == REASONS_MAX)
		return;
	va_start(ap, fmt);
	vsnprintf(r->reasons[r->n_reasons++], sizeof(r->reasons[0]), fmt, ap);
	va_end(ap);
}

/* --- before --- */

static enum acsr_result check_root(struct acsr_err *e)
{
	if (geteuid() != 0)
		return err_set(e, "usage.root",
			"this needs root on the machine that the service runs on: it stops the service's "
			"processes for a moment, reads their memory and registers, its files, and packets");
	return ACSR_OK;
}

static enum acsr_result how_many(const struct args *a, uint64_t *n, struct acsr_err *e)
{
	const char *text = args_one(a, "orders");

	*n = DEFAULT_ORDERS;
	if (text != NULL && (str_u64(text, NEEDLE_ORDERS_MAX, n, NULL) != ACSR_OK || *n == 0))
		return err_set(e, "usage.value", "--orders is a number from 1 to %d, not %.20s",
			NEEDLE_ORDERS_MAX, text);
	return ACSR_OK;
}

enum acsr_result run_check(const struct args *a, struct acsr_err *e)
{
	uint64_t n;

	TRY(how_many(a, &n, e));
	return check_root(e);
}

static enum acsr_result start_wire(struct work *w, struct acsr_err *e)
{
	const char *interface = args_one(w->args, "interface");

	if (interface != NULL && strcmp(interface, "none") == 0) {
		snprintf(w->r->search.surfaces[SURFACE_NETWORK].why, 160, "left out: --interface none");
		return ACSR_OK;
	}
	return wire_open(&w->wire, interface, CAPTURE_MAX, e);
}

static enum acsr_result prepare(struct work *w, struct acsr_err *e)
{
	struct run *r = w->r;

	TRY(target_find(&r->target, w->args, e));
	TRY(needles_new(&w->needles, e));
	r->search.needles = w->needles;
	TRY(customer_open(&w->customer, w->args, e));
	snprintf(r->version, sizeof(r->version), "%s", customer_version(w->customer));
	snprintf(r->product, sizeof(r->product), "%s", customer_product(w->customer));
	w->held = malloc(sizeof(*w->held));
	if (w->held == NULL)
		return err_nomem(e);
	return start_wire(w, e);
}

/* --- scans --- */

static void sleep_until(int64_t when)
{
	int64_t ms = when - clock_mono_ms();
	struct timespec t = { ms / 1000, (ms % 1000) * 1000000 };

	if (ms > 0)
		(void)nanosleep(&t, NULL);
}

static enum acsr_result search_processes(struct work *w, struct acsr_err *e)
{
	int64_t began = clock_mono_ms(), took;
	enum acsr_result r = hold_all(w->held, w->r->target.pid, e);

	if (r == ACSR_OK)
		hold_search(w->held, &w->r->search);
	if (r == ACSR_OK)
		scanfile_pipes(&w->r->search, &w->held->processes);
	hold_release(w->held);
	w->r->processes = w->held->processes;
	took = clock_mono_ms() - began;
	if (took > w->r->held_ms)
		w->r->held_ms = took;
	return r;
}

/* The database lies outside the state directory, with its companions. */
static void search_database(struct search *s, const char *path)
{
	static const char *const ends[] = { "", "-wal", "-shm", "-journal" };

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		CLEANUP_STR char *name = NULL;

		if (str_printf(&name, NULL, "%s%s", path, ends[i]) == ACSR_OK)
			scanfile_one(s, SURFACE_DATABASE, name);
	}
}

static void search_files(struct work *w)
{
	const struct target *t = &w->r->target;
	struct search *s = &w->r->search;
	const char *path;

	if (t->state != NULL)
		scanfile_tree(s, t->state);
	if (t->database != NULL)
		search_database(s, t->database);
	scanfile_open(s, &w->held->processes, t->state);
	for (size_t i = 0; (path = args_many(w->args, "log", i)) != NULL; i++)
		scanfile_one(s, SURFACE_LOGS, path);
	for (size_t i = 0; (path = args_many(w->args, "path", i)) != NULL; i++)
		scanfile_tree(s, path);
}

static enum acsr_result scan(struct work *w, struct acsr_err *e)
{
	sleep_until(customer_last_delivery(w->customer) + SETTLE_MS);
	w->r->search.scan++;
	TRY(needles_ready(w->needles, e));
	TRY(search_processes(w, e));
	search_files(w);
	return ACSR_OK;
}

static enum acsr_result order_and_scan(struct work *w, size_t n, struct acsr_err *e)
{
	for (size_t i = 0; i < n; i++) {
		if (interrupted)
			return err_set(e, "forensic.interrupted", "interrupted; the orders are cancelled");
		progress_tell(&w->progress, "%zu of %zu orders, %u scans", i, n, w->r->search.scan);
		TRY(customer_order(w->customer, w->needles, e));
		if (i % BATCH == BATCH - 1)
			TRY(scan(w, e));
	}
	TRY(customer_fetch_rest(w->customer, w->needles, e));
	progress_tell(&w->progress, "%zu orders, the last scan", n);
	return scan(w, e);
}

/* What is searched once, when all needles are known. */
static void search_once(struct work *w)
{
	const char *image = args_one(w->args, "image");

	if (image != NULL) {
		sync();
		scanfile_one(&w->r->search, SURFACE_IMAGE, image);
	}
	if (w->wire != NULL) {
		wire_stop(w->wire);
		wire_search(w->wire, &w->r->search);
	}
}

/* --- afterwards --- */

/* "rsa:2048 x 3, ec:p256 x 2" of all orders' key types or forms. */
static void tally(char *out, size_t cap, const struct test_order *o, size_t n, bool forms)
{
	size_t at = 0;

	for (size_t i = 0; i < n && at < cap; i++) {
		const char *word = forms ? o[i].form->name : o[i].key_type;
		size_t k = 0, count = 0;

		while (strcmp(forms ? o[k].form->name : o[k].key_type, word) != 0)
			k++;
		for (size_t x = k; k == i && x < n; x++)
			count += strcmp(forms ? o[x].form->name : o[x].key_type, word) == 0;
		if (k == i)
			at += (size_t)snprintf(
				out + at, cap - at, "%s%s x %zu", at > 0 ? ", " : "", word, count);
	}
}

static void count_orders(struct work *w)
{
	struct run *r = w->r;
	const struct test_order *o = customer_orders(w->customer, &r->placed);

	for (size_t i = 0; i < r->placed; i++) {
		r->judged += o[i].judged;
		r->by_fate[o[i].fate]++;
		snprintf(r->order_ids[i + 1], sizeof(r->order_ids[0]), "%.39s", o[i].id);
	}
	tally(r->key_types, sizeof(r->key_types), o, r->placed, false);
	tally(r->forms, sizeof(r->forms), o, r->placed, true);
}

static void check_served(struct work *w)
{
	struct acsr_err why = { 0 };

	w->r->still_served = customer_still_served(w->customer, &why) == ACSR_OK;
	snprintf(w->r->still_why, sizeof(w->r->still_why), "%.199s", why.text);
}

/* Surfaces that were to be searched must have a control that was found, and nothing unread. */
static void judge(struct run *r)
{
	for (int i = 0; i < SURFACES; i++) {
		const struct surface_state *x = &r->search.surfaces[i];

		if (x->parts == 0 && x->unread == 0)
			continue;
		if (x->control != CONTROL_FOUND)
			reason(r, "%s: %s", surface_name((enum surface)i),
				x->control == CONTROL_MISSED ? x->why : "there was no control");
		else if (x->unread > 0)
			reason(r, "%s: %llu could not be searched: %s", surface_name((enum surface)i),
				(unsigned long long)x->unread, x->why);
	}
	if (r->judged == 0)
		reason(r, "no key could be opened, so nothing could be searched for");
	if (r->search.surfaces[SURFACE_MEMORY].parts == 0)
		reason(r, "no memory was searched");
	if (r->target.state == NULL)
		reason(r, "the state directory is not known: give --state");
	if (r->target.other_database)
		reason(r, "the database is no file of this machine; its files and logs were not searched");
	if (!r->still_served)
		reason(r, "after the search the service did not serve an order: %.120s", r->still_why);
}

static enum acsr_result steps(struct work *w, struct acsr_err *e)
{
	uint64_t n;

	TRY(how_many(w->args, &n, e));
	TRY(prepare(w, e));
	TRY(order_and_scan(w, (size_t)n, e));
	search_once(w);
	progress_tell(&w->progress, "controls");
	TRY(decoy_all(&w->r->search, e));
	count_orders(w);
	check_served(w);
	return customer_cancel(w->customer, e);
}

enum acsr_result run_forensic(struct run **out, const struct args *a, struct acsr_err *e)
{
	struct work w = { .args = a };
	struct sigaction stop = { .sa_handler = on_signal };
	enum acsr_result r;

	w.r = calloc(1, sizeof(*w.r));
	if (w.r == NULL)
		return err_nomem(e);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	w.r->started = clock_now();
	progress_start(&w.progress);
	r = steps(&w, e);
	progress_clear(&w.progress);
	customer_close(w.customer);
	wire_free(w.wire);
	w.r->ended = clock_now();
	if (r == ACSR_OK)
		judge(w.r);
	for (int i = 0; i < NEEDLE_KINDS && w.needles != NULL; i++)
		w.r->needles[i] = needles_of_kind(w.needles, (enum needle_kind)i);
	w.r->needles_dropped = w.needles != NULL ? needles_dropped(w.needles) : 0;
	w.r->search.needles = NULL;
	needles_free(w.needles);
	free(w.held);
	if (r == ACSR_OK)
		*out = w.r;
	else
		run_free(w.r);
	return r;
}

enum verdict run_verdict(const struct run *r)
{
	if (search_found(&r->search) > 0)
		return VERDICT_FOUND;
	return r->n_reasons > 0 ? VERDICT_CANNOT_JUDGE : VERDICT_CLEAN;
}
