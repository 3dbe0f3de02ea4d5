/* Reading what a worker of the keymaker writes to its pipe, to the end, without blocking. */
#ifndef CORE_KEYRESULT_H
#define CORE_KEYRESULT_H

#include "core/request.h"

struct keyresult;
typedef enum acsr_result keyresult_fn(struct core *c, struct keyresult *k, struct acsr_err *e);

struct keyresult {
	struct core *core;
	int fd;
	struct loop_watch *watch;
	struct buf bytes;
	char request_id[64];
	struct request *q; /* waits; may be NULL or answered */
	unsigned status;   /* for q's answer */
	keyresult_fn *fn;
	struct msg_key_result message;
	bool whole;
};

/* Takes fd. fn runs as a step (of q, when given) once the pipe has ended. */
ACSR_MUST_USE enum acsr_result keyresult_read(struct core *c, int fd, const char *request_id,
	struct request *q, unsigned status, keyresult_fn *fn, struct acsr_err *e);
/* The decoded frame, or NULL when it is not whole. */
struct msg_key_result *keyresult_message(struct keyresult *k);

#endif
