/* Capturing by AF_PACKET. */
#include "cli/forensic/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/secret.h"

enum { PACKET_MAX = 128 * 1024, SOCKET_ROOM = 64 * 1024 * 1024 };

struct wire {
	int fd, stop;
	pthread_t thread;
	bool running;
	uint8_t *p; /* each packet: its length in four bytes, then from its IP header on */
	size_t used, bound;
	uint64_t packets, dropped;
	unsigned loopback;
};

static void keep(struct wire *w, const struct sockaddr_ll *from, const uint8_t *p, size_t n)
{
	uint32_t len = (uint32_t)n;

	/* On loopback each packet passes twice. */
	if (from->sll_pkttype == PACKET_OUTGOING && (unsigned)from->sll_ifindex == w->loopback)
		return;
	w->packets++;
	if (w->bound - w->used < n + sizeof(len)) {
		w->dropped++;
		return;
	}
	memcpy(w->p + w->used, &len, sizeof(len));
	memcpy(w->p + w->used + sizeof(len), p, n);
	w->used += n + sizeof(len);
}

/* All that waits. */
static void drain(struct wire *w, uint8_t *room)
{
	for (;;) {
		struct sockaddr_ll from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(
			w->fd, room, PACKET_MAX, MSG_DONTWAIT | MSG_TRUNC, (struct sockaddr *)&from, &len);

		if (n < 0)
			return;
		if (n > PACKET_MAX) {
			w->dropped++;
			n = PACKET_MAX;
		}
		keep(w, &from, room, (size_t)n);
	}
}

static void *listen_on(void *user)
{
	struct wire *w = user;
	uint8_t *room = malloc(PACKET_MAX);
	struct pollfd p[2] = { { .fd = w->fd, .events = POLLIN }, { .fd = w->stop, .events = POLLIN } };

	while (room != NULL && (p[1].revents & POLLIN) == 0) {
		if (poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		drain(w, room);
	}
	if (room != NULL)
		wipe(room, PACKET_MAX);
	else
		w->dropped++;
	free(room);
	return NULL;
}

static enum acsr_result open_socket(struct wire *w, const char *interface, struct acsr_err *e)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	int room = SOCKET_ROOM;

	if (interface != NULL && if_nametoindex(interface) == 0)
		return err_set(e, "forensic.network", "there is no interface %.40s", interface);
	a.sll_ifindex = interface != NULL ? (int)if_nametoindex(interface) : 0;
	w->loopback = if_nametoindex("lo");
	w->fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	w->stop = eventfd(0, EFD_CLOEXEC);
	if (w->fd < 0 || w->stop < 0)
		return err_errno(e, "forensic.network", errno,
			"cannot listen to packets (--interface none leaves them out)");
	(void)setsockopt(w->fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof(room));
	if (bind(w->fd, (struct sockaddr *)&a, sizeof(a)) != 0)
		return err_errno(e, "forensic.network", errno, "cannot listen to packets");
	return ACSR_OK;
}

static enum acsr_result start(struct wire *w, const char *interface, struct acsr_err *e)
{
	TRY(open_socket(w, interface, e));
	w->p = mmap(
		NULL, w->bound, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (w->p == MAP_FAILED)
		return err_nomem(e);
	(void)madvise(w->p, w->bound, MADV_DONTFORK);
	(void)madvise(w->p, w->bound, MADV_DONTDUMP);
	if (pthread_create(&w->thread, NULL, listen_on, w) != 0)
		return err_set(e, "forensic.network", "cannot start a thread");
	w->running = true;
	return ACSR_OK;
}

enum acsr_result wire_open(struct wire **out, const char *interface, size_t bound, struct acsr_err *e)
{
	struct wire *w = calloc(1, sizeof(*w));

	if (w == NULL)
		return err_nomem(e);
	w->fd = w->stop = -1;
	w->p = MAP_FAILED;
	w->bound = bound;
	if (start(w, interface, e) != ACSR_OK) {
		wire_free(w);
		return ACSR_FAIL;
	}
	*out = w;
	return ACSR_OK;
}

void wire_stop(struct wire *w)
{
	struct tpacket_stats lost = { 0 };
	socklen_t len = sizeof(lost);
	uint64_t one = 1;

	if (!w->running)
		return;
	(void)!write(w->stop, &one, sizeof(one));
	pthread_join(w->thread, NULL);
	w->running = false;
	if (getsockopt(w->fd, SOL_PACKET, PACKET_STATISTICS, &lost, &len) == 0)
		w->dropped += lost.tp_drops;
}

void wire_free(struct wire *w)
{
	if (w == NULL)
		return;
	wire_stop(w);
	if (w->p != MAP_FAILED) {
		wipe(w->p, w->used);
		munmap(w->p, w->bound);
	}
	if (w->fd >= 0)
		close(w->fd);
	if (w->stop >= 0)
		close(w->stop);
	free(w);
}

uint64_t wire_packets(const struct wire *w)
{
	return w->packets;
}

uint64_t wire_dropped(const struct wire *w)
{
	return w->dropped;
}

void wire_describe(const uint8_t *p, size_t n, char *out, size_t cap)
{
	size_t at = n > 0 && p[0] >> 4 == 6 ? 40 : n > 0 ? (size_t)(p[0] & 15) * 4 : 0;
	unsigned protocol = n > 9 ? (p[0] >> 4 == 6 ? p[6] : p[9]) : 0;

	if ((protocol != 6 && protocol != 17) || n < at + 4)
		snprintf(out, cap, "a packet of protocol %u", protocol);
	else
		snprintf(out, cap, "%s %u to %u", protocol == 6 ? "TCP" : "UDP", p[at] << 8 | p[at + 1],
			p[at + 2] << 8 | p[at + 3]);
}

void wire_search(const struct wire *w, struct search *s)
{
	struct surface_state *state = &s->surfaces[SURFACE_NETWORK];
	uint64_t number = 0;

	for (size_t at = 0; at < w->used;) {
		char where[WHERE_MAX];
		struct search_place place = { SURFACE_NETWORK, where, number++, false };
		uint32_t len;

		memcpy(&len, w->p + at, sizeof(len));
		at += sizeof(len);
		wire_describe(w->p + at, len, where, sizeof(where));
		search_bytes(s, &place, w->p + at, len, len);
		at += len;
	}
	state->parts += w->packets;
	if (w->dropped > 0)
		search_unread(s, SURFACE_NETWORK, "%llu packets were dropped and not searched",
			(unsigned long long)w->dropped);
}
