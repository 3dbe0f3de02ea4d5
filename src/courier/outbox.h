/*
 * The mails that courier has been asked to send: a bounded queue, a few under way, each with its archive when
 * it has one. What was not finished when core goes away is forgotten: core asks again.
 */
#ifndef COURIER_OUTBOX_H
#define COURIER_OUTBOX_H

#include "courier/smtp.h"
#include "ipc/tickets.h"

enum { OUTBOX_WAITING_MAX = 1000, OUTBOX_UNDER_WAY_MAX = 8 };

struct outbox;

struct outbox_ops {
	void (*sent)(void *arg, uint64_t id, const char *reply);
	void (*failed)(void *arg, uint64_t id, const struct acsr_err *why);
};

/* Settings and tickets are loans. */
ACSR_MUST_USE enum acsr_result outbox_new(struct outbox **out, struct loop *l, const struct smtp_settings *s,
	struct tickets *tickets, const struct outbox_ops *ops, void *arg, struct acsr_err *e);
void outbox_free(struct outbox *o);

/* Takes the fields of *m, also on failure. Errors: "mail.refused" (mail_check), "busy.courier" (full). */
ACSR_MUST_USE enum acsr_result outbox_put(
	struct outbox *o, uint64_t id, struct msg_mail *m, struct acsr_err *e);
/* An archive has come: a mail may be waiting for it. */
void outbox_archive(struct outbox *o);
/* Core has dropped this ticket: the mail that waits for its archive fails. */
void outbox_drop_ticket(struct outbox *o, const char *ticket);
/* Nobody waits for answers any more: forget what is queued, finish what is under way in silence. */
void outbox_forget(struct outbox *o);
bool outbox_idle(const struct outbox *o);

#endif
