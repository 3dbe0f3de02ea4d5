/* The real executable among a played core. argv[1] is its path. */
#include <openssl/evp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

#include "autocsr/cert.h"
#include "autocsr/crl.h"
#include "base/clock.h"
#include "ca_world.h"
#include "role_harness.h"

static const char *binary;
static const char *const keys[] = { "ca.name=Example CA", "ca.key_type=ec:p256",
	"server.http_listen=127.0.0.1:8080", NULL };

struct world {
	struct harness h;
	struct msg_issuer root, issuing;
	struct msg_log_head log;
	struct msg_receipt_key receipts;
};

static void meet(struct world *w)
{
	harness_peer(&w->h, ROLE_CORE);
	harness_recv(&w->h, ROLE_CORE, MSG_issuer, &w->root, NULL, NULL);
	harness_recv(&w->h, ROLE_CORE, MSG_issuer, &w->issuing, NULL, NULL);
	harness_recv(&w->h, ROLE_CORE, MSG_log_head, &w->log, NULL, NULL);
	harness_recv(&w->h, ROLE_CORE, MSG_receipt_key, &w->receipts, NULL, NULL);
}

static void start(struct world *w, const char *dir)
{
	harness_start(&w->h, binary, ROLE_SIGNER, dir, keys);
	meet(w);
}

static void clear(struct world *w)
{
	harness_clear(MSG_log_head, &w->log);
	harness_clear(MSG_receipt_key, &w->receipts);
	harness_clear(MSG_issuer, &w->root);
	harness_clear(MSG_issuer, &w->issuing);
}

static void stop(struct world *w)
{
	clear(w);
	harness_stop(&w->h);
}

static struct msg_cert_signed sign(struct world *w, struct msg_sign_cert *m)
{
	struct msg_cert_signed out;
	uint64_t id;

	harness_send(&w->h, ROLE_CORE, MSG_sign_cert, 5, m, -1);
	harness_recv(&w->h, ROLE_CORE, MSG_cert_signed, &out, &id, NULL);
	assert_int_equal(5, id);
	return out;
}

static void test_the_issuers_are_told(void **state)
{
	struct world w;

	(void)state;
	start(&w, NULL);
	assert_string_equal("root", w.root.name);
	assert_string_equal("root", w.root.kind);
	assert_string_equal("", w.root.chain);
	assert_int_equal(1, w.root.can_sign);
	assert_string_equal("issuing-1", w.issuing.name);
	assert_string_equal("issuing", w.issuing.kind);
	assert_string_equal(w.root.certificate, w.issuing.chain);
	assert_int_equal(1, w.issuing.can_sign);
	harness_peer_close(&w.h, ROLE_CORE); /* a core that starts again is told again */
	clear(&w);
	meet(&w);
	stop(&w);
}

/* A checkpoint of the audit log, and none over a log that is shorter. */
static void test_checkpoints(void **state)
{
	struct world w;
	uint8_t root[32] = { 1 };
	struct msg_sign_log m = { .size = 3, .root = { root, sizeof(root) } };
	struct msg_log_signed signed_log;

	(void)state;
	start(&w, NULL);
	assert_int_equal(0, w.log.size);
	assert_non_null(strstr(w.log.verifier, "/audit+"));
	harness_send(&w.h, ROLE_CORE, MSG_sign_log, 5, &m, -1);
	harness_recv(&w.h, ROLE_CORE, MSG_log_signed, &signed_log, NULL, NULL);
	assert_non_null(strstr(signed_log.note, "/audit\n3\nAQAAAA"));
	m.size = 2;
	harness_send(&w.h, ROLE_CORE, MSG_sign_log, 6, &m, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 6, "audit.shrunk");
	m.root.len = 31;
	harness_send(&w.h, ROLE_CORE, MSG_sign_log, 7, &m, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 7, "ipc.field");
	harness_peer_close(&w.h, ROLE_CORE);
	clear(&w);
	meet(&w);
	assert_int_equal(3, w.log.size);
	assert_string_equal(signed_log.note, w.log.note);
	harness_clear(MSG_log_signed, &signed_log);
	stop(&w);
}

