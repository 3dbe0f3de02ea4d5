/* The world of core's unit tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/clock.h"
#include "base/log.h"
#include "core/issuers.h"
#include "core/kek.h"
#include "core/pool.h"
#include "core/product.h"
#include "core_world.h"
#include "store/migrations.h"

#define OK(call) assert_int_equal((call), ACSR_OK)

/* --- the peers --- */

static void core_hears(void *arg, struct chan *ch, struct msg *m)
{
	struct world *w = arg;

	(void)ch;
	call_answered(&w->c, m);
}

static void nobody_leaves(void *arg, struct chan *ch, const struct acsr_err *why)
{
	(void)arg;
	(void)ch;
	(void)why;
}

static void keep_headers(struct world *w, const struct strv *headers)
{
	w->headers[0] = w->cookie[0] = '\0';
	for (size_t i = 0; i < headers->n; i++) {
		size_t n = strlen(w->headers);

		snprintf(w->headers + n, sizeof(w->headers) - n, "%s\n", headers->v[i]);
		(void)!sscanf(headers->v[i], "Set-Cookie: __Host-autocsr=%99[^;]", w->cookie);
	}
}

static void front_hears(void *arg, struct chan *ch, struct msg *m)
{
	const struct msg_http_response *r = m->body;
	struct world *w = arg;

	(void)ch;
	if (m->type == MSG_ticket_drop)
		return;
	assert_int_equal(m->type, MSG_http_response);
	w->status = (unsigned)r->status;
	assert_true(r->body.len < sizeof(w->text));
	memcpy(w->text, r->body.p, r->body.len);
	w->text[r->body.len] = '\0';
	json_decref(w->answer);
	w->answer = json_loadb(w->text, r->body.len, 0, NULL);
	keep_headers(w, &r->headers);
	loop_stop(w->p.loop);
}

static void courier_hears(void *arg, struct chan *ch, struct msg *m)
{
	struct world *w = arg;
	struct msg_mail_sent sent = { .reply = (char *)(uintptr_t) "250 thank you" };
	struct msg_failed refused = { .id = (char *)(uintptr_t) "mail.refused",
		.text = (char *)(uintptr_t) "550 nobody here" };
	struct msg_failed failed = { .id = (char *)(uintptr_t) "mail.net",
		.text = (char *)(uintptr_t) "down" };

	assert_int_equal(m->type, MSG_mail);
	w->mails++;
	if (w->courier_does == COURIER_SENDS)
		OK(chan_send(ch, MSG_mail_sent, m->id, &sent, -1, NULL));
	else
		OK(chan_send(ch, MSG_failed, m->id, w->courier_does == COURIER_REFUSES ? &refused : &failed,
			-1, NULL));
}

struct chan *world_join(
	struct world *w, enum role peer, void (*hears)(void *arg, struct chan *ch, struct msg *m))
{
	static struct chan_ops core_ops = { core_hears, nobody_leaves };
	static struct chan_ops peer_ops[ROLE_COUNT];
	struct chan *other;
	int fd[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0);
	peer_ops[peer] = (struct chan_ops){ hears, nobody_leaves };
	OK(chan_new(&w->p.peers[peer], w->p.loop, fd[0], ROLE_CORE, peer, &core_ops, w, NULL));
	OK(chan_new(&other, w->p.loop, fd[1], peer, ROLE_CORE, &peer_ops[peer], w, NULL));
	return other;
}

/* --- beginning and end --- */

static void preset_conf(struct world *w)
{
	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		char value[256], pair[600];

		if ((k->roles & R_CORE) == 0)
			continue;
		conf_preset(k, value);
		snprintf(pair, sizeof(pair), "%s.%s=%s", k->section, k->name, value);
		OK(strv_add(&w->p.conf.pairs, pair, NULL));
	}
	world_conf(w, "server.public_url", "https://certs.test");
	world_conf(w, "database.url", "sqlite:t.db");
	world_conf(w, "mail.smtp", "smtp://127.0.0.1:25");
}

void world_conf(struct world *w, const char *key, const char *value)
{
	size_t n = strlen(key);

	for (size_t i = 0; i < w->p.conf.pairs.n; i++) {
		char **pair = &w->p.conf.pairs.v[i];

		if (strncmp(*pair, key, n) != 0 || (*pair)[n] != '=')
			continue;
		free(*pair);
		OK(str_printf(pair, NULL, "%s=%s", key, value));
		return;
	}
	fail_msg("no key %s", key);
}

