#!/bin/sh
# One frame of the film; the array index is the frame. Needs povray.
#SUAN --name render
#SUAN --cores 1 --memory 512MiB --walltime 10m --estimate 20s
set -eu
[ -z "${STARTS:-}" ] || echo "$SUAN_JOB_ID $SUAN_TASK_ID $SUAN_ATTEMPT" >> "$STARTS"
: "${FRAMES:=24}" "${WIDTH:=320}" "${HEIGHT:=180}"
clock=$(awk -v i="$SLURM_ARRAY_TASK_ID" -v n="$FRAMES" 'BEGIN { printf "%.6f", i / n }')
echo "frame $SLURM_ARRAY_TASK_ID of $FRAMES at $SUAN_SITE ($SUAN_HUB)"
povray +Iscene.pov +Oframe.png +W"$WIDTH" +H"$HEIGHT" +A0.3 +K"$clock" -D +WT1 2> povray.log || {
	cat povray.log >&2
	exit 1
}
