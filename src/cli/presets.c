/* The table of well-known CAs. A CA that has stopped issuing is taken out of it. */
#include "cli/presets.h"

#include <stdio.h>
#include <string.h>

static const struct preset presets[] = {
	{ "letsencrypt", "Let's Encrypt", "https://acme-v02.api.letsencrypt.org/directory", true, false,
		NULL },
	{ "letsencrypt-staging", "Let's Encrypt (staging)",
		"https://acme-staging-v02.api.letsencrypt.org/directory", false, false, NULL },
	{ "zerossl", "ZeroSSL", "https://acme.zerossl.com/v2/DV90", true, true,
		"app.zerossl.com, Developer" },
	{ "sectigo", "Sectigo", "https://acme.sectigo.com/v2/DV", true, true,
		"Sectigo Certificate Manager, ACME Accounts" },
	{ "digicert", "DigiCert", "https://acme.digicert.com/v2/acme/directory/", true, true,
		"DigiCert CertCentral, ACME Directory URLs" },
	{ "google", "Google Trust Services", "https://dv.acme-v02.api.pki.goog/directory", true, true,
		"gcloud publicca external-account-keys create" },
	{ "google-staging", "Google Trust Services (staging)",
		"https://dv.acme-v02.test-api.pki.goog/directory", false, true,
		"gcloud publicca external-account-keys create, in the staging environment" },
};

const struct preset *preset_at(unsigned i)
{
	return i < sizeof(presets) / sizeof(presets[0]) ? &presets[i] : NULL;
}

enum acsr_result preset_find(const struct preset **out, const char *name, struct acsr_err *e)
{
	char known[200] = "";
	size_t n = 0;

	for (unsigned i = 0; preset_at(i) != NULL; i++) {
		if (strcmp(preset_at(i)->name, name) == 0) {
			*out = preset_at(i);
			return ACSR_OK;
		}
		n += (size_t)snprintf(
			known + n, sizeof(known) - n, "%s%s", n > 0 ? ", " : "", preset_at(i)->name);
	}
	return err_set(e, "usage.ca",
		"--ca %.40s is not known by name; there are %s. Any other: --directory URL", name, known);
}
