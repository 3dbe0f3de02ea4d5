/* Orders as people read them. Every function takes JSON that say_safe_json has made harmless. */
#ifndef CLI_ORDER_VIEW_H
#define CLI_ORDER_VIEW_H

#include <jansson.h>

/* All of an order. */
void order_view_show(const json_t *order);
/* One line of a list. */
void order_view_line(const json_t *order);
/* What has to be published for the names that are still to be proved, as progress lines. */
void order_view_publish(const json_t *order);
/* "www.example.com, example.com" (cut after a few); free() it. */
char *order_view_names(const json_t *order);

#endif
