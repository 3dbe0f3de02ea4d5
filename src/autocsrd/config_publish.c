/* The rules of [publish] that can be judged before anything starts, so that a mistake is told where it was made. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config.h"

static enum acsr_result check_hook(const char *path, const char *hook, struct acsr_err *e)
{
	struct stat st;

	if (*hook == '\0')
		return ACSR_OK;
	if (stat(hook, &st) != 0)
		return err_errno(e, "config.value", errno, "%s: [publish] hook: cannot open %s", path, hook);
	if (!S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
		return err_set(e, "config.value", "%s: [publish] hook: %s is no program; run: chmod 0755 %s",
			path, hook, hook);
	if ((st.st_mode & 022) != 0)
		return err_set(e, "config.value",
			"%s: [publish] hook: others can change %s; run: chmod go-w %s", path, hook, hook);
	return ACSR_OK;
}

static enum acsr_result check_directory(const char *path, const char *directory, struct acsr_err *e)
{
	struct stat st;

	if (*directory == '\0' || (stat(directory, &st) == 0 && S_ISDIR(st.st_mode)))
		return ACSR_OK;
	return err_set(e, "config.value", "%s: [publish] directory: there is no folder %s; make it", path,
		directory);
}

static enum acsr_result check_key(const char *path, const char *key, struct acsr_err *e)
{
	struct stat st;

	if (*key == '\0')
		return ACSR_OK;
	if (stat(key, &st) != 0)
		return err_errno(
			e, "config.value", errno, "%s: [publish] dns_key: cannot open %s", path, key);
	if ((st.st_mode & 077) != 0)
		return err_set(e, "config.value",
			"%s: [publish] dns_key: others can read %s; run: chmod 0600 %s", path, key, key);
	return ACSR_OK;
}

/* Something must be able to write into the zone. */
static enum acsr_result check_delegation(const char *path, const struct conf *c, struct acsr_err *e)
{
	const char *zone = conf_str(c, "publish.delegate_zone");
	bool able = *conf_str(c, "publish.dns_server") != '\0' || *conf_str(c, "publish.dns_zones") != '\0' ||
		    *conf_str(c, "publish.hook") != '\0';

	if (*zone == '\0' || able)
		return ACSR_OK;
	return err_set(e, "config.together",
		"%s: [publish] delegate_zone: nothing can publish in %s; set dns_server and dns_key, or hook",
		path, zone);
}

enum acsr_result config_check_publish(const char *path, const struct conf *c, struct acsr_err *e)
{
	TRY(check_hook(path, conf_str(c, "publish.hook"), e));
	TRY(check_directory(path, conf_str(c, "publish.directory"), e));
	TRY(check_key(path, conf_str(c, "publish.dns_key"), e));
	return check_delegation(path, c, e);
}
