/*
 * Does OpenSSL compute right on this machine? Known answers from published vectors for everything that an order is
 * made with, and fresh RSA and ECDSA pairs that must verify what they sign. About a quarter of a second.
 */
#ifndef KEYMAKER_HEALTH_H
#define KEYMAKER_HEALTH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

enum { HEALTH_MAX = 160 };

struct health_test {
	const char *name, *source;
	bool (*compute)(uint8_t out[HEALTH_MAX], size_t *n);
	const char *expected; /* hex */
};

/* Each must give what is expected of it: "sys.health", with the name of the first that does not. */
ACSR_MUST_USE enum acsr_result health_run(const struct health_test *tests, size_t n, struct acsr_err *e);

/* All of them; NULL past the end. */
const struct health_test *health_at(size_t i);
ACSR_MUST_USE enum acsr_result health_run_all(struct acsr_err *e);

#endif
