/* The handlers of all routes (routes.c), one line each, grouped by the file that has them. */
#ifndef CORE_HANDLERS_H
#define CORE_HANDLERS_H

#include "core/request.h"

/* register.c: new accounts, by a link that is mailed */
handler_fn register_start, register_confirm;
/* session.c */
handler_fn session_login, session_show, session_logout;
/* device.c: what a user is known by */
handler_fn device_list, device_delete;
/* password.c: changing and resetting */
handler_fn password_change, password_reset_start, password_reset_confirm;
/* user.c: the people of an account, invitations */
handler_fn account_show, account_change, user_list, user_invite, user_accept, user_change, user_delete,
	user_second_remove;
/* token.c: API tokens */
handler_fn token_list, token_make, token_delete;
/* totp.c: the second factor */
handler_fn totp_start, totp_confirm, totp_remove;
/* passkey_api.c */
handler_fn passkey_list, passkey_options, passkey_add, passkey_rename, passkey_remove, passkey_challenge,
	session_passkey_options, session_passkey, recovery_renew;
/* organisation.c */
handler_fn organisation_list, organisation_make, organisation_show, organisation_change, organisation_delete;
/* product.c */
handler_fn product_list, product_make, product_change;
/* order_api.c: placing and looking at orders */
handler_fn order_make, order_list, order_show, order_certificate, order_csr;
/* handover_api.c: archive and code */
handler_fn order_archive_new, order_archive_ack, order_code, archive_fetch;
/* order_act.c: what can be done to an order */
handler_fn order_validate, order_vetting, order_reissue, order_revoke, order_cancel;
/* receipt_api.c */
handler_fn order_receipt, receipt_key_show;
/* upstream/issuer_api.c: our issuers, and other people's CAs */
handler_fn issuer_list, issuer_make, issuer_show, issuer_change, issuer_remove;
/* upstream/issuer_account.c: accounts at them */
handler_fn issuer_account_register, issuer_account_roll, issuer_account_deactivate;
/* upstream/import_api.c: certificates that an offline CA made */
handler_fn order_import, certificate_import;
/* statement.c: that the operator is not the CA */
handler_fn statement_show, statement_make, statement_withdraw;
/* toolkit_api.c */
handler_fn csr_check, csr_show;
/* ca_api.c: what relying parties fetch */
handler_fn ca_list, ca_crl_file, ca_cert_file, ca_crl_now;
/* acme/directory_api.c, acme/eab_api.c */
handler_fn acme_directories_list, acme_directories_make, acme_directories_change, acme_directories_remove,
	acme_eab_list, acme_eab_make, acme_eab_end, acme_accounts_list, acme_accounts_end,
	acme_terms;
/* audit_api.c */
handler_fn audit_list, audit_check, audit_checkpoint_show, audit_inclusion, audit_consistency;
/* admin.c: status, metrics */
handler_fn admin_status, admin_preauthorised, ready_show, metrics_show, openapi_show;

#endif
