/*
 * An attacker with many addresses: logs in to one service from 127.0.0.0/8, each address with a keep-alive
 * connection of its own, and tells in JSON how it was answered. For test_guessing.py.
 *
 *   guesser PORT ADDRESSES TRIES EMAIL THREADS      ADDRESSES × TRIES requests; "%" in EMAIL becomes a number
 */
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static SSL_CTX *ctx;
static unsigned short port;
static int addresses, tries;
static const char *email;
static atomic_int next_address;
static atomic_long answers[600], broken;

/* Each in a /24 of its own: 127.10.0.7, 127.10.1.7, … */
static int dial(int i)
{
	struct sockaddr_in from = { .sin_family = AF_INET }, to = { .sin_family = AF_INET };
	int fd = socket(AF_INET, SOCK_STREAM, 0);
	const struct timeval patience = { 60, 0 };

	from.sin_addr.s_addr = htonl(0x7f0a0007u + ((unsigned)i / 250 << 16) + ((unsigned)i % 250 << 8));
	to.sin_port = htons(port);
	to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (fd >= 0 && bind(fd, (void *)&from, sizeof(from)) == 0 &&
		connect(fd, (void *)&to, sizeof(to)) == 0)
		return fd;
	close(fd);
	return -1;
}

static int request(char *out, size_t cap, int number)
{
	char who[200], body[400];
	const char *mark = strchr(email, '%');

	if (mark != NULL)
		snprintf(who, sizeof(who), "%.*s%d%s", (int)(mark - email), email, number, mark + 1);
	else
		snprintf(who, sizeof(who), "%s", email);
	snprintf(body, sizeof(body), "{\"email\":\"%s\",\"password\":\"guess number %d\"}", who, number);
	return snprintf(out, cap,
		"POST /api/v1/session HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
		"Content-Length: %zu\r\n\r\n%s",
		strlen(body), body);
}

/* Reads one answer whole; its status, or 0. */
static int answer(SSL *s)
{
	char buf[8192];
	size_t have = 0;

	for (;;) {
		int n = SSL_read(s, buf + have, (int)(sizeof(buf) - 1 - have));
		char *end, *length;

		if (n <= 0)
			return 0;
		have += (size_t)n;
		buf[have] = '\0';
		end = strstr(buf, "\r\n\r\n");
		length = strcasestr(buf, "content-length:");
		if (end != NULL && length != NULL &&
			have >= (size_t)(end + 4 - buf) + strtoul(length + 15, NULL, 10))
			return atoi(buf + 9);
	}
}

static void guess_from(int i)
{
	int fd = dial(i), status = fd >= 0 ? 1 : 0;
	SSL *s = SSL_new(ctx);

	SSL_set_fd(s, fd);
	if (status == 0 || SSL_connect(s) != 1)
		status = 0;
	for (int k = 0; k < tries; k++) {
		char text[1000];
		int n = request(text, sizeof(text), i * tries + k);

		status = status != 0 && SSL_write(s, text, n) == n ? answer(s) : 0;
		if (status > 0 && status < 600)
			answers[status]++;
		else
			broken++;
	}
	SSL_free(s);
	close(fd);
}

static void *work(void *arg)
{
	for (int i = next_address++; i < addresses; i = next_address++)
		guess_from(i);
	return arg;
}

int main(int argc, char **argv)
{
	pthread_t threads[64];
	struct timespec a, b;
	int n;

	if (argc != 6)
		return 2;
	port = (unsigned short)atoi(argv[1]);
	addresses = atoi(argv[2]);
	tries = atoi(argv[3]);
	email = argv[4];
	n = atoi(argv[5]) < 64 ? atoi(argv[5]) : 64;
	ctx = SSL_CTX_new(TLS_client_method());
	clock_gettime(CLOCK_MONOTONIC, &a);
	for (int i = 0; i < n; i++)
		pthread_create(&threads[i], NULL, work, NULL);
	for (int i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	clock_gettime(CLOCK_MONOTONIC, &b);
	printf("{\"seconds\": %.1f, \"broken\": %ld, \"answers\": {",
		(double)(b.tv_sec - a.tv_sec) + (double)(b.tv_nsec - a.tv_nsec) / 1e9, (long)broken);
	for (int i = 0, some = 0; i < 600; i++)
		if (answers[i] > 0)
			printf("%s\"%d\": %ld", some++ ? ", " : "", i, (long)answers[i]);
	puts("}}");
	SSL_CTX_free(ctx);
	return 0;
}
