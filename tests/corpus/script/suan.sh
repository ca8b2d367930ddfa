#!/bin/zsh
#SUAN --name render --tasks 4 --cores 2 --memory 1.5GiB --walltime 90s
#SUAN --site zhongwei,guian --not-hub greater-bay --guarantee at-most-once
#SUAN --inputs scene.pov=/data/scene.pov --outputs frames=/data/frames
#SUAN --env A="x y" --env B=\#1 --estimate 1m --gpus 1 --gpu h800 --args 1 --args "two words"
#SUAN --ntasks 5   # sbatch's names work here too
povray scene.pov
