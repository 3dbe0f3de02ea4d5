/*
 * What the keymaker does before its first order: health tests, then whole orders for nobody, one in each form. It
 * loads everything that workers will need (the forks share it, and may open no file themselves) and proves on this
 * machine that keys, CSRs and archives come out right. What it makes is thrown away.
 */
#ifndef KEYMAKER_REHEARSE_H
#define KEYMAKER_REHEARSE_H

#include "base/err.h"

/* sys.health sys.seed, and those of make_order. */
ACSR_MUST_USE enum acsr_result rehearse_all(struct acsr_err *e);

#endif
