# tcproute: the whole build. Settings on top, rules below; `make help` lists what there is to make.

VERSION   = 0.1.0
PREFIX    = /usr/local
BINDIR    = $(PREFIX)/bin
MANDIR    = $(PREFIX)/share/man
SHAREDIR  = $(PREFIX)/share/tcproute
DOCDIR    = $(PREFIX)/share/doc/tcproute
DESTDIR  ?=
ifeq ($(origin CC),default)
CC        = gcc
endif
CFLAGS   ?= -O2 -g
LDFLAGS  ?=
# armel, mipsel: -latomic, for 64-bit atomics the processor lacks
LDLIBS   ?=
CPPFLAGS ?=
PKG_CONFIG ?= pkg-config
FUZZ_CC   = clang
FUZZ_TIME = 20
V         = 0
WERROR    =

TOOLS     = sniroute httpredir routesync tunneld tunnelc
PKG_LIB   = libcares
PKG_routesync := hiredis jansson libcrypto $(shell $(PKG_CONFIG) --exists hiredis_ssl 2>/dev/null && echo hiredis_ssl openssl)
PKG_tunneld = openssl jansson
PKG_tunnelc = openssl jansson
CFLAGS_routesync = $(if $(filter hiredis_ssl,$(PKG_routesync)),-DHAVE_HIREDIS_SSL)
# cmocka 2 wants names for its assertions that cmocka 1 doesn't have.
CFLAGS_tests = -DCMOCKA_DISABLE_DEPRECATION_WARNINGS
MANUALS   = $(wildcard $(addsuffix /*.8,$(TOOLS)) lib/*.5 lib/*.7 examples/*.1)

# Debian packages: to build; to run the examples; to test, bench and fuzz.
DEPS_BUILD = make gcc pkg-config libc6-dev libc-ares-dev libhiredis-dev libjansson-dev libssl-dev
# What OpenSSL was built with, as Debian 13's: to link it statically.
DEPS_STATIC = $(sort $(patsubst -lz,zlib1g-dev,$(patsubst -lzstd,libzstd-dev,$(filter -lz -lzstd, \
    $(shell $(PKG_CONFIG) --static --libs-only-l openssl 2>/dev/null)))))
DEPS_RUN = $(DEPS_BUILD) openssl curl
DEPS_CHECK = $(DEPS_BUILD) libcmocka-dev clang libclang-rt-dev mandoc openssl curl socat strace s6 ucspi-tcp runit \
    redis-server redis-tools redis-sentinel jq yq dnsmasq-base iproute2 util-linux procps python3 \
    stunnel4 hitch dehydrated pebble nginx-light nodejs node-ws openssh-server openssh-client tinyproxy
DEPS_BENCH = $(DEPS_BUILD) strace util-linux iproute2 procps openssh-server openssh-client haproxy nginx-light libnginx-mod-stream sniproxy curl python3 \
    redis-server redis-tools

# ---- no need to change anything below ----

BUILD     = $(if $(SAN),build-san,build)
SAN_FLAGS = -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
FUZZ_FLAGS = -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all
ALL_CFLAGS = -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DVERSION='"$(VERSION)"' -Ilib -pthread -MMD -MP -Wall -Wextra -Wshadow \
    -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wvla -Wformat=2 $(if $(WERROR),-Werror) \
    '-ffile-prefix-map=$(CURDIR)=.' $(if $(SAN),$(SAN_FLAGS),$(HARDEN)) $(PKG_CFLAGS) $(CPPFLAGS) $(CFLAGS)
HARDEN    = -fstack-protector-strong $(FORTIFY) -fPIE -ffunction-sections -fdata-sections
FORTIFY   = $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS))$(findstring -fhardened,$(CFLAGS)),,-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
PKG_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(PKG_LIB) hiredis jansson openssl 2>/dev/null)
ALL_LDFLAGS = -pthread $(if $(SAN),$(SAN_FLAGS),-Wl,--gc-sections \
    $(if $(findstring -static,$(LDFLAGS)),,-pie -Wl,-z,relro,-z,now)) $(LDFLAGS)
pkg_libs  = $(shell $(PKG_CONFIG) --libs $(if $(findstring -static,$(LDFLAGS)),--static) $(1)) $(LDLIBS)
jobs      = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell nproc))
quiet     = $(if $(filter 0,$(V)),@printf '  %-5s %s\n' '$(1)' '$@';)

objs      = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
BINS      = $(addprefix $(BUILD)/bin/,$(TOOLS))
LIB       = $(BUILD)/lib.a
UNIT      = $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(wildcard tests/unit/*_test.c))
HELPERS   = $(patsubst tests/e2e/%.c,$(BUILD)/e2e/%,$(wildcard tests/e2e/*.c))
EXAMPLES  = $(patsubst examples/%.c,$(BUILD)/examples/%,$(wildcard examples/*.c))
FUZZERS   = $(patsubst tests/fuzz/%.c,$(BUILD)/%,$(wildcard tests/fuzz/*_fuzz.c))
LOADGEN   = $(patsubst tests/bench/%.c,build/bench/%,$(wildcard tests/bench/*.c))

# A program of its objects, lib.a and the libraries pkg-config knows by these names.
define link
	@mkdir -p $(@D)
	$(call quiet,LD)$(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS) -o $@ $(filter %.o,$^) $(LIB) $(call pkg_libs,$(PKG_LIB) $(1))
endef

all: bins $(EXAMPLES)
bins: $(BINS)

# What all objects are made with, and of: when it changes they are made anew.
$(BUILD)/flags: export FLAGS = $(CC) $(filter-out -Werror,$(ALL_CFLAGS)) $(ALL_LDFLAGS) $(wildcard lib/*.c $(TOOLS:%=%/*.c))
$(BUILD)/flags: force
	@mkdir -p $(@D)
	@echo "$$FLAGS" | cmp -s - $@ || echo "$$FLAGS" >$@

$(BUILD)/%.o: %.c $(BUILD)/flags | libraries
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) $(ALL_CFLAGS) $(CFLAGS_$(firstword $(subst /, ,$*))) -c -o $@ $<

libraries:
	@$(PKG_CONFIG) --print-errors --exists $(PKG_LIB) hiredis jansson 'openssl >= 3' || \
	    { echo 'a library is missing or too old; run: make deps, or: sudo apt-get install -y $(DEPS_BUILD)' >&2; exit 100; }

$(LIB): $(call objs,lib)
	$(call quiet,AR)rm -f $@ && $(AR) rcs $@ $^

.SECONDEXPANSION:
$(BINS): $(BUILD)/bin/%: $$(call objs,$$*) $(LIB)
	$(call link,$(PKG_$*))

# Unit tests and fuzz targets link lib; those of a tool's pure parts these files too.
PURE_routesync = lines live record record_line shelf source table table_old table_text
UNIT_routesync = $(filter $(BUILD)/unit/routesync_%,$(UNIT))
FUZZ_routesync = $(BUILD)/record_fuzz
PURE_tunneld = authfile clients guests names roster
UNIT_tunneld = $(filter $(BUILD)/unit/tunneld_%,$(UNIT))
FUZZ_tunneld = $(BUILD)/authfile_fuzz
PURE_tunnelc = words
UNIT_tunnelc = $(filter $(BUILD)/unit/tunnelc_%,$(UNIT))

# Helpers stand beside the tests: those named here are for every test, MODULE_help is for MODULE_*_test, TOOL_PART_help for TOOL_PART_*_test.
unit_words = $(subst _, ,$(1))
unit_names = draw loop party place $(word 1,$(unit_words)) $(word 1,$(unit_words))_$(word 2,$(unit_words))
unit_help = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(patsubst %,tests/unit/%_help.c,$(unit_names))))

$(UNIT): $(BUILD)/unit/%: $(BUILD)/tests/unit/%.o $$(call unit_help,$$*) $(LIB)
	$(call link,cmocka openssl jansson)
$(UNIT_routesync): $(PURE_routesync:%=$(BUILD)/routesync/%.o)
$(UNIT_tunneld): $(PURE_tunneld:%=$(BUILD)/tunneld/%.o)
$(UNIT_tunnelc): $(PURE_tunnelc:%=$(BUILD)/tunnelc/%.o)
$(BUILD)/unit/tunnelc_program_test: $(BUILD)/tunnelc/program.o
$(filter $(BUILD)/unit/tunnelc_reach_%,$(UNIT)): $(BUILD)/tunnelc/reach.o

$(HELPERS): $(BUILD)/e2e/%: $(BUILD)/tests/e2e/%.o $(LIB)
	$(link)

$(EXAMPLES): $(BUILD)/examples/%: $(BUILD)/examples/%.o $(LIB)
	$(link)

build/bench/%: tests/bench/%.c tests/bench/bench.h
	@mkdir -p $(@D)
	$(call quiet,CC)$(CC) -std=c11 -D_GNU_SOURCE -O2 -g -Wall -Wextra -pthread -o $@ $<

$(FUZZERS): $(BUILD)/%: $(BUILD)/tests/fuzz/%.o $(LIB)
	$(call link,openssl jansson)
$(FUZZ_routesync): $(PURE_routesync:%=$(BUILD)/routesync/%.o)
$(FUZZ_tunneld): $(PURE_tunneld:%=$(BUILD)/tunneld/%.o)

# ---- what people type ----

help:
	@sed -n 's/^#: //p' Makefile

#: make              the tools, in build/bin/ (SAN=1: with sanitizers, in build-san/bin/)
#: make run          install what is missing, build, and serve examples/routes on loopback until Ctrl-C
run: deps-run
	@$(MAKE) --no-print-directory all
	@examples/run.sh '$(CURDIR)/$(BUILD)/bin'

#: make check        install what is missing, then every test, plain and under ASan and UBSan
check: deps-check
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory $(jobs) WERROR=1 all tests
	@$(MAKE) --no-print-directory $(jobs) WERROR=1 SAN=1 all tests
	@$(MAKE) --no-print-directory $(jobs) fuzzers
	@FUZZ_TIME=$(FUZZ_TIME) tests/run.sh

tests: $(UNIT) $(HELPERS)

# A build of its own, as SAN=1 is, by clang.
fuzzers:
	@$(MAKE) --no-print-directory $(jobs) BUILD=build-fuzz CC='$(FUZZ_CC)' CFLAGS='-g -O1' \
	    SAN=fuzz SAN_FLAGS='$(FUZZ_FLAGS)' fuzz-targets
fuzz-targets: $(FUZZERS)

#: make unit         the unit tests alone           (make e2e: the end-to-end tests alone; T=PATTERN: some of them)
unit: $(UNIT)
	@BUILDS=$(BUILD) tests/run.sh unit '$(T)'
e2e: all tests
	@BUILDS=$(BUILD) tests/run.sh e2e '$(T)'

#: make fuzz         every fuzz target for FUZZ_TIME seconds (20)
fuzz: fuzzers
	@FUZZ_TIME=$(FUZZ_TIME) tests/run.sh fuzz '$(T)'

#: make bench        tables: each tool against programs people use for its work, on this machine
bench: deps-bench
	@$(MAKE) --no-print-directory all $(LOADGEN)
	@tests/bench/run.sh '$(CURDIR)/build'

#: make fleet        a rehearsal of three nodes, Redis and 200 clients in network namespaces: nodes killed, restarted, cut off
fleet: deps-check
	@$(MAKE) --no-print-directory all
	@tests/fleet/fleet.py --bin '$(CURDIR)/$(BUILD)/bin'

#: make static       the same tools linked statically, in build-static/bin/   (TOOLS=tunnelc: that one alone)
# (ld warns of functions in libcrypto and libcares that would need libc's shared libraries; nothing here calls them.)
static:
	@$(MAKE) --no-print-directory BUILD=build-static SAN= LDFLAGS='-static $(LDFLAGS)' bins

# put FILE PLACE for each text that is installed
put_texts = for m in $(MANUALS); do put $$m $(MANDIR)/man$${m\#\#*.}/$${m\#\#*/}; done; \
	for f in $$(find examples -type f); do put $$f $(SHAREDIR)/$$f; done; \
	for f in README.md CHANGES.md LICENSE; do put $$f $(DOCDIR)/$$f; done

#: make install      programs, manuals and examples below $(DESTDIR)$(PREFIX)
# (Texts name the places below /usr/local where things are by default: those of this installation are put in.)
install: all
	install -d '$(DESTDIR)$(BINDIR)'
	install -m 755 $(BINS) $(EXAMPLES) '$(DESTDIR)$(BINDIR)'
	@set -e; put() { \
	    mode=644; [ ! -x $$1 ] || mode=755; \
	    install -D -m $$mode $$1 '$(DESTDIR)'"$$2"; \
	    sed 's,/usr/local/bin,$(BINDIR),g; s,/usr/local/share/tcproute,$(SHAREDIR),g' $$1 >'$(DESTDIR)'"$$2"; \
	}; $(put_texts)

#: make uninstall    what make install with the same settings has put there, away again
uninstall:
	rm -f $(patsubst %,'$(DESTDIR)$(BINDIR)/%',$(notdir $(BINS) $(EXAMPLES)))
	@put() { rm -f '$(DESTDIR)'"$$2"; }; $(put_texts)
	@for d in '$(DESTDIR)$(SHAREDIR)' '$(DESTDIR)$(DOCDIR)'; do \
	    [ ! -d "$$d" ] || find "$$d" -depth -type d -empty -delete; done

#: make lint         manuals through mandoc, shell through sh -n, and no line of C wider than 100 columns
lint:
	@mandoc -T lint -W warning $(MANUALS)
	@for f in $$(grep -rIlE '^#!.*sh' .ci examples tests); do sh -n $$f || exit 1; done
	@bad=0; for f in $(wildcard */*.[ch] */*/*.[ch]); do expand $$f | awk -v f=$$f \
	    'length($$0) > 100 { print f ":" NR ": wider than 100 columns"; bad = 1 } END { exit bad }' >&2 || bad=1; \
	done; exit $$bad

#: make dist         tcproute-VERSION.tar.gz of the tag vVERSION: same tag, same bytes
dist:
	@git rev-parse -q --verify 'v$(VERSION)^{commit}' >/dev/null || { echo 'there is no tag v$(VERSION)' >&2; exit 100; }
	git archive --prefix=tcproute-$(VERSION)/ -o tcproute-$(VERSION).tar v$(VERSION)
	gzip -nf tcproute-$(VERSION).tar

#: make deps         install what a build needs (deps-run, deps-check, deps-bench: what the examples, tests, benchmark need)
deps:
	@tests/deps.sh $(DEPS_BUILD)
	@$(MAKE) --no-print-directory deps-static
deps-run:
	@tests/deps.sh $(DEPS_RUN)
deps-check:
	@tests/deps.sh $(DEPS_CHECK)
	@$(MAKE) --no-print-directory deps-static
deps-static:
	@tests/deps.sh $(DEPS_STATIC)
deps-bench:
	@tests/deps.sh $(DEPS_BENCH)

#: make clean        remove what was built
clean:
	rm -rf build build-san build-fuzz build-static

.PHONY: force all bins libraries help run check tests fuzzers fuzz-targets unit e2e fuzz bench fleet static install uninstall lint dist deps deps-run deps-check deps-bench deps-static clean
.PRECIOUS: $(BUILD)/%.o
-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
