/* A CA in memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "autocsr/cert.h"
#include "base/clock.h"
#include "core/upstream/accept.h"
#include "store/jobs.h"
#include "store/upstream.h"
#include "upstream_world.h"

#define OK(call) assert_int_equal((call), ACSR_OK)
#define TEXT(s) ((char *)(uintptr_t)(s))

struct ca ca;
struct person ann, bob;
static int64_t offset;
static int nonces;
static bool renewal; /* the answer is about a renewal */
static char signed_with[40];
static struct world *hooked;

/* --- answers --- */

static void refuse(struct chan *ch, uint64_t id, const char *what)
{
	struct msg_failed m = {
		.id = TEXT(what), .text = TEXT("nobody there"), .field = TEXT(""), .source = TEXT("")
	};

	OK(chan_send(ch, MSG_failed, id, &m, -1, NULL));
}

static void respond(struct chan *ch, uint64_t id, unsigned status, const char *location, const char *body)
{
	struct msg_https_response m = { .status = status,
		.content_type = TEXT("application/json"),
		.body = { (uint8_t *)(uintptr_t)body, strlen(body) } };
	char line[300];

	snprintf(ca.gave, sizeof(ca.gave), "nonce-%d", ++nonces);
	snprintf(line, sizeof(line), "replay-nonce: %s", ca.gave);
	OK(strv_add(&m.headers, line, NULL));
	snprintf(line, sizeof(line), "retry-after: %s", ca.retry_after);
	if (renewal && ca.retry_after[0] != '\0')
		OK(strv_add(&m.headers, line, NULL));
	snprintf(line, sizeof(line), "location: %s", location);
	if (*location != '\0')
		OK(strv_add(&m.headers, line, NULL));
	OK(chan_send(ch, MSG_https_response, id, &m, -1, NULL));
	strv_free(&m.headers);
}

static void respond_problem(struct chan *ch, uint64_t id, const char *type)
{
	char body[400];
	bool status = type[0] >= '0' && type[0] <= '9';

	snprintf(body, sizeof(body),
		"{\"type\":\"urn:ietf:params:acme:error:%s\",\"detail\":\"it says no\"%s%s%s}", type,
		ca.instance[0] != '\0' ? ",\"instance\":\"" : "", ca.instance,
		ca.instance[0] != '\0' ? "\"" : "");
	if (status)
		respond(ch, id, (unsigned)atoi(type), "", "{}");
	else
		respond(ch, id,
			strcmp(type, "unauthorized") == 0         ? 401
			: strcmp(type, "userActionRequired") == 0 ? 403
								  : 400,
			"", body);
}

static void note(struct ca_part *part, const struct msg_https_request *q)
{
	part->asked++;
	snprintf(part->last, sizeof(part->last), "%.*s", (int)q->body.len, (const char *)q->body.p);
	snprintf(part->nonce, sizeof(part->nonce), "%s", signed_with);
	if (part->hook != NULL)
		world_exec(hooked, part->hook);
	part->hook = NULL;
	if (part == &ca.renewal)
		snprintf(ca.renewal_path, sizeof(ca.renewal_path), "%s", q->url);
}

/* --- what each URL is --- */

enum { ORDERS = 64 };
static char identifiers[ORDERS][500]; /* JSON, by the order's number */

static void keep_identifiers(const char *payload)
{
	json_t *j = json_loads(payload, 0, NULL), *list = json_object_get(j, "identifiers");
	char *dump = json_dumps(list, JSON_COMPACT);

	snprintf(identifiers[ca.orders % ORDERS], sizeof(identifiers[0]), "%s", dump);
	free(dump);
	json_decref(j);
}

/* An authorization that several orders get has the names of the last. */
static const char *identifiers_of(const char *number)
{
	return identifiers[(atoi(number) > 0 ? atoi(number) : ca.orders) % ORDERS];
}

static void order_body(char *out, size_t cap, const char *number)
{
	snprintf(out, cap,
		"{\"status\":\"%s\",\"identifiers\":%s,\"expires\":\"2049-01-01T00:00:00Z\","
		"\"authorizations\":["
		"\"https://ca.test/authz/%s\"],\"finalize\":\"https://ca.test/finalize/%s\"}",
		ca.order_status[0] != '\0' ? ca.order_status : "pending", identifiers_of(number),
		ca.gives[0] != '\0' ? ca.gives : number, number);
}

