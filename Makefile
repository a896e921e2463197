# d1keep. `make` builds, `make demo` shows, `make check` proves.
#
#   make CC=clang          another compiler
#   make BUILD=… SAN=1     with AddressSanitizer and UndefinedBehaviorSanitizer
#   make install           below PREFIX: install.mk

BUILD ?= build
PKGS = libuv libcurl openssl sqlite3 libdeflate json-c libconfuse
VERSION := 0.1.0

# The house, lowest floor first. A folder may include only its own headers and
# those of the folders named here (tests/lint.sh holds it to that), and its
# unit tests link with no others.
LAYERS := base schedule state config net notify db tables storage retention backup restore control setup
uses_base :=
uses_schedule := base
uses_state := base
uses_config := schedule base
uses_net := base
uses_notify := net base
uses_db := net base
uses_tables := db base
uses_storage := net base
uses_retention := storage schedule base
uses_backup := tables db storage base
uses_restore := tables db storage net base
uses_control := config state schedule base
uses_setup := base
uses_cli := setup restore backup retention storage tables db notify net config state schedule base
uses_daemon := control config state schedule base
# No folder: the tests of what backup and restore do together.
uses_roundtrip := restore backup tables db storage base

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
            -Wformat -Wformat-security -Wvla -Wundef -Wpointer-arith
override CFLAGS := -std=c11 -D_GNU_SOURCE -O2 -g -pthread -fstack-protector-strong $(WARNINGS) $(CFLAGS)
override CPPFLAGS := -I. -DD1KEEP_VERSION='"$(VERSION)"' $(shell pkg-config --cflags $(PKGS) 2>/dev/null) $(CPPFLAGS)
LIBS = $(shell pkg-config --libs $(PKGS) 2>/dev/null) -lm
# Only d1keepd answers HTTP.
MHD_LIBS = $(shell pkg-config --libs libmicrohttpd 2>/dev/null)
ifdef SAN
# gcc warns of truncation in code that the sanitizers themselves put in.
override CFLAGS += $(if $(findstring clang,$(CC)),,-Wno-format-truncation) -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
endif
# Programs that die where a test tells them to (base/crash.h).
ifdef CRASH
override CPPFLAGS += -DD1KEEP_CRASH_POINTS
endif
ifdef WERROR
override CFLAGS += -Werror
endif

