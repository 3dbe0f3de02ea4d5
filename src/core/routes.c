/* The route table, and the checks that every request passes before its handler. */
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "core/acme/acme.h"
#include "core/handlers.h"
#include "core/publish.h"

static const struct route table[] = {
	{ "POST", "/register", AUTH_NONE, register_start, "register" },
	{ "POST", "/register/confirm", AUTH_NONE, register_confirm, "confirmRegistration" },
	{ "POST", "/session", AUTH_NONE, session_login, "login" },
	{ "GET", "/session", AUTH_READ, session_show, "getSession" },
	{ "DELETE", "/session", AUTH_SELF, session_logout, "logout" },
	{ "POST", "/session/passkey/options", AUTH_NONE, session_passkey_options, "askPasskeyLogin" },
	{ "POST", "/session/passkey", AUTH_NONE, session_passkey, "loginWithPasskey" },
	{ "POST", "/password", AUTH_SELF, password_change, "changePassword" },
	{ "POST", "/password/reset", AUTH_NONE, password_reset_start, "resetPassword" },
	{ "POST", "/password/reset/confirm", AUTH_NONE, password_reset_confirm, "confirmPasswordReset" },
	{ "GET", "/account", AUTH_READ, account_show, "getAccount" },
	{ "PATCH", "/account", AUTH_OWNER, account_change, "changeAccount" },
	{ "GET", "/users", AUTH_READ, user_list, "listUsers" },
	{ "POST", "/users", AUTH_OWNER, user_invite, "inviteUser" },
	{ "POST", "/users/accept", AUTH_NONE, user_accept, "acceptInvitation" },
	{ "PATCH", "/users/{id}", AUTH_OWNER, user_change, "changeUser" },
	{ "DELETE", "/users/{id}", AUTH_OWNER, user_delete, "deleteUser" },
	{ "DELETE", "/users/{id}/second-factor", AUTH_OWNER, user_second_remove, "removeSecondFactor" },
	{ "GET", "/tokens", AUTH_READ, token_list, "listTokens" },
	{ "POST", "/tokens", AUTH_WRITE, token_make, "makeToken" },
	{ "DELETE", "/tokens/{id}", AUTH_WRITE, token_delete, "deleteToken" },
	{ "GET", "/devices", AUTH_READ, device_list, "listDevices" },
	{ "DELETE", "/devices/{id}", AUTH_SELF, device_delete, "deleteDevice" },
	{ "POST", "/totp", AUTH_SELF, totp_start, "startTotp" },
	{ "POST", "/totp/confirm", AUTH_SELF, totp_confirm, "confirmTotp" },
	{ "DELETE", "/totp", AUTH_SELF, totp_remove, "removeTotp" },
	{ "GET", "/passkeys", AUTH_READ, passkey_list, "listPasskeys" },
	{ "POST", "/passkeys/options", AUTH_SELF, passkey_options, "askPasskey" },
	{ "POST", "/passkeys/challenge", AUTH_SELF, passkey_challenge, "askPasskeyProof" },
	{ "POST", "/passkeys", AUTH_SELF, passkey_add, "addPasskey" },
	{ "PATCH", "/passkeys/{id}", AUTH_SELF, passkey_rename, "renamePasskey" },
	{ "DELETE", "/passkeys/{id}", AUTH_SELF, passkey_remove, "removePasskey" },
	{ "POST", "/recovery-codes", AUTH_SELF, recovery_renew, "renewRecoveryCodes" },
	{ "GET", "/organisations", AUTH_READ, organisation_list, "listOrganisations" },
	{ "POST", "/organisations", AUTH_WRITE, organisation_make, "makeOrganisation" },
	{ "GET", "/organisations/{id}", AUTH_READ, organisation_show, "getOrganisation" },
	{ "PATCH", "/organisations/{id}", AUTH_WRITE, organisation_change, "changeOrganisation" },
	{ "DELETE", "/organisations/{id}", AUTH_WRITE, organisation_delete, "deleteOrganisation" },
	{ "GET", "/products", AUTH_READ, product_list, "listProducts" },
	{ "POST", "/products", AUTH_ADMIN, product_make, "makeProduct" },
	{ "PATCH", "/products/{id}", AUTH_ADMIN, product_change, "changeProduct" },
	{ "GET", "/orders", AUTH_READ, order_list, "listOrders" },
	{ "POST", "/orders", AUTH_WRITE, order_make, "makeOrder" },
	{ "GET", "/orders/{id}", AUTH_READ, order_show, "getOrder" },
	{ "GET", "/orders/{id}/certificate", AUTH_READ, order_certificate, "getCertificate" },
	{ "POST", "/orders/{id}/certificate", AUTH_ADMIN, order_import, "importCertificate" },
	{ "POST", "/certificates", AUTH_ADMIN, certificate_import, "importCertificates" },
	{ "GET", "/orders/{id}/csr", AUTH_READ, order_csr, "getCsr" },
	{ "GET", "/orders/{id}/receipt", AUTH_READ, order_receipt, "getReceipt" },
	{ "POST", "/orders/{id}/archive", AUTH_WRITE, order_archive_new, "makeArchive" },
	{ "POST", "/orders/{id}/archive/ack", AUTH_WRITE, order_archive_ack, "acknowledgeArchive" },
	{ "POST", "/orders/{id}/code", AUTH_WRITE, order_code, "revealCode" },
	{ "POST", "/orders/{id}/validate", AUTH_WRITE, order_validate, "validateOrder" },
	{ "POST", "/orders/{id}/vetting", AUTH_ADMIN, order_vetting, "vetOrder" },
	{ "POST", "/orders/{id}/reissue", AUTH_WRITE, order_reissue, "reissueOrder" },
	{ "POST", "/orders/{id}/revoke", AUTH_WRITE, order_revoke, "revokeOrder" },
	{ "POST", "/orders/{id}/cancel", AUTH_WRITE, order_cancel, "cancelOrder" },
	{ "GET", "/archives/{ticket}", AUTH_WRITE, archive_fetch, "getArchive" },
	{ "POST", "/csr/check", AUTH_NONE, csr_check, "checkCsr" },
	{ "POST", "/csr/show", AUTH_NONE, csr_show, "showCsr" },
	{ "GET", "/receipt-key", AUTH_NONE, receipt_key_show, "getReceiptKey" },
	{ "GET", "/ca", AUTH_NONE, ca_list, "listIssuers" },
	{ "GET", "/issuers", AUTH_ADMIN, issuer_list, "listAllIssuers" },
	{ "POST", "/issuers", AUTH_ADMIN, issuer_make, "addIssuer" },
	{ "GET", "/issuers/{name}", AUTH_ADMIN, issuer_show, "getIssuer" },
	{ "PATCH", "/issuers/{name}", AUTH_ADMIN, issuer_change, "changeIssuer" },
	{ "DELETE", "/issuers/{name}", AUTH_ADMIN, issuer_remove, "removeIssuer" },
	{ "POST", "/issuers/{name}/account", AUTH_ADMIN, issuer_account_register, "registerAccount" },
	{ "DELETE", "/issuers/{name}/account", AUTH_ADMIN, issuer_account_deactivate, "deactivateAccount" },
	{ "POST", "/issuers/{name}/account/key", AUTH_ADMIN, issuer_account_roll, "rollAccountKey" },
	{ "GET", "/issuers/{name}/statement", AUTH_READ, statement_show, "getStatement" },
	{ "POST", "/issuers/{name}/statement", AUTH_ADMIN, statement_make, "makeStatement" },
	{ "DELETE", "/issuers/{name}/statement", AUTH_ADMIN, statement_withdraw, "withdrawStatement" },
	{ "GET", "/acme/directories", AUTH_READ, acme_directories_list, "listAcmeDirectories" },
	{ "POST", "/acme/directories", AUTH_ADMIN, acme_directories_make, "makeAcmeDirectory" },
	{ "PATCH", "/acme/directories/{name}", AUTH_ADMIN, acme_directories_change, "changeAcmeDirectory" },
	{ "DELETE", "/acme/directories/{name}", AUTH_ADMIN, acme_directories_remove, "removeAcmeDirectory" },
	{ "GET", "/acme/eab-keys", AUTH_READ, acme_eab_list, "listEabKeys" },
	{ "POST", "/acme/eab-keys", AUTH_WRITE, acme_eab_make, "makeEabKey" },
	{ "DELETE", "/acme/eab-keys/{kid}", AUTH_WRITE, acme_eab_end, "revokeEabKey" },
	{ "POST", "/acme/terms", AUTH_NONE, acme_terms, "acmeTerms" },
	{ "GET", "/acme/accounts", AUTH_READ, acme_accounts_list, "listAcmeAccounts" },
	{ "DELETE", "/acme/accounts/{id}", AUTH_WRITE, acme_accounts_end, "endAcmeAccount" },
	{ "GET", "/audit", AUTH_READ, audit_list, "listAudit" },
	{ "GET", "/audit/verify", AUTH_ADMIN, audit_check, "verifyAudit" },
	{ "GET", "/audit/checkpoint", AUTH_READ, audit_checkpoint_show, "getAuditCheckpoint" },
	{ "GET", "/audit/inclusion", AUTH_READ, audit_inclusion, "proveAuditEntry" },
	{ "GET", "/audit/consistency", AUTH_READ, audit_consistency, "proveAuditGrowth" },
	{ "POST", "/admin/crl", AUTH_ADMIN, ca_crl_now, "signCrl" },
	{ "GET", "/admin/status", AUTH_ADMIN, admin_status, "getStatus" },
	{ "PUT", "/admin/accounts/{id}/preauthorised", AUTH_ADMIN, admin_preauthorised, "setPreauthorised" },
	{ "GET", "/openapi.json", AUTH_NONE, openapi_show, "getOpenapi" },
	{ "GET", "=/readyz", AUTH_NONE, ready_show, NULL },
	{ "GET", "=/metrics", AUTH_NONE, metrics_show, NULL },
	{ "GET", "=/crl/{file}", AUTH_NONE, ca_crl_file, NULL },
	{ "GET", "=/ca/{file}", AUTH_NONE, ca_cert_file, NULL },
	{ "GET", "=/.well-known/acme-challenge/{token}", AUTH_NONE, publish_respond, NULL },
	{ 0 },
};

