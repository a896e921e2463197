#include "config/outline.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

const struct outline_value *outline_find(const struct outline_section *section,
    const char *option)
{
	for (size_t i = 0; i < section->count; i++) {
		if (strcmp(section->values[i].option->name, option) == 0)
			return &section->values[i];
	}
	return NULL;
}

int outline_line(const struct outline_section *section, const char *option)
{
	const struct outline_value *value = outline_find(section, option);

	return value != NULL ? value->line : section->line;
}

char *outline_label(const struct outline_section *section)
{
	switch (section->kind) {
	case SECTION_FILE:
		return mem_strdup("the file");
	case SECTION_DATABASE:
		return mem_printf("database \"%.64s/%.64s\"", section->parent->title, section->title);
	default:
		return mem_printf("%s \"%.64s\"", section_name(section->kind), section->title);
	}
}

void outline_release(struct outline *outline)
{
	for (size_t i = 0; i < outline->count; i++) {
		struct outline_section *section = outline->sections[i];

		for (size_t j = 0; j < section->count; j++)
			free(section->values[j].text);
		free(section->values);
		free(section->title);
		free(section);
	}
	free(outline->sections);
	*outline = (struct outline){ 0 };
}
