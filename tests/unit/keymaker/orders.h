/* An order as core would send it, for the keymaker's tests. */
#ifndef TESTS_ORDERS_H
#define TESTS_ORDERS_H

#include "ipc/messages.h"

/* CN, O, C; two DNS names and an address; serverAuth; for front. Clear with orders_clear. */
struct msg_key_make orders_new(const char *key_type);
void orders_clear(struct msg_key_make *m);
/* In another form, and to whom. */
void orders_form(struct msg_key_make *m, const char *form, const char *recipient);
/* A directory with everybody's keys: NAME and NAME.pub of age, ed, rsa (ssh), r2, p256 (certificates). False: the
 * programs that make them are not there. Removed with orders_forget. */
bool orders_recipients(char dir[64]);
void orders_forget(const char *dir);
/* The text of DIR/NAME.pub; the caller's to free. */
char *orders_recipient(const char *dir, const char *name);
/* What came out for an order in that form, opened by the program that a customer would take: the key. `name`: the
 * recipient's, NULL for forms with a code. Fails the test when it does not open. */
struct acsr_key *orders_unlock(const char *dir, const char *form, const char *name, const uint8_t *p,
	size_t len, const struct acsr_secret *code);
/* The key of an archive, opened with our own reader; fails the test when it does not open. */
struct acsr_key *orders_open(const uint8_t *archive, size_t len, const struct acsr_secret *code);
/* The CSR verifies, holds that key and what orders_new asked for. */
void orders_check_csr(const uint8_t *der, size_t len, const struct acsr_key *key);

#endif
