/* Opening age v1 files that were sealed to one X25519 recipient, with an identity that lives in this process only. */
#ifndef CLI_FORENSIC_UNAGE_H
#define CLI_FORENSIC_UNAGE_H

#include "autocsr/secret.h"
#include "base/err.h"

enum { UNAGE_RECIPIENT = 64, UNAGE_MAX = 64 * 1024 };

/* A fresh identity (32 bytes) and its recipient, "age1…". */
ACSR_MUST_USE enum acsr_result unage_identity(
	struct acsr_secret **identity, char recipient[UNAGE_RECIPIENT], struct acsr_err *e);
/* Files of at most UNAGE_MAX bytes, one chunk. forensic.age when it is no such file or does not open. The header's MAC
 * is not checked: a forged header opens nothing. */
ACSR_MUST_USE enum acsr_result unage_open(const struct acsr_secret *identity, const uint8_t *p, size_t len,
	struct acsr_secret **plain, struct acsr_err *e);

#endif
