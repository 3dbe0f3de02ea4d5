/*
 * server.h: which files a server wants, and the lines of configuration that name them.
 *
 * Run: server haproxy
 * Prints: www.example.com…
 * Prints: haproxy
 */
#include <stdio.h>

#include <autocsr/server.h>

int main(int argc, char **argv)
{
	const struct acsr_server *server;
	struct acsr_err e;

	if (argc != 2 || acsr_server_find(&server, argv[1], &e) != ACSR_OK) {
		fprintf(stderr, "%s\nthere are:", argc == 2 ? e.text : "usage: server NAME");
		for (size_t i = 0; (server = acsr_server_at(i)) != NULL; i++)
			fprintf(stderr, " %s", server->name);
		fprintf(stderr, "\n");
		return 2;
	}
	printf("%s (%s) wants\n", server->title, server->name);
	for (int i = 0; i < 2 && server->files[i].part != 0; i++)
		printf("  www.example.com%s%s\n", server->files[i].suffix,
			acsr_server_secret(&server->files[i]) ? ", readable by root only" : "");
	printf("and in its configuration\n%s", server->config);
	return 0;
}