static void authz_body(char *out, size_t cap, const char *number)
{
	json_t *list = json_array(), *names = json_loads(identifiers_of(number), 0, NULL), *all;
	const char *verdict = ca.verdict[0] != '\0' ? ca.verdict : "valid";
	const char *status = ca.authz_status[0] != '\0' ? ca.authz_status : ca.told ? verdict : "pending";
	char types[200], *rest = types, *type, url[100], *dump;

	snprintf(types, sizeof(types), "%s", ca.types);
	while ((type = strsep(&rest, " ")) != NULL) {
		snprintf(url, sizeof(url), "https://ca.test/challenge/%s/%s", number, type);
		json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:s,s:[s]}", "type", type, "url", url,
						    "token", ca.token, "status",
						    ca.challenge_status[0] != '\0' ? ca.challenge_status
						    : ca.told                      ? "valid"
										   : "pending",
						    "issuer-domain-names", "ca.test"));
	}
	all = json_pack("{s:s,s:O,s:o,s:s}", "status", status, "identifier", json_array_get(names, 0),
		"challenges", list, "expires", "2049-01-01T00:00:00Z");
	dump = json_dumps(all, 0);
	snprintf(out, cap, "%s", dump);
	free(dump);
	json_decref(all);
	json_decref(names);
}

static void directory_body(char *out, size_t cap)
{
	snprintf(out, cap,
		"{\"newNonce\":\"https://ca.test/nonce\",\"newAccount\":\"https://ca.test/"
		"new-account\",\"newOrder\":"
		"\"https://ca.test/new-order\",\"revokeCert\":\"https://ca.test/revoke\",\"keyChange\":"
		"\"https://ca.test/key-change\",\"renewalInfo\":\"https://ca.test/"
		"renewal-info\",\"meta\":{\"termsOfService\":\"%s\"}}",
		ca.terms);
}

static const char *number_of(const char *url)
{
	static char number[40];

	snprintf(number, sizeof(number), "%s", strrchr(url, '/') + 1);
	return number;
}

static struct ca_part *part_of(const struct msg_https_request *q)
{
	static const struct {
		const char *path;
		struct ca_part *part;
	} parts[] = { { "/new-order", &ca.new_order }, { "/order/", &ca.order }, { "/authz/", &ca.authz },
		{ "/challenge/", &ca.challenge }, { "/finalize/", &ca.finalize },
		{ "/new-account", &ca.new_account }, { "/account", &ca.account },
		{ "/key-change", &ca.key_change }, { "/renewal-info", &ca.renewal } };

	if (q->body.len > 0 && strstr((const char *)q->body.p, "deactivated") != NULL &&
		strstr(q->url, "/authz/") != NULL)
		return &ca.deactivate;
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		if (strstr(q->url, parts[i].path) != NULL)
			return parts[i].part;
	return NULL;
}

static void serve(struct chan *ch, uint64_t id, const struct msg_https_request *q, const struct ca_part *part)
{
	char body[2000] = "{}", location[100] = "", number[16];

	if (part == &ca.new_order) {
		snprintf(number, sizeof(number), "%d", ++ca.orders);
		ca.told = false;
		keep_identifiers(part->last);
		order_body(body, sizeof(body), number);
		snprintf(location, sizeof(location), "https://ca.test/order/%s", number);
	} else if (part == &ca.order || part == &ca.finalize) {
		order_body(body, sizeof(body), number_of(q->url));
	} else if (part == &ca.authz) {
		authz_body(body, sizeof(body), number_of(q->url));
	} else if (part == &ca.challenge) {
		ca.told = true;
	} else if (part == &ca.new_account) {
		snprintf(body, sizeof(body), "{\"status\":\"valid\"}");
		snprintf(location, sizeof(location), "https://ca.test/account/1");
	} else if (part == &ca.renewal) {
		snprintf(body, sizeof(body), "%s", ca.window);
	} else if (part == NULL && strcmp(q->url, CA_DIRECTORY) == 0) {
		directory_body(body, sizeof(body));
	}
	respond(ch, id, part == &ca.new_order ? 201 : 200, location, body);
}

