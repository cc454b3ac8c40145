# Everything that is built lands below $(BUILD); "make help" lists the targets.

PREFIX ?= /usr/local
BUILD  ?= build
CC     ?= cc
CFLAGS ?= -O2 -g

# SANITIZE=address,undefined (or thread) builds with that sanitizer; WERROR=1 makes warnings errors;
# V=1 shows the commands.
ifdef SANITIZE
OWN_CFLAGS = -fsanitize=$(SANITIZE) -fno-sanitize-recover=all -fno-omit-frame-pointer
OWN_LDFLAGS = -fsanitize=$(SANITIZE)
else
OWN_CFLAGS = -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection
OWN_LDFLAGS = -pie -Wl,-z,relro,-z,now
endif
Q = $(if $(V),,@)
# For what a recipe builds: as many at once as there are cores, unless someone said how many.
MAKE_ALL = $(MAKE) $(if $(findstring -j,$(MAKEFLAGS)),,-j$(shell nproc))

# CFLAGS and LDFLAGS belong to whoever builds; what the program needs is kept apart from them.
# The last warning is off because rows of tables leave out what they do not need.
OWN_CFLAGS += -std=c17 -D_DEFAULT_SOURCE -fPIE -Wall -Wextra -Wpedantic -Wshadow -Wconversion \
              -Wmissing-prototypes -Wno-missing-field-initializers $(if $(WERROR),-Werror) \
              -Ilib -I.

# pkg-config is asked for each set of libraries.
LIB_PACKAGES    = json-c libcurl libmariadb openssl libxml-2.0
FCGI_PACKAGES   = fcgi $(LIB_PACKAGES)
STREAM_PACKAGES = lame libwebsockets libuv $(LIB_PACKAGES)
SIM_PACKAGES    = lame libwebsockets json-c libcurl openssl libxml-2.0
TEST_PACKAGES   = criterion lame fcgi libwebsockets libuv $(LIB_PACKAGES)
OWN_CFLAGS     += $(shell pkg-config --cflags fcgi libwebsockets $(LIB_PACKAGES) 2>/dev/null)
libs            = $(shell pkg-config --libs $(1) 2>/dev/null) -lm -lpthread

# The objects of a folder and of the folders in it.
objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c $(1)/*/*.c $(1)/*/*/*.c))

PROGRAMS = $(BUILD)/trunkline.fcgi $(BUILD)/trunkline-streamd
LIB      = $(call objects,lib) $(BUILD)/migrations.o
FCGI     = $(filter-out %/main.o,$(call objects,fcgi))
STREAM   = $(filter-out %/main.o,$(call objects,stream))
SUITES   = unit api stream fault browser
HARNESS  = $(call objects,tests/harness)
SIM_SPEECH = $(addprefix $(BUILD)/tests/sim/common/,speech.o watermark.o)
SIMS     = $(patsubst tests/sim/%/,%,$(filter-out tests/sim/common/,$(wildcard tests/sim/*/)))
SOURCES  = $(shell git ls-files '*.c' '*.h' 2>/dev/null)

.PHONY: all
all: $(PROGRAMS) ## build both programs (the default)

$(BUILD)/libtrunkline.a: $(LIB)
	@rm -f $@
	$(Q)ar rcs $@ $^

$(BUILD)/trunkline.fcgi: $(call objects,fcgi) $(BUILD)/libtrunkline.a
	@echo "  link  $@"
	$(Q)$(CC) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call libs,$(FCGI_PACKAGES))

$(BUILD)/trunkline-streamd: $(call objects,stream) $(BUILD)/libtrunkline.a
	@echo "  link  $@"
	$(Q)$(CC) $(CFLAGS) $(OWN_LDFLAGS) $(LDFLAGS) -o $@ $^ $(call libs,$(STREAM_PACKAGES))

