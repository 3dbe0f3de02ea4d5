/* Options, some of which are settings of [validation] under another name. */
#include "prober/outpost_options.h"

#include <stdio.h>
#include <string.h>

const char outpost_usage[] =
	"usage: autocsr-prober --listen ADDRESS:PORT --cert FILE --key FILE --client-ca FILE\n"
	"                      (--client-name NAME | --any-client) [options]\n"
	"\n"
	"Looks at names for AutoCSR services elsewhere, over mutual TLS (a remote perspective).\n"
	"\n"
	"  --listen ADDRESS:PORT     where services connect to\n"
	"  --cert FILE --key FILE    our certificate for that address or name, and its key (PEM)\n"
	"  --client-ca FILE          PEM roots of the services' certificates\n"
	"  --client-name NAME        serve only a certificate for this name, the service's\n"
	"  --any-client              instead: serve every certificate of those roots\n"
	"  --resolver ADDRESS:PORT   DNS resolver to ask; without it we resolve from the root ourselves\n"
	"  --trust-anchor FILE       DS or DNSKEY records of the DNSSEC root\n"
	"  --allow-networks LIST     private networks that may be connected to\n"
	"  --http-port N --https-port N --tls-alpn-port N\n"
	"  --timeout SPAN            one look, all in all (10s)\n"
	"  --log-level LEVEL         debug, info, warn or error\n"
	"  --user NAME               whom to become when started as root (nobody)\n";

/* Options that are keys of the settings. */
static const struct {
	const char *option, *section, *key;
} settings[] = {
	{ "--resolver", "validation", "resolver" },
	{ "--trust-anchor", "validation", "trust_anchor_file" },
	{ "--allow-networks", "validation", "allow_networks" },
	{ "--http-port", "validation", "http_port" },
	{ "--https-port", "validation", "https_port" },
	{ "--tls-alpn-port", "validation", "tls_alpn_port" },
	{ "--timeout", "validation", "timeout" },
	{ "--log-level", "server", "log_level" },
};

static const char **place_of(struct outpost_options *o, const char *name)
{
	const struct {
		const char *option, **to;
	} own[] = { { "--listen", &o->listen }, { "--cert", &o->tls.certificate }, { "--key", &o->tls.key },
		{ "--client-ca", &o->tls.ca }, { "--client-name", &o->client_name }, { "--user", &o->user } };

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(own[i].option, name) == 0)
			return own[i].to;
	return NULL;
}

static enum acsr_result set_pair(
	struct conf *c, const char *section, const char *key, const char *value, struct acsr_err *e)
{
	char start[100];
	CLEANUP_STR char *pair = NULL;

	snprintf(start, sizeof(start), "%s.%s=", section, key);
	TRY(str_printf(&pair, e, "%s%s", start, value));
	for (size_t i = 0; i < c->pairs.n; i++)
		if (str_starts(c->pairs.v[i], start)) {
			char *old = c->pairs.v[i];

			c->pairs.v[i] = pair;
			pair = old;
			return ACSR_OK;
		}
	return strv_add(&c->pairs, pair, e);
}

static enum acsr_result presets(struct conf *c, struct acsr_err *e)
{
	for (const struct conf_key *k = conf_keys(); k->section != NULL; k++) {
		char value[256];

		if ((k->roles & R_PROBER) == 0)
			continue;
		conf_preset(k, value);
		TRY(set_pair(c, k->section, k->name, value, e));
	}
	return ACSR_OK;
}

static enum acsr_result take_setting(
	struct outpost_options *o, const char *name, const char *value, struct acsr_err *e)
{
	struct acsr_err why;

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		if (strcmp(settings[i].option, name) != 0)
			continue;
		if (conf_check(conf_key_find(settings[i].section, settings[i].key), value, &why) != ACSR_OK)
			return err_set(e, "usage", "%s: %.300s", name, why.text);
		return set_pair(&o->conf, settings[i].section, settings[i].key, value, e);
	}
	return err_set(e, "usage", "there is no option \"%.60s\"", name);
}

static enum acsr_result check_whole(const struct outpost_options *o, struct acsr_err *e)
{
	char host[256];
	uint16_t port;

	if (o->listen == NULL || o->tls.certificate == NULL || o->tls.key == NULL || o->tls.ca == NULL)
		return err_set(e, "usage", "--listen, --cert, --key and --client-ca are needed");
	if (conf_address(o->listen, host, &port, NULL) != ACSR_OK)
		return err_set(e, "usage", "--listen: \"%.100s\" is not ADDRESS:PORT", o->listen);
	/* Roots that vouch for others as well would let all of these in: that has to be said. */
	if (o->client_name == NULL && !o->any_client)
		return err_set(e, "usage",
			"--client-name is needed: the name in the service's certificate; or --any-client, "
			"when "
			"the CA of --client-ca vouches for services alone and all of them may connect");
	if (o->client_name != NULL && o->any_client)
		return err_set(e, "usage", "--client-name and --any-client exclude each other");
	if (o->client_name != NULL && *o->client_name == '\0')
		return err_set(e, "usage", "--client-name has no name");
	return ACSR_OK;
}

/* Options without a value. */
static bool take_flag(struct outpost_options *o, const char *name)
{
	o->help = o->help || strcmp(name, "--help") == 0;
	o->any_client = o->any_client || strcmp(name, "--any-client") == 0;
	return strcmp(name, "--help") == 0 || strcmp(name, "--any-client") == 0;
}

enum acsr_result outpost_options(struct outpost_options *o, int argc, char **argv, struct acsr_err *e)
{
	*o = (struct outpost_options){ .user = "nobody" };
	TRY(presets(&o->conf, e));
	for (int i = 1; i < argc && !o->help; i++) {
		const char **to = place_of(o, argv[i]);

		if (take_flag(o, argv[i]))
			continue;
		if (i + 1 == argc)
			return err_set(e, "usage", "\"%.60s\" needs a value, or is no option", argv[i]);
		i++;
		if (to != NULL)
			*to = argv[i];
		else
			TRY(take_setting(o, argv[i - 1], argv[i], e));
	}
	return o->help ? ACSR_OK : check_whole(o, e);
}