static void courier_hears(void *arg, struct chan *ch, struct msg *m)
{
	const struct msg_https_request *q = m->body;
	struct msg_mail_sent sent = { .reply = TEXT("250") };
	struct ca_part *part;
	bool refuses;

	if (m->type == MSG_mail) {
		((struct world *)arg)->mails++;
		if (strstr(((const struct msg_mail *)m->body)->text, "terms of service") != NULL) {
			ca.mails++;
			snprintf(
				ca.mail_to, sizeof(ca.mail_to), "%s", ((const struct msg_mail *)m->body)->to);
			snprintf(ca.mail, sizeof(ca.mail), "%s", ((const struct msg_mail *)m->body)->text);
		}
		OK(chan_send(ch, MSG_mail_sent, m->id, &sent, -1, NULL));
	}
	if (m->type != MSG_https_request)
		return;
	part = part_of(q);
	renewal = part == &ca.renewal;
	if (part != NULL)
		note(part, q);
	refuses = part != NULL && part->does[0] != '\0' && (part->times == 0 || part->asked <= part->times);
	if (!refuses)
		serve(ch, m->id, q, part);
	else if (strchr(part->does, '.') != NULL)
		refuse(ch, m->id, part->does);
	else
		respond_problem(ch, m->id, part->does);
	if (part != NULL && refuses)
		snprintf(part->refused, sizeof(part->refused), "%s", ca.gave);
}

/* --- signer and prober --- */

static void signer_hears(void *arg, struct chan *ch, struct msg *m)
{
	const struct msg_sign_jws *s = m->body;
	struct msg_jws_signed jws = { 0 };
	struct msg_account_key key = { .jwk = TEXT("{\"kty\":\"EC\"}"),
		.thumbprint = TEXT("abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq") };
	struct msg_account_key_forgotten gone = { 0 };

	(void)arg;
	if (ca.signer_away) {
		refuse(ch, m->id, "busy.signer");
	} else if (m->type == MSG_sign_jws) {
		snprintf(ca.signed_by, sizeof(ca.signed_by), "%s", s->key_name);
		snprintf(signed_with, sizeof(signed_with), "%s", s->nonce);
		jws.jws = s->payload;
		OK(chan_send(ch, MSG_jws_signed, m->id, &jws, -1, NULL));
	} else if (m->type == MSG_account_key_make) {
		snprintf(
			ca.made, sizeof(ca.made), "%s", ((const struct msg_account_key_make *)m->body)->name);
		if (strcmp(ca.made, "ca-key") != 0)
			key.thumbprint = TEXT("NEWdefghijklmnopqrstuvwxyzabcdefghijklmnopq");
		OK(chan_send(ch, MSG_account_key, m->id, &key, -1, NULL));
	} else if (m->type == MSG_account_key_forget) {
		gone.name = ((const struct msg_account_key_forget *)m->body)->name;
		snprintf(ca.forgotten, sizeof(ca.forgotten), "%s", gone.name);
		OK(chan_send(ch, MSG_account_key_forgotten, m->id, &gone, -1, NULL));
	}
}

static void prober_hears(void *arg, struct chan *ch, struct msg *m)
{
	struct msg_probe_result r = { .ok = ca.seen,
		.error_id = TEXT(ca.seen ? "" : "validation.http.status"),
		.error_text = TEXT(ca.seen ? "" : "there is no such file"),
		.evidence = TEXT("{}") };

	(void)arg;
	ca.looks++;
	OK(chan_send(ch, MSG_probe_result, m->id, &r, -1, NULL));
}

/* --- time --- */

static void set_clock(void)
{
	char text[30];

	snprintf(text, sizeof(text), "%lld", (long long)offset);
	setenv("AUTOCSR_TEST_CLOCK_OFFSET", text, 1);
}

static void stop(void *arg)
{
	loop_stop(arg);
}

void ca_work(struct world *w)
{
	struct loop_timer *t;
	int64_t due;

	for (int i = 0; i < 1000; i++) {
		core_run_jobs(&w->c);
		OK(loop_after(w->p.loop, 1, stop, w->p.loop, &t, NULL));
		OK(loop_run(w->p.loop, NULL));
		OK(jobs_next_due(w->c.db, &due, NULL));
		if (w->c.calls == NULL && w->c.outbox == NULL && (due == 0 || due > clock_now()))
			return;
	}
	fail_msg("it does not come to rest");
}

void ca_wait(struct world *w, int64_t seconds)
{
	offset += seconds;
	set_clock();
	ca_work(w);
}

int64_t ca_next(struct world *w, const char *kind)
{
	struct db_rows *rows;
	int64_t at, now = clock_now();
	bool have;

	OK(db_query(w->c.db, &rows, "SELECT COALESCE(MIN(due_at), 0) FROM jobs WHERE kind = $1",
		DB_ARGS(DB_TEXT(kind)), NULL));
	OK(db_next(rows, &have, NULL));
	assert_true(have);
	at = db_int(rows, 0);
	db_rows_free(rows);
	assert_true(at != 0);
	if (at > now)
		ca_wait(w, at - now);
	else
		ca_work(w);
	return at - now;
}

