#!/bin/sh
# Makes a labelled data set in libsvm's form: 12 features, two classes that overlap. Reproducible.
# make-data.sh ROWS SEED > FILE
awk -v rows="${1:-6000}" -v seed="${2:-7}" '
function normal(   i, s) { s = 0; for (i = 0; i < 12; i++) s += rand(); return s - 6 }
BEGIN {
	srand(seed)
	for (r = 0; r < rows; r++) {
		label = rand() < 0.5 ? -1 : 1
		line = label
		for (f = 1; f <= 12; f++)
			line = line sprintf(" %d:%.5f", f, normal() + label * 0.45 * (f % 4 == 0 ? 1.4 : f % 3 ? 0.35 : 0))
		print line
	}
}'