int world_begin(void **state)
{
	static const struct role_spec spec = { .role = ROLE_CORE };
	struct world *w = calloc(1, sizeof(*w));

	assert_non_null(w);
	log_init("core", LOG_ERROR);
	snprintf(w->dir, sizeof(w->dir), "/tmp/autocsr-core-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	snprintf(w->p.dir, sizeof(w->p.dir), "%s", w->dir);
	w->p.spec = &spec;
	w->c.proc = &w->p;
	w->c.steps_tail = &w->c.steps;
	w->c.outbox_tail = &w->c.outbox;
	preset_conf(w);
	OK(loop_new(&w->p.loop, NULL));
	OK(issuers_new(&w->c.issuers, NULL));
	OK(kek_open(&w->c.kek, &w->p, NULL));
	OK(kek_first(w->c.kek, &w->p, true, NULL));
	OK(db_open(&w->c.db, "sqlite:t.db", w->dir, NULL));
	w->c.code_store = w->c.db;
	OK(db_migrate(w->c.db, store_migrations, store_migrations_count, NULL));
	OK(pool_new(&w->c.pool, &w->c, 2, NULL));
	OK(pool_new(&w->c.readers, &w->c, 1, NULL));
	world_open(w, clock_now());
	OK(product_seed(&w->c, NULL));
	world_close(w);
	w->front = world_join(w, ROLE_FRONT, front_hears);
	loop_every_turn(w->p.loop, batch_run, &w->c);
	*state = w;
	return 0;
}

int world_end(void **state)
{
	struct world *w = *state;
	char command[100];

	db_close(w->c.db);
	json_decref(w->answer);
	snprintf(command, sizeof(command), "rm -r '%s'", w->dir);
	/* A test's own directory; the pool's threads and the loop end with the process. */
	return system(command);
}

/* --- asking --- */

static char *copy(const char *s)
{
	char *out;

	OK(str_dup(&out, s != NULL ? s : "", NULL));
	return out;
}

static void secret_of(struct acsr_secret **out, const char *s)
{
	if (s != NULL)
		OK(acsr_secret_new(out, s, strlen(s), NULL));
}

struct kick {
	struct world *w;
	const struct ask *a;
};

static void begin(void *arg)
{
	static uint64_t ids;
	struct kick *k = arg;
	const struct ask *a = k->a;
	struct msg_http_request r = { .method = copy(a->method),
		.path = copy(a->path),
		.query = copy(a->query),
		.remote = copy(a->remote != NULL ? a->remote : "192.0.2.1"),
		.host = copy("certs.test"),
		.origin = copy(""),
		.content_type = copy(a->content_type != NULL ? a->content_type
				     : a->body != NULL       ? "application/json"
							     : ""),
		.csrf = copy(a->csrf),
		.idempotency_key = copy(""),
		.user_agent = copy("test"),
		.request_id = copy("req_test") };
	struct msg m = { .type = MSG_http_request, .id = ++ids, .body = &r, .fd = -1, .from = ROLE_FRONT };
	struct request *q;

	secret_of(&r.cookie, a->cookie);
	secret_of(&r.bearer, a->bearer);
	if (a->body != NULL)
		OK(blob_set(&r.body, a->body, strlen(a->body), NULL));
	q = request_new(&k->w->c, &m);
	core_step(&k->w->c, q, request_run, q, NULL);
}

static void too_late(void *arg)
{
	(void)arg;
	fail_msg("no answer");
}

unsigned world_ask(struct world *w, const struct ask *a)
{
	struct kick k = { w, a };
	struct loop_timer *first, *last;

	w->status = 0;
	OK(loop_after(w->p.loop, 0, begin, &k, &first, NULL));
	OK(loop_after(w->p.loop, 60000, too_late, NULL, &last, NULL));
	OK(loop_run(w->p.loop, NULL));
	loop_cancel(last);
	world_turn(w); /* what comes after the answer */
	return w->status;
}

unsigned world_get(struct world *w, const char *path)
{
	return world_ask(w, &(struct ask){ .method = "GET", .path = path });
}

static void stop(void *arg)
{
	struct world *w = arg;

	loop_stop(w->p.loop);
}

static void nothing(void *arg)
{
	(void)arg;
}

void world_turn(struct world *w)
{
	struct loop_timer *t;

	if (w->courier == NULL && w->courier_does != COURIER_AWAY)
		w->courier = world_join(w, ROLE_COURIER, courier_hears);
	for (int i = 0; i < 4; i++)
		OK(loop_after(w->p.loop, i * 3, nothing, NULL, &t, NULL));
	OK(loop_after(w->p.loop, 15, stop, w, &t, NULL));
	OK(loop_run(w->p.loop, NULL));
}

const char *world_problem(const struct world *w)
{
	const char *type = json_string_value(json_object_get(w->answer, "type"));

	return type != NULL && str_starts(type, "urn:autocsr:error:") ? type + 18 : "";
}

/* --- people --- */

void world_login(struct world *w, const char *email, const char *password, struct person *out)
{
	char body[400];
	json_t *user;

	snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"%s\"}", email, password);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/session", .body = body }), 200);
	user = json_object_get(w->answer, "user");
	snprintf(out->email, sizeof(out->email), "%s", email);
	snprintf(out->id, sizeof(out->id), "%s", json_string_value(json_object_get(user, "id")));
	snprintf(out->account, sizeof(out->account), "%s",
		json_string_value(json_object_get(user, "account_id")));
	snprintf(out->csrf, sizeof(out->csrf), "%s",
		json_string_value(json_object_get(w->answer, "csrf_token")));
	snprintf(out->cookie, sizeof(out->cookie), "%s", w->cookie);
	assert_int_equal(strlen(out->cookie), 43);
}

