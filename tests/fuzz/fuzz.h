/*
 * Fuzz targets: each fuzz_NAME.c gives hostile bytes to one reader and states
 * what must hold whatever they are. `make fuzz` builds them with clang's
 * libFuzzer and searches; `make check` replays tests/fuzz/corpus/NAME through
 * replay.c.
 */
#ifndef D1KEEP_TESTS_FUZZ_H
#define D1KEEP_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Unlike assert it says what it is about, and stays under NDEBUG. */
#define REQUIRE(condition) \
	((condition) ? (void)0 : fuzz_broken(__FILE__, __LINE__, #condition))

__attribute__((noreturn)) static inline void fuzz_broken(const char *file, int line,
    const char *condition)
{
	(void)fprintf(stderr, "%s:%d: this does not hold: %s\n", file, line, condition);
	abort();
}

/* How much a target's buffers may take. */
#define FUZZ_MAX_BYTES (1u << 20)

#endif
