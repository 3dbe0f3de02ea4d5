/* Collecting what each perspective saw. */
#include "prober/panel.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "prober/show.h"

/* A remote one may need a little longer than we do: the way there and back, and a queue of its own. */
enum { GRACE_MS = 2000 };

enum view_state { VIEW_UNASKED, VIEW_ASKED, VIEW_DONE };

/* What one remote perspective says to one question. */
struct view {
	enum view_state state;
	char *json;
};

struct quest {
	struct quest *next;
	struct panel *panel;
	uint64_t id;  /* core's */
	uint64_t own; /* ours, here and at all remote ones */
	struct buf frame;
	bool begun, here_done;
	struct msg_probe_result here; /* its texts are ours */
	struct view view[PERSPECTIVES];
	struct loop_timer *late;
};

struct panel {
	struct prober *prober;
	struct perspective_spec spec[PERSPECTIVES];
	struct perspective *remote[PERSPECTIVES];
	size_t n;
	SSL_CTX *ctx; /* NULL: there are no remote ones, or none can be asked */
	struct quest *quests;
	uint64_t next;
	void (*answer)(void *arg, uint64_t id, const struct msg_probe_result *m);
	void (*failed)(void *arg, uint64_t id, const struct acsr_err *why);
	void *arg;
};

/* --- the life of a question --- */

static void quest_free(struct quest *q)
{
	for (struct quest **at = &q->panel->quests; *at != NULL; at = &(*at)->next)
		if (*at == q) {
			*at = q->next;
			break;
		}
	loop_cancel(q->late);
	for (size_t i = 0; i < PERSPECTIVES; i++)
		free(q->view[i].json);
	msg_clear(msg_desc(MSG_probe_result), &q->here);
	buf_free(&q->frame);
	free(q);
}

static struct quest *quest_find(struct panel *p, uint64_t own)
{
	for (struct quest *q = p->quests; q != NULL; q = q->next)
		if (q->own == own)
			return q;
	return NULL;
}

static bool complete(const struct quest *q)
{
	for (size_t i = 0; i < q->panel->n; i++)
		if (q->view[i].state != VIEW_DONE)
			return false;
	return q->here_done;
}

static void tell(struct quest *q)
{
	struct panel *p = q->panel;
	struct acsr_err e;

	for (size_t i = 0; i < p->n; i++)
		if (strv_add(&q->here.perspectives, q->view[i].json != NULL ? q->view[i].json : "{}", &e) !=
			ACSR_OK) {
			p->failed(p->arg, q->id, &e);
			quest_free(q);
			return;
		}
	p->answer(p->arg, q->id, &q->here);
	quest_free(q);
}

/* --- what a remote perspective says --- */

static json_t *evidence_of(const char *text)
{
	json_t *evidence = json_loads(text, JSON_REJECT_DUPLICATES, NULL);

	return json_is_object(evidence) ? evidence : (json_decref(evidence), json_object());
}

/* Core reads this; ids and texts of a remote prober are a stranger's all the same: made printable, and cut. */
static void view_set(
	struct quest *q, size_t i, bool ok, const char *id, const char *text, const char *evidence)
{
	const struct perspective_spec *spec = &q->panel->spec[i];
	char shown_id[64], shown[300];
	json_t *o;

	if (q->view[i].state == VIEW_DONE)
		return;
	show_text(id, shown_id, sizeof(shown_id));
	show_text(text, shown, sizeof(shown));
	o = json_pack("{s:s,s:s,s:b,s:s,s:s,s:o}", "name", spec->name, "region", spec->region, "ok", (int)ok,
		"error_id", shown_id, "error_text", shown, "evidence", evidence_of(evidence));
	q->view[i].json = json_dumps(o, JSON_COMPACT | JSON_ENSURE_ASCII);
	json_decref(o);
	q->view[i].state = VIEW_DONE;
}

static void view_unreachable(struct quest *q, size_t i, const char *why)
{
	char text[300];

	snprintf(text, sizeof(text), "this perspective cannot be reached: %.200s", why);
	view_set(q, i, false, "busy.perspective", text, "{}");
}

static void on_answer(
	void *arg, size_t i, uint64_t id, const struct msg_probe_result *r, const struct msg_failed *f)
{
	struct quest *q = quest_find(arg, id);

	if (q == NULL || q->view[i].state != VIEW_ASKED)
		return;
	if (r != NULL)
		view_set(q, i, r->ok != 0, r->error_id, r->error_text, r->evidence);
	else
		view_set(q, i, false, f->id, f->text, "{}");
	if (complete(q))
		tell(q);
}

/* --- asking them --- */

static void send_to(struct quest *q, size_t i)
{
	struct acsr_err e;

	if (perspective_send(q->panel->remote[i], &q->frame, &e) == ACSR_OK)
		q->view[i].state = VIEW_ASKED;
	else
		view_unreachable(q, i, e.text);
}

static void on_up(void *arg, size_t i)
{
	struct panel *p = arg;

	for (struct quest *q = p->quests, *next; q != NULL; q = next) {
		next = q->next;
		if (q->begun && q->view[i].state == VIEW_UNASKED)
			send_to(q, i);
		if (complete(q))
			tell(q);
	}
}