/* A receipt from typed fields, the same again when asked again with other ones, and nothing that is none. */
static void test_receipts(void **state)
{
#define SHA "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	struct msg_sign_receipt m = { .part = (char[]){ "hand-over" },
		.service = (char[]){ "https://ca.test" },
		.account = (char[]){ "acc_1" },
		.order = (char[]){ "ord_1" },
		.request = (char[]){ "req_1" },
		.product = (char[]){ "dv" },
		.made_by = (char[]){ "service" },
		.key_type = (char[]){ "ec:p256" },
		.spki_sha256 = (char[]){ SHA },
		.archive_sha256 = (char[]){ SHA },
		.archive_size = 5,
		.grade = (char[]){ "code" },
		.format = (char[]){ "zip" },
		.made_at = 10,
		.handed_over_at = 20,
		.issuer_kind = (char[]){ "private" },
		.handed_over_seq = 1,
		.handed_over_leaf = (char[]){ SHA } };
	struct msg_receipt_signed one, two;
	struct world w;

	(void)state;
	assert_int_equal(strv_add(&m.names, "www.example.com", NULL), ACSR_OK);
	start(&w, NULL);
	assert_non_null(strstr(w.receipts.verifier, "/receipts+"));
	assert_true(w.receipts.spki.len > 32);
	harness_send(&w.h, ROLE_CORE, MSG_sign_receipt, 5, &m, -1);
	harness_recv(&w.h, ROLE_CORE, MSG_receipt_signed, &one, NULL, NULL);
	assert_memory_equal(one.document.p, "{\"receipt\":\n{\"account\":\"acc_1\"", 30);
	m.archive_size = 6;
	harness_send(&w.h, ROLE_CORE, MSG_sign_receipt, 6, &m, -1);
	harness_recv(&w.h, ROLE_CORE, MSG_receipt_signed, &two, NULL, NULL);
	assert_int_equal(one.document.len, two.document.len);
	assert_memory_equal(one.document.p, two.document.p, one.document.len);
	m.request = (char[]){ "req_2" };
	m.part = (char[]){ "AutoCSR" };
	harness_send(&w.h, ROLE_CORE, MSG_sign_receipt, 7, &m, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 7, "receipt.field");
	harness_clear(MSG_receipt_signed, &one);
	harness_clear(MSG_receipt_signed, &two);
	strv_free(&m.names);
	stop(&w);
}

/* openssl agrees on the chain, the purpose, the name and the revocation. */
static void test_openssl_verifies_chain_and_crl(void **state)
{
	struct world w;
	struct msg_sign_cert m = ca_world_request(ca_world_csr("rsa:2048"), 1);
	struct msg_cert_signed cert;
	struct msg_crl_signed crl;
	struct msg_sign_crl c = { .issuer = (char[]){ "issuing-1" },
		.number = 1,
		.this_update = (uint64_t)clock_now() - 60,
		.next_update = (uint64_t)clock_now() + 86400 };
	const char *const verify =
		"openssl x509 -inform DER -in leaf.der -out leaf.pem && openssl verify -x509_strict -CAfile "
		"root.pem "
		"-untrusted issuing-1.pem -purpose sslserver -verify_hostname www.example.com leaf.pem";
	const char *const revoked =
		"openssl crl -inform DER -in c.crl -out c.pem && openssl verify -crl_check -CRLfile c.pem "
		"-CAfile root.pem -untrusted issuing-1.pem leaf.pem";

	(void)state;
	start(&w, NULL);
	cert = sign(&w, &m);
	ca_world_write(w.h.dir, "leaf.der", cert.certificate.p, cert.certificate.len);
	assert_int_equal(0, ca_world_run(w.h.dir, verify));
	harness_send(&w.h, ROLE_CORE, MSG_sign_crl, 6, &c, -1);
	harness_recv(&w.h, ROLE_CORE, MSG_crl_signed, &crl, NULL, NULL);
	ca_world_write(w.h.dir, "c.crl", crl.crl.p, crl.crl.len);
	assert_int_equal(0, ca_world_run(w.h.dir, revoked));
	harness_clear(MSG_crl_signed, &crl);
	assert_int_equal(ACSR_OK,
		strv_add(&c.entries, "55010101010101010101010101010101 1700000000 keyCompromise", NULL));
	c.number = 2;
	harness_send(&w.h, ROLE_CORE, MSG_sign_crl, 7, &c, -1);
	harness_recv(&w.h, ROLE_CORE, MSG_crl_signed, &crl, NULL, NULL);
	ca_world_write(w.h.dir, "c.crl", crl.crl.p, crl.crl.len);
	assert_int_equal(2, ca_world_run(w.h.dir, revoked));
	assert_int_equal(
		0, ca_world_run(w.h.dir, "grep -q 'certificate revoked' run.txt || openssl verify "
					 "-crl_check -CRLfile c.pem -CAfile root.pem -untrusted "
					 "issuing-1.pem leaf.pem 2>&1 | grep -q 'certificate revoked'"));
	c.number = 1;
	harness_send(&w.h, ROLE_CORE, MSG_sign_crl, 8, &c, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 8, "cert.crl.number");
	harness_clear(MSG_crl_signed, &crl);
	harness_clear(MSG_cert_signed, &cert);
	strv_free(&c.entries);
	ca_world_clear(&m);
	stop(&w);
}