const struct route *routes(void)
{
	return table;
}

bool route_path_fits(const char *pattern, const char *path, char param[2][80])
{
	size_t n = 0;

	while (*pattern != '\0' && *path != '\0') {
		size_t len = strcspn(path, "/");

		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		if (n == 2 || len == 0 || len >= 80)
			return false;
		memcpy(param[n], path, len);
		param[n++][len] = '\0';
		path += len;
		pattern = strchr(pattern, '}') + 1;
	}
	return *pattern == '\0' && *path == '\0';
}

static const char *below_api(const char *path)
{
	static const char root[] = "/api/v1";

	return str_starts(path, root) && path[sizeof(root) - 1] == '/' ? path + sizeof(root) - 1 : NULL;
}

static void allow(struct request *q, const char *method)
{
	size_t n = strlen(q->allow);

	snprintf(q->allow + n, sizeof(q->allow) - n, "%s%s", n > 0 ? ", " : "", method);
}

static enum acsr_result find_route(struct request *q, struct acsr_err *e)
{
	const char *api = below_api(q->m.path);

	for (const struct route *r = table; r->method != NULL; r++) {
		const char *path = r->path[0] == '=' ? q->m.path : api;

		if (path == NULL || !route_path_fits(r->path + (r->path[0] == '='), path, q->param))
			continue;
		if (strcmp(r->method, q->m.method) == 0 ||
			(strcmp(q->m.method, "HEAD") == 0 && strcmp(r->method, "GET") == 0)) {
			q->route = r;
			return ACSR_OK;
		}
		allow(q, r->method);
	}
	if (q->allow[0] != '\0')
		return err_set(
			e, "request.method", "%s is not possible here, only %s", q->m.method, q->allow);
	return err_set(e, "object.absent", "there is nothing at %s", q->m.path);
}

