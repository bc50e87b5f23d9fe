"""The messages and API bodies, and their catalogue: the one source that everything published is generated from."""
