/* libcurl's multi interface on our event loop. */
#ifndef COURIER_CURL_LOOP_H
#define COURIER_CURL_LOOP_H

#include <curl/curl.h>

#include "ipc/loop.h"

struct curl_loop;

/* A transfer has ended; its handle is no longer in the loop and belongs to the callee. */
typedef void curl_loop_done_fn(void *arg, CURL *easy, CURLcode result);

ACSR_MUST_USE enum acsr_result curl_loop_new(struct curl_loop **out, struct loop *l, unsigned connections,
	curl_loop_done_fn *done, void *arg, struct acsr_err *e);
void curl_loop_free(struct curl_loop *c); /* no transfer may be in it any more; NULL is fine */

ACSR_MUST_USE enum acsr_result curl_loop_add(struct curl_loop *c, CURL *easy, struct acsr_err *e);
void curl_loop_remove(struct curl_loop *c, CURL *easy); /* before its end; no callback */

#endif
