#!/bin/sh
# At another site: the archive is what was packed, and every file in it is what it was.
#SUAN --name verify
#SUAN --cores 1 --memory 1GiB --walltime 10m --estimate 10s
set -eu
[ -z "${STARTS:-}" ] || echo "$SUAN_JOB_ID $SUAN_TASK_ID $SUAN_ATTEMPT" >> "$STARTS"
sha256sum -c tree.sha256
zstd -q -d -c tree.tar.zst | tar -xf -
(cd tree && sha256sum -c --quiet ../files.sha256)
{
	echo "archive:  $(cut -d' ' -f1 tree.sha256)"
	echo "files:    $(wc -l < files.sha256), each verified at $SUAN_SITE"
} | tee verified.txt