/* --- the beginning --- */

static void seed(struct world *w)
{
	char directory[1000];

	directory_body(directory, sizeof(directory));
	world_exec(w,
		"INSERT INTO issuers (name, kind, title, public, directory_url, roots, contacts, "
		"terms_agreed, "
		"profile, preferred_chain, key_types, challenges, automation, validation, orders_per_hour, "
		"active, "
		"directory, directory_at, account_url, account_key, account_thumbprint, account_status, "
		"next_key, "
		"paused_until, paused_reason, created_at) VALUES ('ca', 'acme', 'The CA', 0, '" CA_DIRECTORY
		"', '', '[]', 'https://ca.test/terms', '', '', '', '', '', 'ca', 0, 1, '', NULL, "
		"'https://ca.test/account/1', 'ca-key', 'abcdefghijklmnopqrstuvwxyzabcdefghijklmnopq', "
		"'valid', '', "
		"NULL, '', 0)");
	OK(db_exec(w->c.db, NULL, "UPDATE issuers SET directory = $1, directory_at = $2",
		DB_ARGS(DB_TEXT(directory), DB_INT(clock_now())), NULL));
	world_exec(w, "UPDATE products SET issuer = 'ca' WHERE id = 'dv'");
}

bool ca_has_clock(void)
{
	int64_t before;

	offset = 0;
	set_clock();
	before = clock_now();
	offset = 1000;
	set_clock();
	return clock_now() >= before + 1000;
}

int ca_begin(void **state)
{
	struct world *w;

	offset = 0;
	set_clock();
	ca = (struct ca){ .types = "http-01 dns-01",
		.terms = "https://ca.test/terms",
		.token = "a-token-of-enough-length-0001" };
	if (world_begin(state) != 0)
		return -1;
	hooked = w = *state;
	offset = 1000;
	set_clock();
	world_register(w, "ann@example.com", &ann);
	world_register(w, "bob@example.com", &bob);
	seed(w);
	world_conf(w, "upstream.first_retry", "1m");
	w->courier_does = COURIER_AWAY;
	w->courier = world_join(w, ROLE_COURIER, courier_hears);
	(void)world_join(w, ROLE_SIGNER, signer_hears);
	(void)world_join(w, ROLE_PROBER, prober_hears);
	return 0;
}

void ca_begin_anew(struct world *w, const char *id, int64_t round)
{
	CLEANUP_ORDER struct order o = { 0 };
	struct product p;

	world_open(w, clock_now());
	OK(order_load(w->c.db, id, NULL, &o, NULL));
	o.round = round;
	OK(db_exec(w->c.db, NULL, "UPDATE orders SET round = $2 WHERE id = $1",
		DB_ARGS(DB_TEXT(id), DB_INT(round)), NULL));
	OK(validations_delete(w->c.db, id, NULL));
	OK(products_load(w->c.db, "dv", &p, NULL));
	OK(validate_prepare(&w->c, &o, &p, NULL));
	OK(order_start_validation(&w->c, &o, "system", NULL));
	world_close(w);
	ca_work(w);
}

void ca_order(struct world *w, const struct person *p, const char *id, const char *name)
{
	struct order o = {
		.names = TEXT(name), .subject = TEXT("{}"), .round = 1, .created_at = clock_now()
	};
	struct csr_request r = { .made_at = clock_now() };

	world_open(w, clock_now());
	snprintf(o.id, sizeof(o.id), "%s", id);
	snprintf(o.account_id, sizeof(o.account_id), "%s", p->account);
	snprintf(o.user_id, sizeof(o.user_id), "%s", p->id);
	snprintf(o.email, sizeof(o.email), "%s", p->email);
	snprintf(o.product_id, sizeof(o.product_id), "dv");
	snprintf(o.delivery, sizeof(o.delivery), "download");
	snprintf(o.method, sizeof(o.method), "http");
	snprintf(o.state, sizeof(o.state), "validating");
	snprintf(o.request_id, sizeof(o.request_id), "req_%s", id);
	OK(order_insert(w->c.db, &o, NULL));
	snprintf(r.id, sizeof(r.id), "req_%s", id);
	snprintf(r.order_id, sizeof(r.order_id), "%s", id);
	snprintf(r.key_source, sizeof(r.key_source), "own-csr");
	OK(csr_request_insert(w->c.db, &r, (struct bytes){ (const uint8_t *)"x", 1 }, NULL, NULL));
	world_close(w);
	ca_begin_anew(w, id, 1);
}

