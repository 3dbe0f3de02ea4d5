/* See world.h. */
#include "world.h"

#include <arpa/inet.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int bind_port(int type, int port)
{
	struct sockaddr_in sa = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);

	sa.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd >= 0 && bind(fd, (struct sockaddr *)&sa, sizeof(sa)) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

int free_port(void)
{
	for (int i = 0; i < 100; i++) {
		struct sockaddr_in sa;
		socklen_t n = sizeof(sa);
		int udp, tcp = bind_port(SOCK_STREAM, 0);

		assert_true(tcp >= 0);
		assert_int_equal(getsockname(tcp, (struct sockaddr *)&sa, &n), 0);
		udp = bind_port(SOCK_DGRAM, ntohs(sa.sin_port));
		close(tcp);
		if (udp < 0)
			continue;
		close(udp);
		return ntohs(sa.sin_port);
	}
	fail_msg("no port is free");
	return -1;
}

int silent_port(int *fd)
{
	int port = free_port();

	*fd = bind_port(SOCK_DGRAM, port);
	assert_true(*fd >= 0);
	return port;
}

/* --- DNS --- */

static bool dns_answers(const struct world *w)
{
	char command[200];

	snprintf(command, sizeof(command),
		"test -s %s/anchor && kdig @127.0.0.1 -p %d +time=1 +retry=0 www.tampered.test A 2>/dev/null "
		"| "
		"grep -q 127.0.0.9",
		w->dir, w->dns_port);
	return system(command) == 0;
}

void world_dns_up(struct world *w)
{
	char port[8];

	snprintf(w->dir, sizeof(w->dir), "/tmp/autocsr-prober-dns-XXXXXX");
	assert_non_null(mkdtemp(w->dir));
	w->dns_port = free_port();
	snprintf(port, sizeof(port), "%d", w->dns_port);
	w->dns = fork();
	assert_true(w->dns >= 0);
	if (w->dns == 0) {
		/* However the test ends, its DNS server ends with it. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl(DNS_UP, DNS_UP, w->dir, port, (char *)NULL);
		_exit(127);
	}
	for (int i = 0; i < 600 && !dns_answers(w); i++) {
		assert_int_equal(waitpid(w->dns, NULL, WNOHANG), 0);
		poll(NULL, 0, 100);
	}
	assert_true(dns_answers(w));
}

void world_dns_down(struct world *w)
{
	char command[100];

	/* A test that failed may have left it stopped. */
	kill(w->dns, SIGCONT);
	kill(w->dns, SIGTERM);
	waitpid(w->dns, NULL, 0);
	snprintf(command, sizeof(command), "rm -rf %s", w->dir);
	assert_int_equal(system(command), 0);
}

/* --- the prober --- */

void world_prober_at(struct world *w, const char *resolver, const char *allow, const char *timeout)
{
	char keys[6][160];
	const char *list[7] = { keys[0], keys[1], keys[2], keys[3], keys[4], keys[5], NULL };

	snprintf(keys[0], sizeof(keys[0]), "validation.resolver=%s", resolver);
	snprintf(keys[1], sizeof(keys[1]), "validation.trust_anchor_file=%s/anchor", w->dir);
	snprintf(keys[2], sizeof(keys[2]), "validation.http_port=%d", w->web_port);
	snprintf(keys[3], sizeof(keys[3]), "validation.https_port=%d", w->tls_port);
	snprintf(keys[4], sizeof(keys[4]), "validation.allow_networks=%s", allow);
	snprintf(keys[5], sizeof(keys[5]), "validation.timeout=%s", timeout);
	harness_start(&w->prober, PROBER, ROLE_PROBER, NULL, list);
	harness_peer(&w->prober, ROLE_CORE);
}

void world_prober(struct world *w, const char *allow, const char *timeout)
{
	char resolver[32];

	snprintf(resolver, sizeof(resolver), "127.0.0.1:%d", w->dns_port);
	world_prober_at(w, resolver, allow, timeout);
}

void world_prober_stop(struct world *w)
{
	harness_stop(&w->prober);
}

void answer_next(struct world *w, uint64_t *id, struct answer *a)
{
	struct msg_probe_result m = { 0 };

	harness_recv(&w->prober, ROLE_CORE, MSG_probe_result, &m, id, NULL);
	*a = (struct answer){ .ok = m.ok != 0, .ttl = (int64_t)m.ttl };
	snprintf(a->id, sizeof(a->id), "%s", m.error_id);
	snprintf(a->text, sizeof(a->text), "%s", m.error_text);
	a->evidence = json_loads(m.evidence, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(a->evidence);
	harness_clear(MSG_probe_result, &m);
}

static uint64_t next_id = 100;

static void take(struct world *w, uint64_t id, struct answer *a)
{
	uint64_t got;

	answer_next(w, &got, a);
	assert_int_equal(got, id);
}

static char *loan(const char *s)
{
	return (char *)(uintptr_t)s;
}

void ask_http(struct world *w, const char *name, const char *path, const char *content, struct answer *a)
{
	struct msg_probe_http m = { .name = loan(name), .path = loan(path), .content = loan(content) };

	harness_send(&w->prober, ROLE_CORE, MSG_probe_http, ++next_id, &m, -1);
	take(w, next_id, a);
}

void ask_dns(struct world *w, const char *record, const char *value, struct answer *a)
{
	struct msg_probe_dns m = { .record = loan(record), .value = loan(value) };

	harness_send(&w->prober, ROLE_CORE, MSG_probe_dns, ++next_id, &m, -1);
	take(w, next_id, a);
}

void ask_caa(struct world *w, const char *name, bool wildcard, const char *identity, struct answer *a)
{
	struct msg_probe_caa m = { .name = loan(name), .wildcard = wildcard, .identity = loan(identity) };

	harness_send(&w->prober, ROLE_CORE, MSG_probe_caa, ++next_id, &m, -1);
	take(w, next_id, a);
}

void answer_free(struct answer *a)
{
	json_decref(a->evidence);
	a->evidence = NULL;
}

void expect(struct answer *a, const char *error)
{
	if (a->ok != (error == NULL) || (error != NULL && strcmp(a->id, error) != 0))
		fail_msg("expected %s, got %s: %s", error != NULL ? error : "success",
			a->ok ? "success" : a->id, a->text);
	if (error != NULL)
		assert_string_equal(json_string_value(json_object_get(a->evidence, "result")), error);
	answer_free(a);
}

const char *step_text(const struct answer *a, size_t i, const char *key)
{
	const char *s = json_string_value(
		json_object_get(json_array_get(json_object_get(a->evidence, "steps"), i), key));

	return s != NULL ? s : "";
}