# The folders a layer's link needs: those it may use, and what they use.
closure = $(if $(1),$(1) $(call closure,$(sort $(foreach l,$(1),$(uses_$(l))))))
linked = $(filter $(call closure,$(uses_$(1))),setup control restore backup retention storage tables db notify net config state schedule base)
archives = $(patsubst %,$(BUILD)/lib%.a,$(call linked,$(1)))
objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
TESTED := $(foreach l,$(LAYERS) daemon roundtrip,$(if $(wildcard tests/unit/$(l)/*.c),$(l)))
UNIT_TESTS := $(patsubst %,$(BUILD)/tests/%,$(TESTED))

# One fuzz target a file: replayed by `check`, searched by `fuzz`.
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZERS := $(patsubst %,$(BUILD)/tests/fuzz_%,$(FUZZ_NAMES))
ifdef FUZZ
override CFLAGS += -fsanitize=fuzzer-no-link
fuzz_main := -fsanitize=fuzzer
else
fuzz_main := $(BUILD)/tests/fuzz/replay.o
endif

# `make V=1` shows the commands.
Q := $(if $(V),,@)
say = $(if $(V),,@echo "  $(1)")

.PHONY: all programs deps demo bench check unit unit-programs fuzz fuzz-programs soak lint clean
all: deps
	@$(MAKE) --no-print-directory programs

programs: $(BUILD)/d1keep $(BUILD)/d1keepd

# Packages first, then a make that can find them.
deps:
	@tests/deps.sh build

# Two sample databases are backed up, changed, backed up again and restored.
demo:
	@tests/deps.sh demo
	@$(MAKE) --no-print-directory programs
	@tests/demo.sh $(BUILD)

# d1keep beside what people use today: tests/bench. BENCH_ONLY="3 4" runs some rows.
bench:
	@tests/deps.sh bench
	@tests/cloudflare/install.sh
	@$(MAKE) --no-print-directory programs
	@tests/bench/run.sh $(BUILD)

# Unit tests run with the sanitizers, the rest with the programs as they ship.
check:
	@tests/deps.sh check
	@tests/cloudflare/install.sh
	@$(MAKE) --no-print-directory WERROR=1 programs lint
	@$(MAKE) --no-print-directory WERROR=1 CRASH=1 BUILD=$(BUILD)/crash programs
	@$(MAKE) --no-print-directory WERROR=1 SAN=1 BUILD=$(BUILD)/sanitized unit-programs fuzz-programs
	@tests/run.sh $(patsubst %,$(BUILD)/sanitized/tests/%,$(TESTED) $(addprefix fuzz_,$(FUZZ_NAMES)))

# Each target for FUZZ_SECONDS (60); FUZZ_ONLY names the ones to run.
fuzz:
	@tests/deps.sh fuzz
	@$(MAKE) --no-print-directory CC=clang WERROR=1 SAN=1 FUZZ=1 BUILD=$(BUILD)/fuzz fuzz-programs
	@tests/fuzz/run.sh $(BUILD)/fuzz $(or $(FUZZ_ONLY),$(FUZZ_NAMES))

# A daemon left alone with bad luck, SOAK_SECONDS (900) long.
soak:
	@tests/deps.sh check
	@tests/cloudflare/install.sh
	@$(MAKE) --no-print-directory programs
	@tests/soak.sh $(or $(SOAK_SECONDS),900)

# It looks at what was built, too.
lint: programs
	@tests/lint.sh $(foreach l,$(LAYERS) cli daemon,"$(l):$(uses_$(l))")

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(call say,cc $<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

define layer_archive
$(BUILD)/lib$(1).a: $(call objects,$(1))
	@mkdir -p $$(@D)
	$(Q)rm -f $$@ && $(AR) rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_archive,$(l))))

$(BUILD)/d1keep: $(call objects,cli) $(call archives,cli)
	$(call say,link $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/d1keepd: $(call objects,daemon) $(call archives,daemon)
	$(call say,link $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS) $(MHD_LIBS)

# One test program a layer: tests/unit/<layer>/*.c with that layer and what it
# may use, nothing else. (The daemon is no archive: its tests take its objects
# but main.)
shared_retention := $(BUILD)/tests/unit/storage/fixture.o
shared_notify := $(BUILD)/tests/unit/net/support.o
shared_restore := $(BUILD)/tests/unit/tables/support.o
shared_roundtrip := $(call objects,tests/unit/random)
shared_backup := $(shared_restore) $(shared_roundtrip)
define layer_test
$(BUILD)/tests/$(1): $(call objects,tests/unit) $(call objects,tests/unit/$(1)) $(shared_$(1)) $(if $(filter daemon,$(1)),$(filter-out $(BUILD)/daemon/main.o,$(call objects,daemon)),$(if $(wildcard $(1)),$(BUILD)/lib$(1).a)) $(call archives,$(1))
	@mkdir -p $$(@D)
	$$(call say,link $$@)
	$(Q)$$(CC) $$(CFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(shell pkg-config --libs check) $$(LIBS) $$(if $$(filter control daemon,$(1)),$$(MHD_LIBS))
endef
$(foreach l,$(TESTED),$(eval $(call layer_test,$(l))))

# Random databases for other engines: tests/integration/16-round-trip.sh.
$(BUILD)/tests/random_database: $(BUILD)/tests/tools/random_database.o $(shared_roundtrip) $(BUILD)/tests/unit/chance.o $(call archives,tables)
	$(call say,link $@)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

unit-programs: $(UNIT_TESTS) $(BUILD)/tests/random_database
unit: unit-programs
	@set -e; for t in $(UNIT_TESTS); do $$t; done

# A target takes from the archives what it needs, and of the daemon the readers.
$(FUZZERS): $(BUILD)/tests/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(filter %.o,$(fuzz_main)) $(BUILD)/daemon/event.o $(BUILD)/daemon/lines.o $(BUILD)/control/form.o $(BUILD)/control/html.o $(call archives,cli)
	$(call say,link $@)
	$(Q)$(CC) $(CFLAGS) $(filter-out %.o,$(fuzz_main)) $(LDFLAGS) -o $@ $^ $(LIBS)

fuzz-programs: $(FUZZERS)

clean:
	rm -rf $(BUILD)

include install.mk

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
