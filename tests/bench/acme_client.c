/*
 * A closed-loop ACME client (RFC 8555): so many accounts, each with one connection, each getting one certificate after
 * another by http-01 with a new P-256 key. It knows nothing of whose server it talks to, so that two can be compared;
 * tests/bench/acme.py runs it. It brings the names' DNS and web server along (acme_net.h), and prints one line of JSON.
 *
 * usage: acme_client [-a ACCOUNTS] [-s SECONDS | -n CERTIFICATES] [-o OPEN_ORDERS] [-t TAG] -w WEB_PORT [-d DNS_PORT]
 *        DIRECTORY_URL CA.pem
 */
#include <jansson.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "acme_https.h"
#include "acme_net.h"
#include "autocsr/csr.h"
#include "autocsr/jwk.h"
#include "base/str.h"
#include "pki/jws.h"

enum step { NEW_ORDER, AUTHZ, CHALLENGE, WAIT_READY, FINALIZE, WAIT_VALID, CERTIFICATE, STEPS };
static const char *const step_names[] = { "new_order", "authz", "challenge", "wait_ready", "finalize",
	"wait_valid", "certificate" };

enum { TOOK_MAX = 2000000, URL_MAX = HTTPS_URL };

static struct {
	const char *directory, *ca_file, *tag;
	char new_nonce[URL_MAX], new_account[URL_MAX], new_order[URL_MAX];
	long accounts, seconds, count, open;
	double end;
	atomic_long left;
} run = { .accounts = 4, .tag = "b" };

struct client {
	pthread_t thread;
	unsigned number;
	struct https *https;
	struct https_reply reply;
	struct acsr_key *key;
	char kid[URL_MAX];
	float *took; /* seconds, one a certificate */
	long done, polls;
	double steps[STEPS];
};

static void die(const char *what, const char *more)
{
	fprintf(stderr, "acme_client: %s: %s\n", what, more);
	exit(1);
}

static void must(enum acsr_result r, const struct acsr_err *e)
{
	if (r != ACSR_OK)
		die(e->id, e->text);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- requests --- */

static long ask(struct client *c, const char *url, const struct buf *body, bool head)
{
	const char *why = https_ask(c->https, url, body, head, &c->reply);

	if (why != NULL)
		die(url, why);
	return c->reply.status;
}

static long post_once(struct client *c, const char *url, const char *payload)
{
	const struct jws_head head = { .url = url, .nonce = c->reply.nonce, .kid = c->kid };
	struct buf body;
	struct acsr_err e;
	long status;

	buf_init(&body, 65536);
	must(jws_sign(c->key, &head, (struct bytes){ (const uint8_t *)payload, strlen(payload) }, &body, &e),
		&e);
	status = ask(c, url, &body, false);
	buf_free(&body);
	return status;
}

/* payload "": POST-as-GET (6.3). A nonce that is refused is no error of ours (6.5): once more with the new one. */
static void post(struct client *c, const char *url, const char *payload)
{
	long status = post_once(c, url, payload);

	for (int i = 0; i < 20 && status == 400 && strstr(buf_cstr(&c->reply.body), "badNonce") != NULL; i++)
		status = post_once(c, url, payload);
	if (status < 200 || status > 299)
		die(url, buf_cstr(&c->reply.body));
}

static json_t *document(struct client *c)
{
	json_t *d = json_loadb((const char *)c->reply.body.p, c->reply.body.len, 0, NULL);

	if (d == NULL)
		die("no JSON", buf_cstr(&c->reply.body));
	return d;
}

static void member(const json_t *d, const char *name, char out[URL_MAX])
{
	const char *s = json_string_value(json_object_get(d, name));

	if (s == NULL)
		die("the answer lacks", name);
	snprintf(out, URL_MAX, "%s", s);
}

/* --- an account --- */

static void client_open(struct client *c)
{
	struct acsr_err e;

	buf_init(&c->reply.body, 1024 * 1024);
	c->https = https_new(run.ca_file);
	if (c->https == NULL)
		die(run.ca_file, "cannot be read");
	must(acsr_key_generate(&c->key, "ec:p256", &e), &e);
	must(acsr_jwk_thumbprint(c->key, net_thumbprints[c->number], &e), &e);
}

static void client_close(struct client *c)
{
	https_free(c->https);
	acsr_key_free(c->key);
	buf_free(&c->reply.body);
	free(c->took);
}

static void read_directory(struct client *c)
{
	json_t *d;

	if (ask(c, run.directory, NULL, false) != 200)
		die(run.directory, buf_cstr(&c->reply.body));
	d = document(c);
	member(d, "newNonce", run.new_nonce);
	member(d, "newAccount", run.new_account);
	member(d, "newOrder", run.new_order);
	json_decref(d);
}

static void register_account(struct client *c)
{
	(void)ask(c, run.new_nonce, NULL, true);
	post(c, run.new_account, "{\"termsOfServiceAgreed\":true}");
	snprintf(c->kid, sizeof(c->kid), "%s", c->reply.location);
}

/* --- one certificate --- */

/* The document at url once its status is `wanted` or "valid"; so often as a client may that has nothing else to do. */
static json_t *poll_order(struct client *c, const char *url, const char *wanted)
{
	for (useconds_t pause = 0;; pause = pause < 8000 ? pause + 1000 : pause) {
		const char *status;
		json_t *d;

		if (pause > 0)
			usleep(pause);
		c->polls++;
		post(c, url, "");
		d = document(c);
		status = json_string_value(json_object_get(d, "status"));
		if (status != NULL && (strcmp(status, wanted) == 0 || strcmp(status, "valid") == 0))
			return d;
		if (status == NULL || strcmp(status, "invalid") == 0)
			die("the order failed", buf_cstr(&c->reply.body));
		json_decref(d);
	}
}

static char *csr_for(const char *name)
{
	struct acsr_sans sans = { 0 };
	const struct acsr_csr_request what = { .sans = &sans };
	struct acsr_key *key = NULL;
	struct acsr_blob der = { 0 };
	struct acsr_err e;
	char *text, *b64;

	must(acsr_sans_add(&sans, ACSR_SAN_DNS, name, &e), &e);
	must(acsr_key_generate(&key, "ec:p256", &e), &e);
	must(acsr_csr_build(&what, key, &der, &e), &e);
	b64 = malloc(4 * ((der.len + 2) / 3) + 1);
	if (b64 == NULL)
		die("memory", "none");
	b64_encode(der.p, der.len, true, b64);
	must(str_printf(&text, &e, "{\"csr\":\"%s\"}", b64), &e);
	free(b64);
	acsr_blob_free(&der);
	acsr_sans_free(&sans);
	acsr_key_free(key);
	return text;
}

static void find_http01(const json_t *authz, char url[URL_MAX])
{
	const json_t *list = json_object_get(authz, "challenges");

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *one = json_array_get(list, i);
		const char *type = json_string_value(json_object_get(one, "type"));

		if (type != NULL && strcmp(type, "http-01") == 0) {
			member(one, "url", url);
			return;
		}
	}
	die("no challenge", "http-01");
}

