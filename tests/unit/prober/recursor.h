/* A plain recursive resolver, as an operator may have one: answers whole chains, out of a cache, without AA
 * and without validating. */
#ifndef TESTS_PROBER_RECURSOR_H
#define TESTS_PROBER_RECURSOR_H

/* On a thread and a UDP port of 127.0.0.1, in front of the authority at that port. Ends with the test. */
int recursor_up(int authority_port);

#endif
