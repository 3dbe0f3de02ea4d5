/* The result of a run as lines for a person. */
#ifndef CLI_FORENSIC_TABLE_H
#define CLI_FORENSIC_TABLE_H

#include <jansson.h>

/* `doc` is {"report": …, "signature": …}, with strings that cannot move a cursor. */
void table_show(const json_t *doc);

#endif
