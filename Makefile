# The two commands of the README, and the rest. Meson does the building.
BUILD ?= build
.PHONY: all build demo run test test-trixie asan fuzz bench install deb test-deb clean
all: build
build:
	@tools/bootstrap build
	@test -f $(BUILD)/build.ninja || meson setup $(BUILD) --buildtype=debugoptimized >/dev/null
	@if [ -t 1 ]; then ninja -C $(BUILD); else out=$$(ninja -C $(BUILD) --quiet) || { echo "$$out"; exit 1; }; fi
demo: build
	@tools/demo $(BUILD)
run: build
	@tools/run $(BUILD)
test:
	@tools/bootstrap test
	@tools/test
test-trixie:
	@tools/test-trixie $(if $(TREE),--tree $(TREE))
deb:
	@tools/deb
test-deb:
	@tools/bootstrap deb
	@tools/test-deb
asan:
	@tools/bootstrap test
	@tools/test --asan
fuzz:
	@tools/bootstrap test
	@tools/fuzz
bench: build
	@tools/bootstrap test
	@tools/bench $(BUILD)
install: build
	@meson install -C $(BUILD) --no-rebuild
clean:
	rm -rf $(BUILD) build-*
