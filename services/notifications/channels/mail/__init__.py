"""E-mail: there is something for you, and where to look. Nothing else."""
