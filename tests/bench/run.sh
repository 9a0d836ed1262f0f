#!/usr/bin/env bash
# Everything that `make bench` measures, in the order of host/BENCHMARKS.md.
set -euo pipefail
cd "$(dirname "$0")/../.."
cargo=${CARGO:-cargo}

echo "# machine: $(nproc) cores, $(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)"
echo "## the boundary"
"$cargo" run --release -q -p safelight --example call_overhead
echo "## kernels in the sandbox against native"
"$cargo" run --release -q -p safelight --example kernels
echo "## codecs in the sandbox against built in"
"$cargo" run --release -q -p safelight --example codecs
echo "## the server"
"$cargo" bench -q --workspace --bench server -- "$@"
echo "## every transform in the sandbox, native, in libvips"
"$cargo" bench -q --workspace --bench transforms
