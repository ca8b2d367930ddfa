#!/bin/sh

# a comment
##SBATCH --array=0-999
#SBACTH --not-a-directive
#SBATCHx neither this
# SBATCH --nor-this
#SBATCH -a 0-31%10
#SBATCH -t 20000
#SBATCH -H --dependency=afterok:12:13,afterany:14
#SBATCH --export=ALL,OMP_NUM_THREADS=4,MODE=fast
#SBATCH --begin=now+2h --deadline 2026-01-01T00:00:00Z
#SBATCH -M beijing,zhongwei --nice=50
#SBATCH --tasks-per-node=2 --exclusive=user
#SBATCH -i in.%a -D /scratch/me
#SBATCH -e err.%A_%a
#SBATCH --comment "for the paper" -v
echo $SLURM_ARRAY_TASK_ID
