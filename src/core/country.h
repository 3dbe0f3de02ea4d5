/* ISO 3166-1 alpha-2 country codes, as of 2024. */
#ifndef CORE_COUNTRY_H
#define CORE_COUNTRY_H

#include <stdbool.h>

/* Two capital letters that are assigned to a country. */
bool country_known(const char *code);

#endif
