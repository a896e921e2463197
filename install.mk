# make install, make uninstall. Included by the Makefile.
#
#   make && sudo make install                  below /usr/local
#   make install PREFIX=/usr DESTDIR=stage     as a packager does
#
# Units, man pages and documents name the paths that are given here. (The programs
# themselves look for /etc/d1keep/backup.conf; units hand them theirs.)

PREFIX ?= /usr/local
BINDIR ?= $(PREFIX)/bin
SYSCONFDIR ?= /etc
DATADIR ?= $(PREFIX)/share
MANDIR ?= $(DATADIR)/man
DOCDIR ?= $(DATADIR)/doc/d1keep
UNITDIR ?= $(PREFIX)/lib/systemd/system
BASHDIR ?= $(DATADIR)/bash-completion/completions
ZSHDIR ?= $(DATADIR)/zsh/site-functions
FISHDIR ?= $(DATADIR)/fish/vendor_completions.d
shells := bash zsh fish
completion_bash = $(BASHDIR)/d1keep
completion_zsh = $(ZSHDIR)/_d1keep
completion_fish = $(FISHDIR)/d1keep.fish

INSTALL ?= install
man_pages := $(wildcard man/*.[0-9])
man_folder = $(MANDIR)/man$(subst .,,$(suffix $(1)))
units := $(wildcard systemd/*.service systemd/*.timer)
examples := backup.conf.example systemd/host-folders.conf
documents := README.md LICENSE $(wildcard docs/*.md)
with_paths = sed -e 's,/usr/local/bin/,$(BINDIR)/,g' -e 's,/etc/d1keep,$(SYSCONFDIR)/d1keep,g' \
             -e 's,/usr/local/share/doc/d1keep,$(DOCDIR),g' \
             -e 's,](docs/,](,g' -e 's,](systemd/,](,g'

# $(call put,MODE,FILE,PLACE): a copy.
# $(call put_text,FILE,FOLDER): one in which the paths are right.
put = $(INSTALL) -m $(1) $(2) '$(DESTDIR)$(3)'
put_text = $(with_paths) $(1) >'$(DESTDIR)$(2)/$(notdir $(1))' && chmod 0644 '$(DESTDIR)$(2)/$(notdir $(1))'

.PHONY: install uninstall built
install: built
	@$(INSTALL) -d -m 0755 $(foreach d,$(BINDIR) $(MANDIR)/man1 $(MANDIR)/man5 $(MANDIR)/man8 \
	    $(DOCDIR) $(UNITDIR) $(BASHDIR) $(ZSHDIR) $(FISHDIR) $(SYSCONFDIR)/d1keep,'$(DESTDIR)$(d)')
	$(Q)$(call put,0755,$(BUILD)/d1keep,$(BINDIR)/d1keep)
	$(Q)$(call put,0755,$(BUILD)/d1keepd,$(BINDIR)/d1keepd)
	$(Q)$(foreach f,$(man_pages),$(call put_text,$(f),$(call man_folder,$(f))) &&) :
	$(Q)$(foreach f,$(units),$(call put_text,$(f),$(UNITDIR)) &&) :
	$(Q)$(foreach f,$(examples),$(call put_text,$(f),$(DOCDIR)) &&) :
	$(Q)$(foreach f,$(documents),$(call put_text,$(f),$(DOCDIR)) &&) :
	$(Q)$(foreach s,$(shells),$(call put,0644,$(BUILD)/completion/$(s),$(completion_$(s))) &&) :
	@echo "installed. Next: d1keep init (or $(DOCDIR)/backup.conf.example as $(SYSCONFDIR)/d1keep/backup.conf)"

# Your configuration and your keys stay.
uninstall:
	$(Q)rm -f $(foreach f,$(BINDIR)/d1keep $(BINDIR)/d1keepd \
	    $(foreach f,$(man_pages),$(call man_folder,$(f))/$(notdir $(f))) \
	    $(addprefix $(UNITDIR)/,$(notdir $(units))) \
	    $(addprefix $(DOCDIR)/,$(notdir $(examples) $(documents))) \
	    $(completion_bash) $(completion_zsh) $(completion_fish),'$(DESTDIR)$(f)')
	@for d in '$(DESTDIR)$(DOCDIR)' '$(DESTDIR)$(SYSCONFDIR)/d1keep'; do \
	    [ ! -d "$$d" ] || rmdir "$$d" 2>/dev/null || echo "$$d is kept: what lies there is yours"; done

# Root installs what is built; it builds only where the sources are root's own, so
# that `sudo make install` leaves no files behind that `make` cannot write later.
built_files := $(BUILD)/d1keep $(BUILD)/d1keepd $(addprefix $(BUILD)/completion/,$(shells))
built:
	@if [ "$$(id -u)" -eq 0 ] && [ "$$(stat -c %u .)" -ne 0 ]; then \
	    $(MAKE) -q $(built_files) || { echo "run make first, as the user whose folder this is" >&2; exit 1; }; \
	else $(MAKE) -s --no-print-directory $(built_files); fi

# Written by the program itself, from its table of commands.
$(BUILD)/completion/%: $(BUILD)/d1keep
	@mkdir -p $(@D)
	$(Q)$(BUILD)/d1keep completion $* >$@.new && mv $@.new $@