# -MMD writes down which headers an object was made of, -MP survives the removal of one.
$(BUILD)/%.o: %.c Makefile
	@mkdir -p $(@D)
	@echo "  cc    $<"
	$(Q)$(CC) $(OWN_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

# The program carries its schema: each file of sql/ becomes a text in it.
$(BUILD)/migrations.c: $(wildcard sql/*.sql) Makefile
	@mkdir -p $(@D)
	$(Q){ echo '#include "db/migrate.h"'; echo 'const struct migration migrations[] = {'; \
	  for file in $(sort $(wildcard sql/*.sql)); do name=$$(basename $$file .sql); \
	    echo "{$$(echo $$name | sed 's/_.*//; s/^0*//'), \"$${name#*_}\","; \
	    sed 's/\\/\\\\/g; s/"/\\"/g; s/.*/"&\\n"/' $$file; echo '},'; done; \
	  echo '};'; echo 'const size_t migrations_count = sizeof migrations / sizeof migrations[0];'; \
	} >$@.new && mv $@.new $@

$(BUILD)/migrations.o: $(BUILD)/migrations.c
	$(Q)$(CC) $(OWN_CFLAGS) -Wno-overlength-strings $(CFLAGS) -c -o $@ $<

# Stand-ins for the services of others: they know nothing of the programs above.
define sim
$(BUILD)/sim/$(1): $(call objects,tests/sim/$(1)) $(call objects,tests/sim/common)
	@mkdir -p $$(@D)
	@echo "  link  $$@"
	$$(Q)$$(CC) $$(CFLAGS) $$(OWN_LDFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(call libs,$$(SIM_PACKAGES))
endef
$(foreach one,$(SIMS),$(eval $(call sim,$(one))))
$(BUILD)/tests/sim/%.o: OWN_CFLAGS += -Itests/sim

.PHONY: sims
sims: $(addprefix $(BUILD)/sim/,$(SIMS)) ## build the stand-ins of carrier, model and webhook receiver

# A suite is one program: every file of its folder, the harness, and what can be tested in process.
define suite
$(BUILD)/tests/$(1)-suite: $(call objects,tests/$(1)) $(HARNESS) $(SIM_SPEECH) $(FCGI) $(STREAM) $(BUILD)/libtrunkline.a
	@echo "  link  $$@"
	$$(Q)$$(CC) $$(CFLAGS) $$(OWN_LDFLAGS) $$(LDFLAGS) -o $$@ $$^ $$(call libs,$$(TEST_PACKAGES))
endef
$(foreach one,$(SUITES),$(eval $(call suite,$(one))))
$(BUILD)/tests/%.o: OWN_CFLAGS += -Itests -Itests/sim -Wno-missing-prototypes

.PHONY: suites
suites: $(foreach one,$(SUITES),$(if $(wildcard tests/$(one)/*.c),$(BUILD)/tests/$(one)-suite))

-include $(wildcard $(BUILD)/*/*.d $(BUILD)/*/*/*.d $(BUILD)/*/*/*/*.d $(BUILD)/*/*/*/*/*.d)

# What is missing is installed first; only then pkg-config has something to say, so make begins anew.
.PHONY: test
test: ## run every test suite, each server started and stopped by itself
	$(Q)etc/dev/install-packages run build test
	$(Q)$(MAKE_ALL) all sims suites
	$(Q)BUILD=$(BUILD) tests/run

.PHONY: run
run: ## install what is missing, build, and serve everything at http://127.0.0.1:8080
	@etc/dev/run

.PHONY: call
call: ## place a rehearsal call against a running stack; TEXT="…" says something else, RECORD=file keeps it
	@etc/dev/call

.PHONY: replay
replay: $(BUILD)/trunkline-streamd ## run stored calls (FILE=file) through the bridge again; ACCEPT=1 takes what is said now
	$(Q)BUILD=$(BUILD) etc/dev/replay $(FILE)

.PHONY: openapi
openapi: $(BUILD)/trunkline.fcgi ## write the API documents into build/api-docs/
	$(Q)$< --openapi $(BUILD)/api-docs

etc/trunkline.conf.example: $(BUILD)/trunkline.fcgi
	$(Q)$< --print-config-example >$@

.PHONY: check
check: lint ## everything that the tests do not show: lint, sanitizers, fuzzing
	$(Q)$(ASAN) all sims suites
	$(Q)$(TSAN) all
	$(Q)tests/beside '$(MAKE) asan' '$(MAKE) tsan && nice $(MAKE) fuzz'

.PHONY: lint
lint: ## complain about what compilers let pass, and about wrong layers
	$(Q)clang-format --dry-run -Werror $(SOURCES)
	$(Q)tests/layers
	$(Q)printf '%s\n' $(filter lib/%.c fcgi/%.c stream/%.c,$(SOURCES)) | \
	    xargs -n 8 -P "$$(nproc)" sh -c 'clang-tidy --quiet "$$@" -- $(OWN_CFLAGS) 2>/dev/null' tidy

ASAN = $(MAKE_ALL) BUILD=$(BUILD)/asan SANITIZE=address,undefined CFLAGS='-O1 -g'
TSAN = $(MAKE_ALL) BUILD=$(BUILD)/tsan SANITIZE=thread CFLAGS='-O1 -g'

.PHONY: asan
asan: ## run the tests under the address and undefined-behaviour sanitizers
	$(Q)$(ASAN) all sims suites
	$(Q)BUILD=$(BUILD)/asan tests/run

.PHONY: tsan
tsan: ## drive the programs, built with the thread sanitizer, by the tests
	$(Q)$(MAKE_ALL) sims suites
	$(Q)$(TSAN) all
	$(Q)BUILD=$(BUILD) PROGRAMS=$(BUILD)/tsan tests/run stream

FUZZ_SECONDS ?= 20
FUZZERS = $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/*.c))

.PHONY: fuzz
fuzz: $(BUILD)/libtrunkline.a ## look for input that breaks the readers, FUZZ_SECONDS each
	$(Q)$(MAKE_ALL) $(addprefix fuzz-,$(FUZZERS))

fuzz-%: tests/fuzz/%.c $(BUILD)/libtrunkline.a
	@mkdir -p $(BUILD)/fuzz/$*-corpus
	@echo "  fuzz  $*"
	$(Q)clang $(filter-out -fstack-clash-protection,$(OWN_CFLAGS)) -Wno-missing-prototypes -g -O1 -fsanitize=fuzzer,address,undefined \
	    -o $(BUILD)/fuzz/$* $< $(wildcard lib/core/*.c) $(shell sed -n 's|^// with: ||p' $<) \
	    $(BUILD)/libtrunkline.a $(call libs,$(STREAM_PACKAGES))
	$(Q)$(BUILD)/fuzz/$* -max_total_time=$(FUZZ_SECONDS) -rss_limit_mb=2048 \
	    -artifact_prefix=$(BUILD)/fuzz/ $(BUILD)/fuzz/$*-corpus $(wildcard tests/fuzz/$*) 2>$(BUILD)/fuzz/$*.log || \
	    { tail -30 $(BUILD)/fuzz/$*.log; exit 1; }

.PHONY: format
format: ## let clang-format decide
	$(Q)clang-format -i $(SOURCES)

.PHONY: bench
bench: all sims ## media and REST benchmarks
	$(Q)BUILD=$(BUILD) tests/load/run

.PHONY: install
install: all ## install below $(DESTDIR)$(PREFIX)
	install -d $(addprefix $(DESTDIR)$(PREFIX)/,libexec sbin share/trunkline/htdocs share/trunkline/etc)
	install -m 755 $(BUILD)/trunkline.fcgi $(DESTDIR)$(PREFIX)/libexec/
	install -m 755 $(BUILD)/trunkline-streamd $(DESTDIR)$(PREFIX)/sbin/
	cp -R htdocs/. $(DESTDIR)$(PREFIX)/share/trunkline/htdocs/
	cp -R etc/. $(DESTDIR)$(PREFIX)/share/trunkline/etc/

.PHONY: deb
deb: all ## a Debian package of that, with systemd units and web-server snippets
	$(Q)etc/dev/package $(BUILD)

.PHONY: clean
clean: ## remove everything that was built
	rm -rf $(BUILD)

.PHONY: help
help: ## say what can be made
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1\t\2/p' $(MAKEFILE_LIST) | expand -t 12
