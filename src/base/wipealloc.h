/*
 * malloc's family with blocks wiped, at their real size, before they go: for libraries that let their allocator be chosen
 * and pass through them what must not stay in memory.
 */
#ifndef BASE_WIPEALLOC_H
#define BASE_WIPEALLOC_H

#include <stddef.h>

void wipealloc_free(void *p); /* NULL is fine */
void *wipealloc_realloc(
	void *p, size_t n); /* as realloc; n = 0 frees; the old block is wiped when it moves */

#endif