/* --- who asks --- */

static enum acsr_result identify(struct core *c, struct request *q, struct acsr_err *e)
{
	if (q->m.bearer != NULL)
		return who_by_token(c, q->m.bearer, &q->who, e);
	if (q->m.cookie != NULL)
		return who_by_session(c, q->m.cookie, &q->who, e);
	return err_set(e, "auth.required", "log in, or send an API token");
}

static bool safe_method(const struct request *q)
{
	return strcmp(q->route->method, "GET") == 0;
}

/* The origins that the portal can have: the public URL, and the address that the browser itself named. */
static bool own_origin(struct core *c, const struct request *q)
{
	const char *origin = q->m.origin;

	if (strcmp(origin, conf_str(&c->proc->conf, "server.public_url")) == 0)
		return true;
	return str_starts(origin, "https://") && q->m.host[0] != '\0' && strcmp(origin + 8, q->m.host) == 0;
}

/* A cookie travels by itself, so a request that changes something must also prove that our portal made it:
 * no other site's Origin, the session's token in a header, and JSON, which no form can send. */
static enum acsr_result check_csrf(struct core *c, const struct request *q, struct acsr_err *e)
{
	bool session = q->who.kind == WHO_SESSION;

	if (safe_method(q) || q->who.kind == WHO_TOKEN)
		return ACSR_OK;
	if (q->m.origin[0] != '\0' && !own_origin(c, q))
		return err_set(
			e, "auth.csrf", "the Origin header is %s, not this service's own", q->m.origin);
	if (session && !str_equal_ct(q->m.csrf, q->who.csrf))
		return err_set(e, "auth.csrf", "the X-CSRF-Token header is missing or not the session's");
	if (session && q->m.body.len > 0 && !str_starts(q->m.content_type, "application/json"))
		return err_set(e, "auth.csrf", "the body must be application/json");
	return ACSR_OK;
}

