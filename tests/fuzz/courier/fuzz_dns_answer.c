/*
 * What a DNS server sends: reading an answer and checking its signature must survive any bytes, and take nothing unsigned for
 * signed. The first byte chooses whether the id is made to fit, and whether the rest is read as a key file instead.
 */
#include <stdlib.h>
#include <string.h>

#include "courier/dns_message.h"
#include "courier/dns_tsig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char key_text[] =
	"key \"acme-key\" { algorithm hmac-sha256; secret \"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVo=\"; };";

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void read_keys(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	struct tsig_keys keys = { .n = 0 };

	must(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (tsig_read_keys(text, &keys, NULL) == ACSR_OK) {
		must(keys.n > 0 && keys.n <= TSIG_KEYS_MAX);
		for (size_t i = 0; i < keys.n; i++)
			must(dns_is_name(keys.v[i].name) && acsr_secret_len(keys.v[i].secret) >= 16);
	}
	tsig_keys_clear(&keys);
	free(text);
}

static void read_answer(const uint8_t *data, size_t size, uint16_t id)
{
	static struct tsig_keys keys;
	struct tsig_mac request = { .len = 32 };
	struct dns_answer a;

	if (keys.n == 0)
		must(tsig_read_keys(key_text, &keys, NULL) == ACSR_OK);
	if (dns_read_answer((struct bytes){ data, size }, id, "_acme-challenge.www.example.test", &a, NULL) !=
		ACSR_OK)
		return;
	must(a.cname[0] == '\0' || dns_is_name(a.cname));
	must(a.zone[0] == '\0' || dns_below("_acme-challenge.www.example.test", a.zone));
	must(a.tsig_at == 0 || (a.tsig_at >= DNS_HEADER && a.tsig_at < size));
	/* Nobody who does not know the key can have made this. */
	must(tsig_check((struct bytes){ data, size }, a.tsig_at, &keys.v[0], 1700000000, &request, NULL) !=
		ACSR_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 3)
		return 0;
	if (data[0] == 'k')
		read_keys(data + 1, size - 1);
	else
		read_answer(data + 1, size - 1, data[0] == 'i' ? 1 : (uint16_t)(data[1] << 8 | data[2]));
	return 0;
}
