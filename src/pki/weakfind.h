/* Where the list of weak keys lies that belongs to this program. */
#ifndef PKI_WEAKFIND_H
#define PKI_WEAKFIND_H

#include <stdbool.h>

/* Beside the build, or where it was installed; false when it is in neither. *path is the caller's to free().
 */
bool weak_installed_list(char **path);

#endif