static enum acsr_result check_permission(const struct request *q, struct acsr_err *e)
{
	static const enum user_role least[] = { [AUTH_NONE] = USER_NONE,
		[AUTH_READ] = USER_AUDITOR,
		[AUTH_WRITE] = USER_MEMBER,
		[AUTH_SELF] = USER_AUDITOR,
		[AUTH_OWNER] = USER_OWNER,
		[AUTH_ADMIN] = USER_ADMIN };

	if (q->who.role < least[q->route->auth])
		return err_set(e, "auth.forbidden", "your role does not permit this");
	/* Fetching an archive is a GET too, but it uses the archive up. */
	if (q->who.read_only && (!safe_method(q) || q->route->auth == AUTH_WRITE))
		return err_set(e, "auth.forbidden", "this token may only read");
	return ACSR_OK;
}

static enum acsr_result check_who(struct core *c, struct request *q, struct acsr_err *e)
{
	struct acsr_err ignored;

	if (q->route->auth == AUTH_NONE) {
		/* Some open routes show more to those who are known; a bad credential is no reason to refuse.
		 */
		if (identify(c, q, &ignored) != ACSR_OK || !safe_method(q))
			q->who = (struct who){ .kind = WHO_NOBODY };
		return check_csrf(c, q, e);
	}
	TRY(identify(c, q, e));
	TRY(check_csrf(c, q, e));
	return check_permission(q, e);
}

static enum acsr_result parse_body(struct request *q, struct acsr_err *e)
{
	json_error_t je;

	if (q->m.body.len == 0 || safe_method(q))
		return ACSR_OK;
	if (!str_starts(q->m.content_type, "application/json"))
		return err_set(e, "request.media-type", "the body must be application/json");
	q->body = json_loadb((const char *)q->m.body.p, q->m.body.len, JSON_REJECT_DUPLICATES, &je);
	if (q->body == NULL)
		return err_set(
			e, "request.json", "line %d, column %d of the body: %s", je.line, je.column, je.text);
	if (!json_is_object(q->body))
		return err_set(e, "request.json", "the body must be a JSON object");
	return ACSR_OK;
}

enum acsr_result request_run(struct core *c, void *request, struct acsr_err *e)
{
	struct request *q = request;

	c->count.requests++;
	if (str_starts(q->m.path, "/acme/"))
		return acme_run(c, q, e);
	TRY(find_route(q, e));
	TRY(check_who(c, q, e));
	TRY(parse_body(q, e));
	return q->route->handler(c, q, e);
}
