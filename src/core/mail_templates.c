/* Plain, kind, precise: what happened, what to do, what not to worry about. */
#include "core/mail_templates.h"

#include <stddef.h>

#define SEE_ORDER "The order's page:\n\n{{url}}\n\n"

/* What the mails that bring a key have in common. */
#define KEEP_IT                                                                                         \
	"Keep it: we have kept no copy and cannot send it again. If you lose it, the order gets a new " \
	"key.\n\n"
#define CODE_BY_PAGE                                                                                         \
	"The code that opens it is never sent by mail. Log in, open the order's page and have it shown:\n\n" \
	"{{url}}\n\n"
#define PLACEHOLDER \
	"The certificate in it only keeps its place: the real one is made after this, and replaces it.\n\n"
#define P12_OPENS                                                                                           \
	"The code, typed without the dashes, is the file's password. To take the key out with OpenSSL:\n\n" \
	"    (umask 077; openssl pkcs12 -in {{filename}} -nocerts -nodes -out {{key_filename}})\n\n"
#define SEALED                                                                                               \
	"Nobody but the owner of that key can open it, and there is no code. Keep it: we have kept no copy " \
	"and "                                                                                               \
	"cannot send it again. If you lose it, the order gets a new key. " SEE_ORDER
#define COMPARE                       \
	"    File: {{filename}}\n"    \
	"    SHA-256: {{sha256}}\n\n" \
	"If your file has another SHA-256, do not use it, and tell us."

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
	{ "passkey-added", "A passkey was added to your AutoCSR user",
		"The passkey \"{{name}}\" was added to your user at AutoCSR just now. With it one can log in "
		"and "
		"see unlock codes.\n\n"
		"If it was you, all is well. If it was not, log in, remove it under \"Password and second "
		"factor\", set a new password, and tell the owner of your account." },
	{ "passkey-removed", "A passkey was removed from your AutoCSR user",
		"The passkey \"{{name}}\" was removed from your user at AutoCSR just now. It cannot be used "
		"here "
		"any more.\n\n"
		"If it was you, all is well; you may delete it from the device as well. If it was not, set a "
		"new "
		"password and tell the owner of your account." },
	{ "always-second", "The rule of your AutoCSR account about unlock codes has changed",
		"{{by}} has changed your account at AutoCSR at {{at}}: a second factor {{what}}.\n\n"
		"If somebody of your account did this on purpose, all is well. If not, log in, look at who "
		"uses "
		"the account, and turn it back under \"Account\"." },
	{ "issuer-terms", "{{title}} wants its new terms of service agreed to",
		"{{title}} takes no more orders from this service until somebody has agreed to its terms of "
		"service. Orders that go there wait, and go on by themselves afterwards.\n\n"
		"Read them, and do what is asked for there:\n\n"
		"{{terms}}\n\n"
		"Then agree here, on the page \"Issuers\" or by\n\n"
		"    autocsr issuer register {{name}}" },
	{ "second-factor-removed", "Your second factor at AutoCSR was removed",
		"{{by}} removed the second factor of your user at AutoCSR just now: authenticator app, "
		"passkeys and "
		"recovery codes. Your sessions have ended.\n\n"
		"If you asked for it, log in with your password and set up a new one under \"Password and "
		"second "
		"factor\". If you did not, do so too, set a new password, and ask {{by}} why." },
	{ "code-revealed", "The unlock code for {{names}} was shown",
		"The unlock code of the order {{order}} ({{names}}) was shown to {{by}} at {{at}}.\n\n"
		"If somebody of your account did this on purpose, all is well. If not: whoever has the code "
		"and "
		"the archive has the private key. Then have the order reissued, which makes a new key, and "
		"revoke the certificate with the reason keyCompromise.\n\n" SEE_ORDER },
	{ "archive", "The private key for {{names}}, in a locked archive",
		"Attached is the archive of your order {{order}}. It holds one file, the private key "
		"{{key_filename}} for {{names}}, encrypted with AES-256.\n\n" KEEP_IT CODE_BY_PAGE
		"To open the archive: on Windows 7-Zip, WinZip or WinRAR; on macOS Keka or The Unarchiver; "
		"on "
		"Linux 7z or bsdtar. What Windows Explorer, the macOS Archive Utility and Info-ZIP unzip "
		"have "
		"built in cannot open it.\n\n" COMPARE },
	{ "key-pkcs8", "The private key for {{names}}, locked by a code",
		"Attached is the private key of your order {{order}} for {{names}}, in a text file (PEM, "
		"PKCS#8) that is encrypted with AES-256.\n\n" KEEP_IT CODE_BY_PAGE
		"Many servers take the file as it is and ask for the code, typed without the dashes, as its "
		"passphrase. To take the lock off:\n\n"
		"    (umask 077; openssl pkey -in {{filename}} -out {{key_filename}})\n\n" COMPARE },
	{ "key-p12", "The private key for {{names}}, in a locked PKCS#12 file",
		"Attached is the private key of your order {{order}} for {{names}}, in a PKCS#12 file that "
		"is "
		"encrypted with AES-256. " PLACEHOLDER KEEP_IT CODE_BY_PAGE P12_OPENS COMPARE },
	{ "key-p12-legacy", "The private key for {{names}}, in a locked PKCS#12 file",
		"Attached is the private key of your order {{order}} for {{names}}, in a PKCS#12 file for "
		"old "
		"programs: it is encrypted with Triple DES, which is weak by today's measure. " PLACEHOLDER
			KEEP_IT CODE_BY_PAGE P12_OPENS COMPARE },
	{ "key-age", "The private key for {{names}}, sealed to you",
		"Attached is the private key of your order {{order}} for {{names}}, sealed to\n\n"
		"    {{recipient}}\n\n" SEALED
		"To open it with age, give it your age identity, or your SSH private key if it was sealed to "
		"that:\n\n"
		"    (umask 077; age -d -i IDENTITY -o {{key_filename}} {{filename}})\n\n" COMPARE },
	{ "key-cms", "The private key for {{names}}, sealed to you",
		"Attached is the private key of your order {{order}} for {{names}}, sealed to the "
		"certificate\n\n"
		"    {{recipient}}\n\n" SEALED
		"To open it with OpenSSL, give it the private key of that certificate:\n\n"
		"    (umask 077; openssl cms -decrypt -inform DER -in {{filename}} -inkey YOUR-KEY -out "
		"{{key_filename}})\n\n" COMPARE },
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
		"You also need the private key. If we made it, it is in the file that you have; where a code "
		"locks that, the order's page shows the code, for a limited time." },
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
	{ "revoked-offline", "The certificate for {{names}} is to be revoked",
		"A certificate of your order {{order}} for {{names}} is marked as revoked here.\n\n"
		"    Serial number: {{serial}}\n"
		"    Reason: {{reason}}\n\n"
		"Its CA works offline, so only the CA can revoke it for everybody: ask it to, with this "
		"serial number, "
		"or ask "
		"whoever runs this service to. Until the CA has done so, browsers and other programs go on "
		"accepting "
		"the certificate.\n\n" SEE_ORDER },
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
