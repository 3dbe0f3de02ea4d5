/* Could a key reach a disk by paging? */
#ifndef KEYMAKER_SWAP_H
#define KEYMAKER_SWAP_H

#include <stdbool.h>
#include <stddef.h>

/*
 * True when swap is active on something that is not known to keep its contents secret; its path goes to
 * `where`. Secret are dm-crypt devices, also below other device mappings, and zram without a backing
 * device. A file counts as open, whatever its file system. `root` is "" but for tests.
 */
bool swap_is_open(const char *root, char *where, size_t cap);

/* Can all of this process's memory be locked, also by an ordinary user? Raises RLIMIT_MEMLOCK to do it;
 * nothing stays locked. */
bool swap_can_lock(void);

#endif
