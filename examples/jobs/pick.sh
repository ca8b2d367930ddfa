#!/bin/sh
# Picks the best setting, trains on everything and measures on data that no training saw.
#SUAN --name pick
#SUAN --cores 1 --memory 512MiB --walltime 10m --estimate 5s
set -eu
[ -z "${STARTS:-}" ] || echo "$SUAN_JOB_ID $SUAN_TASK_ID $SUAN_ATTEMPT" >> "$STARTS"
sort -k1,1nr -k2,2n scores/*.txt > all.txt
read -r cross cost index site < all.txt
liblinear-train -q -s 1 -c "$cost" train.txt model.txt > train.log
liblinear-predict test.txt model.txt predicted.txt > predict.log
{
	echo "settings tried:        $(wc -l < all.txt)"
	echo "best C:                $cost (setting $index, tried at $site)"
	echo "cross-validation:      $cross %"
	sed -n 's/^Accuracy = /accuracy on new data:  /p' predict.log
} | tee accuracy.txt
