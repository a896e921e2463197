/*
 * floor ORIGIN FOLDER: sends the requests that record.mjs kept in FOLDER (1.head,
 * 1.body, 2.head, …) to ORIGIN, one after another over one connection, and throws
 * the answers away. Says on standard output how many, and how many bytes came.
 */
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static size_t throw_away(char *data, size_t size, size_t count, void *ctx)
{
	(void)data;
	*(long long *)ctx += (long long)(size * count);
	return size * count;
}

static char *read_all(const char *folder, int number, const char *kind, size_t *ret_len)
{
	char path[4096];
	char *text = NULL;
	FILE *in;
	long len;

	snprintf(path, sizeof(path), "%s/%d.%s", folder, number, kind);
	in = fopen(path, "rb");
	if (in == NULL)
		return NULL;
	fseek(in, 0, SEEK_END);
	len = ftell(in);
	rewind(in);
	text = calloc(1, (size_t)len + 1);
	*ret_len = fread(text, 1, (size_t)len, in);
	fclose(in);
	return text;
}

/* METHOD, path, then header lines. */
static struct curl_slist *take_head(CURL *curl, const char *origin, char *head, char *method)
{
	struct curl_slist *list = NULL;
	char *rest, *line = strtok_r(head, "\n", &rest);
	char url[8192];

	snprintf(method, 16, "%s", line);
	line = strtok_r(NULL, "\n", &rest);
	snprintf(url, sizeof(url), "%s%s", origin, line);
	curl_easy_setopt(curl, CURLOPT_URL, url);
	while ((line = strtok_r(NULL, "\n", &rest)) != NULL)
		list = curl_slist_append(list, line);
	return curl_slist_append(list, "Expect:");
}

int main(int argc, char **argv)
{
	CURL *curl = curl_easy_init();
	long long bytes = 0;
	int number;

	if (argc != 3 || curl == NULL)
		return 2;
	for (number = 1; ; number++) {
		size_t head_len, body_len = 0;
		char method[16], *head = read_all(argv[2], number, "head", &head_len);
		char *body = read_all(argv[2], number, "body", &body_len);
		struct curl_slist *headers;
		CURLcode code;

		if (head == NULL)
			break;
		curl_easy_reset(curl);
		headers = take_head(curl, argv[1], head, method);
		if (body_len > 0) {
			curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
			curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body_len);
		}
		if (strcmp(method, "HEAD") == 0)
			curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
		curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, method);
		curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
		curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
		curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, throw_away);
		curl_easy_setopt(curl, CURLOPT_WRITEDATA, &bytes);
		code = curl_easy_perform(curl);
		if (code != CURLE_OK) {
			fprintf(stderr, "floor: request %d: %s\n", number, curl_easy_strerror(code));
			return 1;
		}
		curl_slist_free_all(headers);
		free(head);
		free(body);
	}
	curl_easy_cleanup(curl);
	printf("%d %lld\n", number - 1, bytes);
	return 0;
}
