/* Which hosts do the names of a CSR cover, and where one is not covered: what came nearest (RFC 9525 6.3). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "autocsr/name.h"
#include "base/ascii.h"
#include "base/limits.h"
#include "base/str.h"
#include "pki/check_int.h"

#define JUDGED 1000 /* names that near misses are looked for in */

static bool is_name(const struct acsr_san *s)
{
	return !s->broken && (s->type == ACSR_SAN_DNS || s->type == ACSR_SAN_IP);
}

/* A name as it is compared: canonical where it can be. */
static void canonical(const struct acsr_san *s, char out[256])
{
	struct acsr_name n;

	if (acsr_name_check(s->value, strlen(s->value), ACSR_NAMES_PRIVATE, &n, NULL) == ACSR_OK)
		snprintf(out, 256, "%s", n.ascii);
	else
		snprintf(out, 256, "%.255s", s->value);
}

static bool covers(const struct acsr_san *s, const struct acsr_name *host, bool exact)
{
	char name[256];

	if (!is_name(s) || (s->type == ACSR_SAN_IP) != (host->kind == ACSR_NAME_IP))
		return false;
	if (ascii_casecmp(s->value, host->ascii) == 0)
		return true;
	canonical(s, name);
	return exact ? strcmp(name, host->ascii) == 0 : acsr_name_covers(name, host->ascii);
}

/* The name that covers it: the same one first, then a wildcard. SIZE_MAX: none. */
static size_t find_cover(const struct acsr_sans *l, const struct acsr_name *host)
{
	for (int exact = 1; exact >= 0; exact--)
		for (size_t i = 0; i < l->n; i++)
			if (covers(&l->v[i], host, exact != 0))
				return i;
	return SIZE_MAX;
}

/* --- near misses: each says why not, or leaves `why` empty --- */

struct near {
	const struct acsr_csr_view *v;
	const struct acsr_name *host;
	const char *asked;
	char why[300];
};

static size_t labels(const char *s)
{
	size_t n = 1;

	for (; *s != '\0'; s++)
		n += *s == '.';
	return n;
}

static bool below(const char *s, const char *domain)
{
	size_t n = strlen(s), d = strlen(domain);

	return n > d && ascii_casecmp(s + n - d, domain) == 0 && s[n - d - 1] == '.';
}

static void near_wildcard(struct near *w, const struct acsr_san *s)
{
	const char *base = s->value + 2, *host = w->host->ascii;

	if (s->type != ACSR_SAN_DNS || strncmp(s->value, "*.", 2) != 0)
		return;
	if (ascii_casecmp(base, host) == 0)
		snprintf(w->why, sizeof(w->why),
			"%.120s stands for one label in front of %.120s, never for none", s->value, base);
	else if (below(host, base))
		snprintf(w->why, sizeof(w->why),
			"%.120s stands for exactly one label, and this name has %zu in front of %.100s",
			s->value, labels(host) - labels(base), base);
}

/* The other way round: a wildcard is asked for, and only names below it are there. */
static void near_below(struct near *w, const struct acsr_san *s)
{
	const char *host = w->host->ascii;

	if (strncmp(host, "*.", 2) == 0 && s->type == ACSR_SAN_DNS && below(s->value, host + 2))
		snprintf(w->why, sizeof(w->why), "%.120s is one name, and the wildcard itself is not there",
			s->value);
}

static void near_kind(struct near *w, const struct acsr_san *s)
{
	size_t n = strlen(s->value);

	if (w->host->kind == ACSR_NAME_IP && s->type == ACSR_SAN_DNS &&
		ascii_casecmp(s->value, w->host->ascii) == 0)
		snprintf(w->why, sizeof(w->why),
			"it is there as a DNS name, but an IP address counts only as an IP address");
	else if (s->type == ACSR_SAN_DNS && n > 1 && s->value[n - 1] == '.' &&
		 ascii_ncasecmp(s->value, w->host->ascii, n - 1) == 0 && w->host->ascii[n - 1] == '\0')
		snprintf(w->why, sizeof(w->why),
			"%.120s is there with a dot at its end, which no client accepts", s->value);
	else if (s->type > ACSR_SAN_IP && ascii_casecmp(s->value, w->host->ascii) == 0)
		snprintf(w->why, sizeof(w->why), "it is there as a name of kind %s, which is no host",
			acsr_san_type_name(s->type));
}

static void near_www(struct near *w, const struct acsr_san *s)
{
	const char *host = w->host->ascii;

	if (s->type != ACSR_SAN_DNS)
		return;
	if ((ascii_ncasecmp(s->value, "www.", 4) == 0 && ascii_casecmp(s->value + 4, host) == 0) ||
		(strncmp(host, "www.", 4) == 0 && ascii_casecmp(s->value, host + 4) == 0))
		snprintf(w->why, sizeof(w->why), "%.120s is there, but with and without www are two names",
			s->value);
}