/* Returns the order, its URL in `url`. */
static json_t *new_order(struct client *c, const char *name, char url[URL_MAX])
{
	char payload[300];

	snprintf(payload, sizeof(payload), "{\"identifiers\":[{\"type\":\"dns\",\"value\":\"%s\"}]}", name);
	post(c, run.new_order, payload);
	snprintf(url, URL_MAX, "%s", c->reply.location);
	return document(c);
}

static void prove(struct client *c, const json_t *order, double *mark)
{
	const char *authz = json_string_value(json_array_get(json_object_get(order, "authorizations"), 0));
	char url[URL_MAX];
	json_t *d;

	post(c, authz, "");
	d = document(c);
	find_http01(d, url);
	json_decref(d);
	mark[AUTHZ] = now();
	post(c, url, "{}");
	mark[CHALLENGE] = now();
}

static void fetch(struct client *c, const json_t *order)
{
	char url[URL_MAX];

	member(order, "certificate", url);
	post(c, url, "");
	if (strncmp(buf_cstr(&c->reply.body), "-----BEGIN CERTIFICATE-----", 27) != 0)
		die("no certificate", buf_cstr(&c->reply.body));
}

static void issue(struct client *c)
{
	double mark[STEPS], begin = now();
	char name[100], order_url[URL_MAX], finalize[URL_MAX];
	char *csr;
	json_t *order;

	snprintf(name, sizeof(name), "%u-%ld%s.bench.test", c->number, c->done, run.tag);
	csr = csr_for(name);
	begin = now(); /* a client's own work is not the server's */
	order = new_order(c, name, order_url);
	mark[NEW_ORDER] = now();
	prove(c, order, mark);
	json_decref(order);
	order = poll_order(c, order_url, "ready");
	mark[WAIT_READY] = now();
	member(order, "finalize", finalize);
	json_decref(order);
	post(c, finalize, csr);
	mark[FINALIZE] = now();
	order = poll_order(c, order_url, "valid");
	mark[WAIT_VALID] = now();
	fetch(c, order);
	mark[CERTIFICATE] = now();
	json_decref(order);
	free(csr);
	for (int i = 0; i < STEPS; i++)
		c->steps[i] += mark[i] - (i == 0 ? begin : mark[i - 1]);
	c->took[c->done++] = (float)(mark[CERTIFICATE] - begin);
}

