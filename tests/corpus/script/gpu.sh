#!/bin/bash
#SBATCH --gpus-per-node=4
#SBATCH --nodes=2-4 --ntasks-per-node=4
#SBATCH --cpus-per-gpu=8
#SBATCH --mem=512GB
#SBATCH --no-requeue -w node[01-04] -x node05
#SBATCH -L matlab:1 --hint=nomultithread --gres-flags=enforce-binding
#SBATCH --priority=10
#SBATCH --cluster=guizhou
torchrun train.py
