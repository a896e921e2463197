#include "control/host.h"

#include <string.h>

const char *run_outcome_word(enum run_outcome outcome)
{
	static const char *const words[] = {
		"good", "incomplete", "failed", "damaged", "cut-off",
	};

	return words[outcome];
}

enum run_outcome run_outcome(const struct state_run *run)
{
	if (run->verified == STATE_VERIFIED_BAD)
		return RUN_DAMAGED;
	if (state_run_succeeded(run))
		return run->exit_code == 5 ? RUN_INCOMPLETE : RUN_GOOD;
	return run->finished_at == 0 || strcmp(run->code, STATE_CODE_HELD) == 0 ||
	    strcmp(run->code, STATE_CODE_CUT_OFF) == 0 ?
	    RUN_CUT_OFF : RUN_FAILED;
}
