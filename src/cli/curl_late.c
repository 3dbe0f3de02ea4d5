/* Finding libcurl's functions. */
#include "cli/curl_late.h"

#include <dlfcn.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/err.h"

#define LIBRARY "libcurl.so.4" /* its name since 2006 */

struct curl_late curl_late;

enum acsr_result curl_late_load(struct acsr_err *e)
{
	static const char *const names[] = { "curl_global_init", "curl_easy_init", "curl_easy_setopt",
		"curl_easy_perform", "curl_easy_getinfo", "curl_easy_strerror", "curl_easy_escape",
		"curl_easy_cleanup", "curl_slist_append", "curl_slist_free_all", "curl_url", "curl_url_set",
		"curl_url_get", "curl_url_cleanup", "curl_free" };
	static bool loaded;
	char *slots = (char *)&curl_late; /* POSIX lets a function be found as a pointer to void */
	void *library;

	_Static_assert(sizeof(names) / sizeof(names[0]) == sizeof(curl_late) / sizeof(void *), "a name each");
	if (loaded)
		return ACSR_OK;
	library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
	if (library == NULL)
		return err_set(e, "sys.library",
			"talking to a service takes libcurl, which cannot be loaded: %s", dlerror());
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		void *function = dlsym(library, names[i]);

		if (function == NULL)
			return err_set(e, "sys.library", "libcurl is too old: %s is not in it", names[i]);
		memcpy(slots + i * sizeof(function), &function, sizeof(function));
	}
	loaded = true;
	return ACSR_OK;
}
