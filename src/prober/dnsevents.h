/* libunbound's sockets and timers on our loop: it runs inside it, without a thread of its own. */
#ifndef PROBER_DNSEVENTS_H
#define PROBER_DNSEVENTS_H

#include "base/err.h"
#include "ipc/loop.h"

struct dns_events;
struct ub_event_base;

/* No event may be made before there is a loop. Free it after the context that uses it. */
ACSR_MUST_USE enum acsr_result dns_events_new(struct dns_events **out, struct acsr_err *e);
void dns_events_free(struct dns_events *d);
struct ub_event_base *dns_events_base(struct dns_events *d);
void dns_events_start(struct dns_events *d, struct loop *l);

#endif
