#!/bin/sh
# Joins the frames into a film. Needs ffmpeg.
#SUAN --name join
#SUAN --cores 1 --memory 1GiB --walltime 10m --estimate 15s
set -eu
[ -z "${STARTS:-}" ] || echo "$SUAN_JOB_ID $SUAN_TASK_ID $SUAN_ATTEMPT" >> "$STARTS"
n=$(ls frames/*.png | wc -l)
echo "joining $n frames at $SUAN_SITE"
ffmpeg -hide_banner -loglevel error -y -framerate 12 -i frames/frame-%03d.png \
	-c:v libx264 -pix_fmt yuv420p -movflags +faststart film.mp4
cp "$(ls frames/*.png | head -n 1)" picture.png
