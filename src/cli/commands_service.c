/* The table of commands that talk to a service. */
#include "cli/cmds.h"
#include "cli/order_flow.h"

static const struct opt login[] = {
	{ "server", OPT_ONE, "URL", "the service, https://ca.example.com (or AUTOCSR_SERVER)" },
	{ "ca-file", OPT_ONE, "FILE", "PEM roots to trust for it (or AUTOCSR_CA_FILE); a copy is kept" },
	{ "email", OPT_ONE, "ADDRESS", "who; asked for when left out" },
	{ "password-file", OPT_ONE, "FILE", "file with the password; asked for when left out" },
	{ "totp", OPT_ONE, "CODE", "code of the second factor; asked for when it is wanted" },
	{ "name", OPT_ONE, "TEXT", "what the new token is called" },
	{ "expires", OPT_ONE, "TIME", "when the new token ends, 2027-01-01T00:00:00Z" },
	{ "token-file", OPT_ONE, "FILE", "keep this token instead of making one with a password" },
	{ 0 },
};

static const struct opt order_new[] = {
	{ "product", OPT_ONE, "ID", "dv, dv-wildcard, ov, ev … (autocsr product list)" },
	{ "host", OPT_MANY, "NAME", "names for the certificate" },
	{ "csr", OPT_ONE, "FILE", "your own CSR; without it the service makes the key" },
	{ "archive", OPT_ONE, "FILE.zip",
		"where the key's archive goes (0600); FIRST-NAME.zip when left out" },
	{ "key", OPT_ONE, "TYPE", "rsa:2048, ec:p256 …; the product's default when left out" },
	{ "validation", OPT_ONE, "METHOD", "http or dns" },
	{ "delivery", OPT_ONE, "WAY", "download (default) or email" },
	{ "email", OPT_ONE, "ADDRESS", "for delivery by e-mail: a user of the account" },
	{ "organisation", OPT_ONE, "ID", "for OV and EV (autocsr organisation list)" },
	{ "subject", OPT_ONE, "DN", "'O=…,L=…,C=DE', where the product takes it" },
	{ "idempotency-key", OPT_ONE, "TEXT",
		"the same key places the same order once; made up when left out" },
	ORDER_FLOW_OPTIONS,
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const struct opt order_list[] = {
	{ "state", OPT_ONE, "STATE", "handover, validating, issued, …" },
	{ "product", OPT_ONE, "ID", "orders of that product" },
	{ "search", OPT_ONE, "TEXT", "part of a name, id or serial" },
	{ "sort", OPT_ONE, "KEY", "created (default, newest first) or expires" },
	{ "limit", OPT_ONE, "N", "at least this many are enough (1000)" },
	{ "all", OPT_FLAG, NULL, "orders of every account (operator)" },
	{ 0 },
};

static const struct opt order_cert[] = {
	{ "format", OPT_ONE, "FORMAT", "leaf, chain, fullchain (default), der, p7b" },
	{ "serial", OPT_ONE, "HEX", "one of several; the newest when left out" },
	{ "out", OPT_ONE, "FILE", "standard output when left out" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const struct opt order_csr[] = {
	{ "out", OPT_ONE, "FILE", "standard output when left out" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const struct opt order_code[] = {
	{ "password-file", OPT_ONE, "FILE", "file with your password; asked for when left out" },
	{ "totp", OPT_ONE, "CODE", "code of the second factor; asked for when it is wanted" },
	{ "out", OPT_ONE, "FILE", "write the bare code there (0600) instead of showing it" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const struct opt order_archive[] = {
	{ "archive", OPT_ONE, "FILE.zip", "where the key's archive goes (0600)" },
	ORDER_FLOW_OPTIONS,
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const struct opt order_validate[] = {
	{ "host", OPT_ONE, "NAME", "this name only" },
	{ "method", OPT_ONE, "METHOD", "http or dns" },
	{ 0 },
};

static const struct opt order_reissue[] = {
	{ "csr", OPT_ONE, "FILE", "a CSR with a new key of yours" },
	{ "archive", OPT_ONE, "FILE.zip", "where the new key's archive goes (0600)" },
	{ "key", OPT_ONE, "TYPE", "type of the new key" },
	{ "delivery", OPT_ONE, "WAY", "download (default) or email" },
	ORDER_FLOW_OPTIONS,
	{ "force", OPT_FLAG, NULL, "replace files that exist" },
	{ 0 },
};

static const struct opt order_revoke[] = {
	{ "reason", OPT_ONE, "REASON",
		"unspecified (default), keyCompromise, affiliationChanged, superseded, "
		"cessationOfOperation" },
	{ "serial", OPT_ONE, "HEX", "this certificate only" },
	{ 0 },
};

static const struct opt organisation_new[] = {
	{ "name", OPT_ONE, "TEXT", "registered name" },
	{ "street", OPT_ONE, "TEXT", "street and number" },
	{ "locality", OPT_ONE, "TEXT", "city" },
	{ "state", OPT_ONE, "TEXT", "state or province" },
	{ "postal-code", OPT_ONE, "TEXT", "postal code" },
	{ "country", OPT_ONE, "CC", "two letters" },
	{ "registration-number", OPT_ONE, "TEXT", "in its register (EV)" },
	{ "business-category", OPT_ONE, "TEXT", "Private Organization, Government Entity … (EV)" },
	{ "jurisdiction-country", OPT_ONE, "CC", "where it is registered (EV)" },
	{ "jurisdiction-state", OPT_ONE, "TEXT", "where it is registered (EV)" },
	{ "phone", OPT_ONE, "NUMBER", "published telephone number" },
	{ 0 },
};

static const struct opt user_list[] = {
	{ "all", OPT_FLAG, NULL, "users of every account (operator)" },
	{ 0 },
};

static const struct opt user_invite[] = {
	{ "role", OPT_ONE, "ROLE", "member (default), owner, auditor" },
	{ 0 },
};

static const struct opt token_new[] = {
	{ "expires", OPT_ONE, "TIME", "2027-01-01T00:00:00Z; never when left out" },
	{ "read-only", OPT_FLAG, NULL, "the token may only read" },
	{ "out", OPT_ONE, "FILE", "write the token there (0600) instead of showing it" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const struct opt ca_crl[] = {
	{ "publish", OPT_FLAG, NULL, "sign and publish a new one first (operator)" },
	{ "out", OPT_ONE, "FILE.crl", "save it (DER)" },
	{ "force", OPT_FLAG, NULL, "replace a file that exists" },
	{ 0 },
};

static const struct opt audit_list[] = {
	{ "after", OPT_ONE, "N", "entries behind this one" },
	{ "limit", OPT_ONE, "N", "at most this many (100)" },
	{ "all", OPT_FLAG, NULL, "every account (operator)" },
	{ 0 },
};

static const char login_text[] = "The password becomes an API token of this machine's own and is forgotten. "
				 "Server, CA file and token are\n"
				 "kept in ~/.config/autocsr, readable by you alone; autocsr logout removes "
				 "them and deletes the token.\n"
				 "\n"
				 "  autocsr login --server https://ca.example.com --ca-file root.pem\n";

static const char order_new_text[] =
	"Without --csr the service makes the key. Its archive is saved and made durable before it is "
	"acknowledged;\n"
	"only then does the order go on. The unlock code comes by a second way: autocsr order code ID.\n"
	"\n"
	"  autocsr order new --product dv --host www.example.com --archive www.zip --wait\n"
	"      prints what to publish, and waits\n"
	"  autocsr order new --product dv --host www.example.com --archive www.zip \\\n"
	"      --standalone 0.0.0.0:80 --cert fullchain.pem\n"
	"      answers the validation itself\n"
	"  autocsr order new --product dv --host www.example.com --csr www.csr --validation dns\n";

static const char order_show_text[] = "State, what comes next, what to publish, certificates, events.\n"
				      "\n"
				      "  autocsr order show ord_1a2b3c\n";

static const char order_list_text[] = "  autocsr order list --state issued --sort expires\n";

static const char order_cert_text[] = "  autocsr order cert ord_1a2b3c --out fullchain.pem\n"
				      "  autocsr order cert ord_1a2b3c --format p7b --out www.p7b\n";

static const char order_csr_text[] = "  autocsr order csr ord_1a2b3c | autocsr csr show -\n";

static const char order_code_text[] =
	"Every reveal is written to the audit log. The code is destroyed after its window.\n"
	"\n"
	"  autocsr order code ord_1a2b3c\n"
	"  autocsr order code ord_1a2b3c --password-file p.txt --totp 123456 --out code.txt\n"
	"  autocsr archive open www.zip --code-file code.txt --out www.key\n";

static const char order_archive_text[] = "For an order whose archive was lost, broken or never taken: the "
					 "old key is void, a new one is made.\n"
					 "\n"
					 "  autocsr order archive ord_1a2b3c --archive www.zip --wait\n";

static const char order_validate_text[] = "Looks now instead of at the next planned time.\n"
					  "\n"
					  "  autocsr order validate ord_1a2b3c\n";

static const char order_reissue_text[] = "A reissue always has a new key.\n"
					 "\n"
					 "  autocsr order reissue ord_1a2b3c --archive www-2.zip --wait\n";

static const char order_revoke_text[] =
	"Cannot be undone. Without --serial every valid certificate of the order is revoked.\n"
	"\n"
	"  autocsr order revoke ord_1a2b3c --reason keyCompromise\n";

static const char order_cancel_text[] = "  autocsr order cancel ord_1a2b3c\n";

static const char product_list_text[] = "  autocsr product list\n";

static const char organisation_list_text[] = "  autocsr organisation list\n";

static const char organisation_new_text[] = "  autocsr organisation new --name 'Example GmbH' --street 'Weg "
					    "1' --locality Berlin --postal-code 10115 \\\n"
					    "      --country DE\n";

static const char account_show_text[] = "  autocsr account show\n";

static const char user_list_text[] = "  autocsr user list\n";

static const char user_invite_text[] = "The invitation goes by mail and holds for seven days.\n"
				       "\n"
				       "  autocsr user invite bob@example.com --role auditor\n";

static const char token_list_text[] = "  autocsr token list\n";

static const char token_new_text[] = "  autocsr token new monitoring --read-only --out monitoring.token\n";

static const char token_delete_text[] = "  autocsr token delete tok_1a2b3c\n";

static const char ca_show_text[] = "  autocsr ca show\n";

static const char ca_crl_text[] = "  autocsr ca crl --out ca.crl\n"
				  "  autocsr ca crl --publish\n";

static const char audit_verify_text[] = "Walks the whole chain. Exit code 1 when it is broken.\n"
					"\n"
					"  autocsr audit verify\n";

static const char audit_list_text[] = "  autocsr audit list --after 1200\n";

static const char status_text[] = "  autocsr status\n";

#define RUN(name) .run = cmd_##name##_run, .show = cmd_##name##_show
#define SERVICE(name) .service = true, RUN(name)

const struct command command_online[] = {
	{ "login", NULL, "", 0, 0, "keep a service and a token for it", login_text, login, RUN(login) },
	{ "logout", NULL, "", 0, 0, "forget them, and delete the token", NULL, NULL, RUN(logout) },
	{ "order", "new", "", 0, 0, "order a certificate, with or without a CSR", order_new_text, order_new,
		SERVICE(order_new) },
	{ "order", "list", "", 0, 0, "orders of your account", order_list_text, order_list,
		SERVICE(order_list) },
	{ "order", "show", "ID", 1, 1, "everything about one order", order_show_text, NULL,
		SERVICE(order_show) },
	{ "order", "cert", "ID", 1, 1, "the certificate", order_cert_text, order_cert, SERVICE(order_cert) },
	{ "order", "csr", "ID", 1, 1, "the CSR that the service submits", order_csr_text, order_csr,
		SERVICE(order_csr) },
	{ "order", "code", "ID", 1, 1, "reveal the archive's unlock code", order_code_text, order_code,
		SERVICE(order_code) },
	{ "order", "archive", "ID", 1, 1, "a new key and archive before the order goes on",
		order_archive_text, order_archive, SERVICE(order_archive) },
	{ "order", "validate", "ID", 1, 1, "check the domain now", order_validate_text, order_validate,
		SERVICE(order_validate) },
	{ "order", "reissue", "ID", 1, 1, "a new certificate with a new key", order_reissue_text,
		order_reissue, SERVICE(order_reissue) },
	{ "order", "revoke", "ID", 1, 1, "revoke certificates of an order", order_revoke_text, order_revoke,
		SERVICE(order_revoke) },
	{ "order", "cancel", "ID", 1, 1, "give an order up", order_cancel_text, NULL, SERVICE(order_cancel) },
	{ "product", "list", "", 0, 0, "what can be ordered", product_list_text, NULL,
		SERVICE(product_list) },
	{ "organisation", "list", "", 0, 0, "organisations for OV and EV", organisation_list_text, NULL,
		SERVICE(organisation_list) },
	{ "organisation", "new", "", 0, 0, "add an organisation", organisation_new_text, organisation_new,
		SERVICE(organisation_new) },
	{ "account", "show", "", 0, 0, "your account", account_show_text, NULL, SERVICE(account_show) },
	{ "user", "list", "", 0, 0, "people of your account", user_list_text, user_list, SERVICE(user_list) },
	{ "user", "invite", "E-MAIL", 1, 1, "invite somebody by mail", user_invite_text, user_invite,
		SERVICE(user_invite) },
	{ "token", "list", "", 0, 0, "API tokens", token_list_text, NULL, SERVICE(token_list) },
	{ "token", "new", "NAME", 1, 1, "make an API token", token_new_text, token_new, SERVICE(token_new) },
	{ "token", "delete", "ID", 1, 1, "delete an API token", token_delete_text, NULL,
		SERVICE(token_delete) },
	{ "ca", "show", "", 0, 0, "the service's issuers", ca_show_text, NULL, SERVICE(ca_show) },
	{ "ca", "crl", "[ISSUER]", 0, 1, "the revocation list", ca_crl_text, ca_crl, SERVICE(ca_crl) },
	{ "audit", "verify", "", 0, 0, "is the audit log whole?", audit_verify_text, NULL,
		SERVICE(audit_verify) },
	{ "audit", "list", "", 0, 0, "entries of the audit log", audit_list_text, audit_list,
		SERVICE(audit_list) },
	{ "status", NULL, "", 0, 0, "processes, jobs and orders (operator)", status_text, NULL,
		SERVICE(status) },
	{ 0 },
};
