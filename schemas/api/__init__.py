"""Bodies of the HTTP APIs, one module for each service."""
