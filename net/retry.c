#include "net/retry.h"

#include <ctype.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S 86400

int64_t retry_delay_ms(unsigned tries, uint32_t random)
{
	int64_t ceiling = RETRY_FIRST_MS;

	for (unsigned i = 1; i < tries && ceiling < RETRY_MAX_MS; i++)
		ceiling *= 2;
	if (ceiling > RETRY_MAX_MS)
		ceiling = RETRY_MAX_MS;
	return (int64_t)random % (ceiling + 1);
}

static int64_t clamp_to_ms(int64_t seconds)
{
	if (seconds < 0)
		return 0;
	return (seconds > DAY_S ? DAY_S : seconds) * 1000;
}

int64_t retry_after_ms(const char *value, int64_t now)
{
	size_t digits = strspn(value, "0123456789");
	time_t at;

	if (digits > 0 && value[digits + strspn(value + digits, " \t")] == '\0')
		return digits > 9 ? clamp_to_ms(DAY_S) : clamp_to_ms(atol(value));
	/* An HTTP date begins with the name of a day; curl_getdate would take
	 * many other things for one. */
	if (!isalpha((unsigned char)value[0]))
		return -1;
	at = curl_getdate(value, NULL);
	return at == -1 ? -1 : clamp_to_ms((int64_t)at - now);
}

bool retry_status(int status)
{
	switch (status) {
	case 408:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return status >= 520 && status <= 529;
	}
}

void retry_log_add(struct retry_log *log, const char *what)
{
	size_t i = 0;

	while (i < log->count && strcmp(log->kinds[i].what, what) != 0)
		i++;
	if (i == RETRY_LOG_KINDS)
		return;
	if (i == log->count) {
		(void)snprintf(log->kinds[i].what, sizeof(log->kinds[i].what), "%s", what);
		log->count++;
	}
	log->kinds[i].count++;
}

void retry_log_format(const struct retry_log *log, char *ret, size_t size)
{
	size_t used = 0;

	ret[0] = '\0';
	for (size_t i = 0; i < log->count && used < size; i++) {
		const char *comma = i > 0 ? ", " : "";
		const char *what = log->kinds[i].what;
		unsigned count = log->kinds[i].count;
		int n;

		if (count > 1)
			n = snprintf(ret + used, size - used, "%s%s (%u times)", comma, what, count);
		else
			n = snprintf(ret + used, size - used, "%s%s", comma, what);
		used += n > 0 ? (size_t)n : 0;
	}
}
