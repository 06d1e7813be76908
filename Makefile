# make run      a server on 127.0.0.1:7410, its data in ./data
# make check    every test; the last line says how many passed and failed
#
# make deb      Debian packages, in ./build-deb; make test-deb tries them (as root, with the network)
#
# Thin on purpose: meson knows how to build and test, tools/ holds what is more than a line.

BUILD ?= build
DATA ?= ./data
SEEDS ?= 1-20000
FUZZ_SECONDS ?= 60
PREFIX ?= /usr/local

SHELL = /bin/sh
C_FILES = find src include tests -name '*.[ch]'

.PHONY: all run check lint format bench soak sanitize fuzz install clean deb test-deb
.PHONY: packages-run packages-check packages-lint packages-deb packages-try-deb

all: $(BUILD)/build.ninja
	ninja -C $(BUILD)

# A folder is set up once; afterwards ninja sees by itself when a meson.build has changed.
$(BUILD)/build.ninja:
	meson setup $(BUILD) -Dtests=false --prefix=$(PREFIX)

build-release/build.ninja:
	meson setup build-release --buildtype=release -Dtests=false

build-clang/build.ninja:
	CC=clang meson setup build-clang -Dtests=true -Dwerror=true

build-asan/build.ninja:
	meson setup build-asan -Dtests=true -Db_sanitize=address,undefined

build-tsan/build.ninja:
	meson setup build-tsan -Dtests=true -Db_sanitize=thread

build-fuzz/build.ninja:
	CC=clang meson setup build-fuzz -Dtests=true -Dfuzzers=true -Db_sanitize=address,undefined \
		-Db_lundef=false -Dc_args=-fsanitize=fuzzer-no-link

packages-run packages-check packages-lint packages-deb packages-try-deb:
	@tools/install-packages $(@:packages-%=%)

run: packages-run
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	ninja -C $(BUILD) src/cli/unsay
	exec ./$(BUILD)/src/cli/unsay serve --data $(DATA)

check: packages-check
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	meson configure $(BUILD) -Dtests=true
	ninja -C $(BUILD)
	@tools/run-tests $(BUILD)

lint: packages-check packages-lint
	$(C_FILES) | xargs clang-format --dry-run -Werror
	tools/check-includes .
	@$(MAKE) --no-print-directory build-clang/build.ninja
	ninja -C build-clang
	find src -name '*.c' | xargs -P 2 -n 4 clang-tidy -p build-clang --quiet
	cppcheck --quiet --std=c11 --enable=warning,performance,portability --inline-suppr \
		--error-exitcode=1 --suppress=missingIncludeSystem --suppress=internalAstError \
		--suppress=autoVariables -D_GNU_SOURCE -I src -I include src

format:
	$(C_FILES) | xargs clang-format -i

bench: packages-run
	@$(MAKE) --no-print-directory build-release/build.ninja
	ninja -C build-release src/cli/unsay
	./build-release/src/cli/unsay bench send
	./build-release/src/cli/unsay bench recall

soak: packages-check
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	meson configure $(BUILD) -Dtests=true
	ninja -C $(BUILD)
	./$(BUILD)/tests/client/test_client_faults all
	./$(BUILD)/tests/client/test_client_database_damage all
	./$(BUILD)/tests/sim/sim --seeds $(SEEDS)
	UNSAY_SOAK=1 /usr/bin/python3 -B tests/process/test_network.py $(BUILD)/src/cli/unsay

sanitize: packages-check
	@$(MAKE) --no-print-directory build-asan/build.ninja build-tsan/build.ninja
	ninja -C build-asan
	@tools/run-tests build-asan --timeout-multiplier 6
	ninja -C build-tsan
	@TSAN_OPTIONS=suppressions=$(CURDIR)/tools/tsan.supp \
		tools/run-tests build-tsan --timeout-multiplier 10

fuzz: packages-check packages-lint
	@$(MAKE) --no-print-directory build-fuzz/build.ninja
	ninja -C build-fuzz
	tools/run-fuzzers build-fuzz/tests/fuzz tests/fuzz/corpus $(FUZZ_SECONDS)

install: packages-run
	@$(MAKE) --no-print-directory $(BUILD)/build.ninja
	meson install -C $(BUILD)

deb: packages-deb
	tools/make-deb . build-deb

test-deb: deb packages-try-deb
	tools/test-deb build-deb
	tools/test-service build-deb

clean:
	rm -rf $(BUILD) build-release build-clang build-asan build-tsan build-fuzz build-deb
