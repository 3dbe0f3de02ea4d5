/* Every command, one object each, at the end of the file that does its work. */
#ifndef CLI_CMDS_H
#define CLI_CMDS_H

#include "cli/command.h"

/* toolkit */
extern const struct command cmd_show;
extern const struct command cmd_schema;
extern const struct command cmd_csr_new;
extern const struct command cmd_csr_show;
extern const struct command cmd_csr_check;
extern const struct command cmd_match;
extern const struct command cmd_key_show;
extern const struct command cmd_key_check;
extern const struct command cmd_key_list;
extern const struct command cmd_crl_show;
extern const struct command cmd_archive_make;
extern const struct command cmd_archive_open;
extern const struct command cmd_archive_show;
extern const struct command cmd_cert_show;
extern const struct command cmd_cert_verify;
extern const struct command cmd_cert_convert;
extern const struct command cmd_convert;
extern const struct command cmd_receipt_verify;
extern const struct command cmd_completion;

/* against a service */
extern const struct command cmd_login;
extern const struct command cmd_logout;
extern const struct command cmd_order_new;
extern const struct command cmd_order_list;
extern const struct command cmd_order_show;
extern const struct command cmd_order_cert;
extern const struct command cmd_order_csr;
extern const struct command cmd_order_code;
extern const struct command cmd_order_archive;
extern const struct command cmd_order_receipt;
extern const struct command cmd_order_validate;
extern const struct command cmd_order_reissue;
extern const struct command cmd_order_revoke;
extern const struct command cmd_order_cancel;
extern const struct command cmd_order_import;
extern const struct command cmd_product_list;
extern const struct command cmd_product_show;
extern const struct command cmd_product_add;
extern const struct command cmd_product_change;
extern const struct command cmd_organisation_list;
extern const struct command cmd_organisation_new;
extern const struct command cmd_account_show;
extern const struct command cmd_user_list;
extern const struct command cmd_user_invite;
extern const struct command cmd_token_list;
extern const struct command cmd_token_new;
extern const struct command cmd_token_delete;
extern const struct command cmd_ca_show;
extern const struct command cmd_ca_crl;
extern const struct command cmd_ca_statement;
extern const struct command cmd_issuer_list;
extern const struct command cmd_issuer_show;
extern const struct command cmd_issuer_add;
extern const struct command cmd_issuer_change;
extern const struct command cmd_issuer_remove;
extern const struct command cmd_issuer_register;
extern const struct command cmd_issuer_roll;
extern const struct command cmd_issuer_deactivate;
extern const struct command cmd_acme_directory_list;
extern const struct command cmd_acme_directory_show;
extern const struct command cmd_acme_directory_add;
extern const struct command cmd_acme_directory_change;
extern const struct command cmd_acme_directory_remove;
extern const struct command cmd_acme_eab_list;
extern const struct command cmd_acme_eab_new;
extern const struct command cmd_acme_eab_revoke;
extern const struct command cmd_acme_account_list;
extern const struct command cmd_acme_account_deactivate;
extern const struct command cmd_receipt_key;
extern const struct command cmd_audit_verify;
extern const struct command cmd_audit_list;
extern const struct command cmd_audit_export;
extern const struct command cmd_status;
extern const struct command cmd_forensic;

#endif
