"""The events, by the service that owns the fact."""