static void test_a_repeat_gets_the_same_certificate(void **state)
{
	char dir[64];
	struct world w;
	struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), 2);
	struct msg_cert_signed a, b;

	(void)state;
	ca_world_dir(dir);
	start(&w, dir);
	a = sign(&w, &m);
	clear(&w);
	harness_kill(&w.h); /* the answer may or may not have reached core */
	start(&w, dir);
	b = sign(&w, &m);
	assert_int_equal(a.certificate.len, b.certificate.len);
	assert_memory_equal(a.certificate.p, b.certificate.p, a.certificate.len);
	m.not_after--;
	harness_send(&w.h, ROLE_CORE, MSG_sign_cert, 9, &m, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 9, "cert.serial-reused");
	harness_clear(MSG_cert_signed, &a);
	harness_clear(MSG_cert_signed, &b);
	ca_world_clear(&m);
	stop(&w);
	ca_world_remove(dir);
}

static void move_file(const char *dir, const char *from, const char *to)
{
	char a[128], b[128];

	snprintf(a, sizeof(a), "%s/%s", dir, from);
	snprintf(b, sizeof(b), "%s/%s", dir, to);
	assert_int_equal(0, rename(a, b));
}

static void test_the_root_key_may_be_away(void **state)
{
	char dir[64];
	struct world w;
	struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), 3);
	struct msg_sign_crl c = {
		.issuer = (char[]){ "root" }, .number = 1, .this_update = 1, .next_update = 2
	};
	struct msg_cert_signed out;

	(void)state;
	ca_world_dir(dir);
	start(&w, dir);
	stop(&w);
	move_file(dir, "root.key", "elsewhere");
	start(&w, dir);
	assert_int_equal(0, w.root.can_sign);
	assert_int_equal(1, w.issuing.can_sign);
	out = sign(&w, &m);
	harness_send(&w.h, ROLE_CORE, MSG_sign_crl, 4, &c, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 4, "state.issuer-offline");
	harness_clear(MSG_cert_signed, &out);
	ca_world_clear(&m);
	stop(&w);
	ca_world_remove(dir);
}

/* Killed after ever longer times, the first start leaves nothing half-made: whatever is there fits together,
 * and the next start makes it whole. */
static void test_a_first_start_that_is_killed(void **state)
{
	(void)state;
	for (int us = 0; us < 40000; us += 1000) {
		char dir[64];
		struct world w;

		ca_world_dir(dir);
		harness_launch(&w.h, binary, ROLE_SIGNER, dir, keys);
		usleep((useconds_t)us);
		harness_kill(&w.h);
		start(&w, dir);
		assert_int_equal(1, w.root.can_sign);
		assert_int_equal(1, w.issuing.can_sign);
		assert_int_equal(
			0, ca_world_run(dir, "openssl verify -x509_strict -CAfile root.pem issuing-1.pem"));
		assert_int_equal(0, ca_world_run(dir, "test $(ls | grep -c new) = 0"));
		stop(&w);
		ca_world_remove(dir);
	}
}

/* Killed after ever longer times behind a request: the next start either has that certificate or never signed
 * it, the same request succeeds, and every serial is in the log once. */
