/* Where the daemon found it before `d1keep doctor` asked the same. */
#include "config/freshness.h"
