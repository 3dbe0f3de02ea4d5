/*
 * The lists of weak and blocked keys ([keys] weak_list, blocklist), opened before the sandbox closes their
 * paths. A blocklist that was written to is read again on SIGHUP; one that was replaced by another file, and
 * another weak list, wait for the next start.
 */
#ifndef CORE_KEYLISTS_H
#define CORE_KEYLISTS_H

#include "autocsr/weakkey.h"
#include "ipc/role.h"

struct keylists;

/* config.keys: a list that is named must be there and sound. That no weak list is installed is logged. */
ACSR_MUST_USE enum acsr_result keylists_open(struct keylists **out, struct proc *p, struct acsr_err *e);
/* Read the blocklist again; what cannot be read is logged, and the old one stays. */
void keylists_reload(struct keylists *l);
void keylists_free(struct keylists *l); /* NULL is fine */

/* Loans until the next keylists_reload; NULL where there is none. `l` may be NULL. */
const struct acsr_weaklist *keylists_weak(const struct keylists *l);
const struct acsr_blocklist *keylists_blocked(const struct keylists *l);

#endif
