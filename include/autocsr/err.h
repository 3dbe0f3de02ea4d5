/*
 * Results and errors, for the library and everything built on it.
 *
 * A function that can fail returns enum acsr_result and must not be ignored.
 * On ACSR_FAIL it has filled the caller's struct acsr_err and left every other
 * output untouched. `e` may be NULL where the caller does not care why.
 */
#ifndef AUTOCSR_ERR_H
#define AUTOCSR_ERR_H

/* Every public header's declarations stand between these, so that C++ programs can use them. */
#ifdef __cplusplus
#define ACSR_C_BEGIN extern "C" {
#define ACSR_C_END }
#else
#define ACSR_C_BEGIN
#define ACSR_C_END
#endif

ACSR_C_BEGIN

enum acsr_result { ACSR_OK = 0, ACSR_FAIL = -1 };

#define ACSR_MUST_USE __attribute__((warn_unused_result))
#define ACSR_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/*
 * id      stable, for programs: "csr.san.wildcard"
 * text    for a person, lower case, no full stop: what is wrong, where, what to do
 * field   the input field it is about ("names[2]"), or ""
 * source  the rule's source ("BR 3.2.2.4", "RFC 5280 4.2.1.6"), or ""
 * All are NUL-terminated UTF-8 and free of control characters.
 */
struct acsr_err {
	char id[64];
	char text[400];
	char field[96];
	char source[64];
};

ACSR_C_END

#endif
