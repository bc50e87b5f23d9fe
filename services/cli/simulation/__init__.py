"""The services in one process, with a clock, a post and accidents that a seed decides."""
