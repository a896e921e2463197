#include <stdio.h>
#include <string.h>

#include "net/http_try.h"

static void say(struct try_outcome *o, enum try_result result, const char *what)
{
	o->result = result;
	(void)snprintf(o->what, sizeof(o->what), "%s", what);
}

static void say_timeout(struct try_outcome *o, const struct http_options *options)
{
	o->result = TRY_LOST;
	if (o->sent)
		(void)snprintf(o->what, sizeof(o->what), "nothing came for %u s",
		    (options->stall_timeout_ms + 999) / 1000);
	else
		(void)snprintf(o->what, sizeof(o->what), "no connection within %u ms",
		    options->connect_timeout_ms);
}

static void say_no_connection(struct try_outcome *o, CURL *easy)
{
	long sys = 0;

	(void)curl_easy_getinfo(easy, CURLINFO_OS_ERRNO, &sys);
	say(o, TRY_LOST, sys != 0 ? strerror((int)sys) : "no connection");
}

void http_failure(CURL *easy, CURLcode code, const struct http_options *options,
    const char *tls_message, struct try_outcome *o)
{
	switch (code) {
	case CURLE_ABORTED_BY_CALLBACK:
		say(o, TRY_INTERRUPTED, "interrupted");
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
	case CURLE_SSL_CACERT_BADFILE:
	case CURLE_SSL_CERTPROBLEM:
	case CURLE_SSL_ISSUER_ERROR:
		say(o, TRY_IMPOSSIBLE, *tls_message != '\0' ? tls_message :
		    curl_easy_strerror(code));
		break;
	case CURLE_UNSUPPORTED_PROTOCOL:
		/* Of the URL, or of what came back. */
		if (o->sent)
			say(o, TRY_LOST, "the answer is not HTTP");
		else
			say(o, TRY_IMPOSSIBLE, curl_easy_strerror(code));
		break;
	case CURLE_URL_MALFORMAT:
	case CURLE_BAD_FUNCTION_ARGUMENT:
	case CURLE_UNKNOWN_OPTION:
	case CURLE_OUT_OF_MEMORY:
		say(o, TRY_IMPOSSIBLE, curl_easy_strerror(code));
		break;
	case CURLE_COULDNT_CONNECT:
		say_no_connection(o, easy);
		break;
	case CURLE_COULDNT_RESOLVE_HOST:
		say(o, TRY_LOST, "the host name is not known");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		say_timeout(o, options);
		break;
	case CURLE_PARTIAL_FILE:
		say(o, TRY_LOST, "the answer was cut short");
		break;
	case CURLE_GOT_NOTHING:
		say(o, TRY_LOST, "the connection was closed without an answer");
		break;
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
		say(o, TRY_LOST, "the connection was lost");
		break;
	default:
		say(o, TRY_LOST, curl_easy_strerror(code));
	}
}
