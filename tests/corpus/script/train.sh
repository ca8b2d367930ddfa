#!/usr/bin/env python3
#SBATCH -J "train resnet" -n1 -c 8
#SBATCH --gres=gpu:a100:2 --mem-per-cpu=4G
#SBATCH -t 20:00:00 -p gpu,gpu-long
#SBATCH -C h100|h200
#SBATCH -A ai --qos=high
#SBATCH -o 'logs/%x-%j.log' --open-mode=append
#SBATCH --requeue --signal=B:USR1@120
#SUAN --hub ningxia --checkpointable
import torch
#SBATCH --this-is-after-the-first-command
