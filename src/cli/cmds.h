/* The functions behind the command tables, one pair or more a file: run does, show tells. */
#ifndef CLI_CMDS_H
#define CLI_CMDS_H

#include "cli/command.h"

#define COMMAND(name)                                                                       \
	ACSR_MUST_USE enum acsr_result cmd_##name##_run(struct cli *c, struct acsr_err *e); \
	void cmd_##name##_show(struct cli *c, const json_t *result)

/* toolkit */
COMMAND(csr_new);
COMMAND(csr_show);
COMMAND(csr_check);
COMMAND(match);
COMMAND(key_check);
COMMAND(archive_open);
COMMAND(archive_show);
COMMAND(cert_show);
COMMAND(cert_verify);
COMMAND(cert_convert);

/* against a service */
COMMAND(login);
COMMAND(logout);
COMMAND(order_new);
COMMAND(order_list);
COMMAND(order_show);
COMMAND(order_cert);
COMMAND(order_csr);
COMMAND(order_code);
COMMAND(order_archive);
COMMAND(order_validate);
COMMAND(order_reissue);
COMMAND(order_revoke);
COMMAND(order_cancel);
COMMAND(product_list);
COMMAND(organisation_list);
COMMAND(organisation_new);
COMMAND(account_show);
COMMAND(user_list);
COMMAND(user_invite);
COMMAND(token_list);
COMMAND(token_new);
COMMAND(token_delete);
COMMAND(ca_show);
COMMAND(ca_crl);
COMMAND(audit_verify);
COMMAND(audit_list);
COMMAND(status);

#endif
