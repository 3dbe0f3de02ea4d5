/* The state of the front process, shared by its files. */
#ifndef FRONT_FRONT_H
#define FRONT_FRONT_H

#include "front/http.h"
#include "front/portal_files.h"
#include "front/relay.h"
#include "ipc/role.h"
#include "ipc/tickets.h"

struct front {
	struct proc *proc;
	struct portal_files files;
	struct tickets tickets;
	struct relay relay;
	struct archive_read *archives; /* on their way to a client; dispatch.c */
	struct networks proxies;
	struct http_server *https, *http;
	char base_url[600]; /* "https://certs.example.com", where plain HTTP redirects to */
	/* our own certificate; operators is set when they are the operator's files */
	bool operators;
	struct acsr_secret *key;
	struct strv names;
	int64_t renew_at; /* epoch seconds; 0: not known */
	struct loop_timer *tick;
	int64_t next_ask; /* monotonic ms */
	bool stopping;
	struct {
		int64_t since; /* monotonic ms */
		uint64_t seen;
	} slowed; /* requests that were answered 429, of these seconds (dispatch.c) */
};

/* own_tls.c: getting, keeping and renewing the certificate of the HTTPS server */
ACSR_MUST_USE enum acsr_result own_tls_open(struct front *f, struct acsr_err *e);  /* before the sandbox */
ACSR_MUST_USE enum acsr_result own_tls_start(struct front *f, struct acsr_err *e); /* inside it */
void own_tls_tick(struct front *f); /* asks core when it is time */
void own_tls_on_certificate(struct proc *p, struct chan *c, struct msg *m);

/* dispatch.c: what happens to a request */
extern const struct http_ops dispatch_ops;
void dispatch_on_response(struct proc *p, struct chan *c, struct msg *m);
void dispatch_drop_archives(struct front *f);

/* main.c */
ACSR_MUST_USE enum acsr_result front_serve_https(struct front *f, struct acsr_err *e);

#endif
