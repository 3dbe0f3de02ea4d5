/*
 * Zero-on-free for everything that OpenSSL allocates. Its own clean-up forgets some copies (half an EC key in
 * i2d, PEM pieces in encoders); with this, no block of it is returned to the C library unwiped.
 */
#ifndef KEYMAKER_ALLOC_H
#define KEYMAKER_ALLOC_H

#include "base/err.h"

/* The first OpenSSL call of the process, else "sys.alloc". */
ACSR_MUST_USE enum acsr_result alloc_wipe_on_free(struct acsr_err *e);

#endif
