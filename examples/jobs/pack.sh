#!/bin/sh
# Packs a directory tree and takes its checksum. Needs zstd. TREE: the folder to keep.
#SUAN --name pack
#SUAN --cores 1 --memory 1GiB --walltime 10m --estimate 10s
set -eu
[ -z "${STARTS:-}" ] || echo "$SUAN_JOB_ID $SUAN_TASK_ID $SUAN_ATTEMPT" >> "$STARTS"
(cd tree && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum) > files.sha256
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -cf - tree | zstd -q -10 -o tree.tar.zst
sha256sum tree.tar.zst > tree.sha256
echo "packed $(wc -l < files.sha256) files, $(stat -c %s tree.tar.zst) bytes, at $SUAN_SITE"
