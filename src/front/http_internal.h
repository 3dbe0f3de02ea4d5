/* What the files of the HTTP server share; nobody else includes this. */
#ifndef FRONT_HTTP_INTERNAL_H
#define FRONT_HTTP_INTERNAL_H

#include <microhttpd.h>

#include "front/http.h"

enum exchange_state {
	X_HEAD,     /* the request line is in */
	X_BODY,     /* the head is accepted, the body arrives */
	X_DRAIN,    /* refused in the middle of the body and told so; the rest is thrown away */
	X_WAITING,  /* with the user; suspended unless in_handler */
	X_ANSWERED, /* the response is ready to be queued */
	X_SENDING
};

struct http_exchange {
	struct http_server *server;
	struct http_conn *conn;
	struct MHD_Connection *mhd;
	enum exchange_state state;
	bool in_handler; /* http_answer is called from within ops->request */
	char *target;    /* as sent */
	char *if_none_match;
	struct msg_http_request request;
	struct request_facts facts;
	struct buf body;
	uint64_t drained;
	struct MHD_Response *response;
	unsigned status;
	uint64_t body_size;
	int64_t began;
	struct http_tag tag;
};

struct http_conn {
	struct http_server *server;
	struct MHD_Connection *mhd;
	int fd;
	uint8_t addr[16];
	bool proxy;
	int64_t deadline; /* monotonic ms, 0: none */
	struct http_exchange *x;
	struct http_conn *next, **prev;
};

struct http_server {
	struct MHD_Daemon *daemon;
	struct loop *loop;
	struct loop_watch *watch;
	struct loop_timer *again, *sweep;
	struct http_config config;
	const struct http_ops *ops;
	void *arg;
	struct http_conn *conns;
	bool failed; /* MHD_run does not work any more */
};

/* http_head.c */
struct http_head {
	struct request_head head;
	struct request_field fields[REQUEST_FIELDS_MAX + 1];
};
/* What libmicrohttpd read, unless it has hidden something of it: then "request.header". */
ACSR_MUST_USE enum acsr_result http_head_read(struct http_head *out, struct http_exchange *x, const char *url,
	const char *method, const char *version, struct acsr_err *e);
/* Overwrite credentials in the library's buffers. */
void http_head_wipe(struct http_exchange *x);

/* http_exchange.c: callbacks of the library */
void *http_on_target(void *cls, const char *target, struct MHD_Connection *c);
enum MHD_Result http_on_call(void *cls, struct MHD_Connection *c, const char *url, const char *method,
	const char *version, const char *data, size_t *size, void **con_cls);
void http_on_completed(
	void *cls, struct MHD_Connection *c, void **con_cls, enum MHD_RequestTerminationCode why);
/* Tell the client why and end the connection; for requests that are not whole yet. */
void http_conn_refuse(struct http_conn *conn, const struct acsr_err *why);

/* http.c */
struct http_conn *http_conn_of(struct MHD_Connection *c);
void http_server_wake(struct http_server *s);                /* run the library at the next turn */
void http_conn_deadline(struct http_conn *conn, int64_t ms); /* 0: none */

#endif
