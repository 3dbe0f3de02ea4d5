/*
 * What an ACME server looks at while it is measured: the file of http-01 (RFC 8555 8.3) and a name server for which
 * every name is this machine. Two threads on loopback, so that they cost the same for every server.
 */
#ifndef BENCH_ACME_NET_H
#define BENCH_ACME_NET_H

enum { NET_ACCOUNTS = 64 };

/* Thumbprint of the account number that a host name begins with: "7-123.bench.test" is of account 7. Set before the
 * threads run. */
extern char net_thumbprints[NET_ACCOUNTS][44];

/* Both on 127.0.0.1; they run until the process ends. 0, or -1 with errno. */
int net_http(int port);
int net_dns(int port);

#endif
