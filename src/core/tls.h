/* The certificate for front's own TLS key, from the embedded CA. */
#ifndef CORE_TLS_H
#define CORE_TLS_H

#include "core/core.h"

void tls_requested(struct core *c, struct msg *m);
/* The signer has come up: what front asked before can be answered now. */
void tls_issuer_known(struct core *c);

#endif
