/*
 * libcurl, loaded when a command first talks to a service. It brings twenty libraries along, whose loading would
 * take longer than making a key and a CSR; most commands need none of them.
 */
#ifndef CLI_CURL_LATE_H
#define CLI_CURL_LATE_H

#define CURL_DISABLE_TYPECHECK /* its macros name the functions that are not linked */
#include <curl/curl.h>

#include "autocsr/err.h"

/* libcurl's functions of the same names. */
struct curl_late {
	__typeof__(curl_global_init) *global_init;
	__typeof__(curl_easy_init) *easy_init;
	__typeof__(curl_easy_setopt) *easy_setopt;
	__typeof__(curl_easy_perform) *easy_perform;
	__typeof__(curl_easy_getinfo) *easy_getinfo;
	__typeof__(curl_easy_strerror) *easy_strerror;
	__typeof__(curl_easy_escape) *easy_escape;
	__typeof__(curl_easy_cleanup) *easy_cleanup;
	__typeof__(curl_slist_append) *slist_append;
	__typeof__(curl_slist_free_all) *slist_free_all;
	__typeof__(curl_url) *url;
	__typeof__(curl_url_set) *url_set;
	__typeof__(curl_url_get) *url_get;
	__typeof__(curl_url_cleanup) *url_cleanup;
	__typeof__(curl_free) *free;
};

/* Valid after the first curl_late_load that succeeded; for one thread at a time. */
extern struct curl_late curl_late;
/* sys.library when libcurl is not there. Loads it once. */
ACSR_MUST_USE enum acsr_result curl_late_load(struct acsr_err *e);

#endif
