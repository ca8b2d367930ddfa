#!/bin/bash
#SBATCH --job-name=dos
#SBATCH -c 4

echo hi