/* Do they differ by one letter: another, one more, one less, or two swapped? */
static bool one_slip(const char *a, const char *b)
{
	size_t n = strlen(a), m = strlen(b), i = 0;

	while (a[i] != '\0' && a[i] == b[i])
		i++;
	if (n == m && n >= i + 2 && a[i] == b[i + 1] && a[i + 1] == b[i] && strcmp(a + i + 2, b + i + 2) == 0)
		return true;
	if (n == m)
		return i < n && strcmp(a + i + 1, b + i + 1) == 0;
	return n == m + 1 ? strcmp(a + i + 1, b + i) == 0 : m == n + 1 && strcmp(a + i, b + i + 1) == 0;
}

static void near_slip(struct near *w, const struct acsr_san *s)
{
	/* The star of a wildcard is no letter. */
	if (is_name(s) && s->value[0] != '*' && w->host->ascii[0] != '*' &&
		one_slip(s->value, w->host->ascii))
		snprintf(w->why, sizeof(w->why), "%.120s is there, which differs by one letter", s->value);
}

static void near_cn(struct near *w)
{
	const char *cn = acsr_dn_get(&w->v->subject, "CN");

	if (cn != NULL && ascii_casecmp(cn, w->host->ascii) == 0)
		snprintf(w->why, sizeof(w->why), "it is only the common name, which clients ignore");
}

static void near_domain(struct near *w)
{
	char mine[256], other[256];
	size_t n = 0;

	if (w->host->kind == ACSR_NAME_IP || acsr_name_registrable(w->host->ascii, mine, NULL) != ACSR_OK)
		return;
	for (size_t i = 0; i < w->v->sans.n && i < JUDGED; i++)
		n += w->v->sans.v[i].type == ACSR_SAN_DNS &&
		     acsr_name_registrable(w->v->sans.v[i].value, other, NULL) == ACSR_OK &&
		     ascii_casecmp(mine, other) == 0;
	if (n > 0)
		snprintf(w->why, sizeof(w->why), "the CSR has %zu other name%s under %.150s", n,
			n == 1 ? "" : "s", mine);
	else
		snprintf(w->why, sizeof(w->why), "the CSR has no name under %.150s", mine);
}

static const char *nearest(struct near *w)
{
	static void (*const kinds[])(struct near *, const struct acsr_san *) = { near_wildcard, near_below,
		near_kind, near_www, near_slip };

	near_cn(w);
	for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]) && w->why[0] == '\0'; k++)
		for (size_t i = 0; i < w->v->sans.n && i < JUDGED && w->why[0] == '\0'; i++)
			kinds[k](w, &w->v->sans.v[i]);
	if (w->why[0] == '\0')
		near_domain(w);
	return w->why[0] != '\0' ? w->why : "no name of the CSR comes near it";
}

/* --- hosts --- */

static enum acsr_result read_host(struct acsr_name *out, const char *host, struct acsr_err *e)
{
	size_t n = strlen(host);

	/* "example.com." is the same host, said to a resolver */
	if (n > 1 && host[n - 1] == '.' && host[n - 2] != '.')
		n--;
	return acsr_name_check(host, n, ACSR_NAMES_PRIVATE, out, e);
}

static enum acsr_result check_host(const struct check *c, const char *host, bool *used, struct acsr_err *e)
{
	struct near w = { .v = c->v, .asked = host };
	struct acsr_err found;
	struct acsr_name n;
	size_t by;

	if (read_host(&n, host, &found) != ACSR_OK)
		return err_is(&found, "sys.nomem")
			       ? err_nomem(e)
			       : check_broken(c, "host.not-covered", host, e, "%s", found.text);
	by = find_cover(&c->v->sans, &n);
	if (by == SIZE_MAX) {
		w.host = &n;
		return check_broken(
			c, "host.not-covered", n.ascii, e, "%s is not covered: %s", n.ascii, nearest(&w));
	}
	used[by] = true;
	return check_holds(
		c, "host.covered", n.ascii, e, "%s is covered by %s", n.ascii, c->v->sans.v[by].value);
}

static enum acsr_result check_unused(const struct check *c, const bool *used, struct acsr_err *e)
{
	for (size_t i = 0; i < c->v->sans.n && i < LIMIT_NAMES; i++) {
		char field[32];

		if (used[i])
			continue;
		snprintf(field, sizeof(field), "sans[%zu]", i);
		TRY(check_broken(c, "host.not-asked", field, e, "the CSR also asks for %.300s",
			c->v->sans.v[i].value));
	}
	return ACSR_OK;
}

enum acsr_result acsr_csr_check_hosts(const struct acsr_csr_view *v, const struct acsr_check *how,
	const char *const *hosts, size_t n, struct acsr_findings *all, struct acsr_err *e)
{
	const struct check c = { v, how->policy, how->known, how->gate, how->at, how->broken_only, all };
	bool *used = calloc(v->sans.n + 1, sizeof(*used));
	enum acsr_result r = used != NULL ? ACSR_OK : err_nomem(e);

	for (size_t i = 0; i < n && r == ACSR_OK; i++)
		r = check_host(&c, hosts[i], used, e);
	if (r == ACSR_OK && n > 0)
		r = check_unused(&c, used, e);
	free(used);
	return r;
}