static void test_a_signer_that_is_killed_while_signing(void **state)
{
	const char *const once =
		"awk -F'\\t' '{print $3 $4}' issuance.log | sort | uniq -d > twice && test ! -s twice";
	char dir[64];

	(void)state;
	ca_world_dir(dir);
	for (int i = 0; i < 24; i++) {
		struct world w;
		struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), (uint8_t)(i + 1));
		struct msg_cert_signed a, b;

		start(&w, dir);
		harness_send(&w.h, ROLE_CORE, MSG_sign_cert, 1, &m, -1);
		usleep((useconds_t)(i * 300));
		harness_kill(&w.h);
		clear(&w);
		start(&w, dir);
		a = sign(&w, &m);
		b = sign(&w, &m);
		assert_int_equal(a.certificate.len, b.certificate.len);
		assert_memory_equal(a.certificate.p, b.certificate.p, a.certificate.len);
		harness_clear(MSG_cert_signed, &a);
		harness_clear(MSG_cert_signed, &b);
		ca_world_clear(&m);
		stop(&w);
		assert_int_equal(0, ca_world_run(dir, once));
	}
	ca_world_remove(dir);
}

static void test_keys_are_for_their_owner_only(void **state)
{
	struct world w;

	(void)state;
	start(&w, NULL);
	assert_int_equal(0, ca_world_run(w.h.dir, "test $(stat -c %a root.key issuing-1.key issuance.log | "
						  "sort -u) = 600"));
	assert_int_equal(0, ca_world_run(w.h.dir, "openssl pkey -noout -in root.key && head -1 root.key | "
						  "grep -q 'BEGIN PRIVATE KEY'"));
	stop(&w);
}

/* A full disk: nothing is signed, and when there is room again the same request succeeds. */
static void test_a_full_disk(void **state)
{
	struct world w;
	struct msg_sign_cert m = ca_world_request(ca_world_csr("ec:p256"), 4);
	struct msg_cert_signed out;
	struct rlimit small, old;
	struct stat st;
	char path[128];

	(void)state;
	start(&w, NULL);
	snprintf(path, sizeof(path), "%s/issuance.log", w.h.dir);
	assert_int_equal(0, stat(path, &st));
	assert_int_equal(0, prlimit(w.h.pid, RLIMIT_FSIZE, NULL, &old));
	small = (struct rlimit){ (rlim_t)st.st_size + 100, old.rlim_max };
	assert_int_equal(0, prlimit(w.h.pid, RLIMIT_FSIZE, &small, NULL));
	harness_send(&w.h, ROLE_CORE, MSG_sign_cert, 1, &m, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 1, "sys.nospace");
	small.rlim_cur = (rlim_t)st.st_size + 600; /* the first line fits, the certificate does not */
	assert_int_equal(0, prlimit(w.h.pid, RLIMIT_FSIZE, &small, NULL));
	harness_send(&w.h, ROLE_CORE, MSG_sign_cert, 2, &m, -1);
	harness_recv_failed(&w.h, ROLE_CORE, 2, "sys.nospace");
	assert_int_equal(0, prlimit(w.h.pid, RLIMIT_FSIZE, &old, NULL));
	out = sign(&w, &m);
	harness_clear(MSG_cert_signed, &out);
	assert_int_equal(0, ca_world_run(w.h.dir, "test $(grep -c \"$(printf '\\t')sign$(printf '\\t')\" "
						  "issuance.log) = 3"));
	ca_world_clear(&m);
	stop(&w);
}

static void test_a_second_signer_is_refused(void **state)
{
	struct world w;
	struct harness second;
	int status;

	(void)state;
	start(&w, NULL);
	harness_launch(&second, binary, ROLE_SIGNER, w.h.dir, keys);
	status = harness_wait(&second);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	second.dir[0] = '\0';
	harness_drop(&second);
	stop(&w);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_the_issuers_are_told),
		cmocka_unit_test(test_checkpoints),
		cmocka_unit_test(test_receipts),
		cmocka_unit_test(test_openssl_verifies_chain_and_crl),
		cmocka_unit_test(test_a_repeat_gets_the_same_certificate),
		cmocka_unit_test(test_the_root_key_may_be_away),
		cmocka_unit_test(test_a_first_start_that_is_killed),
		cmocka_unit_test(test_a_signer_that_is_killed_while_signing),
		cmocka_unit_test(test_keys_are_for_their_owner_only),
		cmocka_unit_test(test_a_full_disk),
		cmocka_unit_test(test_a_second_signer_is_refused),
	};

	if (argc != 2)
		return 2;
	binary = argv[1];
	return cmocka_run_group_tests(tests, NULL, NULL);
}
