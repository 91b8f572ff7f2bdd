#!/bin/sh
# libopus.sh FOLDER - builds libopus 1.5.2 with deep redundancy into FOLDER/lib/libopus.so.0, log in FOLDER/libopus.log.
# No distribution switches DRED on, and versions after 1.5.2 speak another DRED.  The source is the unchanged upstream
# archive of Debian's package, from the mirror that apt uses already, through apt's own downloader (so with its proxy
# and certificates, and without touching the system's package lists).  Prints one line and exits with 1 when it fails.
set -eu
mkdir -p "$1/lib"
folder=$(cd "$1" && pwd)
archive=opus_1.5.2.orig.tar.gz
sha256=65c1d2f78b9f2fb20082c38cbe47c951ad5839345876e46941612ee87f9a7ce1
downloader=/usr/lib/apt/apt-helper
work=$folder/libopus-build

mirrors() {                     # where this release's own packages come from
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' "Release: $codename" 'Component: main' | sort -u
}

download() {
  for mirror in $(mirrors); do
    source=${mirror%/}/pool/main/o/opus/$archive
    "$downloader" -o APT::Sandbox::User=root download-file "$source" "$work/$archive" "SHA256:$sha256" && return 0
  done
  return 1
}

compile() {
  tar -xzf "$work/$archive" -C "$work" --strip-components=1 &&
  cmake -S "$work" -B "$work/out" -DCMAKE_BUILD_TYPE=Release -DBUILD_SHARED_LIBS=ON \
    -DOPUS_DRED=ON -DOPUS_DEEP_PLC=ON -DOPUS_OSCE=ON &&
  cmake --build "$work/out" --parallel "$(nproc)" --target opus
}

offers_dred() {                 # OPUS_SET_DRED_DURATION (4050) on an encoder for speech
  python3 - "$1" <<'PYTHON'
import ctypes
import sys

opus = ctypes.CDLL(sys.argv[1])
opus.opus_encoder_create.restype = ctypes.c_void_p
encoder = ctypes.c_void_p(opus.opus_encoder_create(48000, 1, 2048, None))
sys.exit(opus.opus_encoder_ctl(encoder, 4050, ctypes.c_int(50)) != 0)
PYTHON
}

exec 3>&2 >"$folder/libopus.log" 2>&1
fail() { echo "$1" >&3; exit 1; }
[ -x "$downloader" ] || fail "libopus is built on Debian and Ubuntu only; build 1.5.2 yourself and name it in WZP_LIBOPUS"
rm -rf "$work"
mkdir "$work"
download || fail "the mirror of this machine's apt has no $archive"
compile || fail "libopus did not compile"
offers_dred "$work/out/libopus.so.0" || fail "the libopus built here offers no DRED"
# renamed into place: a running program keeps the file it has open
cp -L "$work/out/libopus.so.0" "$folder/lib/libopus.so.0.new"
strip "$folder/lib/libopus.so.0.new"
mv "$folder/lib/libopus.so.0.new" "$folder/lib/libopus.so.0"
rm -rf "$work"
