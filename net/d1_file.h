/*
 * The files of an import or an export, over the signed URLs of the API's answers.
 * Such a URL comes from outside and is a key: it is looked at before it is used,
 * it gets no token, and errors name its host alone.
 */
#ifndef D1KEEP_NET_D1_FILE_H
#define D1KEEP_NET_D1_FILE_H

#include <stdbool.h>

#include "base/err.h"
#include "net/d1_api.h"
#include "net/http.h"

/* ERR_FAILED unless `url` is https (or http, where `plain` allows it), of a
 * decent length, of characters that URLs have, and without a user name. Pure. */
int d1_file_check_url(const char *url, bool plain, struct err *err);

/* PUT. ERR_CORRUPT when what arrived is not what `md5` (hexadecimal) tells: the
 * answer's ETag differs, or is not there. ERR_AGAIN: the network, or the URL has
 * expired. */
int d1_file_put(const struct d1_api *api, const char *url, const struct http_source *file,
    const char *md5, struct err *err);

/* GET. `*ret_expired`: it failed with 403 or 404, as a URL does that is too old. */
int d1_file_get(const struct d1_api *api, const char *url, struct http_sink *file,
    bool *ret_expired, struct err *err);

#endif
