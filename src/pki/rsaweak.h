/*
 * Weak RSA moduli: what can be told from the number alone, fast enough to ask of every key.
 * Each answers RSA_WEAK or RSA_FINE, or RSA_NOMEM when it could not finish. n is odd and positive.
 */
#ifndef PKI_RSAWEAK_H
#define PKI_RSAWEAK_H

#include <openssl/bn.h>

enum rsa_answer { RSA_FINE, RSA_WEAK, RSA_NOMEM };

/* A prime factor from 3 to below limit (at most 65536); n itself does not count. */
enum rsa_answer rsa_small_factor(const BIGNUM *n, unsigned limit);
/* CVE-2017-15361, by its fingerprint (Nemec et al., 2017). One sound key in 2^28 looks like it. */
enum rsa_answer rsa_roca(const BIGNUM *n);
/* Close primes: Fermat's method, so many rounds (CVE-2022-26320). Squares too. */
enum rsa_answer rsa_fermat(const BIGNUM *n, unsigned rounds, BN_CTX *ctx);
/* n = a^k with k >= 3, for a without factors below 752; squares are found by rsa_fermat. */
enum rsa_answer rsa_perfect_power(const BIGNUM *n, BN_CTX *ctx);
/* n is itself prime, so its private exponent is no secret. Costs a modular exponentiation. */
enum rsa_answer rsa_prime(const BIGNUM *n, BN_CTX *ctx);

#endif
