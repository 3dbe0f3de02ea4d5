/* Merkle trees: the known answers of Certificate Transparency, and every proof of small trees against a
 * tree built by the definition. */
#include "check.h"

#include "autocsr/merkle.h"
#include "base/str.h"

enum { MOST = 70 };

/* The inputs and roots that RFC 6962 implementations test with. */
static const char *const inputs[] = { "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
	"606162636465666768696a6b6c6d6e6f" };
static const char *const roots[] = { "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
	"6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
	"fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
	"aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
	"d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
	"4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
	"76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
	"ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
	"5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328" };

static uint8_t leaves[MOST][ACSR_MERKLE_HASH];

static void naive(size_t first, size_t n, uint8_t out[ACSR_MERKLE_HASH])
{
	uint8_t l[ACSR_MERKLE_HASH], r[ACSR_MERKLE_HASH];
	size_t k = 1;

	if (n == 1) {
		memcpy(out, leaves[first], ACSR_MERKLE_HASH);
		return;
	}
	while (k * 2 < n)
		k *= 2;
	naive(first, k, l);
	naive(first + k, n - k, r);
	OK(acsr_merkle_node(l, r, out, &e));
}

static enum acsr_result get(
	void *arg, unsigned level, uint64_t index, uint8_t out[ACSR_MERKLE_HASH], struct acsr_err *e)
{
	size_t n = (size_t)1 << level;

	(void)e;
	assert_true((index + 1) * n <= *(size_t *)arg); /* only full subtrees are asked for */
	naive(index * n, n, out);
	return ACSR_OK;
}

static void known_roots(void **state)
{
	(void)state;
	for (size_t i = 0; i < 8; i++) {
		uint8_t raw[16];
		size_t n;

		OK(hex_decode(inputs[i], raw, sizeof(raw), &n, &e));
		OK(acsr_merkle_leaf(raw, n, leaves[i], &e));
	}
	for (size_t size = 0; size <= 8; size++) {
		uint8_t root[ACSR_MERKLE_HASH];
		char hex[65];

		OK(acsr_merkle_root(size, get, &size, root, &e));
		hex_encode(root, sizeof(root), hex);
		assert_string_equal(hex, roots[size]);
	}
}

static int fill(void **state)
{
	(void)state;
	for (size_t i = 0; i < MOST; i++)
		OK(acsr_merkle_leaf(&i, sizeof(i), leaves[i], &e));
	return 0;
}

static void every_leaf_is_proven_and_no_other(void **state)
{
	struct acsr_merkle_path path;
	uint8_t root[ACSR_MERKLE_HASH];

	(void)state;
	for (size_t size = 1; size <= MOST; size++) {
		naive(0, size, root);
		for (size_t i = 0; i < size; i++) {
			OK(acsr_merkle_inclusion(i, size, get, &size, &path, &e));
			OK(acsr_merkle_check_inclusion(leaves[i], i, size, &path, root, &e));
			FAILS("merkle.inclusion", acsr_merkle_check_inclusion(
							  leaves[(i + 1) % MOST], i, size, &path, root, &e));
			if (size > 1)
				FAILS("merkle.inclusion", acsr_merkle_check_inclusion(leaves[i],
								  (i + 1) % size, size, &path, root, &e));
			path.n++;
			FAILS("merkle.inclusion",
				acsr_merkle_check_inclusion(leaves[i], i, size, &path, root, &e));
			path.n--;
			if (path.n > 0) {
				path.v[0][0] ^= 1;
				FAILS("merkle.inclusion",
					acsr_merkle_check_inclusion(leaves[i], i, size, &path, root, &e));
			}
		}
		FAILS("merkle.range", acsr_merkle_inclusion(size, size, get, &size, &path, &e));
	}
}

static void growth_is_proven_and_change_is_not(void **state)
{
	struct acsr_merkle_path path;
	uint8_t old[ACSR_MERKLE_HASH], now[ACSR_MERKLE_HASH];

	(void)state;
	for (size_t to = 1; to <= MOST; to++) {
		naive(0, to, now);
		for (size_t from = 1; from <= to; from++) {
			naive(0, from, old);
			OK(acsr_merkle_consistency(from, to, get, &to, &path, &e));
			OK(acsr_merkle_check_consistency(from, old, to, now, &path, &e));
			old[3] ^= 1;
			FAILS("merkle.consistency",
				acsr_merkle_check_consistency(from, old, to, now, &path, &e));
			old[3] ^= 1;
			now[5] ^= 1;
			FAILS("merkle.consistency",
				acsr_merkle_check_consistency(from, old, to, now, &path, &e));
			now[5] ^= 1;
			if (path.n > 0) {
				path.v[path.n - 1][9] ^= 1;
				FAILS("merkle.consistency",
					acsr_merkle_check_consistency(from, old, to, now, &path, &e));
				path.n--;
				FAILS("merkle.consistency",
					acsr_merkle_check_consistency(from, old, to, now, &path, &e));
			}
		}
		FAILS("merkle.range", acsr_merkle_consistency(to + 1, to, get, &to, &path, &e));
		FAILS("merkle.range", acsr_merkle_consistency(0, to, get, &to, &path, &e));
	}
	path.n = 0;
	OK(acsr_merkle_check_consistency(0, old, MOST, now, &path, &e));
	FAILS("merkle.consistency", acsr_merkle_check_consistency(MOST, now, 3, old, &path, &e));
}

static enum acsr_result is_full(
	void *arg, unsigned level, uint64_t index, const uint8_t hash[ACSR_MERKLE_HASH], struct acsr_err *e)
{
	uint8_t want[ACSR_MERKLE_HASH];

	(void)e;
	naive((size_t)index << level, (size_t)1 << level, want);
	assert_memory_equal(hash, want, sizeof(want));
	++*(size_t *)arg;
	return ACSR_OK;
}

static void a_log_read_from_its_start_gives_every_root(void **state)
{
	struct acsr_merkle_edge t = { .size = 0 };
	uint8_t want[ACSR_MERKLE_HASH], root[ACSR_MERKLE_HASH];
	size_t full = 0;

	(void)state;
	for (size_t i = 0; i < MOST; i++) {
		OK(acsr_merkle_edge_add(&t, leaves[i], is_full, &full, &e));
		OK(acsr_merkle_edge_root(&t, root, &e));
		naive(0, i + 1, want);
		assert_memory_equal(root, want, sizeof(want));
	}
	assert_int_equal(full, 35 + 17 + 8 + 4 + 2 + 1); /* pairs, fours … of 70 */
}

static void texts_are_kept_apart(void **state)
{
	static const char *const a[] = { "ab", "c" }, *const b[] = { "a", "bc" };
	uint8_t x[ACSR_MERKLE_HASH], y[ACSR_MERKLE_HASH];

	(void)state;
	OK(acsr_merkle_leaf_of_texts(a, 2, x, &e));
	OK(acsr_merkle_leaf("ab\0c", 5, y, &e));
	assert_memory_equal(x, y, sizeof(x));
	OK(acsr_merkle_leaf_of_texts(b, 2, y, &e));
	assert_memory_not_equal(x, y, sizeof(x));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_roots),
		cmocka_unit_test_setup(every_leaf_is_proven_and_no_other, fill),
		cmocka_unit_test_setup(growth_is_proven_and_change_is_not, fill),
		cmocka_unit_test_setup(a_log_read_from_its_start_gives_every_root, fill),
		cmocka_unit_test(texts_are_kept_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
