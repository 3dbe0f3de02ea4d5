/* Findings as lines for people, and the small things that commands do with their results. */
#ifndef CLI_VIEW_H
#define CLI_VIEW_H

#include <jansson.h>

/* A line for each finding, remedies below; then the count of each verdict. */
void view_show_findings(const json_t *findings);
/* Members that are strings; "" when absent. */
const char *view_str(const json_t *o, const char *key);
/* "a, b, c" of an array of strings; free() it. NULL without memory (say_lost). */
char *view_join(const json_t *list);

#endif
