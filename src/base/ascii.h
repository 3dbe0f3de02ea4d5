/*
 * ctype and strcasecmp for ASCII alone, whatever the locale: in a Turkish one the C library's say that "I"
 * and "i" differ, in an ISO 8859-1 one that 0xe4 is a letter. The library (src/pki) uses only these.
 */
#ifndef BASE_ASCII_H
#define BASE_ASCII_H

#include <stdbool.h>
#include <stddef.h>

static inline bool ascii_digit(unsigned char c)
{
	return c >= '0' && c <= '9';
}

static inline char ascii_lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static inline char ascii_upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - ('a' - 'A')) : c;
}

static inline bool ascii_islower(unsigned char c)
{
	return c >= 'a' && c <= 'z';
}

static inline bool ascii_isupper(unsigned char c)
{
	return c >= 'A' && c <= 'Z';
}

static inline bool ascii_alpha(unsigned char c)
{
	return (c | 0x20u) >= 'a' && (c | 0x20u) <= 'z';
}

static inline bool ascii_alnum(unsigned char c)
{
	return ascii_digit(c) || ascii_alpha(c);
}

/* Blank, tab, line feed, vertical tab, form feed, carriage return. */
static inline bool ascii_space(unsigned char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* As strcasecmp, strncasecmp and strcasestr. */
int ascii_casecmp(const char *a, const char *b);
int ascii_ncasecmp(const char *a, const char *b, size_t n);
const char *ascii_casestr(const char *hay, const char *needle);

#endif
