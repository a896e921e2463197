#include "base/printable.h"

#include <stdbool.h>

/* U+202A to U+202E and U+2066 to U+2069: what follows would be shown in another
 * order than it has. */
static bool turns_direction(const unsigned char *p)
{
	return p[0] == 0xe2 && ((p[1] == 0x80 && p[2] >= 0xaa && p[2] <= 0xae) ||
	    (p[1] == 0x81 && p[2] >= 0xa6 && p[2] <= 0xa9));
}

char *printable(char *text)
{
	for (unsigned char *p = (unsigned char *)text; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f)
			*p = ' ';
		else if (p[0] == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f)
			p[0] = p[1] = ' ';
		else if (turns_direction(p))
			p[0] = p[1] = p[2] = ' ';
	}
	return text;
}
