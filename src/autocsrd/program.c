/* Where the roles' programs are. */
#include "program.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Beside us (installed), in a build tree, or where it was configured to be installed. */
enum acsr_result program_find(enum role role, char out[4096], struct acsr_err *e)
{
	char self[2048];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);
	static const char *const forms[] = { "%s/../%s/autocsr-%s", "%s/../libexec/autocsr/%.0sautocsr-%s",
		"%s/%.0sautocsr-%s" };

	if (n < 0)
		return err_errno(e, "sys.exec", errno, "cannot tell where autocsrd is");
	self[n] = '\0';
	*strrchr(self, '/') = '\0';
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(out, 4096, forms[i], self, role_name(role), role_name(role));
#pragma GCC diagnostic pop
		if (access(out, X_OK) == 0)
			return ACSR_OK;
	}
	return err_set(e, "sys.exec",
		"cannot find the program autocsr-%s near %s; is the installation whole?", role_name(role),
		self);
}
