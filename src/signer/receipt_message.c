/* From core's message to a receipt. What is too long for a member was refused with the message already. */
#include <stdio.h>

#include "receipt_book.h"

#define TEXT(to, from) snprintf(r->to, sizeof(r->to), "%s", m->from)

static void take_key(struct receipt *r, const struct msg_sign_receipt *m)
{
	TEXT(made_by, made_by);
	TEXT(key_type, key_type);
	TEXT(spki_sha256, spki_sha256);
	TEXT(archive_sha256, archive_sha256);
	r->archive_size = (int64_t)m->archive_size;
	TEXT(sandbox, sandbox);
	TEXT(authorised_by, authorised_by);
	TEXT(authorised_kind, authorised_kind);
	TEXT(authorised_token, authorised_token);
	TEXT(authorised_network, authorised_network);
	TEXT(authorised_wording, authorised_wording);
	r->authorised_at = (int64_t)m->authorised_at;
}

static void take_hand_over(struct receipt *r, const struct msg_sign_receipt *m)
{
	TEXT(grade, grade);
	TEXT(format, format);
	TEXT(delivery, delivery);
	TEXT(recipient, recipient);
	TEXT(recipient_sha256, recipient_sha256);
	r->made_at = (int64_t)m->made_at;
	r->gone_at = (int64_t)m->gone_at;
	r->handed_over_at = (int64_t)m->handed_over_at;
	r->destroyed_at = (int64_t)m->destroyed_at;
}

static void take_log(struct receipt *r, const struct msg_sign_receipt *m)
{
	r->made.seq = (int64_t)m->made_seq;
	TEXT(made.leaf, made_leaf);
	r->handed_over.seq = (int64_t)m->handed_over_seq;
	TEXT(handed_over.leaf, handed_over_leaf);
	r->destroyed.seq = (int64_t)m->destroyed_seq;
	TEXT(destroyed.leaf, destroyed_leaf);
}

void receipt_of_message(struct receipt *r, const struct msg_sign_receipt *m)
{
	*r = (struct receipt){ .names = m->names };
	TEXT(part, part);
	TEXT(service, service);
	TEXT(account, account);
	TEXT(order, order);
	TEXT(request, request);
	TEXT(product, product);
	take_key(r, m);
	take_hand_over(r, m);
	TEXT(issuer, issuer);
	TEXT(issuer_kind, issuer_kind);
	TEXT(statement, statement);
	TEXT(statement_author, statement_author);
	r->statement_at = (int64_t)m->statement_at;
	take_log(r, m);
}
