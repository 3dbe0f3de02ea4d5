/* Plain, kind, precise: what happened, what to do, what not to worry about. */
#include "core/mail_templates.h"

#include <stddef.h>

#define SEE_ORDER "The order's page:\n\n{{url}}\n\n"

static const struct mail_template table[] = {
	{ "confirm", "Confirm your address for AutoCSR",
		"Welcome.\n\n"
		"Somebody, we hope you, registered the account \"{{account}}\" at AutoCSR with this e-mail "
		"address. To confirm it, open this link within 24 hours:\n\n"
		"{{link}}\n\n"
		"The link works once. If it was not you, do nothing: without it no account is made." },
	{ "known-address", "Your address is registered at AutoCSR already",
		"Somebody tried to register an account at AutoCSR with this e-mail address. There is one "
		"already, so nothing was changed and nobody was told.\n\n"
		"If it was you: just log in. If you have forgotten the password, ask for a new one on the "
		"login "
		"page.\n\n"
		"If it was not you, you need not do anything." },
	{ "reset", "Set a new password for AutoCSR",
		"Somebody, we hope you, asked for a new password for your user at AutoCSR. To set one, open "
		"this "
		"link within an hour:\n\n"
		"{{link}}\n\n"
		"The link works once. When you have set the password, all your sessions end and you log in "
		"again. If it was not you, do nothing: the old password stays." },
	{ "invite", "You are invited to an account at AutoCSR",
		"{{by}} invites you to the account \"{{account}}\" at AutoCSR, where certificates are "
		"ordered. To "
		"accept, open this link within 7 days and choose a password:\n\n"
		"{{link}}\n\n"
		"The link works once. If you do not know what this is about, do nothing." },
	{ "password-changed", "Your AutoCSR password was changed",
		"The password of your user at AutoCSR was changed just now, and your other sessions have "
		"ended.\n\n"
		"If it was you, all is well. If it was not, set a new password at once by \"forgotten "
		"password\" "
		"on the login page, and tell the owner of your account." },
	{ "code-revealed", "The unlock code for {{names}} was shown",
		"The unlock code of the order {{order}} ({{names}}) was shown to {{by}} at {{at}}.\n\n"
		"If somebody of your account did this on purpose, all is well. If not: whoever has the code "
		"and "
		"the archive has the private key. Then have the order reissued, which makes a new key, and "
		"revoke the certificate with the reason keyCompromise.\n\n" SEE_ORDER },
	{ "archive", "The private key for {{names}}, in a locked archive",
		"Attached is the archive of your order {{order}}. It holds one file, the private key "
		"{{key_filename}} for {{names}}, encrypted with AES-256.\n\n"
		"Keep it: we have kept no copy and cannot send it again. If you lose it, the order gets a "
		"new "
		"key.\n\n"
		"The code that opens it is never sent by mail. Log in, open the order's page and have it "
		"shown:\n\n"
		"{{url}}\n\n"
		"To open the archive: on Windows 7-Zip, WinZip or WinRAR; on macOS Keka or The Unarchiver; "
		"on "
		"Linux 7z or bsdtar. What Windows Explorer, the macOS Archive Utility and Info-ZIP unzip "
		"have "
		"built in cannot open it.\n\n"
		"    File: {{filename}}\n"
		"    SHA-256: {{sha256}}\n\n"
		"If your file has another SHA-256, do not use it, and tell us." },
	{ "validation", "Show that you control {{names}}",
		"Before a certificate for your order {{order}} can be issued, we check that you control each "
		"name in it. Publish one of the following for each name:\n\n"
		"{{tasks}}\n\n"
		"Copy the values exactly. We look again and again by ourselves; to have us look at once, "
		"press "
		"\"Check now\" on the order's page:\n\n"
		"{{url}}\n\n"
		"When the name is validated you may take file and record away again." },
	{ "issued", "The certificate for {{names}} is issued",
		"The certificate of your order {{order}} for {{names}} is issued. Download it, with its "
		"chain, "
		"from the order's page, which also says how to install it:\n\n"
		"{{url}}\n\n"
		"    Serial number: {{serial}}\n"
		"    Valid until: {{not_after}}\n\n"
		"You also need the private key. If we made it, it is in the archive that you have, and the "
		"order's page shows the code that opens it, for a limited time." },
	{ "failed", "The order for {{names}} could not be completed",
		"Your order {{order}} for {{names}} could not be completed.\n\n"
		"    {{reason}}\n\n"
		"No certificate was issued by it. The order's page tells what happened step by step:\n\n"
		"{{url}}\n\n"
		"When the cause is mended, order again or have the order reissued." },
	{ "waiting", "The order for {{names}} is waiting",
		"Your order {{order}} for {{names}} cannot go on right now:\n\n"
		"    {{reason}}\n\n"
		"We keep trying. If there is something that you can do, it stands on the order's page:\n\n"
		"{{url}}" },
	{ "revoked", "The certificate for {{names}} is revoked",
		"A certificate of your order {{order}} for {{names}} is revoked. Browsers and other programs "
		"will "
		"refuse it.\n\n"
		"    Serial number: {{serial}}\n"
		"    Reason: {{reason}}\n\n"
		"If it is still installed anywhere, replace it. A reissue of the order gives you a new one, "
		"with "
		"a new key.\n\n" SEE_ORDER },
	{ "expiring", "The certificate for {{names}} expires soon",
		"The certificate of your order {{order}} for {{names}} is valid until {{not_after}}. To "
		"replace it "
		"in time, have the order reissued and install the new certificate:\n\n"
		"{{url}}" },
	{ NULL, NULL, NULL },
};

const struct mail_template *mail_templates(void)
{
	return table;
}
