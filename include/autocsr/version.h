/*
 * The library's version, by Semantic Versioning. It is apart from the program's: 1 says what the soname says
 * (libautocsr.so.1), that a program built against any 1.x runs with every later 1.y; the service and the
 * command count their own releases. meson.build reads the three numbers from here.
 */
#ifndef AUTOCSR_VERSION_H
#define AUTOCSR_VERSION_H

#include "autocsr/err.h"

ACSR_C_BEGIN

#define ACSR_VERSION_MAJOR 1
#define ACSR_VERSION_MINOR 0
#define ACSR_VERSION_PATCH 0

/* Of the headers that a program is compiled with: "#if ACSR_VERSION_AT_LEAST(1, 2)". */
#define ACSR_VERSION_AT_LEAST(major, minor) \
	(ACSR_VERSION_MAJOR > (major) || (ACSR_VERSION_MAJOR == (major) && ACSR_VERSION_MINOR >= (minor)))

/* "1.0.0", of the library that the program runs with; static. */
const char *acsr_version(void);

ACSR_C_END

#endif