/* A root of the CA's own, and a leaf below it. */
static struct acsr_blob leaf_for(const char *name, int64_t lives)
{
	static struct acsr_key *key;
	struct acsr_dn dn = { 0 }, none = { 0 };
	struct acsr_sans sans = { 0 };
	struct acsr_blob root = { 0 }, leaf = { 0 };
	struct acsr_cert_spec top = { .subject = &dn, .ca = true, .path_len = -1, .not_before = 0 };
	struct acsr_cert_spec s = { .subject = &none, .sans = &sans, .path_len = -1 };

	if (key == NULL)
		OK(acsr_key_generate(&key, "ec:p256", NULL));
	OK(acsr_dn_parse(&dn, "CN=The CA", NULL));
	OK(acsr_sans_add(&sans, ACSR_SAN_DNS, name, NULL));
	top.subject_key = s.subject_key = key;
	top.not_before = s.not_before = clock_now();
	top.not_after = clock_now() + INT64_C(10) * 365 * 86400;
	s.not_after = clock_now() + lives;
	OK(acsr_cert_serial(&top, NULL));
	OK(acsr_cert_sign(&top, key, &root, NULL));
	OK(acsr_cert_serial(&s, NULL));
	s.issuer_der = root.p;
	s.issuer_len = root.len;
	OK(acsr_cert_sign(&s, key, &leaf, NULL));
	acsr_dn_free(&dn);
	acsr_sans_free(&sans);
	acsr_blob_free(&root);
	return leaf;
}

void ca_certify(struct world *w, const char *id, int64_t lives)
{
	CLEANUP_ORDER struct order o = { 0 };
	CLEANUP_ACCEPTED struct accepted a = { 0 };
	struct accept_from from = { .issuer = "ca", .profile = "" };
	char serial[43];

	world_open(w, clock_now());
	OK(db_exec(w->c.db, NULL, "UPDATE orders SET state = 'issuing' WHERE id = $1", DB_ARGS(DB_TEXT(id)),
		NULL));
	OK(order_load(w->c.db, id, NULL, &o, NULL));
	a.der = leaf_for(o.names, lives);
	a.chain = calloc(1, 1);
	OK(acsr_cert_parse(&a.view, a.der.p, a.der.len, NULL));
	OK(accept_store(&w->c, &o, &from, &a, "system", serial, NULL));
	world_close(w);
}

/* --- looking --- */

/* The statements are kept by their text's place: literals only. */
#define OF_ORDER(what)                                                                               \
	"SELECT " what                                                                               \
	" FROM orders o LEFT JOIN upstream_orders u ON u.order_id = o.id AND u.round = o.round AND " \
	"u.issuer = 'ca' WHERE o.id = $1"

static void column(struct world *w, const char *sql, const char *id, char *out, size_t cap)
{
	struct db_rows *rows;
	bool have;

	OK(db_query(w->c.db, &rows, sql, DB_ARGS(DB_TEXT(id)), NULL));
	OK(db_next(rows, &have, NULL));
	snprintf(out, cap, "%s", have ? db_text(rows, 0) : "");
	db_rows_free(rows);
}

const char *ca_state(struct world *w, const char *id)
{
	static char text[40];

	column(w, OF_ORDER("o.state"), id, text, sizeof(text));
	return text;
}

const char *ca_reason(struct world *w, const char *id)
{
	static char text[1000];

	column(w, OF_ORDER("o.waiting_reason"), id, text, sizeof(text));
	return text;
}

const char *ca_step(struct world *w, const char *id)
{
	static char text[40];

	column(w, OF_ORDER("u.step"), id, text, sizeof(text));
	return text;
}

const char *ca_issuer(struct world *w, const char *id)
{
	static char text[80];

	column(w, OF_ORDER("o.issuer"), id, text, sizeof(text));
	return text;
}

int64_t ca_detail(struct world *w, const char *id, const char *member)
{
	char text[4000];
	json_t *j, *v;
	int64_t n;

	column(w, OF_ORDER("u.detail"), id, text, sizeof(text));
	j = json_loads(text, 0, NULL);
	v = json_object_get(j, member);
	n = v == NULL ? -1 : json_is_array(v) ? (int64_t)json_array_size(v) : json_integer_value(v);
	json_decref(j);
	return n;
}
