#!/bin/sh
# rustdoc, with its JSON output enabled on a stable toolchain. Set for rustdoc alone: cargo rebuilds dependencies whose
# build scripts read this variable.
RUSTC_BOOTSTRAP=1 exec rustdoc "$@"
