"""Identity: gives access tokens to systems whose organisation has no identity provider of its own."""
