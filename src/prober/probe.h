/*
 * The life of a probe: it waits, runs under one deadline, gathers evidence, and is answered exactly once.
 *
 * So many run at a time, so many wait, and of those for one registered domain or network (/24, IPv6 /64) only a part runs
 * at a time, so that one customer's slow servers do not hold up everybody else. What has waited longer than core does is
 * dropped.
 */
#ifndef PROBER_PROBE_H
#define PROBER_PROBE_H

#include <jansson.h>
#include <openssl/ssl.h>

#include "ipc/messages.h"
#include "prober/fetch.h"
#include "prober/resolver.h"

enum { PROBES_RUNNING = 64, PROBES_WAITING = 1000, PROBES_PER_DOMAIN = 16, PROBE_WAITS_MS = 60000 };

struct probe;

/* What differs between http, dns, tls-alpn, dns-persist and caa. */
struct probe_kind {
	const char *name;
	void (*start)(struct probe *p);
	void (*abandon)(struct probe *p);                    /* free p->state; whatever runs is forgotten */
	void (*late)(struct probe *p, struct acsr_err *why); /* the deadline is over: what was waited for */
};
extern const struct probe_kind probe_http_kind, probe_dns_kind, probe_caa_kind, probe_alpn_kind,
	probe_persist_kind;

struct prober {
	struct loop *loop;
	struct resolver *dns;
	struct fetcher *http;
	SSL_CTX *alpn; /* of alpn_open */
	struct networks allowed;
	uint16_t http_port, https_port, alpn_port;
	int64_t timeout; /* milliseconds */
	void (*answer)(void *arg, uint64_t id, const struct msg_probe_result *m);
	void (*failed)(void *arg, uint64_t id, const struct acsr_err *why);
	void (*begins)(void *arg, uint64_t id); /* its turn has come; may be NULL */
	void *arg;
	/* private to probe.c */
	struct probe *waiting, **waiting_tail, *running;
	size_t n_waiting, n_running;
	bool pumping;
};

struct probe {
	struct prober *p;
	uint64_t id;
	const struct probe_kind *kind;
	/* As in struct probe_ask, never NULL. */
	char *name, *path, *expect, *account_uri, *method;
	uint8_t digest[32];
	bool has_digest, wildcard;
	json_t *evidence, *steps; /* steps is inside evidence */
	int64_t asked, started;   /* clock_mono_ms */
	const char *customer;     /* for fairness: inside name or network */
	char network[NETADDR_TEXT];
	struct loop_timer *deadline;
	void *state; /* the kind's own */
	struct probe *next;
};

/* Before the sandbox: what probe_alpn_kind needs. */
ACSR_MUST_USE enum acsr_result alpn_open(SSL_CTX **out, struct acsr_err *e);

/* Before the sandbox: the settings of [validation], resolver, fetcher and TLS; then, inside it, the loop. */
ACSR_MUST_USE enum acsr_result prober_open(struct prober *p, const struct conf *c, struct acsr_err *e);
ACSR_MUST_USE enum acsr_result prober_start(struct prober *p, struct loop *l, struct acsr_err *e);
/* Only those settings that may change while it runs; on failure none has changed. */
ACSR_MUST_USE enum acsr_result prober_settings(struct prober *p, const struct conf *c, struct acsr_err *e);
/* Another queue with limits of its own beside `like`, with the same eyes. */
void prober_beside(struct prober *p, const struct prober *like);

/* Give up all probes without an answer: core is gone. */
void prober_drop_all(struct prober *p);

/* What to look at. All of it is copied; NULL is as good as "". */
struct probe_ask {
	const char *name;        /* the name; dns: the record */
	const char *path;        /* http */
	const char *expect;      /* http: content; dns: value; caa, persist: our own domain */
	const char *account_uri; /* caa, persist */
	const char *method;      /* caa */
	struct bytes digest;     /* tls-alpn: SHA-256 of the key authorization */
	bool wildcard;
};

/* A probe that cannot even wait is answered by `failed`. */
void probe_submit(struct prober *p, uint64_t id, const struct probe_kind *kind, const struct probe_ask *ask);
/* The kind and the question of one of core's messages; false: the message is none. ask borrows from body. */
bool probe_from_message(
	unsigned type, const void *body, const struct probe_kind **kind, struct probe_ask *ask);

/* Answer, free, and let the next one run. why NULL: it succeeded. ids below "sys." and "busy." are our own
 * trouble and go out as `failed`. */
void probe_done(struct probe *p, const struct acsr_err *why, int64_t ttl);
int64_t probe_left(const struct probe *p); /* milliseconds until the deadline, at least 1 */

/* Evidence: adding never fails loudly; without memory the member is missing. Texts are cut and made
 * printable. */
void evidence_text(json_t *o, const char *key, const char *text);
void evidence_bytes(json_t *array, const void *p, size_t n);
void evidence_answer(json_t *o, const struct dns_answer *a); /* outcome, dnssec, ttl, reason */
json_t *evidence_step(struct probe *p);                      /* a new object among the steps; may be NULL */

#endif
