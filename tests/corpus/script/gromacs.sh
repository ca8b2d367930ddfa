#!/bin/bash -l
#SBATCH --job-name=md_run          # name shown in the queue
#SBATCH --partition=compute
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=16
#SBATCH --cpus-per-task=2
#SBATCH --time=2-00:00:00
#SBATCH --mem=64G
#SBATCH --output=md_%j.out
#SBATCH --error=md_%j.err
#SBATCH --mail-type=END,FAIL
#SBATCH --mail-user=someone@example.org
#SBATCH --account=chem01

module purge
export OMP_NUM_THREADS=$SLURM_CPUS_PER_TASK
srun gmx_mpi mdrun -deffnm prod
