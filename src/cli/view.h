/* CSRs, certificates, keys and findings as JSON, and the lines that a person reads. */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <jansson.h>

#include "autocsr/cert.h"
#include "autocsr/csr.h"
#include "autocsr/finding.h"

/* Each returns a new reference, or NULL without memory. */
json_t *view_csr(const struct acsr_csr_view *v);
json_t *view_cert(const struct acsr_cert_view *v);
json_t *view_findings(const struct acsr_findings *l);
json_t *view_hex(const uint8_t *p, size_t n);
json_t *view_time(int64_t t);

void view_show_csr(const json_t *csr);
void view_show_cert(const json_t *cert);
/* A line for each finding, remedies below; then the count of each verdict. */
void view_show_findings(const json_t *findings);
/* Members that are strings; "" when absent. */
const char *view_str(const json_t *o, const char *key);
/* "a, b, c" of an array of strings; free() it. */
char *view_join(const json_t *list);

#endif
