/*
 * OpenSSL's three generators (primary, public, private): new entropy for each, and what can be read from them.
 */
#ifndef KEYMAKER_SEED_H
#define KEYMAKER_SEED_H

#include "base/err.h"

/*
 * A fork copies the generators. OpenSSL notices that by the process id; this does not rely on it: new entropy from the
 * kernel into each of the three. Afterwards each must say that it was reseeded, is ready and has 256 bits of strength,
 * and must not give the same block twice: "sys.seed".
 */
ACSR_MUST_USE enum acsr_result seed_fresh(struct acsr_err *e);

#endif