static void *work(void *arg)
{
	struct client *c = arg;

	while (c->done < TOOK_MAX) {
		if (run.count > 0 ? atomic_fetch_sub(&run.left, 1) <= 0 : now() >= run.end)
			break;
		issue(c);
	}
	return NULL;
}

static void *open_orders(void *arg)
{
	struct client *c = arg;
	char name[100], url[URL_MAX];

	for (long i = 0; i < run.open; i++) {
		snprintf(name, sizeof(name), "%u-o%ld%s.bench.test", c->number, i, run.tag);
		json_decref(new_order(c, name, url));
	}
	return NULL;
}

/* --- all of them --- */

static void together(struct client *all, void *(*what)(void *))
{
	for (long i = 0; i < run.accounts; i++)
		if (pthread_create(&all[i].thread, NULL, what, &all[i]) != 0)
			die("threads", "none");
	for (long i = 0; i < run.accounts; i++)
		pthread_join(all[i].thread, NULL);
}

static int by_size(const void *a, const void *b)
{
	float x = *(const float *)a, y = *(const float *)b;

	return x < y ? -1 : x > y;
}

static void report(struct client *all, double seconds, double opening)
{
	json_t *steps = json_object(), *line;
	float *took;
	long done = 0, polls = 0, at = 0;

	for (long i = 0; i < run.accounts; i++) {
		done += all[i].done;
		polls += all[i].polls;
	}
	took = calloc((size_t)done + 1, sizeof(*took));
	if (took == NULL || done == 0)
		die("nothing", "was issued");
	for (long i = 0; i < run.accounts; i++) {
		memcpy(took + at, all[i].took, (size_t)all[i].done * sizeof(*took));
		at += all[i].done;
	}
	qsort(took, (size_t)done, sizeof(*took), by_size);
	for (int s = 0; s < STEPS; s++) {
		double sum = 0;

		for (long i = 0; i < run.accounts; i++)
			sum += all[i].steps[s];
		json_object_set_new(steps, step_names[s], json_real(sum / (double)done * 1e3));
	}
	line = json_pack("{s:I, s:f, s:f, s:f, s:f, s:f, s:f, s:o}", "certificates", (json_int_t)done,
		"seconds", seconds, "per_second", (double)done / seconds, "p50_ms", took[done / 2] * 1e3,
		"p99_ms", took[done * 99 / 100] * 1e3, "polls", (double)polls / (double)done,
		"open_per_second", run.open > 0 ? (double)(run.open * run.accounts) / opening : 0.0,
		"steps_ms", steps);
	json_dumpf(line, stdout, JSON_REAL_PRECISION(5));
	printf("\n");
	json_decref(line);
	free(took);
}

static void options(int argc, char **argv)
{
	int o, web = 0, dns = 0;

	while ((o = getopt(argc, argv, "a:s:n:o:t:w:d:")) != -1) {
		long number = strtol(optarg, NULL, 10);

		switch (o) {
		case 'a':
			run.accounts = number;
			break;
		case 's':
			run.seconds = number;
			break;
		case 'n':
			run.count = number;
			break;
		case 'o':
			run.open = number;
			break;
		case 't':
			run.tag = optarg;
			break;
		case 'w':
			web = (int)number;
			break;
		case 'd':
			dns = (int)number;
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind != 2 || web == 0 || run.accounts < 1 || run.accounts > NET_ACCOUNTS)
		die("usage", "see the source");
	run.directory = argv[optind];
	run.ca_file = argv[optind + 1];
	if (net_http(web) != 0 || (dns != 0 && net_dns(dns) != 0))
		die("servers", "a port is taken");
}

int main(int argc, char **argv)
{
	struct client *all;
	double begin, opening = 1;

	options(argc, argv);
	signal(SIGPIPE, SIG_IGN);
	all = calloc((size_t)run.accounts, sizeof(*all));
	for (long i = 0; all != NULL && i < run.accounts; i++) {
		all[i].number = (unsigned)i;
		all[i].took = malloc((size_t)TOOK_MAX * sizeof(float));
		client_open(&all[i]);
		if (i == 0)
			read_directory(&all[i]);
		register_account(&all[i]);
	}
	if (run.open > 0) {
		begin = now();
		together(all, open_orders);
		opening = now() - begin;
	}
	atomic_store(&run.left, run.count);
	begin = now();
	run.end = begin + (double)run.seconds;
	together(all, work);
	report(all, now() - begin, opening);
	for (long i = 0; i < run.accounts; i++)
		client_close(&all[i]);
	free(all);
	return 0;
}
