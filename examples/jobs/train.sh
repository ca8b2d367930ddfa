#!/bin/sh
# One setting of a parameter sweep: five-fold cross-validation with liblinear. Needs liblinear-tools.
#SUAN --name train
#SUAN --cores 1 --memory 512MiB --walltime 10m --estimate 10s
set -eu
[ -z "${STARTS:-}" ] || echo "$SUAN_JOB_ID $SUAN_TASK_ID $SUAN_ATTEMPT" >> "$STARTS"
cost=$(awk -v i="$SLURM_ARRAY_TASK_ID" 'BEGIN { printf "%.8f", 2 ^ (i - 9) }')
liblinear-train -q -s 1 -c "$cost" -v 5 train.txt > out.txt
accuracy=$(sed -n 's/^Cross Validation Accuracy = \(.*\)%$/\1/p' out.txt)
echo "C = $cost: $accuracy % at $SUAN_SITE"
echo "$accuracy $cost $SLURM_ARRAY_TASK_ID $SUAN_SITE" > score.txt
