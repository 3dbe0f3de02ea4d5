/* The table. Policy OIDs are those of the CA/Browser Forum (BR 7.1.6.1, EVG 7.1.6.4). */
#include "profiles.h"

#include <string.h>

#include "autocsr/subject.h"
#include "base/err.h"

#define DAYS(n) ((int64_t)(n)*86400)
#define SAN_HOSTS (1u << ACSR_SAN_DNS | 1u << ACSR_SAN_IP)
#define LEAF_KEYS                                                                              \
	{                                                                                      \
		"rsa:2048", "rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ec:p521", "ed25519" \
	}
#define CA_KEYS                                                                    \
	{                                                                          \
		"rsa:3072", "rsa:4096", "ec:p256", "ec:p384", "ec:p521", "ed25519" \
	}
/* A private CA may choose its validity; more than this helps nobody. */
#define LEAF_MAX DAYS(398)

static const struct acsr_profile leaves[] = {
	{ .name = "dv",
		.level = ACSR_LEVEL_DV,
		.path_len = -1,
		.validity = DAYS(90),
		.max_validity = LEAF_MAX,
		.ekus = { "serverAuth" },
		.policies = { "2.23.140.1.2.1" },
		.key_types = LEAF_KEYS,
		.san_types = SAN_HOSTS,
		.subject = { "CN" },
		.wildcard = true },
	{ .name = "ov",
		.level = ACSR_LEVEL_OV,
		.path_len = -1,
		.validity = DAYS(90),
		.max_validity = LEAF_MAX,
		.ekus = { "serverAuth" },
		.policies = { "2.23.140.1.2.2" },
		.key_types = LEAF_KEYS,
		.san_types = SAN_HOSTS,
		.subject = { "CN", "O", "street", "L", "ST", "postalCode", "C" },
		.required = { "O", "C" },
		.wildcard = true },
	{ .name = "ev",
		.level = ACSR_LEVEL_EV,
		.path_len = -1,
		.validity = DAYS(90),
		.max_validity = LEAF_MAX,
		.ekus = { "serverAuth" },
		.policies = { "2.23.140.1.1" },
		.key_types = LEAF_KEYS,
		.san_types = 1u << ACSR_SAN_DNS,
		.subject = { "CN", "O", "street", "L", "ST", "postalCode", "C", "serialNumber",
			"businessCategory", "jurisdictionL", "jurisdictionST", "jurisdictionC" },
		.required = { "O", "C", "serialNumber", "businessCategory", "jurisdictionC" },
		.wildcard = false },
	{ .name = "service",
		.level = ACSR_LEVEL_NONE,
		.path_len = -1,
		.validity = DAYS(90),
		.max_validity = DAYS(398),
		.ekus = { "serverAuth" },
		.key_types = LEAF_KEYS,
		.san_types = SAN_HOSTS,
		.subject = { "CN", "O" },
		.wildcard = false },
};

/* Backdated by a day, so that leaves may be backdated by hours right after the first start. */
const struct acsr_profile profiles_root = { .name = "ca-root",
	.ca = true,
	.path_len = 1,
	.validity = DAYS(7305),
	.max_validity = DAYS(7305),
	.backdate = DAYS(1),
	.key_types = CA_KEYS,
	.subject = { "CN", "O" },
	.required = { "CN" } };

const struct acsr_profile profiles_intermediate = { .name = "ca-intermediate",
	.ca = true,
	.path_len = 0,
	.validity = DAYS(3652),
	.max_validity = DAYS(3652),
	.backdate = DAYS(1),
	.ekus = { "serverAuth" },
	.policies = { "2.5.29.32.0" },
	.key_types = CA_KEYS,
	.subject = { "CN", "O" },
	.required = { "CN" } };

const struct acsr_profile *profiles_at(size_t i)
{
	return i < sizeof(leaves) / sizeof(leaves[0]) ? &leaves[i] : NULL;
}

enum acsr_result profiles_find(const struct acsr_profile **out, const char *name, struct acsr_err *e)
{
	for (size_t i = 0; profiles_at(i) != NULL; i++) {
		if (strcmp(leaves[i].name, name) != 0)
			continue;
		*out = &leaves[i];
		return ACSR_OK;
	}
	return err_rule(e, "cert.profile", "profile", NULL, "the signer has no profile %s", name);
}
