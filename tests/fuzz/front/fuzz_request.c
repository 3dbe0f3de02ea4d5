/*
 * The request adapter: any head must be refused, or become a message that keeps its promises.
 * Input: lines of method, target, version, then "name: value" fields.
 */
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "front/adapter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* Cut the text into the head, in place. */
static void split(char *text, struct request_head *h, struct request_field *fields)
{
	char *first[3] = { NULL, NULL, NULL }, *rest = text, *line;
	size_t n = 0;

	while ((line = strsep(&rest, "\n")) != NULL && n < REQUEST_FIELDS_MAX + 4) {
		char *colon = strstr(line, ": ");

		if (n < 3) {
			first[n++] = line;
			continue;
		}
		if (colon != NULL)
			*colon = '\0';
		fields[h->nfields++] = (struct request_field){ line, colon != NULL ? colon + 2 : "" };
		n++;
	}
	h->method = first[0] != NULL ? first[0] : "";
	h->target = first[1] != NULL ? first[1] : "";
	h->version = first[2] != NULL ? first[2] : "";
	h->fields = fields;
}

static void check(const struct request_head *h, const struct msg_http_request *m,
	const struct request_facts *f, const char *peer)
{
	uint8_t addr[16];
	struct acsr_err e;
	struct buf b;

	must(m->path[0] == '/' && str_is_utf8(m->path, strlen(m->path)) && !str_has_control(m->path));
	must(strstr(m->path, "/../") == NULL && !str_ends(m->path, "/..") && strstr(m->path, "//") == NULL);
	must(f->length <= LIMIT_HTTP_BODY && !(f->chunked && f->length > 0));
	must(network_parse_address(m->remote, addr));
	must(adapter_field(h, "X-Forwarded-For") != NULL || strcmp(m->remote, peer) == 0);
	/* Within the bounds of messages.def: it can always be sent. */
	buf_init(&b, LIMIT_MESSAGE);
	must(msg_encode(msg_desc(MSG_http_request), 1, m, &b, &e) == ACSR_OK);
	buf_free(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct request_field fields[REQUEST_FIELDS_MAX + 4];
	struct request_head h = { .size = size };
	struct msg_http_request m;
	struct request_facts facts;
	struct networks proxies;
	struct acsr_err e;
	char *text = malloc(size + 1);

	if (text == NULL)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	split(text, &h, fields);
	must(network_parse_address("198.51.100.1", h.peer));
	must(conf_networks("198.51.100.0/24, 2001:db8::/32", &proxies, &e) == ACSR_OK);
	if (adapter_read(&h, &proxies, &m, &facts, &e) == ACSR_OK) {
		check(&h, &m, &facts, "198.51.100.1");
		msg_clear(msg_desc(MSG_http_request), &m);
	} else {
		must(e.id[0] != '\0' && m.path == NULL);
	}
	free(text);
	return 0;
}
