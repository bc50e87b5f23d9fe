"""Sign-in with the organisation's own identity provider (OpenID Connect)."""
