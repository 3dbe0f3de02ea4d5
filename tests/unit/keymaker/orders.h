/* An order as core would send it, for the keymaker's tests. */
#ifndef TESTS_ORDERS_H
#define TESTS_ORDERS_H

#include "ipc/messages.h"

/* CN, O, C; two DNS names and an address; serverAuth; for front. Clear with orders_clear. */
struct msg_key_make orders_new(const char *key_type);
void orders_clear(struct msg_key_make *m);
/* The key of an archive, opened with our own reader; fails the test when it does not open. */
struct acsr_key *orders_open(const uint8_t *archive, size_t len, const struct acsr_secret *code);
/* The CSR verifies, holds that key and what orders_new asked for. */
void orders_check_csr(const uint8_t *der, size_t len, const struct acsr_key *key);

#endif
