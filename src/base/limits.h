/* Every size limit that more than one place relies on. Bytes unless the name says otherwise. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#include "autocsr/limits.h"

#define LIMIT_CSR_DER ACSR_CSR_DER_MAX
#define LIMIT_CSR_DER_SLHDSA ACSR_CSR_DER_MAX_SLHDSA
#define LIMIT_CERT_DER ACSR_CERT_DER_MAX
#define LIMIT_ARCHIVE ACSR_ARCHIVE_MAX
#define LIMIT_NAMES ACSR_SANS_MAX /* SANs in one order or CSR */
#define LIMIT_DNS_NAME 253        /* RFC 1035, without the final dot */
#define LIMIT_DNS_LABEL 63
#define LIMIT_SUBJECT_FIELD 64       /* characters; RFC 5280 ub-common-name and friends */
#define LIMIT_HTTP_BODY (256 * 1024) /* a request body to the API */
#define LIMIT_HTTP_HEADERS (16 * 1024)
#define LIMIT_MESSAGE (4 * 1024 * 1024) /* one message between processes */
#define LIMIT_PASSWORD_MIN 10           /* characters */
#define LIMIT_PASSWORD_MAX 256
#define LIMIT_EMAIL 254

#endif
