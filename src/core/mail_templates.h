/* The texts of all mails. */
#ifndef CORE_MAIL_TEMPLATES_H
#define CORE_MAIL_TEMPLATES_H

/*
 * Paragraphs are parted by empty lines. {{name}} is a value. A paragraph that begins with a blank is shown as
 * it is (fixed width); one that is nothing but {{link}} or {{url}} is a link; one that is nothing but
 * {{tasks}} may have many lines. The HTML part is made of the same text, so that the two cannot say different
 * things.
 */
struct mail_template {
	const char *what, *subject, *text;
};

const struct mail_template *mail_templates(void); /* ends with a NULL what */

#endif
