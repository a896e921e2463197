/*
 * From the outline to the structs of config/config.h: defaults, inheritance,
 * references, and a problem for everything that is wrong or missing.
 */
#ifndef D1KEEP_CONFIG_BUILD_H
#define D1KEEP_CONFIG_BUILD_H

#include "config/outline.h"

/* Fills `config`, which is empty but for its path. */
void config_build(struct config *config, struct outline *outline, const char *folder,
    struct config_problems *problems);

/* What one section can't see: two databases that write to the same place, and
 * one that writes into the folder of another. */
void config_check_destinations(const struct config *config, struct config_problems *problems);

#endif
