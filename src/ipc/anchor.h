/*
 * The file of [validation] trust_anchor_file, looked at before anybody depends on it: the prober reads it with libunbound when
 * it starts, and could only end if it were bad.
 */
#ifndef IPC_ANCHOR_H
#define IPC_ANCHOR_H

#include "autocsr/err.h"

/* Is there at least one DS or DNSKEY record in presentation format (RFC 4034 2.2, 5.3; a digest as long as its type says), none
 * that is cut off, and nothing else but comments, $ORIGIN and $TTL (libunbound takes no file with a line that it cannot read)?
 * At most 64 KiB. "config.value" names the key and the file, and tells what to do.
 * NOT checked: whose keys they are, whether a key is of use to its algorithm. */
ACSR_MUST_USE enum acsr_result anchor_check(const char *path, struct acsr_err *e);

#endif