static void on_down(void *arg, size_t i, const char *why)
{
	struct panel *p = arg;

	for (struct quest *q = p->quests, *next; q != NULL; q = next) {
		next = q->next;
		if (q->begun)
			view_unreachable(q, i, why);
		if (complete(q))
			tell(q);
	}
}

static const struct perspective_ops remote_ops = { on_up, on_down, on_answer };

static void on_late(void *arg)
{
	struct quest *q = arg;

	q->late = NULL;
	for (size_t i = 0; i < q->panel->n; i++)
		view_unreachable(q, i, "no answer in time");
	if (complete(q))
		tell(q);
}

/* It is this question's turn here, and so everywhere. */
static void on_begins(void *arg, uint64_t own)
{
	struct panel *p = arg;
	struct quest *q = quest_find(p, own);

	if (q == NULL || p->n == 0)
		return;
	q->begun = true;
	for (size_t i = 0; i < p->n; i++)
		if (p->ctx == NULL)
			view_unreachable(q, i, "our certificate, key or CA file cannot be used");
		else if (perspective_state(p->remote[i]) == PERSPECTIVE_UP)
			send_to(q, i);
		else if (perspective_state(p->remote[i]) == PERSPECTIVE_DOWN)
			view_unreachable(q, i, "the connection to it is down");
	if (loop_after(p->prober->loop, p->prober->timeout + GRACE_MS, on_late, q, &q->late, NULL) != ACSR_OK)
		on_late(q);
}

/* --- what we see here --- */

static void here_answer(void *arg, uint64_t own, const struct msg_probe_result *m)
{
	struct panel *p = arg;
	struct quest *q = quest_find(p, own);
	struct acsr_err e;

	if (q == NULL)
		return;
	q->here.ok = m->ok;
	q->here.ttl = m->ttl;
	if (str_dup(&q->here.error_id, m->error_id, &e) != ACSR_OK ||
		str_dup(&q->here.error_text, m->error_text, &e) != ACSR_OK ||
		str_dup(&q->here.evidence, m->evidence != NULL ? m->evidence : "{}", &e) != ACSR_OK) {
		p->failed(p->arg, q->id, &e);
		quest_free(q);
		return;
	}
	q->here_done = true;
	if (complete(q))
		tell(q);
}

static void here_failed(void *arg, uint64_t own, const struct acsr_err *why)
{
	struct panel *p = arg;
	struct quest *q = quest_find(p, own);

	if (q == NULL)
		return;
	p->failed(p->arg, q->id, why);
	quest_free(q);
}

static enum acsr_result quest_new(
	struct panel *p, uint64_t id, unsigned type, const void *body, struct quest **out, struct acsr_err *e)
{
	struct quest *q = calloc(1, sizeof(*q));

	if (q == NULL)
		return err_nomem(e);
	*q = (struct quest){ .next = p->quests, .panel = p, .id = id, .own = ++p->next };
	p->quests = q;
	buf_init(&q->frame, PERSPECTIVE_FRAME);
	if (p->n > 0 && msg_encode(msg_desc(type), q->own, body, &q->frame, e) != ACSR_OK) {
		quest_free(q);
		return ACSR_FAIL;
	}
	*out = q;
	return ACSR_OK;
}

void panel_ask(struct panel *p, uint64_t id, unsigned type, const void *body)
{
	const struct probe_kind *kind;
	struct probe_ask ask;
	struct quest *q = NULL;
	struct acsr_err e;

	if (!probe_from_message(type, body, &kind, &ask))
		(void)err_set(&e, "ipc.unexpected", "no question for a prober");
	else if (quest_new(p, id, type, body, &q, &e) == ACSR_OK) {
		probe_submit(p->prober, q->own, kind, &ask);
		return;
	}
	p->failed(p->arg, id, &e);
}

void panel_drop_all(struct panel *p)
{
	prober_drop_all(p->prober);
	while (p->quests != NULL)
		quest_free(p->quests);
}

/* --- opening --- */

enum acsr_result panel_open(struct panel **out, struct prober *here, const struct perspective_spec *spec,
	size_t n, const struct tls_files *files, struct acsr_err *e)
{
	struct panel *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return err_nomem(e);
	p->prober = here;
	p->n = n;
	memcpy(p->spec, spec, n * sizeof(*spec));
	/* Half-renewed files shall not take our own view away too. */
	if (n > 0 && tlsctx_open(&p->ctx, false, files, e) != ACSR_OK)
		log_error(LOG_ERROR, "perspectives.not-asked", e);
	*out = p;
	return ACSR_OK;
}

enum acsr_result panel_start(struct panel *p, struct acsr_err *e)
{
	struct prober *here = p->prober;

	p->answer = here->answer;
	p->failed = here->failed;
	p->arg = here->arg;
	here->answer = here_answer;
	here->failed = here_failed;
	here->begins = on_begins;
	here->arg = p;
	for (size_t i = 0; p->ctx != NULL && i < p->n; i++)
		TRY(perspective_start(
			&p->remote[i], &p->spec[i], i, p->ctx, here->dns, here->loop, &remote_ops, p, e));
	return ACSR_OK;
}
