/* Records out of DNS messages: those of the name that was asked for and no others, and nothing out of broken ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "prober/dnsreply.h"

#define W "\3WWW\7example\0"
#define AT_WWW "\xc0\x0c"
#define AT_EXAMPLE "\xc0\x10"
#define IN "\0\1"
#define TTL(n) "\0\0\0" n

struct message {
	uint8_t p[8192];
	size_t n;
};

static void put(struct message *m, const char *p, size_t n)
{
	assert_true(m->n + n <= sizeof(m->p));
	memcpy(m->p + m->n, p, n);
	m->n += n;
}

#define PUT(m, text) put(m, text, sizeof(text) - 1)

/* A question about www.example, so many answers and authorities to come. */
static struct message begin(unsigned rcode, unsigned answers, unsigned authorities)
{
	struct message m = { .p = { 0x12, 0x34, 0x81, (uint8_t)(0x80 | rcode), 0, 1, 0, (uint8_t)answers, 0,
				     (uint8_t)authorities, 0, 0 },
		.n = 12 };

	PUT(&m, W "\0\1" IN);
	return m;
}

static struct dns_reply last;

/* What is in *r stays until the next call. */
static bool reads(struct dns_reply *r, const struct message *m, int type)
{
	bool good;

	dns_reply_free(&last);
	good = dns_reply_read(&last, (struct bytes){ m->p, m->n }, type);
	*r = last;
	return good;
}

/* Every shorter message is refused, and the parts behind the bytes are not touched (valgrind, ASan). */
static void only_whole(const struct message *m, int type)
{
	struct dns_reply r;

	for (size_t n = 0; n < m->n; n++) {
		uint8_t *exact = n > 0 ? memcpy(test_malloc(n), m->p, n) : NULL;

		assert_false(dns_reply_read(&r, (struct bytes){ exact, n }, type));
		dns_reply_free(&r);
		if (exact != NULL)
			test_free(exact);
	}
}

static void addresses_of_the_name(void **state)
{
	struct message m = begin(0, 3, 0);
	struct dns_reply r;

	(void)state;
	PUT(&m, AT_WWW "\0\1" IN TTL("\x09") "\0\4\x7f\0\0\1");
	PUT(&m, "\3www\7EXAMPLE\0\0\1" IN TTL("\x05") "\0\4\x7f\0\0\2");
	PUT(&m, AT_EXAMPLE "\0\1" IN TTL("\x07") "\0\4\x7f\0\0\3"); /* another name's */
	assert_true(reads(&r, &m, DNS_A));
	assert_int_equal(r.rcode, 0);
	assert_int_equal(r.n, 2);
	assert_memory_equal(r.rdata[0].p, "\x7f\0\0\1", 4);
	assert_memory_equal(r.rdata[1].p, "\x7f\0\0\2", 4);
	assert_int_equal(r.rdata[1].len, 4);
	assert_int_equal(r.ttl, 5);
	only_whole(&m, DNS_A);
	assert_true(reads(&r, &m, DNS_AAAA));
	assert_int_equal(r.n, 0);
}

static void chain(struct message *m)
{
	PUT(m, AT_WWW "\0\5" IN TTL("\x09") "\0\4\1a" AT_EXAMPLE);
	PUT(m, "\1A" AT_EXAMPLE "\0\5" IN TTL("\x08") "\0\3\1b\0");
	PUT(m, "\1b\0\0\x10" IN TTL("\x63") "\0\3\2ok");
}

static void a_chain_is_followed(void **state)
{
	struct message m = begin(0, 3, 0);
	struct dns_reply r;

	(void)state;
	chain(&m);
	assert_true(reads(&r, &m, DNS_TXT));
	assert_int_equal(r.n, 1);
	assert_memory_equal(r.rdata[0].p, "\2ok", 3);
	assert_int_equal(r.ttl, 8);
	only_whole(&m, DNS_TXT);
}

static void a_target_is_written_out(void **state)
{
	struct message m = begin(0, 3, 0);
	struct dns_reply r;

	(void)state;
	chain(&m);
	assert_true(reads(&r, &m, DNS_CNAME));
	assert_int_equal(r.n, 1);
	assert_int_equal(r.rdata[0].len, 11);
	assert_memory_equal(r.rdata[0].p, "\1a\7example", 11);
}

static void other_classes_are_passed_over(void **state)
{
	struct message m = begin(0, 1, 0);
	struct dns_reply r;

	(void)state;
	PUT(&m, AT_WWW "\0\1\0\3" TTL("\x09") "\0\4\x7f\0\0\1");
	assert_true(reads(&r, &m, DNS_A));
	assert_int_equal(r.n, 0);
}

