/* Every size limit that more than one place relies on. Bytes unless the name says otherwise. */
#ifndef BASE_LIMITS_H
#define BASE_LIMITS_H

#define LIMIT_CSR_DER (16 * 1024)        /* a CSR as DER */
#define LIMIT_CSR_DER_SLHDSA (64 * 1024) /* SLH-DSA signatures are large (RFC 9909) */
#define LIMIT_CERT_DER (64 * 1024)
#define LIMIT_ARCHIVE (64 * 1024) /* a hand-over archive fits into one pipe */
#define LIMIT_NAMES 100           /* SANs in one order or CSR */
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
