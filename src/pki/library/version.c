/* The library's version as text, made from the numbers in its header. */
#include "autocsr/version.h"

#define TEXT_OF(n) #n
#define TEXT(n) TEXT_OF(n)

const char *acsr_version(void)
{
	return TEXT(ACSR_VERSION_MAJOR) "." TEXT(ACSR_VERSION_MINOR) "." TEXT(ACSR_VERSION_PATCH);
}
