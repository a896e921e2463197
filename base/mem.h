/*
 * Memory. A job that cannot have a few more kilobytes cannot do its work, and
 * by the order of its writes (manifest last) it may stop at any point without
 * harm. So these never return NULL: they say "out of memory" and leave with
 * exit status 75 (try again later). Sizes that come from outside are checked
 * against a ceiling before they get here (base/buf.h).
 */
#ifndef D1KEEP_BASE_MEM_H
#define D1KEEP_BASE_MEM_H

#include <stddef.h>

/* `count * size` zeroed bytes; the product is checked for overflow. */
void *mem_calloc(size_t count, size_t size);

/* As realloc for an array of `count` items of `size` bytes. */
void *mem_realloc(void *ptr, size_t count, size_t size);

/* Room for one more item: grows `*items` (of `size` bytes each, `*cap` of them
 * allocated) when `len` has reached `*cap`. Returns the array. */
void *mem_grow(void *items, size_t len, size_t *cap, size_t size);

/* A NUL-terminated copy. mem_strdup(NULL) is NULL. */
char *mem_strdup(const char *s);
char *mem_strndup(const char *s, size_t len);

/* A formatted string of its own. */
char *mem_printf(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* For __attribute__((cleanup(mem_free_str))) on a char *. */
void mem_free_str(char **s);
#define AUTO_STR __attribute__((cleanup(mem_free_str))) char *

#endif