/* How long a "no" holds is in the SOA (RFC 2308); an answer's time does not come from there. */
static void times_of_negative_answers(void **state)
{
	static const char soa[] =
		"\0\0\6" IN TTL("\x03") "\0\x16\0\0\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1\0\0\0\1";
	struct message m = begin(3, 0, 1), yes = begin(0, 1, 1), none = begin(0, 0, 0), old = begin(0, 1, 0);
	struct dns_reply r;

	(void)state;
	put(&m, soa, sizeof(soa) - 1);
	assert_true(reads(&r, &m, DNS_A));
	assert_int_equal(r.rcode, 3);
	assert_int_equal(r.ttl, 3);
	only_whole(&m, DNS_A);
	PUT(&yes, AT_WWW "\0\1" IN TTL("\x09") "\0\4\x7f\0\0\1");
	put(&yes, soa, sizeof(soa) - 1);
	assert_true(reads(&r, &yes, DNS_A));
	assert_int_equal(r.ttl, 9);
	assert_true(reads(&r, &none, DNS_A));
	assert_int_equal(r.ttl, 0);
	PUT(&old, AT_WWW "\0\1" IN "\x80\0\0\1\0\4\x7f\0\0\1"); /* RFC 2181 8 */
	assert_true(reads(&r, &old, DNS_A));
	assert_int_equal(r.ttl, 0);
}

static void all_of_them(void **state)
{
	enum { MANY = 200 };
	struct message m = begin(0, MANY, 0), few = begin(0, 255, 0);
	struct dns_reply r;

	(void)state;
	for (unsigned i = 0; i < MANY; i++) {
		PUT(&m, AT_WWW "\0\1" IN TTL("\x09") "\0\4\x7f\0\0");
		put(&m, (const char[]){ (char)i }, 1);
	}
	assert_true(reads(&r, &m, DNS_A));
	assert_int_equal(r.n, MANY);
	for (unsigned i = 0; i < MANY; i++)
		assert_int_equal(r.rdata[i].p[3], i);
	PUT(&few, AT_WWW "\0\1" IN TTL("\x09") "\0\4\x7f\0\0\1"); /* fewer than were counted */
	assert_false(reads(&r, &few, DNS_A));
}

/* One answer whose owner, or CNAME, is this name. */
static bool reads_name(const char *p, size_t n, bool as_target)
{
	struct message m = begin(0, 1, 0);
	struct dns_reply r;

	if (as_target) {
		PUT(&m, AT_WWW "\0\5" IN TTL("\x09"));
		put(&m, (const char[]){ (char)(n >> 8), (char)n }, 2);
		put(&m, p, n);
	} else {
		put(&m, p, n);
		PUT(&m, "\0\1" IN TTL("\x09") "\0\4\x7f\0\0\1");
	}
	return reads(&r, &m, as_target ? DNS_CNAME : DNS_A);
}

static void names_end(void **state)
{
	char longest[400];

	(void)state;
	for (int target = 0; target < 2; target++) {
		assert_true(reads_name("\3abc", 5, target));
		/* to itself: the name is the first thing of the record, or the last */
		assert_false(reads_name(target ? "\xc0\x29" : "\xc0\x1d", 2, target));
		assert_false(reads_name("\xc0\xff", 2, target)); /* out of the message */
		assert_false(reads_name(target ? "\1a\xc0\x29" : "\1a\xc0\x1d", 4, target)); /* a circle */
		assert_false(reads_name("\x40"
					"a",
			3, target)); /* a label of no kind */
		memset(longest, 1, sizeof(longest));
		longest[254] = 0;
		assert_true(reads_name(longest, 255, target));
		longest[254] = 1;
		longest[256] = 0;
		assert_false(reads_name(longest, 257, target));
	}
	assert_false(reads_name("\1a\0\0", 4, true)); /* more than a name */
	assert_false(reads_name("\3ab", 3, true));    /* less */
}

static void there_is_one_question(void **state)
{
	struct message m = begin(0, 0, 0);
	struct dns_reply r;

	(void)state;
	assert_true(reads(&r, &m, DNS_A));
	m.p[5] = 0;
	assert_false(reads(&r, &m, DNS_A));
	m.p[5] = 2;
	assert_false(reads(&r, &m, DNS_A));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_of_the_name),
		cmocka_unit_test(a_chain_is_followed),
		cmocka_unit_test(a_target_is_written_out),
		cmocka_unit_test(other_classes_are_passed_over),
		cmocka_unit_test(times_of_negative_answers),
		cmocka_unit_test(all_of_them),
		cmocka_unit_test(names_end),
		cmocka_unit_test(there_is_one_question),
	};

	int failed = cmocka_run_group_tests(tests, NULL, NULL);

	dns_reply_free(&last);
	return failed;
}
