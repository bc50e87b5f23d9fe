"""What providers, municipalities and coordinators do from a command line, over the public APIs and nothing else."""