void world_register(struct world *w, const char *email, struct person *out)
{
	char body[400], token[100];

	snprintf(body, sizeof(body),
		"{\"email\":\"%s\",\"password\":\"" WORLD_PASSWORD "\",\"account_name\":\"Acme\"}", email);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/register", .body = body }), 202);
	world_link(w, email, "confirm", token);
	snprintf(body, sizeof(body), "{\"token\":\"%s\"}", token);
	assert_int_equal(
		world_ask(w, &(struct ask){ "POST", "/api/v1/register/confirm", .body = body }), 200);
	world_login(w, email, WORLD_PASSWORD, out);
}

unsigned world_as(
	struct world *w, const struct person *p, const char *method, const char *path, const char *body)
{
	char whole[300];

	snprintf(whole, sizeof(whole), "/api/v1%s", path);
	return world_ask(
		w, &(struct ask){ method, whole, .body = body, .cookie = p->cookie, .csrf = p->csrf });
}

void world_invite(
	struct world *w, const struct person *owner, const char *email, const char *role, struct person *out)
{
	char body[400], token[100];

	snprintf(body, sizeof(body), "{\"email\":\"%s\",\"role\":\"%s\"}", email, role);
	assert_int_equal(world_as(w, owner, "POST", "/users", body), 201);
	world_link(w, email, "invite", token);
	snprintf(body, sizeof(body), "{\"token\":\"%s\",\"password\":\"" WORLD_PASSWORD "\"}", token);
	assert_int_equal(world_ask(w, &(struct ask){ "POST", "/api/v1/users/accept", .body = body }), 200);
	world_login(w, email, WORLD_PASSWORD, out);
}

void world_link(struct world *w, const char *email, const char *purpose, char out[100])
{
	struct db_rows *rows;
	const char *at;
	char mark[40];
	bool have;

	snprintf(mark, sizeof(mark), "https://certs.test/#/%s/", purpose);
	OK(db_query(w->c.db, &rows,
		"SELECT text FROM mails WHERE recipient = $1 AND text LIKE '%' || $2 || '%' ORDER BY rowid "
		"DESC",
		DB_ARGS(DB_TEXT(email), DB_TEXT(mark)), NULL));
	OK(db_next(rows, &have, NULL));
	assert_true(have);
	at = strstr(db_text(rows, 0), mark);
	assert_non_null(at);
	snprintf(out, 100, "%.43s", at + strlen(mark));
	db_rows_free(rows);
}

int64_t world_number(struct world *w, const char *sql)
{
	struct db_rows *rows;
	int64_t n;
	bool have;

	OK(db_query(w->c.db, &rows, sql, DB_NO_ARGS, NULL));
	OK(db_next(rows, &have, NULL));
	assert_true(have);
	n = db_int(rows, 0);
	db_rows_free(rows);
	return n;
}

void world_exec(struct world *w, const char *sql)
{
	OK(db_exec(w->c.db, NULL, sql, DB_NO_ARGS, NULL));
}

void world_open(struct world *w, int64_t now)
{
	w->c.now = now;
	OK(db_begin(w->c.db, NULL));
}

void world_close(struct world *w)
{
	OK(db_commit(w->c.db, NULL));
}
